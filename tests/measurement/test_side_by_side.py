"""Columns that repeat a quantity, and matrices of readings."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from closeness import close_to
from smtj.analysis.formatting import file_remarks
from smtj.measurement import describe, kind_of, load, load_tables, unique_fields
from smtj.units import Oe

FIELD = np.arange(-20, 21, 10)


def text(head: str, *columns) -> str:
    rows = zip(*columns, strict=True)
    return "\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n"


def test_both_directions_side_by_side_are_a_loop(put) -> None:
    up, down = np.where(FIELD > 10, 1100, 1000), np.where(FIELD > -20, 1100, 1000)
    (dataset,) = load_tables(put("l.csv", text("H (Oe),R_up (ohm),R_down (ohm)", FIELD, up, down)))
    assert kind_of(dataset) == "loop"
    field = dataset["field_out_of_plane"].values
    assert field == close_to(np.concatenate([FIELD, FIELD[::-1]]) * Oe)
    assert dataset["resistance"].values == close_to(np.concatenate([up, down[::-1]]))


@pytest.mark.parametrize("ends", [("_up", "_down"), ("1", "2")])
def test_each_direction_may_have_a_field_of_its_own(put, ends) -> None:
    up, down = np.where(FIELD > 10, 1100, 1000), np.where(FIELD > -20, 1100, 1000)
    head = ",".join(f"H{end} (Oe),R{end} (kohm)" for end in ends)
    columns = (FIELD, up / 1e3, FIELD[::-1], down[::-1] / 1e3)
    (dataset,) = load_tables(put("l.csv", text(head, *columns)))
    field = dataset["field_out_of_plane"].values
    assert field == close_to(np.concatenate([FIELD, FIELD[::-1]]) * Oe)
    assert dataset["resistance"].values == close_to(np.concatenate([up, down[::-1]]))
    assert kind_of(dataset) == "loop"


def test_few_repeats_side_by_side_are_sweeps(put) -> None:
    path = put("l.csv", text("H (Oe),R_1 (kohm),R_2 (kohm)", FIELD, FIELD + 1000, FIELD + 1001))
    (dataset,) = load_tables(path)
    assert kind_of(dataset) == "loop"
    assert dataset["field_out_of_plane"].values == close_to(np.tile(FIELD, 2) * Oe)
    assert dataset["resistance"].values[5] == close_to(1e3 * (1001 - 20))


def test_columns_of_several_devices_are_not_joined(put, refusal) -> None:
    path = put("l.csv", text("H (Oe),R1 (ohm),R2 (ohm)", FIELD, FIELD + 1000, FIELD + 2000))
    (dataset,) = load_tables(path)
    assert '"R1 (ohm)" and "R2 (ohm)" are not understood' in refusal(kind_of, dataset)


def test_probabilities_that_add_up_to_one_are_of_both_states(put) -> None:
    p = np.array([0.1, 0.2, 0.5, 0.8, 0.9])
    (dataset,) = load_tables(put("p.csv", text("H (Oe),P_up,P_down", FIELD, p, np.round(1 - p, 2))))
    assert dataset["probability"].values == close_to(p)
    assert "branch" not in dataset.variables


def test_many_repeats_side_by_side_are_readings_of_each_field(put) -> None:
    head = "H (Oe)," + ",".join(f"read {n}" for n in range(12))
    path = put("s.csv", text(head, FIELD, *([1000 + n] * 5 for n in range(12))))
    (dataset,) = load_tables(path)
    assert kind_of(dataset) == "scan"
    assert dataset["field_out_of_plane"].values[:13] / Oe == close_to([-20] * 12 + [-10])
    assert describe(path).kind == "traces under several conditions"


def test_two_devices_beside_times_are_not_mixed(put, refusal) -> None:
    path = put("d.csv", text("time (s),R1 (ohm),R2 (ohm)", range(5), range(5), range(5)))
    assert "may each be the resistance" in refusal(load_tables, path)


def test_p_per_voltage_is_one_table(put) -> None:
    columns = [np.round(np.linspace(low, 0.9, 5), 2) for low in (0.1, 0.2, 0.3)]
    path = put("p.csv", text("H (Oe),P(-0.1 V),P(0 V),P(0.1 V)", FIELD, *columns))
    (dataset,) = load_tables(path)
    assert kind_of(dataset) == "probability"
    assert dataset["voltage"].values == close_to(np.repeat([-0.1, 0, 0.1], 5))
    assert dataset["probability"].values == close_to(np.concatenate(columns))


@pytest.mark.parametrize("transposed", [False, True])
def test_a_matrix_of_readings(tmp_path: Path, transposed: bool) -> None:
    matrix = np.arange(15.0).reshape(3, 5)
    arrays = {"field_Oe": np.array([-10.0, 0, 10]), "time": np.arange(5.0)}
    np.savez(tmp_path / "m.npz", R=matrix.T if transposed else matrix, **arrays)
    dataset = load(tmp_path / "m.npz")
    assert dataset["field_out_of_plane"].values / Oe == close_to(np.repeat([-10, 0, 10], 5))
    assert dataset["time"].values == close_to(np.tile(np.arange(5.0), 3))
    assert dataset["resistance"].values == close_to(np.arange(15.0))


def test_an_attribute_of_a_dataset_states_its_sampling(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file["voltage"] = np.arange(20.0)
        file["voltage"].attrs["dt"] = 1e-4
    assert load(tmp_path / "r.h5")["time"].values[1] == close_to(1e-4)


@pytest.mark.parametrize("unit", ["temperature_unit", "Temperature_Units"])
def test_attributes_above_a_table_may_have_units_of_their_own(tmp_path: Path, unit: str) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file.attrs.update({"temperature": 77.0, unit: "K", "bias": 20, "bias_unit": "mV"})
        file.attrs.update({"user": "ab", "gain": 3})
        file["run/R"], file["run/t"] = np.arange(20.0) + 1, np.arange(20.0)
        file["run"].attrs["temperature"] = "300 K"
    dataset = load(tmp_path / "r.h5")
    # What stands nearer counts.
    assert (float(dataset["temperature"]), float(dataset["voltage"])) == close_to((300, 0.02))
    with h5py.File(tmp_path / "r.h5", "a") as file:
        del file["run"].attrs["temperature"]
    assert float(load(tmp_path / "r.h5")["temperature"]) == 77
    said = 'attributes that are not understood: "gain = 3" and "user = ab"'
    assert said in describe(tmp_path / "r.h5").remarks
    assert said in file_remarks([load(tmp_path / "r.h5")])


@pytest.mark.parametrize("name", ["r.mat", "r.csv"])
def test_conditions_without_a_unit_are_taken_in_si_where_they_are_plain(
    put, tmp_path, name
) -> None:
    stated = {"Ibias": 1e-5, "Vb": 0.02, "T stage": 300, "H": -20.0, "f": 12}
    if name == "r.csv":
        lines = [f"# {key} = {value}" for key, value in stated.items()]
        put(name, "\n".join([*lines, "t (s),R (ohm)", "0,1", "1,2", "2,3"]))
    else:
        stated["T_stage"] = stated.pop("T stage")
        savemat(tmp_path / name, {**stated, "t": np.arange(3.0), "R": np.arange(3.0) + 1})
    dataset = load(tmp_path / name)
    known = [float(dataset[one]) for one in ("current", "voltage", "temperature")]
    assert known == close_to([1e-5, 0.02, 300])
    said = " ".join(describe(tmp_path / name).remarks)
    assert '"Ibias" has no unit, so it is taken in A' in said
    assert '"H = -20.0" has no unit and is not used: state it by field_out_of_plane=' in said
    assert '"f = 12" has no unit and is not used: state it by frequency=' in said


def test_sweeps_that_are_repeated_often_stay_a_loop(put) -> None:
    field = np.tile(np.concatenate([FIELD, FIELD[::-1]]), 12)
    path = put("l.csv", text("H (Oe),R (ohm)", field, np.where(field > 0, 1100, 1000)))
    assert kind_of(load(path)) == "loop"


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("H,R (ohm)", '--column "field=H [Oe]"'),
        ("H_perp,R (ohm)", '--column "field_out_of_plane=H_perp [Oe]"'),
        ("V,P", '200 V would destroy a junction: state the unit by columns= (--column "voltage=V'),
        ("I,P", "200 A would destroy a junction"),
    ],
)
def test_units_that_nothing_states_are_asked_for(put, refusal, head: str, says: str) -> None:
    path = put("n.csv", text(head, [-200, -100, 0, 100, 200], [0.1, 0.2, 0.3, 0.4, 0.5]))
    assert says in refusal(load, path)


def test_sweeps_with_fields_of_their_own_side_by_side(put_rows) -> None:
    rows = [["up", None, None, "down"], ["H (Oe)", "R (ohm)", None, "H (Oe)", "R (ohm)"]]
    rows += [[h, 1000 + (h > 0), None, -h, 1000 + (h < 20)] for h in FIELD.tolist()]
    (dataset,) = load_tables(put_rows(rows))
    assert kind_of(dataset) == "loop"
    field = dataset["field_out_of_plane"].values / Oe
    assert field == close_to(np.concatenate([FIELD, FIELD[::-1]]))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("J (MA/cm^2),P\n1,0.1\n2,0.5\n3,0.9\n", 'not even "J (MA/cm^2)", which is not understood'),
        ("Coil (A),R (ohm)\n" + "1,1\n2,2\n" * 9, 'or if "Coil (A)" was varied, name it by'),
    ],
)
def test_a_drive_that_is_not_understood_is_named(put, refusal, content: str, says: str) -> None:
    dataset = load(put("x.csv", content))
    check = unique_fields if "probability" in dataset else kind_of
    assert says in refusal(check, dataset)
