"""What must follow from a card's numbers: pure functions, SI floats, one formula each.

The closed forms are written over the array API: they take Python floats, NumPy arrays or PyTorch
tensors alike, broadcast them, and let gradients flow through tensors.  Equation numbers are those
of J. Cai et al., Phys. Rev. Applied 11, 034015 (2019), https://doi.org/10.1103/PhysRevApplied.11.034015.
"""
