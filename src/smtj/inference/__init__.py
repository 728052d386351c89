"""What measured or simulated data say about a device, with error bars that can be trusted."""

from smtj.inference.sigmoid.autocorrelation import estimated_inflation, inflation_of_correlation
from smtj.inference.sigmoid.counts import wilson_interval
from smtj.inference.sigmoid.from_readings import fit_scan_of_readings
from smtj.inference.sigmoid.from_traces import (
    ScanFit,
    fit_scan,
    fit_scan_of_states,
    log_odds_information,
)
from smtj.inference.sigmoid.quantisation import CurveFit, Granularity, fit_shares
from smtj.inference.sigmoid.sigmoid import SigmoidFit, fit_sigmoid

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
