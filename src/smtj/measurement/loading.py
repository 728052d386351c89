"""Loading a data file, or a table, as a data set."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import DataError
from smtj.files import no_file
from smtj.measurement.checks import check_values
from smtj.measurement.conditions import is_spectrum, ratio_bias
from smtj.measurement.counts import with_counts
from smtj.measurement.equivalents import with_equivalents
from smtj.measurement.folders import files_in
from smtj.measurement.format.binary.arrays import Arrays, choose_table
from smtj.measurement.format.binary.hdf5 import read_hdf5
from smtj.measurement.format.binary.netcdf import read_netcdf
from smtj.measurement.format.binary.optional import read_parquet, read_touchstone
from smtj.measurement.format.binary.tdms import read_tdms
from smtj.measurement.format.binary.variables import read_matlab, read_numpy
from smtj.measurement.format.columns import Column, Match, match_columns
from smtj.measurement.format.excel import read_sheet, sheet_columns
from smtj.measurement.format.messages import is_missing, listed, quoted, wrong_cell
from smtj.measurement.format.missing import Complete, complete, missing_in
from smtj.measurement.format.options import Progress, ReadOptions
from smtj.measurement.format.packed import unpacked
from smtj.measurement.format.preamble import axis_units, pairs_of, sampling_of
from smtj.measurement.format.schema import FIELDS, LABELS, QUANTITIES, name_of
from smtj.measurement.format.stamps import ticks_refused, with_seconds
from smtj.measurement.format.states import WORDED, states_of
from smtj.measurement.format.text.dialect import read_dialect
from smtj.measurement.format.text.parse import first_with_units, read_text, read_united
from smtj.measurement.format.text.transposed import upright
from smtj.measurement.format.values import (
    from_lines,
    scaled,
    split_value,
    with_errors_of_cells,
    with_units_of_cells,
    without_errors,
)
from smtj.measurement.joining import of_folder
from smtj.measurement.limits import with_limits
from smtj.measurement.locations import (
    READING,
    TOUCHSTONE,
    WORKBOOKS,
    mark_source,
    source_of,
    value_place,
)
from smtj.measurement.stated import (
    add_sampling,
    add_stated,
    apply_options,
    not_understood,
    remark,
    remark_gain,
    with_axis_units,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

MAX_FILE = 800_000_000
"""Largest file that is read, in bytes."""


FRACTION = "fraction_of_second"
"""Name of a column of fractions of a second beside a clock, as source meters write them."""
MICROWAVE = 1e8
"""Frequency in Hz from which a voltage beside it is rectified, not read by a lock-in amplifier."""
SMALL, MAX_SMALL = 0.01, 0.1
"""Current of a sweep over its largest up to which V/I is no resistance, and the fraction of such
readings that may be left out."""


def load(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    skip_rows: int = 0,
    sheet: str | int | None = None,
    ignore: Sequence[str] = (),
    reads: int | None = None,
    interval: float | None = None,
    from_name: str | None = None,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Read a data file of a laboratory.

    The suffix tells the format: ``.xlsx``, ``.xls`` and ``.ods`` are workbooks, ``.nc``, ``.h5``,
    ``.mat``, ``.tdms`` and ``.parquet`` what they say, and everything else is text.  In text and in
    workbooks the header may stand below a preamble, with the units in a row of their own; the
    encoding, the separator and the decimal sign are found from the content.  What the columns do
    not say is looked up in comments (``# T = 300 K``), in the preamble, and in the file's name
    (``..._H=-14Oe_...``).

    Parameters
    ----------
    path
        The file; or a folder of files of the same quantities, each under a condition of its own.
    columns
        Headers by name of a quantity or label, where smtj would not recognise them:
        ``{"resistance": "R_meas", "field_out_of_plane": "Magnet [mT]"}``; ``"#3"`` is the third
        column.
    skip_rows
        Lines at the top that are left out.
    sheet
        Sheet of a workbook, or group of an HDF5, TDMS or MATLAB file, by name or number from 1;
        default: the one that holds a table with known columns.
    ignore
        Headers of columns that are left out.
    reads
        Number of reads behind each probability, if the file has no such column.
    interval
        Time between readings in s; replaces the times in the file.
    from_name
        Pattern of the file's name: ``"RTN_H={field_out_of_plane:Oe}.csv"``; ``*`` stands for
        anything.
    progress
        Called with (done, total) in bytes.

    Returns
    -------
    xarray.Dataset
        SI floats with ``units`` attributes.  A table has the dimension ``reading`` and one
        variable per column; a NetCDF file keeps its dimensions.  Attributes say how the file was
        read: ``assumed_units`` lists quantities taken as SI because their header has no unit or an
        arbitrary one, ``arbitrary_units`` the latter, ``ignored_columns`` the unknown headers,
        ``resistance_from`` how the resistance was calculated, if from voltage and current, and
        ``reading_remarks`` all else that was concluded or left out.

    Raises
    ------
    DataError
        The file is missing, too large or not a table, or a header, a unit or a value is wrong.

    Notes
    -----
    Ten million rows of two columns (0.2 GB of text) take about 2 s of one core.
    """
    options = ReadOptions.of(
        columns,
        skip_rows=skip_rows,
        sheet=sheet,
        ignore=ignore,
        reads=reads,
        interval=interval,
        from_name=from_name,
    )
    file = Path(path).expanduser()
    if file.is_dir():
        own = {**asdict(options), "progress": progress}
        return of_folder([load(one, **own) for one in files_in([file])], file)
    check_file(file)
    try:
        with unpacked(file, MAX_FILE) as plain:
            dataset = _read(plain, options, progress)
    except OSError as error:
        raise DataError(
            f"{file} cannot be read ({error.strerror or error}): check its permissions"
        ) from None
    if options.interval is None:
        dataset, said = with_seconds(dataset, file)
        remark(dataset, *([said] if said else []))
    mark_source(dataset, file, options)
    apply_options(dataset, file, options)
    dataset = _with_resistance(dataset)
    check_values(dataset)
    return dataset


