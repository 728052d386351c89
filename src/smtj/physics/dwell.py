"""Dwell times of a card under a field, a voltage and a temperature, by the law that it names.

Two laws without torque, ``neel-brown`` and ``exact``; to either is added what the voltage does:

* VCMA moves the barrier;
* a field-like torque is a field along the reference layer;
* a damping-like torque changes ln τ by what the Fokker-Planck equation says
  (:mod:`smtj.physics.torque.dwell`);
* Joule's heat raises the temperature by R_th V²/R of the state that is occupied.
"""

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import CardLike, DeviceCard, as_device
from smtj.physics.device import log_dwell_times_in_field
from smtj.physics.escape.diffusion import log_diffusion
from smtj.physics.escape.sweep import log_rates
from smtj.physics.free_layer import high_state_is_up, macrospin, reference_direction
from smtj.physics.junction import state_resistances, with_stray_field
from smtj.physics.magnetics.equilibrium import ReducedEnergy, log_weights, reduced_energy
from smtj.physics.torque.dwell import log_dwell_changes
from smtj.physics.torque.fields import torque_fields
from smtj.typing import Floats


def card_log_dwell_times(
    card: CardLike,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    voltage: ArrayLike = 0.0,
    temperature: ArrayLike | None = None,
    *,
    law: str | None = None,
) -> tuple[Floats, Floats]:
    """ln(τ_high/s) and ln(τ_low/s) with all that a voltage does.

    ``law`` is ``neel-brown``, Eq. 3, 4 and 6 with the card's τ0, or ``exact``, as in
    :func:`exact_log_dwell_times`; by default that of ``switching.dwell_times`` of the card.  The
    temperature in K, by default the card's, is that without Joule's heat.  Other arguments and
    errors as in :func:`smtj.physics.junction.card_wells` and
    :func:`smtj.physics.torque.dwell.log_dwell_changes`.

    Examples
    --------
    >>> import smtj
    >>> card = smtj.load_card("funatsu2022").replace({"spin_torque.polarisation": 0.6})
    >>> ratios = []
    >>> for voltage in (0.0, 0.02):
    ...     high, low = card_log_dwell_times(card, 0.0, 0.0, 0.0, voltage)
    ...     ratios.append(float(high - low))
    >>> [round(ratio, 2) for ratio in ratios]
    [0.0, -22.32]
    """
    card = as_device(card)
    law = card.switching.dwell_times if law is None else law
    own = float(card.thermal.temperature) if temperature is None else temperature
    bias = np.asarray(voltage, dtype=np.float64)
    x, y, z = (np.asarray(entry, dtype=np.float64) for entry in (field_x, field_y, field_z))
    if card.thermal.thermal_resistance is None:
        return _log_dwell_times(card, x, y, z, bias, own, law)
    hot, other = state_temperatures(card, x, y, z, bias, own)
    high, _ = _log_dwell_times(card, x, y, z, bias, hot, law)
    _, low = _log_dwell_times(card, x, y, z, bias, other, law)
    return high, low


def state_temperatures(
    card: CardLike,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    voltage: ArrayLike,
    temperature: ArrayLike | None = None,
) -> tuple[Floats, Floats]:
    """T + R_th V²/R in K of the high and of the low state; arguments as above.

    Without ``thermal.thermal_resistance`` both are the temperature given.
    """
    card = as_device(card)
    given = float(card.thermal.temperature) if temperature is None else temperature
    own = np.asarray(given, dtype=np.float64)
    states = state_resistances(card, field_x, field_y, field_z, voltage, own)
    per_watt = float(card.thermal.thermal_resistance or 0.0)
    high, low = (
        np.asarray(own + per_watt * states.voltage_high**2 / resistance)
        for resistance in (states.high, states.low)
    )
    return high, low


def _log_dwell_times(
    card: DeviceCard,
    field_x: Floats,
    field_y: Floats,
    field_z: Floats,
    voltage: Floats,
    temperature: ArrayLike,
    law: str,
) -> tuple[Floats, Floats]:
    """ln(τ/s) at the temperature of the layer, with VCMA and both torques."""
    # All torques go with 1/M_s, and the card's are those at its own temperature.
    stronger = macrospin(card).moment / macrospin(card, 0.0, temperature).moment
    push = torque_fields(card).field_like * stronger * voltage
    x, y, z = (
        component + push * part
        for component, part in zip(
            (field_x, field_y, field_z), reference_direction(card), strict=True
        )
    )
    if law == "exact":
        high, low = _exact(card, x, y, z, voltage, temperature)
    else:
        high, low = log_dwell_times_in_field(card, x, y, z, voltage, temperature)
    longer_high, longer_low = log_dwell_changes(card, x, y, z, voltage, temperature)
    return np.asarray(high + longer_high), np.asarray(low + longer_low)


def exact_log_dwell_times(
    card: CardLike,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    voltage: ArrayLike = 0.0,
    temperature: ArrayLike | None = None,
) -> tuple[Floats, Floats]:
    """ln(τ_high/s) and ln(τ_low/s) of the macrospin that the card's free layer is.

    Defined as in :func:`smtj.physics.escape.relaxation.log_dwell_times`: their rates add up to the
    relaxation rate of the Fokker-Planck equation, their ratio is that of the Boltzmann weights, or
    under a spin torque that of the stationary occupancies.  Below a barrier of 3 k_B T the first
    goes over into the correlation of the occupancy (:mod:`smtj.physics.escape.two_states`).  They
    depend on the card's damping, not on its τ0 and H_k,eff; a given H_s acts as a stray field along
    the easy axis.

    Speed and precision are those of :func:`smtj.physics.escape.sweep.log_rates`: 2 ms per field
    without tilt and in-plane field; else 0.2 to 2 s per solve, from a damping of 0.1 to 0.02, and 9
    to 33 cached solves for a sweep of any number of fields.  For a spin torque see
    :func:`smtj.physics.torque.dwell.log_dwell_changes`.

    Arguments as in :func:`smtj.physics.junction.card_wells`.

    Raises
    ------
    CardError, SmtjError
        There are no two wells, or as :func:`smtj.physics.free_layer.macrospin`.
    """
    given = (field_x, field_y, field_z, voltage, temperature)
    return card_log_dwell_times(card, *given, law="exact")


def _exact(
    card: DeviceCard,
    field_x: Floats,
    field_y: Floats,
    field_z: Floats,
    voltage: Floats,
    temperature: ArrayLike,
) -> tuple[Floats, Floats]:
    damping = float(card.magnetism.damping)
    x, z = with_stray_field(card, field_x, field_z, voltage)
    spin = macrospin(card, voltage, temperature)
    energy = ReducedEnergy(*np.broadcast_arrays(*reduced_energy(spin, x, field_y, z)))
    shape = np.shape(energy.along)
    flat = ReducedEnergy(*(np.reshape(entry, -1) for entry in energy))
    log_rate = log_rates(flat, damping).reshape(shape) + log_diffusion(spin, damping)
    log_up, log_down = log_weights(spin, z, x, field_y)
    log_both = np.logaddexp(log_up, log_down) - log_rate
    up, down = np.asarray(log_both - log_down), np.asarray(log_both - log_up)
    return (up, down) if high_state_is_up(card) else (down, up)
