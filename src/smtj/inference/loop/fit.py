"""R_P, TMR, H_K1 and an angle from resistance loops R(H_∥) and R(H_⊥).

One angle, two interpretations: the magnetisation at zero field may stand at an angle because the
easy axis is tilted, or because an in-plane coupling field H_in pulls it over.  A loop fixes one of
the two when the other is known.  Both are fitted, and the data decide between them where they can:
without a tilt both states have the same resistance in front of a reference layer in the plane, so
a telegraph signal is evidence for the tilt.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.loop.model import CardOf, LoopData, misfit
from smtj.inference.loop.optimise import Found, search
from smtj.inference.loop.result import Interpretation, LoopFit
from smtj.inference.stats.checks import guarded, require_finite
from smtj.inference.stats.estimate import NORMAL_95, Estimate, normal_estimate
from smtj.physics.device import vcma_point
from smtj.physics.magnetics.anisotropy import anisotropy_field
from smtj.typing import Floats
from smtj.units import format_quantity

SATURATED = 0.98
"""Cosine to the reference layer from which an end of a loop counts as saturated."""
MIN_FIELDS = 8
MAX_TILT = math.radians(80)
DEFAULT_TILT = math.radians(5)


@guarded("the fit of the loops")
def fit_loop(
    field_in_plane: ArrayLike,
    field_out_of_plane: ArrayLike,
    resistance: ArrayLike,
    card: DeviceCard,
    *,
    voltage: float | None = None,
    current: float | None = None,
) -> LoopFit:
    """Fit loops measured at constant voltage or current, by both interpretations of the angle.

    Each reading may have caught either state or an average over both; the states are the energy
    minima of the card's macrospin, which H_K1 and the angle move.  H_K2, the anisotropy in the
    plane, ξ and V_half are the card's, from which the fit starts.  Noise is assumed to be the same
    at every reading.

    ``resistance`` is in ohm, shape (readings,); H_∥ and H_⊥ of each reading, in A/m, broadcast with
    it: R(H_∥) and R(H_⊥) one after the other.  The bias is ``voltage`` in V or ``current`` in A,
    one of them; at constant current each state has its own voltage, and with it its own TMR and
    H_K1.

    Returns R_P, TMR, H_K1 and the tilt or H_in, with intervals from the curvature of the
    likelihood.  Raises SmtjError if there are too few fields, a number is impossible, the card's
    easy axis lies in the plane, or the loops leave R_P, TMR or H_K1 undetermined.

    Examples
    --------
    >>> from smtj import load_card
    >>> from smtj.physics.junction import state_resistances
    >>> from smtj.units import Oe
    >>> card = load_card("cai2019")
    >>> h = np.linspace(-1500, 1500, 61) * Oe
    >>> r = state_resistances(card, h, 0.0, 0.0, 1e-3).high
    >>> noise = np.random.default_rng(0).normal(size=h.size)
    >>> fit = fit_loop(h, 0.0, r + noise, card, voltage=1e-3).best
    >>> print(f"{fit.parallel_resistance.value:.0f} ohm, TMR {fit.tmr.value:.2f}")
    1000 ohm, TMR 0.80
    """
    fields = _checked(field_in_plane, field_out_of_plane, resistance)
    bias = [float(b) for b in (voltage, current) if b is not None]
    if len(bias) != 1 or not math.isfinite(bias[0]):
        raise SmtjError("a loop needs its bias voltage or current, one finite number")
    data = LoopData(*fields, voltage=voltage, current=current)
    point = vcma_point(card)
    h_k = float(anisotropy_field(point.energy_density, point.saturation_magnetisation))
    if h_k <= 0:
        raise SmtjError(
            f"the easy axis of card {card.name} lies in the plane (H_K1 is not above 0); a fit of "
            "loops needs an easy axis out of the plane"
        )
    card_of_tilt, card_of_field = _cards(card, h_k)
    tilt = float(card.magnetism.easy_axis_tilt) or DEFAULT_TILT
    h_in = float(card.magnetism.in_plane_bias_field)
    limits = ((0.0, MAX_TILT), (-2.0, 2.0))
    fit = "the fit of the loops"
    tilted = search(card, card_of_tilt, data, (tilt, h_k), limits[0], fit)
    untilted = search(card, card_of_field, data, (math.sin(tilt), h_k), limits[1], fit)
    for found in (tilted, untilted):
        require_finite(fit, found.theta, found.covariance, found.log_likelihood)
    noise = math.exp(min(tilted.theta[4], untilted.theta[4]))
    angle, angle_error = tilted.theta[2], math.sqrt(tilted.covariance[2, 2])
    field, field_error = untilted.theta[2] * h_k, math.sqrt(untilted.covariance[2, 2]) * h_k
    on_edge = (
        ("the tilt comes out at 0; if the high state is that of negative H_⊥, reverse the card's "
         "reference layer and swap the sign of H_∥",)
        if angle == 0 else ()
    )  # fmt: skip
    return LoopFit(
        tilted=_interpretation(
            "tilted easy axis",
            normal_estimate("easy-axis tilt", "tilt", angle, angle_error, "rad", "deg"),
            (f"H_in = {format_quantity(h_in, 'A/m', 'mT', 4)}",),
            tilted, data, noise, on_edge,
        ),
        untilted=_interpretation(
            "in-plane field",
            normal_estimate("in-plane field", "H_in", field, field_error, "A/m", "mT"),
            ("tilt = 0 deg",),
            untilted, data, noise, (),
        ),
    )  # fmt: skip


def _cards(card: DeviceCard, h_k: float) -> tuple[CardOf, CardOf]:
    """Return the card by both interpretations; H_in is in units of the card's H_K1."""

    def of(tilt: float, h_in: float, field: float) -> DeviceCard:
        return card.replace(
            {
                "magnetism.anisotropy_field": field,
                "magnetism.interface_anisotropy": None,
                "magnetism.easy_axis_tilt": min(max(tilt, 0.0), 1.5),
                "magnetism.in_plane_bias_field": h_in,
            }
        )

    own = float(card.magnetism.in_plane_bias_field)
    return lambda a, field: of(a, own, field), lambda a, field: of(0.0, a * h_k, field)


