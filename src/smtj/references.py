"""What the formulas and methods rest on: one table of references, and how to cite them."""

from collections.abc import Iterable
from typing import NamedTuple

FEATURES = {
    "neuron": "the device of the paper, its switching probability and the networks",
    "physics": "anisotropy, demagnetisation, resistance",
    "escape": "exact dwell times and their asymptotes",
    "motion": "simulated motion of the magnetisation, pulses",
    "fit": "dwell times, probabilities and their intervals",
    "resonance": "spectra: resonance, rectified voltage, lines and linewidths",
    "random": "the streams of random numbers",
    "hardware": "couplings and correlated reads",
    "energy": "what a read costs: noise, back-action, assumptions, comparisons",
    "gallery": "the cards of the literature",
}
"""What a reference can be for."""


class Reference(NamedTuple):
    """A publication."""

    key: str
    """As BibTeX names it."""
    authors: tuple[str, ...]
    """Of a long list the first, and ``others``."""
    title: str
    journal: str
    volume: str
    page: str
    year: int
    doi: str
    """Empty where there is none."""
    features: tuple[str, ...]
    """Of :data:`FEATURES`."""
    reason: str
    """What smtj takes from it."""

    def text(self) -> str:
        """The reference in a line, as a list of references has it."""
        who = " et al." if self.authors[-1] == "others" else ""
        names = [name for name in self.authors if name != "others"]
        authors = " and ".join(names) if len(names) < 3 else ", ".join(names)
        place = " ".join(filter(None, (self.journal, self.volume)))
        page = f", {self.page}" if self.page else ""
        doi = f", doi:{self.doi}" if self.doi else ""
        return f"{authors}{who}, {self.title}, {place}{page} ({self.year}){doi}"

    def bibtex(self) -> str:
        """The reference as an entry of BibTeX."""
        fields = {
            "author": " and ".join(self.authors),
            "title": f"{{{self.title}}}",
            "journal": self.journal,
            "volume": self.volume,
            "pages": self.page,
            "year": str(self.year),
            "doi": self.doi,
        }
        return _entry("article", self.key, fields)


def bibtex_of_card(name: str, reference: str) -> str:
    """The entry of BibTeX for a card whose reference is not in the table."""
    return _entry("misc", name, {"note": reference})


def software(version: str) -> tuple[str, str]:
    """smtj itself, in a line and as an entry of BibTeX."""
    title = "smtj: from a stochastic magnetic tunnel junction to a neural network of such neurons"
    fields = {
        "author": "{The smtj developers}",
        "title": f"{{{title}}}",
        "version": version,
        "note": "BSD-3-Clause",
    }
    return f"The smtj developers, {title}, version {version}", _entry("software", "smtj", fields)


def references_for(features: Iterable[str]) -> list[Reference]:
    """The references of these features, in the order of the table.

    Parameters
    ----------
    features
        Names of :data:`FEATURES`.

    Raises
    ------
    KeyError
        A name is none of them.
    """
    wanted = set(features)
    if unknown := wanted - FEATURES.keys():
        raise KeyError(sorted(unknown)[0])
    return [reference for reference in REFERENCES if wanted & set(reference.features)]


def reference_of_card(name: str) -> Reference | None:
    """The reference of a shipped card, by its name; None for any other card."""
    return next((reference for reference in REFERENCES if reference.key == name), None)


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


