"""Layers of junctions."""