def _interpretation(
    name: str,
    angle: Estimate,
    taken: tuple[str, ...],
    found: Found,
    data: LoopData,
    noise: float,
    remarks: tuple[str, ...],
) -> Interpretation:
    theta, cov = found.theta, found.covariance
    r_p, tmr = math.exp(theta[0]), math.exp(theta[1])
    # ln R_AP = ln R_P + ln(1 + TMR).
    gradient = np.array([1.0, tmr / (1 + tmr)])
    r_ap_error = math.sqrt(gradient @ cov[:2, :2] @ gradient)
    errors = np.sqrt(np.diag(cov))
    return Interpretation(
        name=name,
        parallel_resistance=_log_estimate("parallel resistance", "R_P", theta[0], errors[0], "ohm"),
        tmr=_log_estimate("TMR", "TMR", theta[1], errors[1], "", "%"),
        antiparallel_resistance=_log_estimate(
            "antiparallel resistance", "R_AP", math.log(r_p * (1 + tmr)), r_ap_error, "ohm"
        ),
        anisotropy_field=_log_estimate(
            "anisotropy field", "H_K1", theta[3], errors[3], "A/m", "mT"
        ),
        angle=angle,
        noise=_log_estimate("noise", "σ", theta[4], errors[4], "ohm"),
        taken_from_card=taken,
        remarks=(*remarks, *_saturation_remarks(found)),
        up=found.levels.up,
        down=found.levels.down,
        log_likelihood=found.log_likelihood,
        chi_squared=misfit(data, found.levels, theta, noise),
        degrees_of_freedom=data.resistance.size - 4,
    )


def _saturation_remarks(found: Found) -> tuple[str, ...]:
    junction = found.junction
    cosine = np.where(junction.log_tau_up >= junction.log_tau_down, junction.up, junction.down)
    missing = []
    if cosine.max() < SATURATED:
        missing.append(f"parallel (largest cosine {cosine.max():.2f})")
    if cosine.min() > -SATURATED:
        missing.append(f"antiparallel (smallest cosine {cosine.min():.2f})")
    if not missing:
        return ()
    return (
        f"the loops do not saturate {' nor '.join(missing)} to the reference layer, so R_P and "
        "TMR are extrapolated by the model",
    )


def _log_estimate(
    name: str, symbol: str, log: float, error: float, unit: str, display_unit: str | None = None
) -> Estimate:
    """Return the estimate of a value whose logarithm is normally distributed."""
    value, factor = math.exp(log), math.exp(NORMAL_95 * error)
    interval = (value / factor, value * factor)
    shown = unit if display_unit is None else display_unit
    return Estimate(name, symbol, value, value * error, interval, unit, shown)


def _checked(
    field_in_plane: ArrayLike, field_out_of_plane: ArrayLike, resistance: ArrayLike
) -> tuple[Floats, Floats, NDArray[np.intp], Floats]:
    """Return the different fields, the field of each reading, and the readings."""
    given = (field_in_plane, field_out_of_plane, resistance)
    try:
        x, z, r = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in given))
    except ValueError:
        raise SmtjError("fields and resistances of a loop differ in number") from None
    x, z, r = x.ravel(), z.ravel(), r.ravel()
    if not all(np.isfinite(a).all() for a in (x, z, r)) or not (r > 0).all():
        raise SmtjError("fields of a loop must be finite, and resistances finite and above 0")
    fields, index = np.unique(np.stack([x, z], axis=1), axis=0, return_inverse=True)
    if len(fields) < MIN_FIELDS:
        raise SmtjError(f"a fit of loops needs readings at {MIN_FIELDS} different fields or more")
    if np.ptp(r) == 0:
        raise SmtjError("the resistance of the loop does not change at all")
    return fields[:, 0], fields[:, 1], index.ravel(), np.array(r)
