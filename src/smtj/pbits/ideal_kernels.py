"""Compiled heat bath: many chains side by side, spin after spin in the order of their colours.

The lanes of a block are chains, so that one coupling serves a whole vector of them.  Each chain has
its own random stream, seeded by Philox from (key, number of the chain): its history depends neither
on threads nor on other chains.  Spins are float32, and so are inputs; sums of whole numbers below
2^24 are exact.
"""

import math
from typing import Any

import numpy as np
from numba import float32, int32, njit, uint32, uint64

from smtj.pbits.threads import in_threads
from smtj.streams import next_word, seed_generator
from smtj.vectorised import bits_of, float_of

LANES = 32
"""Chains of a block: a spin of all of them fills two cache lines."""
PARALLEL_FROM = 1_000_000
"""Updates from which threads pay."""

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}
_fused: dict[str, Any] = {**_options, "fastmath": {"contract"}}
_ROUNDER = np.float32(1.5 * 2.0**23)
_LOG2E, _LN2 = np.float32(1 / math.log(2)), np.float32(math.log(2))
_C2, _C3, _C4, _C5 = (np.float32(1 / math.factorial(n)) for n in range(2, 6))
_ONE, _UNIT, _HALF = np.float32(1.0), np.float32(2.0**-24), np.float32(2.0**-25)
_LIMIT = np.float32(80.0)


@njit(forceinline=True, **_fused)
def _exp(x):
    """e^x in single precision for |x| ≤ 80, to 3e-6; vectorises."""
    rounded = x * _LOG2E + _ROUNDER
    r = x - (rounded - _ROUNDER) * _LN2
    series = _ONE + r * (_ONE + r * (_C2 + r * (_C3 + r * (_C4 + r * _C5))))
    power = float_of(int32(int32(bits_of(rounded) + int32(127)) << int32(23)))
    return power * series


@njit(forceinline=True, **_fused)
def _add_four(total, s, neighbours, weights, k):
    """Add four neighbours at a time, which saves most of the traffic of the sums."""
    # Without a sign, Numba need not look for numbers that count from the end.
    a, b = s[uint64(neighbours[k])], s[uint64(neighbours[k + 1])]
    e, f = s[uint64(neighbours[k + 2])], s[uint64(neighbours[k + 3])]
    first, second, third, fourth = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
    for c in range(LANES):
        total[c] += first * a[c] + second * b[c] + third * e[c] + fourth * f[c]


@njit(**_fused)
def _sweep_block(fields, starts, neighbours, weights, products, betas, spins, state, block):
    """Sweep the chains of a block, once for each row of ``betas``."""
    term_starts, coefficients, factor_starts, factors = products
    s = spins[block]
    s0, s1, s2, s3 = state[block, 0], state[block, 1], state[block, 2], state[block, 3]
    total, product = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    beta, uniform = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    any_products = coefficients.shape[0] > 0
    for t in range(betas.shape[0]):
        for c in range(LANES):
            beta[c] = betas[t, block * LANES + c]
        for i in range(fields.shape[0]):
            field = fields[i]
            for c in range(LANES):
                total[c] = field
            k, end = starts[i], starts[i + 1]
            while k + 4 <= end:
                _add_four(total, s, neighbours, weights, k)
                k += 4
            while k < end:
                row, weight = s[uint64(neighbours[k])], weights[k]
                for c in range(LANES):
                    total[c] += weight * row[c]
                k += 1
            if any_products:
                for k in range(term_starts[i], term_starts[i + 1]):
                    for c in range(LANES):
                        product[c] = coefficients[k]
                    for m in range(factor_starts[k], factor_starts[k + 1]):
                        for c in range(LANES):
                            product[c] *= s[factors[m], c]
                    for c in range(LANES):
                        total[c] += product[c]
            own = s[i]
            for c in range(LANES):
                word, s0[c], s1[c], s2[c], s3[c] = next_word(s0[c], s1[c], s2[c], s3[c])
                uniform[c] = float32(int32(word >> uint32(8))) * _UNIT + _HALF
            for c in range(LANES):
                # +1 with the probability 1/(1 + e^-a), where a = -2β ∂E/∂s.
                x = beta[c] * total[c]
                x = x if x < _LIMIT else _LIMIT
                x = x if x > -_LIMIT else -_LIMIT
                high = uniform[c] + uniform[c] * _exp(x) < _ONE
                own[c] = _ONE if high else -_ONE


@njit(nogil=True, **_options)
def _sweep_blocks(fields, starts, neighbours, weights, products, betas, spins, state, first, last):
    for block in range(first, last):
        _sweep_block(fields, starts, neighbours, weights, products, betas, spins, state, block)


@njit(**_options)
def begin(spins, state, k0, k1):
    """Seed every chain, and begin with random spins; arrays as in :func:`sweep`."""
    generator = np.empty(4, np.uint32)
    for block in range(spins.shape[0]):
        for c in range(LANES):
            seed_generator(generator, block * LANES + c, k0, k1)
            a, b, e, f = generator[0], generator[1], generator[2], generator[3]
            for i in range(spins.shape[1]):
                word, a, b, e, f = next_word(a, b, e, f)
                spins[block, i, c] = _ONE if word >> uint32(31) else -_ONE
            state[block, 0, c], state[block, 1, c] = a, b
            state[block, 2, c], state[block, 3, c] = e, f


def sweep(graph, betas, spins, state):
    """Sweep every chain once for each row of ``betas``.

    ``graph`` are twice the fields (n,), the rows of twice the couplings (starts, neighbours,
    weights), and of twice the products of other spins (starts, coefficients, starts of their
    factors, factors), all single precision and int32, in the order of the sweep.  ``betas`` has the
    shape (sweeps, blocks · LANES), ``spins`` ±1 and ``state`` of the generators (blocks, n, LANES)
    and (blocks, 4, LANES); both are changed in place.
    """
    blocks, work = spins.shape[0], betas.shape[0] * spins.size

    def run(first, last):
        _sweep_blocks(*graph, betas, spins, state, first, last)

    in_threads(run, 0, blocks, work >= PARALLEL_FROM)
