"""Estimates, least squares, likelihoods and intervals that all fits share."""
