"""What happens to a device: its random history, given the physics."""

from smtj.dynamics.telegraph.process import (
    packed_samples,
    readings,
    samples,
    samples_at,
    switching_times,
)
from smtj.dynamics.telegraph.propagator import occupation, propagator

__all__ = [
    "occupation",
    "packed_samples",
    "propagator",
    "readings",
    "samples",
    "samples_at",
    "switching_times",
]
