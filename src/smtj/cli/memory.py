"""What a command no longer needs, or never needed, goes back to the system.

These are settings of the whole process, so commands alone use them, never the library.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

M_MMAP_THRESHOLD = -3
"""Of ``malloc.h``: the size from which memory is taken from the system and given back to it."""
LARGE = 1 << 20
"""In bytes."""
MADV_DONTNEED = 4
"""Of ``sys/mman.h``: drop these pages; they are read again from their file when needed."""
MAPPINGS = Path("/proc/self/smaps")
COMPILER = "libllvmlite"
"""Start of the name of the library that contains LLVM."""


def free_at_once() -> None:
    """Have the C library give the memory of an array back to the system once it is freed.

    glibc keeps what it takes for arrays of the size of those that were freed, up to 32 MB each.
    """
    if sys.platform == "linux":
        import ctypes

        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)


def import_pandas() -> None:
    """Import pandas without pyarrow, which it would load wherever that is installed: 33 MB.

    Nothing here reads by pyarrow: Polars reads Parquet.
    """
    hidden = "pyarrow" not in sys.modules
    if hidden:
        sys.modules["pyarrow"] = None  # type: ignore[assignment]  # Python's way to say "absent"
    import pandas as pd

    del pd
    if hidden:
        del sys.modules["pyarrow"]


def load_compiler() -> None:
    """Load what Numba needs before it can run a compiled function, then drop LLVM's code.

    Done before large arrays are in memory, so that the two do not add up.
    """
    import numpy as np

    from smtj.streams import rotate

    rotate(np.uint32(1), np.uint32(1))
    drop_compiler()


def drop_compiler() -> None:
    """Drop the pages of LLVM's code, 50 MB of which lie in memory once Numba has started.

    Compiled functions run without it.  What is needed again is read from the library's file.
    """
    if sys.platform == "linux" and MAPPINGS.exists():
        import ctypes

        with suppress(AttributeError, OSError):
            advise = ctypes.CDLL(None).madvise
            for first, last in _unchanged(COMPILER):
                advise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), MADV_DONTNEED)


def _unchanged(library: str) -> Iterator[tuple[int, int]]:
    """Yield the addresses of read-only mappings of a library whose pages are those of its file.

    Pages that the dynamic linker has changed exist only in memory and must stay.
    """
    where = None
    for line in MAPPINGS.read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            name = Path(words[5]).name if len(words) > 5 else ""
            is_code = name.startswith(library) and words[1].startswith("r-")
            where = words[0] if is_code else None
        elif words[0] == "Anonymous:" and words[1] == "0" and where is not None:
            first, _, last = where.partition("-")
            yield int(first, 16), int(last, 16)
