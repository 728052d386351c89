"""The two-state process."""
