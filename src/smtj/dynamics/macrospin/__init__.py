"""The stochastic Landau-Lifshitz-Gilbert equation."""
