"""Data sets split into single spectra, whatever was swept and however it was stored."""

import os
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from closeness import close_to
from smtj.measurement import (
    QUANTITIES,
    field_direction_stated,
    groups,
    kind_of,
    load,
    save,
    sweeps,
    table,
)

SHARED = os.environ.get("SMTJ_DATA_DIR")
MEASURED = "measured/yig_fmr"
OERSTED = 1000 / (4 * np.pi)
HALL = 5e4

needs_h5py = pytest.mark.skipif(find_spec("h5py") is None, reason="h5py is not installed")


def long(**columns: object) -> xr.Dataset:
    """A measured file with these columns, and a signal that numbers the readings."""
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    size = max(values.size for values in arrays.values())
    arrays.setdefault("signal", 1e-6 * np.arange(size))
    return xr.Dataset(
        {
            name: (
                "reading",
                np.resize(values, size),
                {"units": QUANTITIES[name].unit} if name in QUANTITIES else {},
            )
            for name, values in arrays.items()
        }
    )


def grid(*dims: str, swept: str = "frequency") -> xr.Dataset:
    """A data set of the lab of 2 voltages, 3 fields or 12, and 11 frequencies or 4."""
    few = {"frequency": (3, 11), "field": (12, 4)}[swept]
    sizes = {"voltage": 2, "field": few[0], "frequency": few[1]}
    shape = [sizes[dim] for dim in dims]
    return xr.Dataset(
        {"signal": (dims, 1e-6 * np.arange(float(np.prod(shape))).reshape(shape), {"units": "V"})},
        {
            "voltage": ("voltage", [-0.1, 0.1], {"units": "V"}),
            "field_in_plane": ("field", np.linspace(-HALL, HALL, sizes["field"]), {"units": "A/m"}),
            "field_out_of_plane": ("field", np.zeros(sizes["field"]), {"units": "A/m"}),
            "frequency": ("frequency", np.linspace(1e9, 3e9, sizes["frequency"]), {"units": "Hz"}),
            "temperature": ((), 300.0, {"units": "K"}),
        },
        {"kind": "stfmr", "seed": 3},
    )


def order(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts)


UP = np.linspace(1e9, 3e9, 21)


def test_frequency_sweeps_of_the_lab() -> None:
    data = grid("voltage", "field", "frequency")
    assert kind_of(data) == "spectrum"
    found = sweeps(data)
    assert len(found) == 6
    assert {sweep.swept for sweep in found} == {"frequency"}
    for number, sweep in enumerate(found):
        voltage, field = divmod(number, 3)
        assert sweep.x.tolist() == data["frequency"].values.tolist()
        assert sweep.conditions == {
            "field_out_of_plane": 0.0,
            "field_in_plane": HALL * (field - 1),
            "voltage": 0.2 * voltage - 0.1,
            "temperature": 300.0,
        }
        assert sweep.direction is None
        assert sweep.static_field == (0.0, HALL * (field - 1))
        assert (
            sweep.dataset["signal"].values.tolist()
            == data["signal"].values[voltage, field].tolist()
        )
        assert sweep.dataset.sizes == {"reading": 11}
        assert set(sweep.dataset.coords) == set(sweep.conditions)
        assert sweep.dataset["voltage"].attrs == {"units": "V"}
        assert sweep.dataset.attrs == data.attrs
        assert kind_of(sweep.dataset) == "spectrum"


def test_field_sweeps_of_the_lab() -> None:
    data = grid("voltage", "frequency", "field", swept="field")
    found = sweeps(data)
    assert len(found) == 8
    for number, sweep in enumerate(found):
        voltage, frequency = divmod(number, 4)
        assert sweep.swept == "field"
        assert sweep.x.tolist() == data["field_in_plane"].values.tolist()
        assert sweep.direction == (0.0, 1.0)
        assert sweep.static_field == (0.0, 0.0)
        assert sweep.conditions == {
            "frequency": data["frequency"].values[frequency],
            "field_out_of_plane": 0.0,
            "voltage": 0.2 * voltage - 0.1,
            "temperature": 300.0,
        }
        assert (
            sweep.dataset["signal"].values.tolist()
            == data["signal"].values[voltage, frequency].tolist()
        )


