"""H_K1, H_K2 and damping of a device at each bias voltage, from the lines of its spectra."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from smtj.analysis.context import Context
from smtj.analysis.resonance.drive import DriveEffect, Layer, can_lean, drive_effect, leans_of
from smtj.analysis.resonance.lines import Lines, MeasuredLine
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.resonance import SpectrumFit, fit_spectrum
from smtj.inference.resonance.coefficients import damping_estimates
from smtj.inference.resonance.wells.from_lines import (
    Points,
    axis_of,
    fit_points,
    starting_fields,
)
from smtj.inference.resonance.wells.from_spectra import (
    REACH,
    SpectraFit,
    fit_spectra_of_wells,
)
from smtj.inference.resonance.wells.model import EQ_7, FixedFields, well_resonances
from smtj.inference.resonance.wells.projection import WellSpectrum
from smtj.inference.resonance.wells.result import AnisotropyFit
from smtj.inference.stats.distributions import chi_squared_p_value
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.stats.least_squares import UNLIKELY
from smtj.measurement import Sweep
from smtj.physics.free_layer import macrospin, reference_direction
from smtj.physics.junction import with_stray_field
from smtj.physics.resonance.spectrum import well_lines
from smtj.typing import Floats

ROUNDS = 4
"""Rounds in which the small corrections of line frequencies follow the fit."""
NEAR = 0.1
"""Half widths by which two lines must differ to count as two."""
_STEP = 1e-4
ASYMMETRIES = ("in_plane_anisotropy_field", "in_plane_bias_field", "easy_axis_tilt")
"""Of a card's magnetism: with them at 0 the device is that of Eq. 7."""
REFERENCES = ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
"""Directions of the reference layer of a device without a card: along the normal, in the plane."""
DRIVE_ROUNDS = 4
"""Fits of a strong drive: each takes heights and anisotropy fields from that before."""
NOT_THE_CARD = (
    "no H_K1 and H_K2 fit with the card's tilt and in-plane fields; Eq. (7) fits without them, "
    "so they are taken to be 0"
)
OTHER_DIRECTION = (
    "the file does not state the direction of its field: along the normal no fit is possible, so "
    "it is taken to lie in the plane; name its column field_in_plane by columns= (--column) if so"
)


@dataclass(frozen=True, eq=False)
class LinesAsPoints:
    """Lines as points in frequency, whatever was swept; shape (lines,), in Hz."""

    points: Points
    """Without the shift by damping."""
    half_width: Floats
    half_width_error: Floats
    trace: Floats
    """(μ0 γ/2π) tr A of the model, the factor from damping to width."""

    def alpha(self, otherwise: float) -> float:
        """Return the damping that would explain the widths alone, roughly.

        ``otherwise`` is returned where the model has no width.
        """
        seen = self.trace > 0
        if not seen.any():
            return otherwise
        weight = (self.trace[seen] / self.half_width_error[seen]) ** 2
        return float(np.average(2 * self.half_width[seen] / self.trace[seen], weights=weight))


@dataclass(frozen=True, eq=False)
class AtVoltage:
    """The fits of the spectra at one bias voltage."""

    voltage: float
    """In V."""
    lines: tuple[MeasuredLine, ...]
    field_x: Floats
    """H_∥ in A/m at each line, any stray field of the card included."""
    field_z: Floats
    """Likewise H_⊥."""
    fixed: FixedFields
    """What the general resonance takes from the card."""
    points: LinesAsPoints
    """The lines as they were fitted."""
    single_points: LinesAsPoints
    single: AnisotropyFit
    """Eq. 7 as printed, with one line per spectrum, and the lines as fitted by it."""
    general: AnisotropyFit
    """The general resonance; identical to :attr:`single` if that is exact."""
    whole: SpectraFit | None
    """The fit of whole spectra by both wells, if there was one."""
    damping: tuple[Estimate, ...]
    """α and, if it can be determined, the width that α does not explain."""
    damping_remarks: tuple[str, ...]
    drive_changes: tuple[tuple[float, float], ...] = ()
    """Of H_K1 and H_K2 in A/m with what is uncertain of the drive, the same for all voltages: part
    of the covariance of :attr:`general`."""

    @property
    def fits(self) -> bool:
        """Whether the general resonance is consistent with the data."""
        return not self.general.p_value < UNLIKELY


