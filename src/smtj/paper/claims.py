"""The three claims behind Fig. 3(b), tested by changing one thing at a time."""

import math
from typing import Any

import numpy as np

from smtj.paper.texts import check
from smtj.report.figure import Check, Verdict
from smtj.typing import Floats

FINAL = 10
"""Epochs over which the final recognition rate is averaged."""
AS_WELL = 0.01
"""Largest loss in recognition rate that counts as working as well."""


def check_claims(curves: dict[str, Floats], test_images: int) -> tuple[list[Check], dict[str, Any]]:
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
    numbers = {
        "after_epoch_1": {name: rate.mean for name, rate in start.items()},
        "final": {name: rate.mean for name, rate in end.items()},
        "standard_error": {name: rate.error for name, rate in end.items()},
        "crossing_epoch": _crossing(curves["mtj"].mean(0), curves["sigmoid"].mean(0)),
    }
    return _checks(start, end, late, length), numbers


class _Rate:
    """A recognition rate with its standard error, over seeds or, for one seed, over test images."""

    def __init__(self, values: Floats, test_images: int) -> None:
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


def _checks(
    start: dict[str, _Rate], end: dict[str, _Rate], late: dict[str, _Rate], length: int
) -> list[Check]:
    same, plain = start["sigmoid, same transformation"], start["mtj, matched coupling"]
    nominal, expected = late["mtj, nominal"], late["mtj, expected"]
    by_transformation, error = _difference(same, start["sigmoid"])
    by_device, _ = _difference(plain, start["sigmoid"])
    by_variation, variation_error = _difference(nominal, late["mtj"])
    by_reads, _ = _difference(expected, late["mtj"])
    loss, loss_error = _difference(end["sigmoid"], end["mtj"])
    return [
        check("fig3b.faster", _verdict(*_difference(start["mtj"], start["sigmoid"])), **start),
        check(
            "fig3b.why_faster",
            "agrees" if by_transformation > max(2 * error, by_device) else "not supported",
            transformation=_points(same, start["sigmoid"]),
            device=_points(plain, start["sigmoid"]),
        ),
        check("fig3b.below", _verdict(loss, loss_error), epochs=FINAL, **end),
        check(
            "fig3b.why_below",
            "agrees" if by_variation > max(2 * variation_error, by_reads) else "not supported",
            variation=_points(nominal, late["mtj"]),
            reads=_points(expected, late["mtj"]),
            length=length,
        ),
        check(
            "fig3b.as_well",
            "agrees" if loss + 2 * loss_error < AS_WELL else "differs",
            difference=_points(end["mtj"], end["sigmoid"]),
            percent=100 * AS_WELL,
        ),
    ]


def _verdict(difference: float, error: float) -> Verdict:
    if difference > 2 * error:
        return "agrees"
    return "consistent" if difference > -2 * error else "differs"


def _crossing(mtj: Floats, sigmoid: Floats) -> int | None:
    """Return the epoch from which the sigmoid network stays ahead on average, if any."""
    ahead = mtj > sigmoid
    if ahead[-1] or not ahead.any():
        return None
    return int(np.flatnonzero(ahead)[-1]) + 2
