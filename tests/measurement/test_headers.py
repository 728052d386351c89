"""Which header means which quantity, and in which unit."""

import math
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
import xarray as xr

from closeness import close_to
from smtj.measurement import LABELS, QUANTITIES, load, parse_columns, save
from smtj.measurement.format.header import recognised
from smtj.measurement.format.schema import has_no_direction, name_of
from smtj.units import convert, parse_quantity

OERSTED = 1000 / (4 * 3.141592653589793)
MU_0 = 1.25663706127e-6


def test_every_unit_is_one_and_is_shown_in_one_that_measures_the_same() -> None:
    for name, quantity in QUANTITIES.items():
        assert quantity.name == name
        assert convert(1.0, quantity.unit, quantity.display_unit) > 0
        assert parse_quantity(f"1 {quantity.unit}", quantity.unit) == 1.0
    assert QUANTITIES["field_in_plane"].display_unit == "Oe"
    assert QUANTITIES["voltage"].display_unit == "mV"
    assert QUANTITIES["current"].display_unit == "uA"
    assert QUANTITIES["frequency"].display_unit == "GHz"
    for name in ("signal", "signal_error", "channel_x", "channel_y"):
        assert QUANTITIES[name].display_unit == "uV"


def test_no_header_means_two_things() -> None:
    every = [*QUANTITIES.values(), *LABELS.values()]
    aliases = [(known.name, alias) for known in every for alias in (known.name, *known.aliases)]
    assert [pair for pair in aliases if name_of(pair[1]) != pair[0]] == []
    assert max(Counter(aliases).values()) == 1


@pytest.mark.parametrize(
    ("name", "headers"),
    {
        "time": "t; Time; time_stamp; elapsed time",
        "resistance": "R; r; res; Resistance; R_MTJ",
        "current": "I; Current; bias current",
        "voltage": "V; v; bias; Bias-Voltage",
        "field_out_of_plane": "H_perp; Hz; H⊥; H_⟂; field; Field (perp); H; B; B_z; µ0H; μ₀H_⊥",
        "field_in_plane": "H_par; H∥; H_||; H_‖; Hx; μ0H_x; field_in_plane; In-plane field",
        "temperature": "T; Temp; temp.; TEMPERATURE",
        "probability": "P; p; p_high; P_sw; prob; Probabilité AP; probabilite de AP",
        "reads": "n; N; n_reps; counts; reads",
        "high": "n_high; high",
        "frequency": "f; freq",
        "signal": "signal; Signal; rectified voltage; V mix; Vmix; V_mix; Vdc; V_dc; "
        "mixing voltage; lock in; Lock-in; amplitude; absorption; dP/dH; dI/dB; V_rect; FMR signal",
        "signal_error": "signal_error; signal err; Signal uncertainty; V_mix err",
        "channel_x": "channel_x; X; X1; x channel; Xchannel; lock-in X; Channel X; in-phase",
        "channel_y": "channel_y; Y; Y1; y channel; Ychannel; lock-in Y; Channel Y; quadrature",
        "device": "device_id; Device",
        "direction": "direction",
        "branch": "Branch",
    }.items(),
)
def test_usual_headers(name: str, headers: str) -> None:
    assert {header: name_of(header) for header in headers.split("; ")} == dict.fromkeys(
        headers.split("; "), name
    )


@pytest.mark.parametrize("header", ["t_p", "", "sample", "x", "||", "Ω", "V_gate", "i", "h", "b"])
def test_headers_that_mean_nothing(header: str) -> None:
    assert name_of(header) is None