def as_dataset(
    data: "str | Path | pd.DataFrame | xr.Dataset | Mapping[str, ArrayLike]",
    columns: Mapping[str, str] | None = None,
    **options: Any,
) -> "xr.Dataset":
    """Return a data set unchanged, or make one from a file or a table.

    Parameters
    ----------
    data
        A data set, the path of a file that :func:`load` reads, or a DataFrame, or arrays by name,
        with one row per reading, whose columns are named like those of a file:
        ``"resistance [kohm]"``; without a unit they are SI.
    columns, **options
        As in :func:`load`; the options are for files only.

    Raises
    ------
    DataError
        As in :func:`load`, or ``data`` is of another type.
    """
    import pandas as pd
    import xarray as xr

    if isinstance(data, str | Path):
        return load(data, columns, **options)
    if isinstance(data, pd.DataFrame):
        data = _from_frame(data, columns)
    elif isinstance(data, Mapping) and not isinstance(data, xr.Dataset):
        data = _from_frame(_frame(data), columns, "the dict")
    elif not isinstance(data, xr.Dataset):
        raise DataError(
            "a data set must be a path, a pandas.DataFrame, an xarray.Dataset or a dict of arrays, "
            f"not {type(data).__name__}"
        )
    check_values(data)
    return data


def _frame(arrays: "Mapping[str, ArrayLike]") -> "pd.DataFrame":
    """Return arrays by header as a table; a single number is that of every reading.

    Raises DataError if they are not of one length.
    """
    import pandas as pd

    columns = {str(header): np.asarray(values) for header, values in arrays.items()}
    sizes = {header: values.size for header, values in columns.items() if values.ndim}
    several = [header for header, values in columns.items() if values.ndim > 1]
    if not sizes or several or len(set(sizes.values())) > 1:
        found = listed(f"{h} {v.shape}" for h, v in columns.items())
        raise DataError(f"the dict must hold arrays of one dimension and length, not {found}")
    return pd.DataFrame(columns)


def _from_frame(
    frame: "pd.DataFrame",
    columns: Mapping[str, str] | None,
    name: str = "the DataFrame",
    ignore: Sequence[str] = (),
) -> "xr.Dataset":
    if frame.index.name is not None:
        frame = frame.reset_index()
    frame = frame.drop(columns=[name for name in frame.columns if _is_position(frame, name)])
    headers = [str(header) for header in frame.columns]
    found = match_columns(headers, columns, name, ignore)
    arrays = {
        column.name: _series(frame.iloc[:, column.position], column, name)
        for column in found.columns
    }
    content = complete(arrays, found, lambda _: None)
    if content is None:
        column = max(found.columns, key=lambda one: int(missing_in(arrays[one.name]).sum()))
        series = frame.iloc[:, column.position]
        raise _wrong_value(series, column, name, missing_in(arrays[column.name]))
    attrs = {str(key): value for key, value in frame.attrs.items()}
    dataset = _table(content, found, attrs, list(content.remarks), name)
    return _with_resistance(dataset)


