"""Resonance spectra: their lines, and the film or device that makes them."""

from smtj.inference.resonance.coefficients import damping_estimates, vcma_estimates
from smtj.inference.resonance.film import FilmFit, FilmLines, better_geometry, fit_film
from smtj.inference.resonance.lines.channel import ChannelChoice, choose_channel
from smtj.inference.resonance.lines.fit import Line, SpectrumFit, fit_spectra, fit_spectrum
from smtj.inference.resonance.lines.model import Shape

__all__ = [
    "ChannelChoice",
    "FilmFit",
    "FilmLines",
    "Line",
    "Shape",
    "SpectrumFit",
    "better_geometry",
    "choose_channel",
    "damping_estimates",
    "fit_film",
    "fit_spectra",
    "fit_spectrum",
    "vcma_estimates",
]
