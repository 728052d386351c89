"""Dwell times of a card by exact escape rates, and by the law that the card names."""

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import CardLike, as_device
from smtj.physics.device import log_dwell_times_in_field
from smtj.physics.escape.diffusion import log_diffusion
from smtj.physics.escape.sweep import log_rates
from smtj.physics.free_layer import high_state_is_up, macrospin
from smtj.physics.junction import with_stray_field
from smtj.physics.magnetics.equilibrium import ReducedEnergy, log_weights, reduced_energy
from smtj.typing import Floats


def card_log_dwell_times(
    card: CardLike,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    voltage: ArrayLike = 0.0,
    temperature: ArrayLike | None = None,
) -> tuple[Floats, Floats]:
    """ln(τ_high/s) and ln(τ_low/s) by the law that ``switching.dwell_times`` of the card names.

    ``neel-brown``, the default of both switching models, is Eq. 3, 4 and 6 with the card's τ0;
    ``exact`` is :func:`exact_log_dwell_times`.  Arguments and errors as there.
    """
    card = as_device(card)
    if card.switching.dwell_times == "exact":
        return exact_log_dwell_times(card, field_x, field_y, field_z, voltage, temperature)
    x, y, z, bias = (np.asarray(v, dtype=np.float64) for v in (field_x, field_y, field_z, voltage))
    high, low = log_dwell_times_in_field(card, x, y, z, bias, temperature)
    return np.asarray(high), np.asarray(low)


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
    relaxation rate of the Fokker-Planck equation, their ratio is that of the Boltzmann weights.
    They depend on the card's damping, not on its τ0 and H_k,eff; a given H_s acts as a stray field
    along the easy axis.

    Speed and precision are those of :func:`smtj.physics.escape.sweep.log_rates`: 2 ms per field
    without tilt and in-plane field; else 0.2 to 2 s per solve, from a damping of 0.1 to 0.02, and 9
    to 33 cached solves for a sweep of any number of fields.

    Arguments as in :func:`smtj.physics.junction.card_wells`.

    Raises
    ------
    CardError, SmtjError
        There are no two wells, or as :func:`smtj.physics.free_layer.macrospin`.
    """
    card = as_device(card)
    damping = float(card.magnetism.damping)
    bias = np.asarray(voltage, dtype=np.float64)
    x, z = with_stray_field(card, field_x, field_z, bias)
    y = np.asarray(field_y, dtype=np.float64)
    spin = macrospin(card, bias, temperature)
    energy = ReducedEnergy(*np.broadcast_arrays(*reduced_energy(spin, x, y, z)))
    shape = np.shape(energy.along)
    flat = ReducedEnergy(*(np.reshape(entry, -1) for entry in energy))
    log_rate = log_rates(flat, damping).reshape(shape) + log_diffusion(spin, damping)
    log_up, log_down = log_weights(spin, z, x, y)
    log_both = np.logaddexp(log_up, log_down) - log_rate
    up, down = np.asarray(log_both - log_down), np.asarray(log_both - log_up)
    return (up, down) if high_state_is_up(card) else (down, up)
