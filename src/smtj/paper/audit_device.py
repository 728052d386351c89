"""Audit of Sec. II and the first half of Sec. III: the device and how it was measured."""

import math

from smtj.card import DeviceCard
from smtj.paper import findings
from smtj.paper.rows import not_tested, stated, time
from smtj.paper.wells import wells
from smtj.physics.constants import BOLTZMANN
from smtj.physics.device import operating_point
from smtj.physics.junction import parallel_resistance
from smtj.report.figure import Check
from smtj.units import convert, format_quantity, parse_quantity

_SAMPLES, _DURATION = 1000, "2 min"
_MAX_TELEGRAPHIC = 25.0
"""Δ beyond which τ0 exp(Δ) exceeds a minute at τ0 = 1 ns."""


def rows(card: DeviceCard) -> list[Check]:
    """Return the rows, in the paper's order."""
    return [*_stack(card), *_resistance(card), *_tilt(card), *_reading(card)]


def _stack(card: DeviceCard) -> list[Check]:
    geometry = card.geometry
    xi = parse_quantity("26 fJ/(V m)", "J/(V m)")
    thick = 2.4e-9
    needed = findings.magnetisation_for(card, xi, geometry.free_layer_thickness)
    other = findings.magnetisation_for(card, xi, thick)
    cell = findings.volume(card)
    area = cell / geometry.free_layer_thickness
    return [
        stated(
            "Thickness of the free layer, Co20Fe60B20",
            "1.62 nm",
            "Sec. II",
            geometry.free_layer_thickness,
            "m",
        ),
        stated(
            "Thickness of the MgO barrier",
            "0.8 nm",
            "Sec. II",
            geometry.tunnel_barrier_thickness,
            "m",
        ),
        Check(
            claim="The Co40Fe40B20 layer (2.4 nm) is the free layer",
            paper="«the thickness of the Co40Fe40B20 free layer», Sec. II",
            ours=(
                "the reference layer: Ru couples it to the pinned CoFe. 26 fJ/(V m) and 34 mT/V "
                f"need M_s = {needed / 1e6:.2f} MA/m with 1.62 nm, {other / 1e6:.2f} MA/m with "
                "2.4 nm"
            ),
            verdict="not supported",
            how=(
                "the listed order of the layers; ξ = ½ M_s (dμ0H_K1/dV) t t_MgO solved for M_s, "
                "of which the first is usual for CoFeB"
            ),
        ),
        not_tested(
            "Ru 0.85 nm, CoFe 2.3 nm, PtMn 15 nm; 2 h at 300 °C in 1 T",
            "Sec. II",
            "they fix the reference layer, which the model only takes as fixed; drawn in Fig. 1(a)",
        ),
        stated("Long axis of the ellipse", "210 nm", "Sec. II", geometry.length, "m"),
        stated("Short axis of the ellipse", "60 nm", "Sec. II", geometry.width, "m"),
        Check(
            claim="Area and volume of the free layer",
            paper="implied by 210 × 60 nm² and 1.62 nm",
            ours=f"{area * 1e18:,.0f} nm² and {cell * 1e27:,.0f} nm³",
            verdict="consistent",
            how="ellipse, π/4 times both axes",
        ),
    ]


def _resistance(card: DeviceCard) -> list[Check]:
    reach = convert(650, "Oe", "A/m")
    low, high = (
        max(wells(card, sign * reach), key=lambda t: sign * math.sin(t)) for sign in (-1, 1)
    )
    bias = parallel_resistance(card) * 10e-6
    source = card.electrical.parallel_resistance or card.electrical.resistance_area_product
    provenance = source.provenance if source is not None else "assumed"
    return [
        Check(
            claim="Fig. 1(b): R(H∥) rises gradually from −650 to +650 Oe",
            paper="Sec. III, no resistance given",
            ours=f"m_x goes from {math.sin(low):+.2f} to {math.sin(high):+.2f}; see the figure",
            verdict="consistent" if math.sin(low) < -0.7 and math.sin(high) > 0.7 else "differs",
            how="rest positions in the energy of Eq. (7); R_P and TMR are assumed",
        ),
        not_tested(
            "Fig. 1(b): bias current of 10 µA",
            "10 µA, Sec. III",
            "the text gives no resistance, so that its voltage is not known",
            f"{bias * 1e3:.3g} mV in the low state, with R_P {provenance}",
        ),
    ]


