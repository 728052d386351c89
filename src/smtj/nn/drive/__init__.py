"""How summed inputs become fields."""
