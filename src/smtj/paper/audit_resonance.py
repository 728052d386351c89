"""Audit of Fig. 5: anisotropy fields and their change with voltage, from virtual spectra."""

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.paper import fig5a, fig5b
from smtj.paper.rows import not_tested
from smtj.paper.spectra import resonances
from smtj.physics.device import operating_point
from smtj.physics.free_layer import factors
from smtj.physics.magnetics import anisotropy
from smtj.report.figure import Check
from smtj.units import convert


def rows(card: DeviceCard) -> list[Check]:
    """Return the rows; the numbers of Fig. 5(b) come from fits of virtual spectra."""
    _, _, n_z = (float(n) for n in factors(card))
    m_s = float(card.magnetism.saturation_magnetisation)
    middle = anisotropy.anisotropy_field(operating_point(card).energy_density, m_s)
    zero = convert(float(middle), "A/m", "mT")
    demagnetising = convert(n_z * m_s, "A/m", "mT")
    return [
        *_spectra(card),
        Check(
            claim="H_K1 is «very small»: demagnetisation is nearly compensated",
            paper="Fig. 5(b), Sec. III",
            ours=(
                f"{zero:.0f} mT beside a demagnetising field of {demagnetising:.0f} mT "
                f"({100 * zero / demagnetising:.1f} %)"
            ),
            verdict="agrees" if abs(zero) < 0.1 * demagnetising else "differs",
            how="μ0 M_s N_z of the ellipse",
        ),
        not_tested(
            "Fig. 5(a): curves 35 µV apart",
            "35 µV, Fig. 5(a)",
            "an offset for the eye, no property of the device",
        ),
    ]


def _spectra(card: DeviceCard) -> list[Check]:
    try:
        found = resonances(card)
    except SmtjError as error:
        return [
            not_tested(
                "Fig. 5: H_K1 and H_K2 from spectra at H∥ = −110 Oe and beyond",
                "56 mT, 34 mT/V, 26 fJ/(V m); Eq. (7)",
                f"this card shows no such lines: {error}",
            )
        ]
    return [*fig5a.checks(found.at_one_field), *fig5b.checks(card, found)]
