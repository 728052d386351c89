"""How w follows the bias voltage: a line, Eq. 6, or a curve."""
