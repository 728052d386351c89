"""From ST-FMR and FMR spectra to the anisotropy of a device or a film."""
