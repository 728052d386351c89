"""What measured or simulated data say about a device, with error bars that can be trusted."""

from smtj.fit.probability import (
    SigmoidFit,
    estimated_inflation,
    fit_sigmoid,
    inflation_of_correlation,
    wilson_interval,
)

__all__ = [
    "SigmoidFit",
    "estimated_inflation",
    "fit_sigmoid",
    "inflation_of_correlation",
    "wilson_interval",
]
