"""Whole spectra that a first fit misreads are looked at again."""

import math

import numpy as np

from smtj import load_card
from smtj.analysis import fit
from smtj.lab import spectra
from smtj.units import mT


def test_a_second_look_finds_the_deeper_minimum():
    """H_K2 would be 5 mT too low, and the fit bad."""
    device = load_card("cai2019").replace(
        {
            "magnetism.anisotropy_field": 58.844 * mT,
            "magnetism.second_order_anisotropy_field": 3.493 * mT,
            "magnetism.easy_axis_tilt": math.radians(3.68055),
            "magnetism.in_plane_bias_field": 5.8137 * mT,
            "magnetism.in_plane_anisotropy_field": 1.21444 * mT,
            "magnetism.damping": 0.0131,
        }
    )
    fields = np.array([-40.9, 17.7, -57.2, -40.0, -52.0, -27.1, -114.7, 124.8]) * mT
    frequencies = np.linspace(0.3e9, 3.25e9, 301)
    data = spectra(device, fields, [0.0], frequencies)
    clean = data["signal"].values
    ratio = np.array([17.2, 19.8, 36.8, 19.9, 14.1, 28.8, 21.2, 26.7])
    noise = np.ptp(clean, axis=-1, keepdims=True) / ratio[:, None]
    data["signal"] += noise * np.random.default_rng(1).standard_normal(clean.shape)
    start = device.replace(
        {
            "magnetism.anisotropy_field": 65 * mT,
            "magnetism.second_order_anisotropy_field": 0.0,
        }
    )
    (at,) = fit(data, start).parts[1].fit
    found = at.general
    assert found.p_value > 1e-3
    assert abs(found.anisotropy_field - 58.844 * mT) < 4 * found.error
    assert abs(found.second_order_field - 3.493 * mT) < 4 * math.sqrt(found.covariance[1, 1])
