"""Physical couplings: a wire beside the junction, or a strained ferroelectric below it.

Either realises the map of another coupling, within the range of its driver, at a certain power.
"""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from smtj.card import CardLike, as_device
from smtj.errors import SmtjError
from smtj.nn.drive.coupling import AffineCoupling, Drive, matched
from smtj.physics.coupling.oersted import OerstedWire
from smtj.physics.coupling.strain import Ferroelectric, magnetoelastic_field, tilt_offset_field
from smtj.physics.device import vcma_point


class Driver(Protocol):
    """Turns currents in A or voltages in V into fields."""

    @property
    def largest_drive(self) -> float:
        """Maximum current or voltage, of either sign."""

    def power(self, drive: Tensor, interval: float | None) -> Tensor:
        """Return the power in W for currents or voltages an interval in s apart."""


class DrivenCoupling(nn.Module):
    """The map of another coupling, within the range of a physical driver.

    Parameters
    ----------
    map
        The coupling to realise; its range is narrowed to the driver's.
    driver
        The source of the field.
    field_per_drive
        H_⊥ in A/m per A or per V.
    static_field
        H_⊥ in A/m without a drive, e.g. of a patterned magnet.

    Raises
    ------
    SmtjError
        The driver produces no field along the normal.
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
            raise SmtjError(f"{type(driver).__name__} produces no field along the normal here")
        self.map = map
        self.driver = driver
        self.field_per_drive = field_per_drive
        self.static_field = static_field

    @property
    def _map(self) -> Any:
        return self.map

    @property
    def limit(self) -> float:
        """Maximum |H_⊥ - static field| of the map in A/m, apart from the driver's reach."""
        return float(self._map.limit)

    @limit.setter
    def limit(self, value: float) -> None:
        self._map.limit = value

    @property
    def reach(self) -> float:
        """Maximum change of H_⊥ from the static field in A/m, to either side."""
        return abs(self.field_per_drive) * self.driver.largest_drive

    def forward(self, x: Tensor) -> tuple[Tensor, Drive]:
        """Return the input and its map to a field."""
        x, drive = self.map(x)
        return x, drive._replace(limit=min(drive.limit, self.reach), centre=self.static_field)

    def drive(self, x: Tensor) -> Tensor:
        """Return currents in A or voltages in V for summed inputs of shape (..., features)."""
        x, (gain, offset, limit, centre) = self(x)
        field = torch.clamp(torch.addcmul(offset, gain, x), centre - limit, centre + limit)
        drive: Tensor = (field - centre) / self.field_per_drive
        return drive

    def power(self, x: Tensor, interval: float | None = None) -> Tensor:
        """Return the mean power of every neuron's driver in W, shape (features,).

        ``x`` are summed inputs, shape (..., features), an ``interval`` in s apart.  A wire's power
        does not depend on it; a ferroelectric takes none while its voltage is held (None).
        """
        power = self.driver.power(self.drive(x), interval)
        return power.reshape(-1, power.shape[-1]).mean(0)

    def extra_repr(self) -> str:
        """Return the text of ``print(model)``."""
        return f"{self.driver}, reach={self.reach:.4g} A/m, static_field={self.static_field:g} A/m"


def wire_coupling(
    card: CardLike,
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
        The device: a card, its name or its path.
    features
        Number of neurons.
    wire
        The wire and its driver; by default those of
        :class:`smtj.physics.coupling.oersted.OerstedWire`.
    current_per_unit
        Current in A per unit of summed input; by default one unit is 1/w, as in
        :func:`smtj.nn.matched`.
    static_field
        As in :class:`DrivenCoupling`; by default the wire's current also provides H_s.

    Examples
    --------
    >>> coupling = wire_coupling("cai2019", 32)
    >>> x = torch.randn(100, 32)
    >>> coupling.drive(x).shape, coupling.power(x).shape  # A; W per neuron
    (torch.Size([100, 32]), torch.Size([32]))
    """
    wire = OerstedWire() if wire is None else wire
    return _coupling(card, features, wire, wire.field_per_drive, current_per_unit, static_field)


def strain_coupling(
    card: CardLike,
    features: int,
    ferroelectric: Ferroelectric | None = None,
    *,
    voltage_per_unit: float | None = None,
    static_field: float = 0.0,
) -> DrivenCoupling:
    """Return a coupling through strain as in the paper, where it acts as a field along the normal.

    The field is the magnetoelastic one, H_me = 3 λ_s Y ε/(μ0 M_s).  That strain favours one of two
    opposite states is the paper's reading; the magnetoelastic energy alone does not, except on a
    tilted device (:func:`tilt_coupling`).  Parameters as in :func:`wire_coupling`, with
    ``voltage_per_unit`` in V per unit of summed input.
    """
    film = Ferroelectric() if ferroelectric is None else ferroelectric
    m_s = float(as_device(card).magnetism.saturation_magnetisation)
    per_volt = float(magnetoelastic_field(film.energy_density(1.0), m_s))
    return _coupling(card, features, film, per_volt, voltage_per_unit, static_field)


def tilt_coupling(
    card: CardLike,
    features: int,
    ferroelectric: Ferroelectric | None = None,
    *,
    voltage_per_unit: float | None = None,
    static_field: float | None = None,
) -> DrivenCoupling:
    """Return a coupling through strain that rotates the easy axis, so that H_in favours a state.

    The field is H_in (tan θ' - tan θ), to first order H_in tan(θ) K_me/K_eff; the effect of strain
    on the barrier is neglected.  The reach is small, so the static field is H_s by default.
    Parameters as in :func:`strain_coupling`.

    Raises
    ------
    SmtjError
        The card has no tilt or no in-plane field, without which strain favours no state.
    """
    film = Ferroelectric() if ferroelectric is None else ferroelectric
    card = as_device(card)
    magnetism = card.magnetism
    point = vcma_point(card)
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
    card: CardLike,
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
