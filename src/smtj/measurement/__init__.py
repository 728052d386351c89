"""Measured and virtual data sets, and their files.

A data set is an :class:`xarray.Dataset` of SI floats with ``units`` attributes.  A measured file
has one dimension, ``reading``, and one variable per column; the lab's data sets have several.
"""

from smtj.measurement.checks import increasing_time, require, unique_fields
from smtj.measurement.conditions import (
    field_direction_stated,
    groups,
    kind_of,
    measured_bias,
    observable_of,
    swept_bias,
)
from smtj.measurement.description import FileDescription, describe
from smtj.measurement.folders import files_in, left_out
from smtj.measurement.format.columns import parse_columns
from smtj.measurement.format.schema import LABELS, QUANTITIES
from smtj.measurement.loading import as_dataset, load
from smtj.measurement.locations import source_of
from smtj.measurement.long_format import table
from smtj.measurement.saving import save
from smtj.measurement.selection import parse_only, select
from smtj.measurement.series import load_tables
from smtj.measurement.splitting import Sweep, sweeps
from smtj.measurement.stated import numbers_in_names

__all__ = [
    "LABELS",
    "QUANTITIES",
    "FileDescription",
    "Sweep",
    "as_dataset",
    "describe",
    "field_direction_stated",
    "files_in",
    "groups",
    "increasing_time",
    "kind_of",
    "left_out",
    "load",
    "load_tables",
    "measured_bias",
    "numbers_in_names",
    "observable_of",
    "parse_columns",
    "parse_only",
    "require",
    "save",
    "select",
    "source_of",
    "sweeps",
    "swept_bias",
    "table",
    "unique_fields",
]
