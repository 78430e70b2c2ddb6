"""`python -m mlprep_bot` is `mlprep`."""

from mlprep_bot.cli import main

if __name__ == "__main__":
    main()
