"""Pictures of what voltage pulses do to a junction."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj import plot

if TYPE_CHECKING:
    import xarray as xr


def draw_response(path: Path, found: "xr.Dataset") -> list[Path]:
    """Draw voltage, mean magnetisation and share switched against time.

    Parameters
    ----------
    path
        Without ending.
    found
        Of :func:`smtj.lab.pulses.pulse_response`.
    """
    time = 1e9 * found["time"].values
    with plot.figure(3.6, 4.0, nrows=3, sharex=True, height_ratios=[1, 2, 1.4]) as (fig, axes):
        volts, spins, share = axes
        volts.step(time, found["voltage"].values, where="pre", color=plot.GREY)
        volts.set_ylabel("Voltage (V)")
        for name, colour in zip("xyz", (plot.BLUE, plot.GREEN, plot.RED), strict=True):
            spins.plot(
                time, found[f"magnetisation_{name}"].values, color=colour, label=f"$m_{name}$"
            )
        spins.set_ylim(-1.05, 1.05)
        spins.set_ylabel("Mean magnetisation")
        spins.legend(ncols=3, loc="lower right")
        share.plot(time, 100 * found["switched"].values, color=plot.BLUE)
        share.set_ylim(-3, 103)
        share.set_ylabel("Switched (%)")
        share.set_xlabel("Time (ns)")
        return plot.save(fig, path)


def draw_map(path: Path, found: "xr.Dataset") -> list[Path]:
    """Draw the switching probability against voltage and length of a pulse.

    Parameters
    ----------
    path
        Without ending.
    found
        Of :func:`smtj.lab.pulses.switching_map`.
    """
    p = found["probability"]
    volts, length = p["voltage"].values, 1e9 * p["pulse_length"].values
    with plot.figure(3.8, 2.9) as (fig, axes):
        if min(p.shape) > 1:
            image = axes.pcolormesh(
                length, volts, 100 * p.values, cmap="viridis", vmin=0, vmax=100, shading="nearest"
            )
            fig.colorbar(image, ax=axes, label="Switching probability (%)")
            axes.set_xlabel("Pulse length (ns)")
            axes.set_ylabel("Pulse voltage (V)")
            return plot.save(fig, path)
        x, label = (volts, "Pulse voltage (V)") if volts.size > 1 else (length, "Pulse length (ns)")
        share, trials = p.values.ravel(), float(found["reads"])
        error = np.sqrt(np.maximum(share * (1 - share), 1 / (4 * trials)) / trials)
        axes.errorbar(x, 100 * share, 100 * error, fmt="o", color=plot.BLUE)
        axes.set_ylim(-3, 103)
        axes.set_xlabel(label)
        axes.set_ylabel("Switching probability (%)")
        return plot.save(fig, path)
