"""``smtj measure spectra``: spin-torque ferromagnetic resonance of a card's device."""

from enum import StrEnum
from typing import Annotated

import typer

from smtj.cli.measure import Card, Out, Seed, Temperature, written
from smtj.cli.ranges import parse_option, parse_range


class Swept(StrEnum):
    """Choices of ``--swept``."""

    frequency = "frequency"
    field = "field"


def spectra(
    out: Out,
    field: Annotated[
        str, typer.Option(help='Fields, e.g. "-110 Oe" or "-900,-110,700 Oe".')
    ] = "-900,-700,-250,-110,110,700 Oe",
    voltage: Annotated[str, typer.Option(help="dc biases.")] = "-100:200:50 mV",
    frequency: Annotated[str, typer.Option(help="Frequencies.")] = "0.4:3:0.015 GHz",
    swept: Annotated[
        Swept, typer.Option(help="What changes from point to point.")
    ] = Swept.frequency,
    angle: Annotated[
        str, typer.Option(help="Of the field from the film normal, towards the long axis.")
    ] = "90 deg",
    card: Card = "cai2019",
    drive: Annotated[str, typer.Option(help="Amplitude across the junction.")] = "10 mV",
    noise: Annotated[str, typer.Option(help='Standard deviation of a point, e.g. "1 uV".')] = (
        "0 uV"
    ),
    temperature: Temperature = None,
    seed: Seed = 0,
) -> None:
    """Measure the rectified voltage of the driven junction: ST-FMR spectra, as in Fig. 5(a)."""
    from rich.console import Console

    from smtj import lab
    from smtj.card import load_card

    device = load_card(card)
    # Typer has no default for these but a text, which is always a quantity.
    amplitude, sigma, direction = (
        parse_option(option, text, unit) or 0.0
        for option, text, unit in (
            ("--drive", drive, "V"),
            ("--noise", noise, "V"),
            ("--angle", angle, "rad"),
        )
    )
    with Console(stderr=True).status("measuring"):
        found = lab.spectra(
            device,
            parse_range("--field", field, "A/m"),
            parse_range("--voltage", voltage, "V"),
            parse_range("--frequency", frequency, "Hz"),
            drive=amplitude,
            noise=sigma,
            seed=seed,
            swept=swept.value,
            field_angle=direction,
            temperature=parse_option("--temperature", temperature, "K"),
        )
    signal = found["signal"]
    points = signal.sizes[signal.dims[-1]]
    written(
        found,
        out,
        card,
        f"{signal.size // points} spectra of {points} points of {device.name}, "
        f"{1e6 * float(signal.min()):.3g} to {1e6 * float(signal.max()):.3g} µV",
    )