REFERENCES = (
    Reference(
        "cai2019",
        ("J. Cai", "others"),
        "Voltage-Controlled Spintronic Stochastic Neuron Based on a Magnetic Tunnel Junction",
        "Phys. Rev. Applied",
        "11",
        "034015",
        2019,
        "10.1103/PhysRevApplied.11.034015",
        ("neuron", "gallery"),
        "the device, Eq. (1) to (7), and the network",
    ),
    Reference(
        "codata2022",
        ("P. J. Mohr", "others"),
        "CODATA recommended values of the fundamental physical constants: 2022",
        "J. Phys. Chem. Ref. Data",
        "54",
        "033105",
        2025,
        "10.1063/5.0279860",
        ("physics",),
        "constants of nature",
    ),
    Reference(
        "ikeda2010",
        ("S. Ikeda", "others"),
        "A perpendicular-anisotropy CoFeB-MgO magnetic tunnel junction",
        "Nat. Mater.",
        "9",
        "721",
        2010,
        "10.1038/nmat2804",
        ("physics",),
        "interface anisotropy against demagnetisation",
    ),
    Reference(
        "beleggia2005",
        ("M. Beleggia", "others"),
        "Demagnetization factors for elliptic cylinders",
        "J. Phys. D: Appl. Phys.",
        "38",
        "3333",
        2005,
        "10.1088/0022-3727/38/18/001",
        ("physics",),
        "demagnetising factors of the ellipse",
    ),
    Reference(
        "joseph1966",
        ("R. I. Joseph",),
        "Ballistic Demagnetizing Factor in Uniformly Magnetized Cylinders",
        "J. Appl. Phys.",
        "37",
        "4639",
        1966,
        "10.1063/1.1708110",
        ("physics",),
        "demagnetising factor of the disc",
    ),
    Reference(
        "slonczewski1989",
        ("J. C. Slonczewski",),
        "Conductance and exchange coupling of two ferromagnets separated by a tunneling barrier",
        "Phys. Rev. B",
        "39",
        "6995",
        1989,
        "10.1103/PhysRevB.39.6995",
        ("physics",),
        "conductance against the angle between the layers",
    ),
    Reference(
        "brown1963",
        ("W. F. Brown",),
        "Thermal Fluctuations of a Single-Domain Particle",
        "Phys. Rev.",
        "130",
        "1677",
        1963,
        "10.1103/PhysRev.130.1677",
        ("escape", "motion"),
        "the Fokker-Planck equation, its asymptote, and the thermal field",
    ),
    Reference(
        "langer1969",
        ("J. S. Langer",),
        "Statistical theory of the decay of metastable states",
        "Ann. Phys.",
        "54",
        "258",
        1969,
        "10.1016/0003-4916(69)90153-5",
        ("escape",),
        "escape over a saddle",
    ),
    Reference(
        "brown1979",
        ("W. F. Brown",),
        "Thermal fluctuations of fine ferromagnetic particles",
        "IEEE Trans. Magn.",
        "15",
        "1196",
        1979,
        "10.1109/TMAG.1979.1060329",
        ("escape",),
        "escape over a saddle of a magnet",
    ),
    Reference(
        "coffey2012",
        ("W. T. Coffey", "Y. P. Kalmykov"),
        "Thermal fluctuations of magnetic nanoparticles: Fifty years after Brown",
        "J. Appl. Phys.",
        "112",
        "121301",
        2012,
        "10.1063/1.4754272",
        ("escape",),
        "where the asymptotes hold",
    ),
    Reference(
        "patera1984",
        ("A. T. Patera",),
        "A spectral element method for fluid dynamics: Laminar flow in a channel expansion",
        "J. Comput. Phys.",
        "54",
        "468",
        1984,
        "10.1016/0021-9991(84)90128-1",
        ("escape",),
        "the elements of the Fokker-Planck equation",
    ),
    Reference(
        "broadie1997",
        ("M. Broadie", "P. Glasserman", "S. Kou"),
        "A continuity correction for discrete barrier options",
        "Math. Finance",
        "7",
        "325",
        1997,
        "10.1111/1467-9965.00035",
        ("motion",),
        "passages that are looked for after each step",
    ),
    Reference(
        "shiota2012",
        ("Y. Shiota", "others"),
        "Induction of coherent magnetization switching in a few atomic layers of FeCo using "
        "voltage pulses",
        "Nat. Mater.",
        "11",
        "39",
        2012,
        "10.1038/nmat3172",
        ("motion",),
        "switching by a voltage pulse of half a turn",
    ),
    Reference(
        "pedler1971",
        ("P. J. Pedler",),
        "Occupation Times for Two State Markov Chains",
        "J. Appl. Prob.",
        "8",
        "381",
        1971,
        "10.2307/3211908",
        ("fit",),
        "readings that average over a window",
    ),
    Reference(
        "wilson1927",
        ("E. B. Wilson",),
        "Probable Inference, the Law of Succession, and Statistical Inference",
        "J. Am. Stat. Assoc.",
        "22",
        "209",
        1927,
        "10.1080/01621459.1927.10502953",
        ("fit",),
        "interval of a probability",
    ),
    Reference(
        "fieller1954",
        ("E. C. Fieller",),
        "Some Problems in Interval Estimation",
        "J. R. Stat. Soc. B",
        "16",
        "175",
        1954,
        "10.1111/j.2517-6161.1954.tb00159.x",
        ("fit",),
        "interval of a quotient",
    ),
    Reference(
        "sykulski2019",
        ("A. M. Sykulski", "others"),
        "The debiased Whittle likelihood",
        "Biometrika",
        "106",
        "251",
        2019,
        "10.1093/biomet/asy071",
        ("fit",),
        "dwell times from a spectrum of noise",
    ),
    Reference(
        "smit1955",
        ("J. Smit", "H. G. Beljers"),
        "Ferromagnetic resonance absorption in BaFe12O19, a highly anisotropic crystal",
        "Philips Res. Rep.",
        "10",
        "113",
        1955,
        "",
        ("resonance",),
        "resonance from the second derivatives of the energy",
    ),
    Reference(
        "baselgia1988",
        ("L. Baselgia", "others"),
        "Derivation of the resonance frequency from the free energy of ferromagnets",
        "Phys. Rev. B",
        "38",
        "2237",
        1988,
        "10.1103/PhysRevB.38.2237",
        ("resonance",),
        "the same without a pole",
    ),
    Reference(
        "kittel1948",
        ("C. Kittel",),
        "On the Theory of Ferromagnetic Resonance Absorption",
        "Phys. Rev.",
        "73",
        "155",
        1948,
        "10.1103/PhysRev.73.155",
        ("resonance",),
        "resonance of a film",
    ),
    Reference(
        "kalarickal2006",
        ("S. S. Kalarickal", "others"),
        "Ferromagnetic resonance linewidth in metallic thin films: Comparison of measurement "
        "methods",
        "J. Appl. Phys.",
        "99",
        "093909",
        2006,
        "10.1063/1.2197087",
        ("resonance",),
        "linewidth of a film",
    ),
    Reference(
        "slonczewski2005",
        ("J. C. Slonczewski",),
        "Currents, torques, and polarization factors in magnetic tunnel junctions",
        "Phys. Rev. B",
        "71",
        "024411",
        2005,
        "10.1103/PhysRevB.71.024411",
        ("resonance", "motion"),
        "spin torque of a voltage",
    ),
    Reference(
        "tulapurkar2005",
        ("A. A. Tulapurkar", "others"),
        "Spin-torque diode effect in magnetic tunnel junctions",
        "Nature",
        "438",
        "339",
        2005,
        "10.1038/nature04207",
        ("resonance",),
        "the rectified voltage",
    ),
    Reference(
        "zhu2012",
        ("J. Zhu", "others"),
        "Voltage-Induced Ferromagnetic Resonance in Magnetic Tunnel Junctions",
        "Phys. Rev. Lett.",
        "108",
        "197203",
        2012,
        "10.1103/PhysRevLett.108.197203",
        ("resonance",),
        "resonance driven by the anisotropy",
    ),
    Reference(
        "golub1973",
        ("G. H. Golub", "V. Pereyra"),
        "The Differentiation of Pseudo-Inverses and Nonlinear Least Squares Problems Whose "
        "Variables Separate",
        "SIAM J. Numer. Anal.",
        "10",
        "413",
        1973,
        "10.1137/0710036",
        ("resonance",),
        "least squares of lines",
    ),
    Reference(
        "kaufman1975",
        ("L. Kaufman",),
        "A variable projection method for solving separable nonlinear least squares problems",
        "BIT",
        "15",
        "49",
        1975,
        "10.1007/BF01932995",
        ("resonance",),
        "its Jacobian",
    ),
    Reference(
        "golub2003",
        ("G. H. Golub", "V. Pereyra"),
        "Separable nonlinear least squares: the variable projection method and its applications",
        "Inverse Problems",
        "19",
        "R1",
        2003,
        "10.1088/0266-5611/19/2/201",
        ("resonance",),
        "least squares of whole spectra",
    ),
    Reference(
        "davies1987",
        ("R. B. Davies",),
        "Hypothesis testing when a nuisance parameter is present only under the alternative",
        "Biometrika",
        "74",
        "33",
        1987,
        "10.1093/biomet/74.1.33",
        ("resonance",),
        "whether there is a line at all",
    ),
    Reference(
        "salmon2011",
        ("J. K. Salmon", "others"),
        "Parallel random numbers: as easy as 1, 2, 3",
        "SC '11",
        "",
        "",
        2011,
        "10.1145/2063384.2063405",
        ("random",),
        "Philox, which seeds the streams",
    ),
    Reference(
        "blackman2021",
        ("D. Blackman", "S. Vigna"),
        "Scrambled Linear Pseudorandom Number Generators",
        "ACM Trans. Math. Softw.",
        "47",
        "36",
        2021,
        "10.1145/3460772",
        ("random",),
        "xoshiro128++, the streams",
    ),
    Reference(
        "marsaglia2000",
        ("G. Marsaglia", "W. W. Tsang"),
        "A simple method for generating gamma variables",
        "ACM Trans. Math. Softw.",
        "26",
        "363",
        2000,
        "10.1145/358407.358414",
        ("random",),
        "sums of dwell times",
    ),
    Reference(
        "funatsu2022",
        ("T. Funatsu", "S. Kanai", "J. Ieda", "S. Fukami", "H. Ohno"),
        "Local bifurcation with spin-transfer torque in superparamagnetic tunnel junctions",
        "Nat. Commun.",
        "13",
        "4079",
        2022,
        "10.1038/s41467-022-31788-1",
        ("gallery",),
        "card funatsu2022",
    ),
    Reference(
        "mizrahi2018",
        ("A. Mizrahi", "others"),
        "Neural-like computing with populations of superparamagnetic basis functions",
        "Nat. Commun.",
        "9",
        "1533",
        2018,
        "10.1038/s41467-018-03963-w",
        ("gallery",),
        "card mizrahi2018",
    ),
    Reference(
        "reiss2019",
        ("G. Reiss", "J. Ludwig", "K. Rott"),
        "Tuning superparamagnetism in perpendicular magnetic tunnel junctions",
        "arXiv:1908.02139",
        "",
        "",
        2019,
        "10.48550/arXiv.1908.02139",
        ("gallery",),
        "card reiss2019",
    ),
    Reference(
        "schnitzspan2023",
        ("L. Schnitzspan", "M. Kläui", "G. Jakob"),
        "Nanosecond true random number generation with superparamagnetic tunnel junctions: "
        "Identification of Joule heating and spin-transfer-torque effects",
        "arXiv:2301.05694",
        "",
        "",
        2023,
        "10.48550/arXiv.2301.05694",
        ("gallery",),
        "card schnitzspan2023",
    ),
    Reference(
        "sidielvalli2025",
        ("A. Sidi El Valli", "M. Tsao", "D. Chen", "A. D. Kent"),
        "Tunable random telegraph noise in stable perpendicular magnetic tunnel junctions",
        "arXiv:2509.13458",
        "",
        "",
        2025,
        "10.48550/arXiv.2509.13458",
        ("gallery",),
        "card sidielvalli2025",
    ),
    Reference(
        "glauber1963",
        ("R. J. Glauber",),
        "Time-dependent statistics of the Ising model",
        "J. Math. Phys.",
        "4",
        "294",
        1963,
        "10.1063/1.1703954",
        ("hardware",),
        "reads with one relaxation time at every field",
    ),
    Reference(
        "sokal1997",
        ("A. D. Sokal",),
        "Monte Carlo methods in statistical mechanics: foundations and new algorithms",
        "Functional Integration (Plenum)",
        "",
        "131",
        1997,
        "10.1007/978-1-4899-0319-8_6",
        ("hardware",),
        "effective number of correlated reads",
    ),
    Reference(
        "cullity2009",
        ("B. D. Cullity", "C. D. Graham"),
        "Introduction to Magnetic Materials",
        "Wiley",
        "",
        "",
        2009,
        "10.1002/9780470386323",
        ("hardware",),
        "magnetoelastic energy of a strained film",
    ),
    Reference(
        "rogovin1974",
        ("D. Rogovin", "D. J. Scalapino"),
        "Fluctuation phenomena in tunnel junctions",
        "Ann. Phys.",
        "86",
        "1",
        1974,
        "10.1016/0003-4916(74)90430-8",
        ("energy",),
        "noise of a tunnel junction",
    ),
    Reference(
        "apalkov2005",
        ("D. M. Apalkov", "P. B. Visscher"),
        "Spin-torque switching: Fokker-Planck rate calculation",
        "Phys. Rev. B",
        "72",
        "180405",
        2005,
        "10.1103/PhysRevB.72.180405",
        ("energy",),
        "how a read voltage moves dwell times by spin torque",
    ),
    Reference(
        "steyaert1987",
        ("M. Steyaert", "W. Sansen"),
        "A micropower low-noise monolithic instrumentation amplifier for medical purposes",
        "IEEE J. Solid-State Circuits",
        "22",
        "1163",
        1987,
        "10.1109/JSSC.1987.1052869",
        ("energy",),
        "noise efficiency of an amplifier",
    ),
    Reference(
        "ruizamaya2015",
        ("J. Ruiz-Amaya", "others"),
        "A low noise amplifier for neural spike recording interfaces",
        "Sensors",
        "15",
        "25313",
        2015,
        "10.3390/s151025313",
        ("energy",),
        "noise efficiency assumed for the read-out",
    ),
    Reference(
        "satapathy2023",
        ("B. Satapathy", "A. Kaur"),
        "An energy-efficient and high-speed dynamic comparator for low-noise applications",
        "Circuits Syst. Signal Process.",
        "42",
        "5108",
        2023,
        "10.1007/s00034-023-02375-6",
        ("energy",),
        "energy assumed for a decision",
    ),
    Reference(
        "horowitz2014",
        ("M. Horowitz",),
        "Computing's energy problem (and what we can do about it)",
        "ISSCC",
        "",
        "10",
        2014,
        "10.1109/ISSCC.2014.6757323",
        ("energy",),
        "energy assumed for digital operations",
    ),
    Reference(
        "vodenicarevic2017",
        ("D. Vodenicarevic", "others"),
        "Low-energy truly random number generation with superparamagnetic tunnel "
        "junctions for unconventional computing",
        "Phys. Rev. Applied",
        "8",
        "054045",
        2017,
        "10.1103/PhysRevApplied.8.054045",
        ("energy",),
        "energy of a random bit, for comparison",
    ),
    Reference(
        "venkatesh2025",
        ("S. Venkatesh", "R. Sindhu", "V. Arunachalam"),
        "Hardware efficient approximate sigmoid activation function for classifying "
        "features around zero",
        "Integration",
        "",
        "102421",
        2025,
        "10.1016/j.vlsi.2025.102421",
        ("energy",),
        "energy of a digital sigmoid, for comparison",
    ),
    Reference(
        "merolla2014",
        ("P. A. Merolla", "others"),
        "A million spiking-neuron integrated circuit with a scalable communication "
        "network and interface",
        "Science",
        "345",
        "668",
        2014,
        "10.1126/science.1254642",
        ("energy",),
        "power density that the paper compares with",
    ),
    Reference(
        "singh2024",
        ("N. S. Singh", "others"),
        "CMOS plus stochastic nanomagnets enabling heterogeneous computers for "
        "probabilistic inference and learning",
        "Nat. Commun.",
        "15",
        "2685",
        2024,
        "10.1038/s41467-024-46645-6",
        ("energy",),
        "a p-bit beside a digital one",
    ),
)
"""In the order in which a reader meets them."""
