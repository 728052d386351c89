"""What a resonance fit says of H_K1 and H_K2: both, or the one combination that the data fix."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.stats.excess_scatter import scatter_of
from smtj.inference.stats.least_squares import Minimum
from smtj.typing import Floats
from smtj.units import format_quantity

MAX_ERROR = 0.5
"""H_K1 and H_K2 are told apart if their standard errors are below this share of the field that the
frequencies speak of: else the data allow H_K1 to be anything from nothing to twice itself."""
NO_INFLUENCE = 5e-3
"""|r| below which the data know nothing of H_K2."""
BEYOND = 1.3
"""A field that is recommended is so many times the one that just serves."""
_STEP = 1e-6


@dataclass(frozen=True, eq=False)
class AnisotropyFit:
    """H_K1 and H_K2 at one bias voltage; SI units."""

    separable: bool
    """Whether the data tell H_K1 and H_K2 apart."""
    anisotropy_field: float
    """H_K1 in A/m; of :attr:`separable` data, else H_K1 - r H_K2."""
    second_order_field: float
    """H_K2 in A/m; NaN where it is not separable."""
    covariance: Floats
    """Of the two in (A/m)², shape (2, 2); of H_K1 - r H_K2 alone, the rest NaN, where they are not
    separable."""
    ratio: float
    """r of the combination H_K1 - r H_K2 that the data fix; 0 where they fix both."""
    chi_squared: float
    degrees_of_freedom: int
    p_value: float
    """Chance of so bad a fit if the model is right; NaN where no freedom is left."""
    fitted: Floats
    """The model's frequency at each datum in Hz, damping left out."""
    damping: float
    """α that was fitted along; NaN where it was not."""
    damping_error: float
    remarks: tuple[str, ...]

    @property
    def error(self) -> float:
        """Standard error of :attr:`anisotropy_field` in A/m."""
        return math.sqrt(self.covariance[0, 0])

    def estimates(self, where: str = "") -> tuple[Estimate, ...]:
        """What there is to report; ``where`` goes behind each name, e.g. ``" at 100 mV"``."""
        if not self.separable:
            name, symbol = f"anisotropy fields together{where}", combination(self.ratio)
            return (normal_estimate(name, symbol, self.anisotropy_field, self.error, "A/m", "mT"),)
        second = math.sqrt(self.covariance[1, 1])
        return (
            normal_estimate(
                f"anisotropy field{where}", "H_K1", self.anisotropy_field, self.error, "A/m", "mT"
            ),
            normal_estimate(
                f"second-order field{where}",
                "H_K2",
                self.second_order_field,
                second,
                "A/m",
                "mT",
            ),
        )


def combination(ratio: float) -> str:
    """The symbol of H_K1 - r H_K2."""
    if abs(ratio) < NO_INFLUENCE:
        return "H_K1"
    return f"H_K1 {'-' if ratio > 0 else '+'} {abs(ratio):.3g} H_K2"


def conclude(minimum: Minimum, scale: float, fitted: Floats) -> AnisotropyFit:
    """Report a fit that tells H_K1 and H_K2 apart.

    Parameters
    ----------
    minimum
        Of the parameters ``first`` and ``second`` in units of ``scale``, and perhaps of
        ``log_damping``.
    scale
        In A/m.
    fitted
        The model's frequencies in Hz.
    """
    return _report(minimum, scale, fitted, 0.0)


def conclude_together(
    minimum: Minimum, scale: float, ratio: float, fitted: Floats
) -> AnisotropyFit:
    """Report a fit with H_K2 = 0, which stands for H_K1 - r H_K2; arguments as before.

    Parameters
    ----------
    ratio
        r, from :func:`ratio_of`.
    """
    found = _report(minimum, scale, fitted, ratio)
    return replace(found, remarks=(*found.remarks, _inseparable(ratio, found.anisotropy_field)))


def tells_apart(minimum: Minimum, scale: float, typical: float) -> bool:
    """Whether a fit of both tells H_K1 and H_K2 apart.

    Parameters
    ----------
    minimum, scale
        As in :func:`conclude`.
    typical
        Field in A/m that the frequencies speak of.
    """
    errors = scale * np.sqrt(np.diag(minimum.covariance)[:2])
    return bool(np.all(errors < MAX_ERROR * typical))


def several_fields(field_x: Floats, field_z: Floats) -> bool:
    """Whether data were taken at more than one field, without which nothing tells the two apart."""
    return bool(np.ptp(field_x) > 0 or np.ptp(field_z) > 0)


def ratio_of(
    residuals: Callable[[Mapping[str, float]], Floats], values: Mapping[str, float]
) -> float:
    """Return r of H_K1 - r H_K2: by how much of H_K2 a fit with H_K2 = 0 finds H_K1 too small.

    Parameters
    ----------
    residuals
        Of parameters ``first`` and ``second``.
    values
        Where the fit with H_K2 = 0 ended.
    """

    def sensitivity(name: str) -> Floats:
        at = {"second": 0.0, **values}
        up, down = ({**at, name: at[name] + step} for step in (_STEP, -_STEP))
        return residuals(up) - residuals(down)

    first, second = sensitivity("first"), sensitivity("second")
    return -float(first @ second) / float(first @ first)


def _report(
    minimum: Minimum,
    scale: float,
    fitted: Floats,
    ratio: float,
) -> AnisotropyFit:
    scatter = scatter_of(minimum, "the data", "the fit of H_K1 and H_K2")
    names = list(minimum.values)
    units = np.array([scale if name in ("first", "second") else 1.0 for name in names])
    covariance = scatter.excess * minimum.covariance * np.outer(units, units)
    index = [names.index(name) for name in ("first", "second") if name in names]
    fields = np.full((2, 2), np.nan)
    fields[: len(index), : len(index)] = covariance[np.ix_(index, index)]
    damping, damping_error = math.nan, math.nan
    if "log_damping" in names:
        row = names.index("log_damping")
        damping = math.exp(minimum.values["log_damping"])
        damping_error = damping * math.sqrt(covariance[row, row])
    separable = "second" in names
    return AnisotropyFit(
        separable=separable,
        anisotropy_field=minimum.values["first"] * scale,
        second_order_field=minimum.values["second"] * scale if separable else math.nan,
        covariance=fields,
        ratio=ratio,
        chi_squared=minimum.chi_squared,
        degrees_of_freedom=minimum.degrees_of_freedom,
        p_value=scatter.p_value,
        fitted=fitted,
        damping=damping,
        damping_error=damping_error,
        remarks=scatter.remarks,
    )


def _inseparable(ratio: float, value: float) -> str:
    """Say that the data fix one combination, and which field would fix another."""
    field = format_quantity(BEYOND * abs(value), "A/m", "Oe", 2)
    other = (
        "along the normal, which fixes H_K1 - H_K2,"
        if abs(ratio) < NO_INFLUENCE
        else f"in the plane beyond saturation, {field} or more, which fixes H_K1 alone,"
    )
    return (
        f"the data fix {combination(ratio)} only and cannot tell H_K1 from H_K2, so neither is "
        f"given; a field {other} would"
    )
