"""The audit: every number the paper states or implies, beside ours."""

import math

import numpy as np

from smtj.card import CardLike, DeviceCard, as_device
from smtj.errors import SmtjError
from smtj.paper import fig5a, fig5b, findings
from smtj.paper.fig3a import CLASSES, HIDDEN, SIDE
from smtj.paper.findings import wells
from smtj.paper.spectra import resonances
from smtj.paper.texts import check, stated, triple
from smtj.physics.constants import BOLTZMANN
from smtj.physics.device import vcma_point
from smtj.physics.free_layer import anisotropy_terms, factors
from smtj.physics.junction import parallel_resistance
from smtj.physics.magnetics import anisotropy
from smtj.report.figure import Check
from smtj.units import Oe, convert, format_scaled, ms, mT, mV, nm, parse_quantity

MAX_TELEGRAPHIC = 25.0
"""Δ beyond which τ0 exp(Δ) exceeds a minute at τ0 = 1 ns."""
WIRE = 100 * nm
"""Distance from the middle of a wire to the junction, about the smallest practical."""


def audit_rows(card: CardLike) -> list[Check]:
    """Put every number that the paper states or implies beside ours, computed from a card.

    Parameters
    ----------
    card
        The device; the paper's is ``cai2019``.

    Returns
    -------
    list of Check
        In the order of the paper: the device and its measurement, Eq. 1 to 6 and what they give,
        Fig. 5, and the network.  What is not tested says why.
    """
    card = as_device(card)
    return [*device_rows(card), *switching_rows(card), *spectrum_rows(card), *network_rows(card)]


def device_rows(card: DeviceCard) -> list[Check]:
    """Return the rows of Sec. II and the first half of Sec. III: the device and its measurement."""
    return [*_stack(card), *_resistance(card), *_tilt(card), *_reading(card)]


def _stack(card: DeviceCard) -> list[Check]:
    geometry, volume = card.geometry, findings.volume(card)
    xi = parse_quantity("26 fJ/(V m)", "J/(V m)")
    thin, thick = (
        findings.magnetisation_for(card, xi, t) / 1e6
        for t in (geometry.free_layer_thickness, 2.4e-9)
    )
    area = 1e18 * volume / geometry.free_layer_thickness
    return [
        stated("audit.free_thickness", geometry.free_layer_thickness, "m"),
        stated("audit.oxide_thickness", geometry.tunnel_barrier_thickness, "m"),
        check("audit.which_layer", "not supported", thin=thin, thick=thick),
        check("audit.other_layers", "not tested"),
        stated("audit.length", geometry.length, "m"),
        stated("audit.width", geometry.width, "m"),
        check("audit.volume", "consistent", area=area, volume=1e27 * volume),
    ]


def _resistance(card: DeviceCard) -> list[Check]:
    low, high = (
        math.sin(max(wells(card, sign * 650 * Oe), key=lambda t: sign * math.sin(t)))
        for sign in (-1, 1)
    )
    source = card.electrical.parallel_resistance or card.electrical.resistance_area_product
    return [
        check(
            "audit.gradual",
            "consistent" if low < -0.7 and high > 0.7 else "differs",
            low=low,
            high=high,
        ),
        check(
            "audit.bias_current",
            "not tested",
            millivolts=parallel_resistance(card) * 10e-6 / mV,
            provenance="assumed" if source is None else source.provenance,
        ),
    ]


def _tilt(card: DeviceCard) -> list[Check]:
    upright = wells(card.replace({"magnetism.easy_axis_tilt": 0.0}))
    both = sorted(wells(card), key=math.cos, reverse=True)
    coupling, contrast = (abs(math.sin(w[0]) - math.sin(w[-1])) for w in (upright, both))
    return [
        stated("audit.tilt", card.magnetism.easy_axis_tilt, "rad"),
        check(
            "audit.tilt_by_field",
            "assumed",
            implied=56 * math.sin(parse_quantity("9 deg", "rad")),
            own=card.magnetism.in_plane_bias_field / mT,
        ),
        check(
            "audit.coupling",
            "not supported" if coupling < 0.01 else "consistent",
            coupling=coupling,
            contrast=contrast,
            angles=" and ".join(f"{math.degrees(t):.0f}°" for t in both),
            percent=50 * contrast,
        ),
    ]