def at_voltages(lines: Lines, context: Context, direction_stated: bool = True) -> list[AtVoltage]:
    """Fit the resonance at each bias voltage.

    Eq. 7 holds for an axis along the normal and a card without field or anisotropy in the plane.
    For any other card the general resonance is fitted: to whole spectra if they are swept in
    frequency, as the lines of both wells overlap there, and to single lines if swept in field.
    Where that does not fit and Eq. 7 does, the device is not that of the card, and Eq. 7 counts.

    The card supplies what the resonance depends on besides H_K1 and H_K2, and starting values.  If
    the direction of the field is not stated, and none fits, the other direction is tried.
    """
    found = _fits(lines, context)
    if direction_stated or all(at.fits for at in found):
        return found
    other = _fits(turned(lines), context)
    if not all(at.fits for at in other):
        return found
    return [replace(at, general=_with_remark(at.general, OTHER_DIRECTION)) for at in other]


def turned(lines: Lines) -> Lines:
    """Return lines with fields along the normal taken for fields in the plane, and reversed."""
    return replace(lines, every=tuple(replace(e, sweep=_turned(e.sweep)) for e in lines.every))


def _turned(sweep: Sweep) -> Sweep:
    swapped = {"field_in_plane": "field_out_of_plane", "field_out_of_plane": "field_in_plane"}
    normal, plane = sweep.static_field
    return replace(
        sweep,
        conditions={swapped.get(name, name): value for name, value in sweep.conditions.items()},
        direction=None if sweep.direction is None else (sweep.direction[1], sweep.direction[0]),
        static_field=(plane, normal),
    )


def _with_remark(fit: AnisotropyFit, *remarks: str) -> AnisotropyFit:
    return replace(fit, remarks=(*fit.remarks, *remarks))


def _fits(lines: Lines, context: Context) -> list[AtVoltage]:
    """Return the fits by rising voltage."""
    usable = lines.usable
    if not usable:
        reasons = lines.every[0].fit.remarks or ("measure more",)
        raise SmtjError(f"no spectrum shows a line that a fit can use; {reasons[0]}")
    card = context.card if context.has_base else _upright(context.card)
    given = context.conditions
    own = given.get("temperature", float(card.thermal.temperature))
    temperatures = {line.condition("temperature", own) for line in usable}
    if len(temperatures) > 1:
        raise SmtjError("spectra were taken at several temperatures; fit one at a time")
    temperature = temperatures.pop()
    voltage = given.get("voltage", 0.0)
    by_voltage: dict[float, list[MeasuredLine]] = {}
    for line in usable:
        by_voltage.setdefault(line.condition("voltage", voltage), []).append(line)
    voltages = sorted(by_voltage)
    whole = lines.swept == "frequency"

    def at(voltage: float, some: Sequence[MeasuredLine], offset: float = 0.0) -> AtVoltage:
        return _at(voltage, tuple(some), card, temperature, whole, offset)

    found = [at(v, by_voltage[v]) for v in voltages]
    offset, error = _shared_offset(found)
    without = {one.voltage for one in found if offset and not one.general.offset}

    def settled(voltage: float, some: Sequence[MeasuredLine]) -> AtVoltage:
        if voltage not in without:
            return at(voltage, some)
        return _with_offset(*(at(voltage, some, o) for o in (offset, offset + error)))

    found = [settled(one.voltage, one.lines) if one.voltage in without else one for one in found]
    general = any(at.whole is not None for at in found)
    if general and all(at.fits for at in found):
        return found
    effect = None
    if can_lean(usable):
        known = [reference_direction(card)] if context.has_base else REFERENCES
        layers, leaning = [_layer(at) for at in found], leans_of(usable)
        for _ in range(DRIVE_ROUNDS):
            effect = drive_effect(layers, known, leaning, effect)
            if effect is None:
                break
            undriven = [_undriven(effect, by_voltage[v]) for v in voltages]
            if general:
                found = [_printed(at, some, card) for at, some in zip(found, undriven, strict=True)]
            else:
                pairs = zip(voltages, undriven, strict=True)
                found = [settled(v, some) for v, some in pairs]
            if not effect.drive.is_strong:
                break
            layers = [_moved(layer, at) for layer, at in zip(layers, found, strict=True)]
    if not all(at.fits for at in found) and not any(at.single.p_value < UNLIKELY for at in found):
        found = [_by_eq_7(at) for at in found]
    if effect is None or any(at.whole is not None for at in found):
        return found
    alpha = float(card.magnetism.damping)
    return [
        _with_drive(at, effect, _settled(effect, by_voltage[at.voltage]), alpha) for at in found
    ]


