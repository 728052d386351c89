"""Result of a telegraph fit: states, levels, dwell times and their errors."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.inference.stats.distributions import normal_quantile
from smtj.inference.telegraph.evidence import Evidence, Verdict
from smtj.inference.telegraph.model import Model
from smtj.typing import Floats

Interval = tuple[float, float]


@dataclass(frozen=True)
class Level:
    """One level of a trace; all in the unit of the signal and in s."""

    value: float
    """Mean over the trace."""
    noise: float
    """Standard deviation of a reading there."""
    occupancy: float
    """Fraction of the time."""
    dwell: float
    """Mean time before it is left."""
    dwell_interval: Interval
    """95 % interval of that."""


@dataclass(frozen=True)
class Times:
    """Two times of one kind, of the high and the low state, in s."""

    high: float
    low: float
    log_covariance: Floats
    """Covariance of the logarithms, high and low, (2, 2)."""

    @property
    def relaxation_time(self) -> float:
        """t_c, 1/t_c = 1/τ_high + 1/τ_low."""
        return 1 / (1 / self.high + 1 / self.low)

    def intervals(self, level: float = 0.95) -> tuple[Interval, Interval]:
        """Confidence intervals; the logarithms are taken as normal."""
        high, low = np.exp(normal_quantile(level) * np.sqrt(np.diag(self.log_covariance))).tolist()
        return (self.high / high, self.high * high), (self.low / low, self.low * low)


@dataclass(frozen=True, eq=False)
class TraceFit:
    """A fitted telegraph trace; times in s, levels in the unit of the signal."""

    evidence: Evidence
    """The verdict and the evidence for it."""
    chain: Model | None
    """The chain of states, in units of interval and spread; None without levels."""
    dwell_high: float
    """τ_high, mean time in the high state before the device settles in the low one; nan if
    undetermined.  Of more than two levels, the longest dwell time (see :attr:`levels`)."""
    dwell_low: float
    """τ_low."""
    log_covariance: Floats
    """Covariance of ln τ_high and ln τ_low, (2, 2)."""
    upper_bounds: tuple[float, float]
    """95 % upper limits of τ_high and τ_low if they are undetermined; inf if there is none."""
    events: Times
    """Mean times between two visible crossings, those that turn back at once (recrossings)
    included; equal to the dwell times where there are none."""
    log_odds: float
    """ln(τ_high/τ_low), the log-odds of the high state."""
    log_odds_variance: float
    levels: tuple[Level, ...]
    """All levels, the lowest first."""
    fluctuators: tuple[Times, ...]
    """Dwell times of each of two independent fluctuators, the larger first; also of two of one size
    if three levels may be these; else none."""
    level_covariance: Floats
    """Covariance of the mean low and the mean high level, (2, 2)."""
    low: Floats
    """Low level at each reading, with drift, jumps and hum."""
    separation: float
    """D, highest less lowest level."""
    noise: float
    """Standard deviation of a reading that is no outlier, mean of the states."""
    outliers: float
    """Fraction of readings that are outliers."""
    bandwidth: float
    """Of the readout, 1/(2π time constant) in Hz; inf if the readings show none."""
    integration_time: float
    """Over which a reading averages, in s."""
    hum: tuple[float, ...]
    """Frequencies of spectral lines that were removed, in Hz."""
    jumps: tuple[float, ...]
    """Times of jumps of the baseline, in s."""
    drift: float
    """Change of the levels from the first to the last reading, without hum."""
    fraction: NDArray[np.float32]
    """P(high) at each reading; of more than two levels, expected height between them."""
    states: NDArray[np.uint8]
    """Most probable path, 0 for the lowest level, at the time of each reading."""
    log_likelihood: float
    """In the unit of the signal."""
    remarks: tuple[str, ...]
    """What was found and taken into account, one sentence each."""
    warnings: tuple[str, ...]
    """Cautions, one sentence each."""

    @property
    def verdict(self) -> Verdict:
        """Kind of trace."""
        return self.evidence.verdict

    @property
    def has_dwell_times(self) -> bool:
        """Whether there are levels with dwell times."""
        return not math.isnan(self.dwell_high)

    @property
    def high(self) -> Floats:
        """High level at each reading."""
        return self.low + self.separation

    @property
    def switches(self) -> int:
        """Number of switches in :attr:`states`; dwells between two readings escape it."""
        return int(np.count_nonzero(self.states[1:] != self.states[:-1]))

    @property
    def occupancy(self) -> float:
        """Fraction of the time spent high, τ_high/(τ_high + τ_low)."""
        return 1 / (1 + math.exp(-self.log_odds))

    @property
    def occupancy_error(self) -> float:
        """Standard error of :attr:`occupancy`."""
        return self.occupancy * (1 - self.occupancy) * math.sqrt(self.log_odds_variance)

    @property
    def dwells(self) -> Times:
        """The dwell times."""
        return Times(self.dwell_high, self.dwell_low, self.log_covariance)

    @property
    def relaxation_time(self) -> float:
        """t_c, 1/t_c = 1/τ_high + 1/τ_low, with which the memory of the state decays."""
        return self.dwells.relaxation_time

    def intervals(self, level: float = 0.95) -> tuple[Interval, Interval]:
        """Confidence intervals of τ_high and τ_low.

        The logarithms are taken as normal.  If the dwell times are undetermined they reach from 0
        to :attr:`upper_bounds`, which are 95 % limits whatever ``level``.
        """
        if not self.has_dwell_times:
            return (0.0, self.upper_bounds[0]), (0.0, self.upper_bounds[1])
        return self.dwells.intervals(level)

    def occupancy_interval(self, level: float = 0.95) -> Interval:
        """Confidence interval of :attr:`occupancy`; the log-odds are taken as normal."""
        half = normal_quantile(level) * math.sqrt(self.log_odds_variance)
        return (
            1 / (1 + math.exp(-(self.log_odds - half))),
            1 / (1 + math.exp(-(self.log_odds + half))),
        )
