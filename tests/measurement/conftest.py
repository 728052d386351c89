"""Files to read, and what is said of those that cannot be."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import xarray as xr

from smtj.errors import DataError

Put = Callable[[str, str | bytes], Path]
Refusal = Callable[..., str]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Write a file."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def put_rows(tmp_path: Path) -> Callable[[list[list[Any]]], Path]:
    """Write a workbook."""

    def write(rows: list[list[Any]]) -> Path:
        workbook = openpyxl.Workbook()
        for row in rows:
            workbook.active.append(row)
        workbook.save(tmp_path / "data.xlsx")
        return tmp_path / "data.xlsx"

    return write


@pytest.fixture
def refusal(tmp_path: Path) -> Refusal:
    """The sentence that a call is refused with, without the folder in it."""

    def message(call: Callable[..., object], *arguments: Any) -> str:
        with pytest.raises(DataError) as caught:
            call(*arguments)
        text = str(caught.value)
        # One sentence: one line, no full stop, and what is right after what is wrong.
        assert "\n" not in text
        assert not re.search(r"[.!](\s|$)|[?]\s", text.replace("e.g.", "like"))
        assert ": " in text
        return text.replace(f"{tmp_path}/", "")

    return message


@pytest.fixture
def scan() -> xr.Dataset:
    """A probability scan as the lab makes them."""
    fields, samples = 3, 12
    shape = (fields, samples)
    time = 0.12 * np.arange(1, fields * samples + 1).reshape(shape)
    resistance = np.random.default_rng(5).normal(1000, 50, shape)
    return xr.Dataset(
        {"resistance": (("field", "sample"), resistance, {"units": "ohm"})},
        {
            "time": (("field", "sample"), time, {"units": "s"}),
            "field_out_of_plane": ("field", np.linspace(-8e3, 7e3, fields), {"units": "A/m"}),
            "field_in_plane": ((), 100.0, {"units": "A/m"}),
            "voltage": ((), 1e-3, {"units": "V"}),
            "temperature": ((), 300.0, {"units": "K"}),
        },
        {"kind": "probability_scan", "card": "cai2019", "seed": 0, "integration_time": 0.02},
    )


@pytest.fixture
def sweep() -> xr.Dataset:
    """A field sweep as the lab makes them: stored by rising field, taken up and then down."""
    time = np.arange(1.0, 11.0).reshape(2, 5)
    time[1] = time[1, ::-1]
    return xr.Dataset(
        {"resistance": (("sweep", "field"), 1000 + time, {"units": "ohm"})},
        {
            "time": (("sweep", "field"), time, {"units": "s"}),
            "field_in_plane": ("field", np.arange(5.0), {"units": "A/m"}),
            "current": ((), 1e-5, {"units": "A"}),
        },
        {"kind": "field_sweep"},
    )
