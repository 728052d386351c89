"""Reading a junction: signal, noise, repeated reads and back-action."""
