"""What a fit of resistance loops says, by either reading of its angle."""

from dataclasses import dataclass

from smtj.inference.stats.estimate import Estimate
from smtj.typing import Floats
from smtj.units import format_quantity

UNDECIDED = 6.0
"""Difference in Akaike's criterion from which one reading of the angle counts as better."""


@dataclass(frozen=True, eq=False)
class LoopReading:
    """One reading of the angle, fitted to the loops."""

    reading: str
    """``"tilted easy axis"`` or ``"in-plane field"``."""
    parallel_resistance: Estimate
    """R_P in ohm."""
    tmr: Estimate
    """(R_AP - R_P)/R_P at zero bias."""
    antiparallel_resistance: Estimate
    """R_AP in ohm, at zero bias."""
    anisotropy_field: Estimate
    """H_K1 in A/m, at zero bias."""
    angle: Estimate
    """The tilt of the easy axis in rad, or H_in in A/m."""
    noise: Estimate
    """Standard deviation of a reading in ohm, apart from the switching."""
    taken_from_card: tuple[str, ...]
    """What this reading of the angle does not fit, with its value."""
    remarks: tuple[str, ...]
    """What a user of the numbers should know, in sentences."""
    up: Floats
    """Resistance in ohm of the well along the easy axis, at each reading of the data."""
    down: Floats
    """That of the opposite well."""
    log_likelihood: float
    chi_squared: float
    """Squared distance of the readings from the state, or the range of averages over both, that
    they are likeliest of, in units of the noise of the better of the two fits."""
    degrees_of_freedom: int
    """Readings less R_P, TMR, H_K1 and the angle."""

    def rows(self) -> list[Estimate]:
        """Every fitted number."""
        return [
            self.parallel_resistance,
            self.tmr,
            self.antiparallel_resistance,
            self.anisotropy_field,
            self.angle,
            self.noise,
        ]


@dataclass(frozen=True, eq=False)
class LoopFit:
    """Both readings of the angle."""

    tilted: LoopReading
    """The easy axis is tilted, and H_in is that of the card."""
    untilted: LoopReading
    """The easy axis is the film normal, and H_in is fitted."""

    @property
    def difference(self) -> float:
        """Akaike's criterion of the reading without tilt less that with tilt."""
        return 2 * (self.tilted.log_likelihood - self.untilted.log_likelihood)

    @property
    def best(self) -> LoopReading:
        """The likelier reading, be it by ever so little."""
        return self.tilted if self.difference >= 0 else self.untilted

    @property
    def ambiguity(self) -> str:
        """What the loops do not tell, in words."""
        tilt, field = (_shown(fit.angle) for fit in (self.tilted, self.untilted))
        return (
            f"one angle, two readings: an easy axis tilted by {tilt} with "
            f"{self.tilted.taken_from_card[0]} of the card, or an in-plane field of {field} with "
            f"no tilt; the loops cannot fix both at once"
        )

    @property
    def verdict(self) -> str:
        """Which reading the data support, in words."""
        size = f"(ΔAIC = {abs(self.difference):.1f})"
        if abs(self.difference) < UNDECIDED:
            return f"the data cannot tell the two readings of the angle apart {size}"
        return f"the data support the reading as {self.best.reading} {size}"

    def rows(self) -> list[Estimate]:
        """Every fitted number of the likelier reading."""
        return self.best.rows()


def _shown(estimate: Estimate) -> str:
    return format_quantity(estimate.value, estimate.unit, estimate.display_unit, 3)