def _tilt(card: DeviceCard) -> list[Check]:
    field = float(card.magnetism.in_plane_bias_field)
    angle = parse_quantity("9 deg", "rad")
    h_k = convert(56, "mT", "A/m")
    implied = h_k * math.sin(angle)
    upright = wells(card.replace({"magnetism.easy_axis_tilt": 0.0}))
    both = sorted(wells(card), key=math.cos, reverse=True)
    coupling_alone = abs(math.sin(upright[0]) - math.sin(upright[-1]))
    contrast = abs(math.sin(both[0]) - math.sin(both[-1]))
    shown = " and ".join(f"{math.degrees(t):.0f}°" for t in both)
    return [
        stated(
            "Tilt at zero field, read as that of the easy axis",
            "9 deg",
            "Sec. III",
            card.magnetism.easy_axis_tilt,
            "rad",
            how="one of two readings of one number; the card's choice",
        ),
        Check(
            claim="The same 9°, read as the effect of an in-plane field",
            paper="«due to the coupling between the free and reference layers», Sec. III",
            ours=(
                f"H_in = H_K1 sin 9° = {convert(implied, 'A/m', 'mT'):.3g} mT; the card has "
                f"{convert(field, 'A/m', 'mT'):.3g} mT beside the tilted axis"
            ),
            verdict="assumed",
            how="one measurement cannot fix both; H_in is an assumption of the card's own",
        ),
        Check(
            claim="Coupling alone tilts the magnetisation and the states differ in resistance",
            paper="both stated in Sec. III",
            ours=(
                f"without a tilted axis the states differ by {coupling_alone:.2f} in m_x; with "
                f"it they lie at {shown} and differ by {contrast:.2f}"
            ),
            verdict="not supported" if coupling_alone < 0.01 else "consistent",
            how=(
                "wells of the energy of Eq. (7); an in-plane reference layer sees m_x alone, and "
                f"{contrast:.2f} of a possible 2 is {50 * contrast:.0f} % of the full change"
            ),
        ),
    ]


def _reading(card: DeviceCard) -> list[Check]:
    interval = parse_quantity(_DURATION, "s") / _SAMPLES
    point = operating_point(card)
    tau = float(point.dwell_times(point.offset_field)[0])
    high, low = (float(t) for t in point.dwell_times(0.0))
    voltage = card.electrical.read_voltage
    moved = operating_point(card, voltage)
    shift = float(moved.stability_factor - point.stability_factor)
    delta = findings.whole_ellipse_stability(card, bias_field=False)
    with_field = findings.whole_ellipse_stability(card, bias_field=True)
    share = card.geometry.activation_volume / findings.volume(card)
    decade = math.log(10)
    kt = BOLTZMANN * float(card.thermal.temperature)
    return [
        stated("Read voltage", "1 mV", "Fig. 2", voltage, "V"),
        Check(
            claim="Reading at 1 mV does not disturb the device",
            paper="«low power stochastic behaviors», Sec. III",
            ours=f"E_b changes by {shift:+.3f} k_BT",
            verdict="agrees" if abs(shift) < 0.1 else "differs",
            how="Eq. (6) with ξ at the read voltage; no spin torque counted",
        ),
        Check(
            claim="Fig. 2(a), 2(b): minor loops in steps of 1 Oe",
            paper="ΔH = 1 Oe, Fig. 2",
            ours="swept in steps of 1 Oe: see the figure",
            verdict="consistent",
            how="virtual instrument; the time at each field is not given, 120 ms is taken",
        ),
        stated(
            "Sampling interval",
            format_quantity(interval, "s", "ms", 3),
            f"implied by {_SAMPLES} samples in {_DURATION}, Fig. 2(c)",
            card.switching.sampling_interval,
            "s",
            verdict="consistent",
            how=f"{_DURATION} over {_SAMPLES}",
        ),
        Check(
            claim="Samples 120 ms apart can see the telegraph signal",
            paper="Fig. 2(c), zero field",
            ours=(f"τ = {time(tau)} at H_s; at zero field {time(high)} high and {time(low)} low"),
            verdict="consistent" if 0.1 < tau / interval < 100 else "differs",
            how="Eq. (3), (4); V* was chosen to make it so",
        ),
        Check(
            claim="Fig. 2(c): the time trace itself",
            paper="1000 samples in 2 min at zero field; no dwell time in the text",
            ours="taken by the virtual instrument and fitted: see the figure",
            verdict="consistent",
            how="V* on the card is chosen to suit this figure",
        ),
        stated(
            "Attempt time τ0",
            "1 ns",
            "«assumed», below Eq. (4)",
            card.thermal.attempt_time,
            "s",
            how=(
                f"assumed in the paper too; a decade in τ0 is {decade:.1f} k_BT in E_b "
                f"({decade * kt * 1e21:.1f} zJ)"
            ),
        ),
        Check(
            claim="The 210 × 60 nm² device is superparamagnetic as a whole",
            paper="«superparamagnetically without scaling down the device size», Sec. III",
            ours=(f"56 mT over the whole ellipse is {delta:.0f} k_BT ({with_field:.0f} with H_in)"),
            verdict="not supported" if with_field > _MAX_TELEGRAPHIC else "agrees",
            how="K_eff = ½ μ0 M_s H_K1 times the volume",
        ),
        Check(
            claim="The volume V* that reverses at once",
            paper="V* of Eq. (1), no number",
            ours=(f"{card.geometry.activation_volume * 1e27:,.0f} nm³, {share:.3f} of the ellipse"),
            verdict="assumed",
            how="chosen so that the dwell times suit Fig. 2(c) and 4(a)",
        ),
    ]
