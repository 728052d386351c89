"""The paper, figure by figure: what its text claims, and whether it holds."""

PAPER = (
    "J. Cai et al., Voltage-Controlled Spintronic Stochastic Neuron Based on a Magnetic Tunnel "
    "Junction, Phys. Rev. Applied 11, 034015 (2019), doi:10.1103/PhysRevApplied.11.034015"
)
