"""Estimates with honest errors from arrays of measured or simulated data, one room per estimator.

``telegraph`` fits traces, ``sigmoid`` P(high | H), ``barrier`` dwell times, ``bias`` w(V), ``loop``
hysteresis loops and ``resonance`` spectra; ``stats`` holds what they share.
"""
