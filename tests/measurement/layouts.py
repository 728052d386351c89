"""Files in the layouts of instruments and programs, all of the same telegraph trace or loop.

Each function writes one file and returns its path.  The readings are seeded, and no one's data.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl

INTERVAL = 1e-4
"""Time between readings in s."""
LOW, HIGH = 0.5, 0.55
"""Levels in V."""


def trace(readings: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Times in s and voltages in V of a device that switches about every 5 ms."""
    generator = np.random.default_rng(17)
    state = np.cumsum(generator.random(readings) < INTERVAL / 5e-3) % 2
    voltage = np.where(state, HIGH, LOW) + 2e-3 * generator.standard_normal(readings)
    return INTERVAL * np.arange(readings), np.round(voltage, 5)


def loop() -> tuple[np.ndarray, np.ndarray]:
    """Fields in Oe and resistances in ohm of a square loop."""
    up = np.arange(-300.0, 301.0, 10.0)
    generator = np.random.default_rng(5)
    rising, falling = np.where(up < 120, 1100.0, 1000.0), np.where(up[::-1] < -80, 1100.0, 1000.0)
    resistance = np.concatenate([rising, falling]) + generator.standard_normal(2 * up.size)
    return np.concatenate([up, up[::-1]]), np.round(resistance, 3)


