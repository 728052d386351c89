"""What a data set is, and which of its readings belong together."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import smtj
from closeness import close_to
from smtj.measurement import QUANTITIES, groups, kind_of, load, measured_bias, table


def long(**columns: object) -> xr.Dataset:
    """A measured file with these columns."""
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    size = max(values.size for values in arrays.values())
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


def fields(*readings: int) -> np.ndarray:
    """So many readings at each field."""
    return np.repeat(100.0 * np.arange(len(readings)), readings)


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"field_out_of_plane": [1.0, 2.0], "probability": [0.1, 0.9]}, "probability"),
        ({"voltage": [1.0, 2.0], "high": [1.0, 9.0], "reads": 10.0}, "probability"),
        ({"time": np.arange(9.0), "resistance": 1.0}, "trace"),
        (
            {"time": np.arange(9.0), "resistance": 1.0, "voltage": 0.1, "temperature": 300.0},
            "trace",
        ),
        # Under a constant current, the voltage follows the resistance.
        (
            {"time": np.arange(2.0), "resistance": [1.0, 2], "voltage": [1.0, 2], "current": 1},
            "trace",
        ),
        (
            {"time": np.arange(2.0), "resistance": [1.0, 2], "current": [2.0, 1], "voltage": 2},
            "trace",
        ),
        ({"field_out_of_plane": fields(10, 10), "resistance": 1.0}, "scan"),
        ({"field_in_plane": fields(3, 10, 50), "resistance": 1.0, "time": 0.0}, "scan"),
        ({"voltage": fields(10, 10), "resistance": 1.0}, "scan"),
        ({"temperature": fields(10, 10), "resistance": 1.0}, "scan"),
        ({"field_out_of_plane": fields(9, 9, 50), "resistance": 1.0}, "loop"),
        ({"field_in_plane": [0.0, 1, 2, 1, 0], "resistance": 1.0, "time": np.arange(5)}, "loop"),
        ({"field_in_plane": fields(5, 5), "voltage": fields(2, 6, 2), "resistance": 1.0}, "loop"),
        # A field that differs by rounding alone is one field.
        ({"time": [0.0, 1], "field_in_plane": [0.3, 0.1 + 0.2], "resistance": 1.0}, "trace"),
    ],
)
def test_kinds(columns: dict[str, object], kind: str) -> None:
    dataset = long(**columns)
    assert kind_of(dataset) == kind
    # What a data set says of itself counts for nothing.
    assert kind_of(dataset.assign_attrs(kind="probability_scan")) == kind


RESONANCE = {"frequency": np.linspace(1e9, 3e9, 9), "field_in_plane": 1e4}


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({**RESONANCE, "signal": 1.0}, "spectrum"),
        ({**RESONANCE, "channel_x": 1.0}, "spectrum"),
        ({**RESONANCE, "channel_y": 1.0, "voltage": 0.1, "time": np.arange(9.0)}, "spectrum"),
        ({"frequency": 1e9, "field_out_of_plane": fields(1, 1, 1), "signal": 1.0}, "spectrum"),
        # Resistances beside it do not matter where the frequency changes,
        ({**RESONANCE, "signal": 1.0, "resistance": 1.0}, "spectrum"),
        # and are what it is about at that of a lock-in amplifier.
        (
            {"field_in_plane": fields(5, 5), "frequency": 137.0, "channel_x": 1.0, "resistance": 1},
            "loop",
        ),
        (
            {
                "time": np.arange(9.0),
                **{"field_in_plane": 1.0, "frequency": [137.0, 137.1], "signal": 1.0},
                "resistance": 1.0,
            },
            "trace",
        ),
        ({**RESONANCE, "signal": 1.0, "probability": 0.5}, "probability"),
        ({"time": np.arange(9.0), "resistance": 1.0, "signal": 1.0}, "trace"),
    ],
)
def test_spectra_are_recognised(columns: dict[str, object], kind: str) -> None:
    assert kind_of(long(**columns)) == kind


def test_spectra_with_voltage_and_current_have_no_resistance(put) -> None:
    rows = "H [Oe],f [GHz],V [mV],I [uA],Vmix [uV]\n1,0,10,0,3\n1,1,10,0,3\n"
    dataset = load(put("data.csv", rows))
    assert kind_of(dataset) == "spectrum"
    assert "resistance" not in dataset


@pytest.mark.parametrize("quantity", ["V [uV]", "I [uA]"])
def test_a_voltage_or_a_current_that_answers_a_field_is_a_loop(put, quantity) -> None:
    rows = [f"{field},{1 + (field > 3)}.{field}" for field in range(8)]
    assert kind_of(load(put("a.csv", "\n".join([f"H_perp [Oe],{quantity}", *rows])))) == "loop"


def test_a_voltage_beside_a_field_and_a_microwave_is_the_rectified_one(put) -> None:
    rows = [f"{f},{field},0.{field}{f}" for f in (6, 7) for field in range(8)]
    found = load(put("a.csv", "\n".join(["f [GHz],H [Oe],V [uV]", *rows])))
    assert kind_of(found) == "spectrum"
    assert float(found.signal.max()) == close_to(0.77e-6)
    # A lock-in amplifier's frequency is no microwave, and a voltage that is set no answer.
    assert "signal" not in load(put("a.csv", "\n".join(["f [Hz],H [Oe],V [uV]", *rows])))
    held = [f"{f},{field},0.5" for f in (6, 7) for field in range(8)]
    assert "signal" not in load(put("a.csv", "\n".join(["f [GHz],H [Oe],V [mV]", *held])))


def test_kinds_of_virtual_measurements(scan: xr.Dataset, sweep: xr.Dataset) -> None:
    assert kind_of(scan) == "scan"
    assert kind_of(scan.isel(sample=slice(9))) == "loop"
    assert kind_of(scan.isel(field=1)) == "trace"
    assert kind_of(sweep) == "loop"
    assert kind_of(sweep.isel(field=[2])) == "trace"


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"time": [0.0, 1.0], "voltage": 1.0}, "time and voltage (without resistance)"),
        ({"resistance": [1.0, 2.0]}, "resistance (readings: 2, conditions: 1)"),
        (
            {"time": [0.0, 1, 2], "temperature": [1.0, 2, 3], "resistance": 1.0},
            "time, temperature and resistance (readings: 3, conditions: 3)",
        ),
        (
            {"frequency": [1.0], "signal": [1.0]},
            "frequency and signal (without resistance)",
        ),
        (
            {"frequency": [1.0], "field_in_plane": [1.0], "signal_error": [1.0]},
            "field_in_plane, frequency and signal_error (without resistance)",
        ),
    ],
)
def test_other_data_sets_are_not_measurements(
    refusal, columns: dict[str, object], found: str
) -> None:
    message = refusal(kind_of, long(**columns))
    assert f"the data set cannot be fitted, it has {found}: " in message
    for kind in ("a trace", "a scan", "a loop", "a probability curve", "a spectrum"):
        assert kind in message


def test_groups_of_a_scan(scan: xr.Dataset) -> None:
    found = groups(scan)
    assert [conditions["field_out_of_plane"] for conditions, _ in found] == [-8e3, -500.0, 7e3]
    for number, (conditions, readings) in enumerate(found):
        assert conditions == {
            "field_out_of_plane": scan["field_out_of_plane"].values[number],
            "field_in_plane": 100.0,
            "voltage": 1e-3,
            "temperature": 300.0,
        }
        assert set(map(type, conditions.values())) == {float}
        assert readings.sizes == {"reading": 12}
        assert set(readings.data_vars) == {"time", "resistance"}
        assert readings["time"].values.tolist() == scan["time"].values[number].tolist()
        assert readings["resistance"].attrs == {"units": "ohm"}
        assert readings["voltage"].attrs == {"units": "V"}
        assert readings.attrs == scan.attrs
        assert kind_of(readings) == "trace"


def test_groups_come_as_they_are_met_and_keep_the_order_of_readings() -> None:
    path = [3.0, 3.0, -1.0, 0.0, -1.0, 3.0]
    dataset = long(field_out_of_plane=path, resistance=np.arange(6.0))
    found = [(c["field_out_of_plane"], r["resistance"].values.tolist()) for c, r in groups(dataset)]
    assert found == [(3.0, [0, 1, 5]), (-1.0, [2, 4]), (0.0, [3])]


def test_groups_are_those_of_pandas() -> None:
    generator = np.random.default_rng(3)
    dataset = long(
        field_out_of_plane=generator.integers(-3, 3, 500) * 79.577,
        voltage=generator.integers(0, 3, 500) * 0.1,
        temperature=generator.integers(0, 2, 500) + 300.0,
        device=generator.choice(["A", "B"], 500),
        resistance=generator.random(500),
    )
    keys = ["field_out_of_plane", "voltage", "temperature", "device"]
    expected = table(dataset).groupby(keys, sort=False)["resistance"]
    found = groups(dataset)
    assert len(found) == expected.ngroups
    for (key, resistance), (conditions, readings) in zip(expected, found, strict=True):
        assert key == (*(conditions[name] for name in keys[:3]), readings["device"].item())
        assert resistance.tolist() == readings["resistance"].values.tolist()


def test_a_measured_voltage_is_no_condition() -> None:
    dataset = long(time=[0.0, 1, 2], resistance=[1.0, 2, 1], voltage=[1.0, 2, 1], current=1.0)
    [(conditions, readings)] = groups(dataset)
    assert conditions == {"current": 1.0}
    assert readings["voltage"].values.tolist() == [1, 2, 1]


def test_a_bias_that_is_read_back_may_scatter() -> None:
    rng = np.random.default_rng(0)
    scatter = 1e-4 * rng.standard_normal(60)
    resistance = 1000.0 + 100 * (np.arange(60) % 2) + rng.standard_normal(60)
    current = np.repeat([1e-5, 2e-5, 4e-5], 20) * (1 + scatter)
    dataset = long(
        time=np.arange(60.0), resistance=resistance, voltage=resistance * current, current=current
    )
    assert measured_bias(dataset) == "voltage"
    found = groups(dataset)
    assert [readings.sizes["reading"] for _, readings in found] == [20, 20, 20]
    for conditions, held in zip((c for c, _ in found), (1e-5, 2e-5, 4e-5), strict=True):
        assert conditions == {"current": close_to(held, rel=1e-4)}
    assert kind_of(dataset) == "scan"
    assert kind_of(dataset.isel(reading=slice(20))) == "trace"


def test_a_bias_that_fills_a_range_is_not_one_setting() -> None:
    voltage = np.linspace(0.1, 0.2, 300)
    dataset = long(resistance=np.ones(300), voltage=voltage, current=np.full(300, 1e-4))
    assert measured_bias(dataset) == "voltage"
    dataset = long(resistance=np.ones(300), voltage=voltage, current=voltage[::-1] / 1e3)
    assert measured_bias(dataset) is None
    assert len(groups(dataset)) == 300


def test_without_conditions_there_is_one_group() -> None:
    [(conditions, readings)] = groups(long(time=[0.0, 1, 2], resistance=[1.0, 2, 1]))
    assert conditions == {}
    assert readings["time"].values.tolist() == [0, 1, 2]


def test_groups_of_a_sweep(sweep: xr.Dataset) -> None:
    found = groups(sweep)
    assert [conditions["field_in_plane"] for conditions, _ in found] == [0, 1, 2, 3, 4]
    assert found[0][1]["time"].values.tolist() == [1, 10]


def test_a_file_of_two_devices_is_two_traces(put) -> None:
    rows = "".join(f"{t},{1000 + t},{device}\n" for device in "AB" for t in range(10))
    dataset = load(put("data.csv", "t [s],R [ohm],device\n" + rows))
    assert kind_of(dataset) == "scan"
    assert [part["device"].item() for _, part in groups(dataset)] == ["A", "B"]


def test_import_is_light() -> None:
    code = (
        "import sys, smtj.measurement; smtj.measurement.parse_columns(['time=t']); "
        "heavy = {'pandas', 'xarray', 'scipy', 'pint', 'openpyxl', 'h5netcdf', 'torch'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def four_point(current_noise, follows, seed=0, size=3000):
    """Voltage and current of a device of 500 and 700 kohm at 50 nA, both read back with noise."""
    rng = np.random.default_rng(seed)
    ohm = np.where(np.cumsum(rng.random(size) < 0.04) % 2, 7e5, 5e5)
    current = 50e-9 * (1 + current_noise * rng.standard_normal(size))
    voltage = ohm * (current if follows else 50e-9) + 5e-4 * rng.standard_normal(size)
    frame = {"t (s)": 0.01 * np.arange(size), "V (V)": voltage, "I (A)": current}
    return pd.DataFrame(frame), ohm


@pytest.mark.parametrize("follows", [True, False])
@pytest.mark.parametrize("noise", [1e-4, 1e-3, 5e-3, 0.03])
def test_a_held_current_is_one_value_however_it_scatters(noise, follows):
    data = smtj.load(four_point(noise, follows)[0])
    assert kind_of(data) == "trace"
    ((conditions, _),) = groups(data)
    assert conditions == {"current": close_to(50e-9, rel=3e-3)}


@pytest.mark.parametrize("follows", [True, False])
def test_noise_of_the_current_does_not_lift_the_resistance(follows):
    frame, ohm = zip(*(four_point(0.05, follows, seed) for seed in range(40)), strict=True)
    low = [
        float(smtj.load(one).resistance.values[true == 5e5].mean())
        for one, true in zip(frame, ohm, strict=True)
    ]
    # The mean of 1/I lies above 1 over the mean by the noise squared, 0.25 % or 1250 ohm.
    assert abs(np.mean(low) - 5e5) < 4 * np.std(low) / np.sqrt(len(low))
    assert np.std(low) / np.sqrt(len(low)) < 200


def test_currents_that_scatter_about_several_values_are_so_many():
    rng = np.random.default_rng(1)
    rows = [
        four_point(0, False, seed)[0].assign(**{"I (A)": at * (1 + 1e-3 * rng.normal(size=3000))})
        for seed, at in enumerate((30e-9, 50e-9, 70e-9))
    ]
    found = groups(smtj.load(pd.concat(rows).assign(**{"t (s)": np.arange(9000.0)})))
    assert [round(1e9 * conditions["current"]) for conditions, _ in found] == [30, 50, 70]


@pytest.mark.parametrize("decimals", [1, 3])
@pytest.mark.parametrize("fields", [(-14,), (0,), (-34, -24, -14, -4, 6)])
def test_fields_and_temperatures_that_are_read_back_are_those_that_were_set(fields, decimals):
    rng = np.random.default_rng(2)
    rows = [
        four_point(0, False, seed, 1500)[0].assign(**{
            "H (Oe)": (at + 0.05 * rng.standard_normal(1500)).round(decimals),
            "T (K)": (300 + 0.02 * rng.standard_normal(1500)).round(decimals),
        })
        for seed, at in enumerate(fields)
    ]  # fmt: skip
    frame = pd.concat(rows).assign(**{"t (s)": np.arange(1500.0 * len(fields))})
    dataset = smtj.load(frame)
    assert kind_of(dataset) == ("trace" if len(fields) == 1 else "scan")
    found = [conditions for conditions, _ in groups(dataset)]
    oersted = [one["field_out_of_plane"] / 79.57747 for one in found]
    assert oersted == close_to(fields, abs=0.06)
    assert [one["temperature"] for one in found] == close_to([300.0] * len(fields), abs=0.01)


def test_a_current_that_is_swept_is_not_one_value():
    current = np.linspace(49e-9, 51e-9, 300)
    frame = pd.DataFrame({"V (V)": 6e5 * current, "I (A)": current})
    assert kind_of(smtj.load(frame)) == "bias_loop"
