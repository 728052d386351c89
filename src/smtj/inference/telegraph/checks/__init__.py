"""What else a description of a trace is held against."""
