"""Relaxation rates of the devices of a layer: 1/τ_r = 1/τ_high + 1/τ_low (Eq. 3 and 4).

With the log-odds a = w (H_⊥ - H_s) of Eq. 5, the reduced field is h = a/4Δ, limited to |h| ≤ 1, and

    1/τ_r = (2/τ0) e^-Δ · e^-Δh² cosh(2Δh):

the rate at H_s times a field-dependent factor; away from H_s devices are faster.  The ratio of the
dwell times is that of P(high) and 1 - P(high) of Eq. 5 while |h| ≤ 1.  Beyond, one state has no
barrier and Eq. 3 and 4 end, but P(high) continues: the rate stays that at |h| = 1, and the dwell
times follow from it and the P(high) of Eq. 5, so the mean of the reads equals that of independent
reads at every field.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from smtj.card import BehaviouralCard, Card, DeviceCard, as_device
from smtj.errors import SmtjError
from smtj.nn.devices.bias import follow, voltage_spline, voltages_of_spline
from smtj.nn.devices.variation import DeviceVariation, chip_temperature, no_variation
from smtj.nn.reads.scheme import ReadScheme

MIN_CURVATURE = 1e-4
"""Curvature below which ln τ is taken as straight: Δ = 625."""


def relaxation(
    card: Card,
    devices: DeviceVariation,
    slope: Tensor,
    voltage: Tensor | float,
    temperature: Tensor | float | None = None,
) -> Tensor:
    """Return ln(1/τ_r) at H_s, τ_r in s, and Δ of every device, shape (2, features), no gradient.

    In the paper's model Δ = |w| H_k,eff/4 by Eq. 5; a device's factor on w that is not its
    barrier's acts on H_k,eff.  ``slope`` is w in 1/(A/m) at the voltage in V, a number or of shape
    () or (features,), and at the ambient temperature in K.  Raises SmtjError if the card asks for
    exact dwell times.
    """
    if isinstance(card, BehaviouralCard):
        return _measured(card, len(slope), voltage, temperature)
    card = as_device(card)
    if card.switching.dwell_times == "exact":
        raise SmtjError(
            f"card {card.name} has switching.dwell_times = exact, but the reads of a neuron follow "
            "Eq. 3 and 4; set neel-brown, or read without a scheme"
        )
    with torch.no_grad():
        given = card.switching.effective_anisotropy_field
        if card.switching.model == "cai2019" and given is not None:
            # H_k,eff does not depend on voltage and temperature; the slope has the rest.
            barrier = torch.where(devices.slope_factor > 0, slope / devices.slope_factor, 0.0)
            stability = barrier.abs() * float(given) / 4
        else:
            # In this model the slope does not depend on the barrier.
            kelvin = None if temperature is None else float(temperature)
            kelvin = chip_temperature(card, devices, kelvin)
            if not isinstance(voltage, Tensor) or voltage.ndim == 0:
                stability = _nominal(card, float(voltage), kelvin) * devices.barrier_factor
            else:
                point = card.under_bias(voltage, kelvin)
                stability = point.stability_factor * devices.barrier_factor
        return at_offset_field(stability, math.log(card.thermal.attempt_time))


def _measured(
    card: BehaviouralCard,
    features: int,
    voltage: Tensor | float,
    temperature: Tensor | float | None,
) -> Tensor:
    """Return :func:`relaxation` of a behavioural card: ln(1/τ_r) at the middle, and 1/16c for Δ."""
    if card.behaviour.dwell_time_high is None:
        card.require("behaviour.dwell_time")
    asymmetry, curvature = card.behaviour.dwell_asymmetry, card.behaviour.dwell_curvature or 0.0
    if asymmetry or curvature < 0:
        raise SmtjError(
            f"card {card.name} has dwell times that Eq. 3 and 4 do not describe "
            "(behaviour.dwell_asymmetry or dwell_curvature), but reads by a scheme follow them; "
            "give the scheme a relaxation_time, or read without a scheme"
        )
    with torch.no_grad():
        point = card.under_bias(voltage, None if temperature is None else float(temperature))
        middle = torch.as_tensor(point.log_dwell_time, dtype=torch.get_default_dtype())
        # Eq. 3 and 4 become exponential in the field as Δ rises.
        delta = 1 / (16 * max(float(curvature), MIN_CURVATURE))
        return torch.stack(
            ((math.log(2) - middle).expand(features), torch.full((features,), delta))
        )


@lru_cache(maxsize=64)
def _nominal(card: DeviceCard, voltage: float, temperature: float) -> float:
    """Return Δ of the nominal device, cached since it takes an integration."""
    return float(card.under_bias(voltage, temperature).stability_factor)


def layer_relaxation(
    scheme: ReadScheme,
    card: Card,
    devices: DeviceVariation,
    slope: Tensor,
    voltage: Tensor | float,
    temperature: Tensor | float | None = None,
) -> Tensor:
    """Return :func:`relaxation`, or the constant one of the scheme."""
    if scheme.relaxation_time is not None:
        return constant_relaxation(len(slope), scheme.relaxation_time).to(slope.device)
    return relaxation(card, devices, slope, voltage, temperature)


def relaxation_at_bias(
    scheme: ReadScheme,
    card: Card,
    devices: DeviceVariation,
    voltage: Tensor,
    temperature: float,
) -> Tensor:
    """Return :func:`layer_relaxation`, shape (2, features), with the gradient of the voltage.

    ``voltage`` is V in V, shape () or (features,), and ``temperature`` the ambient T in K.
    """
    features = len(devices.slope_factor)
    if scheme.relaxation_time is not None:
        return constant_relaxation(features, scheme.relaxation_time).to(voltage.device)
    own = chip_temperature(card, devices, temperature)
    values = follow(_relaxation_curve(card, own).to(voltage), voltage, card)
    log_rate, stability = (row.expand(features) for row in values)
    if isinstance(card, BehaviouralCard):
        return torch.stack((log_rate, stability))
    factor = devices.barrier_factor
    return torch.stack((log_rate - stability * (factor - 1), stability * factor))


@lru_cache(maxsize=64)
def _relaxation_curve(card: Card, temperature: float) -> Tensor:
    """Return the spline of :func:`relaxation` of the nominal device against voltage."""
    volts = torch.from_numpy(voltages_of_spline(card))
    slope = torch.as_tensor(card.under_bias(volts, temperature).slope).expand(len(volts))
    table = relaxation(card, no_variation(len(volts)), slope, volts, temperature)
    return voltage_spline(*table.double().numpy())


def log_rate_at_odds(odds: Tensor, table: Tensor) -> Tensor:
    """Return ln(1/τ_r) at log-odds of shape (..., features) from a :func:`relaxation`."""
    log_rate, stability = table
    # 2Δh, which is half the log-odds as long as |h| <= 1.
    u = torch.minimum(odds.abs() / 2, 2 * stability)
    # ln cosh u, without overflow.
    grown = u + torch.log1p(torch.exp(-2 * u)) - math.log(2)
    found: Tensor = log_rate + grown - u**2 / (4 * stability).clamp(min=1e-9)
    return found


def driven_log_rate(
    log_rate: Tensor, card: Card, devices: DeviceVariation, temperature: Tensor | float | None
) -> Tensor:
    """Return ln(1/τ_r) of devices, (..., features), from that of the nominal one under the drive.

    A device's factor on the barrier lengthens both its dwell times by as much as it raises Δ.
    """
    with torch.no_grad():
        kelvin = None if temperature is None else float(temperature)
        kelvin = chip_temperature(card, devices, kelvin)
        return log_rate - _nominal(as_device(card), 0.0, kelvin) * (devices.barrier_factor - 1)


def at_offset_field(stability: Tensor, log_attempt_time: float) -> Tensor:
    """Return ln(1/τ_r) at H_s and Δ, shape (2, features), from Δ and ln(τ0/s)."""
    return torch.stack((math.log(2) - log_attempt_time - stability, stability))


def constant_relaxation(features: int, time: float) -> Tensor:
    """Return the relaxation of devices with one τ_r in s at every field: heat-bath dynamics.

    The rates are P/τ_r and (1 - P)/τ_r (R. J. Glauber, J. Math. Phys. 4, 294 (1963),
    doi:10.1063/1.1703954): not those of a junction, but common in networks of telegraph neurons.
    """
    return torch.stack((torch.full((features,), -math.log(time)), torch.zeros(features)))
