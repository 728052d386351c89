"""Networks, their training and recalibration."""
