"""Result of a fit of resistance loops, by either interpretation of the angle."""

from dataclasses import dataclass

from smtj.inference.stats.estimate import Estimate
from smtj.typing import Floats
from smtj.units import format_quantity

UNDECIDED = 6.0
"""Difference in Akaike's criterion from which one interpretation counts as better."""


@dataclass(frozen=True, eq=False)
class Interpretation:
    """One interpretation of the angle, fitted to the loops."""

    name: str
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
    """What this interpretation does not fit, with its value."""
    remarks: tuple[str, ...]
    """Caveats, in sentences."""
    up: Floats
    """Resistance in ohm of the well along the easy axis, at each reading of the data."""
    down: Floats
    """That of the opposite well."""
    log_likelihood: float
    chi_squared: float
    """Squared distance of the readings from the likeliest state, or range of averages over both, in
    units of the noise of the better of the two fits."""
    degrees_of_freedom: int
    """Readings less R_P, TMR, H_K1 and the angle."""

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All fitted numbers."""
        return (
            self.parallel_resistance,
            self.tmr,
            self.antiparallel_resistance,
            self.anisotropy_field,
            self.angle,
            self.noise,
        )


@dataclass(frozen=True, eq=False)
class LoopFit:
    """Both interpretations of the angle."""

    tilted: Interpretation
    """The easy axis is tilted, and H_in is that of the card."""
    untilted: Interpretation
    """The easy axis is the film normal, and H_in is fitted."""

    @property
    def difference(self) -> float:
        """Akaike's criterion without tilt less that with tilt."""
        return 2 * (self.tilted.log_likelihood - self.untilted.log_likelihood)

    @property
    def best(self) -> Interpretation:
        """The likelier interpretation, by however little."""
        return self.tilted if self.difference >= 0 else self.untilted

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All fitted numbers of the likelier interpretation."""
        return self.best.estimates

    @property
    def ambiguity(self) -> str:
        """What the loops do not decide, in a sentence."""
        tilt, field = (_shown(fit.angle) for fit in (self.tilted, self.untilted))
        return (
            f"one angle, two interpretations: an easy axis tilted by {tilt} with "
            f"{self.tilted.taken_from_card[0]} of the card, or an in-plane field of {field} with "
            f"no tilt; the loops cannot fix both at once"
        )

    @property
    def verdict(self) -> str:
        """Which interpretation the data support, in a sentence."""
        size = f"(ΔAIC = {abs(self.difference):.1f})"
        if abs(self.difference) < UNDECIDED:
            return f"the data do not separate the two interpretations of the angle {size}"
        return f"the data support the {self.best.name} {size}"


def _shown(estimate: Estimate) -> str:
    return format_quantity(estimate.value, estimate.unit, estimate.display_unit, 3)