def test_a_voltage_may_change_fastest() -> None:
    found = sweeps(grid("field", "frequency", "voltage"))
    assert [
        (sweep.conditions["field_in_plane"], sweep.conditions["voltage"]) for sweep in found
    ] == [(field, voltage) for field in (-HALL, 0.0, HALL) for voltage in (-0.1, 0.1)]
    assert {sweep.x.size for sweep in found} == {11}


def test_the_fastest_quantity_is_swept() -> None:
    fields, frequencies = np.linspace(-HALL, HALL, 8), np.linspace(1e9, 3e9, 7)
    h, f = (part.ravel() for part in np.meshgrid(fields, frequencies, indexing="ij"))
    found = sweeps(long(field_in_plane=h, frequency=f))
    assert [sweep.conditions for sweep in found] == [{"field_in_plane": h} for h in fields]
    turned = sweeps(long(field_in_plane=h.reshape(8, 7).T, frequency=f.reshape(8, 7).T).copy())
    assert [sweep.conditions for sweep in turned] == [{"frequency": f} for f in frequencies]


@pytest.mark.parametrize("fine", [21, 2001])
def test_a_magnetometer_that_jitters_is_averaged(fine: int) -> None:
    generator = np.random.default_rng(1)
    frequency = np.tile(np.linspace(1e9, 3e9, fine), 3)
    field = np.repeat([-HALL, 0.0, 0.7 * HALL], fine)
    noise = 5e-4 * HALL * generator.standard_normal((2, field.size))
    data = long(
        field_in_plane=field + noise[0],
        field_out_of_plane=noise[1],
        frequency=frequency,
        voltage=0.1 + 1e-5 * generator.standard_normal(field.size),
        temperature=np.round(300 + 0.1 * generator.standard_normal(field.size), 1),
    )
    found = sweeps(data)
    assert [sweep.x.size for sweep in found] == [fine] * 3
    for sweep, nominal in zip(found, (-HALL, 0.0, 0.7 * HALL), strict=True):
        assert sweep.swept == "frequency"
        assert sweep.conditions["field_in_plane"] == close_to(nominal, abs=5e-4 * HALL)
        assert sweep.conditions["temperature"] == close_to(300, abs=0.1)
        assert sweep.conditions["voltage"] == close_to(0.1, abs=1e-5)
        assert sweep.dataset["field_in_plane"].shape == ()


@pytest.mark.parametrize("fine", [21, 2001])
def test_a_magnetometer_at_zero_field_jitters_too(fine: int) -> None:
    noise = 80 * np.random.default_rng(2).standard_normal(2 * fine)
    frequency = np.tile(np.linspace(1e9, 3e9, fine), 2)
    found = sweeps(long(field_in_plane=noise, frequency=frequency))
    assert [(sweep.swept, sweep.x.size) for sweep in found] == [("frequency", fine)] * 2
    assert abs(found[0].conditions["field_in_plane"]) < 100


@pytest.mark.parametrize("extent", [0.04, 2.0])
def test_a_field_that_goes_back_a_bit(extent: float) -> None:
    generator = np.random.default_rng(3)
    field = HALL * (1 + np.tile(np.linspace(-extent / 2, extent / 2, 300), 3))
    field += extent / 600 * HALL * generator.standard_normal(field.size)
    assert (np.diff(field) < 0).sum() > 20
    found = sweeps(long(field_in_plane=field, frequency=np.repeat([1e9, 1.5e9, 2e9], 300)))
    assert [sweep.conditions for sweep in found] == [{"frequency": f} for f in (1e9, 1.5e9, 2e9)]
    assert order(*(sweep.x for sweep in found)).tolist() == field.tolist()


