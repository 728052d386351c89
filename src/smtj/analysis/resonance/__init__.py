"""From spectra of ST-FMR or FMR to the anisotropy of a device or a film."""
