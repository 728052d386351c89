"""The channel of an instrument that shows the lines of several spectra."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smtj.errors import SmtjError
from smtj.inference.resonance.lines.fit import Data, Progress, SpectrumFit, fit_spectra
from smtj.inference.resonance.lines.model import Shape

DECISIVE = 5.0
"""Difference of log-likelihoods from which a choice is decisive: odds of 150 to 1."""


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


def choose_channel(
    channels: Mapping[str, Sequence[Data]],
    shape: Shape,
    *,
    lines: int = 1,
    baseline_degree: int = 1,
    progress: Progress | None = None,
) -> ChannelChoice:
    """Choose the channel in which lines explain most, such as X or Y of a lock-in amplifier.

    ``channels`` maps names to spectra, equally many in each; these and the options are those of
    :func:`smtj.inference.resonance.fit_spectra`, and so are the errors.  Raises SmtjError also if
    there is no channel or no spectrum, or if the channels differ in number.  ``progress`` receives
    (done, total) fits.
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


def _part(progress: Progress | None, index: int, parts: int) -> Progress | None:
    """Return a callback that reports one of several equal parts as progress of the whole."""
    if progress is None:
        return None
    return lambda done, total: progress(index * total + done, parts * total)
