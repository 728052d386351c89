"""Kittel fits of a film: effective magnetisation, γ, and damping from linewidths.

A film that is saturated along the field resonates at (μ0 γ/2π) √(H (H + M_eff)) in its plane and
at (μ0 γ/2π) (H - M_eff) along its normal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from smtj.errors import SmtjError
from smtj.inference.stats.checks import checked_points, guarded
from smtj.inference.stats.distributions import ChiSquared
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.stats.least_squares import UNLIKELY, excess_scatter, minimise
from smtj.inference.stats.line import fit_line
from smtj.physics.resonance.frequency import FREQUENCY_PER_FIELD, in_plane_film_frequency
from smtj.typing import Floats
from smtj.units import T, format_quantity

Geometry = Literal["in-plane", "perpendicular"]
"""Direction of the field."""

MIN_LINES = 3
GAMMAS, MANY_ERRORS = (0.75, 1.35), 5.0
"""Ratios of γ to the free electron's that ferromagnets have, roughly, and standard errors from
which another one is no chance."""
MAX_FIELD = 100 * T
MIN_LINES_PER_SIDE = 2
"""Lines at either sign of the field that determine its offset."""
_STEP = 1e-6
_OFFSET = 0.01
"""Unit of the offset of the field in the fit, in typical fields of resonance."""


@dataclass(frozen=True, eq=False)
class FilmLines:
    """Lines of a film, one per frequency or, if that is swept, per field; SI units, shape (n,)."""

    frequency: Floats
    """f of the resonance in Hz."""
    field: Floats
    """H of the resonance in A/m, negative where the field is reversed."""
    position_error: Floats
    """Standard error of what is swept: H in A/m or f in Hz."""
    half_width: Floats
    """Half of the full width at half height, in A/m or Hz."""
    half_width_error: Floats
    swept: Literal["field", "frequency"] = "field"

    @property
    def steps(self) -> int:
        """Number of frequencies, or of fields if the frequency is swept."""
        held = self.frequency if self.swept == "field" else self.field
        return int(np.unique(held).size)

    def in_field(self, slope: Floats) -> "FilmLines":
        """Return errors and widths along the field, given df/dH at each line."""
        if self.swept == "field":
            return self
        errors = (self.position_error, self.half_width, self.half_width_error)
        names = ("position_error", "half_width", "half_width_error")
        parts = {name: one / np.abs(slope) for name, one in zip(names, errors, strict=True)}
        return replace(self, **parts, swept="field")


@dataclass(frozen=True, eq=False)
class FilmFit(ChiSquared):
    """A Kittel fit and the damping from the same lines; SI units."""

    geometry: Geometry
    effective_magnetisation: float
    """M_eff in A/m with γ free."""
    frequency_per_field: float
    """μ0 γ/2π in Hz/(A/m)."""
    chi_squared: float
    degrees_of_freedom: int
    estimates: tuple[Estimate, ...]
    remarks: tuple[str, ...]
    damping: float
    inhomogeneous_half_width: float
    """ΔH_0 in A/m."""
    lines: FilmLines
    """As fitted, with errors and widths along the field."""
    offset_field: float = 0.0
    """Shift of all lines along the field in A/m, from lines at both signs."""

    def frequency(self, field: Floats) -> Floats:
        """f_r in Hz at |H| in A/m."""
        function = _FUNCTIONS[self.geometry]
        return function(field, self.effective_magnetisation, self.frequency_per_field)

    def half_width(self, frequency: Floats) -> Floats:
        """ΔH_0 + α f/(μ0 γ/2π) in A/m at f in Hz."""
        slope = self.damping / self.frequency_per_field
        return self.inhomogeneous_half_width + slope * frequency


@guarded("the Kittel fit of a film")
def fit_film(lines: FilmLines, geometry: Geometry) -> FilmFit:
    """Fit M_eff and γ to the fields of resonance, and α and ΔH_0 to the half widths.

    M_eff is given twice: with γ free, and with that of the free electron (g = 2.0023), as in most
    papers, since a short range of frequency hardly separates the two.  A half width in frequency is
    one in field times df/dH.  Raises SmtjError for lines at fewer than three frequencies (fields,
    if the frequency is swept), and where no M_eff gives such resonances.  Formula: C. Kittel, Phys.
    Rev. 73, 155 (1948), doi:10.1103/PhysRev.73.155; linewidth: S. S. Kalarickal et al., J. Appl.
    Phys. 99, 093909 (2006), doi:10.1063/1.2197087.

    Examples
    --------
    >>> from smtj.units import Oe
    >>> field = np.array([500, 900, 1400, 2000]) * Oe
    >>> f, one = in_plane_film_frequency(field, 1e4 * Oe), np.ones(4)
    >>> width = 2 * Oe + 0.01 * f / FREQUENCY_PER_FIELD
    >>> fit = fit_film(FilmLines(f, field, one * Oe, width, 0.5 * one * Oe), "in-plane")
    >>> print(f"M_eff {fit.effective_magnetisation / Oe:.0f} Oe, damping {fit.damping:.4f}")
    M_eff 10000 Oe, damping 0.0100
    """
    if lines.steps < MIN_LINES:
        steps = "frequencies" if lines.swept == "field" else "fields"
        raise SmtjError(
            f"a film's Kittel fit needs lines at {MIN_LINES} {steps} or more, not {lines.steps}"
        )
    free = _kittel(lines, geometry, None)
    offset = [
        normal_estimate("offset of the field", "H_off", *pair, "A/m", "Oe")
        for pair in [free.offset]
        if pair is not None
    ]
    held = _kittel(lines, geometry, FREQUENCY_PER_FIELD)
    lines = lines.in_field(free.slope)
    widths = fit_line(lines.frequency, lines.half_width, lines.half_width_error, "half widths")
    per_field = free.frequency_per_field[0]
    damping, broadening = widths.slope * per_field, (widths.intercept, widths.intercept_error)
    return FilmFit(
        geometry=geometry,
        effective_magnetisation=free.magnetisation[0],
        frequency_per_field=per_field,
        chi_squared=free.chi_squared,
        degrees_of_freedom=free.degrees_of_freedom,
        estimates=(
            normal_estimate(
                "effective magnetisation, γ free", "M_eff", *free.magnetisation, "A/m", "Oe"
            ),
            normal_estimate(
                "gyromagnetic ratio", "μ0γ/2π", *free.frequency_per_field, "Hz/(A/m)", "MHz/Oe"
            ),
            normal_estimate(
                "effective magnetisation at g = 2.0023", "M_eff,e", *held.magnetisation, "A/m", "Oe"
            ),
            normal_estimate("Gilbert damping", "α", damping, widths.slope_error * per_field),
            normal_estimate("inhomogeneous half width", "ΔH_0", *broadening, "A/m", "Oe"),
            *offset,
        ),
        remarks=(
            *free.remarks,
            *_unit_in_doubt(*free.frequency_per_field),
            f"the resonances are {'' if held.p_value > UNLIKELY else 'not '}consistent "
            f"with the γ of the free electron (p = {held.p_value:.2g}, and {free.p_value:.2g} with "
            "γ free)",
            *widths.scatter.remarks,
        ),
        damping=damping,
        inhomogeneous_half_width=widths.intercept,
        lines=lines,
        offset_field=offset[0].value if offset else 0.0,
    )


def _unit_in_doubt(per_field: float, error: float) -> tuple[str, ...]:
    """Say so if γ is further from the free electron's than any ferromagnet's."""
    ratio, own = per_field / FREQUENCY_PER_FIELD, error / FREQUENCY_PER_FIELD
    if GAMMAS[0] < ratio < GAMMAS[1] or abs(ratio - 1) < MANY_ERRORS * own:
        return ()
    return (
        f"γ is {ratio:.3g} times that of the free electron, as of no ferromagnet: the fields or "
        "the frequencies may be in another unit than their columns state",
    )


@guarded("the Kittel fit of a film")
def better_geometry(lines: FilmLines) -> tuple[Geometry, float]:
    """Return the geometry whose Kittel formula fits better, and by how much in χ².

    γ is that of the free electron: over a short range of fields a free one would compensate for
    the wrong formula.  Errors as in :func:`fit_film`.
    """
    fits: dict[Geometry, float] = {
        geometry: _kittel(lines, geometry, FREQUENCY_PER_FIELD).chi_squared
        for geometry in _FUNCTIONS
    }
    best = min(fits, key=fits.__getitem__)
    return best, max(fits.values()) - fits[best]


@dataclass(frozen=True)
class _Kittel(ChiSquared):
    """Values with their standard errors."""

    magnetisation: tuple[float, float]
    frequency_per_field: tuple[float, float]
    chi_squared: float
    degrees_of_freedom: int
    remarks: tuple[str, ...]
    offset: tuple[float, float] | None
    slope: Floats
    """df/dH at each line in Hz/(A/m)."""


def _perpendicular(field: Floats, magnetisation: float, per_field: float) -> Floats:
    return per_field * (field - magnetisation)


_FUNCTIONS: dict[Geometry, Callable[[Floats, float, float], Floats]] = {
    "in-plane": in_plane_film_frequency,
    "perpendicular": _perpendicular,
}


def _kittel(lines: FilmLines, geometry: Geometry, per_field: float | None) -> _Kittel:
    """Fit M_eff, and γ unless it is given."""
    by_field = lines.swept == "field"
    ends = (lines.frequency, lines.field) if by_field else (lines.field, lines.frequency)
    names = ("frequencies", "fields") if by_field else ("fields", "frequencies")
    checked_points(*ends, lines.position_error, *names)
    if (most := float(np.abs(lines.field).max())) > MAX_FIELD:
        shown = format_quantity(most, "A/m", "T", 3)
        raise SmtjError(f"a line lies at {shown}, a field beyond any magnet; check its unit")
    function, typical = _FUNCTIONS[geometry], float(np.median(np.abs(lines.field)))
    strength, sign = np.abs(lines.field), np.sign(lines.field)
    sides = min(int((sign > 0).sum()), int((sign < 0).sum()))

    def at(p: Mapping[str, float], field: Floats) -> Floats:
        gamma = FREQUENCY_PER_FIELD * p.get("gamma", 1.0)
        # A trial M_eff may leave no resonance; the fit then sees a frequency of 0.
        with np.errstate(invalid="ignore"):
            return np.nan_to_num(function(field, p["magnetisation"] * typical, gamma))

    def seen(p: Mapping[str, float]) -> tuple[Floats, Floats]:
        field = strength - sign * p.get("offset", 0.0) * _OFFSET * typical
        rise = at(p, field * (1 + _STEP)) - at(p, field * (1 - _STEP))
        return at(p, field), rise / (2 * _STEP * field)

    def residuals(p: Mapping[str, float]) -> Floats:
        frequency, slope = seen(p)
        # An error of the field of resonance is one of the frequency times the slope there.
        error = lines.position_error * (slope if by_field else 1.0)
        return np.asarray((lines.frequency - frequency) / error)

    start = _start(lines, geometry) / typical
    free = {"gamma": 1.0} if per_field is None else {}
    if sides >= MIN_LINES_PER_SIDE:
        free["offset"] = 0.0
    found = minimise(residuals, {"magnetisation": start, **free}, f"the {geometry} Kittel fit")
    scatter = excess_scatter(found, "fields of resonance", "the Kittel formula")
    errors = np.sqrt(scatter.factor * np.diag(found.covariance)).tolist()
    gamma, gamma_error = found.values.get("gamma", 1.0), errors[1] if per_field is None else 0.0
    offset = None
    if "offset" in free:
        offset = (found.values["offset"] * _OFFSET * typical, errors[-1] * _OFFSET * typical)
    return _Kittel(
        magnetisation=(found.values["magnetisation"] * typical, errors[0] * typical),
        frequency_per_field=(FREQUENCY_PER_FIELD * gamma, FREQUENCY_PER_FIELD * gamma_error),
        chi_squared=found.chi_squared,
        degrees_of_freedom=found.degrees_of_freedom,
        remarks=scatter.remarks,
        offset=offset,
        slope=seen(found.values)[1],
    )


def _start(lines: FilmLines, geometry: Geometry) -> float:
    """Return the median over the lines of M_eff in A/m with the free electron's γ."""
    reduced = lines.frequency / FREQUENCY_PER_FIELD
    strength = np.abs(lines.field)
    if geometry == "perpendicular":
        return float(np.median(strength - reduced))
    return float(np.median(reduced**2 / strength - strength))
