"""Write docs/validation/README.md of the recorded results beside it."""

import json
from pathlib import Path

from smtj.files import write_text

FOLDER = Path("docs/validation")


def main() -> None:
    """Render the recorded results."""
    record = json.loads((FOLDER / "networks.json").read_text())
    sections = [
        "# Validation: training over several seeds\n\n"
        "Written by `make validate` from [networks.json](networks.json), which holds every value; "
        "speed is in [speed.md](speed.md), and the coverage of confidence intervals in "
        "[coverage.md](coverage.md); correlated and streamed reads are in [reads.md](reads.md), "
        "recovery by bias voltages in [recalibration.md](recalibration.md), and training for "
        "unseen chips "
        "in [aware.md](aware.md). Networks are 784-400-10 on MNIST, card `cai2019`, "
        "16 reads in training and evaluation, device variation and magnetic noise on, stochastic "
        "gradient descent with momentum 0.9 in batches of 100. ± is the standard deviation over "
        "seeds; a seed sets weights, batches, reads and chip."
    ]
    renderers = {
        "tuning": tuning,
        "seeds": seeds,
        "ablations": ablations,
        "reads": reads,
        "voltage": by_voltage,
    }
    for part, render in renderers.items():
        if part in record:
            sections.append(render(record[part]["result"]) + "\n\n" + made(record[part]["about"]))
    print(write_text(FOLDER / "README.md", "\n\n".join(sections) + "\n"))
    print(write_text(FOLDER / "coverage.md", "\n\n".join(coverage()) + "\n"))
    print(write_text(FOLDER / "dynamics.md", "\n\n".join(dynamics()) + "\n"))


def coverage() -> list[str]:
    """Render the coverage of confidence intervals."""
    head = [
        "# Validation: coverage of confidence intervals\n\n"
        "Virtual measurements of random devices are fitted like a user's files; 93 to 97 % of "
        "the 95 % intervals should contain the true value. Traces and scans have three readings "
        "per shorter dwell time, at least 50 switches, noise up to 0.3 of the level separation, "
        "and a drift of one separation per trace; the width is relative to the Cramér-Rao "
        "bound. Written by `make validate`."
    ]
    dwell, scans, spectra = (FOLDER / f"{name}.json" for name in ("dwell", "scans", "resonance"))
    if dwell.exists():
        record = json.loads(dwell.read_text())
        rows = [
            [
                kind,
                str(found["traces"]),
                str(found["two_levels"]),
                *(f"{100 * share:.1f} %" for share in found["coverage"].values()),
                " / ".join(f"{width:.2f}" for width in found["width_over_bound"].values()),
            ]
            for kind, found in record["result"].items()
        ]
        columns = ["readings", "traces", "two levels", "τ_high", "τ_low", "width τ_high / τ_low"]
        title = "## Dwell times of a trace (`validation/dwell.py`)\n\n"
        head.append(title + table(columns, rows) + "\n\n" + made(record["about"]))
    if scans.exists():
        head.append(scan(json.loads(scans.read_text())))
    closed = FOLDER / "cards.json"
    if closed.exists():
        head.append(cards(json.loads(closed.read_text())))
    if spectra.exists():
        head.append(resonance(json.loads(spectra.read_text())))
    return head


def scan(record: dict) -> str:
    """Render the coverage of scans."""
    percent = "{:.1f} %".format
    rows, dwells = [], []
    for kind, found in record["result"].items():
        for bias, row in found.items():
            name = [kind if bias == "both" else "", bias]
            widths = (f"{width:.2f}" for width in row["width_over_bound"].values())
            shares = (percent(100 * share) for share in row["coverage"].values())
            error = f"± {percent(100 * row['coverage_error'])}"
            counts = [str(row["cards"]), str(row["refused"])]
            rows.append([*name, *counts, *shares, error, " / ".join(widths)])
            traces = row["dwell_times"]
            others = sum(n for verdict, n in row["verdicts"].items() if verdict != "two levels")
            shares = (percent(100 * share) for share in traces["coverage"].values())
            error = f"± {percent(100 * traces['coverage_error'])}"
            dwells.append([*name, str(traces["traces"]), str(others), *shares, error])
    first = ["readings", "bias"]
    columns = [*first, "cards", "refused", "w", "H_s", "error of a coverage", "width w / H_s"]
    also = [*first, "traces", "of other verdicts", "τ_high", "τ_low", "error of a coverage"]
    return (
        "## w, H_s and dwell times of a scan (`validation/scans.py`)\n\n"
        "Random cards, measured at seven fields within ±3/w of H_s and fitted.\n\n"
        + table(columns, rows)
        + "\n\nDwell times from the same scans: every trace with two levels and at least 20 "
        "switches, compared with the card's at that field.\n\n"
        + table(also, dwells)
        + "\n\n"
        + made(record["about"])
    )