@pytest.mark.parametrize(
    ("header", "cell", "name", "value"),
    [
        ("t [ms]", "1", "time", 1e-3),
        ("time/min", "2", "time", 120.0),
        ("R(kΩ)", "1.2", "resistance", 1200.0),
        ("R [k\N{OHM SIGN}]", "1.2", "resistance", 1200.0),
        ("V / mV", "820", "voltage", 0.82),
        ("I [µA]", "10", "current", 1e-5),
        ("I [uA]", "10", "current", 1e-5),
        ("H [Oe]", "100", "field_out_of_plane", 100 * OERSTED),
        ("H_x [kA/m]", "2", "field_in_plane", 2000.0),
        ("H/kA/m", "2", "field_out_of_plane", 2000.0),
        ("B [mT]", "1", "field_out_of_plane", 1e-3 / MU_0),
        ("B (G)", "1", "field_out_of_plane", 1e-4 / MU_0),
        ("H_par [T]", "1", "field_in_plane", 1 / MU_0),
        ("P [%]", "4", "probability", 0.04),
        ("P [1]", "0.04", "probability", 0.04),
        ("n (#)", "50", "reads", 50.0),
        ("f [GHz]", "1.5", "frequency", 1.5e9),
        ("Freq(GHz)", "0", "frequency", 0.0),
        ("Vmix [µV]", "-2", "signal", -2e-6),
        ("dP/dH [uV]", "2", "signal", 2e-6),
        ("X (V)", "3", "channel_x", 3.0),
        ("Y/mV", "3", "channel_y", 3e-3),
        ("Xchannel", "3", "channel_x", 3.0),
        ("field (perp) [T]", "3", "field_out_of_plane", 3 / (4e-7 * math.pi)),
        ("R []", "3", "resistance", 3.0),
    ],
)
def test_units_in_headers(put, header: str, cell: str, name: str, value: float) -> None:
    dataset = load(put("data.csv", f"{header},note\n{cell},x\n"))
    assert list(dataset.data_vars) == [name]
    assert dataset[name].values == close_to([value], rel=1e-9)
    assert dataset[name].attrs == {"units": QUANTITIES[name].unit}
    assert dataset.attrs["ignored_columns"] == ["note"]


def test_a_header_without_unit_is_assumed_to_be_si(put) -> None:
    dataset = load(put("data.csv", "t,R [kohm],P,T\n1,2,0.5,300\n"))
    assert dataset.attrs == {"assumed_units": ["time", "temperature"]}
    assert [float(dataset[n][0]) for n in ("time", "temperature")] == [1.0, 300.0]


@pytest.mark.parametrize("unit", ["a.u.", "arb. u.", "arb.", "arb", "Arb. Units", "au", "a. u."])
@pytest.mark.parametrize("header", ["signal [{}]", "Signal ({})", "signal/{}", "dP/dH ({})"])
def test_signals_may_come_in_arbitrary_units(put, header: str, unit: str) -> None:
    dataset = load(put("data.csv", header.format(unit) + ",note\n3.5,x\n"))
    assert dataset["signal"].values == [3.5]
    assert dataset["signal"].attrs == {"units": "V"}
    assert dataset.attrs == {
        "assumed_units": ["signal"],
        "arbitrary_units": ["signal"],
        "ignored_columns": ["note"],
    }


def test_other_arbitrary_units(refusal, put) -> None:
    header = "X (a.u.),channel_y [arb.],signal_error [a.u.],signal [uV],t"
    dataset = load(put("data.csv", header + "\n1,2,3,4,5\n"))
    assert dataset.attrs["arbitrary_units"] == ["channel_x", "channel_y", "signal_error"]
    assert set(dataset.attrs["assumed_units"]) == {*dataset.attrs["arbitrary_units"], "time"}
    message = refusal(load, put("data.csv", "R [a.u.]\n1\n"))
    assert 'column "R [a.u.]" has the unknown unit "a.u."' in message


def test_words_for_a_signal_that_mean_something_else(put) -> None:
    header = "X [mm],Y,amplitude [Oe],x1 (um),derivative [1/s],R"
    dataset = load(put("data.csv", header + "\n1,2,3,4,5,6\n"))
    assert list(dataset.data_vars) == ["resistance"]
    assert dataset.attrs["ignored_columns"] == header.split(",")[:-1]
    # By the user's word, any column is.
    dataset = load(put("data.csv", "Y,R\n1,2\n"), {"channel_y": "Y"})
    assert dataset["channel_y"].values == [1.0]


