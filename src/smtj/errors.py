"""What smtj raises when its input is wrong: one sentence that names the place and what is right."""


class SmtjError(ValueError):
    """Base of every error that a user's input can cause; the command line prints it and exits 2."""


class UnitError(SmtjError):
    """A string is no quantity, or a quantity has the wrong dimension."""


class CardError(SmtjError):
    """A device card misses a value, has an unknown one, or one that no device can have."""


class DataError(SmtjError):
    """A data file is missing, damaged, or not what its name promises."""


class CheckpointError(SmtjError):
    """A saved network cannot be read, or belongs to other settings than those asked for."""
