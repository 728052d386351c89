"""``smtj measure``: virtual instruments that write what a real one would."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtj.cli.exits import INTERRUPTED
from smtj.cli.ranges import parse_option, parse_range
from smtj.errors import SmtjError

if TYPE_CHECKING:
    import xarray as xr

    from smtj.card import DeviceCard
    from smtj.lab.readings import Progress

app = typer.Typer(
    help="Measure a card's device with virtual instruments: files as a laboratory has them.",
    no_args_is_help=True,
)

Card = Annotated[str, typer.Option(help="Shipped card or path of a card file.")]
Out = Annotated[Path, typer.Option(help="File to write: .csv, .xlsx or .nc.")]
Samples = Annotated[int, typer.Option(min=1, help="Readings at each setting.")]
Voltage = Annotated[str | None, typer.Option(help='Bias, e.g. "1 mV"; else the read voltage.')]
Current = Annotated[str | None, typer.Option(help='Bias current instead, e.g. "10 uA".')]
Temperature = Annotated[str | None, typer.Option(help='E.g. "300 K"; else the card\'s.')]
Interval = Annotated[str | None, typer.Option(help='From reading to reading, e.g. "120 ms".')]
Integration = Annotated[
    str | None, typer.Option(help='Time over which a reading averages, e.g. "20 ms"; "0 s".')
]
Noise = Annotated[str, typer.Option(help='Standard deviation of a reading, e.g. "5 ohm".')]
Drift = Annotated[str, typer.Option(help="How far the resistance has moved at the end.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides everything random.")]
Perpendicular = Annotated[str, typer.Option(help='H_perp, e.g. "-14 Oe".')]
Parallel = Annotated[str, typer.Option(help='H_par, e.g. "0 Oe".')]
Fields = Annotated[str, typer.Option(help='Fields as START:STOP:STEP UNIT, e.g. "-60:40:5 Oe".')]


class Direction(StrEnum):
    """Choices of ``--direction``."""

    out_of_plane = "out-of-plane"
    in_plane = "in-plane"


@dataclass(frozen=True)
class _Common:
    """What every measurement has, read from its options."""

    card: "DeviceCard"
    keywords: dict[str, Any]


@app.command()
def trace(
    out: Out,
    card: Card = "cai2019",
    samples: Samples = 1000,
    perpendicular: Perpendicular = "0 Oe",
    parallel: Parallel = "0 Oe",
    voltage: Voltage = None,
    current: Current = None,
    temperature: Temperature = None,
    interval: Interval = None,
    integration_time: Integration = None,
    noise: Noise = "0 ohm",
    drift: Drift = "0 ohm",
    seed: Seed = 0,
) -> None:
    """Read the resistance again and again at one field: telegraph noise, as in Fig. 2(c)."""
    from smtj import lab

    common = _common(card, interval, integration_time, noise, drift, seed)
    with shown("readings") as progress:
        found = lab.trace(
            common.card,
            samples,
            **_fields(perpendicular, parallel),
            **_bias(voltage, current),
            temperature=parse_option("--temperature", temperature, "K"),
            **common.keywords,
            progress=progress,
        )
    _write(found, out, card)


@app.command()
def sweep(
    out: Out,
    field: Fields,
    card: Card = "cai2019",
    direction: Annotated[
        Direction, typer.Option(help="Along the film normal or the long axis.")
    ] = Direction.out_of_plane,
    sweeps: Annotated[int, typer.Option(min=1, help="1: up; 2: up and down; and so on.")] = 2,
    other_field: Annotated[str, typer.Option(help="The field that is not swept.")] = "0 Oe",
    voltage: Voltage = None,
    current: Current = None,
    temperature: Temperature = None,
    interval: Interval = None,
    integration_time: Integration = None,
    noise: Noise = "0 ohm",
    drift: Drift = "0 ohm",
    seed: Seed = 0,
) -> None:
    """Sweep a field up and down, one reading a step: loops, as in Fig. 1(b), 2(a) and 2(b)."""
    from smtj.lab import field_sweep

    other = parse_option("--other-field", other_field, "A/m") or 0.0
    steps = (parse_range("--field", field, "A/m"), other)
    common = _common(card, interval, integration_time, noise, drift, seed)
    with shown("readings") as progress:
        found = field_sweep(
            common.card,
            *(steps if direction is Direction.out_of_plane else reversed(steps)),
            sweeps=sweeps,
            **_bias(voltage, current),
            temperature=parse_option("--temperature", temperature, "K"),
            **common.keywords,
            progress=progress,
        )
    _write(found, out, card)


@app.command()
def scan(
    out: Out,
    field: Fields,
    card: Card = "cai2019",
    samples: Samples = 1000,
    parallel: Parallel = "0 Oe",
    voltage: Voltage = None,
    current: Current = None,
    temperature: Temperature = None,
    interval: Interval = None,
    integration_time: Integration = None,
    noise: Noise = "0 ohm",
    drift: Drift = "0 ohm",
    seed: Seed = 0,
) -> None:
    """Read many times at each perpendicular field: P(high | H), as in Fig. 2(d)."""
    from smtj.lab import scan as lab_scan

    common = _common(card, interval, integration_time, noise, drift, seed)
    with shown("readings") as progress:
        found = lab_scan(
            common.card,
            parse_range("--field", field, "A/m"),
            samples,
            field_in_plane=parse_option("--parallel", parallel, "A/m") or 0.0,
            **_bias(voltage, current),
            temperature=parse_option("--temperature", temperature, "K"),
            **common.keywords,
            progress=progress,
        )
    _write(found, out, card)


@app.command()
def voltages(
    out: Out,
    field: Fields,
    voltage: Annotated[str, typer.Option(help='Biases, e.g. "-200:200:50 mV".')],
    card: Card = "cai2019",
    samples: Samples = 1000,
    parallel: Parallel = "0 Oe",
    temperature: Temperature = None,
    interval: Interval = None,
    integration_time: Integration = None,
    noise: Noise = "0 ohm",
    drift: Drift = "0 ohm",
    seed: Seed = 0,
) -> None:
    """Scan the field at each of several bias voltages: w(V), as in Fig. 4."""
    from smtj.lab import voltage_scan

    common = _common(card, interval, integration_time, noise, drift, seed)
    with shown("readings") as progress:
        found = voltage_scan(
            common.card,
            parse_range("--voltage", voltage, "V"),
            parse_range("--field", field, "A/m"),
            samples,
            field_in_plane=parse_option("--parallel", parallel, "A/m") or 0.0,
            temperature=parse_option("--temperature", temperature, "K"),
            **common.keywords,
            progress=progress,
        )
    _write(found, out, card)


@app.command()
def temperatures(
    out: Out,
    temperature: Annotated[str, typer.Option(help='E.g. "280:320:10 K".')],
    card: Card = "cai2019",
    samples: Samples = 1000,
    perpendicular: Perpendicular = "0 Oe",
    parallel: Parallel = "0 Oe",
    voltage: Voltage = None,
    current: Current = None,
    interval: Interval = None,
    integration_time: Integration = None,
    noise: Noise = "0 ohm",
    drift: Drift = "0 ohm",
    seed: Seed = 0,
) -> None:
    """Read again and again at each of several temperatures: dwell times for an Arrhenius plot."""
    from smtj.lab import temperature_scan

    common = _common(card, interval, integration_time, noise, drift, seed)
    with shown("readings") as progress:
        found = temperature_scan(
            common.card,
            parse_range("--temperature", temperature, "K"),
            samples,
            **_fields(perpendicular, parallel),
            **_bias(voltage, current),
            **common.keywords,
            progress=progress,
        )
    _write(found, out, card)


def _common(
    card: str,
    interval: str | None,
    integration_time: str | None,
    noise: str,
    drift: str,
    seed: int,
) -> _Common:
    from smtj.card import load_card
    from smtj.lab import Instrument

    instrument = Instrument(
        parse_option("--interval", interval, "s"),
        parse_option("--integration-time", integration_time, "s"),
        parse_option("--noise", noise, "ohm") or 0.0,
        parse_option("--drift", drift, "ohm") or 0.0,
    )
    return _Common(load_card(card), {"instrument": instrument, "seed": seed})


def _fields(perpendicular: str, parallel: str) -> dict[str, Any]:
    return {
        "field": parse_option("--perpendicular", perpendicular, "A/m"),
        "field_in_plane": parse_option("--parallel", parallel, "A/m"),
    }


def _bias(voltage: str | None, current: str | None) -> dict[str, Any]:
    return {
        "voltage": parse_option("--voltage", voltage, "V"),
        "current": parse_option("--current", current, "A"),
    }


@contextmanager
def shown(what: str) -> Iterator["Progress"]:
    """Show how many of what are done; Ctrl-C ends the measurement and writes nothing."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    with Progress(
        "measuring", BarColumn(), MofNCompleteColumn(), what, TimeRemainingColumn()
    ) as bar:
        task = bar.add_task("", total=None)
        try:
            yield lambda done, total: bar.update(task, completed=done, total=total)
        except KeyboardInterrupt:
            bar.stop()
            typer.echo("Stopped; nothing was written. The same seed gives the same readings.")
            raise typer.Exit(INTERRUPTED) from None


def _write(found: "xr.Dataset", out: Path, card: str) -> None:
    resistance = found["resistance"]
    written(
        found,
        out,
        card,
        f"{resistance.size} readings of {found.attrs['card']}, {float(resistance.min()):.4g} to "
        f"{float(resistance.max()):.4g} ohm",
    )


def written(found: "xr.Dataset", out: Path, card: str, what: str) -> None:
    """Write a measurement and say what it is and what to do next."""
    file = saved(found, out)
    typer.echo(f"{what}, in {file}\nNext: smtj fit {file} --base {card} --out my_card.toml")


def saved(found: "xr.Dataset", out: Path) -> Path:
    """Write a data set; what stands in the way is one sentence."""
    from smtj.measurement import save

    try:
        return save(found, out)
    except OSError as error:
        raise SmtjError(f"{out} cannot be written: {error.strerror}; give another --out") from error
