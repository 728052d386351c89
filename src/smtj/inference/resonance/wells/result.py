"""Result of a resonance fit: H_K1 and H_K2, or the one combination that the data fix."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from smtj.inference.stats.distributions import ChiSquared
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.stats.least_squares import STEP, Minimum, excess_scatter
from smtj.typing import Floats
from smtj.units import format_quantity

MAX_ERROR = 0.5
"""H_K1 and H_K2 are separable if their standard errors are below this fraction of the typical field
of the frequencies: else H_K1 may be anything from nothing to twice itself."""
NO_INFLUENCE = 5e-3
"""|r| below which H_K2 does not influence the data."""
BEYOND = 1.3
"""Factor on the field that just suffices in recommendations."""


@dataclass(frozen=True, eq=False)
class AnisotropyFit(ChiSquared):
    """H_K1 and H_K2 at one bias voltage; SI units."""

    separable: bool
    """Whether the data separate H_K1 and H_K2."""
    anisotropy_field: float
    """H_K1 in A/m where :attr:`separable`, else H_K1 - r H_K2."""
    second_order_field: float
    """H_K2 in A/m; NaN where it is not separable."""
    covariance: Floats
    """Of the two in (A/m)², shape (2, 2); of H_K1 - r H_K2 alone, the rest NaN, where they are not
    separable."""
    ratio: float
    """r of the combination H_K1 - r H_K2 that the data fix; 0 where they fix both."""
    chi_squared: float
    degrees_of_freedom: int
    fitted: Floats
    """The model's frequency at each datum in Hz, damping left out."""
    damping: float
    """α if it was fitted too, else NaN."""
    damping_error: float
    remarks: tuple[str, ...]
    offset: tuple[float, float] | None = None
    """Offset of the field in A/m with its standard error, if it was fitted too."""

    @property
    def error(self) -> float:
        """Standard error of :attr:`anisotropy_field` in A/m."""
        return math.sqrt(self.covariance[0, 0])

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """H_K1 and H_K2, or the combination that the data fix, and any offset of the field."""
        name, symbol = "anisotropy field", "H_K1"
        if not self.separable:
            name, symbol = "anisotropy fields together", combination(self.ratio)
        first = normal_estimate(name, symbol, self.anisotropy_field, self.error, "A/m", "mT")
        offset = [
            normal_estimate("offset of the field", "H_off", *pair, "A/m", "Oe")
            for pair in [self.offset]
            if pair is not None
        ]
        if not self.separable:
            return (first, *offset)
        error = math.sqrt(self.covariance[1, 1])
        second = ("second-order field", "H_K2", self.second_order_field, error, "A/m", "mT")
        return (first, normal_estimate(*second), *offset)


def combination(ratio: float) -> str:
    """Return the symbol of H_K1 - r H_K2."""
    if abs(ratio) < NO_INFLUENCE:
        return "H_K1"
    return f"H_K1 {'-' if ratio > 0 else '+'} {abs(ratio):.3g} H_K2"


def anisotropy_fit(
    minimum: Minimum, scale: float, fitted: Floats, ratio: float = 0.0
) -> AnisotropyFit:
    """Return the result of a fit of H_K1, and of H_K2 where the two are separable.

    ``minimum`` has the parameters ``first`` and perhaps ``second`` in units of ``scale`` in A/m,
    and perhaps ``log_damping``; ``fitted`` are the model's frequencies in Hz.  For a fit with H_K2
    = 0, ``ratio`` is r of H_K1 - r H_K2 from :func:`ratio_of`.
    """
    scatter = excess_scatter(minimum, "the data", "the fit of H_K1 and H_K2")
    names = list(minimum.values)
    units = np.array([1.0 if name == "log_damping" else scale for name in names])
    covariance = scatter.factor * minimum.covariance * np.outer(units, units)
    index = [names.index(name) for name in ("first", "second") if name in names]
    fields = np.full((2, 2), np.nan)
    fields[: len(index), : len(index)] = covariance[np.ix_(index, index)]
    damping, damping_error = math.nan, math.nan
    if "log_damping" in names:
        row = names.index("log_damping")
        damping = math.exp(minimum.values["log_damping"])
        damping_error = damping * math.sqrt(covariance[row, row])
    offset = None
    if "offset" in names:
        row = names.index("offset")
        offset = (minimum.values["offset"] * scale, math.sqrt(covariance[row, row]))
    separable, first = "second" in names, minimum.values["first"] * scale
    return AnisotropyFit(
        separable=separable,
        anisotropy_field=first,
        second_order_field=minimum.values["second"] * scale if separable else math.nan,
        covariance=fields,
        ratio=ratio,
        chi_squared=minimum.chi_squared,
        degrees_of_freedom=minimum.degrees_of_freedom,
        fitted=fitted,
        damping=damping,
        damping_error=damping_error,
        remarks=scatter.remarks if separable else (*scatter.remarks, _inseparable(ratio, first)),
        offset=offset,
    )


def is_separable(minimum: Minimum, scale: float, typical: float) -> bool:
    """Return whether a fit of both separates H_K1 and H_K2.

    As in :func:`anisotropy_fit`, with ``typical`` the field in A/m of the frequencies.
    """
    errors = scale * np.sqrt(np.diag(minimum.covariance)[:2])
    return bool(np.all(errors < MAX_ERROR * typical))


def several_fields(field_x: Floats, field_z: Floats) -> bool:
    """Return whether data were taken at more than one field, without which none are separable."""
    return bool(np.ptp(field_x) > 0 or np.ptp(field_z) > 0)


def ratio_of(
    residuals: Callable[[Mapping[str, float]], Floats], values: Mapping[str, float]
) -> float:
    """Return r of H_K1 - r H_K2: by how much of H_K2 a fit with H_K2 = 0 finds H_K1 too small.

    ``residuals`` depend on ``first`` and ``second``; ``values`` are where that fit ended.
    """

    def sensitivity(name: str) -> Floats:
        at = {"second": 0.0, **values}
        up, down = ({**at, name: at[name] + step} for step in (STEP, -STEP))
        return residuals(up) - residuals(down)

    first, second = sensitivity("first"), sensitivity("second")
    return -float(first @ second) / float(first @ first)


def _inseparable(ratio: float, value: float) -> str:
    """Return the remark that the data fix one combination, and which field would fix another."""
    if abs(ratio) < NO_INFLUENCE:
        return (
            "the data fix H_K1 and say nothing of H_K2; a field along the normal, which fixes "
            "H_K1 - H_K2, would"
        )
    field = format_quantity(BEYOND * abs(value), "A/m", "Oe", 2)
    return (
        f"the data fix {combination(ratio)} only and do not separate H_K1 from H_K2, so neither is "
        f"given; a field in the plane beyond saturation, {field} or more, which fixes H_K1 alone, "
        "would"
    )
