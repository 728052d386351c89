"""Exceptions for wrong input: one sentence that names the place and the remedy."""


class SmtjError(ValueError):
    """Base of every error that a user's input can cause; the command line prints it and exits 2."""


class UnitError(SmtjError):
    """A string is not a quantity, or has the wrong dimension."""


class CardError(SmtjError):
    """A device card has missing, unknown or impossible values.

    Its text is the first of ``errors``, all that are wrong with the card, one sentence each.
    """

    def __init__(self, text: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.errors = errors or (text,)


class DataError(SmtjError):
    """A data file is missing, damaged, or of another format."""


class CheckpointError(SmtjError):
    """A saved network cannot be read, or was made with other settings."""