def _is_position(frame: "pd.DataFrame", header: Any) -> bool:
    """Whether a column numbers the values of another one, as a dimension of a Dataset does."""
    name = name_of(str(header))
    if name in (None, header) or name not in frame.columns or frame[header].dtype.kind != "i":
        return False
    return bool(np.array_equal(np.unique(frame[header]), np.arange(frame[header].nunique())))


def _series(series: "pd.Series[Any]", column: Column, name: str) -> NDArray[Any]:
    """Return a column of a DataFrame as numbers, or as text where it is a label."""
    import pandas as pd

    if column.unit is None:
        return series.astype(str).to_numpy(dtype=np.str_)
    if column.name in WORDED and series.dtype.kind == "O":
        worded = states_of(series.astype(str))
        if worded is not None:
            return worded
    values = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.isnan(values)
    wrong[wrong] = [not is_missing(str(cell)) for cell in series[wrong]]
    if wrong.any():
        raise _wrong_value(series, column, name, wrong)
    return values


def _wrong_value(
    series: "pd.Series[Any]", column: Column, name: str, wrong: NDArray[np.bool_]
) -> DataError:
    """The error for the first value that is no number."""
    row = int(wrong.argmax())
    return DataError(
        f"{name}: reading {row + 1}, {wrong_cell(column.header, str(series.iloc[row]))}"
    )


def check_file(file: Path) -> None:
    """Raise DataError if a path is no file, or one that is empty or too large to read."""
    if not file.exists():
        raise DataError(
            f"{file} does not exist: expected text such as .csv, a workbook, or a .nc, .h5, .mat, "
            ".npz, .tdms or .parquet file"
        )
    if what := no_file(file):
        raise DataError(f"{file} is {what}, no file: write what it gives to a file, and read that")
    size = file.stat().st_size
    if size == 0:
        raise DataError(f"{file} is empty: expected a header and one row per reading")
    if size > MAX_FILE:
        raise DataError(
            f"{file} has {size / 1e6:.0f} MB, more than the limit of {MAX_FILE / 1e6:.0f} MB: "
            "split it into parts, for example one file per field"
        )


def _read(file: Path, options: ReadOptions, progress: Progress | None) -> "xr.Dataset":
    match file.suffix.lower():
        case ".nc":
            return read_netcdf(file, options.columns)
        case suffix if suffix in WORKBOOKS:
            return _from_sheet(file, options)
        case ".parquet" | ".pq":
            return _from_frame(read_parquet(file), options.columns, str(file), options.ignore)
        case ".h5" | ".hdf5" | ".he5":
            return _from_arrays(file, read_hdf5(file), options)
        case ".mat":
            return _from_arrays(file, read_matlab(file), options)
        case ".npz" | ".npy":
            return _from_arrays(file, read_numpy(file), options)
        case ".tdms":
            return _from_arrays(file, read_tdms(file), options)
        case suffix if TOUCHSTONE.fullmatch(suffix):
            return _from_arrays(file, read_touchstone(file), options)
        case _:
            with upright(file, options.skip_rows) as (table, turned):
                dataset = _from_text(table, options, progress)
            remark(dataset, *(["the file has one quantity per row, which is turned"] * turned))
            return dataset


def _from_sheet(file: Path, options: ReadOptions) -> "xr.Dataset":
    sheet = read_sheet(file, options.sheet, options.skip_rows, options.nameless)
    timed = options.interval is not None
    found = match_columns(sheet.headers, options.columns, str(file), options.ignore, timed=timed)
    found = found.without("time") if options.interval is not None else found
    content = sheet_columns(file, sheet, found)
    remarks = list(content.remarks)
    if sheet.others:
        others = listed(map(quoted, sheet.others))
        remarks.append(f"sheet {quoted(sheet.name)} is read, not {others} (--sheet)")
    dataset = _table(content, found, from_lines(sheet.comments), remarks, str(file))
    add_stated(dataset, pairs_of(sheet.preamble, sheet.comments), "the cells above the table")
    dataset.encoding |= {"alike": sheet.alike, "table": sheet.name}
    return dataset


