"""Resonance: spectra and their lines, each fitted with errors that can be trusted."""

from smtj.fit.resonance.line_choice import (
    ChannelChoice,
    ShapeChoice,
    choose_channel,
    choose_shape,
)
from smtj.fit.resonance.line_model import Shape
from smtj.fit.resonance.lines import Line, SpectrumFit, fit_spectra, fit_spectrum

__all__ = [
    "ChannelChoice",
    "Line",
    "Shape",
    "ShapeChoice",
    "SpectrumFit",
    "choose_channel",
    "choose_shape",
    "fit_spectra",
    "fit_spectrum",
]
