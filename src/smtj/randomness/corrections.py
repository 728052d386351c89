"""Ways to make bits fairer: each gives fewer of them."""

import math

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.randomness import kernels
from smtj.randomness.bits import Bits
from smtj.randomness.chain import Chain
from smtj.streams import seed_generator

SECURITY = 64
"""-log2 of the distance from fair bits that the extractor may leave, per block."""
BLOCK = 1 << 14
"""Bits that the extractor takes at once; all if there are fewer."""


def von_neumann(bits: ArrayLike | Bits) -> Bits:
    """01 gives 0, 10 gives 1, equal pairs nothing: takes a bias away, not a correlation."""
    values = Bits.of(bits).unpacked()
    pairs = values[: values.size // 2 * 2].reshape(-1, 2)
    return Bits.of(pairs[pairs[:, 0] != pairs[:, 1], 0])


def xor(*streams: ArrayLike | Bits) -> Bits:
    """The parity of the first, the second, … bits of independent streams.

    Raises
    ------
    SmtjError
        The streams differ in length.
    """
    packed = [Bits.of(stream) for stream in streams]
    if len({p.size for p in packed}) != 1:
        raise SmtjError(
            f"the streams have {', '.join(str(p.size) for p in packed)} bits; give equal lengths"
        )
    return Bits(np.bitwise_xor.reduce([p.packed for p in packed]), packed[0].size)


def extract(bits: ArrayLike | Bits, min_entropy: float, seed: int) -> Bits:
    """Distil nearly fair bits by a seeded extractor, a random Toeplitz matrix over GF(2).

    By the leftover hash lemma (Impagliazzo, Levin and Luby 1989) a block of n bits with min-entropy
    n h gives n h - 128 bits that no test whatever tells from fair ones with an advantage above
    2^-64, if the seed is fair, independent of the bits, and unknown to them; it may be reused.

    Parameters
    ----------
    min_entropy
        h in bits per bit: of the source, by a model or by the smallest estimate.
    seed
        Of the matrix.

    Raises
    ------
    SmtjError
        h is not between 0 and 1, or too little is there for a single bit.

    Examples
    --------
    >>> raw = np.random.default_rng(0).random(1 << 15) < 0.6
    >>> extract(raw, 0.73, seed=1).size
    23664
    """
    if not 0 < min_entropy <= 1:
        raise SmtjError(f"min_entropy is {min_entropy:g}; it must be above 0 and at most 1")
    values = Bits.of(bits).unpacked()
    length = min(BLOCK, values.size)
    left = extracted_size(length, min_entropy)
    if left < 1:
        raise SmtjError(
            f"{values.size} bits with a min-entropy of {min_entropy:.3g} each leave nothing; give "
            f"at least {math.ceil((2 * SECURITY + 1) / min_entropy)}"
        )
    blocks = values.size // length
    rng = np.random.Generator(np.random.Philox(seed))
    diagonal = rng.integers(0, 2, length + left - 1)
    # Row i is diagonal[i + n - 1 - j]: a convolution, exact in doubles as sums stay below 2^14.
    size = 1 << (2 * length + left).bit_length()
    kernel = np.fft.rfft(diagonal, size)
    out = np.empty((blocks, left), np.uint8)
    for k in range(blocks):
        block = values[k * length : (k + 1) * length].astype(np.float64)
        full = np.fft.irfft(np.fft.rfft(block, size) * kernel, size)
        sums = np.rint(full[length - 1 : length - 1 + left]).astype(np.int64)
        out[k] = sums & 1
    return Bits.of(out.ravel())


def extracted_size(n: int, min_entropy: float) -> int:
    """How many bits the extractor gives for n."""
    return max(0, math.floor(n * min_entropy - 2 * SECURITY))


def with_feedback(chain: Chain, count: int, gain: float, seed: int) -> Bits:
    """Reads of a device whose drive follows its own bits: each 1 lowers the ln odds by gain/2.

    The bits then hold the mean at ½ whatever the device's offset, or its drift, and the drive
    wanders by about √(gain τ_r/T)/2 in ln odds.  The relaxation time is held.

    Parameters
    ----------
    chain
        The reads without feedback.
    gain
        In ln odds, small against 1.
    """
    out = np.empty(count, np.uint8)
    generator = np.zeros(4, np.uint32)
    key = np.random.SeedSequence(seed).generate_state(2, np.uint32)
    seed_generator(generator, 0, key[0], key[1])
    p = chain.probability
    kernels.feedback(generator, math.log(p / (1 - p)), chain.correlation, gain, out)
    return Bits.of(out)
