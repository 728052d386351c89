"""Checks that every fit shares: what goes in is finite, and what comes out is a number."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.typing import Floats

P = ParamSpec("P")
R = TypeVar("R")


def guarded(fit: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a fit raise nothing but SmtjError, whatever finite numbers it is given.

    Within it, numbers may overflow, vanish or be undefined without a warning; where arithmetic
    fails for that, the error says so.  NaN among the arguments is for the fit to reject.

    Parameters
    ----------
    fit
        Name of the fit in error messages, e.g. ``"the fit of P(H)"``.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def inner(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                with np.errstate(all="ignore"):
                    return function(*args, **kwargs)
            except SmtjError:
                raise
            except (ArithmeticError, ValueError) as error:
                raise SmtjError(
                    f"{fit} is impossible with these numbers ({error}); check shapes and units"
                ) from error

        return inner

    return decorate


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

    Raises
    ------
    SmtjError
        They differ in number, are not finite, a standard error is not above 0, or fewer x than
        ``fewest`` differ.
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
