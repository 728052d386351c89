"""How long it takes to find levels, dwell times and states of a trace of ten million readings."""

import resource
import time

import numpy as np

from smtj.dynamics import samples
from smtj.inference.telegraph.fit import fit_trace

READINGS = 10_000_000
DWELLS = (3e-3, 5e-3)
"""τ_high and τ_low in s."""
INTERVAL, NOISE, DRIFT = 1e-3, 0.2, 1.0
"""Between readings in s; of the separation of the levels."""


def trace(readings: int) -> tuple[np.ndarray, np.ndarray]:
    """Return times and readings of a noisy, drifting telegraph."""
    rng = np.random.default_rng(0)
    states = samples(*np.log(DWELLS), INTERVAL, readings, seed=0)[:, 0]
    drift = DRIFT * np.linspace(0, 1, readings)
    return INTERVAL * np.arange(readings), states + drift + NOISE * rng.standard_normal(readings)


def main() -> None:
    """Fit a short trace, so that everything is compiled, then the long one."""
    fit_trace(*trace(10_000))
    for readings in (READINGS // 100, READINGS // 10, READINGS):
        times, signal = trace(readings)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        fit = fit_trace(times, signal)
        seconds = time.perf_counter() - began
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        error = np.sqrt(np.diag(fit.log_covariance))
        z = (np.log([fit.dwell_high, fit.dwell_low]) - np.log(DWELLS)) / error
        print(
            f"{readings:>10,} readings: {seconds:6.2f} s, {1e9 * seconds / readings:4.0f} ns each, "
            f"peak memory +{grown:.0f} MB, {fit.switches:,} switches; τ_high = "
            f"{1e3 * fit.dwell_high:.4f} ms ({z[0]:+.1f} σ), τ_low = {1e3 * fit.dwell_low:.4f} ms "
            f"({z[1]:+.1f} σ)"
        )


if __name__ == "__main__":
    main()
