"""Spin-torque ferromagnetic resonance: the rectified voltage of a driven junction (Fig. 5(a))."""

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.lab.record import labelled
from smtj.physics.resonance.spectrum import signal, well_lines
from smtj.physics.resonance.torques import torque_fields

if TYPE_CHECKING:
    import xarray as xr

DRIVE = 0.01
"""Amplitude of the voltage at the frequency of the drive, in V; the paper gives none."""


def stfmr(
    card: DeviceCard,
    fields: ArrayLike,
    voltages: ArrayLike,
    frequencies: ArrayLike,
    drive: float = DRIVE,
    noise: float = 0.0,
    seed: int = 0,
    *,
    swept: Literal["frequency", "field"] = "frequency",
    field_angle: float = math.pi / 2,
    temperature: float | None = None,
) -> "xr.Dataset":
    """Measure the rectified voltage at every field, bias and frequency: Fig. 5(a).

    Parameters
    ----------
    card
        The device.
    fields
        H_ext in A/m, shape (fields,), of either sign.
    voltages
        dc bias in V, shape (voltages,).
    frequencies
        f in Hz, shape (frequencies,).
    drive
        Amplitude in V of the voltage at f across the junction.
    noise
        Standard deviation of a point, in V.
    seed
        Decides the noise.
    swept
        What is changed from point to point; the other is what stays during a spectrum.
    field_angle
        θ_H between H_ext and the film normal in rad, towards +x; in the plane by default.
    temperature
        T in K; the card's own by default.

    Returns
    -------
    xarray.Dataset
        ``signal`` in V, dimensions ``voltage``, ``field`` and ``frequency``; the last two change
        places where the field is swept.

    Raises
    ------
    SmtjError
        A number is not finite, there is none, a frequency is not above 0, drive or noise is
        impossible, or a voltage exerts nothing on the card's device.
    """
    h, v, f = (
        np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (fields, voltages, frequencies)
    )
    _check(h, v, f, drive, noise)
    if not any(torque_fields(card)):
        raise SmtjError(
            f"a voltage exerts nothing on the device of card {card.name}: its vcma.coefficient is "
            "0 and it has no spin torque, so that no resonance shows; give either"
        )
    t = float(card.thermal.temperature) if temperature is None else temperature
    # A cosine of 90 degrees is not 0 as a float, but the field across it is.
    # Adding 0 leaves no -0.
    parallel = h * math.sin(field_angle) + 0.0
    perpendicular = h * round(math.cos(field_angle), 15) + 0.0
    lines = well_lines(card, parallel, 0.0, perpendicular, v[:, None], drive, t)
    rectified = signal(type(lines)(*(entry[:, :, None] for entry in lines)), f)
    rectified += noise * np.random.default_rng(seed).standard_normal(rectified.shape)
    dims = ("voltage", "field", "frequency")
    if swept == "field":
        dims, rectified = ("voltage", "frequency", "field"), rectified.swapaxes(1, 2)
    columns = {
        "voltage": (("voltage",), v),
        "field_in_plane": (("field",), parallel),
        "field_out_of_plane": (("field",), perpendicular),
        "frequency": (("frequency",), f),
        "temperature": ((), t),
        "signal": (dims, rectified),
    }
    attrs = {"kind": "stfmr", "card": card.name, "seed": seed, "drive": drive, "noise": noise}
    return labelled("signal", columns, attrs)


def _check(
    fields: np.ndarray, voltages: np.ndarray, frequencies: np.ndarray, drive: float, noise: float
) -> None:
    named = (("fields", fields), ("voltages", voltages), ("frequencies", frequencies))
    for name, values in named:
        if values.size == 0 or values.ndim != 1 or not np.isfinite(values).all():
            raise SmtjError(f"{name} of a spectrum must be a list of finite numbers, one or more")
    if not (frequencies > 0).all():
        raise SmtjError("the frequencies of a spectrum must be above 0 Hz")
    if not (math.isfinite(drive) and drive > 0):
        raise SmtjError(f"the drive must be above 0 V, not {drive:g} V")
    if not (math.isfinite(noise) and noise >= 0):
        raise SmtjError(f"the noise of a point must be 0 V or more, not {noise:g} V")
