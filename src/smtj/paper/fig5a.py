"""Fig. 5(a): ST-FMR spectra at H∥ = -110 Oe under bias voltages from -100 to 200 mV."""

from pathlib import Path

import numpy as np

from smtj import plot
from smtj.analysis.resonance.device import AtVoltage
from smtj.card import DeviceCard
from smtj.paper.spectra import DRIVE, NOISE, PAPER_FIELD, resonances
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats
from smtj.units import GHz, mT

OFFSET = 35e-6
"""Between spectra in V, for the eye alone; the paper's."""


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Measure and fit the spectra of the paper's field.

    Parameters
    ----------
    card
        The device.
    out
        Folder of the figure.
    seed
        Seed of the instrument.
    """
    found = resonances(card, seed).at_one_field
    return FigureResult(
        name="fig5a",
        title="Fig. 5(a): ST-FMR spectra under bias voltages from −100 to 200 mV",
        caption=_caption(card),
        images=_draw(out / "fig5a", found),
        numbers={
            "field_Oe": PAPER_FIELD,
            "voltage_V": [at.voltage for at in found],
            "frequency_Hz": _sorted(found[0])[0].tolist(),
            "signal_V": [_sorted(at)[1].tolist() for at in found],
            "fit_V": [_fitted(at).tolist() for at in found],
            "line_GHz": _lines(found).tolist(),
            "well_lines_GHz": [_wells(at).tolist() for at in found],
        },
        checks=checks(found),
    )


def _sorted(at: AtVoltage) -> tuple[Floats, Floats]:
    line = at.lines[0]
    order = np.argsort(line.sweep.x)
    return line.sweep.x[order], line.signal[order]


def _fitted(at: AtVoltage) -> Floats:
    """The fitted signal in V, of both wells where the card has two that differ."""
    if at.whole is not None:
        return at.whole.curves[0]
    return at.lines[0].fit.signal(_sorted(at)[0])


def _lines(found: tuple[AtVoltage, ...]) -> Floats:
    """f_r in GHz of spectra taken for one line, as the paper does."""
    return np.array([at.lines[0].fit.lines[0].position for at in found]) / GHz


def _wells(at: AtVoltage) -> Floats:
    """f_r in GHz of the up and the down well as fitted; one where the card has no tilt."""
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


def _caption(card: DeviceCard) -> str:
    return (
        f"Points: rectified voltage of the virtual instrument at H∥ = {PAPER_FIELD:.0f} Oe, "
        f"{1e3 * DRIVE:g} mV of drive and {1e6 * NOISE:g} µV of noise a point (both ours), card "
        f"{card.name}. Each spectrum is offset by {1e6 * OFFSET:.0f} µV, as in the paper, which is "
        "for the eye alone. Lines: fits by the line of a linear oscillator, "
        "[S f²Γ² + A f₀Γ(f² − f₀²)]/[(f₀² − f²)² + f²Γ²], one for each well between which the "
        "device switches, f₀ of both from the same H_K1."
    )


def checks(found: tuple[AtVoltage, ...]) -> list[Check]:
    """Put what the paper says of Fig. 5(a) beside the lines of virtual spectra."""
    line = _lines(found)
    wells = [_wells(at) for at in found]
    middle = min(range(len(found)), key=lambda i: abs(found[i].voltage))
    alone = found[middle].general
    shown = " and ".join(f"{f:.2f}" for f in wells[middle])
    return [
        Check(
            claim="The resonance moves with the bias voltage",
            paper="Fig. 5(a): spectra under different voltage biases; no frequency in the text",
            ours=f"from {line[0]:.3f} to {line[-1]:.3f} GHz, each spectrum taken for one line",
            verdict="agrees" if all(np.diff(line) < 0) else "differs",
            how=f"line fits to virtual spectra at {PAPER_FIELD:.0f} Oe; a falling H_K1 lowers f_r",
        ),
        Check(
            claim="A spectrum is one line",
            paper="Eq. (7) has one f_r for a field",
            ours=(
                f"the wells, between which the device switches, resonate at {shown} GHz at 0 mV"
                if len(wells[middle]) == 2
                else "the wells mirror each other and resonate alike"
            ),
            verdict="differs" if np.ptp(wells[middle]) > 0.01 else "agrees",
            how=(
                "the general resonance of a tilted easy axis; closer than a linewidth, so that no "
                "eye sees two"
            ),
        ),
        Check(
            claim="H_K1 and H_K2 follow from spectra at H∥ = −110 Oe",
            paper="Fig. 5(a) is at one field; which fields Fig. 5(b) rests on is not said",
            ours=(
                "both of them"
                if alone.separable
                else (
                    f"one field fixes H_K1 − {alone.ratio:.3g} H_K2 = "
                    f"{alone.anisotropy_field / mT:.1f} ± "
                    f"{alone.error / mT:.1f} mT at 0 mV and no more; spectra beyond "
                    "saturation, above 600 Oe, tell the two apart"
                )
            ),
            verdict="differs" if alone.separable else "not supported",
            how="one resonance frequency is one equation for two unknowns",
        ),
    ]