def test_columns_are_named_by_option(put) -> None:
    path = put("data.csv", "Magnet [V],R,R_meas [kohm],clock\n3,7,1.5,2\n")
    options = ["resistance=R_meas", "field_out_of_plane = Magnet [mT]", "time=clock"]
    columns = parse_columns(options)
    assert columns == {
        "resistance": "R_meas",
        "field_out_of_plane": "Magnet [mT]",
        "time": "clock",
    }
    dataset = load(path, columns)
    assert dataset["resistance"].values == [1500.0]
    assert dataset["field_out_of_plane"].values == close_to([3e-3 / MU_0])
    # The R that would else be the resistance is left out, and said to be.
    assert dataset.attrs == {"assumed_units": ["time"], "ignored_columns": ["R"]}


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["resistance"], ['"resistance" does not name a column', "resistance=R_meas"]),
        (["=R"], ['"=R" does not name a column']),
        (["resistance="], ['"resistance=" does not name a column']),
        (["resistence=R"], ['unknown quantity "resistence"', "did you mean resistance?"]),
        (["tau_P_error=R"], ["did you mean dwell_time_low_error?"]),
        (["count=R"], ["did you mean high", "or reads"]),
        (["colour=R"], ['unknown quantity "colour"', "choose time, field_out_of_plane"]),
        (["time=a", "time=b"], ['time is given as both "a" and "b"', "one of them"]),
    ],
)
def test_options_that_say_nothing(refusal, options: list[str], parts: list[str]) -> None:
    message = refusal(parse_columns, options)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("header", "columns", "parts"),
    [
        ("R [V],t", None, ['column "R [V]" is read as a resistance', "in V", "resistance [ohm]"]),
        ("T [s]", None, ['"T [s]" is read as a temperature', "--column temperature=HEADER"]),
        ("P [K]", None, ['"P [K]" is read as a probability', "probability [%]"]),
        ("signal [mm]", None, ['"signal [mm]" is read as a signal', "signal [uV]"]),
        ("Vmix (foo)", None, ['"Vmix (foo)" has the unknown unit "foo"', "signal [uV]"]),
        ("R [foo]", None, ['column "R [foo]" has the unknown unit "foo"', "resistance [ohm]"]),
        ("R (foo)", None, ['column "R (foo)" has the unknown unit "foo"']),
        ("R,t,R", None, ['columns 1 and 3, "R", both mean resistance', '"resistance=#1"']),
        ("V,bias", None, ['"V" and "bias" both mean voltage', '--column "voltage=#1"']),
        ("x,y", None, ['no column that smtj recognises, only "x" and "y"', "resistance=HEADER"]),
        ("R,t", {"voltage": "U"}, ['no column "U" for voltage', '"R" and "t"']),
        ("a [V],a [A]", {"voltage": "a"}, ['more than one column "a" for voltage']),
        ("R,t", {"time": "R", "voltage": "R"}, ['"R" cannot be both time and voltage']),
        ("R,t", {"mass": "R"}, ['unknown quantity "mass"']),
    ],
)
def test_headers_that_cannot_be(refusal, put, header: str, columns, parts: list[str]) -> None:
    path = put("data.csv", f"{header}\n{','.join('1' for _ in header.split(','))}\n")
    message = refusal(load, path, columns)
    for part in parts:
        assert part in message
    assert message.startswith("data.csv") or "quantity" in message


def test_arbitrary_units_are_still_known_of_a_copy(put, tmp_path: Path) -> None:
    dataset = load(put("data.csv", "H_par [Oe],f [GHz],absorption (a.u.)\n1,2,1e6\n"))
    for suffix in ("csv", "xlsx"):
        again = load(save(dataset, tmp_path / f"copy.{suffix}"))
        assert again.attrs == dataset.attrs
        assert again["signal"].values == [1e6]


