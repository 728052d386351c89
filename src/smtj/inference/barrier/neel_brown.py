"""Barrier and anisotropy field from dwell times against field (Eq. 3 and 4).

P(H) alone gives w = 4Δ/H_k,eff, the ratio.  With x = H - H_s the two dwell times are

    ln τ_high = a + w x/2 + c x²,   ln τ_low = a - w x/2 + c x²,

with a = ln τ0 + Δ and c = w²/(16Δ).  So there are two ways to Δ apart from H_k,eff: the height a,
for those who know τ0 (:func:`fit_barrier`), and the curvature c, for those who do not
(:func:`fit_barrier_and_attempt_time`).  τ0 is rarely known to better than a decade, and a decade
is 2.3 in Δ; the curvature is small, and often lost in the errors of the dwell times.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.barrier.dwell_data import FIT, RateData, checked_rates, starting_rates
from smtj.inference.stats.estimate import NORMAL_95, Estimate, attempt_time_estimate
from smtj.inference.stats.fieller import ratio_interval
from smtj.inference.stats.least_squares import Minimum, chi_squared_p_value, minimise
from smtj.physics.constants import BOLTZMANN
from smtj.typing import Floats
from smtj.units import format_quantity

DECADE = math.log(10)
"""Standard error of ln τ0 where nothing better is known: a decade."""


@dataclass(frozen=True, eq=False)
class BarrierFit:
    """Eq. 3 and 4 fitted to dwell times."""

    stability_factor: Estimate
    """Δ = E_b/(k_B T) at the temperature of the measurement."""
    effective_field: Estimate
    """H_k,eff in A/m; negative where the high state gains from a negative field."""
    offset_field: Estimate
    """H_s in A/m."""
    slope: Estimate
    """w = 4Δ/H_k,eff in 1/(A/m)."""
    log_attempt_time: Estimate
    """ln(τ0/s)."""
    covariance: Floats
    """Of (Δ, H_k,eff, H_s, ln τ0), shape (4, 4); infinite variances, and NaN beside them, where
    the data do not bound a value on both sides."""
    chi_squared: float
    degrees_of_freedom: int
    """Twice the fields less four parameters, and one more for a τ0 known beforehand."""
    remarks: tuple[str, ...]
    """What a user of the numbers should know, in sentences."""

    @property
    def p_value(self) -> float:
        """Chance of a χ² at least as large if Eq. 3 and 4 hold; NaN without degrees of freedom."""
        return chi_squared_p_value(self.chi_squared, self.degrees_of_freedom)

    @property
    def attempt_time(self) -> Estimate:
        """τ0 in s, its interval that of its logarithm."""
        return attempt_time_estimate(self.log_attempt_time)

    def barrier(self, temperature: float) -> Estimate:
        """E_b in J, from the temperature of the measurement in K."""
        thermal, delta = BOLTZMANN * temperature, self.stability_factor
        low, high = delta.interval
        value, error = delta.value * thermal, delta.error * thermal
        interval = (low * thermal, high * thermal)
        return Estimate("energy barrier", "E_b", value, error, interval, "J", "zJ")

    def rows(self) -> list[Estimate]:
        """Every fitted number."""
        return [
            self.stability_factor,
            self.effective_field,
            self.offset_field,
            self.slope,
            self.log_attempt_time,
            self.attempt_time,
        ]


def fit_barrier(
    field: ArrayLike,
    log_tau_high: ArrayLike,
    log_tau_low: ArrayLike,
    covariance: ArrayLike,
    log_attempt_time: float,
    log_attempt_time_error: float = DECADE,
) -> BarrierFit:
    """Fit Eq. 3 and 4 with τ0 known beforehand, within its error.

    The error of Δ includes that of τ0.  Where the curvature tells something of τ0 as well, both
    are weighed; the ln τ0 of the result is then not quite the one given.

    Parameters
    ----------
    field
        H_⊥ in A/m, shape (fields,).
    log_tau_high, log_tau_low
        ln(τ_high/s) and ln(τ_low/s), shape (fields,).
    covariance
        Of (ln τ_high, ln τ_low) at each field, shape (fields, 2, 2).
    log_attempt_time, log_attempt_time_error
        ln(τ0/s) and its standard error, by default a decade; 0 for a τ0 that is exact.

    Returns
    -------
    BarrierFit
        Δ, H_k,eff, H_s, w and ln τ0; intervals from the normal approximation.

    Raises
    ------
    SmtjError
        There are fewer than two fields, the numbers are not finite or the covariances not
        positive definite, the dwell times are no longer than τ0, or fields lie beyond
        |h| = 1, where one state has no barrier.
    """
    data = checked_rates(field, log_tau_high, log_tau_low, covariance, fewest=2)
    log_tau0, error = float(log_attempt_time), float(log_attempt_time_error)
    if not (math.isfinite(log_tau0) and math.isfinite(error) and error >= 0):
        raise SmtjError(
            "the logarithm of the attempt time must be finite and its standard error 0 or more"
        )
    height, slope, offset, _ = starting_rates(data)
    if height <= log_tau0:
        raise SmtjError(
            f"at the offset field the dwell time is {math.exp(height):.3g} s, no longer than the "
            f"attempt time of {math.exp(log_tau0):.3g} s, so that there is no barrier; give a "
            "shorter attempt time"
        )
    start = {"log_delta": math.log(height - log_tau0), "slope": slope, "offset": offset}

    def residuals(p: Mapping[str, float]) -> Floats:
        delta, shift = math.exp(p["log_delta"]), p.get("shift", 0.0)
        curvature = p["slope"] ** 2 / (16 * delta)
        found = data.residuals(log_tau0 + error * shift + delta, p["slope"], p["offset"], curvature)
        # τ0 known beforehand is one more measurement.
        return np.append(found, shift) if error > 0 else found

    found = minimise(residuals, start | {"shift": 0.0} if error > 0 else start, FIT)
    delta, w = math.exp(found.values["log_delta"]), found.values["slope"]
    # (Δ, H_k, H_s, ln τ0, w) of (ln Δ, w, H_s, shift), in the fields' own scale.
    jacobian = np.zeros((5, 4))
    jacobian[0, 0] = delta
    jacobian[1, :2] = 4 * delta / w, -4 * delta / w**2
    jacobian[2, 2] = jacobian[4, 1] = 1
    jacobian[3, 3] = error
    jacobian = jacobian[:, : len(found.values)]
    known = log_tau0 + error * found.values.get("shift", 0.0)
    values = np.array([delta, 4 * delta / w, found.values["offset"], known, w])
    spread = jacobian @ found.covariance @ jacobian.T
    pairs = zip(values, np.diag(spread), strict=True)
    intervals = [_normal_interval(value, variance) for value, variance in pairs]
    intervals[0] = (max(intervals[0][0], 0.0), intervals[0][1])
    return _result(data, values, spread, intervals, found, ())


def fit_barrier_and_attempt_time(
    field: ArrayLike, log_tau_high: ArrayLike, log_tau_low: ArrayLike, covariance: ArrayLike
) -> BarrierFit:
    """Fit Eq. 3 and 4 with τ0 free, from how ln τ(H) curves.

    Parameters
    ----------
    field, log_tau_high, log_tau_low, covariance
        As in :func:`fit_barrier`.

    Returns
    -------
    BarrierFit
        Δ, H_k,eff, H_s, w and ln τ0.  Δ, H_k,eff and ln τ0 have the curvature in a denominator, so
        their intervals are Fieller's; where the curvature does not differ from 0, they have one
        end only, and a remark says so.  Where it comes out negative, which Eq. 3 and 4 cannot be,
        the values are those of none, Δ = ∞.

    Raises
    ------
    SmtjError
        There are fewer than three fields, the numbers are not finite or the covariances not
        positive definite, or fields lie beyond |h| = 1.
    """
    data = checked_rates(field, log_tau_high, log_tau_low, covariance, fewest=3)
    height, slope, offset, curvature = starting_rates(data)
    start = {"height": height, "slope": slope, "offset": offset, "curvature": curvature}
    free = minimise(lambda p: data.residuals(**p), start, FIT)
    a, w, h_s, c = (free.values[name] for name in start)
    # E_b, H_k,eff and a - ln τ0 are w²/16c, w/4c and w²/16c again, which a shifts when it errs.
    along_w, along_a = np.array([0.0, 1, 0, 0]), np.array([1.0, 0, 0, 0])
    deltas = ratio_interval(w**2, 2 * w * along_w, 16 * c, 16, free.covariance)
    fields = ratio_interval(abs(w), math.copysign(1, w) * along_w, 4 * c, 4, free.covariance)
    falls = ratio_interval(w**2, 2 * w * along_w - 16 * c * along_a, 16 * c, 16, free.covariance)
    identified = math.isfinite(deltas[1])
    best = free
    if c <= 0:
        straight = {name: free.values[name] for name in ("height", "slope", "offset")}
        best = minimise(lambda p: data.residuals(**p, curvature=0.0), straight, FIT)
        a, w, h_s = best.values.values()
    delta = w**2 / (16 * c) if c > 0 else math.inf
    values = np.array([delta, 4 * delta / w, h_s, a - delta, w])
    if identified:
        # (Δ, H_k, H_s, ln τ0, w) of (a, w, H_s, c).
        jacobian = np.zeros((5, 4))
        jacobian[0] = 2 * delta / w * along_w
        jacobian[0, 3] = -delta / c
        jacobian[1, [1, 3]] = 1 / (4 * c), -w / (4 * c**2)
        jacobian[2, 2] = jacobian[4, 1] = 1
        jacobian[3] = along_a - jacobian[0]
        spread = jacobian @ free.covariance @ jacobian.T
    else:
        spread = np.full((5, 5), math.nan)
        np.fill_diagonal(spread, math.inf)
        of_both = [list(best.values).index(name) for name in ("offset", "slope")]
        spread[np.ix_([2, 4], [2, 4])] = best.covariance[np.ix_(of_both, of_both)]
    intervals = [
        deltas,
        fields if w > 0 else (-fields[1], -fields[0]),
        _normal_interval(h_s, spread[2, 2]),
        (a - falls[1], a - falls[0]),
        _normal_interval(w, spread[4, 4]),
    ]
    return _result(data, values, spread, intervals, best, () if identified else (_NOT_IDENTIFIED,))


_NOT_IDENTIFIED = (
    "the curvature of ln τ(H) does not differ from 0 within its error, so that it sets no upper "
    "bound to E_b and H_k,eff; measure over a wider range of fields, or give an attempt time"
)


def _normal_interval(value: float, variance: float) -> tuple[float, float]:
    half = NORMAL_95 * math.sqrt(variance)
    return float(value - half), float(value + half)


def _result(
    data: RateData,
    values: Floats,
    covariance: Floats,
    intervals: list[tuple[float, float]],
    found: Minimum,
    remarks: tuple[str, ...],
) -> BarrierFit:
    """Put (Δ, H_k, H_s, ln τ0, w) back into the unit of the fields."""
    factors = np.array([1, data.scale, data.scale, 1, 1 / data.scale])
    shifts = np.array([0, 0, data.centre, 0, 0])
    named = [
        ("stability factor", "E_b/k_BT", "", ""),
        ("effective field", "H_k,eff", "A/m", "Oe"),
        ("offset field", "H_s", "A/m", "Oe"),
        ("log attempt time", "ln(τ0/s)", "", ""),
        ("slope", "w", "m/A", "1/Oe"),
    ]
    delta, h_k, h_s, log_tau0, w = (
        Estimate(
            name,
            symbol,
            float(values[i] * factors[i] + shifts[i]),
            float(factors[i] * math.sqrt(covariance[i, i])),
            tuple(float(end * factors[i] + shifts[i]) for end in intervals[i]),  # type: ignore[arg-type]
            unit,
            display_unit,
        )
        for i, (name, symbol, unit, display_unit) in enumerate(named)
    )
    return BarrierFit(
        stability_factor=delta,
        effective_field=h_k,
        offset_field=h_s,
        slope=w,
        log_attempt_time=log_tau0,
        covariance=(np.outer(factors, factors) * covariance)[:4, :4],
        chi_squared=found.chi_squared,
        degrees_of_freedom=found.degrees_of_freedom,
        remarks=remarks + _remarks_on_range(data, h_k, h_s),
    )


def _remarks_on_range(data: RateData, h_k: Estimate, h_s: Estimate) -> tuple[str, ...]:
    """Refuse fields beyond |h| = 1; warn where they may be."""
    fields = data.field * data.scale + data.centre
    farthest = float(fields[np.argmax(np.abs(fields - h_s.value))])
    distance = abs(farthest - h_s.value)
    where = f"the field of {format_quantity(farthest, 'A/m', 'Oe', 4)}"
    if distance >= max(abs(end) for end in h_k.interval):
        raise SmtjError(
            f"{where} lies beyond |h| = 1, where Eq. 3 and 4 leave one state no barrier; leave out "
            f"fields farther from H_s than {format_quantity(abs(h_k.value), 'A/m', 'Oe', 3)}"
        )
    if distance >= abs(h_k.value):
        return (f"{where} may lie beyond |h| = 1, where Eq. 3 and 4 do not hold",)
    return ()
