"""Every instrument and format of the documentation is read as it writes its files."""

import re
from pathlib import Path

import numpy as np
import pytest
from layouts import INTERVAL, LOOPS, SPECTRA, TRACES, loop, spectra, trace

from closeness import close_to
from smtj.measurement import increasing_time, kind_of, load, observable_of
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
        # A file of waveforms has no unit.
        shown = "signal" if name == "LabVIEW waveforms" else "voltage"
        assert observable_of(dataset) == shown
        rounding = 0.006 if name == "Rigol DS1000" else 1e-4
        np.testing.assert_allclose(dataset[shown].values, voltage, atol=rounding)


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
    assert float(dataset["field_out_of_plane"]) == close_to(1200 * Oe)
    middle = int(np.argmin(np.abs(dataset["frequency"].values - 4e9)))
    assert dataset["channel_x"].values[middle] == close_to(0.85, abs=1e-6)


CHANNELS = {
    "keysight.csv": ("x-axis,1,2\nsecond,Volt,Volt\n", "CH2 [V]", "voltage"),
    "lecroy.csv": (
        "LECROYMAUI,0,Waveform\nSegments,1,SegmentSize,99\nSegment,TrigTime,TimeSinceSegment1\n"
        "#1,24-Feb-2016 16:34:36,0                 \nTime, Ampl1, Ampl2\n",
        "Ampl2 [V]",
        "voltage",
    ),
    "yokogawa.csv": (
        '"Header Size" ,5\n"Model Name" ,"DLM4000 "\n"TraceName" ,"CH1 ","CH3 "\n'
        '"VUnit" ,"C ","A "\n"HUnit" ,"s ","s "\n\n',
        "CH3 [A]",
        "current",
    ),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_is_chosen_by_its_name(name: str, put) -> None:
    head, header, quantity = CHANNELS[name]
    rows = "".join(f"{n * 1e-6:.6e},{0.1},{n % 3}\n" for n in range(60))
    dataset = load(put(name, head + rows), {quantity: header})
    np.testing.assert_allclose(dataset[quantity].values, np.arange(60) % 3)
    np.testing.assert_allclose(np.diff(dataset["time"].values), 1e-6, rtol=1e-4)


def test_a_yokogawa_file_without_times_states_their_steps(put) -> None:
    head = (
        '"Header Size" ,7\n"Model Name" ,"DL850 "\n"TraceName" ,"CH1 "\n"VUnit" ,"mV "\n'
        '"HResolution" ,2.0E-06\n"HOffset" ,-1.0E-03\n"HUnit" ,"s "\n\n'
    )
    dataset = load(put("DL.csv", head + "".join(f",{n % 3}.0E+00,\n" for n in range(60))))
    np.testing.assert_allclose(dataset["time"].values, -1e-3 + 2e-6 * np.arange(60), atol=1e-15)
    np.testing.assert_allclose(dataset["voltage"].values, 1e-3 * (np.arange(60) % 3))


@pytest.mark.parametrize("columns", ["x;y;freq;phase;dio;trigger;auxin0;auxin1", "value"])
def test_ticks_of_a_lock_in_amplifier_are_no_seconds(columns: str, put, refusal) -> None:
    width = columns.count(";")
    rows = "".join(f"0;{48538160 + 300 * n};{n % 3}{';7' * width}\n" for n in range(60))
    path = put("dev4910_demods_0_sample_00000.csv", f"chunk;timestamp;{columns}\n{rows}")
    message = refusal(load, path)
    assert "its time stamps are 300 ticks of the instrument's clock apart, not seconds" in message
    assert '"5 us" (MFLI, MFIA), "1.42857 us" (HF2LI) or "0.166667 us" (UHFLI)' in message
    dataset = load(path, interval=5e-6)
    assert kind_of(dataset) == "trace"
    signal = dataset[str(observable_of(dataset))]
    np.testing.assert_allclose(signal.values, np.arange(60) % 3)


def test_records_one_after_the_other_are_called_so(put, refusal) -> None:
    rows = "".join(f"{n % 30 * 1e-6:.6e},{n % 3}\n" for n in range(90))
    dataset = load(put("segments.csv", "time (s),V\n" + rows))
    message = refusal(increasing_time, dataset)
    assert "segments.csv: its times start again at row 32, as those of 3 records" in message
    assert '--interval "1 µs"' in message


def test_times_of_every_channel_of_labview(put) -> None:
    head = (
        "LabVIEW Measurement\t\nSeparator\tTab\nMulti_Headings\tYes\nX_Columns\tMulti\n"
        "***End_of_Header***\t\n\t\nChannels\t2\t\t\nY_Unit_Label\tVolts\t\tVolts\t\n"
        "X_Dimension\tTime\t\tTime\t\n***End_of_Header***\t\t\t\t\n"
        "X_Value\tVoltage\tX_Value\tReference\tComment\n"
    )
    rows = "".join(f"{n}\t{n % 3}\t{n}\t0.1\t\n" for n in range(30))
    dataset = load(put("two.lvm", head + rows))
    np.testing.assert_allclose(dataset["time"].values, np.arange(30.0))
    np.testing.assert_allclose(dataset["voltage"].values, np.arange(30) % 3)


def test_a_channel_with_blanks_in_its_name_and_no_times(put) -> None:
    head = (
        "LabVIEW Measurement\t\nSeparator\tTab\nX_Columns\tNo\n***End_of_Header***\t\n\t\n"
        "Channels\t1\t\t\nY_Unit_Label\tVolts\t\t\nX_Dimension\tTime\t\t\nDelta_X\t1E-4\t\t\n"
        "***End_of_Header***\t\t\t\nX_Value\tVoltage - Dev1_ai0\tComment\n"
    )
    dataset = load(put("a.lvm", head + "".join(f"\t{n % 3}\n" for n in range(30))))
    np.testing.assert_allclose(np.diff(dataset["time"].values), 1e-4)
    np.testing.assert_allclose(dataset["voltage"].values, np.arange(30) % 3)


def test_a_second_segment_of_labview_is_called_so(put, refusal) -> None:
    head = (
        "LabVIEW Measurement\t\nSeparator\tTab\n***End_of_Header***\t\n\t\n"
        "Channels\t1\t\nY_Unit_Label\tVolts\t\nX_Dimension\tTime\t\n***End_of_Header***\t\t\n"
        "X_Value\tVoltage\tComment\n"
    )
    rows = "".join(f"{n}\t{n % 3}\n" for n in range(30))
    message = refusal(load, put("a.lvm", f"{head}{rows}Channels\t1\t\t\n{rows}"))
    assert "row 40 begins another segment, with a header of its own" in message


def test_names_with_blanks_between_tabs(put) -> None:
    rows = "".join(f"{n}\t{n % 3}\t0\n" for n in range(30))
    head = "B (mT)\tLock-in X (V)\tLock-in Y (V)\n"
    dataset = load(put("a_f9.0GHz.dat", head + rows))
    assert {"channel_x", "channel_y", "field_out_of_plane"} <= set(dataset.variables)


def test_the_documentation_lists_what_is_tested() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| [^|]+ \| `", PAGE.read_text(encoding="utf-8"), re.M)
    assert set(rows) == {*TRACES, *LOOPS, *SPECTRA}