@pytest.mark.parametrize(
    ("frequency", "sizes"),
    [
        (UP, [21]),
        (UP[::-1], [21]),
        (order(UP, UP, UP), [21, 21, 21]),
        (order(UP[::-1], UP[::-1]), [21, 21]),
        (order(UP, UP[::-1]), [21, 21]),
        (order(UP, UP[-2::-1]), [21, 20]),
        (order(UP, UP[[-1] * 4], UP[::-1]), [23, 23]),
        (order(UP[:5], UP[4::-1]), [5, 5]),
        # A sweep of a part after one of all.
        (order(UP, UP[5:10], UP[5:10]), [21, 5, 5]),
        # Taken in any order, but each once.
        (np.random.default_rng(4).permutation(UP), [21]),
    ],
)
def test_repeated_sweeps_are_one_spectrum_each(frequency: np.ndarray, sizes: list[int]) -> None:
    found = sweeps(long(field_in_plane=HALL, frequency=frequency))
    assert [sweep.x.size for sweep in found] == sizes
    assert order(*(sweep.x for sweep in found)).tolist() == frequency.tolist()
    signal = order(*(sweep.dataset["signal"].values for sweep in found))
    assert signal.tolist() == (1e-6 * np.arange(frequency.size)).tolist()


def test_a_bipolar_loop_is_three_ways() -> None:
    way = order(np.linspace(0, 1, 20), np.linspace(0.95, -1, 40), np.linspace(-0.95, 1, 40)) * HALL
    found = sweeps(long(field_out_of_plane=way, frequency=1e9))
    assert [sweep.x.size for sweep in found] == [20, 40, 40]


def test_repeats_of_a_condition_that_was_left_are_their_own() -> None:
    found = sweeps(long(field_in_plane=np.repeat([1e4, 2e4, 1e4], 21), frequency=np.tile(UP, 3)))
    assert [sweep.conditions["field_in_plane"] for sweep in found] == [1e4, 2e4, 1e4]


def test_labels_separate_sweeps() -> None:
    data = long(
        field_in_plane=HALL, frequency=np.repeat(UP, 2), device=np.array(["A", "B"] * UP.size)
    )
    found = sweeps(data)
    assert [sweep.dataset["device"].item() for sweep in found] == ["A", "B"]
    assert [sweep.x.tolist() for sweep in found] == [UP.tolist()] * 2


def test_a_measured_current_is_no_condition() -> None:
    current = 1e-5 * np.random.default_rng(5).uniform(0.5, 1, 42)
    data = long(
        field_in_plane=HALL,
        frequency=np.tile(UP, 2),
        voltage=[0.1] * 21 + [0.2] * 21,
        current=current,
    )
    found = sweeps(data)
    assert [sweep.conditions for sweep in found] == [
        {"field_in_plane": HALL, "voltage": voltage} for voltage in (0.1, 0.2)
    ]
    assert found[0].dataset["current"].values.tolist() == current[:21].tolist()


@pytest.mark.parametrize("angle", [3.0, 40.0, 90.0, 130.0, -20.0])
@pytest.mark.parametrize("start", [-1.0, 0.97])
def test_oblique_fields(angle: float, start: float) -> None:
    size = HALL * np.linspace(start, 1, 50)
    perpendicular, parallel = (size * function(np.radians(angle)) for function in (np.cos, np.sin))
    data = long(
        field_out_of_plane=np.tile(perpendicular, 2),
        field_in_plane=np.tile(parallel, 2),
        frequency=np.repeat([2e9, 3e9], 50),
    )
    found = sweeps(data)
    assert [sweep.conditions["frequency"] for sweep in found] == [2e9, 3e9]
    for sweep in found:
        unit = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        sign = np.sign(unit[np.abs(unit).argmax()])
        assert sweep.swept == "field"
        assert sweep.direction == close_to(sign * unit, abs=1e-9)
        assert sweep.x == close_to(sign * size)
        assert sweep.static_field == close_to((0, 0), abs=1e-6)


def test_a_field_that_stays_beside_the_swept_one() -> None:
    size = HALL * np.linspace(-1, 1, 50)
    fields = {
        "field_out_of_plane": np.tile(size, 2),
        "field_in_plane": np.repeat([0.0, 5 * HALL], 50),
    }
    found = sweeps(long(**fields, frequency=2e9))
    assert [sweep.static_field for sweep in found] == [(0.0, 0.0), (0.0, 5 * HALL)]
    assert [sweep.direction for sweep in found] == [(1.0, 0.0)] * 2
    oblique = {"field_out_of_plane": size + 7e3, "field_in_plane": size - 7e3}
    [sweep] = sweeps(long(**oblique, frequency=2e9))
    assert sweep.direction == close_to((np.sqrt(0.5), np.sqrt(0.5)))
    assert sweep.static_field == close_to((7e3, -7e3))
    for n, name in enumerate(("field_out_of_plane", "field_in_plane")):
        again = sweep.static_field[n] + sweep.x * sweep.direction[n]
        assert again == close_to(sweep.dataset[name].values)


