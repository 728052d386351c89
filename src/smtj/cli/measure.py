"""``smtj measure``: virtual instruments that write the files of a real one."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtj.cli.output import INTERRUPTED, Report, note, print_json, progress, writing
from smtj.cli.ranges import parse_option, parse_options, parse_range

if TYPE_CHECKING:
    import xarray as xr

app = typer.Typer(
    help="Measure a card's device with virtual instruments.",
    no_args_is_help=True,
)

Card = Annotated[str, typer.Option(help="Name or path of the card.")]
Out = Annotated[Path, typer.Option(help="File to write: .csv, .xlsx or .nc.")]
Samples = Annotated[int, typer.Option(min=1, help="Readings per step.")]
Field = Annotated[
    str | None,
    typer.Option(help='Field along the film normal, e.g. "-14 Oe". Default: the card\'s, or none.'),
]
Fields = Annotated[
    str, typer.Option(help='Fields along the film normal: START:STOP:STEP, e.g. "-60:40:5 Oe".')
]
InPlane = Annotated[
    str | None, typer.Option(help="Field along the long axis. Default: the card's, or none.")
]
Voltage = Annotated[
    str | None, typer.Option(help='Bias, e.g. "1 mV". Default: the card\'s read voltage.')
]
Current = Annotated[str | None, typer.Option(help='Bias current instead, e.g. "10 uA".')]
Temperature = Annotated[str | None, typer.Option(help="Default: the card's.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]
Json = Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")]

Bench = dict[str, Any]
"""Card, instrument, seed and progress, as every resistance measurement of the lab takes them."""


class Swept(StrEnum):
    """Choices of ``--swept``."""

    frequency = "frequency"
    field = "field"


def resistance_command(
    to: typer.Typer, **defaults: Any
) -> Callable[[Callable[..., "xr.Dataset"]], None]:
    """Return a decorator that makes a command of a function from a Bench and its own options.

    The options of :func:`_measure` are added, with other defaults if given here.
    """

    def register(measured: Callable[..., "xr.Dataset"]) -> None:
        own, shared = (
            list(inspect.signature(function).parameters.values())[1:]
            for function in (measured, _measure)
        )
        shared = [p.replace(default=defaults.get(p.name, p.default)) for p in shared]

        def command(**options: Any) -> None:
            chosen = {p.name: options.pop(p.name) for p in own}
            _measure(lambda bench: measured(bench, **chosen), **options)

        parameters = [p.replace(kind=p.KEYWORD_ONLY) for p in (*own, *shared)]
        vars(command)["__signature__"] = inspect.Signature(parameters)
        to.command(measured.__name__, help=measured.__doc__)(command)

    return register


def _measure(
    measured: Callable[[Bench], "xr.Dataset"],
    out: Out,
    card: Card = "cai2019",
    interval: Annotated[
        str | None, typer.Option(help="Time between readings. Default: the card's.")
    ] = None,
    integration_time: Annotated[
        str | None,
        typer.Option(help='Time over which a reading averages; "0 s". Default: the card\'s.'),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(help="Standard deviation of a reading. Default: that on the card, or none."),
    ] = None,
    drift: Annotated[
        str, typer.Option(help="Change of the resistance over the measurement.")
    ] = "0 ohm",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    from smtj.card import DeviceCard, load_card
    from smtj.lab import Instrument

    device = load_card(card)
    instrument = Instrument(
        parse_option("--interval", interval, "s"),
        parse_option("--integration-time", integration_time, "s"),
        parse_option("--noise", noise, "ohm"),
        parse_option("--drift", drift, "ohm") or 0.0,
    )
    with measuring("readings") as report:
        data = measured(
            {"card": device, "instrument": instrument, "seed": seed, "progress": report}
        )
    # Of a card with nothing but P(high) there are counts.
    measured_name = "probability" if "probability" in data else device.observable
    read = data[measured_name]
    text = (
        f"{read.size} {'readings' if measured_name != 'probability' else 'probabilities'} of "
        f"{device.name}, {float(read.min()):.4g} to {float(read.max()):.4g} "
        f"{read.attrs['units']}"
    ).rstrip()
    written(data, measured_name, out, text, as_json)
    base = f" --base {card}" if isinstance(device, DeviceCard) else ""
    note(f"Next: smtj fit {out}{base} --out my_card.toml")


@resistance_command(app)
def trace(
    bench: Bench,
    samples: Samples = 1000,
    field: Field = None,
    field_in_plane: InPlane = None,
    voltage: Voltage = None,
    current: Current = None,
    temperature: Temperature = None,
) -> "xr.Dataset":
    """Read the resistance repeatedly at one field: telegraph noise, as in Fig. 2(c)."""
    from smtj import lab

    conditions = parse_options(
        field=field,
        field_in_plane=field_in_plane,
        voltage=voltage,
        current=current,
        temperature=temperature,
    )
    return lab.trace(samples=samples, **conditions, **bench)


@resistance_command(app)
def sweep(
    bench: Bench,
    field: Fields = "0 Oe",
    field_in_plane: Annotated[
        str, typer.Option(help="Fields along the long axis, to sweep these instead.")
    ] = "0 Oe",
    sweeps: Annotated[int, typer.Option(min=1, help="1: up; 2: up and down; and so on.")] = 2,
    voltage: Voltage = None,
    current: Current = None,
    temperature: Temperature = None,
) -> "xr.Dataset":
    """Sweep a field up and down, one reading per step: loops, as in Fig. 1(b), 2(a) and 2(b)."""
    from smtj import lab

    steps = (
        parse_range("--field", field, "A/m"),
        parse_range("--field-in-plane", field_in_plane, "A/m"),
    )
    conditions = parse_options(voltage=voltage, current=current, temperature=temperature)
    return lab.field_sweep(
        field=steps[0] if steps[0].size > 1 else float(steps[0][0]),
        field_in_plane=steps[1] if steps[1].size > 1 else float(steps[1][0]),
        sweeps=sweeps,
        **conditions,
        **bench,
    )


@resistance_command(app)
def scan(
    bench: Bench,
    field: Fields,
    samples: Samples = 1000,
    field_in_plane: InPlane = None,
    voltage: Voltage = None,
    current: Current = None,
    temperature: Temperature = None,
) -> "xr.Dataset":
    """Read many times at each field: P(high | H), as in Fig. 2(d)."""
    from smtj import lab

    conditions = parse_options(
        field_in_plane=field_in_plane, voltage=voltage, current=current, temperature=temperature
    )
    fields = parse_range("--field", field, "A/m")
    return lab.scan(field=fields, samples=samples, **conditions, **bench)


@resistance_command(app)
def voltages(
    bench: Bench,
    voltage: Annotated[str, typer.Option(help='Biases, e.g. "-200:200:50 mV".')],
    field: Fields,
    samples: Samples = 1000,
    field_in_plane: InPlane = None,
    temperature: Temperature = None,
) -> "xr.Dataset":
    """Scan the field at each of several bias voltages: w(V), as in Fig. 4."""
    from smtj import lab

    return lab.voltage_scan(
        voltage=parse_range("--voltage", voltage, "V"),
        field=parse_range("--field", field, "A/m"),
        samples=samples,
        **parse_options(field_in_plane=field_in_plane, temperature=temperature),
        **bench,
    )


@resistance_command(app)
def bias(
    bench: Bench,
    voltage: Annotated[
        str | None,
        typer.Option(
            help='Voltages to hold, e.g. "-200:200:50 mV". Default: nine, up to the limit of a '
            "device or to where one state is rare."
        ),
    ] = None,
    current: Annotated[
        str | None, typer.Option(help='Currents to hold instead, e.g. "-10:10:2 uA".')
    ] = None,
    samples: Samples = 1000,
    counts: Annotated[
        bool, typer.Option(help="Count high states in reads far apart: P(high).")
    ] = False,
    field: Annotated[
        str | None,
        typer.Option(help="Field along the film normal. Default: a device's offset field."),
    ] = None,
    field_in_plane: Annotated[
        str | None, typer.Option(help="Field along the long axis. Default: likewise.")
    ] = None,
    temperature: Temperature = None,
) -> "xr.Dataset":
    """Read many times at each of several voltages or currents: dwell times or P under bias."""
    from smtj import lab

    conditions = parse_options(field=field, field_in_plane=field_in_plane, temperature=temperature)
    return lab.bias_scan(
        samples=samples,
        voltage=None if voltage is None else parse_range("--voltage", voltage, "V"),
        current=None if current is None else parse_range("--current", current, "A"),
        counts=counts,
        **conditions,
        **bench,
    )


@resistance_command(app)
def temperatures(
    bench: Bench,
    temperature: Annotated[str, typer.Option(help='E.g. "280:320:10 K".')],
    samples: Samples = 1000,
    field: Field = None,
    field_in_plane: InPlane = None,
    voltage: Voltage = None,
    current: Current = None,
) -> "xr.Dataset":
    """Read repeatedly at each of several temperatures: dwell times for an Arrhenius plot."""
    from smtj import lab

    conditions = parse_options(
        field=field, field_in_plane=field_in_plane, voltage=voltage, current=current
    )
    steps = parse_range("--temperature", temperature, "K")
    return lab.temperature_scan(temperature=steps, samples=samples, **conditions, **bench)


@app.command()
def pulses(
    out: Out,
    length: Annotated[str, typer.Option(help='Pulse lengths, e.g. "5:200:15 ns" or "5,20,80 ns".')],
    card: Card = "cai2019",
    samples: Annotated[int, typer.Option(min=1, help="Pulses of each length.")] = 500,
    voltage: Annotated[
        str | None, typer.Option(help="Of the pulse. Default: that of the measured pulses.")
    ] = None,
    current: Annotated[str | None, typer.Option(help="Of the pulse instead.")] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Count how often pulses of several lengths switch the device, which is reset before each."""
    from smtj import lab

    with measuring("lengths") as report:
        data = lab.pulse_scan(
            card,
            parse_range("--length", length, "s"),
            samples,
            **parse_options(voltage=voltage, current=current),
            seed=seed,
            progress=report,
        )
    p = data["probability"]
    text = (
        f"{p.size} lengths of the pulse, {samples} pulses each, switch {data.attrs['card']} "
        f"with P from {float(p.min()):.4g} to {float(p.max()):.4g}"
    )
    written(data, "probability", out, text, as_json)
    note(f"Next: smtj fit {out} --out my_card.toml")


