"""Gilbert damping from the widths of lines in frequency."""

import math

import numpy as np

from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.stats.line import fit_straight_line
from smtj.typing import Floats


def damping_estimates(
    trace: Floats, half_width: Floats, error: Floats
) -> tuple[tuple[Estimate, ...], tuple[str, ...]]:
    """α and the width that no damping explains, of lines whose half width is Δ_0 + ½ α tr A/(1+α²).

    Parameters
    ----------
    trace
        (μ0 γ/2π) tr A of each line in Hz, shape (lines,); for a round orbit it is 2 f_r.
    half_width, error
        Δ of each line and its standard error in Hz, shape (lines,).

    Returns
    -------
    tuple
        The estimates, and remarks; α alone where the lines are fewer than three.

    Raises
    ------
    SmtjError
        There is no line.
    """
    if trace.size < 3 or np.ptp(trace) == 0:
        weight = (trace / 2 / error) ** 2
        ratio = float(np.average(2 * half_width / trace, weights=weight))
        estimate = _gilbert(ratio, float(weight.sum()) ** -0.5)
        return (estimate,), (
            "α holds all of the width, since lines of different widths are too few to tell",
        )
    line = fit_straight_line(trace / 2, half_width, error, "half widths of the lines")
    extra = normal_estimate(
        "half width without damping",
        "Δ_0",
        line.intercept,
        math.sqrt(line.covariance[0, 0]),
        "Hz",
        "MHz",
    )
    alpha = _gilbert(line.slope, math.sqrt(line.covariance[1, 1]))
    return (alpha, extra), line.scatter.remarks


def _gilbert(ratio: float, error: float) -> Estimate:
    """α of α/(1 + α²)."""
    # Beyond ½ there is none; so broad a line is no resonance.  Noise may make it negative.
    bounded = min(max(ratio, -0.5), 0.5)
    alpha = 2 * bounded / (1 + math.sqrt(1 - 4 * bounded**2))
    return normal_estimate("Gilbert damping", "α", alpha, error)
