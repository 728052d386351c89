"""Audit of Eq. 1 to 6: barrier, dwell times, slope, and how a voltage moves them."""

import math

import numpy as np

from smtj.card import DeviceCard
from smtj.paper import findings
from smtj.paper.rows import stated, time, triple
from smtj.physics.device import operating_point
from smtj.physics.free_layer import anisotropy_terms
from smtj.physics.magnetics import anisotropy
from smtj.report.figure import Check
from smtj.units import convert

_BIASES = "at −200 / 0 / +200 mV"


def rows(card: DeviceCard) -> list[Check]:
    """Return the rows, in the paper's order."""
    return [*_eq_1(card), *_eq_2_to_4(card), *_eq_5(card), *_eq_6(card), *_fig_4(card)]


def _eq_1(card: DeviceCard) -> list[Check]:
    k_shape, k_perpendicular, k_d = anisotropy_terms(card)
    point = operating_point(card)
    k_eff = float(point.energy_density)
    delta, more = (
        float(point.stability_factor),
        findings.stability_with_more_anisotropy(card, 0.01),
    )
    own = convert(card.geometry.free_layer_thickness, "m", "nm")
    gone = findings.thickness_without_barrier(card) * 1e9
    areal = k_perpendicular * card.geometry.free_layer_thickness
    return [
        Check(
            claim="The terms of Eq. (1): K_shape, K_⊥, K_d",
            paper="K_0,eff = K_shape + K_⊥ − K_d, no numbers",
            ours=(
                f"{k_shape / 1e3:.1f} + {k_perpendicular / 1e3:.1f} − {k_d / 1e3:.1f} = "
                f"{k_eff / 1e3:.1f} kJ/m³; K_⊥ t = {areal * 1e3:.2f} mJ/m²"
            ),
            verdict="consistent" if 0.5e-3 < areal < 2.5e-3 else "differs",
            how="½ μ0 M_s² N_x and N_z of the ellipse; K_⊥ is what makes H_K1 come out",
        ),
        Check(
            claim="K_d ≫ K_shape",
            paper="below Eq. (1)",
            ours=f"K_d/K_shape = {k_d / k_shape:.0f}",
            verdict="agrees" if k_d > 10 * k_shape else "differs",
            how="N_z/N_x of the elliptic cylinder",
        ),
        Check(
            claim="More perpendicular anisotropy lowers the barrier",
            paper="«increasing the perpendicular anisotropy is able to reduce the energy barrier»",
            ours=f"1 % more K_⊥ takes E_b from {delta:.1f} to {more:.1f} k_BT",
            verdict="not supported" if more > delta else "agrees",
            how=(
                "Eq. (1) as printed has +K_⊥, and H_K1 > 0 means that the easy axis is already "
                "perpendicular; the sentence holds for an in-plane layer"
            ),
        ),
        Check(
            claim="The barrier is made small through the layer's thickness",
            paper="Sec. I and below Eq. (1)",
            ours=f"E_b falls from {own:.2f} nm on and is gone at {gone:.2f} nm",
            verdict="agrees" if own < gone < 1.2 * own else "differs",
            how="Eq. (1) and (6) with K_⊥ ∝ 1/t and V* ∝ t",
        ),
    ]


def _eq_2_to_4(card: DeviceCard) -> list[Check]:
    point = operating_point(card)
    p = float(point.switching_probability(0.0))
    eq_5 = findings.eq_5(card)
    delta = float(point.stability_factor)
    return [
        Check(
            claim="τ_high is the dwell time «from the low-to-high» state",
            paper="prose below Eq. (2)",
            ours=(
                f"P(high) = {p:.2f} at zero field by Eq. (2) with τ_high the time spent high; "
                f"the prose would make it {1 - p:.2f} and let it fall with H⊥"
            ),
            verdict="not supported",
            how="Eq. (2) to (4) are right among themselves; the prose swaps the two",
        ),
        Check(
            claim="Eq. (5) follows from Eq. (2) to (4)",
            paper="«Substitution of Eqs. (3) and (4) into Eq. (2)»",
            ours=f"the same to {eq_5.inside:.0e} for |h| ≤ 1",
            verdict="agrees" if eq_5.inside < 1e-12 else "differs",
            how="both evaluated at 401 fields",
        ),
        Check(
            claim="Eq. (3) and (4) at fields beyond H_k,eff",
            paper="printed without limit",
            ours=(
                f"at h = 1.5 Eq. (4) as printed gives τ_low = τ0 exp({eq_5.printed_beyond:.1f}); "
                f"limited, τ0 exp({abs(eq_5.ours_beyond):.0f})"
            ),
            verdict="differs",
            how=f"past h = 1 no barrier is left of E_b = {delta:.1f} k_BT; the square rises again",
        ),
    ]