def cards(record: dict) -> str:
    """Render how cards of foreign devices give back what was measured."""
    rows = [
        [
            kind,
            str(found["devices"]),
            str(found["refused"]),
            str(found["said to miss their data"]),
            *(
                f"{100 * found[of]['all']:.1f} %, {found[of]['largest z']:.1f}"
                for of in ("device", "card")
            ),
        ]
        for kind, found in record["result"].items()
    ]
    columns = [
        "devices", "number", "refused", "said to miss their data", "device in the first intervals",
        "card in the second intervals",
    ]  # fmt: skip
    return (
        "## Cards of what was measured (`validation/cards.py`)\n\n"
        "Telegraph noise of random devices, made without smtj, is fitted without a base card; the "
        "laboratory measures the card that follows; that is fitted again. Percentages are over "
        "levels, noise, dwell times, w and the middle; beside them the largest distance in "
        "standard errors.\n\n" + table(columns, rows) + "\n\n" + made(record["about"])
    )


def resonance(record: dict) -> str:
    """Render the coverage of resonance fits."""
    units = {"H_K1": (1e3, "mT"), "H_K2": (1e3, "mT"), "-dH_K1/dV": (1e3, "mT/V")}
    rows = []
    for kind, found in record["result"].items():
        for quantity, row in found["quantities"].items():
            scale, unit = units.get(quantity, (1e15, "fJ/(V m)"))
            rows.append(
                [
                    kind if quantity == "H_K1" else "",
                    quantity,
                    str(row["numbers"]),
                    f"{100 * row['coverage']:.1f} ± {100 * row['coverage_error']:.1f} %",
                    f"{row['mean_z']:+.2f} ± {row['sd_z']:.2f}",
                    f"± {scale * row['median_half_interval']:.2g} {unit}",
                ]
            )
    counts = "; ".join(
        f"{kind}: {found['devices']} devices, {found['refused']} refused, {found['voltages']} "
        f"voltages, of which {found['inseparable_voltages']} cannot separate H_K1 from H_K2"
        for kind, found in record["result"].items()
    )
    columns = ["devices", "", "numbers", "coverage", "z, mean ± sd", "median interval"]
    return (
        "## H_K1, H_K2, mT/V and ξ from resonances (`validation/resonance.py`)\n\n"
        "Spectra swept in frequency at 6 to 9 fields in the plane, below and beyond saturation, "
        "and 3 to 5 voltages; signal-to-noise ratio per point 10 to 50; M_s, t and t_MgO of the "
        "devices differ from the card's by its standard errors (3, 2 and 3 %); H_K1, H_K2, mT/V "
        "and damping differ by more. The errors of the coverage allow for correlations within a "
        "device. The fit of whole spectra assumes equal damping in both wells, which a spin "
        "torque (damping-like, 0 to 2 mT/V, at 0.1 to 0.2 V) breaks; the last rows show the "
        f"effect.\n\nRuns: {counts}.\n\n" + table(columns, rows) + "\n\n" + made(record["about"])
    )


def dynamics() -> list[str]:
    """Render the comparison of simulated dynamics with exact results."""
    record = json.loads((FOLDER / "llg.json").read_text())
    scales = {"mean first passage in s": (1e9, "ns"), "mean square of m_z": (1.0, "")}
    rows = [
        [
            found["quantity"].removesuffix(" in s"),
            f"{found['delta']:g}",
            f"{found['damping']:g}",
            f"{found['part_of_default']:g}",
            *(f"{scale * found[key]:.4g} {unit}".strip() for key in ("exact", "mean")),
            f"{100 * found['relative_error']:.2f} %",
            f"{found['z']:+.2f}",
        ]
        for found in record["comparisons"]
        for scale, unit in [scales[found["quantity"]]]
    ]
    columns = ["quantity", "Δ", "α", "time step", "exact", "s-LLG", "standard error", "z"]
    found = record["convergence"]
    steps = [
        [
            f"{step['over_default']:.3g}",
            f"{1e12 * step['time_step_s']:.3g} ps",
            f"{100 * (step['mean'] / step['exact'] - 1):+.3f} ± "
            f"{100 * step['relative_error']:.3f} %",
        ]
        for step in found["steps"]
    ]
    return [
        "# Validation: magnetisation dynamics\n\n"
        "First passages between m_z = ±½ against the quadrature of the Fokker-Planck equation, and "
        "⟨m_z²⟩ against Boltzmann's integral, of a disc of 50 nm and 1.1 nm with μ0 M_s = 1.2 T at "
        "300 K. Time steps are relative to the default. Written by `make validate` from "
        "[llg.json](llg.json) (`validation/llg.py`).",
        table(columns, rows),
        f"## Convergence\n\nError of ⟨m_z²⟩ at Δ = {found['delta']:g}, α = {found['damping']:g}, "
        f"where it is visible. It grows with the {found['order']:.2f} ± "
        f"{found['standard_error']:.2f}th power of the time step: weak order one. At the default "
        f"step it is {100 * found['relative_bias_at_default']:.3f} %.",
        table(["time step over default", "", "error of ⟨m_z²⟩"], steps),
        made(record["about"]),
    ]


