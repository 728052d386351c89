"""Maximum of a likelihood of independent readings, found and weighed by their scores."""

from collections.abc import Callable

import numpy as np

from smtj.errors import SmtjError
from smtj.typing import Floats

ITERATIONS = 100
GAIN = 1e-3
"""Rise of the log-likelihood below which the search ends."""
FARTHEST = 2.0
"""Largest change of a parameter in one step."""
_STEP = 1e-6
_TINY = 1e-300
_SMALLEST = 1e-7
"""Singular values below this share of the largest are rounding errors."""


def maximise(log_densities: Callable[[Floats], Floats], start: Floats) -> Floats:
    """Find the parameters at which the sum of log-densities is largest.

    Fisher scoring with the information estimated from the scores of the readings (Berndt, Hall,
    Hall and Hausman), damped as by Levenberg and Marquardt.

    Parameters
    ----------
    log_densities
        From parameters to the logarithm of the density of each reading, shape (readings,);
        logarithms of prior densities may be among them.
    start
        Parameters of about 1, shape (parameters,).

    References
    ----------
    E. K. Berndt et al., Ann. Econ. Soc. Meas. 3, 653 (1974).
    """
    theta, damping = start.astype(np.float64), 1e-3
    base = log_densities(theta)
    for _ in range(ITERATIONS):
        each = scores(log_densities, theta)
        information = each.T @ each
        diagonal = np.diag(information) + 1e-8 * np.trace(information) / theta.size
        gradient = each.sum(axis=0)
        gain = 0.0
        while damping < 1e9:
            move = np.linalg.solve(information + np.diag(damping * diagonal), gradient)
            move = np.clip(move, -FARTHEST, FARTHEST)
            found = log_densities(theta + move)
            gain = float(found.sum() - base.sum())
            if gain > 0:
                theta, base, damping = theta + move, found, max(damping / 10, 1e-9)
                break
            damping *= 10
        if not gain > GAIN:
            break
        damping = min(damping, 1e3)
    return theta


def covariance_at(log_densities: Callable[[Floats], Floats], theta: Floats, fit: str) -> Floats:
    """Covariance of the parameters at the maximum, from the spread of the readings' scores.

    The curvature of the log-likelihood would tell the same for many readings.  For few it is
    rougher: a single reading next to a kink of the model bends it as it likes.

    Parameters
    ----------
    log_densities, theta
        As in :func:`maximise`, with its result.
    fit
        What an error message calls the fit.

    Raises
    ------
    SmtjError
        The scores leave a combination of parameters undetermined.
    """
    found = scores(log_densities, theta)
    lengths = np.linalg.norm(found, axis=0)
    _, singular, directions = np.linalg.svd(found / (lengths + _TINY), full_matrices=False)
    if not singular[-1] > _SMALLEST * singular[0]:
        raise SmtjError(f"{fit} leaves its numbers undetermined; give more readings or fields")
    covariance = (directions.T / singular**2) @ directions
    return np.asarray(covariance / np.outer(lengths, lengths))


def scores(log_densities: Callable[[Floats], Floats], theta: Floats) -> Floats:
    """Derivatives of the log-densities with respect to the parameters, (readings, parameters)."""
    base = log_densities(theta)
    steps = _STEP * np.eye(theta.size)
    return np.stack([(log_densities(theta + step) - base) / _STEP for step in steps], axis=1)