def _reading(card: DeviceCard) -> list[Check]:
    interval, voltage = 0.12, card.electrical.read_voltage
    point, moved = vcma_point(card), vcma_point(card, voltage)
    tau = float(point.dwell_times(point.offset_field)[0])
    high, low = (format_scaled(float(t), "s") for t in point.dwell_times(0.0))
    shift = float(moved.stability_factor - point.stability_factor)
    delta, with_field = (
        findings.whole_ellipse_stability(card, bias_field=applied) for applied in (False, True)
    )
    own = float(card.geometry.activation_volume)
    decade, kt = math.log(10), BOLTZMANN * float(card.thermal.temperature)
    return [
        stated("audit.read_voltage", voltage, "V"),
        check("audit.disturbance", "agrees" if abs(shift) < 0.1 else "differs", shift=shift),
        check("audit.steps", "consistent"),
        stated("audit.interval", card.switching.sampling_interval, "s", "consistent"),
        check(
            "audit.resolved",
            "consistent" if 0.1 < tau / interval < 100 else "differs",
            tau=format_scaled(tau, "s"),
            high=high,
            low=low,
        ),
        check("audit.trace", "consistent"),
        stated(
            "audit.attempt_time",
            card.thermal.attempt_time,
            "s",
            decade=decade,
            zeptojoule=decade * kt * 1e21,
        ),
        check(
            "audit.superparamagnetic",
            "not supported" if with_field > MAX_TELEGRAPHIC else "agrees",
            delta=delta,
            with_field=with_field,
        ),
        check(
            "audit.activation_volume",
            "assumed",
            volume=1e27 * own,
            fraction=own / findings.volume(card),
        ),
    ]


def switching_rows(card: DeviceCard) -> list[Check]:
    """Return the rows of Eq. 1 to 6: barrier, dwell times, slope, and their bias dependence."""
    return [*_eq_1(card), *_eq_2_to_4(card), *_eq_5(card), *_eq_6(card), *_fig_4(card)]


def _eq_1(card: DeviceCard) -> list[Check]:
    point, thickness = vcma_point(card), card.geometry.free_layer_thickness
    shape, perpendicular, demagnetising = (float(k) for k in anisotropy_terms(card))
    delta = float(point.stability_factor)
    more = findings.stability_with_more_anisotropy(card, 0.01)
    own, gone = thickness / nm, findings.thickness_without_barrier(card) / nm
    areal = 1e3 * perpendicular * thickness
    return [
        check(
            "audit.eq_1",
            "consistent" if 0.5 < areal < 2.5 else "differs",
            shape=shape / 1e3,
            perpendicular=perpendicular / 1e3,
            demagnetising=demagnetising / 1e3,
            effective=float(point.energy_density) / 1e3,
            areal=areal,
        ),
        check(
            "audit.small_shape",
            "agrees" if demagnetising > 10 * shape else "differs",
            ratio=demagnetising / shape,
        ),
        check(
            "audit.more_anisotropy",
            "not supported" if more > delta else "agrees",
            delta=delta,
            more=more,
        ),
        check(
            "audit.thickness", "agrees" if own < gone < 1.2 * own else "differs", own=own, gone=gone
        ),
    ]


def _eq_2_to_4(card: DeviceCard) -> list[Check]:
    point, eq_5 = vcma_point(card), findings.eq_5(card)
    p = float(point.switching_probability(0.0))
    return [
        check("audit.swapped", "not supported", p=p, opposite=1 - p),
        check("audit.eq_5", "agrees" if eq_5.inside < 1e-12 else "differs", inside=eq_5.inside),
        check(
            "audit.beyond",
            "differs",
            printed=eq_5.printed_beyond,
            limited=abs(eq_5.ours_beyond),
            delta=float(point.stability_factor),
        ),
    ]


def _eq_5(card: DeviceCard) -> list[Check]:
    consistent = findings.slopes(card, "self-consistent")
    upright = findings.slopes(card.replace({"magnetism.easy_axis_tilt": 0.0}), "self-consistent")
    given = card.switching.effective_anisotropy_field
    offset = float(vcma_point(card).offset_field) / Oe
    change = float(np.ptp(consistent) / consistent.mean())
    rows = []
    if given is not None:
        printed = triple(findings.slopes(card, "cai2019"))
        rows = [
            check("audit.effective_field", "assumed", field=given / Oe),
            check("audit.printed_slope", "assumed", slopes=printed),
        ]
    return [
        *rows,
        check(
            "audit.weight",
            "not supported" if change < 0.1 else "consistent",
            slopes=triple(consistent),
            upright=triple(upright),
            percent=100 * change,
        ),
        check("audit.offset", "consistent" if abs(offset) < 50 else "differs", offset=offset),
    ]


