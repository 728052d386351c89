"""The outcome of a study, in hand and on disk."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj import provenance
from smtj.chips.plan import Study
from smtj.chips.plots import save_accuracy_plot, save_yield_plot
from smtj.chips.summary import StudySummary, summarise, varied
from smtj.files import write_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class StudyResult:
    """What all chips reach under all conditions."""

    study: Study
    frame: "pd.DataFrame"
    """A row for every chip under every condition; see :meth:`smtj.chips.plan.Study.frame`."""
    own: Mapping[str, float]
    """What the model itself has of everything that can be varied, in SI units."""
    images: int
    """Test images by which accuracy was found."""

    def summary(self, threshold: float) -> StudySummary:
        """Return distributions, yields and sensitivities; see :func:`smtj.chips.summarise`."""
        return summarise(self.frame, threshold)

    def save(self, out: Path | str, threshold: float) -> list[Path]:
        """Write ``summary.json`` and the figures into a folder, each whole or not at all.

        Parameters
        ----------
        out
            The folder.
        threshold
            Accuracy that a good chip reaches.

        Returns
        -------
        list of Path
            The files written: a figure of accuracy against each quantity of two values or more,
            the yield curve, and the summary.
        """
        out = Path(out)
        written: list[Path] = []
        for name in varied(self.frame):
            if np.isfinite(self.frame[name].unique()).sum() > 1:
                path = out / f"accuracy_{name}"
                written += save_accuracy_plot(path, self.frame, name, self.own)
        written += save_yield_plot(out / "yield", self.frame, threshold)
        record = {
            "chips": self.study.chips,
            "seed": self.study.seed,
            "images": self.images,
            "units": self.frame.attrs.get("units", {}),
            **self.summary(threshold).to_dict(),
            "command": provenance.command(),
            "versions": provenance.versions(),
        }
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
        return [*written, write_text(out / "summary.json", text + "\n")]
