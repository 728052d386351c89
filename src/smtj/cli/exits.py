"""Exit codes of the command line."""

from smtj.cli.output import BAD_INPUT, INTERRUPTED

__all__ = ["BAD_INPUT", "INTERRUPTED"]
