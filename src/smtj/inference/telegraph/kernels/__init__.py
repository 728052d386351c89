"""Compiled loops of the telegraph likelihood."""
