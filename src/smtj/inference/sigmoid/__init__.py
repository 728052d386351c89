"""P(high) against field: sigmoids from counts, traces, fractions or means."""

from smtj.inference.sigmoid.counts import estimate_inflation, variance_inflation
from smtj.inference.sigmoid.fit import SigmoidFit, fit_sigmoid
from smtj.inference.sigmoid.from_means import MeanScanFit, fit_scan_of_means, mean_with_error
from smtj.inference.sigmoid.from_traces import ScanFit, fit_scan
from smtj.inference.sigmoid.pulse_law import PulseFit, fit_pulse_law
from smtj.inference.sigmoid.quantisation import (
    FractionFit,
    Quantisation,
    detect_quantisation,
    fit_fractions,
)
from smtj.inference.sigmoid.unstated_reads import (
    UnstatedReads,
    reads_of_fractions,
    reads_of_pulses,
)

__all__ = [
    "FractionFit",
    "MeanScanFit",
    "PulseFit",
    "Quantisation",
    "ScanFit",
    "SigmoidFit",
    "UnstatedReads",
    "detect_quantisation",
    "estimate_inflation",
    "fit_fractions",
    "fit_pulse_law",
    "fit_scan",
    "fit_scan_of_means",
    "fit_sigmoid",
    "mean_with_error",
    "reads_of_fractions",
    "reads_of_pulses",
    "variance_inflation",
]
