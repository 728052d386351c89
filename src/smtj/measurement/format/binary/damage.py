"""What readers of binary files raise for a damaged one, as an error of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smtj.errors import DataError


@contextmanager
def damaged(path: Path, kind: str, remedy: str = "fetch or save it again") -> Iterator[None]:
    """Turn whatever a reader raises in the block into a DataError that names ``path``.

    The libraries raise many kinds of exceptions for damaged files, OSError among them; only those
    of the operating system, which have a number, and missing packages are passed on.  A damaged
    size may ask for more memory than there is.
    """
    try:
        yield
    except (DataError, ImportError):
        raise
    except OSError as error:
        if error.errno is not None and error.strerror is not None and "\n" not in str(error):
            raise
        raise DataError(f"{path} is not an intact {kind}: {remedy}") from error
    except Exception as error:
        raise DataError(f"{path} is not an intact {kind}: {remedy}") from error
