"""Figures of a junction's response to voltage pulses."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj import plot

if TYPE_CHECKING:
    import xarray as xr


def plot_response(path: Path, data: "xr.Dataset") -> list[Path]:
    """Plot voltage, mean magnetisation and fraction switched against time.

    Parameters
    ----------
    path
        Without suffix.
    data
        From :func:`smtj.lab.pulse_response`.
    """
    time = 1e9 * data["time"].values
    with plot.figure(3.6, 4.0, nrows=3, sharex=True, height_ratios=[1, 2, 1.4]) as (fig, axes):
        volts, spins, switched = axes
        volts.step(time, data["voltage"].values, where="pre", color=plot.GREY)
        volts.set_ylabel("Voltage (V)")
        for name, colour in zip("xyz", (plot.BLUE, plot.GREEN, plot.RED), strict=True):
            spins.plot(
                time, data[f"magnetisation_{name}"].values, color=colour, label=f"$m_{name}$"
            )
        spins.set_ylim(-1.05, 1.05)
        spins.set_ylabel("Mean magnetisation")
        spins.legend(ncols=3, loc="lower right")
        switched.plot(time, 100 * data["switched"].values, color=plot.BLUE)
        switched.set_ylim(-3, 103)
        switched.set_ylabel("Switched (%)")
        switched.set_xlabel("Time (ns)")
        return plot.save(fig, path)


def plot_switching_map(path: Path, data: "xr.Dataset") -> list[Path]:
    """Plot the switching probability against the voltage and length of a pulse.

    Parameters
    ----------
    path
        Without suffix.
    data
        From :func:`smtj.lab.switching_map`.
    """
    p = data["probability"]
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
        switched, trials = p.values.ravel(), float(data["reads"])
        error = np.sqrt(np.maximum(switched * (1 - switched), 1 / (4 * trials)) / trials)
        axes.errorbar(x, 100 * switched, 100 * error, fmt="o", color=plot.BLUE)
        axes.set_ylim(-3, 103)
        axes.set_xlabel(label)
        axes.set_ylabel("Switching probability (%)")
        return plot.save(fig, path)
