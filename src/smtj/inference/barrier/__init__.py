"""Barrier and attempt time from dwell times (Néel-Brown)."""
