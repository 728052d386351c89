"""Lines of single spectra."""
