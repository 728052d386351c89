"""The devices of a layer: how they differ, and the voltage, temperature and age they work at."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from smtj.card import DeviceCard
from smtj.nn.devices.bias import BiasVoltage, bias_curve, checked_voltage, devices_at, follow
from smtj.nn.devices.variation import (
    DRIFT_BEGINS_S,
    DeviceVariation,
    Variability,
    chip_temperature,
    decades,
    no_variation,
    of_devices,
)

ALWAYS_SAVED = ("slope_factor", "offset_shift", "barrier_factor")
"""Quantities that every file has; one without them is damaged."""


class Junctions(nn.Module):
    """The devices of a layer at work; :class:`smtj.nn.MTJNeuron` drives and reads them.

    Parameters
    ----------
    card
        The nominal device.
    features
        Number of devices.
    chip_seed, bias_voltage, temperature, adaptive, variability
        As of :class:`smtj.nn.MTJNeuron`.
    """

    slope: Tensor
    """w of every device in 1/(A/m), at the voltage as :meth:`operating_state` found it last."""
    offset_field: Tensor
    """H_s of every device in A/m, at the same voltage."""
    slope_factor: Tensor
    offset_shift: Tensor
    barrier_factor: Tensor
    drift_rate: Tensor
    limit_factor: Tensor
    stuck: Tensor
    temperature_shift: Tensor
    bias_voltage: Tensor
    """V in V, shape () or (features,)."""
    temperature: Tensor
    """T in K of the nominal chip."""
    age: Tensor
    """Time in s since the devices were calibrated."""
    bias: BiasVoltage | None
    """What learns the voltage; None where it is fixed."""
    _curve: Tensor | None

    def __init__(
        self,
        card: DeviceCard,
        features: int,
        chip_seed: int | None,
        bias_voltage: float,
        temperature: float | None,
        adaptive: Literal["layer", "neuron"] | None,
        variability: Variability | None,
    ) -> None:
        super().__init__()
        self.card = card
        self.features = features
        """Number of devices."""
        self.variability = Variability.of_card(card) if variability is None else variability
        """What the devices were drawn from."""
        devices = (
            no_variation(features)
            if chip_seed is None
            else self.variability.draw(features, chip_seed)
        )
        for name, values in devices._asdict().items():
            self.register_buffer(name, values.to(torch.get_default_dtype()))
        for name in ("slope", "offset_field"):
            self.register_buffer(name, torch.zeros(features))
        for name in ("bias_voltage", "temperature", "age"):
            self.register_buffer(name, torch.zeros(()))
        self.bias = None
        self.register_buffer("_curve", None, persistent=False)
        self.set_bias(bias_voltage, temperature, age=0.0)
        if adaptive is not None:
            self.learn_bias(BiasVoltage.of_layer(card, self.bias_voltage, adaptive, features))

    def set_bias(
        self,
        voltage: float | Tensor | None = None,
        temperature: float | None = None,
        age: float | None = None,
    ) -> None:
        """Bring every device to a bias voltage, a temperature and an age.

        Parameters
        ----------
        voltage
            V in V: a number, or one a neuron, shape (features,); None leaves it as it is.  One that
            is learnt goes on from there.
        temperature
            T in K; the card's own by default.
        age
            Time in s since the devices were calibrated; None leaves it as it is.

        Raises
        ------
        SmtjError
            The voltage exceeds the card's limit or is not one a neuron, or the temperature or the
            age is out of range.
        """
        if temperature is None:
            temperature = float(self.card.thermal.temperature)
        age = float(self.age) if age is None else age
        decades(age)  # refuses what is none
        values = self.bias_voltage if voltage is None else torch.as_tensor(voltage)
        checked_voltage(self.card, values, self.features)
        if self.bias is None:
            self.slope, self.offset_field = devices_at(
                self.card, self.devices, values, temperature, age
            )
            self.bias_voltage = values.detach().to(self.slope, copy=True)
        else:
            self._curve = self._curve_at(temperature)
            if voltage is not None:
                self.bias.set(values)
        self.temperature.fill_(temperature)
        self.age.fill_(age)
        self.operating_state()

    def _curve_at(self, temperature: float) -> Tensor:
        own = chip_temperature(self.card, self.devices, temperature)
        return bias_curve(self.card, own).to(self.slope)

    def learn_bias(self, bias: BiasVoltage | None) -> None:
        """Give the voltage to what learns it, from where that is; or, with None, keep it fixed.

        Parameters
        ----------
        bias
            Of shape () or (features,); layers may share one.
        """
        self.operating_state()
        del self.bias  # so that no module is left that is None
        self.bias, self._curve = bias, None
        if bias is not None:
            self._curve = self._curve_at(float(self.temperature))
            self.bias_voltage = bias().detach().clone()
            self.operating_state()

    def operating_state(self) -> tuple[Tensor, Tensor]:
        """Return w in 1/(A/m) and H_s in A/m of every device, at the bias voltage as it is now.

        Where the voltage is learnt, gradients flow to it, and the buffers follow it.
        """
        if self.bias is None or self._curve is None:
            return self.slope, self.offset_field
        voltage = self.bias()
        nominal = follow(self._curve, voltage, self.card)
        slope, offset_field = of_devices(
            self.card, self.devices, *nominal, torch.log10(1 + self.age / DRIFT_BEGINS_S)
        )
        with torch.no_grad():
            self.bias_voltage.copy_(voltage)
            self.slope.copy_(slope)
            self.offset_field.copy_(offset_field)
        return slope, offset_field

    @property
    def devices(self) -> DeviceVariation:
        """How the devices differ from the card's nominal one."""
        return DeviceVariation(*(getattr(self, name) for name in DeviceVariation._fields))

    def format_voltage(self) -> str:
        """Return the bias voltage for people, its range where neurons differ."""
        with torch.no_grad():
            self.operating_state()
        low, high = (float(end) for end in self.bias_voltage.aminmax())
        shown = f"{low:.3g} V" if low == high else f"{low:.3g} to {high:.3g} V"
        return shown if self.bias is None else f"{shown}, learnt"

    def _save_to_state_dict(self, *args: Any, **kwargs: Any) -> None:
        with torch.no_grad():
            self.operating_state()
        super()._save_to_state_dict(*args, **kwargs)

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        fit_saved(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        if self.bias is not None:
            self._curve = self._curve_at(float(self.temperature))


def fit_saved(junctions: Junctions, saved: Any, prefix: str) -> None:
    """Let a layer load a chip of an older version, or one whose voltage was learnt otherwise.

    A file from before a source of variation was known means a chip without it; a voltage may have
    been learnt by the layer, by the neuron, or not at all.

    Parameters
    ----------
    junctions
        The layer that is about to load; its voltage gets the shape of the saved one.
    saved
        The state dictionary, changed in place.
    prefix
        What its names begin with.
    """
    voltage, theta = saved.get(f"{prefix}bias_voltage"), f"{prefix}bias.theta"
    usual = {
        **no_variation(junctions.features)._asdict(),
        "temperature": torch.tensor(float(junctions.card.thermal.temperature)),
        "age": torch.zeros(()),
    }
    for name, values in usual.items():
        if name not in ALWAYS_SAVED:
            saved.setdefault(prefix + name, values)
    if voltage is None:
        return
    if junctions.bias is None:
        saved.pop(theta, None)
        if voltage.shape in ((), (junctions.features,)):
            junctions.bias_voltage = junctions.bias_voltage.new_zeros(voltage.shape)
        return
    own = junctions.bias.theta
    if theta not in saved and voltage.shape in ((), own.shape):
        saved[theta] = junctions.bias.theta_of(voltage).expand_as(own)
    if voltage.ndim == 0:
        saved[f"{prefix}bias_voltage"] = voltage.expand_as(junctions.bias_voltage)
