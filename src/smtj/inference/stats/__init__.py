"""Estimates, least squares and intervals that every fit shares."""
