"""Every instrument and format of the documentation is read as it writes its files."""

import re
from pathlib import Path

import numpy as np
import pytest
from layouts import INTERVAL, LOOPS, SPECTRA, TRACES, loop, spectra, trace

from smtj.measurement import kind_of, load, observable_of
from smtj.units import Oe

PAGE = Path(__file__).parents[2] / "docs" / "instruments.md"


@pytest.mark.parametrize("name", TRACES)
def test_traces(name: str, tmp_path: Path) -> None:
    dataset = load(TRACES[name](tmp_path))
    _, voltage = trace()
    assert kind_of(dataset) == "trace"
    time = dataset["time"].values
    np.testing.assert_allclose(np.diff(time), INTERVAL, rtol=1e-3)
    # Keithley sources a current, so there is a resistance.
    if observable_of(dataset) == "resistance":
        np.testing.assert_allclose(dataset["resistance"].values, voltage / 1e-5, rtol=1e-6)
    else:
        assert observable_of(dataset) == "voltage"
        rounding = 0.006 if name == "Rigol DS1000" else 1e-4
        np.testing.assert_allclose(dataset["voltage"].values, voltage, atol=rounding)


@pytest.mark.parametrize("name", LOOPS)
def test_loops(name: str, tmp_path: Path) -> None:
    dataset = load(LOOPS[name](tmp_path))
    field, resistance = loop()
    assert kind_of(dataset) == "loop"
    np.testing.assert_allclose(dataset["field_out_of_plane"].values, field * Oe, rtol=1e-9)
    np.testing.assert_allclose(dataset["resistance"].values, resistance, rtol=1e-6)


def test_fmr(tmp_path: Path) -> None:
    dataset = load(SPECTRA["NanOsc PhaseFMR"](tmp_path))
    frequency, field, signal = spectra()
    assert kind_of(dataset) == "spectrum"
    np.testing.assert_allclose(dataset["frequency"].values, frequency * 1e9, rtol=1e-6)
    np.testing.assert_allclose(dataset["field_in_plane"].values, field * Oe, rtol=1e-6)
    np.testing.assert_allclose(dataset["signal"].values, signal, atol=1e-6)


def test_touchstone(tmp_path: Path) -> None:
    pytest.importorskip("skrf")
    dataset = load(SPECTRA["Touchstone"](tmp_path))
    assert kind_of(dataset) == "spectrum"
    assert float(dataset["field_out_of_plane"]) == pytest.approx(1200 * Oe)
    middle = int(np.argmin(np.abs(dataset["frequency"].values - 4e9)))
    assert dataset["channel_x"].values[middle] == pytest.approx(0.85, abs=1e-6)


def test_the_documentation_lists_what_is_tested() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| [^|]+ \| `", PAGE.read_text(encoding="utf-8"), re.M)
    assert set(rows) == {*TRACES, *LOOPS, *SPECTRA}
