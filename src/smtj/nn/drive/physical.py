"""Couplings that exist: a wire beside the junction, or a strained ferroelectric below it.

Either makes the affine map of another coupling, within the range of its driver, and says what power
that takes.
"""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.nn.drive.coupling import AffineCoupling, Drive, matched
from smtj.physics.coupling.oersted import OerstedWire
from smtj.physics.coupling.strain import Ferroelectric, magnetoelastic_field, tilt_offset_field
from smtj.physics.device import operating_point


class Driver(Protocol):
    """What makes fields of currents in A or of voltages in V."""

    @property
    def largest_drive(self) -> float:
        """Largest current or voltage, of either sign."""

    def power(self, drive: Tensor, interval: float | None) -> Tensor:
        """Power in W for currents or voltages that follow one another at an interval in s."""


class DrivenCoupling(nn.Module):
    """The map of another coupling, as far as a driver reaches.

    Parameters
    ----------
    map
        The coupling whose map is made; its range is narrowed to the driver's.
    driver
        What makes the field.
    field_per_drive
        H_⊥ in A/m per A or per V.
    static_field
        H_⊥ in A/m that is there without a drive, such as that of a patterned magnet.

    Raises
    ------
    SmtjError
        The driver makes no field at all.
    """

    def __init__(
        self,
        map: nn.Module,
        driver: Driver,
        field_per_drive: float,
        static_field: float = 0.0,
    ) -> None:
        super().__init__()
        if field_per_drive == 0:
            raise SmtjError(f"{type(driver).__name__} makes no field along the normal here")
        self.map = map
        self.driver = driver
        self.field_per_drive = field_per_drive
        self.static_field = static_field

    @property
    def _map(self) -> Any:
        return self.map

    @property
    def limit(self) -> float:
        """Largest |H_⊥ - static field| of the map in A/m, whatever the driver reaches."""
        return float(self._map.limit)

    @limit.setter
    def limit(self, value: float) -> None:
        self._map.limit = value

    @property
    def reach(self) -> float:
        """How far in A/m the driver moves H_⊥ from the static field, to either side."""
        return abs(self.field_per_drive) * self.driver.largest_drive

    def forward(self, x: Tensor) -> tuple[Tensor, Drive]:
        """Return the input and the map that turns it into a field."""
        x, drive = self.map(x)
        return x, drive._replace(limit=min(drive.limit, self.reach), centre=self.static_field)

    def drive(self, x: Tensor) -> Tensor:
        """Return the currents in A or voltages in V for summed inputs of shape (..., features)."""
        x, (gain, offset, limit, centre) = self(x)
        field = torch.clamp(torch.addcmul(offset, gain, x), centre - limit, centre + limit)
        drive: Tensor = (field - centre) / self.field_per_drive
        return drive

    def power(self, x: Tensor, interval: float | None = None) -> Tensor:
        """Return the mean power of every neuron's driver in W.

        Parameters
        ----------
        x
            Summed inputs, shape (..., features).
        interval
            Time from one input to the next in s; a wire takes the same power for any, a
            ferroelectric none for a voltage that is held (None).

        Returns
        -------
        Tensor
            Shape (features,).
        """
        power = self.driver.power(self.drive(x), interval)
        return power.reshape(-1, power.shape[-1]).mean(0)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows of this coupling."""
        return f"{self.driver}, reach={self.reach:.4g} A/m, static_field={self.static_field:g} A/m"


def wire_coupling(
    card: DeviceCard,
    features: int,
    wire: OerstedWire | None = None,
    *,
    current_per_unit: float | None = None,
    static_field: float = 0.0,
) -> DrivenCoupling:
    """Return a coupling through an Oersted wire beside each junction.

    Parameters
    ----------
    card
        The device.
    features
        Number of neurons.
    wire
        The wire and its driver; by default :class:`smtj.physics.coupling.oersted.OerstedWire`'s
        own numbers.
    current_per_unit
        In A per unit of summed input; by default what makes one unit 1/w, as
        :func:`smtj.nn.drive.coupling.matched` does.
    static_field
        As of :class:`DrivenCoupling`.  By default the wire's current makes H_s as well.
    """
    wire = OerstedWire() if wire is None else wire
    return _coupling(card, features, wire, wire.field_per_drive, current_per_unit, static_field)


def strain_coupling(
    card: DeviceCard,
    features: int,
    ferroelectric: Ferroelectric | None = None,
    *,
    voltage_per_unit: float | None = None,
    static_field: float = 0.0,
) -> DrivenCoupling:
    """Return a coupling through strain as the paper has it, which acts as a field along the normal.

    The field is the magnetoelastic one, H_me = 3 λ_s Y ε/(μ0 M_s).  That a strain should favour one
    of two opposite states is the paper's reading, not what the magnetoelastic energy does alone;
    :func:`tilt_coupling` is what it does on a tilted device.

    Parameters
    ----------
    card, features
        As of :func:`wire_coupling`.
    ferroelectric
        The film and its driver.
    voltage_per_unit
        In V per unit of summed input; by default what makes one unit 1/w.
    static_field
        As of :class:`DrivenCoupling`.
    """
    film = Ferroelectric() if ferroelectric is None else ferroelectric
    m_s = float(card.magnetism.saturation_magnetisation)
    per_volt = float(magnetoelastic_field(film.energy_density(1.0), m_s))
    return _coupling(card, features, film, per_volt, voltage_per_unit, static_field)


def tilt_coupling(
    card: DeviceCard,
    features: int,
    ferroelectric: Ferroelectric | None = None,
    *,
    voltage_per_unit: float | None = None,
    static_field: float | None = None,
) -> DrivenCoupling:
    """Return a coupling through strain that turns the easy axis, so that H_in favours a state.

    The field is H_in (tan θ' - tan θ) to first order, H_in tan(θ) K_me/K_eff; strain's effect on
    the barrier is left out.  The reach is small, so the static field is H_s by default.

    Parameters
    ----------
    card, features, ferroelectric, voltage_per_unit, static_field
        As of :func:`strain_coupling`.

    Raises
    ------
    SmtjError
        The card has no tilt or no in-plane field, without which strain favours no state.
    """
    film = Ferroelectric() if ferroelectric is None else ferroelectric
    magnetism = card.magnetism
    point = operating_point(card)
    per_volt = float(
        tilt_offset_field(
            point.energy_density,
            film.energy_density(1.0),
            magnetism.easy_axis_tilt,
            magnetism.in_plane_bias_field,
        )
    )
    if per_volt == 0:
        raise SmtjError(
            f"card {card.name} has no tilted easy axis or no in-plane field, and without both "
            "strain favours neither state; couple it through a wire"
        )
    if static_field is None:
        static_field = float(point.offset_field)
    return _coupling(card, features, film, per_volt, voltage_per_unit, static_field)


def _coupling(
    card: DeviceCard,
    features: int,
    driver: Driver,
    field_per_drive: float,
    drive_per_unit: float | None,
    static_field: float,
) -> DrivenCoupling:
    map = matched(card, features)
    if drive_per_unit is not None:
        gain = torch.full((features,), drive_per_unit * field_per_drive)
        map = AffineCoupling(gain, map.offset, map.limit)
    return DrivenCoupling(map, driver, field_per_drive, static_field)