def made(about: dict[str, str]) -> str:
    """Return when and with which versions a result was computed."""
    revision = about["git_revision"] or "working tree"
    return (
        f"*{about['date']}, smtj {revision}, PyTorch {about['torch']}, {about['platform']}, "
        "2 cores.*"
    )


def tuning(result: dict[str, dict[str, float]]) -> str:
    """Render the learning rates."""
    rates = list(next(iter(result.values())))
    rows = [
        [name, *(bold(100 * value, value == max(found.values())) for value in found.values())]
        for name, found in result.items()
    ]
    return (
        "## Learning rates\n\nAccuracy on 10,000 held-out training images (%), mean of the last "
        "three epochs, seed 0. Both kinds of network were tuned over the same rates.\n\n"
        + table(["network, read-out", *rates], rows)
    )


def seeds(result: dict[str, dict]) -> str:
    """Render final accuracies."""
    rows = [
        [
            name,
            spread(found["after_epoch_1"]),
            spread(found["last_epoch"]),
            spread(found["mean_of_last_10"]),
            f"{100 * found['last_epoch']['values'][0]:.2f}",
        ]
        for name, found in result.items()
    ]
    count = len(next(iter(result.values()))["last_epoch"]["values"])
    epochs = next(iter(result.values()))["epochs"]
    return (
        f"## {epochs} epochs, {count} seeds\n\nAccuracy on the 10,000 test images (%).\n\n"
        + table(
            ["network, read-out", "epoch 1", f"epoch {epochs}", "mean of last 10", "seed 0"], rows
        )
    )


def ablations(result: dict[str, dict]) -> str:
    """Render the ablations."""
    rows = [
        [name, spread(found["after_epoch_1"]), spread(found["mean_of_last_10"])]
        for name, found in result.items()
    ]
    epochs = next(iter(result.values()))["epochs"]
    count = len(next(iter(result.values()))["last_epoch"]["values"])
    return (
        f"## One thing changed at a time\n\n{epochs} epochs, {count} seeds; test accuracy (%).\n\n"
        + table(["network, read-out", "epoch 1", "mean of last 10 epochs"], rows)
    )


def by_voltage(result: dict[str, dict]) -> str:
    """Render what the voltage as the input does."""
    rows = [
        [name, spread(found["after_epoch_1"]), spread(found["last_epoch"])]
        for name, found in result.items()
    ]
    first = next(iter(result.values()))
    epochs, count = first["epochs"], len(first["last_epoch"]["values"])
    head = ["card and drive, read-out", "epoch 1", f"epoch {epochs}"]
    return (
        "## The voltage as the input\n\nThe summed input is the field of the paper or the voltage "
        "across each junction, in no field; cards with the spin torque that their TMR implies. "
        f"{epochs} epochs, {count} seeds; test accuracy (%).\n\n" + table(head, rows)
    )


def reads(result: dict) -> str:
    """Render accuracy against reads."""
    counts = list(next(iter(result["accuracy"].values())))
    rows = [
        [f"trained on {label}", *(f"{100 * value['mean']:.2f}" for value in found.values())]
        for label, found in result["accuracy"].items()
    ]
    return (
        f"## Test accuracy (%) against reads at inference\n\nLinear read-out, {result['epochs']} "
        "epochs, seed 0, mean of ten evaluations.\n\n" + table(["", *counts], rows)
    )


def spread(found: dict) -> str:
    """Format a mean and its standard deviation."""
    return f"{100 * found['mean']:.2f} ± {100 * found['sd']:.2f}"


def bold(value: float, is_best: bool) -> str:
    """Format a number, the best in bold."""
    return f"**{value:.2f}**" if is_best else f"{value:.2f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Format a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
