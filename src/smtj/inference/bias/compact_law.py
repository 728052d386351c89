"""The compact law of dwell times under bias, without a card.

    ln τ_high,low = ln τ0 + Δ (T_0/T_s) [c (1 ± h/c)² ∓ g± x/x_c],   T_s = T + R_th x_s²/R_s

x is the voltage, or the current where no resistances are known.  κ is the linear VCMA, c = 1 - κ x,
which lowers the anisotropy field as well as the barrier.  1/x_c is the spin torque, which moves
both barriers against each other (D. M. Apalkov and P. B. Visscher, Phys. Rev. B 72, 180405 (2005),
doi:10.1103/PhysRevB.72.180405), and Joule's heat lowers both, whatever the sign.  One field and one
temperature give ln τ0 + Δ alone: τ0 is then known beforehand.

In a field, forms of the law differ: the torque's g± is (1 ± h)² with one x_c for both states, or
1 ± h where x_c grows with the field that holds a state; along the normal the torque is a field,
c (1 ± (h - x/2x_c)/c)²; and the anisotropy field may be held, as in Eq. 5 of the paper, so that h
stays h.  What one form calls a second cause, another has from the first alone, so a cause is called
seen only where every form that fits needs it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from smtj.errors import SmtjError
from smtj.inference.bias.conditions import BiasConditions
from smtj.inference.bias.joint import JointFit, Parameter
from smtj.inference.bias.observed import DwellTimes, Observed
from smtj.inference.stats.estimate import (
    DECADE,
    Estimate,
    attempt_time_estimate,
    normal_estimate,
)
from smtj.typing import Floats

LOG_ATTEMPT_TIME = math.log(1e-9)
"""ln(τ0/s) that is assumed, within a decade."""
BETTER = 0.7
"""Fraction of its error beforehand below which τ0 counts as determined by the data."""
MAX_LOST = 0.8
"""Of the barrier, lost to VCMA, in the start of a search."""
TORQUES = ("one V_c", "V_c in the field", "a field")
"""Forms of the torque: one critical voltage, one that grows with the field on a state, a field."""
_STATES = np.array([1.0, -1.0])


@dataclass(frozen=True, eq=False)
class CompactLaw:
    """The compact law under given conditions."""

    conditions: BiasConditions
    drive: Floats
    """x of each state, shape (n, 2)."""
    heat: Floats
    """x²/R of each state in W, or x² where no resistance is known, shape (n, 2)."""
    unit: str
    """Of x."""
    field: Floats | None
    """The field in A/m if it varies, shape (n,)."""
    start: Mapping[str, float]
    torque: str = TORQUES[0]
    """Its form, one of :data:`TORQUES`."""
    held: bool = False
    """Whether VCMA leaves the anisotropy field as it is."""

    @property
    def rivals(self) -> "tuple[CompactLaw, ...]":
        """The other forms of the law."""
        every = [replace(self, torque=t, held=held) for held in (False, True) for t in TORQUES]
        return tuple(law for law in every if (law.torque, law.held) != (self.torque, self.held))

    @property
    def form(self) -> str:
        """What is special about this form, in words."""
        said = {
            TORQUES[0]: "one V_c of both states",
            TORQUES[1]: "a V_c of each state that grows with the field on it",
            TORQUES[2]: "a torque that acts as a field, as along the normal",
        }[self.torque]
        return f"{said} and an anisotropy field that VCMA {'leaves' if self.held else 'lowers'}"

    @property
    def reference(self) -> float:
        """The temperature of Δ in K."""
        return float(np.median(self.conditions.temperature))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """ln τ0, Δ, the field, κ, 1/x_c and R_th."""
        s, most = self.start, float(np.abs(self.drive).max())
        hot = 0.05 * self.reference / float(self.heat.max())
        found = [
            Parameter(
                "attempt",
                "the attempt time",
                LOG_ATTEMPT_TIME,
                LOG_ATTEMPT_TIME,
                1.0,
                DECADE,
                given=self.field is None and not self.conditions.several_temperatures,
            ),
            Parameter("barrier", "the barrier", s["barrier"], s["barrier"], 1.0),
        ]
        if self.field is None:
            found.append(Parameter("offset", "the asymmetry", s["offset"], s["offset"], 0.05))
        else:
            reach, per = float(np.ptp(self.field)), 0.1 / float(np.ptp(self.field))
            found += [
                Parameter("offset", "the offset field", s["offset"], s["offset"], 0.1 * reach),
                Parameter("inverse", "the anisotropy field", s["inverse"], s["inverse"], per),
            ]
        return (
            *found,
            Parameter("vcma", "VCMA", s["vcma"], 0.0, 0.1 / most, cause=True),
            Parameter("torque", "spin torque", s["torque"], 0.0, 0.1 / most, cause=True),
            Parameter("heat", "heating", s["heat"], 0.0, hot, cause=True),
        )

    def log_times(self, values: Mapping[str, float]) -> Floats:
        """Return ln(τ/s) of the high and the low state, shape (n, 2)."""
        h = np.full(len(self.drive), values["offset"])
        if self.field is not None:
            h = (self.field - values["offset"]) * values["inverse"]
        hot = self.conditions.temperature[:, None] + values["heat"] * self.heat
        if not (hot > 0).all():
            return np.full(self.drive.shape, np.nan)
        left = 1 - values["vcma"] * self.drive
        if not (left > 0).all():
            return np.full(self.drive.shape, np.nan)
        pushed = _STATES * values["torque"] * self.drive
        along = _STATES * h[:, None]
        softer = 1.0 if self.held else left
        if self.torque == TORQUES[2]:
            well = left * (1 + (along - pushed / 2) / softer) ** 2
        else:
            well = left * (1 + along / softer) ** 2
            well -= pushed * (1 + along) ** (2 if self.torque == TORQUES[0] else 1)
        return np.asarray(values["attempt"] + values["barrier"] * self.reference / hot * well)

    def refreshed(self, values: Mapping[str, float], tolerance: float) -> "CompactLaw":
        """Return itself: it has no corrections."""
        return self


def compact_law(conditions: BiasConditions, observed: Observed) -> CompactLaw:
    """Return the compact law for dwell times of both states, with a start for its search.

    Raises SmtjError if the data are counts, which say nothing of ln τ0 + Δ, or the times are
    shorter than the attempt time.
    """
    if not isinstance(observed, DwellTimes):
        raise SmtjError("without a card, P(high) gives no barrier; name the card by base= (--base)")
    drive = np.repeat(conditions.bias[:, None], 2, axis=1)
    unit, ohm = conditions.unit, conditions.resistance
    if ohm is not None and conditions.kind == "current":
        drive, unit = drive * ohm, "V"
    heat = drive**2 if ohm is None else drive**2 / ohm
    fields = (conditions.field_out_of_plane, conditions.field_in_plane)
    varied = [field for field in fields if np.ptp(field) > 1e-9 * float(np.abs(field).max())]
    if len(varied) > 1:
        raise SmtjError("both components of the field vary; without a card, vary one of them")
    field = varied[0] if varied else None
    start = _start(conditions, observed.log_times, drive, heat, field)
    return CompactLaw(conditions, drive, heat, unit, field, start)


def _start(
    conditions: BiasConditions, logs: Floats, drive: Floats, heat: Floats, field: Floats | None
) -> dict[str, float]:
    """Return the straight lines of the law's first order."""
    t = float(np.median(conditions.temperature))
    sign = np.broadcast_to(_STATES, drive.shape)
    columns = [np.ones(drive.shape), sign, drive, sign * drive, heat]
    if field is not None:
        columns.append(sign * field[:, None])
    design = np.stack([column.ravel() for column in columns], axis=1)
    lengths = np.maximum(np.linalg.norm(design, axis=0), 1e-300)
    # Weak directions are left at 0: the fit decides on them.
    found = np.linalg.pinv(design / lengths, rcond=1e-3) @ logs.ravel() / lengths
    delta = float(found[0]) - LOG_ATTEMPT_TIME
    if not delta > 1:
        raise SmtjError(
            f"dwell times of {math.exp(float(found[0])):.3g} s are no longer than the attempt time "
            "of 1 ns that is assumed, so there is no barrier"
        )
    start = {
        "barrier": delta,
        "offset": float(found[1]) / (2 * delta),
        "vcma": -float(found[2]) / delta,
        "torque": -float(found[3]) / delta,
        "heat": -float(found[4]) * t / delta,
    }
    if field is not None:
        start["inverse"] = float(found[5]) / (2 * delta)
        start["offset"] = -float(found[1] / found[5]) if found[5] else 0.0
    # A start without a barrier, or too hot or too cold, has no value.
    lost = MAX_LOST / float(np.abs(drive).max())
    start["vcma"] = min(max(start["vcma"], -lost), lost)
    most = 0.2 * t / float(heat.max())
    start["heat"] = min(max(start["heat"], -most), most)
    return start


