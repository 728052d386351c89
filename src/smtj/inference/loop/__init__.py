"""Hysteresis loops of the averaged resistance."""
