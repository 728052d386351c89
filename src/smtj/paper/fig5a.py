"""Fig. 5(a): ST-FMR spectra at H∥ = -110 Oe under bias voltages from -100 to 200 mV."""

from pathlib import Path

import numpy as np

from smtj import plot
from smtj.analysis.resonance.device import AtVoltage
from smtj.card import DeviceCard
from smtj.paper.spectra import DRIVE, NOISE, PAPER_FIELD, resonances
from smtj.paper.texts import check, figure
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats
from smtj.units import GHz, mT, mV

OFFSET = 35e-6
"""Between spectra in V, for clarity only; the paper's."""


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Measure and fit the spectra of the paper's field."""
    found = resonances(card, seed).at_one_field
    numbers = {
        "field_Oe": PAPER_FIELD,
        "voltage_V": [at.voltage for at in found],
        "frequency_Hz": _sorted(found[0])[0].tolist(),
        "signal_V": [_sorted(at)[1].tolist() for at in found],
        "fit_V": [_fitted(at).tolist() for at in found],
        "line_GHz": _lines(found).tolist(),
        "well_lines_GHz": [_wells(at).tolist() for at in found],
    }
    return figure(
        "fig5a",
        _draw(out / "fig5a", found),
        numbers,
        checks(found),
        field=PAPER_FIELD,
        drive=DRIVE / mV,
        noise=1e6 * NOISE,
        card=card.name,
        offset=1e6 * OFFSET,
    )


def _sorted(at: AtVoltage) -> tuple[Floats, Floats]:
    line = at.lines[0]
    order = np.argsort(line.sweep.x)
    return line.sweep.x[order], line.signal[order]


def _fitted(at: AtVoltage) -> Floats:
    """Return the fitted signal in V, of both wells if they differ."""
    if at.whole is not None:
        return at.whole.curves[0]
    return at.lines[0].fit.signal(_sorted(at)[0])


def _lines(found: tuple[AtVoltage, ...]) -> Floats:
    """Return f_r in GHz, treating each spectrum as one line, as the paper does."""
    return np.array([at.lines[0].fit.lines[0].position for at in found]) / GHz


def _wells(at: AtVoltage) -> Floats:
    """Return the fitted f_r in GHz of the up and the down well, or one if the card has no tilt."""
    if at.whole is None:
        return np.array([at.lines[0].fit.lines[0].position]) / GHz
    return np.asarray(at.whole.resonances.frequency[0] / GHz)


def _draw(path: Path, found: tuple[AtVoltage, ...]) -> list[Path]:
    with plot.figure(3.6, 4.2) as (fig, axes):
        for row, at in enumerate(found):
            frequency, signal = _sorted(at)
            shift = row * OFFSET
            axes.plot(
                frequency / GHz,
                1e6 * (signal + shift),
                ".",
                color=plot.BLUE,
                markersize=2,
                label="virtual measurement" if row == 0 else None,
            )
            axes.plot(
                frequency / GHz,
                1e6 * (_fitted(at) + shift),
                color=plot.RED,
                linewidth=1,
                label="fit" if row == 0 else None,
            )
            axes.annotate(
                f"{1e3 * at.voltage:+.0f} mV" if round(at.voltage, 6) else "0 mV",
                (1.01, 1e6 * shift),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8,
            )
        axes.set_xlabel("Frequency $f$ (GHz)")
        axes.set_ylabel("Rectified voltage, offset (µV)")
        axes.legend(loc="upper right", ncols=2, fontsize=7, bbox_to_anchor=(1.0, 1.08))
        return plot.save(fig, path)


def checks(found: tuple[AtVoltage, ...]) -> list[Check]:
    """Compare the paper's statements on Fig. 5(a) with the lines of virtual spectra."""
    line = _lines(found)
    wells = [_wells(at) for at in found]
    middle = min(range(len(found)), key=lambda i: abs(found[i].voltage))
    alone = found[middle].general
    shown = " and ".join(f"{f:.2f}" for f in wells[middle])
    return [
        check(
            "fig5a.moves",
            "agrees" if all(np.diff(line) < 0) else "differs",
            first=line[0],
            last=line[-1],
            field=PAPER_FIELD,
        ),
        check(
            "fig5a.one_line",
            "differs" if np.ptp(wells[middle]) > 0.01 else "agrees",
            ours=f"the two wells resonate at {shown} GHz at 0 mV"
            if len(wells[middle]) == 2
            else "the wells mirror each other and resonate alike",
        ),
        check("fig5a.both_fields", "differs", ours="both of them")
        if alone.separable
        else check(
            "fig5a.both_fields",
            "not supported",
            ratio=alone.ratio,
            field=alone.anisotropy_field / mT,
            error=alone.error / mT,
        ),
    ]
