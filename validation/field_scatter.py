"""Coverage of w and H_s where the field is not exact; writes docs/validation/field_scatter.md.

Counts of independent high reads at fields within ±3/w of H_s, w = 1/7 per Oe.  The field of each
point is off by a normal error of its own.  Beside the coverage of the 95 % intervals stand that of
counting alone, and the median and the mean width relative to it.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np

from smtj.files import write_text
from smtj.inference.sigmoid import fit_sigmoid

RESULT = Path("docs/validation/field_scatter.md")
MACHINE = "2-core x86-64 VM"
WIDTH = 7.0
SCATTER = (0.0, 0.5, 1.0, 2.0)
SCANS = ((9, 100), (9, 500), (15, 500), (21, 1000))
"""Fields and reads at each."""


def one(case):
    """Return coverage (with, without) and relative width of w and H_s."""
    fields, reads, scatter, seed = case
    rng = np.random.default_rng([seed, fields, reads, int(10 * scatter)])
    h = np.linspace(-21, 21, fields)
    offset = rng.uniform(-3, 3)
    p = 1 / (1 + np.exp(-(h + scatter * rng.normal(size=fields) - offset) / WIDTH))
    high = rng.binomial(reads, p)
    with_scatter = fit_sigmoid(h, high, reads).intervals()
    without = fit_sigmoid(h, high, reads, scattered=False).intervals()
    truth = (1 / WIDTH, offset)
    return [
        (
            a[0] <= t <= a[1],
            b[0] <= t <= b[1],
            (a[1] - a[0]) / (b[1] - b[0]),
        )
        for a, b, t in zip(with_scatter, without, truth, strict=True)
    ]


def main():
    """Run all and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=600, help="of each kind")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    lines = [
        "# Validation: scans of P(H) whose fields scatter",
        "",
        "Coverage of 95 % intervals over "
        f"{arguments.scans} scans each (`python validation/field_scatter.py`): w and H_s with the "
        "scatter of the field integrated over, in brackets by counting alone; and the width over "
        "that of counting alone, median and mean. From 9 points nobody can know that their fields "
        "are exact: where no interval may cover less than 92 %, whatever the scatter, those of "
        "exact fields are wider than by counting.",
        "",
        "| fields × reads | scatter | w | H_s | width of w | width of H_s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    with ProcessPoolExecutor(arguments.workers) as pool:
        for fields, reads in SCANS:
            for scatter in SCATTER:
                cases = [(fields, reads, scatter, seed) for seed in range(arguments.scans)]
                found = np.array(list(pool.map(one, cases, chunksize=10)), dtype=float)
                mean, median = found.mean(axis=0), np.median(found, axis=0)
                covered = " | ".join(f"{100 * m[0]:.1f} % ({100 * m[1]:.1f})" for m in mean)
                width = " | ".join(
                    f"{a[2]:.2f}, {b[2]:.2f}" for a, b in zip(median, mean, strict=True)
                )
                row = f"| {fields} × {reads} | {scatter:g} Oe | {covered} | {width} |"
                print(row, flush=True)
                lines.append(row)
    error = 100 * (0.95 * 0.05 / arguments.scans) ** 0.5
    lines += ["", f"A coverage of {arguments.scans} scans has a standard error of {error:.1f} %."]
    write_text(RESULT, "\n".join([*lines, "", f"*{date.today()}, {MACHINE}.*"]) + "\n")


if __name__ == "__main__":
    main()
