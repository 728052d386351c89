"""Single points far off a spectrum: glitches, which a fit of lines must not follow."""

import numpy as np
from numpy.typing import NDArray

from smtj.typing import Floats

WINDOW = 5
"""Points whose median says where the one in their middle should be."""
FAR = 10.0
"""Distance from that over the usual one (median), from which a point is suspect."""
MAX_PART = 0.1
"""Part of the points up to which suspects may be glitches; more of them are the signal."""


def suspects(signal: Floats) -> NDArray[np.bool_]:
    """Return which points are far from their neighbours, in the order of the measurement.

    The peak of a line as narrow as the steps is, too: what is left of the spectrum must tell the
    two apart.
    """
    if signal.size < 4 * WINDOW:
        return np.zeros(signal.size, bool)
    ends = np.pad(signal, WINDOW // 2, mode="reflect")
    middle = np.median(np.lib.stride_tricks.sliding_window_view(ends, WINDOW), axis=1)
    off = np.abs(signal - middle)
    usual = float(np.median(off[off > 0])) if off.any() else 0.0
    far = off > FAR * usual
    return far if far.mean() < MAX_PART else np.zeros(signal.size, bool)


def alone(off: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of some points have no neighbour among them: where a line has another shape
    than the fit, several are off."""
    beside = np.pad(off, 1)
    return off & ~beside[:-2] & ~beside[2:]
