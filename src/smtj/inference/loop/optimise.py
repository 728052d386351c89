"""The search for the maximum of a loop's likelihood, from the card's values as a start."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.loop.model import (
    CardOf,
    Junction,
    Levels,
    LoopData,
    Occupancy,
    junction_of,
    levels_of,
    linearised,
    log_densities,
    occupancy_of,
)
from smtj.inference.stats.likelihood import covariance_at, maximise
from smtj.physics import resistance
from smtj.physics.arrays import logistic
from smtj.typing import Floats

MAX_ROUNDS = 15
"""Rounds in which the wells are found anew; four are usual."""
SETTLED = 0.2
"""Change of the angle and of ln H_K1, in standard errors, at which the rounds end: the error left
goes with its square."""
MAX_MOVES = (0.15, 0.3)
"""Largest change of both in one round."""
MAX_ERROR = 1.0
"""Standard error of a logarithm from which the loops do not determine the number."""
START_FACTORS = (0.6, 1.0, 1.6)
"""Initial H_K1 to try, over that of the card."""
ODDS_SPREAD, SHIFT_SPREAD, SPEED_SPREAD = 0.7, 2.0, 3.0
"""Standard errors assumed for the card's dwell times: of ln of their log-odds, of the log-odds at
no field, and of ln of the rates."""


@dataclass(frozen=True, eq=False)
class Found:
    """The maximum of the likelihood."""

    theta: Floats
    """By :data:`smtj.inference.loop.model.PARAMETERS`."""
    covariance: Floats
    log_likelihood: float
    levels: Levels
    junction: Junction


def search(
    card: DeviceCard,
    card_of: CardOf,
    data: LoopData,
    start: tuple[float, float],
    bounds: tuple[float, float],
    fit: str,
) -> Found:
    """Find all parameters of a loop.

    ``start`` is the initial angle and H_K1 in A/m, ``bounds`` are those of the angle.  Raises
    SmtjError if the resistance changes against the card's sense, or the loops leave the parameters
    undetermined.
    """
    half = card.electrical.tmr_half_voltage
    half_voltage = None if half is None else float(half)
    mean = data.voltage if data.voltage is not None else data.current * np.mean(data.resistance)  # type: ignore[operator]
    voltages: tuple[Any, Any] = (mean, mean)
    theta = min(
        (
            _start(card_of, data, (start[0], factor * start[1]), voltages)
            for factor in START_FACTORS
        ),
        key=lambda t: t[4],
    )
    if not math.isfinite(theta[4]):
        raise SmtjError(
            f"in {fit} the resistance changes with field in the opposite sense to that of card "
            f"{card.name}; reverse its reference layer, or swap the sign of the field"
        )

    def densities_at(theta: Floats) -> tuple[Callable[[Floats], Floats], Callable[..., Junction]]:
        junction, regular = linearised(card_of, data, theta, voltages)
        there = junction(theta)

        # Dwell times do not change within a round, and a derivative changes one parameter.
        @lru_cache(maxsize=8)
        def occupancy(*last: float) -> Occupancy:
            return occupancy_of(there, np.array([0.0] * 5 + list(last)))

        def densities(t: Floats) -> Floats:
            levels = levels_of(data, junction(t), occupancy(*t[5:]), t, voltages, half_voltage)
            each = log_densities(data, levels, t) * regular[data.index]
            return np.append(each, _log_priors(t))

        return densities, junction

    max_moves = np.array(MAX_MOVES)
    for _ in range(MAX_ROUNDS):
        densities, linear = densities_at(theta)
        found = maximise(densities, theta)
        covariance = covariance_at(densities, found, fit)
        found[2:4] = theta[2:4] + np.clip(found[2:4] - theta[2:4], -max_moves, max_moves)
        found[2] = min(max(found[2], bounds[0]), bounds[1])
        move, theta = found[2:4] - theta[2:4], found
        voltages = _voltages(data, linear(theta), theta, voltages, half_voltage)
        if np.all(np.abs(move) < SETTLED * np.sqrt(np.diag(covariance)[2:4])):
            break
        max_moves = 0.8 * max_moves
    junction, _ = junction_of(card_of(theta[2], math.exp(theta[3])), data, *voltages)
    occupancy = occupancy_of(junction, theta)
    levels = levels_of(data, junction, occupancy, theta, voltages, half_voltage)
    for label, i in (("R_P", 0), ("TMR", 1), ("H_K1", 3)):
        if not math.sqrt(covariance[i, i]) < MAX_ERROR:
            raise SmtjError(
                f"{fit} does not determine {label}; sweep the field along the reference layer as "
                "well, far enough to turn the free layer towards it and away from it"
            )
    # As in a linear fit: the noise, also estimated, comes out too small otherwise.
    count = data.resistance.size
    return Found(
        theta=theta,
        covariance=covariance * count / (count - 4),
        log_likelihood=float(log_densities(data, levels, theta).sum()),
        levels=levels,
        junction=junction,
    )


def _start(
    card_of: CardOf,
    data: LoopData,
    start: tuple[float, float],
    voltages: tuple[Any, Any],
) -> Floats:
    """Return parameters with G_P and G_AP from a line through conductance against mean cosine."""
    angle, h_k = start
    junction, _ = junction_of(card_of(angle, h_k), data, *voltages)
    up = logistic(junction.log_tau_up - junction.log_tau_down)
    cosine = (up * junction.up + (1 - up) * junction.down)[data.index]
    per_cosine, middle = np.polyfit(cosine, 1 / data.resistance, 1, full=True)[0]
    parallel, antiparallel = middle + per_cosine, middle - per_cosine
    if not per_cosine > 0 or not parallel > 0:
        return np.full(8, math.inf)
    tmr = parallel / max(antiparallel, 0.1 * parallel) - 1
    scatter = np.std(1 / data.resistance - middle - per_cosine * cosine)
    noise = max(float(scatter), 1e-6 * middle) / middle**2
    logs = -math.log(parallel), math.log(tmr), angle, math.log(h_k), math.log(noise)
    return np.array([*logs, 0.0, 0.0, 0.0])


def _log_priors(theta: Floats) -> Floats:
    """Keep the dwell times near the card's where the data do not constrain them.

    Each prior counts as two readings on either side, so their scores count as information.
    """
    pulls = theta[5:8] / np.array([ODDS_SPREAD, SHIFT_SPREAD, SPEED_SPREAD])
    return np.concatenate([-((pulls + side) ** 2) / 4 for side in (-1, 1)])


def _voltages(
    data: LoopData,
    junction: Junction,
    theta: Floats,
    voltages: tuple[Any, Any],
    half_voltage: float | None,
) -> tuple[Any, Any]:
    """Return the voltage of each state at each field, which differ at constant current."""
    if data.current is None:
        return voltages
    r_p, tmr = math.exp(theta[0]), math.exp(theta[1])
    up, down = (
        resistance.voltage_at_current(r_p, tmr, cosine, data.current, half_voltage)
        for cosine in (junction.up, junction.down)
    )
    return up, down
