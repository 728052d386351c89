"""Checks that every fit shares: what goes in is finite, and what comes out is a number."""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.typing import Floats

P = ParamSpec("P")
R = TypeVar("R")


MIN_SIZE, MAX_SIZE = 1e-100, 1e100
"""Largest magnitude that a column of numbers in SI units may have; squares of the next overflow."""


def guarded(fit: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a fit raise nothing but SmtjError, whatever numbers it is given.

    Numbers of an impossible size are rejected before the fit; within it, numbers may overflow,
    vanish or be undefined without a warning, and where arithmetic fails the error says so.  NaN is
    for the fit to reject, or to take for a missing number where its documentation says so.
    Messages call it ``fit``, e.g. ``"the fit of P(H)"``.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def inner(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                with np.errstate(all="ignore"):
                    for size in map(_size, (*args, *kwargs.values())):
                        if not MIN_SIZE <= size <= MAX_SIZE:
                            raise SmtjError(
                                f"{fit} is given numbers of {size:.1g}, which no measurement in "
                                "SI units has; check the unit"
                            )
                    return function(*args, **kwargs)
            except SmtjError:
                raise
            except (ArithmeticError, ValueError) as error:
                raise SmtjError(
                    f"{fit} is impossible with these numbers ({error}); check shapes and units"
                ) from error

        return inner

    return decorate


def _size(argument: Any) -> float:
    """Return the largest magnitude of finite numbers; 1 if there are none but 0."""
    if is_dataclass(argument):
        return max(map(_size, vars(argument).values()), key=lambda size: abs(math.log(size)))
    if isinstance(argument, Sequence) and argument and is_dataclass(argument[0]):
        return max(map(_size, argument), key=lambda size: abs(math.log(size)))
    if not isinstance(argument, (float, int, np.ndarray, Sequence)) or isinstance(argument, str):
        return 1.0
    try:
        numbers = np.abs(np.asarray(argument, dtype=np.float64))
    except (ValueError, TypeError):
        return 1.0
    return float(np.max(numbers, initial=0.0, where=np.isfinite(numbers))) or 1.0


def require_finite(fit: str, *results: ArrayLike) -> None:
    """Raise unless all results of a fit are finite numbers."""
    if not all(np.isfinite(np.asarray(result)).all() for result in results):
        raise SmtjError(
            f"{fit} leaves a result that is not a finite number; check the size of the data and "
            "their units"
        )


def checked_points(
    x: ArrayLike, y: ArrayLike, error: ArrayLike, x_name: str, y_name: str, fewest: int = 1
) -> tuple[Floats, Floats, Floats]:
    """Return points and the standard errors of y as arrays of shape (n,).

    Raises SmtjError if they differ in number or are not finite, a standard error is not above 0, or
    fewer x than ``fewest`` differ.
    """
    given = (x, y, error)
    at, values, sigma = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in given)
    if at.ndim != 1 or values.shape != at.shape or sigma.shape != at.shape:
        raise SmtjError(
            f"{x_name} and {y_name} differ in number; give one value and one standard error for "
            "each"
        )
    if not all(np.isfinite(a).all() for a in (at, values, sigma)) or not (sigma > 0).all():
        raise SmtjError(f"{x_name} and {y_name} must be finite, and standard errors above 0")
    if np.unique(at).size < fewest:
        number = {1: "one", 2: "two", 3: "three"}[fewest]
        raise SmtjError(f"a fit of {y_name} needs {number} different {x_name} or more")
    return at, values, sigma
