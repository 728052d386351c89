"""Fits of traces, scans, loops and tables of P(high)."""
