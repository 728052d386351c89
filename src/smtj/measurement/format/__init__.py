"""How a table of measurements is spelt: headers, units, cells, and each file format."""