def _eq_5(card: DeviceCard) -> list[Check]:
    consistent = findings.slopes(card, "self-consistent")
    upright = findings.slopes(card.replace({"magnetism.easy_axis_tilt": 0.0}), "self-consistent")
    given = card.switching.effective_anisotropy_field
    offset = convert(float(operating_point(card).offset_field), "A/m", "Oe")
    change = float(np.ptp(consistent) / consistent.mean())
    rows = []
    if given is not None:
        rows = [
            Check(
                claim="H_k,eff of Eq. (3) to (5)",
                paper="«effective magnetic anisotropy field», no number",
                ours=f"{convert(given, 'A/m', 'Oe'):.0f} Oe",
                verdict="assumed",
                how="identified with μ0 H_K1 = 56 mT",
            ),
            Check(
                claim=f"Slope w {_BIASES}, Eq. (5) as printed",
                paper="Fig. 4(c), no number in the text",
                ours=f"{triple(findings.slopes(card, 'cai2019'))} Oe⁻¹",
                verdict="assumed",
                how="w = 4E_b/(k_BT H_k,eff) with H_k,eff held while V moves E_b",
            ),
        ]
    return [
        *rows,
        Check(
            claim="w is «the weight depending on the energy barrier»",
            paper="Eq. (5)",
            ours=(
                f"self-consistent: {triple(consistent)} Oe⁻¹ {_BIASES} "
                f"({triple(upright)} without tilt), a change of {100 * change:.1f} %"
            ),
            verdict="not supported" if change < 0.1 else "consistent",
            how=(
                "exact Boltzmann occupation of the macrospin depends on the energy difference of "
                "the wells alone; H_k,eff then moves with E_b and w → 2μ0 M_s V*/(k_BT)"
            ),
        ),
        Check(
            claim="Offset field H_s",
            paper="Eq. (5), no number; switching «near zero field»",
            ours=f"{offset:.1f} Oe",
            verdict="consistent" if abs(offset) < 50 else "differs",
            how="−H_in tan 9°: the field at which the wells mirror each other",
        ),
    ]


