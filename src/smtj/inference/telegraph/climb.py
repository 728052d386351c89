"""The maximum of the likelihood, by scoring with the slopes that each reading adds."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from smtj.inference.telegraph.model import HIGHEST, LOWEST, Model, gains
from smtj.inference.telegraph.readings import Readings
from smtj.typing import Floats

MAX_STEPS, SETTLED = 40, 0.01
MAX_STEP = 1.5
DAMPING = 1e-3
DIFFERENCE = 1e-5


@dataclass(frozen=True, eq=False)
class Maximum:
    """A model at the maximum of the likelihood."""

    model: Model
    log_likelihood: float

    @property
    def size(self) -> int:
        """Number of free parameters."""
        return int(self.model.free.sum())


def slopes(readings: Readings, z: Floats, model: Model, here: Floats | None = None) -> Floats:
    """Return the slopes of each log-likelihood by the free parameters, (readings, free).

    ``here`` are the gains of the model, if they are known.
    """
    _, high = bounds(readings, model)
    here, columns = gains(readings, z, model) if here is None else here, []
    for i in np.flatnonzero(model.free):
        theta = model.theta.copy()
        theta[i] += DIFFERENCE if theta[i] + DIFFERENCE <= high[i] else -DIFFERENCE
        ahead = gains(readings, z, replace(model, theta=theta))
        columns.append((ahead - here) / (theta[i] - model.theta[i]))
    return np.array(columns).T


def bounds(readings: Readings, model: Model) -> tuple[Floats, Floats]:
    """Return the least and the largest value of each parameter."""
    low, high = model.layout.column(LOWEST), model.layout.column(HIGHEST)
    low[model.layout.index["scale"]] = np.log(readings.min_noise)
    low[model.layout.index["outliers"]] = min(0.5 / readings.size, 0.01)
    return low, high


def at_bounds(readings: Readings, model: Model, slope: Floats) -> NDArray[np.bool_]:
    """Return which free parameters stand at a bound that their slope would cross."""
    low, high = (ends[model.free] for ends in bounds(readings, model))
    theta = model.theta[model.free]
    return np.asarray(((theta <= low) & (slope < 0)) | ((theta >= high) & (slope > 0)))


def climb(
    readings: Readings, z: Floats, model: Model, steps: int = MAX_STEPS, settled: float = SETTLED
) -> Maximum:
    """Climb from a model to the maximum over its free parameters.

    The information matrix is that of the slopes' products (Berndt, Hall, Hall and Hausman), damped
    where a step does not raise the likelihood.
    """
    low, high = bounds(readings, model)
    index = np.flatnonzero(model.free)
    model = replace(model, theta=np.clip(model.theta, low, high))
    here, damping = gains(readings, z, model), DAMPING
    total = float(here.sum())
    for _ in range(steps):
        each = slopes(readings, z, model, here)
        slope = each.sum(axis=0)
        information = each.T @ each - np.outer(slope, slope) / z.size
        information += _of_exact_levels(readings, model)
        theta, gained = model.theta[index], 0.0
        held = at_bounds(readings, model, slope)
        for _ in range(7):
            step = _step(information, slope, held, damping)
            moved = model.theta.copy()
            moved[index] = np.clip(theta + step, low[index], high[index])
            tried = replace(model, theta=moved)
            there = gains(readings, z, tried)
            found = float(there.sum())
            if found > total:
                gained, model, total, damping = found - total, tried, found, damping / 8
                here = there
                break
            damping = max(8 * damping, 1e-2)
        if gained < settled:
            break
    return Maximum(model, total)


def _of_exact_levels(readings: Readings, model: Model) -> Floats:
    """Return what noise at its least says of the levels, which slopes of exact readings do not."""
    scale = float(model.scales[0])
    if scale > (1 + 1e-6) * readings.min_noise:
        return np.zeros((1, 1))
    names = np.array(model.layout.names)[model.free]
    return np.diag(np.isin(names, ("offset", "gap")) * readings.size / scale**2)


def _step(information: Floats, slope: Floats, held: NDArray[np.bool_], damping: float) -> Floats:
    step = np.zeros(slope.size)
    go = ~held
    if go.any():
        matrix = information[np.ix_(go, go)]
        diagonal = np.diag(matrix)
        matrix = matrix + np.diag(damping * diagonal + 1e-9 * diagonal.max() + 1e-12)
        step[go] = np.linalg.solve(matrix, slope[go])
        step *= min(1.0, MAX_STEP / max(float(np.abs(step).max()), 1e-12))
    return step
