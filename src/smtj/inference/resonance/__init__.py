"""Resonance: spectra and their lines, each fitted with errors that can be trusted."""

from smtj.inference.resonance.lines.channel import (
    ChannelChoice,
    ShapeChoice,
    choose_channel,
    choose_shape,
)
from smtj.inference.resonance.lines.fit import Line, SpectrumFit, fit_spectra, fit_spectrum
from smtj.inference.resonance.lines.model import Shape

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