def test_sweeps_go_back_in_time_where_the_instrument_did() -> None:
    data = grid("frequency", "field", swept="field").drop_vars("voltage")
    time = np.arange(48.0).reshape(4, 12)
    time[1::2] = time[1::2, ::-1]
    found = sweeps(data.assign_coords(time=(("frequency", "field"), time, {"units": "s"})))
    assert all((np.diff(sweep.dataset["time"]) > 0).all() for sweep in found)
    assert [bool(np.diff(sweep.x)[0] > 0) for sweep in found] == [True, False, True, False]


@pytest.mark.parametrize(
    ("columns", "parts"),
    [
        (
            {"field_in_plane": HALL, "frequency": UP[:4]},
            ["the sweep from reading 1 on has 4 readings", "5 or more under the same conditions"],
        ),
        (
            {"field_in_plane": np.repeat([1e4, 2e4, 3e4], 3), "frequency": np.tile(UP[:3], 3)},
            ["the sweep from reading 1 on has 3 readings", "5 or more at the same field"],
        ),
        (
            {
                "field_in_plane": HALL * np.append(np.linspace(-1, 1, 21), [0.0, 0.5]),
                "frequency": [1e9] * 21 + [2e9] * 2,
            },
            ["the sweep from reading 22 on has 2 readings", "5 or more at the same frequency"],
        ),
        (
            {"field_in_plane": HALL * np.linspace(1, 3, 21), "frequency": UP},
            ["neither frequency nor field changes while the other stays within 1 %"],
        ),
        (
            {"field_in_plane": HALL, "frequency": np.full(9, 1e9)},
            ["neither frequency nor field changes", "in 9 readings from reading 1 on"],
        ),
        (
            {
                "field_in_plane": HALL * np.sin(np.linspace(0, 1.5, 30)),
                "field_out_of_plane": HALL * np.cos(np.linspace(0, 1.5, 30)),
                "frequency": 1e9,
            },
            ["in the sweep from reading 1 on the field turns", "a straight line"],
        ),
        (
            {
                "field_in_plane": HALL * np.append(np.ones(42), np.linspace(1, 1.03, 21)),
                "frequency": np.tile(UP, 3),
            },
            ["in the sweep from reading 43 on field_in_plane changes by 2.9 %", "within 1 %"],
        ),
    ],
)
def test_impossible_spectra_are_refused(
    refusal, columns: dict[str, object], parts: list[str]
) -> None:
    message = refusal(sweeps, long(**columns))
    assert message.startswith("the data set: ")
    for part in parts:
        assert part in message


def test_missing_columns_are_named(refusal, put) -> None:
    data = load(put("data.csv", "f [GHz],H [Oe],note\n1,2,3\n"))
    assert "data.csv has no signal, channel_x or channel_y, only" in refusal(sweeps, data)
    data = load(put("data.csv", "f [GHz],signal [uV]\n1,2\n"))
    message = refusal(sweeps, data)
    assert "data.csv has no field_out_of_plane or field_in_plane, only" in message
    assert "--column field_in_plane=HEADER" in message
    data = load(put("data.csv", "H [Oe],signal [uV]\n1,2\n"))
    assert "data.csv has no frequency" in refusal(sweeps, data)


