"""The three claims behind Fig. 3(b), tested by changing one thing at a time."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj.report.figure import Check, Verdict

FINAL = 10
"""Epochs over which the final recognition rate is averaged."""
AS_WELL = 0.01
"""Largest loss in recognition rate that we call working as well."""


def check_claims(
    curves: dict[str, NDArray[np.float64]], test_images: int
) -> tuple[list[Check], dict[str, Any]]:
    """Test the claims.

    Parameters
    ----------
    curves
        Test accuracy by network, shape (seeds, epochs).
    test_images
        Number of test images, for the error of a single run.

    Returns
    -------
    tuple
        The checks, and the numbers they rest on.
    """
    start = {name: _Rate(curve[:, 0], test_images) for name, curve in curves.items()}
    end = {
        name: _Rate(curves[name][:, -FINAL:].mean(axis=1), test_images)
        for name in ("mtj", "sigmoid")
    }
    length = min(curve.shape[1] for curve in curves.values())
    late = {
        name: _Rate(curve[:, max(0, length - 3) : length].mean(axis=1), test_images)
        for name, curve in curves.items()
    }
    checks = [
        _faster_start(start),
        _why_faster(start),
        _below_at_the_end(end),
        _why_below(late, length),
        _as_well(end),
    ]
    numbers = {
        "after_epoch_1": {name: rate.mean for name, rate in start.items()},
        "final": {name: rate.mean for name, rate in end.items()},
        "standard_error": {name: rate.error for name, rate in end.items()},
        "crossing_epoch": _crossing(curves["mtj"].mean(0), curves["sigmoid"].mean(0)),
    }
    return checks, numbers


class _Rate:
    """A recognition rate with its standard error: over seeds, or that of the test set for one."""

    def __init__(self, values: NDArray[np.float64], test_images: int) -> None:
        self.mean = float(values.mean())
        if len(values) > 1:
            self.error = float(values.std(ddof=1) / math.sqrt(len(values)))
        else:
            self.error = math.sqrt(self.mean * (1 - self.mean) / test_images)

    def __str__(self) -> str:
        return f"{100 * self.mean:.2f} ± {100 * self.error:.2f} %"


def _difference(a: _Rate, b: _Rate) -> tuple[float, float]:
    return a.mean - b.mean, math.hypot(a.error, b.error)


def _points(a: _Rate, b: _Rate) -> str:
    difference, error = _difference(a, b)
    return f"{100 * difference:+.2f} ± {100 * error:.2f} points"


def _faster_start(start: dict[str, _Rate]) -> Check:
    difference, error = _difference(start["mtj"], start["sigmoid"])
    return Check(
        claim="(a) The spintronic network trains faster at the beginning",
        paper="the curve of Fig. 3(b), no number",
        ours=f"after epoch 1: MTJ {start['mtj']}, sigmoid {start['sigmoid']}",
        verdict=_verdict(difference, error),
        how="test accuracy after the first epoch",
    )


def _why_faster(start: dict[str, _Rate]) -> Check:
    same, plain = start["sigmoid, same transformation"], start["mtj, matched coupling"]
    by_transformation, error = _difference(same, start["sigmoid"])
    by_device, _ = _difference(plain, start["sigmoid"])
    return Check(
        claim="(a) ... because of the linear transformation of the input",
        paper="«may result from the linear transformation of the input signal»",
        ours=(
            f"the transformation alone gives a sigmoid network {_points(same, start['sigmoid'])}; "
            f"devices alone give {_points(plain, start['sigmoid'])}"
        ),
        verdict="agrees" if by_transformation > max(2 * error, by_device) else "not supported",
        how="sigmoids with the transformation, and junctions without it",
    )


def _below_at_the_end(end: dict[str, _Rate]) -> Check:
    difference, error = _difference(end["sigmoid"], end["mtj"])
    return Check(
        claim="(b) It ends slightly below the sigmoid network",
        paper="the curve of Fig. 3(b), no number",
        ours=f"MTJ {end['mtj']}, sigmoid {end['sigmoid']}",
        verdict=_verdict(difference, error),
        how=f"mean test accuracy of the last {FINAL} epochs",
    )


def _why_below(late: dict[str, _Rate], length: int) -> Check:
    nominal, expected = late["mtj, nominal"], late["mtj, expected"]
    by_variation, error = _difference(nominal, late["mtj"])
    by_reads, _ = _difference(expected, late["mtj"])
    return Check(
        claim="(b) ... because of device variation by magnetic noise",
        paper="«given by the slight device variation in the switching probability»",
        ours=(
            f"without variation and noise {_points(nominal, late['mtj'])}; "
            f"with the expected value instead of 16 reads {_points(expected, late['mtj'])}"
        ),
        verdict="agrees" if by_variation > max(2 * error, by_reads) else "not supported",
        how=f"one thing changed at a time, mean of the last epochs up to epoch {length}",
    )


def _as_well(end: dict[str, _Rate]) -> Check:
    difference, error = _difference(end["sigmoid"], end["mtj"])
    return Check(
        claim="(c) The spintronic neuron works as well as the sigmoid neuron",
        paper="«can work as well as the artificial sigmoid neuron»",
        ours=f"{_points(end['mtj'], end['sigmoid'])} at the end",
        verdict="agrees" if difference + 2 * error < AS_WELL else "differs",
        how=f"within {100 * AS_WELL:g} point, two standard errors included",
    )


def _verdict(difference: float, error: float) -> Verdict:
    if difference > 2 * error:
        return "agrees"
    return "consistent" if difference > -2 * error else "differs"


def _crossing(mtj: NDArray[np.float64], sigmoid: NDArray[np.float64]) -> int | None:
    """Return the epoch from which the sigmoid network stays ahead on average, if it does."""
    ahead = mtj > sigmoid
    if ahead[-1] or not ahead.any():
        return None
    return int(np.flatnonzero(ahead)[-1]) + 2
