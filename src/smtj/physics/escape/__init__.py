"""How long a macrospin stays in a well: the Fokker-Planck operator on the sphere, and its limits.

With U = E/(k_B T) and Gilbert damping α the direction m of a macrospin of moment μ obeys

  L f = D [Δf - ∇U·∇f + (1/α) (m × ∇U)·∇f],    D = α γ k_B T/((1 + α²) μ),

for the mean f of anything it will be (W. F. Brown, Phys. Rev. 130, 1677 (1963),
doi:10.1103/PhysRev.130.1677).  Three times follow from it that are not the same:

* the *relaxation time* 1/λ1, λ1 the lowest eigenvalue of -L that is not zero;
* the *dwell times* of the two-state reduction, which share it out so that 1/τ_up + 1/τ_down = λ1
  and τ_up/τ_down = Z_up/Z_down, the states being the two halves of the sphere;
* the *mean first passage time* from one threshold of the magnetisation to another.

Without barrier none of them is 2/λ1; only at high barriers do they agree up to factors of two.
:mod:`.axial` has all three where energy and field are symmetric about the easy axis,
:mod:`.relaxation` the first two in general, :mod:`.asymptotes` the limits of a high barrier.
"""
