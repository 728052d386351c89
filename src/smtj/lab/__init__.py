"""Virtual instruments: they turn a card into data sets that look exactly like measured ones."""

from smtj.lab.macrospin import macrospin_trace
from smtj.lab.pulses import Pulse, pulse_response, switching_map
from smtj.lab.scans import probability_scan, voltage_scan
from smtj.lab.spectra import stfmr
from smtj.lab.sweeps import field_sweep
from smtj.lab.traces import temperature_scan, time_trace

__all__ = [
    "Pulse",
    "field_sweep",
    "macrospin_trace",
    "probability_scan",
    "pulse_response",
    "stfmr",
    "switching_map",
    "temperature_scan",
    "time_trace",
    "voltage_scan",
]
