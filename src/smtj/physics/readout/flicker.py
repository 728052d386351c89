"""Noise of a read that falls as 1/f, beside the white noise of :mod:`smtj.physics.readout.noise`.

An average over a time t passes a density S(f) by the square of sin(πft)/(πft).  Of K/f, from the
inverse of the time T between corrections of the offset to endless frequencies, it leaves the
variance

    σ² = K L,   L = sin²u/(2u²) + sin(2u)/(2u) - Ci(2u),   u = πt/T,

which for t far below T is 3/2 - γ - ln(2u): averaging for longer hardly helps until the offset is
corrected during a read; its t/T parts then count as independent.  A shorter read does not escape:
white noise S has σ² = S/(2t), so 1/f noise with the corner f_c = K/S is 2 f_c t L times as large.
"""

import numpy as np
from numpy.typing import ArrayLike

from smtj.typing import Floats


def flicker_factor(time: ArrayLike, longest: ArrayLike) -> Floats:
    """Return L, the variance of 1/f noise of the density K/f after averaging, over K.

    Parameters
    ----------
    time
        Of averaging, in s.
    longest
        T in s, between corrections of the offset.  They broadcast.

    Examples
    --------
    >>> from smtj.physics.readout.flicker import flicker_factor
    >>> round(float(flicker_factor(106e-9, 1e-3)), 2)  # 2 f_c t L = 1.8 with a corner of 1 MHz
    8.24
    """
    from scipy.special import sici

    ratio = np.asarray(time, dtype=np.float64) / np.asarray(longest, dtype=np.float64)
    part = np.minimum(ratio, 1.0)
    cosine = sici(2 * np.pi * part)[1]
    one = np.sinc(part) ** 2 / 2 + np.sinc(2 * part) - cosine
    return np.asarray(one / np.maximum(ratio, 1.0))
