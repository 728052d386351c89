"""Spin torques and VCMA as fields per volt, and what they do to the dwell times."""
