"""How w follows the bias voltage: a line, Eq. 6, or a curve; what a bias does to dwell times.

:mod:`joint` fits a law, :mod:`compact_law` or :mod:`card_law`, to what is :mod:`observed` under
:mod:`conditions`.
"""

from smtj.inference.bias.comparison import BiasComparison, PolynomialFit, compare_bias_models
from smtj.inference.bias.fit import BiasFit, fit_bias

__all__ = ["BiasComparison", "BiasFit", "PolynomialFit", "compare_bias_models", "fit_bias"]
