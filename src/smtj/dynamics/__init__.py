"""What happens to a device: its random history, given the physics."""

from smtj.dynamics.propagator import occupation, propagator
from smtj.dynamics.telegraph import packed_samples, readings, samples, samples_at, switching_times

__all__ = [
    "occupation",
    "packed_samples",
    "propagator",
    "readings",
    "samples",
    "samples_at",
    "switching_times",
]
