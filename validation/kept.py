"""Results of long validations are kept, so that a stopped run resumes where it was."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from joblib import Memory

import smtj

FOLDER = Path("results/validation")
Function = TypeVar("Function", bound=Callable[..., object])


def code() -> str:
    """Return a fingerprint of the package."""
    files = sorted(Path(smtj.__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def kept(function: Function) -> Function:
    """Return a function that takes from the disk what the same code gave before."""
    return Memory(FOLDER / code()[:12], verbose=0).cache(function)
