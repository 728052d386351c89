"""Barrier and anisotropy field from dwell times against field (Eq. 3 and 4), with τ0 known.

P(H) alone gives w = 4Δ/H_k,eff, the ratio.  With x = H - H_s the two dwell times are

    ln τ_high = a + w x/2 + c x²,   ln τ_low = a - w x/2 + c x²,

with a = ln τ0 + Δ and c = w²/(16Δ).  The height a separates Δ from H_k,eff once τ0 is known.  It is
rarely known to better than a decade, and a decade is 2.3 in Δ.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.stats.checks import guarded, require_finite
from smtj.inference.stats.distributions import ChiSquared
from smtj.inference.stats.estimate import DECADE, Estimate, attempt_time_estimate, normal_estimate
from smtj.inference.stats.least_squares import Minimum, minimise
from smtj.physics.constants import BOLTZMANN
from smtj.typing import Floats
from smtj.units import format_quantity

FIT = "the fit of dwell times against field"


@dataclass(frozen=True, eq=False)
class BarrierFit(ChiSquared):
    """Eq. 3 and 4 fitted to dwell times."""

    stability_factor: Estimate
    """Δ = E_b/(k_B T) at the temperature of the measurement."""
    effective_field: Estimate
    """H_k,eff in A/m; negative where a negative field favours the high state."""
    offset_field: Estimate
    """H_s in A/m."""
    slope: Estimate
    """w = 4Δ/H_k,eff in 1/(A/m)."""
    log_attempt_time: Estimate
    """ln(τ0/s)."""
    covariance: Floats
    """Of (Δ, H_k,eff, H_s, ln τ0), shape (4, 4)."""
    chi_squared: float
    degrees_of_freedom: int
    """Twice the number of fields, minus three parameters; τ0, known beforehand, is not counted."""
    remarks: tuple[str, ...]
    """Caveats, in sentences."""

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

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All fitted numbers."""
        return (
            self.stability_factor,
            self.effective_field,
            self.offset_field,
            self.slope,
            self.log_attempt_time,
            self.attempt_time,
        )


@dataclass(frozen=True, eq=False)
class _Data:
    """Dwell times at fields that are centred and scaled to about 1."""

    field: Floats
    log_tau: Floats
    """(fields, 2), high first."""
    inverse_root: Floats
    """(fields, 2, 2): turns a residual into two of unit variance."""
    centre: float
    scale: float

    def residuals(self, height: float, slope: float, offset: float, curvature: float) -> Floats:
        """Misfit of height ± slope x/2 + curvature x², x = field - offset, in standard errors."""
        x = self.field - offset
        even, odd = height + curvature * x**2, slope / 2 * x
        misfit = self.log_tau - np.stack([even + odd, even - odd], axis=1)
        return np.asarray(np.einsum("fij,fj->fi", self.inverse_root, misfit).ravel())


@guarded(FIT)
def fit_barrier(
    field: ArrayLike,
    log_tau_high: ArrayLike,
    log_tau_low: ArrayLike,
    covariance: ArrayLike,
    log_attempt_time: float,
    log_attempt_time_error: float = DECADE,
) -> BarrierFit:
    """Fit Eq. 3 and 4 with τ0 known within its error.

    The error of Δ includes that of τ0.  Where the curvature of ln τ(H) also constrains τ0, both are
    weighed; the ln τ0 of the result is then not quite the one given.

    ``field`` is H_⊥ in A/m; it, ln(τ_high/s) and ln(τ_low/s) have shape (fields,), and the
    covariance of the latter two (fields, 2, 2).  The standard error of ln(τ0/s) is a decade by
    default; 0 makes τ0 exact.  The intervals of Δ, H_k,eff, H_s, w and ln τ0 are those of the
    normal approximation.

    Raises SmtjError if there are fewer than two fields, the numbers are not finite or the
    covariances not positive definite, the dwell times are no longer than τ0, or fields lie beyond
    |h| = 1, where one state has no barrier.

    Examples
    --------
    >>> from smtj.units import Oe
    >>> h = np.array([-30, -20, -10, 0, 10]) * Oe
    >>> log_tau = -2.2, 0.066 / Oe * (h + 14 * Oe)
    >>> errors = np.tile(0.01 * np.eye(2), (5, 1, 1))
    >>> fit = fit_barrier(h, log_tau[0] + log_tau[1], log_tau[0] - log_tau[1], errors, -20.7)
    >>> print(f"{fit.stability_factor.value:.1f} ± {fit.stability_factor.error:.1f}")
    18.5 ± 2.3
    """
    data = _checked(field, log_tau_high, log_tau_low, covariance)
    log_tau0, error = float(log_attempt_time), float(log_attempt_time_error)
    if not (math.isfinite(log_tau0) and math.isfinite(error) and error >= 0):
        raise SmtjError(
            "the logarithm of the attempt time must be finite and its standard error 0 or more"
        )
    height, slope, offset = _start(data)
    if height <= log_tau0:
        raise SmtjError(
            f"at the offset field the dwell time is {math.exp(height):.3g} s, no longer than the "
            f"attempt time of {math.exp(log_tau0):.3g} s, so there is no barrier; give a shorter "
            "attempt time"
        )
    start = {"log_delta": math.log(height - log_tau0), "slope": slope, "offset": offset}

    def residuals(p: Mapping[str, float]) -> Floats:
        delta, shift = math.exp(p["log_delta"]), p.get("shift", 0.0)
        curvature = p["slope"] ** 2 / (16 * delta)
        found = data.residuals(log_tau0 + error * shift + delta, p["slope"], p["offset"], curvature)
        # The known τ0 is one more measurement.
        return np.append(found, shift) if error > 0 else found

    found = minimise(residuals, start | {"shift": 0.0} if error > 0 else start, FIT)
    delta, w = math.exp(found.values["log_delta"]), found.values["slope"]
    # (Δ, H_k, H_s, ln τ0, w) of (ln Δ, w, H_s, shift), in the scale of the fields.
    jacobian = np.zeros((5, 4))
    jacobian[0, 0] = delta
    jacobian[1, :2] = 4 * delta / w, -4 * delta / w**2
    jacobian[2, 2] = jacobian[4, 1] = 1
    jacobian[3, 3] = error
    jacobian = jacobian[:, : len(found.values)]
    known = log_tau0 + error * found.values.get("shift", 0.0)
    values = np.array([delta, 4 * delta / w, found.values["offset"], known, w])
    return _result(data, values, jacobian @ found.covariance @ jacobian.T, found)


