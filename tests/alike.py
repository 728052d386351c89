"""What a program prints, compared with what a page says that it prints."""

import math
import re

NUMBER = re.compile(r"(?<![\w.])[-+−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)
TOLERANCE = 0.01
"""Relative; another machine rounds differently."""


def assert_alike(text: str, expected: str, *, numbers: bool = True) -> None:
    """Words are the same and, if wanted, numbers close."""
    assert NUMBER.sub("#", text).split() == NUMBER.sub("#", expected).split(), text
    if not numbers:
        return
    for one, other in zip(NUMBER.findall(text), NUMBER.findall(expected), strict=True):
        a, b = (float(number.replace("−", "-")) for number in (one, other))
        assert math.isclose(a, b, rel_tol=TOLERANCE), f"{one} for {other} in\n{text}"
