"""Maximum of a likelihood of independent readings, and its covariance, from their scores."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from smtj.errors import SmtjError
from smtj.inference.stats.least_squares import forward_jacobian
from smtj.typing import Floats

LogDensities: TypeAlias = Callable[[Floats], Floats]
"""From parameters of about 1, shape (parameters,), to the log-density of each reading, shape
(readings,); log-densities of priors may be among them."""

MAX_ITERATIONS = 100
MIN_GAIN = 1e-3
"""Rise of the log-likelihood below which the search ends."""
MAX_STEP = 2.0
"""Largest change of a parameter in one step."""
_TINY = 1e-300
_SINGULAR = 1e-7
"""Singular values below this fraction of the largest are rounding errors."""


def maximise(log_densities: LogDensities, start: Floats) -> Floats:
    """Find the parameters with the largest likelihood.

    Fisher scoring with the information estimated from the scores of the readings (E. K. Berndt et
    al., Ann. Econ. Soc. Meas. 3, 653 (1974)), damped as by Levenberg and Marquardt.  A step at
    which a log-density is not finite is rejected.
    """
    theta, damping = start.astype(np.float64), 1e-3
    base = log_densities(theta)
    for _ in range(MAX_ITERATIONS):
        each = _scores(log_densities, theta)
        information = each.T @ each
        diagonal = np.diag(information) + 1e-8 * np.trace(information) / theta.size
        gradient = each.sum(axis=0)
        gain = 0.0
        while damping < 1e9:
            move = np.linalg.solve(information + np.diag(damping * diagonal), gradient)
            move = np.clip(move, -MAX_STEP, MAX_STEP)
            found = log_densities(theta + move)
            gain = float(found.sum() - base.sum())
            if gain > 0:
                theta, base, damping = theta + move, found, max(damping / 10, 1e-9)
                break
            damping *= 10
        if not gain > MIN_GAIN:
            break
        damping = min(damping, 1e3)
    return theta


def covariance_at(log_densities: LogDensities, theta: Floats, fit: str) -> Floats:
    """Covariance of the parameters at the maximum, from the spread of the readings' scores.

    For many readings the curvature of the log-likelihood gives the same.  For few it is rougher: a
    single reading next to a kink of the model dominates it.  ``theta`` is the result of
    :func:`maximise`.  Raises SmtjError, which names the fit as ``fit``, if the scores leave a
    combination of parameters undetermined.
    """
    scores = _scores(log_densities, theta)
    lengths = np.linalg.norm(scores, axis=0)
    _, singular, directions = np.linalg.svd(scores / (lengths + _TINY), full_matrices=False)
    if not singular[-1] > _SINGULAR * singular[0]:
        raise SmtjError(f"{fit} leaves its parameters undetermined; give more readings or fields")
    covariance = (directions.T / singular**2) @ directions
    return np.asarray(covariance / np.outer(lengths, lengths))


def _scores(log_densities: LogDensities, theta: Floats) -> Floats:
    """Return the scores of the readings, 0 where a step leads to where the model has no value."""
    return np.nan_to_num(forward_jacobian(log_densities, theta), nan=0.0, posinf=0.0, neginf=0.0)
