"""Ferromagnetic resonance: Eq. 7, torques, rectification and line shapes."""