@pytest.mark.skipif(find_spec("h5py") is None, reason="h5py is not installed")
def test_arbitrary_units_of_netcdf_files(tmp_path: Path) -> None:
    theirs = xr.Dataset({"Vmix": ("H_par", [1.0, 2.0], {"units": "a.u."})})
    (tmp_path / "data.nc").write_bytes(theirs.to_netcdf(engine="h5netcdf"))
    dataset = load(tmp_path / "data.nc")
    assert dataset["signal"].values.tolist() == [1.0, 2.0]
    assert dataset.attrs == {"assumed_units": ["signal"], "arbitrary_units": ["signal"]}
    assert load(save(dataset, tmp_path / "copy.nc")).attrs == dataset.attrs


@pytest.mark.parametrize("header", ["t_p (ns)", "tp [ns]", "tau_p/ns", "τ_p (ns)", "t_PW (ns)"])
def test_a_time_with_p_is_a_pulse_beside_probabilities(put, header: str) -> None:
    dataset = load(put("a.csv", f"{header},P_sw,N\n1,0.1,500\n2,0.2,500\n"))
    assert dataset["pulse_length"].values == close_to([1e-9, 2e-9])


@pytest.mark.parametrize("header", ["t_P (ms)", "tau_P [ms]", "tp (ms)"])
def test_a_time_with_p_is_a_dwell_time_beside_the_other(put, header: str) -> None:
    dataset = load(put("a.csv", f"H (Oe),t_AP (ms),{header}\n1,5,3\n2,6,4\n"))
    assert dataset["dwell_time_low"].values == close_to([3e-3, 4e-3])


@pytest.mark.parametrize("unit", ["°C", "degC", "deg C", "C", "Celsius"])
def test_temperatures_in_celsius(put, unit: str) -> None:
    dataset = load(put("a.csv", f"t (s),R (ohm),Temperature ({unit})\n0,1,25\n1,2,26\n"))
    assert dataset["temperature"].values == close_to([298.15, 299.15])


def test_a_temperature_in_celsius_beside_a_table(put) -> None:
    dataset = load(put("a.csv", "# T = 25 °C\nt (s),R (ohm)\n0,1\n1,2\n"))
    assert float(dataset["temperature"]) == close_to(298.15)


def test_a_bias_is_a_current_if_its_unit_says_so(put) -> None:
    dataset = load(put("a.csv", "t (s),R (ohm),Bias (uA)\n0,1,10\n1,2,10\n"))
    assert dataset["current"].values == close_to([1e-5, 1e-5])


def test_second_names_a_time_below_the_unit_of_the_readings(put) -> None:
    head = "Vertical Units,CH3:V,,\nHorizontal Units,s\nSecond,Value\n"
    dataset = load(put("a.csv", head + "".join(f"{n}e-3,{n % 2}\n" for n in range(20))))
    assert dataset["voltage"].values[:3].tolist() == [0, 1, 0]
    assert dataset["time"].values[1] == close_to(1e-3)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Strom durch die Brücke [µA]", ("current", "µA")),
        ("Widerstand der Brücke in Ohm", ("resistance", "Ohm")),
        ("der Widerstand", ("resistance", None)),
        ("temps en s", ("time", "s")),
        ("tension aux bornes de la jonction en mV", ("voltage", "mV")),
        ("resistencia de la unión en ohm", ("resistance", "ohm")),
        ("Resistance of the junction (kohm)", ("resistance", "kohm")),
        ("Wahrscheinlichkeit des AP-Zustands", ("probability", None)),
        ("probabilité de l'état P", ("probability_low", None)),
        ("mittlere Verweildauer im P-Zustand in ms", ("dwell_time_low", "ms")),
        ("Anzahl der Messungen", ("reads", None)),
    ],
)
def test_articles_and_prepositions_leave_the_quantity_as_it_is(header, found) -> None:
    assert recognised(header) == found


@pytest.mark.parametrize(
    "header", ["Strom durch die Spule (A)", "Temperature of the magnet", "time of flight (s)"]
)
def test_what_is_of_another_thing_is_not_the_device_s(header) -> None:
    assert recognised(header) is None


def test_a_field_in_a_phrase_has_the_direction_that_it_says() -> None:
    assert has_no_direction("Feld am Ort der Probe")
    assert not has_no_direction("perpendicular field of the sample")
