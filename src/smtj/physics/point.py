"""What every operating point gives, whether it follows from physics or was measured."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj.card import Card
from smtj.physics import switching
from smtj.physics.arrays import Array
from smtj.physics.states import Derived, StateResistances
from smtj.tables import Tabular
from smtj.units import convert, kohm

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class SwitchingPoint(Tabular):
    """How a device switches at a drive, a bias and a temperature; SI units.

    ``field`` is the drive, in the unit of ``card.drive``: a field unless the card says otherwise.
    Methods take another drive, by default this one.
    """

    card: Card
    voltage: Array
    """V in V."""
    field: Array
    """The drive."""
    temperature: Array
    """T in K."""
    slope: Array
    """w per unit of the drive."""
    offset_field: Array
    """The drive at which P(high) is one half."""

    @abstractmethod
    def log_dwell_times(self, field: Array | None = None) -> tuple[Array, Array]:
        """ln(τ_high/s) and ln(τ_low/s)."""

    @abstractmethod
    def dwell_times(self, field: Array | None = None) -> tuple[Array, Array]:
        """τ_high and τ_low in s."""

    @abstractmethod
    def resistances(self, field: Array | None = None) -> StateResistances:
        """Resistances of both states in ohm."""

    @abstractmethod
    def derived(self) -> list[Derived]:
        """What is known at this point, row by row."""

    @property
    def has_resistances(self) -> bool:
        """Whether the card knows the resistances."""
        return True

    def log_relaxation_time(self, field: Array | None = None) -> Array:
        """ln(τ_r/s), 1/τ_r = 1/τ_high + 1/τ_low."""
        return switching.log_relaxation_time(*self.log_dwell_times(field))

    def switching_probability(self, field: Array | None = None) -> Array:
        """P(high) (Eq. 5)."""
        return switching.switching_probability(self._at(field), self.slope, self.offset_field)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot P(high) against the drive, with the resistances of both states on a second axis.

        An array of voltages or temperatures gives a curve each.
        """
        from smtj import plot

        drive = self.card.drive
        scale = convert(1.0, drive.unit, drive.show)
        points = (self.voltage, self.temperature, self.slope, self.offset_field)
        voltages, temperatures, slopes, offsets = (
            np.ravel(entry) for entry in np.broadcast_arrays(*map(plain, points))
        )
        reach = float(np.max(8 / np.abs(slopes)))
        x = np.linspace(offsets.min() - reach, offsets.max() + reach, 201)
        with plot.axes(ax, 4.4, 3.0) as axes:
            right = axes.twinx() if self.has_resistances else None
            for v, t, w, middle in zip(voltages, temperatures, slopes, offsets, strict=True):
                p = switching.switching_probability(x, w, middle)
                label = f"{plot.signed(1e3 * v, 'mV')}, {t:.0f} K"
                (line,) = axes.plot(x * scale, p, label=label)
                if right is None:
                    continue
                found = self.card.under_bias(float(v), float(t)).resistances(x)
                for ohm in (found.high, found.low):
                    values = np.broadcast_to(ohm, x.shape) / kohm
                    right.plot(x * scale, values, ":", color=line.get_color())
            here = np.broadcast_arrays(plain(self.field), plain(self.switching_probability()))
            axes.plot(np.ravel(here[0]) * scale, np.ravel(here[1]), "o", color=plot.GREY)
            axes.set_xlabel(drive.label)
            axes.set_ylabel("P(high)")
            if right is not None:
                right.set_ylabel(r"$R$ of both states, dotted (k$\Omega$)")
                right.spines["right"].set_visible(True)
            axes.set_title(self.card.name)
            axes.legend(loc="center right")
        return axes

    def _at(self, field: Array | None) -> Array:
        return self.field if field is None else field


def plain(value: Array) -> Any:
    """A float, array or tensor as a number or nested lists."""
    return value.tolist() if hasattr(value, "tolist") else float(value)
