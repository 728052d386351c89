"""Findings of FMR of a film: effective magnetisation, γ and damping."""

from pathlib import Path

import numpy as np

from smtj import plot
from smtj.analysis.context import Setting
from smtj.analysis.finding import Part, unchanged
from smtj.analysis.resonance.lines import Lines
from smtj.errors import SmtjError
from smtj.inference.resonance.film import FilmFit, FilmLines, Geometry, better_geometry, fit_film
from smtj.units import Oe


def film_part(lines: Lines, direction_stated: bool, setting: Setting) -> Part:
    """Say what fields of resonance at several frequencies show of a film.

    Parameters
    ----------
    lines
        Swept in field.
    direction_stated
        Whether the file says along what its field is; if not, the formula that fits decides.
    setting
        What the data are called.

    Raises
    ------
    SmtjError
        The spectra are swept in frequency, the field is oblique, or there are too few lines.
    """
    if lines.swept != "field":
        raise SmtjError(
            f"{setting.source}: a film's spectra are to be swept in field; for a device swept in "
            'frequency say at what bias it was, e.g. --voltage "0 mV"'
        )
    found = _film_lines(lines)
    geometry, remarks = _geometry(lines, found, direction_stated, setting)
    try:
        fit = fit_film(found, geometry)
    except SmtjError as error:
        raise SmtjError(f"{setting.source}: {error}") from None
    formula = {
        "in-plane": "f = (γμ0/2π) √[H (H + M_eff)]",
        "perpendicular": "f = (γμ0/2π) (H − M_eff)",
    }[geometry]
    return Part(
        name="film",
        title=f"{setting.source}: {geometry} Kittel fit of a film at {found.field.size} lines",
        estimates=fit.estimates,
        remarks=(
            *remarks,
            *fit.remarks,
            "no bias voltage is given, so that this is taken for a film and no card is changed; "
            '--voltage "0 mV" takes it for a device',
        ),
        caption=(
            f"Left: fields of resonance and {formula}. Right: half widths and "
            "ΔH = ΔH_0 + α f/(γμ0/2π). Bars are standard errors."
        ),
        draw=lambda path: _draw(path, found, fit),
        onto=unchanged,
    )


def _film_lines(lines: Lines) -> FilmLines:
    one = [line.fit.lines[0] for line in lines.usable]
    return FilmLines(
        frequency=np.array([line.frequency for line in lines.usable]),
        field=np.array([np.hypot(*line.field) for line in lines.usable]),
        field_error=np.array([line.position_error for line in one]),
        half_width=np.array([line.half_width for line in one]),
        half_width_error=np.array([line.half_width_error for line in one]),
    )


def _geometry(
    lines: Lines, found: FilmLines, direction_stated: bool, setting: Setting
) -> tuple[Geometry, tuple[str, ...]]:
    if not direction_stated:
        try:
            best, margin = better_geometry(found)
        except SmtjError as error:
            raise SmtjError(f"{setting.source}: {error}") from None
        return best, (
            f"the file does not say along what its field is; the {best} formula fits better, by "
            f"{margin:.0f} in χ²; --column field_in_plane=HEADER says that it lies in the plane",
        )
    shares = np.array([np.abs(line.field) for line in lines.usable]) / found.field[:, None]
    if np.all(shares[:, 1] < 0.02):
        return "in-plane", ()
    if np.all(shares[:, 0] < 0.02):
        return "perpendicular", ()
    raise SmtjError(
        f"{setting.source}: a film's Kittel fit needs the field in its plane or along its normal, "
        "not between"
    )


def _draw(path: Path, lines: FilmLines, fit: FilmFit) -> list[Path]:
    fine = np.linspace(lines.field.min(), lines.field.max(), 200)
    f = np.linspace(lines.frequency.min(), lines.frequency.max(), 50)
    with plot.figure(7.0, 2.8, ncols=2) as (fig, (left, right)):
        left.errorbar(
            lines.field / Oe,
            lines.frequency / 1e9,
            xerr=lines.field_error / Oe,
            fmt="o",
            color=plot.BLUE,
        )
        left.plot(fine / Oe, fit.frequency(fine) / 1e9, color=plot.RED)
        left.set_xlabel(r"Field of resonance $H_\mathrm{r}$ (Oe)")
        left.set_ylabel("Frequency $f$ (GHz)")
        right.errorbar(
            lines.frequency / 1e9,
            lines.half_width / Oe,
            lines.half_width_error / Oe,
            fmt="o",
            color=plot.BLUE,
        )
        right.plot(f / 1e9, fit.half_width(f) / Oe, color=plot.RED)
        right.set_xlabel("Frequency $f$ (GHz)")
        right.set_ylabel(r"Half width $\Delta H$ (Oe)")
        right.set_ylim(bottom=0)
        return plot.save(fig, path)
