"""P(high) against field: sigmoids from counts, traces, fractions or means."""
