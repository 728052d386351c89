"""How devices are read: independent, correlated or averaged reads."""