def spectra() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequencies in GHz, fields in Oe and derivatives of the lines of a film in the plane."""
    generator = np.random.default_rng(3)
    found = []
    for frequency in (6.0, 9.0, 12.0):
        centre = -5e3 + np.sqrt(25e6 + (frequency / 2.9e-3) ** 2)
        field = np.linspace(centre - 200, centre + 200, 81)
        x = (field - centre) / 30
        signal = -2 * x / (1 + x**2) ** 2 + 0.01 * generator.standard_normal(x.size)
        found.append(np.stack([np.full(x.size, frequency), field, signal]))
    return tuple(np.concatenate(found, axis=1))


def _rows(*columns: np.ndarray, form: str = "%.6e", separator: str = ",") -> list[str]:
    return [separator.join(form % value for value in row) for row in zip(*columns, strict=True)]


def _put(path: Path, lines: list[str], encoding: str = "utf-8", end: str = "\n") -> Path:
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def tektronix_tds(folder: Path) -> Path:
    time, voltage = trace()
    head = [
        "Record Length,3.000000e+03", "Sample Interval,1.000000e-04",
        "Trigger Point,1.500000000000e+03", "", "", "", "Source,CH1", "Vertical Units,V",
        "Vertical Scale,1.000000e-01", "Vertical Offset,0.000000e+00", "Horizontal Units,s",
        "Horizontal Scale,2.500000e-02", "Pt Fmt,Y", "Yzero,0.000000e+00",
        "Probe Atten,1.000000e+00", "Model Number,TDS2024B", "Serial Number,C000000",
        "Firmware Version,FV:v22.11",
    ]  # fmt: skip
    beside = [line or "," for line in head] + [","] * (time.size - len(head))
    rows = _rows(time - 0.15, voltage, form="%018.12f")
    return _put(folder / "F0001CH1.CSV", [f"{b},,{r}," for b, r in zip(beside, rows, strict=True)])


def tektronix_mso(folder: Path) -> Path:
    time, voltage = trace()
    head = [
        "Model,MSO54", "Label,CH1", "Waveform Type,ANALOG", "Horizontal Units,s",
        "Sample Interval,1e-4", "Record Length,3000", "Zero Index,1.5e+03", "Vertical Units,V",
        "Vertical Offset,0", "Vertical Scale,0.1", "", ",", "Label,CH1", "TIME,CH1",
    ]  # fmt: skip
    return _put(folder / "Tek000.csv", head + _rows(time - 0.15, voltage))


def lecroy(folder: Path) -> Path:
    time, voltage = trace()
    head = [
        "LECROYWaveRunner\x91N,20113,Waveform", "Segments,1,SegmentSize,3000",
        "Segment,TrigTime,TimeSinceSegment1", "#1,01-Mar-2024 12:00:00,0                 ",
        "Time,Ampl",
    ]  # fmt: skip
    rows = _rows(time - 0.15, voltage)
    return _put(folder / "C1Trace00000.csv", head + rows, encoding="latin-1", end="\r\n")


def yokogawa(folder: Path) -> Path:
    time, voltage = trace()
    head = [
        '"Header Size"           ,15              ', '"Model Name"            ,"DLM4000       "',
        f'"Comment"               ,"{" " * 128}"', '"BlockNumber"           ,1               ',
        '"TraceName"             ,"CH1           "', '"BlockSize"             ,3000            ',
        '"VUnit"                 ,"V             "', '"SampleRate"            ,10000.0         ',
        '"HResolution"           ,1.000000E-04    ', '"HOffset"               ,-1.500000E-01   ',
        '"HUnit"                 ,"s             "', '"DisplayBlockSize"      ,3000            ',
        '"DisplayPointNo."       ,1               ', '"Date"                  ,"2024/03/01"',
        '"Time"                  ,"12:00:00.100895200"', "",
    ]  # fmt: skip
    rows = zip(time - 0.15, voltage, strict=True)
    return _put(
        folder / "DLM000.csv",
        head + [f"{1e6 * t:16.5f}E-06,{1e3 * v:15.3f}E-03," for t, v in rows],
    )


def keysight_infiniivision(folder: Path) -> Path:
    time, voltage = trace()
    head = ["x-axis,1", "second,Volt"]
    return _put(folder / "scope_0.csv", head + _rows(time - 0.15, voltage, form="%+.7E"))


def keysight_infiniium(folder: Path) -> Path:
    _, voltage = trace()
    head = [
        "Type:         raw", "Points:       3000", "Count:        1", "XInc:         1.00E-04",
        "XOrg:         -1.50E-01", "YData range:  8.0E-01", "Date:         1 MAR 2024",
        "Time:         12:00:00", "Frame:        MSOS104A:MY00000000", "X Units:      second",
        "Y Units:      Volt", "Data:",
    ]  # fmt: skip
    return _put(folder / "wfm.csv", head + _rows(voltage))


def rigol_ds1000(folder: Path) -> Path:
    _, voltage = trace()
    head = ["X,CH1,Start,Increment,", "Sequence,Volt,-1.500000e-01,1.000000e-04"]
    return _put(
        folder / "NewFile1.csv", head + [f"{n},{value:.2e}," for n, value in enumerate(voltage)]
    )


def rigol_mso5000(folder: Path) -> Path:
    _, voltage = trace()
    head = ["CH1V,t0 =-1.500000e-01, tInc = 1.000000e-04,"]
    return _put(folder / "RigolDS0.csv", head + [f"{value:.6e},," for value in voltage])


def siglent(folder: Path) -> Path:
    time, voltage = trace()
    head = [
        "Record Length,Analog:3000", "Sample Interval,Analog:0.000100000", "Vertical Units,CH1:V",
        "Vertical Scale,CH1:0.10", "Vertical Offset,CH1:-0.5", "Horizontal Units,s",
        "Horizontal Scale,0.02", "Model Number,SDS1104X-E", "Serial Number,SDSMMFCX0R0000",
        "Software Version,8.2.6.1.37R10", "", "Source,CH1", "Second,Volt",
    ]  # fmt: skip
    return _put(folder / "SDS00001.csv", head + _rows(time - 0.15, voltage, form="%.9f"))


def gw_instek(folder: Path) -> Path:
    _, voltage = trace()
    head = [
        "Format,2.0B,", "Memory Length,3000,", "Trigger Level,5.2e-01,", "Source,CH1,",
        "Probe,1.0X,", "Vertical Units,V,", "Vertical Scale,1.000E-01,",
        "Vertical Position,0.000E+00,", "Horizontal Units,S,", "Horizontal Scale,2.000E-02,",
        "Horizontal Position,0.000E+00,", "Sampling Period,1.000E-04,", "Firmware,V1.09,",
        "Mode,Fast,", "Waveform Data,",
    ]  # fmt: skip
    return _put(folder / "DS0001.CSV", head + [f"{value:.4f}," for value in voltage])


def rohde_schwarz(folder: Path) -> Path:
    time, voltage = trace()
    return _put(folder / "RTB.CSV", ["in s,CH1 in V", *_rows(time - 0.15, voltage)])


def picoscope(folder: Path) -> Path:
    time, voltage = trace()
    head = ["Time,Channel A", "(ms),(mV)", ""]
    return _put(folder / "pico.csv", head + _rows(1e3 * time, 1e3 * voltage, form="%.8f"))


def digilent(folder: Path) -> Path:
    time, voltage = trace()
    head = [
        "#Digilent WaveForms Oscilloscope Acquisition", "#Device Name: Discovery2",
        "#Date Time: 2024-03-01 12:00:00.000", "#Sample rate: 10000Hz", "#Samples: 3000", "",
        "Time (s),Channel 1 (V)",
    ]  # fmt: skip
    return _put(folder / "acq0001.csv", head + _rows(time, voltage))


def moku(folder: Path) -> Path:
    time, voltage = trace()
    head = [
        "% Moku:Lab Data Logger", "% Acquisition rate: 1e4 Hz", "% Acquired 2024-03-01 T 12:00:00",
        "% Time (s), Input 1 Voltage (V)",
    ]  # fmt: skip
    return _put(folder / "MokuDataLogger.csv", head + _rows(time, voltage, separator=", "))


def keithley_buffer(folder: Path) -> Path:
    time, voltage = trace()
    head = [
        "Style,Full", "Append Mode,1", "Fill Mode,1", "Capacity,100000", "Count,3000",
        "Base Time Seconds,1709294400", "Base Time Fractional,.645358344",
        "Index,Reading,Unit,Range Digits,Disp Digits,Math,Start Group,Limit1 High,Limit1 Low,"
        "Limit2 High,Limit2 Low,Terminal,Questionable,Origin,Value,Unit,Digits,Output,Sense,"
        "Source Limit,Overtemp,Date,Time,Fractional Seconds,Relative Time",
    ]  # fmt: skip
    rows = [
        f"{n + 1},{v:.12g},Volt DC,.1,6.5,F,F,F,F,F,F,Front,F,Main,0.0000100000000,Amp DC,1,T,4W,F,"
        f"F,03/01/2024,12:00:{int(t):02d},{f'{t % 1:.9f}'[1:]},{t:.6f}"
        for n, (t, v) in enumerate(zip(time, voltage, strict=True))
    ]
    return _put(folder / "defbuffer1.csv", head + rows)


def keithley_dmm(folder: Path) -> Path:
    time, voltage = trace()
    head = [
        "Style,Standard", "Append Mode,1", "Fill Mode,1", "Capacity,100000", "Count,3000",
        "Base Time Seconds,1709294400", "Base Time Fractional,.900000000",
        "Base Time,03/01/2024 12:00:00.900000000",
        "Index,Reading,Unit,Range Digits,Disp Digits,Math,Start Group,Limit1 High,Limit1 Low,"
        "Limit2 High,Limit2 Low,Terminal,Questionable,Origin,Date,Time,Fractional Seconds,Channel,"
        "CH Label",
    ]  # fmt: skip
    rows = [
        f"{n + 1},{v:.12g},Volt DC,.1,6.5,F,F,F,F,F,F,Front,F,Main,03/01/2024,12:00:{int(t):02d},"
        f"{f'{t % 1:.9f}'[1:]},None,"
        for n, (t, v) in enumerate(zip(time + 0.9, voltage, strict=True))
    ]
    return _put(folder / "defbuffer1_dmm.csv", head + rows)


def keithley_clock(folder: Path) -> Path:
    time, voltage = trace()
    head = "Index,Reading,Unit,Range Digits,Math,Origin,Value,Unit,Output,Date,Time"
    rows = [
        f"{n + 1},{v:.6E},Volt DC,5,F,Main,1.000000E-05,Amp DC,T,02/01/2024,12:00:{int(t):02d},"
        f"{t % 1:.6f}"
        for n, (t, v) in enumerate(zip(time + 0.9, voltage, strict=True))
    ]
    return _put(folder / "defbuffer1_clock.csv", [f"{head},Fractional Seconds", *rows])


def easyexpert(folder: Path) -> Path:
    time, voltage = trace()
    head = [
        "SetupTitle, I/V-t Sampling", "TestParameter, Channel.UnitType, SMU, SMU",
        "TestParameter, Measurement.Port.Names, V1, V2", "Dimension1, 3000, 3000, 3000",
        "DataName, Time, V1, I1",
    ]  # fmt: skip
    rows = [f"DataValue, {t:.6f}, {v:.6f}, 1E-05" for t, v in zip(time, voltage, strict=True)]
    return _put(folder / "IV-t Sampling.csv", [*head, *rows])


def daqmx(folder: Path) -> Path:
    time, voltage = trace()
    rows = [f"2024-02-01 12:00:{t:09.6f},{v:.6f}" for t, v in zip(time, voltage, strict=True)]
    return _put(folder / "daq.csv", ["Time,Dev1/ai0 (V)", *rows])


def qcodes(folder: Path) -> Path:
    columns = trace()
    head = ["# time\tvoltage", '# "Time (s)"\t"Voltage (V)"', "# 3000"]
    return _put(folder / "run12.dat", [*head, *_rows(*columns, separator="\t")])


def keithley_2400(folder: Path) -> Path:
    rows = [
        f"{v:+.6E},+1.000000E-05,+9.910000E+37,{t:+.6E},+2.150800E+04"
        for t, v in zip(*trace(), strict=True)
    ]
    return _put(folder / "2400.csv", ["VOLT,CURR,RES,TIME,STAT", *rows])


def keithley_selected(folder: Path) -> Path:
    rows = [f"{v:.7E},VOLT DC,1.0E-05,AMP DC,{t:.6f}" for t, v in zip(*trace(), strict=True)]
    return _put(folder / "buffer.csv", ["Reading,Unit,Source,Source Unit,Relative Time", *rows])


def keithley_script(folder: Path) -> Path:
    rows = [f"{t:.5f}\t1e-5\t0.6\t{v:.6e}" for t, v in zip(*trace(), strict=True)]
    return _put(folder / "2612.txt", ["Time (s)\tIsource (A)\tVsource (V)\tVmeas (V)", *rows])


def keithley_4200(folder: Path) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Data"
    book.active.append(["Time", "AnodeI", "AnodeV"])
    for time, voltage in zip(*(values.tolist() for values in trace()), strict=True):
        book.active.append([time, 1e-5, voltage])
    book.create_sheet("Settings").append(["Mode", "Sampling"])
    book.save(folder / "sampling.xlsx")
    return folder / "sampling.xlsx"


def keysight_quick(folder: Path) -> Path:
    head = ["Keysight B2900A Quick I/V", "Date,2024/03/01", ""]
    names = "Repeat,Index,Voltage 1 (V),Current 1 (A),Time 1 (s),Resistance 1 (ohm)"
    rows = [
        f"1,{n + 1},{v:.6E},1E-05,{t:.6f},{v / 1e-5:.9E}"
        for n, (t, v) in enumerate(zip(*trace(), strict=True))
    ]
    return _put(folder / "b2900.csv", [*head, names, *rows])


def benchlink(folder: Path) -> Path:
    head = ["Name:,MTJ", "Acquisition Date:,3/1/2024 12:00:00 PM", "", "Scan,Time,101 (VDC)"]
    rows = [
        f"{n + 1},03/01/2024 12:00:00:{round(1e4 * t):04d},{v:.7f}"
        for n, (t, v) in enumerate(zip(*trace(), strict=True))
    ]
    return _put(folder / "Data 1.csv", [*head, *rows], encoding="utf-16")


def pymeasure(folder: Path) -> Path:
    head = [
        "#Procedure: <__main__.Telegraph>", "#Parameters:", "#\tSource current: 10 uA",
        "#\tField setpoint: -14 Oe", "#Data:", "Time (s),Voltage (V)",
    ]  # fmt: skip
    return _put(folder / "DATA_1.csv", head + _rows(*trace()))


def quantum_design(folder: Path) -> Path:
    field, resistance = loop()
    head = [
        "[Header]", "; created by MultiVu", "TITLE,loop of a junction",
        "FILEOPENTIME,3918283200.00,03/01/2024,12:00 pm", "BYAPP, Resistivity, 2.0, 1.0",
        "INFO,PPMS DynaCool,NAME", "STARTUPAXIS,X,4", "[Data]",
        "Comment,Time Stamp (sec),Status (code),Temperature (K),Magnetic Field (Oe),"
        "Sample Position (deg),Bridge 1 Resistivity (Ohm-m),Bridge 1 Excitation (uA),"
        "Bridge 2 Resistivity (Ohm-m),Bridge 2 Excitation (uA),Bridge 1 Std. Dev. (Ohm-m),"
        "Bridge 2 Std. Dev. (Ohm-m),Number of Readings,Bridge 1 Resistance (Ohms),"
        "Bridge 2 Resistance (Ohms)",
    ]  # fmt: skip
    rows = [
        f",{3918283200 + 2 * n}.0,4449,{300 + 1e-3 * (n % 3):.4f},{h:.4f},0,{1e-3 * r:.6e},10,,,"
        f"1e-9,,25,{r:.6f},"
        for n, (h, r) in enumerate(zip(field, resistance, strict=True))
    ]
    return _put(folder / "loop_300K.dat", head + rows, encoding="latin-1")


def labview_lvm(folder: Path) -> Path:
    time, voltage = trace()
    head = [
        "LabVIEW Measurement\t", "Writer_Version\t2", "Reader_Version\t2", "Separator\tTab",
        "Decimal_Separator\t,", "Multi_Headings\tNo", "X_Columns\tOne", "Time_Pref\tAbsolute",
        "Operator\tlab", "Date\t2024/03/01", "Time\t12:00:00,0", "***End_of_Header***\t", "\t",
        "Channels\t1\t", "Samples\t3000\t", "Date\t2024/03/01\t", "Time\t12:00:00,0\t",
        "Y_Unit_Label\tVolts\t", "X_Dimension\tTime\t", "X0\t0,0000000000000000E+0\t",
        "Delta_X\t0,000100\t", "***End_of_Header***\t\t", "X_Value\tVoltage_0\tComment",
    ]  # fmt: skip
    rows = [row.replace(".", ",") for row in _rows(time, voltage, form="%.6f", separator="\t")]
    return _put(folder / "test_001.lvm", head + rows, end="\r\n")


def labview_lvm_without_times(folder: Path) -> Path:
    _, voltage = trace()
    head = [
        "LabVIEW Measurement", "Writer_Version\t2", "Reader_Version\t2", "Separator\tTab",
        "Decimal_Separator\t.", "Multi_Headings\tNo", "X_Columns\tNo", "Time_Pref\tRelative",
        "Operator\tlab", "Date\t2024/03/01", "Time\t12:00:00.0", "***End_of_Header***", "",
        "Channels\t1", "Samples\t3000", "Date\t2024/03/01", "Time\t12:00:00.0",
        "Y_Unit_Label\tVolts", "X_Dimension\tTime", "X0\t0.0000000000000000E+0",
        "Delta_X\t1.000000E-4", "***End_of_Header***", "X_Value\tUntitled\tComment",
    ]  # fmt: skip
    return _put(folder / "test_002.lvm", head + [f"\t{value:.6f}" for value in voltage])


def labview_waveforms(folder: Path) -> Path:
    time, voltage = trace()
    head = ["waveform\t[0]", "t0\t3/1/2024 12:00:00.000000", "delta t\t0.000100", "", "time\tY[0]"]
    rows = [f"3/1/2024 12:00:{t:09.6f}\t{v:.6E}" for t, v in zip(time, voltage, strict=True)]
    return _put(folder / "waveforms.txt", head + rows)


def signal_express(folder: Path) -> Path:
    _, voltage = trace()
    head = ["channel names:", "Dev1_ai0", "start times:", "3/1/2024 12:00:00.0", "dt:", "0.0001"]
    return _put(folder / "export.txt", [*head, "data:", *(f"{value:.6f}" for value in voltage)])


def tdms(folder: Path) -> Path:
    from nptdms import ChannelObject, TdmsWriter

    _, voltage = trace()
    properties = {"wf_increment": INTERVAL, "wf_start_offset": 0.0, "unit_string": "V"}
    with TdmsWriter(folder / "log.tdms") as writer:
        writer.write_segment([ChannelObject("Measured Data", "Voltage", voltage, properties)])
    return folder / "log.tdms"


def phase_fmr(folder: Path) -> Path:
    frequency, field, signal = spectra()
    head = [
        "[Instrument Settings]", 'Instrument type = "PhaseFMR"', 'DAQ serial number = "01B11D33"',
        'SW version = "2.9.0.13"', 'FMR.MeasType = "FMR IP - Dual"', 'Signal.Fit.Src = "IQ"',
        "[Sweep settings]",
        "Frequency(GHz)\tField Saturation (Oe)\tField Start (Oe)\tField Stop (Oe)\tField Step (Oe)",
        "6\t0\t600\t1000\t5", "9\t0\t1500\t1900\t5", "12\t0\t2500\t2900\t5", "[Data]",
        "Frequency\tField\tI\tQ\tFit source\tFit\tAux\tTime",
    ]  # fmt: skip
    zero = np.zeros_like(field)
    seconds = 1.5 * np.arange(field.size)
    columns = (frequency, field, 0.4 * signal, 0.6 * signal, signal, zero, zero, seconds)
    return _put(folder / "Film-A.log", head + _rows(*columns, form="%.6f", separator="\t"))


def touchstone(folder: Path) -> Path:
    """A resonance in transmission at one field."""
    frequency = np.linspace(2e9, 6e9, 401)
    line = 0.9 - 0.05 / (1 + 2j * (frequency - 4e9) / 2e8)
    zero = np.zeros_like(frequency)
    columns = (frequency, zero, zero, line.real, line.imag, zero, zero, zero, zero)
    head = ["! VNA, field = 1200 Oe", "# Hz S RI R 50"]
    return _put(folder / "film_H=1200Oe.s2p", head + _rows(*columns, separator=" "))


def matlab(folder: Path) -> Path:
    from scipy.io import savemat

    time, voltage = trace()
    savemat(folder / "run7.mat", {"run": {"time_ms": 1e3 * time, "V_mV": 1e3 * voltage}})
    return folder / "run7.mat"


def picoscope_mat(folder: Path) -> Path:
    from scipy.io import savemat

    _, voltage = trace()
    about = {"Tstart": 0.0, "Tinterval": INTERVAL, "Length": voltage.size, "Version": "6.14"}
    savemat(folder / "pico.mat", {"A": voltage, **about})
    return folder / "pico.mat"


def igor(folder: Path) -> Path:
    head = ["IGOR", "WAVES/D time_s, voltage_V", "BEGIN"]
    end = ["END", 'X SetScale/P x 0,1,"", time_s; SetScale y 0,0,"", time_s']
    rows = [f"\t{row}" for row in _rows(*trace(), separator="\t")]
    return _put(folder / "run7.itx", [*head, *rows, *end])


def hdf5(folder: Path) -> Path:
    import h5py

    time, voltage = trace()
    with h5py.File(folder / "run7.h5", "w") as file:
        group = file.create_group("entry/run7")
        group.create_dataset("time", data=1e3 * time).attrs["units"] = "ms"
        group.create_dataset("voltage", data=voltage).attrs["units"] = "V"
        group.attrs["temperature"] = "300 K"
    return folder / "run7.h5"


def labber(folder: Path) -> Path:
    import h5py

    channels = [(b"Time", b"s"), (b"DMM - Voltage", b"V")]
    with h5py.File(folder / "log.hdf5", "w") as file:
        file["Data/Data"] = np.stack(trace(), axis=1)[:, :, None]
        file["Data/Channel names"] = np.array(channels, [("name", "S20"), ("info", "S9")])
        file["Channels"] = np.array(channels, [("name", "S20"), ("unitPhys", "S9")])
    return folder / "log.hdf5"


def labber_digitizer(folder: Path) -> Path:
    import h5py

    time, voltage = trace()
    steps = np.array([[-1.4]])
    channels = [(b"Magnet - Field", b"mT"), (b"Digitizer - Ch A", b"V")]
    with h5py.File(folder / "digitizer.hdf5", "w") as file:
        file["Data/Data"] = steps[:, :, None]
        file["Data/Channel names"] = np.array(channels[:1], [("name", "S20"), ("info", "S9")])
        file["Channels"] = np.array(channels, [("name", "S20"), ("unitPhys", "S9")])
        file["Traces/Digitizer - Ch A"] = voltage[:, None, None]
        file["Traces/Digitizer - Ch A_t0dt"] = [[0.0, time[1] - time[0]]]
        file["Traces/Digitizer - Ch A_N"] = [time.size]
        file["Traces/Time stamp"] = [0.0]
    return folder / "digitizer.hdf5"


def numpy_npz(folder: Path) -> Path:
    time, voltage = trace()
    np.savez(folder / "run7.npz", time_ms=1e3 * time, voltage_V=voltage)
    return folder / "run7.npz"


def numpy_savetxt(folder: Path) -> Path:
    time, voltage = trace()
    np.savetxt(folder / "run7.txt", np.stack([time, voltage], axis=1), header="t[s] V[V]")
    return folder / "run7.txt"


def parquet(folder: Path) -> Path:
    import polars as pl

    time, voltage = trace()
    pl.DataFrame({"time [s]": time, "voltage [V]": voltage}).write_parquet(folder / "run7.parquet")
    return folder / "run7.parquet"


def excel(folder: Path) -> Path:
    field, resistance = loop()
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    book.active.append(["Sample 7B, measured on 1 March 2024"])
    sheet = book.create_sheet("Loop")
    sheet.append(["Sample 7B"])
    sheet.append([])
    sheet.append(["H", "R"])
    sheet.append(["Oe", "Ohm"])
    for row in zip(field.tolist(), resistance.tolist(), strict=True):
        sheet.append(row)
    book.save(folder / "book.xlsx")
    return folder / "book.xlsx"


def european(folder: Path) -> Path:
    time, voltage = trace()
    rows = [row.replace(".", ",") for row in _rows(time, voltage, form="%.5f", separator=";")]
    return _put(folder / "deutsch.csv", ["Zeit: 12.00", "time [s];voltage [V]", *rows])


def utf_16(folder: Path) -> Path:
    time, voltage = trace()
    rows = _rows(time, voltage, form="%.5f", separator="\t")
    return _put(folder / "unicode.txt", ["time [s]\tvoltage [V]", *rows], encoding="utf-16")


def origin(folder: Path) -> Path:
    time, voltage = trace()
    head = ["Time\tVoltage", "ms\tmV", "run 7\trun 7"]
    rows = _rows(1e3 * time, 1e3 * voltage, form="%.5f", separator="\t")
    return _put(folder / "Book1.dat", head + rows)


def origin_row_names(folder: Path) -> Path:
    time, voltage = trace()
    head = ["Long Name\tTime\tU", "Units\tms\tmV", "Comments\trun 7\trun 7"]
    rows = _rows(1e3 * time, 1e3 * voltage, form="%.5f", separator="\t")
    return _put(folder / "Graph1.txt", head + [f"\t{row}" for row in rows])


TRACES: dict[str, Callable[[Path], Path]] = {
    "Tektronix TDS": tektronix_tds,
    "Tektronix MSO, DPO, MDO, TBS": tektronix_mso,
    "LeCroy": lecroy,
    "Yokogawa DL, DLM": yokogawa,
    "Keysight InfiniiVision": keysight_infiniivision,
    "Keysight Infiniium": keysight_infiniium,
    "Rigol DS1000": rigol_ds1000,
    "Rigol MSO5000": rigol_mso5000,
    "Siglent": siglent,
    "GW Instek": gw_instek,
    "Rohde & Schwarz": rohde_schwarz,
    "PicoScope": picoscope,
    "Digilent WaveForms": digilent,
    "Moku": moku,
    "Keithley 2450": keithley_buffer,
    "Keithley 2450 with a clock": keithley_clock,
    "Keithley DMM6500": keithley_dmm,
    "Keithley 2400": keithley_2400,
    "Keithley 2450, selected columns": keithley_selected,
    "Keithley 2600, 2612": keithley_script,
    "Keithley 4200": keithley_4200,
    "Keysight EasyEXPERT": easyexpert,
    "Keysight B2900 Quick I/V": keysight_quick,
    "Keysight BenchLink": benchlink,
    "NI-DAQmx": daqmx,
    "QCoDeS": qcodes,
    "PyMeasure": pymeasure,
    "Labber": labber,
    "Labber with a digitizer": labber_digitizer,
    "LabVIEW .lvm": labview_lvm,
    "LabVIEW .lvm without times": labview_lvm_without_times,
    "LabVIEW waveforms": labview_waveforms,
    "LabVIEW SignalExpress": signal_express,
    "LabVIEW .tdms": tdms,
    "MATLAB .mat": matlab,
    "PicoScope .mat": picoscope_mat,
    "Igor .itx": igor,
    "HDF5 .h5": hdf5,
    "NumPy .npz": numpy_npz,
    "NumPy savetxt": numpy_savetxt,
    "Parquet": parquet,
    "Decimal commas": european,
    "UTF-16": utf_16,
    "Origin": origin,
    "Origin with names of its rows": origin_row_names,
}
"""Traces of a voltage by the name of their layout."""

LOOPS: dict[str, Callable[[Path], Path]] = {
    "Quantum Design PPMS": quantum_design,
    "Excel": excel,
}
"""Loops of a resistance."""

SPECTRA: dict[str, Callable[[Path], Path]] = {
    "NanOsc PhaseFMR": phase_fmr,
    "Touchstone": touchstone,
}
"""Spectra."""
