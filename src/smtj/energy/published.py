"""What others publish, to hold a cost against; every line with its source."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A published cost; its low and high end are the same where one number is printed."""

    name: str
    quantity: str
    """What is counted, e.g. ``"energy per bit"``."""
    low: float
    high: float
    unit: str
    """SI unit of both."""
    display_unit: str
    source: str
    note: str = ""


PUBLISHED = (
    Published(
        "superparamagnetic MTJ, random bit",
        "energy per bit",
        20e-15,
        20e-15,
        "J",
        "fJ",
        "D. Vodenicarevic et al., Phys. Rev. Applied 8, 054045 (2017), "
        "doi:10.1103/PhysRevApplied.8.054045; arXiv:1806.09124",
        "simulated circuit, whitening included",
    ),
    Published(
        "MTJ reads with overheads, spread",
        "energy per bit",
        5e-15,
        30e-15,
        "J",
        "fJ",
        "spread of published numbers as commonly quoted",
        "the ends are not traced to a source here",
    ),
    Published(
        "CMOS digital sigmoid, 65 nm",
        "energy per evaluation",
        0.3305e-3 / 500e6,
        0.3305e-3 / 500e6,
        "J",
        "fJ",
        "S. Venkatesh et al., Integration (2025), doi:10.1016/j.vlsi.2025.102421",
        "0.3305 mW at 500 MHz, one result a clock assumed; 1658 µm²",
    ),
    Published(
        "TrueNorth",
        "power density",
        200.0,
        200.0,
        "W/m^2",
        "mW/cm^2",
        "P. A. Merolla et al., Science 345, 668 (2014), doi:10.1126/science.1254642, as the paper "
        "quotes it",
    ),
    Published(
        "CPU",
        "power density",
        5e5,
        1e6,
        "W/m^2",
        "W/cm^2",
        "the same, as the paper quotes it",
    ),
)
"""MTJ neurons of other works whose abstracts give a ratio and no energy are left out: 20 times
below CMOS (A. Sengupta et al., IEEE Trans. Electron Devices 63, 2963 (2016)), and two orders of
magnitude below a digital p-bit (N. S. Singh et al., Nat. Commun. 15 (2024),
doi:10.1038/s41467-024-46645-6)."""
