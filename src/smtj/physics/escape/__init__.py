"""Escape of a macrospin from its wells: the Fokker-Planck operator on the sphere, and its limits.

With U = E/(k_B T) and Gilbert damping α the direction m of a macrospin of moment μ obeys

  L f = D [Δf - ∇U·∇f + (1/α) (m × ∇U)·∇f],    D = α γ k_B T/((1 + α²) μ),

for the mean f of any function of m (W. F. Brown, Phys. Rev. 130, 1677 (1963),
doi:10.1103/PhysRev.130.1677).  It defines three different times:

* the *relaxation time* 1/λ1, λ1 the lowest eigenvalue of -L that is not zero;
* the *dwell times* of the two-state reduction, which divide it so that 1/τ_up + 1/τ_down = λ1
  and τ_up/τ_down = Z_up/Z_down, the states being the two halves of the sphere;
* the *mean first passage time* from one threshold of the magnetisation to another.

Without a barrier none of them is 2/λ1; they agree, up to factors of two, only at high barriers.
:mod:`.two_states` says what takes the place of λ1 in the second where there is hardly a barrier.
:mod:`.axial` has all three for energies symmetric about the easy axis, :mod:`.relaxation` the first
two in general, :mod:`.asymptotes` their limits at high barriers.
"""
