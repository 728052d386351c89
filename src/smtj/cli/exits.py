"""Exit codes of the command line."""

BAD_INPUT = 2
INTERRUPTED = 130
"""As a shell has it after Ctrl-C."""
