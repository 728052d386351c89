"""Spectra show whether their lines are lines or derivatives."""

import numpy as np
import pytest

from smtj import load_card
from smtj.analysis.context import Context
from smtj.analysis.resonance.lines import CLEAREST, lines_of
from smtj.inference.resonance.lines.model import FUNCTIONS
from smtj.lab import spectra

CARD = load_card("cai2019")
COUNT = CLEAREST + 3


@pytest.mark.parametrize("shape", ["exact", "derivative"])
def test_the_shape_of_all_spectra_is_that_of_the_clearest(shape):
    """Every spectrum is fitted by it, also those that do not decide."""
    fields = np.linspace(9e3, 60e3, COUNT)
    frequencies = np.linspace(0.4e9, 4e9, 181)
    data = spectra(CARD, fields, [0.0], frequencies)
    rng = np.random.default_rng(1)
    positions = np.linspace(1e9, 3e9, COUNT)
    for row, position in enumerate(positions):
        symmetric, antisymmetric = FUNCTIONS[shape](frequencies, position, 1e8)
        height = 2e-6 if row == 0 else 1e-5
        noise = 4e-7 * rng.standard_normal(181)
        data["signal"][0, row] = height * (symmetric - 0.5 * antisymmetric) + noise
    progress = []
    lines = lines_of([data], Context(CARD, "x"), lambda done, total: progress.append(done / total))
    assert [line.fit.shape for line in lines.every] == [shape] * COUNT
    found = np.array([line.fit.lines[0].position for line in lines.every])
    np.testing.assert_allclose(found, positions, atol=3e7)
    assert progress == sorted(progress)
    assert progress[-1] == 1
    words = "derivatives" if shape == "derivative" else "absorption and dispersion"
    assert any(words in remark for remark in lines.remarks)
