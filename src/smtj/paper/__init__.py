"""The paper, figure by figure: what its text says must be seen, and whether it is."""
