"""How a measurement was taken: what its file says, and where it says nothing, what is taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from smtj.card import DeviceCard
from smtj.measurement.format.schema import QUANTITIES, SIGNALS
from smtj.units import format_quantity

if TYPE_CHECKING:
    import xarray as xr


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

    field_out_of_plane: float
    field_in_plane: float
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
        "field_out_of_plane": (0.0, "Oe"),
        "field_in_plane": (0.0, "Oe"),
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
    fields = {"field_out_of_plane", "field_in_plane"}
    known = {str(name) for name in dataset.variables}
    wanted = {"frequency"} | (set() if known & fields else fields)
    missing = {
        name: ((), value, {"units": QUANTITIES[name].unit})
        for name, value in setting.conditions.items()
        if name in wanted - known
    }
    return dataset.assign_coords(missing) if missing else dataset
