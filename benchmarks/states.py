"""How long it takes to find levels, dwell times and states of a long trace.

The likelihood alone is measured beside hmmlearn's, in turn in one process, by the processor's time.
"""

import argparse
import resource
import statistics
import time

import numpy as np
from numpy.typing import NDArray

from smtj.dynamics import samples
from smtj.inference.telegraph.fit import fit_trace
from smtj.inference.telegraph.model import Layout, gains
from smtj.inference.telegraph.readings import clean
from smtj.inference.telegraph.start import neutral

READINGS = 10_000_000
ROUNDS = 11
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


def compare_likelihoods(readings: int) -> None:
    """Print the time of our likelihood and of hmmlearn's, of the same clean readings."""
    from hmmlearn.hmm import GaussianHMM

    times, _ = trace(readings)
    rng = np.random.default_rng(1)
    y = samples(*np.log(DWELLS), INTERVAL, readings, seed=1)[:, 0] + NOISE * rng.standard_normal(
        readings
    )
    record = clean(times, y)
    own = neutral(Layout(2)).with_values(
        time=np.log(np.array(DWELLS[::-1]) / INTERVAL),
        offset=-record.centre / record.scale,
        gap=np.log(1 / record.scale),
        scale=np.log(NOISE / record.scale),
        outliers=0.0,
    )
    other = GaussianHMM(2, "diag", init_params="", params="")
    high = DWELLS[0] / sum(DWELLS)
    change = -np.expm1(-INTERVAL * (1 / DWELLS[0] + 1 / DWELLS[1]))
    other.startprob_ = np.array([0.5, 0.5])
    other.transmat_ = np.eye(2) + change * np.array([[-high, high], [1 - high, high - 1]])
    other.means_, other.covars_ = np.array([[0.0], [1.0]]), np.full((2, 1), NOISE**2)

    def by_us() -> float:
        return float(gains(record, record.signal, own).sum()) - readings * np.log(record.scale)

    def by_hmmlearn() -> float:
        return float(other.score(y[:, None]))

    seconds: NDArray[np.float64] = np.zeros((ROUNDS, 2))
    values = by_us(), by_hmmlearn()
    for row in seconds:
        for side, likelihood in enumerate((by_us, by_hmmlearn)):
            began = time.process_time()
            likelihood()
            row[side] = time.process_time() - began
    ratio = statistics.median(seconds[:, 1] / seconds[:, 0])
    ours, theirs = 1e9 * np.median(seconds, axis=0) / readings
    print(
        f"likelihood of {readings:,} readings: {ours:.0f} ns each, hmmlearn {theirs:.0f} ns: "
        f"{ratio:.1f} times as fast (log-likelihoods {values[0]:.3f} and {values[1]:.3f})"
    )


def main() -> None:
    """Fit a short trace, so that everything is compiled, then longer ones."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--readings", type=int, default=READINGS)
    longest = parser.parse_args().readings
    fit_trace(*trace(10_000))
    compare_likelihoods(min(longest, 1_000_000))
    for readings in (longest // 100, longest // 10, longest):
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
