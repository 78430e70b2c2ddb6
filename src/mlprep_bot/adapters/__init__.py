"""The only files that import the big libraries; each implements a protocol of `mlprep_bot.ports`."""
