"""``smtj simulate``: the magnetisation's motion in full, by the stochastic LLG equation."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtj.cli.measure import (
    Card,
    Drift,
    Integration,
    Noise,
    Out,
    Parallel,
    Perpendicular,
    Samples,
    Seed,
    Temperature,
    Voltage,
    saved,
    shown,
    written,
)
from smtj.cli.ranges import parse_option, parse_range
from smtj.errors import SmtjError

if TYPE_CHECKING:
    from smtj.card import DeviceCard
    from smtj.lab.pulses import Pulse


class Start(StrEnum):
    """Choices of ``--start``."""

    up = "up"
    down = "down"


app = typer.Typer(
    help="Follow the magnetisation itself, by the stochastic LLG equation.",
    no_args_is_help=True,
)

Begin = Annotated[Start, typer.Option(help="The well in which it begins.")]
Trajectories = Annotated[int, typer.Option(min=1, help="Thermal histories.")]
Settling = Annotated[
    str | None,
    typer.Option(help="Time at 0 V before (and after) a pulse; else 5 relaxation times."),
]


@app.command()
def trace(
    out: Out,
    interval: Annotated[str, typer.Option(help="From reading to reading.")] = "1 ns",
    card: Card = "cai2019",
    samples: Samples = 10_000,
    perpendicular: Perpendicular = "0 Oe",
    parallel: Parallel = "0 Oe",
    voltage: Voltage = None,
    temperature: Temperature = None,
    integration_time: Integration = "0 s",
    noise: Noise = "0 ohm",
    drift: Drift = "0 ohm",
    seed: Seed = 0,
) -> None:
    """Read the resistance again and again, without assuming two states."""
    from smtj.card import load_card
    from smtj.lab import Instrument, macrospin_trace

    device = load_card(card)
    with shown("readings") as progress:
        found = macrospin_trace(
            device,
            samples,
            instrument=Instrument(
                parse_option("--interval", interval, "s"),
                parse_option("--integration-time", integration_time, "s"),
                parse_option("--noise", noise, "ohm") or 0.0,
                parse_option("--drift", drift, "ohm") or 0.0,
            ),
            field=parse_option("--perpendicular", perpendicular, "A/m") or 0.0,
            field_in_plane=parse_option("--parallel", parallel, "A/m") or 0.0,
            voltage=parse_option("--voltage", voltage, "V"),
            temperature=parse_option("--temperature", temperature, "K"),
            seed=seed,
            progress=progress,
        )
    resistance = found["resistance"]
    written(
        found,
        out,
        card,
        f"{resistance.size} readings of {device.name}, {float(resistance.min()):.4g} to "
        f"{float(resistance.max()):.4g} ohm",
    )


@app.command()
def pulses(
    out: Out,
    pulse: Annotated[
        list[str],
        typer.Option(help='A voltage and its length, e.g. "1.6 V, 2 ns"; again for the next.'),
    ],
    card: Card = "cai2019",
    start: Begin = Start.down,
    trajectories: Trajectories = 1000,
    samples: Annotated[int, typer.Option(min=1, help="Times that are recorded.")] = 500,
    perpendicular: Perpendicular = "0 Oe",
    parallel: Parallel = "0 Oe",
    temperature: Temperature = None,
    settling: Settling = None,
    seed: Seed = 0,
) -> None:
    """Apply voltages one after the other and follow the mean magnetisation."""
    from smtj.card import load_card
    from smtj.lab.pulse_plots import plot_response
    from smtj.lab.pulses import pulse_response

    device, sequence = load_card(card), [_pulse(text) for text in pulse]
    with shown("records") as progress:
        found = pulse_response(
            device,
            sequence,
            samples=samples,
            trajectories=trajectories,
            start=start.value,
            **_conditions(perpendicular, parallel, temperature, settling),
            seed=seed,
            progress=progress,
        )
    share = float(found["switched"][-1])
    saved(found, out)
    picture, _ = plot_response(out.with_suffix(""), found)
    typer.echo(
        f"{share:.1%} of {trajectories} histories of {device.name} are on the other side at the "
        f"end.\nData: {out}\nPicture: {picture}"
    )
    _extrapolated(device, max(abs(p.voltage) for p in sequence))


@app.command()
def switching(
    out: Out,
    voltage: Annotated[str, typer.Option(help='Pulse voltages, e.g. "0:2:0.1 V".')],
    length: Annotated[str, typer.Option(help='Pulse lengths, e.g. "0.2:6:0.2 ns".')],
    card: Card = "cai2019",
    start: Begin = Start.down,
    trajectories: Annotated[int, typer.Option(min=1, help="Trials of each pulse.")] = 200,
    perpendicular: Perpendicular = "0 Oe",
    parallel: Parallel = "0 Oe",
    temperature: Temperature = None,
    settling: Settling = None,
    seed: Seed = 0,
) -> None:
    """How often a voltage pulse switches the device, against its voltage and length."""
    from smtj.card import load_card
    from smtj.lab.pulse_plots import plot_switching_map
    from smtj.lab.pulses import switching_map

    device = load_card(card)
    with shown("lengths") as progress:
        found = switching_map(
            device,
            parse_range("--voltage", voltage, "V"),
            parse_range("--length", length, "s"),
            trajectories=trajectories,
            start=start.value,
            **_conditions(perpendicular, parallel, temperature, settling),
            seed=seed,
            progress=progress,
        )
    saved(found, out)
    picture, _ = plot_switching_map(out.with_suffix(""), found)
    p = found["probability"]
    best = p.isel(p.argmax(...))
    error = (float(best) * (1 - float(best)) / trajectories) ** 0.5
    typer.echo(
        f"{p.size} pulses of {device.name}, {trajectories} trials each. Most often, in "
        f"{float(best):.1%} ± {error:.1%} of them, it switches at {float(best.voltage):.3g} V for "
        f"{1e9 * float(best.pulse_length):.3g} ns.\nData: {out}\nPicture: {picture}"
    )
    _extrapolated(device, float(abs(found["voltage"]).max()))


def _conditions(
    perpendicular: str, parallel: str, temperature: str | None, settling: str | None
) -> dict[str, Any]:
    return {
        "field": parse_option("--perpendicular", perpendicular, "A/m"),
        "field_in_plane": parse_option("--parallel", parallel, "A/m"),
        "temperature": parse_option("--temperature", temperature, "K"),
        "settling": parse_option("--settling", settling, "s"),
    }


def _pulse(text: str) -> "Pulse":
    from smtj.lab.pulses import Pulse

    volts, separator, length = text.partition(",")
    if not separator:
        raise SmtjError(f'--pulse is "{text}"; it is a voltage and a length, e.g. "1.6 V, 2 ns"')
    return Pulse(
        parse_option("--pulse", volts, "V") or 0.0, parse_option("--pulse", length, "s") or 0.0
    )


def _extrapolated(device: "DeviceCard", largest: float) -> None:
    limit = float(device.switching.voltage_limit)
    if largest > limit * (1 + 1e-9):
        typer.echo(
            f"Beyond {1e3 * limit:.4g} mV, the card's voltage_limit, the anisotropy is taken to go "
            "on changing linearly with the voltage."
        )
