"""How a measurement was taken: what its file says, and defaults for the rest."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj.analysis.result import (
    BehaviourWriter,
    FitResult,
    Kind,
    MeasurementsOf,
    Picture,
    Update,
    Verdict,
)
from smtj.card import DeviceCard
from smtj.inference.stats.estimate import Estimate
from smtj.measurement import field_direction_stated
from smtj.measurement.format.schema import QUANTITIES, SIGNALS
from smtj.units import format_quantity

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Context:
    """What a fit rests on besides the data."""

    card: DeviceCard
    """The card that results are written onto."""
    source: str
    """Name of the data on cards and in messages."""
    integration_time: float | None = None
    """Time over which a reading averages, in s; by default that of the file."""
    bandwidth: float | None = None
    """Of the readout, in Hz."""
    conditions: Mapping[str, float] = field(default_factory=dict)
    """SI values by quantity, for what the file does not say."""
    has_base: bool = True
    """Whether :attr:`card` is that of the device, so that its values may be used."""

    def result(
        self,
        kind: Kind,
        title: str,
        fit: Any,
        estimates: Iterable[Estimate],
        remarks: Iterable[str],
        picture: Picture,
        *,
        verdict: Verdict = "ok",
        update: Update | None = None,
        behaviour: BehaviourWriter | None = None,
        measured: MeasurementsOf | None = None,
        condition: str = "",
    ) -> FitResult:
        """Return a result of these data; each remark is kept once."""
        return FitResult(
            kind=kind,
            title=f"{self.source}: {title}",
            source=self.source,
            base=self.card,
            estimates=tuple(estimates),
            remarks=tuple(dict.fromkeys(remarks)),
            verdict=verdict,
            fit=fit,
            picture=picture,
            update=update,
            behaviour=behaviour,
            measured=measured,
            has_base=self.has_base,
            condition=condition,
        )

    @property
    def has_drives(self) -> bool:
        """Whether the base card has a spin torque or is heated by its current."""
        card = self.card
        return self.has_base and not (
            card.spin_torque is None and card.thermal.thermal_resistance is None
        )

    def not_on_base(self, what: str, them: str = "them") -> str:
        """Return a remark on results, with their verb, that belong on a card of behaviour only."""
        return f"{what} nothing on a card with physics; without --base (base=) a card holds {them}"


@dataclass(frozen=True)
class OperatingConditions:
    """What was applied while readings were taken; SI units."""

    field_out_of_plane: float
    field_in_plane: float
    voltage: float
    temperature: float
    at_current: bool
    """Whether a current was held and the voltage read."""
    unknown: frozenset[str] = frozenset()
    """Of these the values are only those of the card that results are written onto."""
    assumed: frozenset[str] = frozenset()
    """What neither the data nor the user states."""
    direction_stated: bool = True
    """Whether the direction of the field is known."""

    def known(self) -> dict[str, float]:
        """Return SI values by name, without those that are unknown."""
        names = ("field_out_of_plane", "field_in_plane", "voltage", "temperature")
        return {name: getattr(self, name) for name in names if name not in self.unknown}

    @property
    def shown_voltage(self) -> str:
        """The voltage that was applied; empty if it is unknown, or follows from the readings."""
        is_applied = "voltage" not in self.unknown and not self.at_current
        return show_voltage(self.voltage) if is_applied else ""

    def text(self) -> str:
        """Return the known ones of voltage and temperature, e.g. ``"100 mV, 300 K"``."""
        temperature = "" if "temperature" in self.unknown else f"{self.temperature:g} K"
        return ", ".join(filter(None, (self.shown_voltage, temperature)))


def averaging(dataset: "xr.Dataset", context: Context) -> tuple[float | None, tuple[str, ...]]:
    """Return the integration time of a reading in s, and a remark if it is an assumption.

    None if nobody states it: the fit looks for it in the readings.
    """
    if context.integration_time is not None:
        return context.integration_time, ()
    given = dataset.attrs.get("integration_time")
    if isinstance(given, int | float):
        return float(given), ()
    own = float(context.card.switching.integration_time)
    spacing = (
        float(np.diff(dataset["time"].values).min(initial=math.inf))
        if "time" in dataset
        else math.inf
    )
    if context.has_base and own <= spacing:
        return own, (
            f"the file states no integration time; assumed {1e3 * own:g} ms as on card "
            f"{context.card.name} (change it with --integration-time)",
        )
    if context.bandwidth is not None:
        return None, ()
    return None, (
        "no integration time is stated, so it was sought in the readings, which count as instants "
        "unless said otherwise; --integration-time or --bandwidth gives it",
    )


def conditions_of(
    known: Mapping[str, float], dataset: "xr.Dataset", context: Context
) -> tuple[OperatingConditions, tuple[str, ...]]:
    """Return the conditions of readings, and a remark on those that the file does not state.

    ``known`` are those of the file; the context and then the device's card supply the rest, missing
    fields are 0, and under a current bias the readings give the voltage.
    """
    card = context.card
    defaults: dict[str, tuple[float, str, str]] = {
        "field_out_of_plane": (0.0, "A/m", "Oe"),
        "field_in_plane": (0.0, "A/m", "Oe"),
        "voltage": (float(card.electrical.read_voltage), "V", "mV"),
        "temperature": (float(card.thermal.temperature), "K", "K"),
    }
    found = {**context.conditions, **known}
    observable = dataset.attrs.get("observable")
    at_current = ("current" in found and "voltage" not in found) or observable is not None
    if observable == "voltage":
        found["voltage"] = float(np.median(np.abs(dataset["resistance"].values)))
    elif at_current and observable is None:
        found["voltage"] = found["current"] * float(np.median(dataset["resistance"].values))
    values = {name: float(found.get(name, value)) for name, (value, *_) in defaults.items()}
    # A current that is swept leaves no voltage to state.
    is_swept = "current" in dataset.variables and bool(np.ptp(dataset["current"].values) > 0)
    left_out = {"voltage"} if is_swept else set()
    missing = [name for name in defaults if name not in {*found, *left_out}]
    unknown = [] if context.has_base else [n for n in missing if n in ("voltage", "temperature")]
    assumed = [
        f"{name} {format_quantity(values[name], *defaults[name][1:], 4)}"
        for name in missing
        if name not in unknown
    ]
    remarks = []
    if assumed:
        remarks.append(f"not in the file, so assumed: {', '.join(assumed)}")
    if unknown:
        options = " and ".join(f"--{name}" for name in unknown)
        them = "them" if len(unknown) > 1 else "it"
        remarks.append(f"{' and '.join(unknown)} unknown; give {them} with {options}")
    conditions = OperatingConditions(
        **values,
        at_current=at_current,
        unknown=frozenset(unknown) | (left_out - found.keys()),
        assumed=frozenset(missing),
        direction_stated=field_direction_stated(dataset),
    )
    return conditions, tuple(remarks)


def constants_in(dataset: "xr.Dataset", *names: str) -> dict[str, float]:
    """Return SI values by name of what is stated and the same for all readings."""
    stated = {name: np.ravel(dataset[name].values) for name in names if name in dataset.variables}
    return {
        name: float(values[0])
        for name, values in stated.items()
        if values.size and np.ptp(values) == 0
    }


def show_voltage(voltage: float) -> str:
    """Return a bias in V as text, e.g. ``"100 mV"``; rounded, as 1e-17 V should read 0 mV."""
    return format_quantity(round(voltage, 9), "V", "mV", 4)


def with_conditions(dataset: "xr.Dataset", context: Context) -> "xr.Dataset":
    """Return spectra with the frequency or field that only the context states.

    Spectra need both; voltage and temperature are looked up where they matter.
    """
    known = {str(name) for name in dataset.variables}
    if not set(SIGNALS) & known:
        return dataset
    fields = {"field_out_of_plane", "field_in_plane"}
    wanted = {"frequency"} | (set() if known & fields else fields)
    missing = {
        name: ((), value, {"units": QUANTITIES[name].unit})
        for name, value in context.conditions.items()
        if name in wanted - known
    }
    return dataset.assign_coords(missing) if missing else dataset
