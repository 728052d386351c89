"""Result of a telegraph fit: states, levels, dwell times and their errors."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.inference.stats.distributions import normal_quantile
from smtj.inference.telegraph.evidence import Evidence, Verdict
from smtj.inference.telegraph.likelihood import Model
from smtj.typing import Floats


@dataclass(frozen=True, eq=False)
class TraceFit:
    """A fitted telegraph trace; times in s, levels in the unit of the signal."""

    evidence: Evidence
    """The verdict and the evidence for it."""
    model: Model
    """All parameters of the description by two levels; by one, if that is the verdict."""
    dwell_high: float
    """τ_high, mean time spent high before the device switches; nan if undetermined."""
    dwell_low: float
    """τ_low."""
    log_covariance: Floats
    """Covariance of ln τ_high and ln τ_low, (2, 2)."""
    upper_bounds: tuple[float, float]
    """95 % upper limits of τ_high and τ_low if they are undetermined; inf if there is none."""
    log_odds: float
    """ln(τ_high/τ_low), the log-odds of the high state."""
    log_odds_variance: float
    level_covariance: Floats
    """Covariance of the mean low and the mean high level, (2, 2)."""
    low: Floats
    """Low level at each reading."""
    fraction: NDArray[np.float32]
    """Expected fraction of each reading spent high; P(high) of an instantaneous one."""
    states: NDArray[np.uint8]
    """Most probable path, 1 for high, at the time of each reading (the end of its window)."""
    log_likelihood: float
    """In the unit of the signal."""
    warnings: tuple[str, ...]
    """Cautions, one sentence each."""

    @property
    def verdict(self) -> Verdict:
        """Kind of trace."""
        return self.evidence.verdict

    @property
    def high(self) -> Floats:
        """High level at each reading."""
        return self.low + self.separation

    @property
    def separation(self) -> float:
        """D, high level less low level."""
        return self.model.separation

    @property
    def noise(self) -> float:
        """σ, standard deviation of a reading that is no outlier."""
        return self.model.noise

    @property
    def outliers(self) -> float:
        """Share of readings that are outliers."""
        return self.model.outliers

    @property
    def drift(self) -> float:
        """Change of the levels from the first to the last reading."""
        return float(self.low[-1] - self.low[0])

    @property
    def switches(self) -> int:
        """Number of switches in :attr:`states`; dwells between two readings escape it."""
        return int(np.count_nonzero(self.states[1:] != self.states[:-1]))

    @property
    def occupancy(self) -> float:
        """Share of the time spent high, τ_high/(τ_high + τ_low)."""
        return 1 / (1 + math.exp(-self.log_odds))

    @property
    def occupancy_error(self) -> float:
        """Standard error of :attr:`occupancy`."""
        return self.occupancy * (1 - self.occupancy) * math.sqrt(self.log_odds_variance)

    @property
    def relaxation_time(self) -> float:
        """t_c, 1/t_c = 1/τ_high + 1/τ_low."""
        return self.dwell_high * self.dwell_low / (self.dwell_high + self.dwell_low)

    def intervals(self, level: float = 0.95) -> tuple[tuple[float, float], tuple[float, float]]:
        """Confidence intervals of τ_high and τ_low.

        The logarithms are taken as normal; over 1000 random traces the intervals cover the truth
        as often as they should.  If the dwell times are undetermined they reach from 0 to
        :attr:`upper_bounds`, which are 95 % limits whatever ``level``.
        """
        if math.isnan(self.dwell_high):
            return (0.0, self.upper_bounds[0]), (0.0, self.upper_bounds[1])
        z = normal_quantile(level)
        high, low = np.exp(z * np.sqrt(np.diag(self.log_covariance))).tolist()
        return (
            (self.dwell_high / high, self.dwell_high * high),
            (self.dwell_low / low, self.dwell_low * low),
        )

    def occupancy_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval of :attr:`occupancy`; the log-odds are taken as normal."""
        half = normal_quantile(level) * math.sqrt(self.log_odds_variance)
        return (
            1 / (1 + math.exp(-(self.log_odds - half))),
            1 / (1 + math.exp(-(self.log_odds + half))),
        )