@app.command()
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
    noise: Annotated[str, typer.Option(help="Standard deviation of a point.")] = "0 uV",
    temperature: Temperature = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Measure the rectified voltage of the driven junction: ST-FMR spectra, as in Fig. 5(a)."""
    from smtj import lab

    with measuring("points"):
        data = lab.spectra(
            card,
            parse_range("--field", field, "A/m"),
            parse_range("--voltage", voltage, "V"),
            parse_range("--frequency", frequency, "Hz"),
            drive=parse_option("--drive", drive, "V") or 0.0,
            noise=parse_option("--noise", noise, "V") or 0.0,
            field_angle=parse_option("--angle", angle, "rad") or 0.0,
            temperature=parse_option("--temperature", temperature, "K"),
            swept=swept.value,
            seed=seed,
        )
    signal = data["signal"]
    points = signal.sizes[signal.dims[-1]]
    text = (
        f"{signal.size // points} spectra of {points} points of {data.attrs['card']}, "
        f"{1e6 * float(signal.min()):.3g} to {1e6 * float(signal.max()):.3g} µV"
    )
    written(data, "signal", out, text, as_json)
    note(f"Next: smtj fit {out} --base {card} --out my_card.toml")


@contextmanager
def measuring(unit: str) -> Iterator[Report]:
    """Show a progress bar; Ctrl-C ends the measurement and writes nothing."""
    with progress("measuring", unit) as report:
        try:
            yield report
        except KeyboardInterrupt:
            note("Stopped; nothing was written. The same seed gives the same readings.")
            raise typer.Exit(INTERRUPTED) from None


def written(data: "xr.Dataset", measured: str, out: Path, text: str, as_json: bool) -> None:
    """Write a data set, and print what was measured as text or as JSON."""
    from smtj.measurement import save

    with writing(out):
        save(data, out)
    if as_json:
        values = data[measured]
        summary = {
            "file": str(out),
            **data.attrs,
            "sizes": dict(data.sizes),
            measured: {
                "unit": values.attrs["units"],
                "min": float(values.min()),
                "mean": float(values.mean()),
                "max": float(values.max()),
            },
        }
        print_json(summary)
    else:
        typer.echo(f"{text}, in {out}")