def _eq_6(card: DeviceCard) -> list[Check]:
    point = operating_point(card)
    eq_6 = findings.eq_6(card)
    delta = operating_point(card, findings.VOLTAGES).stability_factor
    tau = [time(t) for t in findings.midpoint_dwell_times(card)]
    k_eff, m_s = float(point.energy_density), float(point.saturation_magnetisation)
    implied = findings.implied_coefficient(card)
    return [
        stated(
            "Anisotropy field μ0 H_K1 at zero bias",
            "56 mT",
            "Sec. III",
            float(anisotropy.anisotropy_field(k_eff, m_s)),
            "A/m",
            how=f"taken from the paper; K_eff = {k_eff / 1e3:.1f} kJ/m³",
        ),
        stated(
            "Change of μ0 H_K1 with voltage",
            "34 mT/V",
            "Sec. III",
            findings.field_per_volt(card),
            "A/m/V",
        ),
        stated(
            "VCMA coefficient ξ (card)",
            "26 fJ/(V m)",
            "Sec. III",
            implied,
            "J/(V m)",
            verdict="consistent",
            how=(
                "ξ = ½ M_s (dμ0H_K1/dV) t t_MgO; M_s is derived from it, so that this is a check "
                "of consistency, not a confirmation"
            ),
        ),
        Check(
            claim="Saturation magnetisation",
            paper="no number",
            ours=f"{m_s / 1e6:.2f} MA/m (μ0 M_s = {convert(m_s, 'A/m', 'T'):.2f} T)",
            verdict="assumed",
            how="derived from 26 fJ/(V m), 34 mT/V and the thicknesses",
        ),
        Check(
            claim="Eq. (6) is the barrier in an in-plane field",
            paper="K_eff − H_in M_s + M_s² H_in²/(4K_eff)",
            ours=(
                f"the square K_eff (1 − H_in/H_k)², to {eq_6.inside:.0e} k_BT up to H_k; at "
                f"1.5 H_k the printed form rises again to {eq_6.printed_beyond:.1f} k_BT, where "
                "no barrier is left"
            ),
            verdict="agrees" if eq_6.inside < 1e-9 else "differs",
            how="μ0 put in for SI units; beyond H_k, and for K_eff ≤ 0, ours is 0",
        ),
        Check(
            claim="The nonlinear term of Eq. (6) is negligible",
            paper="where M_s² H_in²/(4K_eff) ≪ K_eff, below Eq. (6)",
            ours=f"the ratio is {eq_6.nonlinear_term:.3f}",
            verdict="agrees" if eq_6.nonlinear_term < 0.1 else "differs",
            how="(H_in/H_k)² at zero bias, with the card's H_in",
        ),
        Check(
            claim=f"Barrier E_b {_BIASES}",
            paper="Eq. (6), no number",
            ours=f"{triple(delta)} k_BT",
            verdict="assumed",
            how="Eq. (6) with 56 mT and 34 mT/V (paper), H_in and V* (assumed)",
        ),
        Check(
            claim="The switching rate increases with the voltage",
            paper="«increased along with the voltage bias», Fig. 4(a)",
            ours=f"τ = {' / '.join(tau)} {_BIASES}",
            verdict="consistent" if delta[0] > delta[-1] else "differs",
            how=(
                "τ0 exp(E_b/k_BT) at H_s: frozen at −200 mV, seen at 0, averaged out at +200 mV "
                f"by samples {card.switching.sampling_interval * 1e3:.0f} ms apart"
            ),
        ),
    ]


def _fig_4(card: DeviceCard) -> list[Check]:
    now = findings.curvature(card)
    visible = findings.VISIBLE_CURVATURE
    needed = convert(findings.bias_field_for_curvature(card, visible), "A/m", "mT")
    strong = convert(findings.bias_field_for_curvature(card, 2 * visible), "A/m", "mT")
    h_in = convert(card.magnetism.in_plane_bias_field, "A/m", "mT")
    reach = convert(card.switching.voltage_limit, "V", "mV")
    return [
        Check(
            claim="w(V) is «a nonlinear relation» well fitted by Eq. (6)",
            paper="Fig. 4(c)",
            ours=(
                f"with H_in = {h_in:.3g} mT Eq. (6) is straight to {100 * now:.2f} %; "
                f"{100 * visible:.0f} to {200 * visible:.0f} % of curvature needs H_in of "
                f"{needed:.0f} to {strong:.0f} mT"
            ),
            verdict="not supported" if now < visible else "consistent",
            how=(
                "largest deviation from a least-squares line over ±200 mV, relative to the mean; "
                f"{100 * visible:.0f} % is two standard errors of one fitted w. "
                "E_b, H_in and ξ cannot be told apart from w(V) alone"
            ),
        ),
        Check(
            claim="Voltage range of Fig. 4",
            paper="−200 to 200 mV, Sec. III",
            ours=f"±{reach:.0f} mV",
            verdict="assumed" if math.isclose(reach, 200, rel_tol=0.02) else "differs",
            how="the card's voltage limit",
        ),
        Check(
            claim="Fig. 4(a) to 4(c): minor loops, P(H⊥) and w against voltage",
            paper="Sec. III; no direction of w(V) in the text",
            ours="measured by the virtual instrument and fitted: see the figures",
            verdict="consistent",
            how="their own checks; the direction of w(V) is that of the card's switching model",
        ),
    ]