def _shared_offset(found: Sequence[AtVoltage]) -> tuple[float, float]:
    """Return the offset of the field in A/m at the voltages where it was fitted, as all have one
    magnet, with its error; 0 where there is none, or where the voltages contradict each other."""
    pairs = np.array([one.general.offset for one in found if one.general.offset is not None])
    if not pairs.size:
        return 0.0, 0.0
    value, weight = pairs[:, 0], pairs[:, 1] ** -2.0
    mean = float(np.average(value, weights=weight))
    chi_squared = float(((value - mean) ** 2 * weight).sum())
    if len(pairs) > 1 and chi_squared_p_value(chi_squared, len(pairs) - 1) < UNLIKELY:
        return 0.0, 0.0
    return mean, float(weight.sum()) ** -0.5


def _with_offset(found: AtVoltage, moved: AtVoltage) -> AtVoltage:
    """Return a fit with the offset of other voltages, and what another one, moved by the error of
    that, adds to its errors."""
    change = np.array(_fields(moved.general)) - _fields(found.general)
    covariance = found.general.covariance + np.outer(change, change)
    return replace(found, general=replace(found.general, covariance=covariance))


def _upright(card: DeviceCard) -> DeviceCard:
    """Return a card of which only starting values are taken: the device's own is not known."""
    nothing = {f"magnetism.{name}": 0.0 for name in ASYMMETRIES}
    return card.replace({**nothing, "switching.offset_field": None})


def _layer(at: AtVoltage) -> Layer:
    """Return what a first fit says of the layer, by Eq. 7 where that of whole spectra failed."""
    if at.whole is None:
        return Layer(at.lines, at.field_x, at.field_z, *_fields(at.general), at.fixed)
    points = at.single_points.points
    return Layer(at.lines, points.field_x, points.field_z, *_fields(at.single), EQ_7)


def _moved(layer: Layer, at: AtVoltage) -> Layer:
    """Return the layer with the anisotropy fields of a later fit."""
    first, second = _fields(at.general if at.whole is None else at.single)
    return replace(layer, anisotropy_field=first, second_order_field=second)


def _printed(at: AtVoltage, lines: tuple[MeasuredLine, ...], card: DeviceCard) -> AtVoltage:
    """Return the fits with Eq. 7 fitted to other lines."""
    x, z = _fields_at(lines)
    alpha, start = float(card.magnetism.damping), _fields(at.single)
    single, points = _fit_points(lines, x, z, EQ_7, start[0], alpha)
    return replace(at, single=single, single_points=points)


def _undriven(effect: DriveEffect | None, lines: list[MeasuredLine]) -> tuple[MeasuredLine, ...]:
    if effect is None:
        return tuple(lines)
    return tuple(effect.undriven.get(id(line), line) for line in _settled(effect, lines))


def _settled(effect: DriveEffect, lines: list[MeasuredLine]) -> list[MeasuredLine]:
    """Return the lines that do not jump; all of them where all do."""
    return [line for line in lines if id(line) not in effect.jumping] or lines


def _with_drive(
    at: AtVoltage, effect: DriveEffect, lines: list[MeasuredLine], alpha: float
) -> AtVoltage:
    """Return fits whose errors include that of the drive."""
    start = _fields(at.general)
    covariance, changes = at.general.covariance, []
    for varied in effect.varied:
        moved = tuple(varied.get(id(line), line) for line in lines)
        near = start if at.general.separable else None
        other, _ = _fit_points(moved, at.field_x, at.field_z, at.fixed, start[0], alpha, near)
        if other.separable == at.general.separable:
            change = np.array(_fields(other)) - start
            covariance = covariance + np.outer(change, change)
            changes.append((float(change[0]), float(change[1])))
    general = replace(at.general, covariance=covariance)
    return replace(at, general=_with_remark(general, *effect.remarks), drive_changes=tuple(changes))


def _by_eq_7(at: AtVoltage) -> AtVoltage:
    """Return fits in which Eq. 7 as printed stands for the general resonance of the card."""
    points = at.single_points
    damping, remarks = damping_estimates(points.trace, points.half_width, points.half_width_error)
    return replace(
        at,
        field_x=points.points.field_x,
        field_z=points.points.field_z,
        fixed=EQ_7,
        points=points,
        general=_with_remark(at.single, NOT_THE_CARD),
        whole=None,
        damping=damping,
        damping_remarks=remarks,
    )


