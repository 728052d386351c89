"""How a field reaches a junction: Oersted wires and strain."""
