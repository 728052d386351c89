"""The array library that the arguments of a formula belong to."""

from typing import Any, TypeAlias

import array_api_compat
import numpy as np

Array: TypeAlias = Any
"""A float, a NumPy array or a PyTorch tensor."""


def namespace(*values: Array) -> Any:
    """Return the array namespace of ``values``: PyTorch's if there is a tensor, else NumPy's."""
    tensors = [value for value in values if array_api_compat.is_torch_array(value)]
    # NumPy 2 needs no compatible namespace, and to import that one takes a tenth of a second.
    return array_api_compat.array_namespace(*tensors) if tensors else np


def as_arrays(*values: Array) -> tuple[Any, tuple[Array, ...]]:
    """Return the array namespace of ``values``, and them as its arrays, of one data type.

    The data type is that of the arrays among them, so that float32 stays float32; float64 where
    all are numbers or integers.  Tensors keep their device and their gradients.

    Parameters
    ----------
    values
        Numbers, among them card values, and arrays of one library; NumPy's numbers and its arrays
        without dimensions count as numbers next to a tensor.

    Raises
    ------
    TypeError
        NumPy arrays and PyTorch tensors are mixed; only the caller knows which is wanted.
    """
    xp = namespace(*values)
    tensors: list[Any] = [value for value in values if array_api_compat.is_torch_array(value)]
    arrays = tensors or [value for value in values if isinstance(value, (np.ndarray, np.generic))]
    dtype = xp.result_type(*arrays) if arrays else xp.float64
    if not xp.isdtype(dtype, "real floating"):
        dtype = xp.float64
    device = array_api_compat.device(tensors[0]) if tensors else None

    def convert(value: Array) -> Array:
        if array_api_compat.is_torch_array(value):
            return xp.astype(value, dtype, copy=False)
        if np.ndim(value) == 0:
            return xp.asarray(float(value), dtype=dtype, device=device)
        if tensors:
            raise TypeError("NumPy arrays and PyTorch tensors do not mix; convert one to the other")
        return xp.asarray(value, dtype=dtype)

    return xp, tuple(convert(value) for value in values)


def logistic(x: Array) -> Array:
    """Return 1/(1 + e^-x) without overflow, by the array library's own implementation."""
    if array_api_compat.is_torch_array(x):
        return namespace(x).sigmoid(x)
    # SciPy takes a third of a second to import; card and command line do without it.
    from scipy.special import expit

    return expit(x)
