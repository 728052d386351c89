"""Shapes of a resonance line: its symmetric and its antisymmetric part.

A line of half width Δ (half of its full width at half height) at x0 has with z = (x - x0)/Δ the
symmetric part 1/(1 + z²), of height 1, and the antisymmetric part z/(1 + z²), of height ½.  The
linearised Landau-Lifshitz-Gilbert equation gives these for a narrow line only; its own shape in
frequency is :func:`driven_oscillator`.  A lock-in amplifier that modulates the field shows the
derivative.
"""

from smtj.physics.arrays import Array


def lorentzian(x: Array, position: Array, half_width: Array) -> tuple[Array, Array]:
    """Symmetric and antisymmetric Lorentzian, 1/(1 + z²) and z/(1 + z²), z = (x - x0)/Δ.

    Frequencies or fields x, position x0 and half width Δ in the same unit; they broadcast.
    """
    z = (x - position) / half_width
    symmetric = 1 / (1 + z**2)
    return symmetric, z * symmetric


def lorentzian_derivative(x: Array, position: Array, half_width: Array) -> tuple[Array, Array]:
    """Derivatives of both Lorentzians with respect to z: -2z/(1 + z²)² and (1 - z²)/(1 + z²)².

    Arguments as in :func:`lorentzian`.  The extrema of the first lie 2Δ/√3 apart.
    """
    z = (x - position) / half_width
    symmetric = 1 / (1 + z**2)
    return -2 * z * symmetric**2, (1 - z**2) * symmetric**2


def driven_oscillator(frequency: Array, position: Array, half_width: Array) -> tuple[Array, Array]:
    """Both parts of a line in frequency that need not be narrow, f and f0 ≥ 0 and Δ in Hz.

    With Γ = 2Δ they are f²Γ²/D and f0 Γ (f² - f0²)/D, D = (f0² - f²)² + f²Γ²: the response of a
    linear oscillator, whose limit for Δ ≪ f0 is :func:`lorentzian`.
    """
    width = 2 * half_width
    detuning = frequency**2 - position**2
    absorbed = (frequency * width) ** 2
    denominator = detuning**2 + absorbed
    return absorbed / denominator, position * width * detuning / denominator
