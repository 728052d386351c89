"""Dwell times and levels of a trace that switches between two states."""
