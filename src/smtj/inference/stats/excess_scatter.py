"""Data that scatter about a fit more than their standard errors allow."""

import math
from dataclasses import dataclass

from smtj.inference.stats.least_squares import Minimum, chi_squared_p_value

UNLIKELY = 1e-3
"""p-value below which the scatter about a fit is taken for the error of the data."""


@dataclass(frozen=True)
class Scatter:
    """How data scatter about a fit."""

    p_value: float
    """Chance of so bad a fit if the model is right; NaN where no freedom is left."""
    excess: float
    """What variances are to be multiplied with, 1 where the data scatter as they should."""
    remarks: tuple[str, ...]


def scatter_of(found: Minimum, data: str, model: str) -> Scatter:
    """Tell whether data scatter more than they should.

    Parameters
    ----------
    found
        The fit.
    data, model
        What a remark calls them.
    """
    p_value = chi_squared_p_value(found.chi_squared, found.degrees_of_freedom)
    if not p_value < UNLIKELY:
        return Scatter(p_value, 1.0, ())
    excess = found.chi_squared / found.degrees_of_freedom
    return Scatter(
        p_value,
        excess,
        (
            f"{data} scatter {math.sqrt(excess):.1f} times as far about {model} as their errors "
            f"allow (p = {p_value:.1g}); the errors are widened by that",
        ),
    )
