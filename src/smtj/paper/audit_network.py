"""Audit of the network, of Fig. 5, and of what is said about energy and other systems."""

import math

import numpy as np

from smtj.card import DeviceCard
from smtj.paper import findings
from smtj.paper.fig3a import CLASSES, HIDDEN, SIDE
from smtj.paper.figure import Check
from smtj.paper.rows import not_tested
from smtj.physics import anisotropy
from smtj.physics.device import factors, operating_point
from smtj.physics.junction import parallel_resistance
from smtj.units import convert

_WIRE = 100e-9
"""Distance in m from the middle of a wire to the junction, about as near as one can be built."""
_FIG_5 = np.array([-0.1, 0.2])
"""Ends of the bias range of Fig. 5, in V."""


def rows(card: DeviceCard) -> list[Check]:
    """Return the rows, in the paper's order."""
    return [*_network(card), *_resonance(card), *_around(card)]


def _network(card: DeviceCard) -> list[Check]:
    pixels = SIDE * SIDE
    return [
        Check(
            claim="Input layer",
            paper="28 × 28 pixels, 784 neurons, Sec. III",
            ours=f"{SIDE} × {SIDE} = {pixels}",
            verdict="agrees" if pixels == 784 else "differs",
            how="one input a pixel of MNIST; images of another size have another number",
        ),
        Check(
            claim="Hidden and output layer",
            paper="400 and 10 neurons, Sec. III",
            ours=f"{HIDDEN} and {CLASSES}, {pixels * HIDDEN + HIDDEN * CLASSES:,} weights",
            verdict="assumed",
            how="taken from the paper into the network",
        ),
        Check(
            claim="Training",
            paper="MNIST, back-propagation, 100 epochs, Sec. III",
            ours="the same for Fig. 3(b), unless the report's first lines say otherwise",
            verdict="assumed",
            how="loss, optimiser, learning rate and batches are not given; Fig. 3(b) says ours",
        ),
        Check(
            claim="Recognition rates of Fig. 3(b)",
            paper="curves, no numbers in the text",
            ours="see Fig. 3(b) and its checks",
            verdict="not tested",
            how="without numbers only the order of the curves can be tested, which Fig. 3(b) does",
        ),
        _drive(card),
        not_tested(
            "«Ultralow energy»",
            "1 mV, abstract and Sec. III",
            "the text gives neither a resistance nor an energy",
            _read_power(card),
        ),
    ]


def _drive(card: DeviceCard) -> Check:
    field = findings.oersted_field(card, _WIRE)
    slope = abs(float(operating_point(card).slope))
    needed = 1 / slope if slope else math.inf
    return not_tested(
        "The output drives the next neuron through the Oersted field of a wire",
        "«converted to a current passing through a wire», Sec. III",
        "no circuit is given; taken as an ideal linear transformation. I/(2πd) of the read current",
        (
            f"1 mV gives {convert(field, 'A/m', 'Oe'):.2g} Oe at {_WIRE * 1e9:.0f} nm, "
            f"1/w = {convert(needed, 'A/m', 'Oe'):.1f} Oe is needed: an amplifier of about "
            f"{needed / field:.0f}"
        ),
    )


def _read_power(card: DeviceCard) -> str:
    power = float(card.electrical.read_voltage) ** 2 / parallel_resistance(card)
    time = float(card.switching.integration_time)
    return (
        f"{power * 1e9:.2g} nW and {power * time * 1e12:.2g} pJ a read, with R_P and the "
        "integration time of the card (both assumed)"
    )


def _resonance(card: DeviceCard) -> list[Check]:
    n_x, n_y, n_z = (float(n) for n in factors(card))
    m_s = float(card.magnetism.saturation_magnetisation)
    point = operating_point(card, _FIG_5)
    h_k = [
        convert(float(h), "A/m", "mT")
        for h in anisotropy.anisotropy_field(point.energy_density, m_s)
    ]
    middle = anisotropy.anisotropy_field(operating_point(card).energy_density, m_s)
    zero = convert(float(middle), "A/m", "mT")
    shape = convert((n_y - n_x) * m_s, "A/m", "mT")
    demagnetising = convert(n_z * m_s, "A/m", "mT")
    kept = convert(card.magnetism.in_plane_anisotropy_field, "A/m", "mT")
    return [
        Check(
            claim="H_K1 decreases from −100 to +200 mV",
            paper="Fig. 5(b), Sec. III",
            ours=f"from {h_k[0]:.1f} to {h_k[1]:.1f} mT",
            verdict="consistent" if h_k[0] > h_k[1] else "differs",
            how="Eq. (6) with the paper's own 34 mT/V, so true by construction",
        ),
        Check(
            claim="H_K1 is «very small»: demagnetisation is nearly compensated",
            paper="Fig. 5(b), Sec. III",
            ours=(
                f"{zero:.0f} mT beside a demagnetising field of {demagnetising:.0f} mT "
                f"({100 * zero / demagnetising:.1f} %)"
            ),
            verdict="agrees" if abs(zero) < 0.1 * demagnetising else "differs",
            how="μ0 M_s N_z of the ellipse",
        ),
        Check(
            claim="Eq. (7) has no anisotropy within the plane",
            paper="Eq. (7)",
            ours=(
                f"N_y − N_x = {n_y - n_x:.3f} makes {shape:.0f} mT along the long axis, beside "
                f"H_K1 of {zero:.0f} mT; the card has {kept:.3g} mT, as the paper"
            ),
            verdict="not supported" if shape > 0.2 * abs(zero) else "consistent",
            how="magnetometric demagnetising factors of the elliptic cylinder",
        ),
        not_tested(
            "Second-order field H_K2 «almost constant»",
            "Fig. 5(b), no number",
            "needs spectra, part of a later version; one field alone cannot separate it from H_K1",
            f"{convert(card.magnetism.second_order_anisotropy_field, 'A/m', 'mT'):.3g} mT assumed",
        ),
        not_tested(
            "Fig. 5(a): spectra at H∥ = −110 Oe, −100 to 200 mV",
            "Fig. 5(a); Eq. (7)",
            "needs simulated spectra, part of a later version; the text gives no frequency",
        ),
        not_tested(
            "Fig. 5(a): curves 35 µV apart",
            "35 µV, Fig. 5(a)",
            "an offset for the eye, no property of the device",
        ),
    ]


def _around(card: DeviceCard) -> list[Check]:
    return [
        not_tested(
            "TrueNorth: 10⁶ neurons, 2.56 × 10⁸ synapses, 20 mW/cm²; CPU 50-100 W/cm²",
            "Sec. I, cited",
            "about other systems",
        ),
        Check(
            claim="Temperature",
            paper="«room temperature», Sec. II",
            ours=f"{card.thermal.temperature:.0f} K",
            verdict="assumed",
            how="the usual reading",
        ),
    ]
