"""The devices of a layer, and their voltage, temperature and age."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from smtj.card import Card
from smtj.nn.devices.bias import BiasVoltage, bias_curve, checked_voltage, devices_at, follow
from smtj.nn.devices.variation import (
    DRIFT_BEGINS_S,
    DeviceVariation,
    Variability,
    check_drive,
    chip_temperature,
    decades,
    no_variation,
    with_devices,
)

ALWAYS_SAVED = ("slope_factor", "offset_shift", "barrier_factor")
"""Quantities that every valid file holds."""


class Junctions(nn.Module):
    """The devices of a layer at their operating point; :class:`smtj.nn.MTJNeuron` reads them.

    Parameters as in :class:`smtj.nn.MTJNeuron`.
    """

    slope: Tensor
    """w of every device in 1/(A/m), at the voltage of the last :meth:`operating_state`."""
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
    """T in K without the chip's own shift."""
    age: Tensor
    """Time since calibration in s."""
    bias: BiasVoltage | None
    """The learnable voltage; None if it is fixed."""
    _curve: Tensor | None

    def __init__(
        self,
        card: Card,
        features: int,
        chip_seed: int | None,
        bias_voltage: float | None,
        temperature: float | None,
        adaptive: Literal["layer", "neuron"] | None,
        variability: Variability | None,
    ) -> None:
        super().__init__()
        self.card = card
        self.features = features
        """Number of devices."""
        self.variability = Variability.of_card(card) if variability is None else variability
        """Distribution of the devices."""
        check_drive(card, self.variability)
        devices = (
            no_variation(features)
            if chip_seed is None
            else self.variability.sample(features, chip_seed)
        )
        for name, values in devices._asdict().items():
            self.register_buffer(name, values.to(torch.get_default_dtype()))
        for name in ("slope", "offset_field"):
            self.register_buffer(name, torch.zeros(features))
        for name in ("bias_voltage", "temperature", "age"):
            self.register_buffer(name, torch.zeros(()))
        self.bias = None
        self.register_buffer("_curve", None, persistent=False)
        voltage = card.bias_voltage if bias_voltage is None else bias_voltage
        self.set_bias(voltage, temperature, age=0.0)
        if adaptive is not None:
            self.learn_bias(BiasVoltage.of_layer(card, self.bias_voltage, adaptive, features))

    def set_bias(
        self,
        voltage: float | Tensor | None = None,
        temperature: float | None = None,
        age: float | None = None,
    ) -> None:
        """Set bias voltage, temperature and age of all devices.

        Parameters
        ----------
        voltage
            V in V: a number, or one per neuron, shape (features,); by default unchanged.  A
            learnable voltage continues from it.
        temperature
            T in K; by default the card's.
        age
            Time since calibration in s; by default unchanged.

        Raises
        ------
        SmtjError
            A value is out of range, or the voltage has a wrong shape.
        """
        if temperature is None:
            temperature = self.card.temperature
        age = float(self.age) if age is None else age
        decades(age)  # raises an error if it is invalid
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
        """Make the voltage learnable, starting from that of ``bias``; with None, fix it.

        ``bias`` has shape () or (features,); layers may share one.
        """
        self.operating_state()
        del self.bias  # leaves no module that is None
        self.bias, self._curve = bias, None
        if bias is not None:
            self._curve = self._curve_at(float(self.temperature))
            self.bias_voltage = bias().detach().clone()
            self.operating_state()

    def operating_state(self) -> tuple[Tensor, Tensor]:
        """Return w in 1/(A/m) and H_s in A/m of every device at the current bias voltage.

        Gradients flow to a learnable voltage, and the buffers follow it.
        """
        if self.bias is None or self._curve is None:
            return self.slope, self.offset_field
        voltage = self.bias()
        nominal = follow(self._curve, voltage, self.card)
        slope, offset_field = with_devices(
            self.card, self.devices, *nominal, torch.log10(1 + self.age / DRIFT_BEGINS_S)
        )
        with torch.no_grad():
            self.bias_voltage.copy_(voltage)
            self.slope.copy_(slope)
            self.offset_field.copy_(offset_field)
        return slope, offset_field

    def current_voltage(self) -> Tensor:
        """Return V in V, shape () or (features,); gradients flow to a learnable voltage."""
        return self.bias_voltage if self.bias is None else self.bias()

    @property
    def devices(self) -> DeviceVariation:
        """How the devices differ from the nominal one."""
        return DeviceVariation(*(getattr(self, name) for name in DeviceVariation._fields))

    def format_voltage(self) -> str:
        """Return the bias voltage as text, as a range if neurons differ."""
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
        _adapt_state(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        if self.bias is not None:
            self._curve = self._curve_at(float(self.temperature))


def _adapt_state(junctions: Junctions, saved: Any, prefix: str) -> None:
    """Adapt a state dictionary, in place, to a layer that is about to load it.

    Missing sources of variation count as no variation; the voltage may have been learnt
    by the layer, by the neuron, or not at all, and the layer's gets the shape of the saved one.
    """
    voltage, theta = saved.get(f"{prefix}bias_voltage"), f"{prefix}bias.theta"
    usual = {
        **no_variation(junctions.features)._asdict(),
        "temperature": torch.tensor(junctions.card.temperature),
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
