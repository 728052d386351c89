"""``smtj pbits``: problems solved by machines of a card's junctions."""

import inspect
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtj.cli.output import note, print_json, progress, writing
from smtj.cli.ranges import parse_option
from smtj.errors import SmtjError

if TYPE_CHECKING:
    from smtj.pbits import Problem, Sampler, Samples

app = typer.Typer(
    help="Solve problems by p-bits: ideal ones, or a card's junctions.", no_args_is_help=True
)
BUILT_IN = "and, or, xor, full-adder, adder:BITS, multiplier:BITS"


class Kind(StrEnum):
    """Choices of ``--machine``."""

    ideal = "ideal"
    continuous = "continuous"
    clocked = "clocked"


Source = Annotated[
    str,
    typer.Argument(
        metavar="PROBLEM",
        help=f"One of {BUILT_IN}; or a file: G-set (.txt), QUBO matrix (.csv, .npy).",
    ),
]
Clamp = Annotated[
    list[str] | None, typer.Option(help='Bit or number to hold, e.g. "p=35"; repeatable.')
]
Sweeps = Annotated[int, typer.Option(min=1, help="Length of a run, in relaxation times.")]
Chains = Annotated[int, typer.Option(min=1, help="Runs.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the runs.")]
Out = Annotated[Path | None, typer.Option(help="Folder for pictures and result.json.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]


def with_machine(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of :func:`_machine` in place of its parameter ``machine``."""
    shared = inspect.signature(_machine).parameters

    def run(**options: Any) -> None:
        chosen = {name: options.pop(name) for name in shared}
        command(machine=_machine(**chosen), **options)

    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        parameters += shared.values() if name == "machine" else [parameter]
    by_name = [p.replace(kind=p.KEYWORD_ONLY) for p in parameters]
    vars(run)["__signature__"] = inspect.Signature(by_name)
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def _machine(
    machine: Annotated[Kind, typer.Option(help="What samples.")] = Kind.continuous,
    card: Annotated[str, typer.Option(help="Shipped card or path of a card file.")] = "cai2019",
    spread: Annotated[
        float, typer.Option(min=0, help="Multiplies the card's spreads; 0 for equal junctions.")
    ] = 1.0,
    chip_seed: Annotated[int, typer.Option(min=0, help="Seed of the junctions.")] = 0,
    delay: Annotated[
        str | None, typer.Option(help='From a flip to its effect, e.g. "1 ms".')
    ] = None,
    interval: Annotated[
        str | None, typer.Option(help="Between the ticks of a clocked machine.")
    ] = None,
    coupling_bits: Annotated[
        int | None, typer.Option(min=2, help="Bits of the couplings. Default: real numbers.")
    ] = None,
    voltage: Annotated[str | None, typer.Option(help="Bias voltage. Default: the card's.")] = None,
    temperature: Annotated[
        str | None, typer.Option(help="Temperature. Default: the card's.")
    ] = None,
) -> "Sampler":
    from smtj.pbits import Clocked, Ideal, Junctions

    if machine is Kind.ideal:
        return Ideal()
    late, tick = parse_option("--delay", delay, "s"), parse_option("--interval", interval, "s")
    shared: dict[str, Any] = {
        "card": card,
        "spread": spread,
        "chip_seed": chip_seed,
        "coupling_bits": coupling_bits,
        "voltage": parse_option("--voltage", voltage, "V"),
        "temperature": parse_option("--temperature", temperature, "K"),
    }
    if machine is Kind.clocked:
        if late is not None:
            raise SmtjError("--delay is of a continuous machine; give --interval to a clocked one")
        return Clocked(interval=tick, **shared)
    if tick is not None:
        raise SmtjError("--interval is of a clocked machine; give --delay to a continuous one")
    return Junctions(delay=late or 0.0, **shared)


@app.command()
@with_machine
def sample(
    problem: Source,
    *,
    clamp: Clamp = None,
    beta: Annotated[float, typer.Option(help="Scale of the energies.")] = 1.0,
    sweeps: Sweeps = 2000,
    chains: Chains = 64,
    seed: Seed = 0,
    machine: Any,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Sample a problem, and compare with Boltzmann where its states can be counted."""
    known = _problem(problem, clamp)
    # The second half: by then most problems have forgotten how they began.
    samples = _run(machine, known, 2 * sweeps, chains, beta, 2 * min(sweeps, 1000), seed)
    kept = samples.after(0.5)
    record = kept.to_dict()
    if known.size <= 16:
        record["total_variation"] = kept.distance()
    _show(kept, record, as_json)
    if known.size <= 16:
        note(f"Total variation from Boltzmann: {record['total_variation']:.4f}")
    if out is not None:
        _write(out, kept, record, histogram=known.size <= 16)


@app.command()
@with_machine
def anneal(
    problem: Source,
    *,
    clamp: Clamp = None,
    beta_range: Annotated[
        str | None, typer.Option(help='First and last β, "0.1,3". Default: by the couplings.')
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="Energy of a solution. Default: the least that was found.")
    ] = None,
    sweeps: Sweeps = 1000,
    chains: Chains = 20,
    seed: Seed = 0,
    machine: Any,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Lower the energy of a problem; a cut of a G-set graph is minus its energy."""
    _solve(
        _problem(problem, clamp), beta_range, target, sweeps, chains, seed, machine, out, as_json
    )


@app.command()
@with_machine
def factor(
    number: Annotated[int, typer.Argument(help="Odd number to factor.")],
    *,
    bits: Annotated[
        int | None, typer.Option(min=2, help="Bits of each factor. Default: half of the number's.")
    ] = None,
    beta_range: Annotated[str | None, typer.Option(help='First and last β, e.g. "0.01,1".')] = None,
    sweeps: Sweeps = 1000,
    chains: Chains = 20,
    seed: Seed = 0,
    machine: Any,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Factor a number by the energy (xy - N)²/N of two odd factors."""
    from smtj.pbits import factoring, factors

    half = -(-number.bit_length() // 2) if bits is None else bits
    problem = factoring(number, half, half)
    samples = _solve(
        problem, beta_range or "0.002,1", 0.0, sweeps, chains, seed, machine, out, as_json
    )
    best, energy = samples.best()
    x, y = factors(best)
    if energy > 1e-6:
        raise SmtjError(
            f"no run found factors of {number} in {half} bits; the nearest product is {x} · {y} = "
            f"{x * y}: raise --sweeps, --chains or --bits"
        )
    note(f"{number} = {x} · {y}")


@app.command()
@with_machine
def learn(
    dataset: Annotated[
        str, typer.Argument(help="mnist, fashion-mnist, digits, or a folder or file of your own.")
    ] = "mnist",
    *,
    hidden: Annotated[int, typer.Option(min=1, help="Hidden p-bits.")] = 400,
    density: Annotated[float, typer.Option(help="Fraction of the couplings that exist.")] = 1.0,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the images.")] = 10,
    rate: Annotated[float, typer.Option(min=0, help="Learning rate.")] = 0.05,
    in_place: Annotated[
        bool, typer.Option(help="Learn on the chip, or ideally and then transfer.")
    ] = True,
    seed: Seed = 0,
    machine: Any,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Teach a restricted Boltzmann machine images, on a chip or for one."""
    from smtj.datasets import load_dataset
    from smtj.pbits import Machine
    from smtj.pbits.learning import learn as teach
    from smtj.tables import Table

    data = load_dataset(dataset)
    largest = float(data.train_images.max())
    train, test = data.train_images / largest, data.test_images / largest
    chip = machine if isinstance(machine, Machine) else None
    with progress("learning", "batches") as report:
        taught = teach(
            train,
            data.train_labels,
            chip if in_place else None,
            hidden=hidden,
            density=density,
            epochs=epochs,
            batch=min(100, max(1, len(train) // 50)),
            rate=rate,
            seed=seed,
            progress=report,
        )
    record = {
        "dataset": data.title,
        "visible": taught.visible_bias.size,
        "hidden": hidden,
        "ideal_accuracy": taught.on(None).accuracy(test, data.test_labels),
    }
    if chip is not None:
        record["chip_accuracy"] = taught.on(chip).accuracy(test, data.test_labels)
        record["learnt"] = "in place" if in_place else "ideally"
    if as_json:
        print_json(record)
    else:
        rows = [
            (name.replace("_", " "), f"{100 * v:.2f} %" if isinstance(v, float) else str(v))
            for name, v in record.items()
        ]
        typer.echo(Table("Boltzmann machine of p-bits", ("", "value"), rows).text())
    if out is not None:
        _write_learnt(out, taught.on(chip), record)


def _write_learnt(out: Path, taught: Any, record: dict[str, Any]) -> None:
    """Write images that the machine makes, its weights and the record."""
    import io
    import json
    import math

    import numpy as np

    from smtj import plot
    from smtj.files import write_bytes, write_text

    pixels = taught.visible_bias.size - taught.classes
    side = math.isqrt(pixels)
    with writing(out):
        if side * side == pixels:
            with plot.figure(5.0, 5.0, nrows=taught.classes, ncols=8) as (figure, axes):
                for label, row in enumerate(np.reshape(axes, (taught.classes, 8))):
                    made = taught.generate(label, 8)
                    for ax, image in zip(row, made, strict=True):
                        ax.imshow(image.reshape(side, side), cmap="gray_r")
                        ax.set_axis_off()
                plot.save(figure, out / "generated")
        arrays = io.BytesIO()
        np.savez_compressed(
            arrays,
            weights=taught.weights,
            visible_bias=taught.visible_bias,
            hidden_bias=taught.hidden_bias,
        )
        write_bytes(out / "machine.npz", arrays.getvalue())
        write_text(out / "result.json", json.dumps(record, indent=1, allow_nan=False) + "\n")
    note(f"Written: generated images, machine.npz and result.json in {out}")


def _problem(text: str, clamp: list[str] | None) -> "Problem":
    """Return a problem by name or of a file, with bits held."""
    import numpy as np

    from smtj import pbits

    name, _, size = text.partition(":")
    gates = {
        "and": lambda: pbits.and_gate("a", "b", "out"),
        "or": lambda: pbits.or_gate("a", "b", "out"),
        "xor": lambda: pbits.xor_gate("a", "b", "out"),
        "full-adder": lambda: pbits.full_adder("a", "b", "c", "sum", "carry"),
    }
    circuits = {"adder": pbits.adder, "multiplier": pbits.multiplier}
    suffix = Path(text).suffix
    if text in gates:
        problem = pbits.as_problem(gates[text]())
    elif name in circuits:
        if not (size.isascii() and size.isdigit() and int(size) >= 1):
            raise SmtjError(f'"{text}" lacks a number of bits; write {name}:4')
        problem = pbits.as_problem(circuits[name](int(size)))
    elif suffix in (".csv", ".npy"):
        try:
            matrix = np.load(text) if suffix == ".npy" else np.loadtxt(text, delimiter=",", ndmin=2)
        except FileNotFoundError:
            raise SmtjError(f"{text} does not exist; expected a QUBO matrix") from None
        except ValueError as error:
            raise SmtjError(f"{text} cannot be read as a matrix of numbers: {error}") from None
        problem = pbits.qubo(matrix)
    elif suffix:
        problem = pbits.max_cut(text)
    else:
        raise SmtjError(f'"{text}" is no problem; give one of {BUILT_IN}, or a file')
    held = {}
    for entry in clamp or []:
        label, _, value = entry.partition("=")
        if not (value.isascii() and value.isdigit()):
            raise SmtjError(f'--clamp is "{entry}"; it must be NAME=NUMBER, e.g. p=35')
        held[label] = int(value)
    return problem.clamp(held)


def _solve(
    problem: "Problem",
    beta_range: str | None,
    target: float | None,
    sweeps: int,
    chains: int,
    seed: int,
    machine: Any,
    out: Path | None,
    as_json: bool,
) -> "Samples":
    from smtj import pbits

    first, last = problem.beta_range()
    if beta_range is not None:
        try:
            first, last = map(float, beta_range.split(","))
        except ValueError:
            raise SmtjError(f'--beta-range is "{beta_range}"; give two numbers: 0.1,3') from None
    schedule = pbits.anneal(sweeps, first, last)
    samples = _run(machine, problem, sweeps, chains, schedule, min(sweeps, 200), seed)
    goal = float(samples.energies.min()) if target is None else target
    solved = pbits.success(samples, goal)
    low, high = solved.time_interval
    record = {
        **samples.to_dict(),
        "target": goal,
        "successes": solved.found,
        "time_to_solution": _finite(solved.time),
        "time_to_solution_interval": [_finite(low), _finite(high)],
    }
    cost = None
    if not isinstance(machine, pbits.Ideal):
        try:
            cost = pbits.machine_cost(machine, samples, goal)
        except SmtjError as error:
            note(str(error))
        else:
            record |= {
                "power": cost.power,
                "energy_per_flip": cost.energy_per_flip,
                "energy_per_solution": _finite(cost.energy_per_solution or 0.0),
            }
    _show(samples, record, as_json)
    if cost is not None and not as_json:
        typer.echo(cost.table().text())
    if out is not None:
        _write(out, samples, record, histogram=False)
    return samples


def _finite(value: float) -> float | None:
    """A number, or None in place of infinity, which JSON does not have."""
    import math

    return value if math.isfinite(value) else None


def _run(
    machine: "Sampler",
    problem: "Problem",
    sweeps: int,
    chains: int,
    beta: Any,
    records: int,
    seed: int,
) -> "Samples":
    with progress("sampling") as report:
        return machine.sample(
            problem,
            sweeps,
            chains=chains,
            beta=beta,
            records=records,
            seed=seed,
            progress=report,
        )


def _show(samples: "Samples", record: dict[str, Any], as_json: bool) -> None:
    from rich.console import Console

    if as_json:
        print_json(record)
    else:
        typer.echo(samples.table().text(Console().width))


def _write(out: Path, samples: "Samples", record: dict[str, Any], histogram: bool) -> None:
    import json

    from smtj import plot
    from smtj.files import write_text

    with writing(out):
        with plot.figure() as (figure, axes):
            samples.plot(axes)
            plot.save(figure, out / "energy")
        if histogram:
            with plot.figure(6.0, 3.0) as (figure, axes):
                samples.plot_histogram(axes)
                plot.save(figure, out / "histogram")
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
        write_text(out / "result.json", text + "\n")
    note(f"Written: pictures and result.json in {out}")
