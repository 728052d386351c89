"""FMR of a film: effective magnetisation, γ and damping."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from smtj import plot
from smtj.analysis.context import Context
from smtj.analysis.resonance.lines import Lines
from smtj.analysis.result import FitResult, Picture
from smtj.errors import SmtjError
from smtj.inference.resonance.film import FilmFit, FilmLines, Geometry, better_geometry, fit_film
from smtj.units import Oe

TAKEN_FOR_FILM = (
    "without a bias voltage this is taken for a film, and no card is changed; for a device state "
    "its bias by voltage= (--voltage)"
)
OBLIQUE = 0.02
"""Component of a field across its direction, relative to the field, above which it is oblique."""


@dataclass(frozen=True, eq=False)
class FittedFilm:
    """A film's fit."""

    fit: FilmFit

    @property
    def lines(self) -> FilmLines:
        """The lines, with errors and widths along the field."""
        return self.fit.lines


def film_result(lines: Lines, direction_stated: bool, context: Context) -> FitResult:
    """Fit the resonances of a film at several frequencies, or at several fields.

    If the file does not state the direction of its field, the better formula decides.
    """
    found = _film_lines(lines)
    geometry, remarks = _geometry(lines, found, direction_stated)
    fit = fit_film(found, geometry)
    formula = {
        "in-plane": "f = (γμ0/2π) √[H (H + M_eff)]",
        "perpendicular": "f = (γμ0/2π) (H − M_eff)",
    }[geometry]
    return context.result(
        "film",
        f"{geometry} Kittel fit of a film at {found.field.size} lines",
        FittedFilm(fit),
        fit.estimates,
        (
            *remarks,
            *fit.remarks,
            TAKEN_FOR_FILM,
        ),
        Picture(
            (plot_kittel, plot_widths),
            f"Left: fields of resonance and {formula}. Right: half widths and "
            "ΔH = ΔH_0 + α f/(γμ0/2π). Bars are standard errors.",
            7.0,
        ),
        verdict=geometry,
    )


def _film_lines(lines: Lines) -> FilmLines:
    one = [line.fit.lines[0] for line in lines.usable]
    return FilmLines(
        frequency=np.array([line.frequency for line in lines.usable]),
        field=np.array([_signed(*line.field) for line in lines.usable]),
        position_error=np.array([line.position_error for line in one]),
        half_width=np.array([line.half_width for line in one]),
        half_width_error=np.array([line.half_width_error for line in one]),
        swept=lines.swept,
    )


def _signed(*components: float) -> float:
    """Return the size of a field with the sign of its larger component."""
    return math.copysign(math.hypot(*components), max(components, key=abs))


def _geometry(
    lines: Lines, found: FilmLines, direction_stated: bool
) -> tuple[Geometry, tuple[str, ...]]:
    if not direction_stated:
        best, margin = better_geometry(found)
        return best, (
            f"the file does not state the direction of its field; the {best} formula fits better, "
            f"by {margin:.0f} in χ²; naming its column field_in_plane by columns= (--column) "
            "declares it in-plane",
        )
    in_plane, out_of_plane = np.abs([line.field for line in lines.usable]).T / np.abs(found.field)
    if np.all(out_of_plane < OBLIQUE):
        return "in-plane", ()
    if np.all(in_plane < OBLIQUE):
        return "perpendicular", ()
    raise SmtjError("the field of a film's Kittel fit must lie in its plane or along its normal")


def plot_kittel(axes: Any, found: FittedFilm) -> None:
    """Plot frequency against field of resonance."""
    lines = found.lines
    field = np.abs(lines.field - found.fit.offset_field)
    fine = np.linspace(field.min(), field.max(), 200)
    bars = {"xerr": lines.position_error / Oe, "fmt": "o", "color": plot.BLUE}
    axes.errorbar(field / Oe, lines.frequency / 1e9, **bars)
    axes.plot(fine / Oe, found.fit.frequency(fine) / 1e9, color=plot.RED)
    axes.set_xlabel(r"Field of resonance $H_\mathrm{r}$ (Oe)")
    axes.set_ylabel("Frequency $f$ (GHz)")


def plot_widths(axes: Any, found: FittedFilm) -> None:
    """Plot half width against frequency."""
    lines = found.lines
    f = np.linspace(lines.frequency.min(), lines.frequency.max(), 50)
    bars = {"yerr": lines.half_width_error / Oe, "fmt": "o", "color": plot.BLUE}
    axes.errorbar(lines.frequency / 1e9, lines.half_width / Oe, **bars)
    axes.plot(f / 1e9, found.fit.half_width(f) / Oe, color=plot.RED)
    axes.set_xlabel("Frequency $f$ (GHz)")
    axes.set_ylabel(r"Half width $\Delta H$ (Oe)")
    axes.set_ylim(bottom=0)
