"""The macrospin at rest: anisotropy, demagnetisation, wells and equilibrium."""
