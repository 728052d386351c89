"""Anisotropy fields from the resonances of one or both wells."""