@pytest.mark.parametrize(
    ("header", "stated"),
    [
        *(("Field(G)", False), ("H [Oe]", False), ("B (mT)", False), ("µ0H (mT)", False)),
        *(
            ("Magnetic field [T]", False),
            ("field/Oe", False),
            ("H_par (Oe)", True),
            ("Hz [Oe]", True),
        ),
        *(("field_in_plane [Oe]", True), ("In-plane field (G)", True), ("H_perp/Oe", True)),
    ],
)
def test_headers_that_state_the_direction_of_the_field(put, header: str, stated: bool) -> None:
    path = put("data.csv", f"{header},f [GHz],signal\n" + "".join(f"7,{f},0\n" for f in range(9)))
    data = load(path)
    assert field_direction_stated(data) is stated
    assert field_direction_stated(load(path, {"field_in_plane": header}))
    # Parts of a data set, and copies of it in tables, know it too.
    assert field_direction_stated(sweeps(data)[0].dataset) is stated
    assert field_direction_stated(groups(data)[0][1]) is stated
    assert field_direction_stated(load(save(data, path.parent / "copy.csv"))) is stated
    assert field_direction_stated(load(save(data, path.parent / "copy.xlsx"))) is stated
    np.testing.assert_allclose(table(load(path.parent / "copy.csv")), table(data), rtol=1e-15)


def test_data_sets_without_headers_state_the_direction_of_their_field() -> None:
    assert field_direction_stated(grid("voltage", "field", "frequency"))
    assert field_direction_stated(long(frequency=UP))


def test_one_field_of_two_without_direction(put) -> None:
    data = load(put("data.csv", "H (Oe),H_par (Oe),f,signal\n1,2,3,4\n"))
    assert not field_direction_stated(data)


@pytest.mark.parametrize("suffix", ["csv", "xlsx", pytest.param("nc", marks=needs_h5py)])
@pytest.mark.parametrize("swept", ["frequency", "field"])
def test_spectra_come_back(tmp_path: Path, suffix: str, swept: str) -> None:
    dims = ("field", "frequency") if swept == "frequency" else ("frequency", "field")
    data = grid("voltage", *dims, swept=swept)
    data["signal_error"] = xr.full_like(data["signal"], 3e-7)
    path = save(data, tmp_path / f"data.{suffix}")
    if suffix == "csv":
        assert "signal [uV],signal_error [uV]" in path.read_text()
    again = load(path)
    assert kind_of(again) == "spectrum"
    assert again.attrs == data.attrs
    for sweep, other in zip(sweeps(data), sweeps(again), strict=True):
        assert other.swept == sweep.swept == swept
        assert other.conditions == close_to(sweep.conditions)
        assert other.direction == sweep.direction
        assert other.x == close_to(sweep.x, rel=1e-14)
        for name in ("signal", "signal_error"):
            assert other.dataset[name].values == close_to(
                sweep.dataset[name].values, rel=1e-14, abs=0
            )


@pytest.mark.skipif(
    SHARED is None or not (Path(SHARED) / MEASURED).is_dir(),
    reason=f"needs {MEASURED} in the folder of the environment variable SMTJ_DATA_DIR",
)
def test_the_measured_resonances_of_yig() -> None:
    assert SHARED is not None
    files = sorted((Path(SHARED) / MEASURED).iterdir())
    frequencies = set()
    for file in files:
        plain, mapped = load(file), load(file, {"field_in_plane": "Field(G)"})
        assert plain.attrs["assumed_units"] == ["channel_x", "channel_y"]
        assert plain.attrs["ignored_columns"] == ["Power(mV)"]
        assert kind_of(plain) == kind_of(mapped) == "spectrum"
        assert not field_direction_stated(plain)
        assert field_direction_stated(mapped)
        [sweep], [along] = sweeps(plain), sweeps(mapped)
        assert sweep.swept == along.swept == "field"
        assert sweep.direction == (1.0, 0.0)
        assert along.direction == (0.0, 1.0)
        assert along.x.tolist() == mapped["field_in_plane"].values.tolist()
        assert 3700 * OERSTED < along.x.min() < along.x.max() < 5400 * OERSTED
        frequencies.add(along.conditions["frequency"])
    assert frequencies == {n * 5e8 for n in range(26, 35)}
    # All of them one after the other are as many sweeps.
    every = xr.concat([load(file) for file in files], "reading", combine_attrs="drop")
    found = sweeps(every)
    assert [sweep.x.size for sweep in found] == [load(file).sizes["reading"] for file in files]
    assert all(first.conditions != then.conditions for first, then in pairwise(found))