def _at(
    voltage: float,
    lines: tuple[MeasuredLine, ...],
    card: DeviceCard,
    temperature: float,
    whole_spectra: bool,
    offset: float,
) -> AtVoltage:
    """Fit the lines at a voltage; ``offset`` of the field in A/m is that of the other voltages."""
    fixed, near = _from_card(card, voltage, temperature)
    alpha = float(card.magnetism.damping)
    x, z = _fields_at(lines)
    axis = axis_of(x, z)
    if axis is not None:
        x, z = x - offset * axis[0], z - offset * axis[1]
    moved_x, moved_z = with_stray_field(card, x, z, voltage)
    general, points = _fit_points(lines, moved_x, moved_z, fixed, near, alpha)
    printed, printed_points, whole = general, points, None
    if not fixed.is_eq_7 or np.any(moved_x != x) or np.any(moved_z != z):
        # Nor is a general resonance that does not fit a useful start.
        start = None if general.p_value < UNLIKELY else _fields(general)
        printed, printed_points = _fit_points(lines, x, z, EQ_7, near, alpha, start)
    if whole_spectra and not fixed.is_eq_7:
        expected = _expected_heights(card, x, z, voltage, temperature)
        whole = _fit_whole(lines, points, expected, fixed, general, alpha)
        general = whole.anisotropy
    if whole is None:
        widths = (points.half_width, points.half_width_error)
        damping, remarks = damping_estimates(points.trace, *widths)
    else:
        alpha, error = general.damping, general.damping_error
        damping, remarks = (normal_estimate("Gilbert damping", "α", alpha, error),), ()
    fits = (points, printed_points, printed, general, whole)
    return AtVoltage(voltage, lines, moved_x, moved_z, fixed, *fits, damping, remarks)


def _from_card(card: DeviceCard, voltage: float, temperature: float) -> tuple[FixedFields, float]:
    """Return what a fit takes from the card, and the card's H_K1."""
    spin = macrospin(card, voltage, temperature)
    fixed = FixedFields(
        float(spin.in_plane_anisotropy_field),
        float(spin.in_plane_bias_field),
        float(spin.easy_axis_tilt),
    )
    return fixed, float(spin.anisotropy_field)


def _fields_at(lines: Sequence[MeasuredLine]) -> tuple[Floats, Floats]:
    """Return H_x and H_z in A/m at each line."""
    x, z = (np.array(entry) for entry in zip(*(line.field for line in lines), strict=True))
    return x, z


def _fit_points(
    lines: tuple[MeasuredLine, ...],
    x: Floats,
    z: Floats,
    fixed: FixedFields,
    near: float,
    alpha: float,
    start: tuple[float, float] | None = None,
) -> tuple[AnisotropyFit, LinesAsPoints]:
    """Fit single lines of the deepest well; near and alpha are the card's H_K1 and α."""
    first, second = (near, 0.0) if start is None else start
    for _ in range(ROUNDS):
        as_points = _as_points(lines, x, z, fixed, (first, second), alpha)
        fit = fit_points(as_points.points, fixed, near, start)
        first, second = _fields(fit)
        alpha = as_points.alpha(alpha)
        # The corrections of a line swept in frequency are too small to lead elsewhere.
        if fit.separable and lines[0].sweep.swept == "frequency":
            start = (first, second)
    return fit, as_points


def _as_points(
    lines: tuple[MeasuredLine, ...],
    x: Floats,
    z: Floats,
    fixed: FixedFields,
    fields: tuple[float, float],
    alpha: float,
) -> LinesAsPoints:
    """Return lines as points, widths and errors in field times the slope df/dH of the model."""
    found = well_resonances(*fields, fixed, x, z)
    one = [line.fit.lines[0] for line in lines]
    frequency = np.array([line.frequency for line in lines])
    slope = np.ones(x.size)
    if lines[0].sweep.swept == "field":
        along = np.array([line.sweep.direction for line in lines])
        step = _STEP * np.hypot(x, z)
        ends = [
            well_resonances(*fields, fixed, x + s * along[:, 1], z + s * along[:, 0])
            for s in (step, -step)
        ]
        up, down = (end.of_deepest(end.frequency) for end in ends)
        slope = np.abs(up - down) / (2 * step)
    else:
        # Eq. 7 gives the frequency without damping.
        frequency = frequency * math.sqrt(1 + alpha**2)
    return LinesAsPoints(
        Points(x, z, frequency, slope * np.array([line.position_error for line in one])),
        slope * np.array([line.half_width for line in one]),
        slope * np.array([line.half_width_error for line in one]),
        found.of_deepest(found.trace),
    )