def _from_arrays(file: Path, tables: Mapping[str, Arrays], options: ReadOptions) -> "xr.Dataset":
    chosen = choose_table(file, tables, options)
    dataset = _table(chosen.content, chosen.match, {}, list(chosen.remarks), str(file))
    add_sampling(dataset, chosen.arrays.sampling or sampling_of(chosen.arrays.pairs))
    add_stated(dataset, chosen.arrays.pairs, "the attributes of the table")
    unknown = not_understood(chosen.arrays.pairs)
    dataset.encoding |= {"alike": chosen.alike, "table": chosen.name, "unknown": unknown}
    return dataset


def _from_text(file: Path, options: ReadOptions, progress: Progress | None) -> "xr.Dataset":
    dialect = read_dialect(file, options.skip_rows, options.nameless)
    pairs = pairs_of(dialect.preamble, dialect.comments)
    headers = with_axis_units(dialect.headers, axis_units(pairs))
    if dialect.ticks is not None and options.interval is None:
        raise ticks_refused(file, dialect.ticks)
    sampling = dialect.sampling or sampling_of(pairs)
    timed = sampling is not None or options.interval is not None
    first = first_with_units(file, dialect)
    named, paired = with_errors_of_cells(headers, first)
    first = list(without_errors(first, paired))
    headers = tuple(with_units_of_cells(named, first))
    united = {n for n, cell in enumerate(first) if split_value(cell) is not None} | {*paired}
    texts = dialect.texts - united
    found = match_columns(headers, options.columns, str(file), options.ignore, texts, timed=timed)
    found = found.without("time") if options.interval is not None else found
    found, fraction = _with_fraction(headers, found, texts)
    if any(column.unit is not None and column.position in united for column in found.columns):
        content = read_united(file, dialect, found, paired)
    else:
        content = read_text(file, dialect, found, progress)
    remarks = list(content.remarks)
    if fraction is not None:
        parts = content.arrays[FRACTION]
        content.arrays["time"] += parts - parts[0]
        found = found.without(FRACTION)
    for column in found.columns:
        if column.name == "time" and column.position in texts:
            found = replace(found, assumed=tuple(n for n in found.assumed if n != "time"))
            remarks.append(f"times are those of the clock in column {quoted(column.header)}")
    dataset = _table(content, found, from_lines(dialect.comments), remarks, str(file))
    add_sampling(dataset, sampling)
    add_stated(dataset, pairs)
    remark_gain(dataset, pairs)
    return dataset


def _with_fraction(
    headers: Sequence[str], found: Match, texts: Collection[int]
) -> tuple[Match, int | None]:
    """Add the column that holds the fractions of the seconds of a clock, if there is one."""
    alike = [n for n, header in enumerate(headers) if header.casefold() == "fractional seconds"]
    clock = any(c.name == "time" and c.position in texts for c in found.columns)
    if len(alike) != 1 or not clock:
        return found, None
    column = Column(alike[0], headers[alike[0]], FRACTION, "s", False)
    ignored = tuple(header for header in found.ignored if header != column.header)
    return replace(found, columns=(*found.columns, column), ignored=ignored), alike[0]


def _table(
    content: Complete, found: Match, attrs: dict[str, Any], remarks: list[str], file: str
) -> "xr.Dataset":
    """Return the columns of a file as a data set in SI."""
    import xarray as xr

    variables = {}
    found = replace(
        found,
        columns=tuple(c for c in found.columns if c.name in content.arrays),
        assumed=tuple(name for name in found.assumed if name in content.arrays),
    )
    for column in found.columns:
        values = content.arrays[column.name]
        if column.unit is None:
            variables[column.name] = xr.Variable(READING, values, fastpath=True)
        else:
            unit = QUANTITIES[column.name].unit
            values = scaled(values, column.unit, unit)
            # Without the fast path xarray imports Dask where it is installed, which takes long.
            variables[column.name] = xr.Variable(READING, values, {"units": unit}, fastpath=True)
        variables[column.name].encoding |= {"header": column.header, "asked_for": column.asked_for}
    if found.assumed:
        attrs["assumed_units"] = list(found.assumed)
    if found.arbitrary:
        attrs["arbitrary_units"] = list(found.arbitrary)
    if found.ignored:
        attrs["ignored_columns"] = list(found.ignored)
    remarks += [
        f"column {quoted(c.header)} is read as the {c.name.replace('_', ' ')}"
        for c in found.columns
        if c.header in found.by_unit
    ]
    dataset = xr.Dataset(variables, attrs=attrs)
    if content.kept is not None:
        dataset.encoding["kept"] = content.kept
    dataset, limited = with_limits(dataset)
    dataset, replaced = with_equivalents(dataset, file)
    dataset, counted = with_counts(dataset, file)
    remark(dataset, *remarks, *limited, *replaced, *counted)
    return dataset


