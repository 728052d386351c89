"""Spin-torque ferromagnetic resonance (ST-FMR): rectified voltage of a driven junction."""

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import CardLike, as_device
from smtj.errors import SmtjError
from smtj.lab.record import labelled
from smtj.physics.resonance.spectrum import signal, well_lines
from smtj.physics.torque.fields import torque_fields

if TYPE_CHECKING:
    import xarray as xr

DRIVE = 0.01
"""Amplitude of the driving voltage in V; the paper gives none."""


def spectra(
    card: CardLike,
    field: ArrayLike,
    voltage: ArrayLike,
    frequency: ArrayLike,
    *,
    drive: float = DRIVE,
    noise: float = 0.0,
    seed: int = 0,
    swept: Literal["frequency", "field"] = "frequency",
    field_angle: float = math.pi / 2,
    temperature: float | None = None,
) -> "xr.Dataset":
    """Measure the rectified voltage at every field, bias and frequency, as in Fig. 5(a).

    Parameters
    ----------
    card
        The device, or the name or path of its card.
    field
        H_ext in A/m, shape (fields,), of either sign.
    voltage
        dc bias in V, shape (voltages,).
    frequency
        f in Hz, shape (frequencies,).
    drive
        Amplitude in V of the voltage at f across the junction.
    noise
        Standard deviation of a point, in V.
    seed
        Seed of the noise.
    swept
        What changes from point to point; the other one stays constant during a spectrum.
    field_angle
        θ_H between H_ext and the film normal in rad, towards +x; in the plane by default.
    temperature
        T in K; by default the card's.

    Returns
    -------
    xarray.Dataset
        ``signal`` in V, dimensions ``voltage``, ``field`` and ``frequency``, or ``voltage``,
        ``frequency`` and ``field`` if the field is swept.

    Raises
    ------
    SmtjError
        A list is empty or has a number that is not finite, a frequency is not above 0, drive or
        noise is impossible, or the voltage exerts no torque on the card's device.

    Examples
    --------
    >>> import numpy as np
    >>> import smtj
    >>> from smtj.units import GHz, Oe
    >>> data = smtj.lab.spectra("cai2019", [-110 * Oe], [0.1], np.linspace(0.4, 3, 131) * GHz)
    >>> dict(data.signal.sizes)
    {'voltage': 1, 'field': 1, 'frequency': 131}
    """
    card = as_device(card)
    h, v, f = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (field, voltage, frequency))
    _check(h, v, f, drive, noise)
    if not any(torque_fields(card)):
        raise SmtjError(
            f"a voltage exerts no torque on the device of card {card.name}: its vcma.coefficient "
            "is 0 and it has no spin torque; give the card either of them"
        )
    t = float(card.thermal.temperature) if temperature is None else temperature
    # A cosine of 90 degrees is not 0 as a float, but the field across it is.
    # Adding 0 leaves no -0.
    in_plane = h * math.sin(field_angle) + 0.0
    out_of_plane = h * round(math.cos(field_angle), 15) + 0.0
    lines = well_lines(card, in_plane, 0.0, out_of_plane, v[:, None], drive, t)
    rectified = signal(type(lines)(*(entry[:, :, None] for entry in lines)), f)
    rectified += noise * np.random.default_rng(seed).standard_normal(rectified.shape)
    dims = ("voltage", "field", "frequency")
    if swept == "field":
        dims, rectified = ("voltage", "frequency", "field"), rectified.swapaxes(1, 2)
    columns = {
        "voltage": (("voltage",), v),
        "field_in_plane": (("field",), in_plane),
        "field_out_of_plane": (("field",), out_of_plane),
        "frequency": (("frequency",), f),
        "temperature": ((), t),
        "signal": (dims, rectified),
    }
    attrs = {"kind": "spectra", "card": card.name, "seed": seed, "drive": drive, "noise": noise}
    return labelled("signal", columns, attrs)


def _check(
    fields: np.ndarray, voltages: np.ndarray, frequencies: np.ndarray, drive: float, noise: float
) -> None:
    named = (("field", fields), ("voltage", voltages), ("frequency", frequencies))
    for name, values in named:
        if values.size == 0 or values.ndim != 1 or not np.isfinite(values).all():
            raise SmtjError(f"the {name} of spectra must be one or more finite numbers")
    if not (frequencies > 0).all():
        raise SmtjError("the frequencies of spectra must be above 0 Hz")
    if not (math.isfinite(drive) and drive > 0):
        raise SmtjError(f"the drive must be above 0 V, not {drive:g} V")
    if not (math.isfinite(noise) and noise >= 0):
        raise SmtjError(f"the noise of a point must be 0 V or more, not {noise:g} V")
