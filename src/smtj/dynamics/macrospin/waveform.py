"""Quantities that change with time, and their means over the steps of a simulation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.typing import Floats


@dataclass(frozen=True)
class Waveform:
    """Piecewise linear; constant before the first point and after the last.

    Two points at one time make a jump.  Time starts at 0 with the simulation.
    """

    time: Floats
    """In s, never falling, shape (points,)."""
    value: Floats
    """In the quantity's unit, shape (points,), or (points, trajectories) for one each."""

    def __post_init__(self) -> None:
        """Reject invalid waveforms."""
        if self.time.ndim != 1 or self.value.ndim not in (1, 2) or self.time.size == 0:
            raise SmtjError(
                "a waveform needs times of shape (points,) and values of shape (points,) or "
                f"(points, trajectories), not {self.time.shape} and {self.value.shape}"
            )
        if self.time.size != self.value.shape[0]:
            raise SmtjError(
                f"a waveform of {self.time.size} times needs as many values, not "
                f"{self.value.shape[0]}"
            )
        if not (np.isfinite(self.time).all() and np.isfinite(self.value).all()):
            raise SmtjError("the times and values of a waveform must be finite numbers")
        if (np.diff(self.time) < 0).any():
            raise SmtjError("the times of a waveform must not fall")

    def means(self, edges: Floats) -> Floats:
        """Mean over each interval between rising edges in s; shape (edges - 1, trajectories or 1).

        Exact: a pulse keeps its area wherever its edges lie.
        """
        value = self.value.reshape(self.time.size, -1)
        areas = np.diff(self.time)[:, None] * (value[1:] + value[:-1]) / 2
        so_far = np.concatenate([np.zeros((1, value.shape[1])), np.cumsum(areas, axis=0)])
        inside = np.clip(edges, self.time[0], self.time[-1])
        left = np.clip(np.searchsorted(self.time, inside, side="right") - 1, 0, None)
        right = np.minimum(left + 1, self.time.size - 1)
        width = self.time[right] - self.time[left]
        fraction = np.divide(
            inside - self.time[left], width, out=np.zeros_like(width), where=width > 0
        )
        slope = fraction[:, None] * (value[right] - value[left])
        area = so_far[left] + (inside - self.time[left])[:, None] * (value[left] + slope / 2)
        area += (edges - inside)[:, None] * np.where((edges < inside)[:, None], value[0], value[-1])
        return np.asarray(np.diff(area, axis=0) / np.diff(edges)[:, None])

    def largest(self) -> Floats:
        """Largest absolute value, shape (trajectories or 1,)."""
        return np.asarray(abs(self.value.reshape(self.time.size, -1)).max(axis=0))


def sampled(time: ArrayLike, value: ArrayLike) -> Waveform:
    """A waveform that is linear between samples.

    Times in s, nondecreasing, shape (points,); values of shape (points,) or (points, trajectories).
    Raises SmtjError if the times decrease, or something is not finite or has another shape.
    """
    return Waveform(
        *(np.atleast_1d(np.asarray(entry, dtype=np.float64)) for entry in (time, value))
    )


def held(time: ArrayLike, value: ArrayLike) -> Waveform:
    """A waveform that holds each value until the next time.

    Before the first time it has the first value.  Arguments and errors as in :func:`sampled`.
    """
    given = sampled(time, value)
    times = np.repeat(given.time, 2)[1:]
    return Waveform(times, np.repeat(given.value, 2, axis=0)[:-1])


def pulse(begin: float, length: float, value: ArrayLike, rest: ArrayLike = 0.0) -> Waveform:
    """A rectangular pulse; begin and length in s, value during and ``rest`` outside of it.

    Values are numbers or have shape (trajectories,).  Raises SmtjError if the length is negative,
    or something is not finite.
    """
    on, off = np.broadcast_arrays(
        np.asarray(value, dtype=np.float64), np.asarray(rest, dtype=np.float64)
    )
    return sampled([begin, begin, begin + length, begin + length], np.stack([off, on, on, off]))
