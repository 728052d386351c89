"""The one comparison of numbers in these tests."""

from typing import Any

import pytest

RELATIVE = 1e-6


def close_to(expected: Any, rel: float | None = None, abs: float | None = None) -> Any:
    """Compare with ``expected`` within a relative tolerance, or within an absolute one if given.

    ``pytest.approx`` adds an absolute tolerance of 1e-12 to a relative one, so 5e-23 J would equal
    1.38e-23 J.
    """
    if abs is None:
        rel, abs = RELATIVE if rel is None else rel, 0.0
    return pytest.approx(expected, rel=rel, abs=abs)  # noqa: TID251