def _checked(
    field: ArrayLike, log_tau_high: ArrayLike, log_tau_low: ArrayLike, covariance: ArrayLike
) -> _Data:
    h, high, low = (
        np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (field, log_tau_high, log_tau_low)
    )
    cov = np.asarray(covariance, dtype=np.float64)
    if h.ndim != 1 or high.shape != h.shape or low.shape != h.shape or cov.shape != (h.size, 2, 2):
        raise SmtjError(
            "dwell times and fields differ in number; give one ln τ_high, one ln τ_low and one "
            "2 x 2 covariance per field"
        )
    if np.unique(h).size < 2:
        raise SmtjError(f"{FIT} needs two different fields or more")
    if not all(np.isfinite(a).all() for a in (h, high, low, cov)):
        raise SmtjError("fields, logarithms of dwell times and their covariances must be finite")
    try:
        inverse_root = np.linalg.inv(np.linalg.cholesky(cov))
    except np.linalg.LinAlgError:
        inverse_root = np.empty(0)
    if not (inverse_root.size and np.allclose(cov, np.swapaxes(cov, 1, 2), rtol=1e-6, atol=0)):
        raise SmtjError(
            "a covariance of ln τ_high and ln τ_low is not symmetric and positive definite; give "
            "variances above 0 and correlations between -1 and 1"
        )
    centre, scale = float(h.mean()), float(np.ptp(h))
    return _Data((h - centre) / scale, np.stack([high, low], axis=1), inverse_root, centre, scale)


def _start(data: _Data) -> tuple[float, float, float]:
    """Return height, slope and offset from sum and difference of the two, unweighted."""
    high, low = data.log_tau.T
    slope, intercept = np.polyfit(data.field, high - low, 1, full=True)[0]
    if abs(slope) < 1e-12 * max(1.0, abs(intercept)):
        raise SmtjError(
            "the ratio of the dwell times does not change with field; measure over more fields"
        )
    offset = -intercept / slope
    squared = (data.field - offset) ** 2
    if np.ptp(squared) < 1e-9 * np.max(squared):
        return float(np.mean(high + low) / 2), float(slope), float(offset)
    _, height = np.polyfit(squared, (high + low) / 2, 1, full=True)[0]
    return float(height), float(slope), float(offset)


def _result(data: _Data, values: Floats, covariance: Floats, found: Minimum) -> BarrierFit:
    """Return (Δ, H_k, H_s, ln τ0, w) in the unit of the fields."""
    factors = np.array([1, data.scale, data.scale, 1, 1 / data.scale])
    values = values * factors + np.array([0, 0, data.centre, 0, 0])
    covariance = np.outer(factors, factors) * covariance
    require_finite(FIT, values, covariance)
    named = (
        ("stability factor", "E_b/k_BT", "", ""),
        ("effective field", "H_k,eff", "A/m", "Oe"),
        ("offset field", "H_s", "A/m", "Oe"),
        ("log attempt time", "ln(τ0/s)", "", ""),
        ("slope", "w", "m/A", "1/Oe"),
    )
    delta, h_k, h_s, log_tau0, w = (
        normal_estimate(*words[:2], value, error, *words[2:])
        for words, value, error in zip(named, values, np.sqrt(np.diag(covariance)), strict=True)
    )
    return BarrierFit(
        stability_factor=replace(delta, interval=(max(delta.interval[0], 0.0), delta.interval[1])),
        effective_field=h_k,
        offset_field=h_s,
        slope=w,
        log_attempt_time=log_tau0,
        covariance=covariance[:4, :4],
        chi_squared=found.chi_squared,
        degrees_of_freedom=found.degrees_of_freedom,
        remarks=_range_remarks(data, h_k, h_s),
    )


def _range_remarks(data: _Data, h_k: Estimate, h_s: Estimate) -> tuple[str, ...]:
    """Reject fields beyond |h| = 1; return a remark where they may be."""
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
