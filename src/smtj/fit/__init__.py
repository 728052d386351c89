"""What measured or simulated data say about a device, with error bars that can be trusted."""

from smtj.fit.counts import wilson_interval
from smtj.fit.granularity import CurveFit, Granularity, fit_shares
from smtj.fit.inflation import estimated_inflation, inflation_of_correlation
from smtj.fit.probability import SigmoidFit, fit_sigmoid
from smtj.fit.readings import fit_scan_of_readings
from smtj.fit.scan import ScanFit, fit_scan, fit_scan_of_states, log_odds_information

__all__ = [
    "CurveFit",
    "Granularity",
    "ScanFit",
    "SigmoidFit",
    "estimated_inflation",
    "fit_scan",
    "fit_scan_of_readings",
    "fit_scan_of_states",
    "fit_shares",
    "fit_sigmoid",
    "inflation_of_correlation",
    "log_odds_information",
    "wilson_interval",
]