def compact_estimates(fit: JointFit) -> tuple[Estimate, ...]:
    """Return the fitted numbers of the compact law in SI units."""
    law = fit.law
    assert isinstance(law, CompactLaw)
    x = law.unit
    shown = {"V": "V", "A": "A"}[x]
    found = []

    def add(name: str, words: str, symbol: str, unit: str, display: str, factor: float = 1) -> None:
        if name in fit.freed:
            value, error = factor * fit.values[name], factor * fit.error(name)
            half = fit.quantile * error
            found.append(
                Estimate(words, symbol, value, error, (value - half, value + half), unit, display)
            )

    add("barrier", "stability factor", "E_b/k_BT", "", "")
    if law.field is None:
        add("offset", "reduced field", "h", "", "")
    else:
        add("offset", "offset field", "H_s", "A/m", "Oe")
        found += _anisotropy_field(fit)
    add("vcma", "barrier lost to VCMA", "κ", f"1/{x}", f"1/{shown}")
    add("torque", "spin torque", f"1/{x}_c".replace("A_c", "I_c"), f"1/{x}", f"1/{shown}")
    if fit.seen("torque"):
        letter = "V_c" if x == "V" else "I_c"
        name = f"critical {'voltage' if x == 'V' else 'current'}"
        found.append(_inverse(fit, "torque", name, letter, x, "mV" if x == "V" else "uA"))
    if law.conditions.resistance is not None:
        add("heat", "thermal resistance", "R_th", "K/W", "K/mW")
    else:
        add("heat", "heating", "R_th", f"K/{x}^2", f"K/{x}^2")
    if "attempt" in fit.freed and fit.error("attempt") < BETTER * DECADE:
        value = normal_estimate("", "", fit.values["attempt"], fit.error("attempt"))
        found.append(attempt_time_estimate(value))
    return tuple(found)


def _anisotropy_field(fit: JointFit) -> list[Estimate]:
    if "inverse" not in fit.freed or not abs(fit.values["inverse"]) > 2 * fit.error("inverse"):
        return []
    return [_inverse(fit, "inverse", "effective field", "H_k,eff", "A/m", "Oe")]


def _inverse(
    fit: JointFit, name: str, words: str, symbol: str, unit: str, display: str
) -> Estimate:
    """Return the inverse of a parameter that differs from 0, its interval that of the parameter."""
    value, error = fit.values[name], fit.error(name)
    half = fit.quantile * error
    ends = sorted((1 / (value - half), 1 / (value + half)))
    interval = (ends[0], ends[1]) if abs(value) > half else (-math.inf, math.inf)
    return Estimate(words, symbol, 1 / value, error / value**2, interval, unit, display)
