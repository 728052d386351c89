"""Coupling of a field to a junction: Oersted wires and strain."""
