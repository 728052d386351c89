"""Errors from how residuals change over one standard error, not at the minimum alone.

Where a well is about to vanish its line moves without limit, and with it the line itself comes and
goes: derivatives at one point then tell of a jump that no datum may have seen.  Over a standard
error a jump counts for what it changes.
"""

from collections.abc import Callable, Mapping

import numpy as np

from smtj.inference.stats.least_squares import Minimum
from smtj.typing import Floats

ROUNDS = 20
"""Most rounds in which the errors follow the changes that they are taken over."""
SETTLED = 0.02
"""Relative change of every error at which they are taken for found."""


def covariance_over_errors(
    residuals: Callable[[Mapping[str, float]], Floats], minimum: Minimum
) -> Floats:
    """Covariance from central differences of the residuals over one standard error.

    Parameters
    ----------
    residuals
        Of parameters by name, in standard errors.
    minimum
        Where they are least, with the covariance to start from.

    Returns
    -------
    Floats
        In the order of the values; that of the minimum itself where the residuals are linear.
    """
    names, covariance = list(minimum.values), minimum.covariance
    at = np.array([minimum.values[name] for name in names])

    def change(step: Floats) -> Floats:
        ends = [residuals(dict(zip(names, (at + s).tolist(), strict=True))) for s in (step, -step)]
        return (ends[0] - ends[1]) / 2

    for _ in range(ROUNDS):
        # Steps along the axes of the ellipse of errors, so that none is hidden by correlation.
        scale = np.sqrt(np.diag(covariance))
        size, axes = np.linalg.eigh(covariance / np.outer(scale, scale))
        steps = scale[:, None] * axes * np.sqrt(size)
        changes = np.stack([change(step) for step in steps.T], axis=1)
        found = steps @ np.linalg.inv(changes.T @ changes) @ steps.T
        settled = np.all(np.abs(np.sqrt(np.diag(found)) / scale - 1) < SETTLED)
        covariance = found
        if settled:
            break
    return covariance