def _eq_6(card: DeviceCard) -> list[Check]:
    point, eq_6 = vcma_point(card), findings.eq_6(card)
    delta = vcma_point(card, findings.VOLTAGES).stability_factor
    k_eff, m_s = float(point.energy_density), float(point.saturation_magnetisation)
    h_k1 = float(anisotropy.anisotropy_field(k_eff, m_s))
    dwell_times = [format_scaled(float(t), "s") for t in findings.midpoint_dwell_times(card)]
    return [
        stated("audit.anisotropy_field", h_k1, "A/m", effective=k_eff / 1e3),
        stated("audit.modulation", findings.field_per_volt(card), "A/m/V"),
        stated("audit.coefficient", findings.implied_coefficient(card), "J/(V m)", "consistent"),
        check("audit.magnetisation", "assumed", m_s=m_s / 1e6, tesla=convert(m_s, "A/m", "T")),
        check(
            "audit.eq_6",
            "agrees" if eq_6.inside < 1e-9 else "differs",
            inside=eq_6.inside,
            beyond=eq_6.printed_beyond,
        ),
        check(
            "audit.nonlinear_term",
            "agrees" if eq_6.nonlinear_term < 0.1 else "differs",
            ratio=eq_6.nonlinear_term,
        ),
        check("audit.barrier", "assumed", barriers=triple(delta)),
        check(
            "audit.rate",
            "consistent" if delta[0] > delta[-1] else "differs",
            tau=" / ".join(dwell_times),
            interval=card.switching.sampling_interval / ms,
        ),
    ]


def _fig_4(card: DeviceCard) -> list[Check]:
    now, visible = findings.curvature(card), findings.VISIBLE_CURVATURE
    needed, strong = (
        findings.bias_field_for_curvature(card, times * visible) / mT for times in (1, 2)
    )
    reach = card.switching.voltage_limit / mV
    return [
        check(
            "audit.nonlinear",
            "not supported" if now < visible else "consistent",
            own=card.magnetism.in_plane_bias_field / mT,
            now=100 * now,
            visible=100 * visible,
            twice=200 * visible,
            needed=needed,
            strong=strong,
        ),
        check(
            "audit.voltage_range",
            "assumed" if math.isclose(reach, 200, rel_tol=0.02) else "differs",
            reach=reach,
        ),
        check("audit.fig4", "consistent"),
    ]


def spectrum_rows(card: DeviceCard) -> list[Check]:
    """Return the rows of Fig. 5, whose numbers come from fits of virtual spectra."""
    try:
        found = resonances(card)
    except SmtjError as error:
        rows = [check("audit.no_lines", "not tested", error=error)]
    else:
        rows = [*fig5a.checks(found.at_one_field), *fig5b.checks(card, found)]
    m_s = float(card.magnetism.saturation_magnetisation)
    middle = anisotropy.anisotropy_field(vcma_point(card).energy_density, m_s)
    zero, demagnetising = float(middle) / mT, float(factors(card)[2]) * m_s / mT
    return [
        *rows,
        check(
            "audit.compensated",
            "agrees" if abs(zero) < 0.1 * demagnetising else "differs",
            zero=zero,
            demagnetising=demagnetising,
            percent=100 * zero / demagnetising,
        ),
        check("audit.spacing", "not tested"),
    ]


def network_rows(card: DeviceCard) -> list[Check]:
    """Return the rows of the network, and of energy and other systems."""
    pixels, slope = SIDE * SIDE, abs(float(vcma_point(card).slope))
    field, needed = findings.oersted_field(card, WIRE), 1 / slope if slope else math.inf
    power = float(card.electrical.read_voltage) ** 2 / parallel_resistance(card)
    return [
        check("audit.inputs", "agrees" if pixels == 784 else "differs", side=SIDE, pixels=pixels),
        check(
            "audit.layers",
            "assumed",
            hidden=HIDDEN,
            classes=CLASSES,
            weights=pixels * HIDDEN + HIDDEN * CLASSES,
        ),
        check("audit.training", "assumed"),
        check("audit.recognition", "not tested"),
        check(
            "audit.drive",
            "not tested",
            field=field / Oe,
            nanometres=WIRE / nm,
            needed=needed / Oe,
            gain=needed / field,
        ),
        check(
            "audit.energy",
            "not tested",
            nanowatt=1e9 * power,
            picojoule=1e12 * power * float(card.switching.integration_time),
        ),
        check("audit.other_systems", "not tested"),
        check("audit.temperature", "assumed", kelvin=card.thermal.temperature),
    ]
