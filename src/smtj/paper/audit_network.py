"""Audit of the network, and of what is said about energy and other systems."""

import math

from smtj.card import DeviceCard
from smtj.paper import findings
from smtj.paper.fig3a import CLASSES, HIDDEN, SIDE
from smtj.paper.rows import not_tested
from smtj.physics.device import operating_point
from smtj.physics.junction import parallel_resistance
from smtj.report.figure import Check
from smtj.units import convert

_WIRE = 100e-9
"""Distance in m from the middle of a wire to the junction, about as near as one can be built."""


def rows(card: DeviceCard) -> list[Check]:
    """Return the rows, in the paper's order."""
    return [*_network(card), *_around(card)]


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
