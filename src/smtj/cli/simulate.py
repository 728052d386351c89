"""``smtj simulate``: the motion of the magnetisation by the stochastic LLG equation."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from smtj.cli.measure import (
    Bench,
    Card,
    Field,
    InPlane,
    Json,
    Out,
    Samples,
    Seed,
    Temperature,
    Voltage,
    measuring,
    resistance_command,
    written,
)
from smtj.cli.output import note
from smtj.cli.ranges import parse_option, parse_options, parse_range
from smtj.errors import SmtjError

if TYPE_CHECKING:
    import xarray as xr

    from smtj.card import DeviceCard
    from smtj.lab import Pulse


class Start(StrEnum):
    """Choices of ``--start``."""

    up = "up"
    down = "down"


app = typer.Typer(
    help="Simulate the magnetisation itself, by the stochastic LLG equation.",
    no_args_is_help=True,
)

Begin = Annotated[Start, typer.Option(help="The well in which it begins.")]
Settling = Annotated[
    str | None,
    typer.Option(help="Time at 0 V before (and after) a pulse. Default: 5 relaxation times."),
]


@resistance_command(app, interval="1 ns", integration_time="0 s")
def trace(
    bench: Bench,
    samples: Samples = 10_000,
    field: Field = "0 Oe",
    field_in_plane: InPlane = "0 Oe",
    voltage: Voltage = None,
    temperature: Temperature = None,
) -> "xr.Dataset":
    """Read the resistance repeatedly, without assuming two states."""
    from smtj import lab

    conditions = parse_options(
        field=field, field_in_plane=field_in_plane, voltage=voltage, temperature=temperature
    )
    return lab.macrospin_trace(samples=samples, **conditions, **bench)


@app.command()
def pulses(
    out: Out,
    pulse: Annotated[
        list[str],
        typer.Option(help='A voltage and its length, e.g. "1.6 V, 2 ns"; repeat for the next.'),
    ],
    card: Card = "cai2019",
    start: Begin = Start.down,
    trajectories: Annotated[int, typer.Option(min=1, help="Thermal histories.")] = 1000,
    samples: Annotated[int, typer.Option(min=1, help="Times to record.")] = 500,
    field: Field = "0 Oe",
    field_in_plane: InPlane = "0 Oe",
    temperature: Temperature = None,
    settling: Settling = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Apply voltages one after the other and follow the mean magnetisation."""
    from smtj import lab
    from smtj.card import as_device
    from smtj.lab.pulse_plots import plot_response

    device, sequence = as_device(card), [_pulse(text) for text in pulse]
    conditions = parse_options(
        field=field, field_in_plane=field_in_plane, temperature=temperature, settling=settling
    )
    with measuring("records") as report:
        data = lab.pulse_response(
            device,
            sequence,
            samples=samples,
            trajectories=trajectories,
            start=start.value,
            **conditions,
            seed=seed,
            progress=report,
        )
    text = (
        f"{100 * float(data['switched'][-1]):.1f} % of {trajectories} histories of "
        f"{device.name} are on the other side at the end"
    )
    written(data, "switched", out, text, as_json)
    note(f"Figure: {plot_response(out.with_suffix(''), data)[0]}")
    _note_extrapolation(device, max(abs(p.voltage) for p in sequence))


@app.command()
def switching(
    out: Out,
    voltage: Annotated[str, typer.Option(help='Pulse voltages, e.g. "0:2:0.1 V".')],
    length: Annotated[str, typer.Option(help='Pulse lengths, e.g. "0.2:6:0.2 ns".')],
    card: Card = "cai2019",
    start: Begin = Start.down,
    trajectories: Annotated[int, typer.Option(min=1, help="Trials per pulse.")] = 200,
    field: Field = "0 Oe",
    field_in_plane: InPlane = "0 Oe",
    temperature: Temperature = None,
    settling: Settling = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Measure how often a voltage pulse switches the device, by voltage and length."""
    from smtj import lab
    from smtj.card import as_device
    from smtj.lab.pulse_plots import plot_switching_map

    device = as_device(card)
    conditions = parse_options(
        field=field, field_in_plane=field_in_plane, temperature=temperature, settling=settling
    )
    with measuring("lengths") as report:
        data = lab.switching_map(
            device,
            parse_range("--voltage", voltage, "V"),
            parse_range("--length", length, "s"),
            trajectories=trajectories,
            start=start.value,
            **conditions,
            seed=seed,
            progress=report,
        )
    p = data["probability"]
    best = p.isel(p.argmax(...))
    error = (float(best) * (1 - float(best)) / trajectories) ** 0.5
    text = (
        f"{p.size} pulses of {device.name}, {trajectories} trials each; most likely, with "
        f"{100 * float(best):.1f} ± {100 * error:.1f} %, it switches at "
        f"{float(best.voltage):.3g} V for {1e9 * float(best.pulse_length):.3g} ns"
    )
    written(data, "probability", out, text, as_json)
    note(f"Figure: {plot_switching_map(out.with_suffix(''), data)[0]}")
    _note_extrapolation(device, float(abs(data["voltage"]).max()))


def _pulse(text: str) -> "Pulse":
    from smtj.lab import Pulse

    volts, separator, length = text.partition(",")
    if not separator:
        raise SmtjError(f'--pulse is "{text}"; give a voltage and a length, e.g. "1.6 V, 2 ns"')
    return Pulse(
        parse_option("--pulse", volts, "V") or 0.0, parse_option("--pulse", length, "s") or 0.0
    )


def _note_extrapolation(device: "DeviceCard", largest: float) -> None:
    limit = float(device.switching.voltage_limit)
    if largest > limit * (1 + 1e-9):
        note(
            f"Beyond {1e3 * limit:.4g} mV, the card's voltage_limit, the anisotropy is assumed to "
            "stay linear in the voltage."
        )
