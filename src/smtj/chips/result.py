"""The outcome of a study, in hand and on disk."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj import provenance
from smtj.chips.plan import Study
from smtj.chips.plots import draw_accuracy, draw_yield
from smtj.chips.summary import Summary, summarise, varied
from smtj.files import write_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class StudyResult:
    """What all chips reach under all conditions."""

    study: Study
    table: "pd.DataFrame"
    """A row for every chip under every condition; see :meth:`smtj.chips.plan.Study.table`."""
    own: Mapping[str, float]
    """What the model itself has of everything that can be varied, in SI units."""
    images: int
    """Test images by which accuracy was found."""

    def summary(self, threshold: float) -> Summary:
        """Return distributions, yields and sensitivities; see :func:`smtj.chips.summarise`."""
        return summarise(self.table, threshold)

    def report(self, out: Path | str, threshold: float) -> list[Path]:
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
        for name in varied(self.table):
            if np.isfinite(self.table[name].unique()).sum() > 1:
                path = out / f"accuracy_{name}"
                written += draw_accuracy(path, self.table, name, self.own)
        written += draw_yield(out / "yield", self.table, threshold)
        record = {
            "chips": self.study.chips,
            "seed": self.study.seed,
            "images": self.images,
            "units": self.table.attrs.get("units", {}),
            **self.summary(threshold).record(),
            "command": provenance.command(),
            "versions": provenance.versions(),
        }
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
        return [*written, write_text(out / "summary.json", text + "\n")]
