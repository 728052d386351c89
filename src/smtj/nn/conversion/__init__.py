"""Replace the activations of a PyTorch model by junctions, and back."""
