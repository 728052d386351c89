"""What a joint fit by a card's law says of the device: Δ, H_s, w, ξ, the torque, V_c, R_th, τ0."""

import math
from collections.abc import Callable

import numpy as np

from smtj.card import DeviceCard
from smtj.inference.bias.card_law import CardLaw, with_torque
from smtj.inference.bias.compact_law import BETTER
from smtj.inference.bias.joint import JointFit
from smtj.inference.stats.estimate import Estimate, attempt_time_estimate, normal_estimate
from smtj.physics.device import vcma_point
from smtj.physics.readout.back_action import critical_voltages

FAR = 20.0
"""V_c of one state over that of the other from which it is no number of interest."""
STEP = 1e-4
"""Of a finite difference, in standard errors."""


def card_estimates(fit: JointFit) -> tuple[Estimate, ...]:
    """Return the fitted numbers in SI units.

    V_c is that of :func:`smtj.physics.readout.back_action.critical_voltages`, its sign turned: a
    voltage in whose direction the torque empties the state.
    """
    law = fit.law
    assert isinstance(law, CardLaw)
    found = [
        _derived(fit, "stability factor", "E_b/k_BT", "", "", _stability_factor),
        _plain(fit, "offset", "offset field", "H_s", "A/m", "Oe"),
        _derived(fit, "slope", "w", "m/A", "1/Oe", _slope) if "width" in fit.freed else None,
        _plain(fit, "vcma", "VCMA coefficient", "ξ", "J/(V m)", "fJ/(V m)"),
        _plain(fit, "torque", "damping-like torque", "h_DL", "A/m/V", "mT/V"),
    ]
    if fit.seen("torque"):
        found += _critical_voltages(fit)
    found.append(_plain(fit, "heat", "thermal resistance", "R_th", "K/W", "K/mW"))
    known = {p.name: p.known for p in law.parameters}.get("attempt")
    if known and "attempt" in fit.freed and fit.error("attempt") < BETTER * known:
        log = normal_estimate("", "", fit.values["attempt"], fit.error("attempt"))
        found.append(attempt_time_estimate(log))
    return tuple(e for e in found if e is not None)


def _plain(
    fit: JointFit, name: str, words: str, symbol: str, unit: str, display: str
) -> Estimate | None:
    if name not in fit.freed:
        return None
    value, half = fit.values[name], fit.quantile * fit.error(name)
    return Estimate(
        words, symbol, value, fit.error(name), (value - half, value + half), unit, display
    )


def _derived(
    fit: JointFit,
    words: str,
    symbol: str,
    unit: str,
    display: str,
    of: Callable[[DeviceCard, float], float],
) -> Estimate | None:
    """Return what follows from the barrier and w, by first order in their errors."""
    law = fit.law
    assert isinstance(law, CardLaw)
    names = [name for name in ("barrier", "width") if name in fit.freed]
    if not names:
        return None
    value = of(law.device(fit.values), law.reference)
    gradient = np.zeros(len(fit.freed))
    for name in names:
        step = STEP * fit.error(name)
        moved = {**fit.values, name: fit.values[name] + step}
        gradient[fit.freed.index(name)] = (of(law.device(moved), law.reference) - value) / step
    error = math.sqrt(gradient @ fit.covariance @ gradient)
    half = fit.quantile * error
    return Estimate(words, symbol, value, error, (value - half, value + half), unit, display)


def _stability_factor(card: DeviceCard, temperature: float) -> float:
    return float(vcma_point(card, 0.0, temperature).stability_factor)


def _slope(card: DeviceCard, temperature: float) -> float:
    return float(vcma_point(card, 0.0, temperature).slope)


def _critical_voltages(fit: JointFit) -> list[Estimate]:
    """Return V_c of both states, inverse in the torque; one it hardly acts on is left out."""
    law = fit.law
    assert isinstance(law, CardLaw)
    torque, half = fit.values["torque"], fit.quantile * fit.error("torque")
    relative = fit.error("torque") / abs(torque)
    found = []
    both = critical_voltages(with_torque(law.device(fit.values), torque))
    for state, volts in zip(("high", "low"), both, strict=True):
        if abs(volts) > FAR * min(map(abs, both)):
            continue
        ends = sorted(-volts * torque / end for end in (torque - half, torque + half))
        interval = (ends[0], ends[1]) if abs(torque) > half else (-math.inf, math.inf)
        found.append(
            Estimate(
                f"critical voltage, {state}", f"V_c,{state}", -volts, relative * abs(volts),
                interval, "V", "mV",
            )
        )  # fmt: skip
    return found
