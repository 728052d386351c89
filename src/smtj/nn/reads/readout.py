"""How devices are read: how many times, or their expected value."""

from typing import Literal, TypeAlias

from smtj.errors import SmtjError
from smtj.nn.reads.independent import MAX_READS

Reads: TypeAlias = int | Literal["expected"]
"""Number of reads of a device, or its expected value: the limit of many reads."""


def checked_reads(reads: Reads) -> Reads:
    """Return a number of reads, or refuse it."""
    if reads == "expected" or (isinstance(reads, int) and 1 <= reads <= MAX_READS):
        return reads
    raise SmtjError(f'reads is {reads!r}; it must be 1 to {MAX_READS} or "expected"')
