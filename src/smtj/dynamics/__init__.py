"""The random history of a device, given its physics."""

from smtj.dynamics.telegraph.process import (
    packed_samples,
    readings,
    samples,
    samples_at,
    switching_times,
)
from smtj.dynamics.telegraph.propagator import occupancy, propagator

__all__ = [
    "occupancy",
    "packed_samples",
    "propagator",
    "readings",
    "samples",
    "samples_at",
    "switching_times",
]