def _expected_heights(
    card: DeviceCard, x: Floats, z: Floats, voltage: float, temperature: float
) -> Floats:
    """Return relative heights of the lines of both wells expected from the card; (lines, 2)."""
    found = well_lines(card, x, 0.0, z, voltage, temperature=temperature)
    parts = [found.symmetric.sum(axis=-1), found.antisymmetric.sum(axis=-1)]
    both = found.occupancy[..., None] * np.stack(parts, axis=-1)
    sign = np.where((both[:, 0] * both[:, 1]).sum(axis=-1) < 0, -1.0, 1.0)
    sizes = np.linalg.norm(both, axis=-1)
    return np.stack([sizes[:, 0], sign * sizes[:, 1]], axis=-1)


def _fit_whole(
    lines: tuple[MeasuredLine, ...],
    points: LinesAsPoints,
    expected: Floats,
    fixed: FixedFields,
    general: AnisotropyFit,
    alpha: float,
) -> SpectraFit:
    """Fit whole spectra, and again from other starting values if the fit is bad."""
    starts = [_fields(general), *starting_fields(points.points, fixed)]
    fit = _in_rounds(lines, points, expected, fixed, starts, alpha)
    if fit.anisotropy.p_value < UNLIKELY:
        starts = starting_fields(points.points, fixed, _fields(fit.anisotropy))
        other = _in_rounds(lines, points, expected, fixed, starts, alpha)
        fit = max(fit, other, key=lambda each: each.anisotropy.p_value)
    return fit


def _in_rounds(
    lines: tuple[MeasuredLine, ...],
    points: LinesAsPoints,
    expected: Floats,
    fixed: FixedFields,
    starts: list[tuple[float, float]],
    alpha: float,
) -> SpectraFit:
    """Fit whole spectra with the noise that one line leaves, then with that of two free lines.

    The residuals of a wrong model then exceed the noise.
    """
    x, z, alpha = points.points.field_x, points.points.field_z, points.alpha(alpha)
    noise = [_noise(line.fit) for line in lines]
    for reach in (REACH, 0.0):
        rows = zip(lines, noise, x, z, expected.tolist(), strict=True)
        spectra = [
            WellSpectrum(*_in_order(line), error, at_x, at_z, (up, down))
            for line, error, at_x, at_z, (up, down) in rows
        ]
        fit = fit_spectra_of_wells(spectra, fixed, starts, alpha, reach)
        if reach == 0:
            break
        noise = [_noise(_by_two_lines(line, fit, i)) for i, line in enumerate(lines)]
        starts, alpha = [_fields(fit.anisotropy)], fit.anisotropy.damping
    return fit


def _fields(fit: AnisotropyFit) -> tuple[float, float]:
    """Return H_K1 and H_K2 in A/m; if they are not separable, H_K1 for H_K2 = 0, and 0."""
    return fit.anisotropy_field, float(np.nan_to_num(fit.second_order_field))


def _in_order(line: MeasuredLine) -> tuple[Floats, Floats]:
    order = np.argsort(line.sweep.x)
    return line.sweep.x[order], line.signal[order]


def _noise(fit: SpectrumFit) -> float:
    """Return the standard error of a point in V, widened if points are correlated."""
    return fit.noise * math.sqrt(fit.inflation)


def _by_two_lines(line: MeasuredLine, found: SpectraFit, number: int) -> SpectrumFit:
    """Fit a spectrum by two lines, starting at both wells, or keep one if it leaves less noise."""
    wells = found.resonances
    half_width = found.anisotropy.damping * wells.trace[number] / 2
    up, down = zip(wells.frequency[number].tolist(), half_width.tolist(), strict=True)
    if not wells.exists[number].all() or abs(up[0] - down[0]) < NEAR * up[1]:
        return line.fit
    two = fit_spectrum(line.sweep.x, line.signal, line.fit.shape, lines=2, start=(up, down))
    return min((two, line.fit), key=lambda fit: fit.noise)
