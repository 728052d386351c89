"""The paper, figure by figure: what its text claims, and whether it holds."""
