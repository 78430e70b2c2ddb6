"""The whole evaluation: `python eval/run.py` is `mlprep eval`; options and exit codes are the same."""

from __future__ import annotations

import sys

from mlprep_bot.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["eval"]
    main()