def _with_resistance(dataset: "xr.Dataset") -> "xr.Dataset":
    """Calculate the resistance if only voltage and current are measured."""
    dataset = _with_rectified(_from_conductance(dataset))
    measured = {"voltage", "current"}
    instead = {"resistance", "probability", "high", "dwell_time_high", "relaxation_time"}
    names = {str(name) for name in dataset.variables}
    if not measured <= names or instead & names or is_spectrum(dataset):
        return dataset
    dataset = _without_zero_current(dataset)
    lifted = ratio_bias(dataset)
    if lifted > 0:
        remark(
            dataset,
            f"the noise of the current lifts a mean of voltage / current by {100 * lifted:.2g} %, "
            "which is taken off",
        )
    resistance = dataset["voltage"] / dataset["current"] / (1 + lifted)
    dataset["resistance"] = resistance.assign_attrs(units=QUANTITIES["resistance"].unit)
    dataset.attrs["resistance_from"] = "voltage / current"
    return dataset


def _with_rectified(dataset: "xr.Dataset") -> "xr.Dataset":
    """Take a voltage that is measured beside a field and a microwave, and nothing else, for the
    rectified one."""
    names = {str(name) for name in dataset.variables}
    others = names - {*FIELDS, "angle", "temperature", *LABELS}
    if others != {"voltage", "frequency"} or not names & set(FIELDS):
        return dataset
    values = dataset["voltage"].values
    is_set = np.unique(values).size <= values.size / 2
    if is_set or float(dataset["frequency"].values.min()) < MICROWAVE:
        return dataset
    remark(dataset, "the voltage beside a field and a microwave is taken for the rectified one")
    return dataset.rename(voltage="signal")


def _from_conductance(dataset: "xr.Dataset") -> "xr.Dataset":
    """Give a conductance as the resistance that it is the inverse of, if there is no other."""
    if "conductance" not in dataset.variables or "resistance" in dataset.variables:
        return dataset
    values = dataset["conductance"].values
    if (values <= 0).any():
        place = value_place(dataset, "conductance", int((values <= 0).ravel().argmax()))
        raise DataError(
            f"{source_of(dataset)}: the conductance is not above 0 at {place}, so its inverse is "
            "no resistance: delete that row"
        )
    dataset["resistance"] = (1 / dataset["conductance"]).assign_attrs(units="ohm")
    dataset["resistance"].encoding |= dataset["conductance"].encoding
    dataset.attrs["resistance_from"] = "1 / conductance"
    return dataset.drop_vars("conductance")


def _without_zero_current(dataset: "xr.Dataset") -> "xr.Dataset":
    """Leave out readings of a sweep at no current, where voltage / current is no resistance."""
    current = dataset["current"].values.ravel()
    is_swept = float(current.min()) <= 0 <= float(current.max())
    small = np.abs(current) <= (SMALL if is_swept else 0.0) * float(np.abs(current).max())
    if not small.any():
        return dataset
    if small.sum() > MAX_SMALL * small.size or dataset["current"].dims != (READING,):
        place = value_place(dataset, "current", int(small.argmax()))
        raise DataError(
            f"{source_of(dataset)}: the current is 0 at {place}, so voltage / current is not a "
            "resistance: delete that row, or give a column of resistances"
        )
    kept = dataset.isel({READING: np.flatnonzero(~small)})
    kept.encoding |= dataset.encoding
    own = dataset.encoding.get("kept")
    kept.encoding["kept"] = np.flatnonzero(~small) if own is None else np.asarray(own)[~small]
    what = "1 reading" if small.sum() == 1 else f"{small.sum()} readings"
    remark(kept, f"{what} at hardly any current left out, where voltage / current is no resistance")
    return kept
