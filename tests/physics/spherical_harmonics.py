"""The Fokker-Planck equation with spin torque in spherical harmonics: another route to its rates.

m and the generators R = m × ∇ of rotations are sparse matrices between the Y_lm, and so is

  L f = Δf - [m × (G - d)]·R f - (1/α) G·R f,    G = ∂U/∂m,

the operator of `smtj.physics.escape.torque`: no grid, no angles, no element.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, eigs, splu, spsolve
from scipy.special import eval_legendre


def log_times(field, quadratic, torque, damping, degree, quartic=(0, 0, 0)):
    """ln(D τ) of the halves of the sphere about z, U = -Σ (h_i m_i + ½ k_i m_i² - ¼ q_i m_i⁴), with
    a torque a p.

    h, k, q and a p in units of k_B T; harmonics up to a degree.
    """
    field = np.asarray(field) - damping * np.asarray(torque)
    drift = (1 + damping**2) / damping * np.asarray(torque)
    m, turn, laplace = _matrices(degree + 4)
    one = sparse.eye_array(laplace.shape[0])
    gradient = [
        q * entry @ entry @ entry - h * one - k * entry
        for h, k, q, entry in zip(field, quadratic, quartic, m, strict=True)
    ]
    damped = [g - d * one for g, d in zip(gradient, drift, strict=True)]
    operator = laplace
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        crossed = m[j] @ damped[k] - m[k] @ damped[j]
        operator = operator - (crossed + gradient[i] / damping) @ turn[i]
    count = (degree + 1) ** 2
    operator = operator.tocsc()[:count, :count]
    factors = splu((operator - 1e-9 * sparse.eye_array(count)).tocsc())
    inverse = LinearOperator(operator.shape, matvec=factors.solve, dtype=complex)
    rates = -(1e-9 + 1 / eigs(inverse, k=3, return_eigenvectors=False))
    rate = np.sort(rates.real)[1]
    adjoint = operator.conj().T.tocsc()
    density = np.ones(count, complex)
    density[1:] = spsolve(adjoint[1:, 1:], -adjoint[1:, 0].toarray().ravel())
    x, w = np.polynomial.legendre.leggauss(4 * degree)
    up = 0.5
    for odd in range(1, degree + 1, 2):
        half = w @ eval_legendre(odd, (x + 1) / 2) / 2
        up += np.sqrt(2 * odd + 1) / 2 * half * density[odd * odd + odd].real
    return np.array([-np.log(rate * (1 - up)), -np.log(rate * up)])


def _matrices(degree):
    order = np.concatenate([np.full(2 * n + 1, n) for n in range(degree + 1)]).astype(float)
    turns = np.concatenate([np.arange(-n, n + 1) for n in range(degree + 1)]).astype(float)

    def shifted(by_order, by_turns, value):
        to_order, to_turns = order + by_order, turns + by_turns
        kept = (to_order >= 0) & (to_order <= degree) & (np.abs(to_turns) <= to_order)
        row = (to_order * to_order + to_order + to_turns)[kept].astype(int)
        places = (row, np.flatnonzero(kept))
        return sparse.coo_array((value[kept], places), shape=(order.size, order.size)).tocsr()

    up_norm = (2 * order + 1) * (2 * order + 3)
    down_norm = np.maximum((2 * order - 1) * (2 * order + 1), 1)

    def root(value):
        return np.sqrt(np.maximum(value, 0))

    z = shifted(1, 0, root(((order + 1) ** 2 - turns**2) / up_norm))
    z = z + shifted(-1, 0, root((order**2 - turns**2) / down_norm))
    plus = shifted(1, 1, -root((order + turns + 1) * (order + turns + 2) / up_norm))
    plus = plus + shifted(-1, 1, root((order - turns) * (order - turns - 1) / down_norm))
    raised = shifted(0, 1, root((order - turns) * (order + turns + 1)))
    turn = [
        0.5j * (raised + raised.T),
        0.5 * (raised - raised.T),
        1j * sparse.diags_array(turns),
    ]
    m = [(plus + plus.T) / 2, (plus - plus.T) / 2j, z]
    return m, turn, sparse.diags_array((-order * (order + 1)).astype(complex))
