"""The shape of several spectra, or the channel of an instrument that shows their lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smtj.errors import SmtjError
from smtj.inference.resonance.lines.fit import Data, Progress, SpectrumFit, fit_spectra
from smtj.inference.resonance.lines.model import Shape

DECISIVE = 5.0
"""Difference of log-likelihoods from which a choice is decisive: odds of 150 to 1."""


@dataclass(frozen=True, eq=False)
class ShapeChoice:
    """The likeliest shape of spectra."""

    shape: Shape
    """The likeliest."""
    log_likelihoods: Mapping[Shape, float]
    """Of each shape, summed over the spectra."""
    margin: float
    """Difference to the next best, reduced for correlated points; infinite if there is no other."""
    decisive: bool
    """Whether the margin exceeds :data:`DECISIVE`."""
    fits: tuple[SpectrumFit, ...]
    """Of the spectra, with the best shape."""


@dataclass(frozen=True, eq=False)
class ChannelChoice:
    """The channel that shows a resonance."""

    channel: str
    """The one with the largest gain."""
    gains: Mapping[str, float]
    """Of each channel, summed over the spectra; see
    :attr:`smtj.inference.resonance.lines.fit.SpectrumFit.gain`."""
    margin: float
    """Difference to the next best gain; infinite if there is no other channel."""
    decisive: bool
    """Whether the margin exceeds :data:`DECISIVE`."""
    fits: tuple[SpectrumFit, ...]
    """Of the spectra of the best channel."""


def choose_shape(
    spectra: Sequence[Data],
    shapes: Sequence[Shape] = ("lorentzian", "derivative"),
    *,
    lines: int = 1,
    baseline_degree: int = 1,
    progress: Progress | None = None,
) -> ShapeChoice:
    """Choose one shape for all spectra by their summed log-likelihood.

    All shapes have the same number of parameters, so no penalty is needed.

    Parameters
    ----------
    spectra, lines, baseline_degree
        As in :func:`smtj.inference.resonance.fit_spectra`.
    shapes
        Candidates.
    progress
        Called with (done, total) fits.

    Raises
    ------
    SmtjError
        There is no spectrum or no shape; and as :func:`smtj.inference.resonance.fit_spectra`.
    """
    if not spectra or not shapes:
        raise SmtjError("a choice of shape needs at least one spectrum and one shape")
    fits = {
        shape: fit_spectra(
            spectra,
            shape,
            lines=lines,
            baseline_degree=baseline_degree,
            progress=_part(progress, i, len(shapes)),
        )
        for i, shape in enumerate(dict.fromkeys(shapes))
    }
    sums = {shape: sum(fit.log_likelihood for fit in some) for shape, some in fits.items()}
    best, *others = sorted(sums, key=lambda shape: -sums[shape])
    margin = _margin(fits[best], fits[others[0]]) if others else np.inf
    return ShapeChoice(best, sums, margin, margin > DECISIVE, tuple(fits[best]))


def choose_channel(
    channels: Mapping[str, Sequence[Data]],
    shape: Shape,
    *,
    lines: int = 1,
    baseline_degree: int = 1,
    progress: Progress | None = None,
) -> ChannelChoice:
    """Choose the channel in which lines explain most, such as X or Y of a lock-in amplifier.

    Parameters
    ----------
    channels
        Spectra by the channel's name, as in :func:`smtj.inference.resonance.fit_spectra`; equally
        many in each.
    shape, lines, baseline_degree, progress
        As in :func:`choose_shape`.

    Raises
    ------
    SmtjError
        There is no channel or no spectrum, or the channels differ in number; and as
        :func:`smtj.inference.resonance.fit_spectra`.
    """
    counts = {len(spectra) for spectra in channels.values()}
    if len(counts) != 1 or 0 in counts:
        raise SmtjError("a choice of channel needs equally many spectra in each, one or more")
    fits = {
        name: fit_spectra(
            spectra,
            shape,
            lines=lines,
            baseline_degree=baseline_degree,
            progress=_part(progress, i, len(channels)),
        )
        for i, (name, spectra) in enumerate(channels.items())
    }
    gains = {name: sum(fit.gain for fit in some) for name, some in fits.items()}
    best, *others = sorted(gains, key=lambda name: -gains[name])
    margin = gains[best] - gains[others[0]] if others else np.inf
    return ChannelChoice(best, gains, margin, margin > DECISIVE, tuple(fits[best]))


def _margin(better: Sequence[SpectrumFit], worse: Sequence[SpectrumFit]) -> float:
    """Return the difference of log-likelihoods, reduced for correlated points."""
    return sum(
        (one.log_likelihood - other.log_likelihood) / one.inflation
        for one, other in zip(better, worse, strict=True)
    )


def _part(progress: Progress | None, index: int, parts: int) -> Progress | None:
    """Return a callback that reports one of several equal parts as progress of the whole."""
    if progress is None:
        return None
    return lambda done, total: progress(index * total + done, parts * total)
