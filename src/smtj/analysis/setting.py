"""How a measurement was taken: what its file says, and where it says nothing, what is taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smtj.card import DeviceCard
from smtj.measurement.schema import QUANTITIES, SIGNALS
from smtj.units import format_quantity

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What an analysis rests on beside the data."""

    card: DeviceCard
    """The card to start from."""
    source: str
    """What the data are called in a card and in messages."""
    integration_time: float | None = None
    """Time over which a reading averages, in s; None for what the file says, else the card."""
    conditions: Mapping[str, float] = field(default_factory=dict)
    """SI values of what the file does not say, by quantity."""


@dataclass(frozen=True)
class Conditions:
    """What was applied while readings were taken; SI units."""

    field_perpendicular: float
    field_parallel: float
    voltage: float
    temperature: float
    at_current: bool
    """Whether a current was held and the voltage read."""


def integration_time(dataset: "xr.Dataset", setting: Setting) -> tuple[float, tuple[str, ...]]:
    """Return the time over which a reading averages in s, and a remark where it is a guess."""
    if setting.integration_time is not None:
        return setting.integration_time, ()
    given = dataset.attrs.get("integration_time")
    if isinstance(given, int | float):
        return float(given), ()
    own = float(setting.card.switching.integration_time)
    return own, (
        f"the file does not say over what time a reading averages; {1e3 * own:g} ms of card "
        f"{setting.card.name} is taken, --integration-time sets another",
    )


def conditions_of(
    known: Mapping[str, float], dataset: "xr.Dataset", setting: Setting
) -> tuple[Conditions, tuple[str, ...]]:
    """Return the conditions of readings, and a remark where one is taken from elsewhere.

    Parameters
    ----------
    known
        What the file says, by quantity.
    dataset
        The readings; of a current bias they give the voltage.
    setting
        What stands for the rest: given conditions first, then the card; a field not named is 0.
    """
    card = setting.card
    defaults = {
        "field_perpendicular": (0.0, "Oe"),
        "field_parallel": (0.0, "Oe"),
        "voltage": (float(card.electrical.read_voltage), "mV"),
        "temperature": (float(card.thermal.temperature), "K"),
    }
    found = {**setting.conditions, **known}
    at_current = "current" in found and "voltage" not in found
    if at_current:
        found["voltage"] = found["current"] * float(np.median(dataset["resistance"].values))
    missing = [name for name in defaults if name not in found]
    values = {name: float(found.get(name, value)) for name, (value, _) in defaults.items()}
    units = {"voltage": "V", "temperature": "K"}
    taken = ", ".join(
        f"{name} {format_quantity(values[name], units.get(name, 'A/m'), defaults[name][1], 4)}"
        for name in missing
    )
    remarks = (f"the file does not say, so it is taken: {taken}",) if missing else ()
    return Conditions(**values, at_current=at_current), remarks


def with_conditions(dataset: "xr.Dataset", setting: Setting) -> "xr.Dataset":
    """Return spectra with the frequency or field that their file does not say but the setting does.

    Without either a spectrum is none; voltage and temperature are looked up where they matter.
    """
    if not set(SIGNALS) & {str(name) for name in dataset.variables}:
        return dataset
    fields = {"field_perpendicular", "field_parallel"}
    known = {str(name) for name in dataset.variables}
    wanted = {"frequency"} | (set() if known & fields else fields)
    missing = {
        name: ((), value, {"units": QUANTITIES[name].unit})
        for name, value in setting.conditions.items()
        if name in wanted - known
    }
    return dataset.assign_coords(missing) if missing else dataset


def linear_in_share(
    resistance: Floats, at_current: bool, middle: float | None = None
) -> tuple[Floats, float]:
    """Return readings so scaled that they average as the time spent in each state does.

    At a constant current the voltage averages and with it R; at a constant voltage the current,
    so 1/R does, here as 2R0 - R0²/R, which near R0 is R.

    Parameters
    ----------
    resistance
        In ohm.
    at_current
        Whether a current was held.
    middle
        R0 in ohm; by default the median.

    Returns
    -------
    tuple
        Readings in ohm, and R0 for :func:`resistance_of`, which is 0 at a constant current.
    """
    if at_current:
        return resistance, 0.0
    if middle is None:
        middle = float(np.median(resistance))
    return 2 * middle - middle**2 / resistance, middle


def resistance_of(level: Floats | float, middle: float) -> Floats:
    """Return a level of :func:`linear_in_share` as a resistance in ohm."""
    values = np.asarray(level, dtype=np.float64)
    return values if middle == 0 else middle**2 / (2 * middle - values)
