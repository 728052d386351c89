"""Every closed form: NumPy against PyTorch, gradients against finite differences, data types."""

import numpy as np
import pytest

from closeness import close_to
from smtj.card import Value, load_card
from smtj.physics import barrier, device, free_layer, switching
from smtj.physics.arrays import as_arrays, logistic
from smtj.physics.escape.ridge import barrier_without_bias
from smtj.physics.magnetics import anisotropy, demagnetisation, direction, equilibrium, thermal

torch = pytest.importorskip("torch")

M_S, VOLUME, H_IN, K_EFF = 1.18e6, 3.254e-24, 6971.0, 33040.0
CARD = load_card("cai2019")
SELF_CONSISTENT = CARD.replace({"switching.model": "self-consistent"})


def _spin(*entries):
    return equilibrium.Macrospin(*entries)


# Name: function, arguments typical of the paper's device.
FORMS = {
    "barrier_without_bias": (
        lambda *a: barrier_without_bias(equilibrium.ReducedEnergy(*a)),
        (0.4, 1.0, 0.5, 13.0, 20.0, 6.0),
    ),
    "shape": (anisotropy.shape_energy_density, (M_S, 0.0082)),
    "demagnetising": (anisotropy.demagnetising_energy_density, (M_S, 0.943)),
    "perpendicular": (anisotropy.perpendicular_energy_density, (1.378e-3, 1.62e-9)),
    "effective": (anisotropy.effective_energy_density, (7.2e3, 8.5e5, 8.2e5)),
    "anisotropy_field": (anisotropy.anisotropy_field, (K_EFF, M_S)),
    "of_field": (anisotropy.energy_density_of_field, (44563.0, M_S)),
    "voltage": (anisotropy.voltage_energy_density, (26e-15, 0.2, 0.8e-9, 1.62e-9)),
    "barrier": (barrier.energy_barrier, (K_EFF, M_S, H_IN, VOLUME)),
    "barrier_negative_field": (barrier.energy_barrier, (K_EFF, M_S, -H_IN, VOLUME)),
    "printed_barrier": (barrier.printed_energy_barrier, (K_EFF, M_S, H_IN, VOLUME)),
    "stability": (barrier.stability_factor, (7.65e-20, 300.0)),
    "factor_x": (lambda *a: demagnetisation.demagnetising_factors(*a)[0], (210.0, 60.0, 1.62)),
    "factor_y": (lambda *a: demagnetisation.demagnetising_factors(*a)[1], (210.0, 60.0, 1.62)),
    "factor_z": (lambda *a: demagnetisation.demagnetising_factors(*a)[2], (210.0, 60.0, 1.62)),
    "normal": (lambda *a: direction.perpendicular_and_in_plane(*a)[0], (7e3, 1e3, 5e3, 0.157)),
    "in_plane": (lambda *a: direction.perpendicular_and_in_plane(*a)[1], (7e3, 1e3, 5e3, 0.157)),
    "offset": (direction.offset_field, (H_IN, 0.157)),
    "reduced_field": (switching.reduced_field, (5000.0, -1104.0, 44563.0)),
    "log_high": (lambda *a: switching.log_dwell_times(*a)[0], (18.5, 0.1, -20.7)),
    "log_low": (lambda *a: switching.log_dwell_times(*a)[1], (18.5, 0.1, -20.7)),
    "dwell_high": (lambda *a: switching.dwell_times(*a)[0], (18.5, 0.1, -20.7)),
    "dwell_low": (lambda *a: switching.dwell_times(*a)[1], (18.5, 0.1, -20.7)),
    "probability_eq_2": (switching.probability_from_dwell_times, (-1.3, -3.1)),
    "probability_eq_5": (switching.switching_probability, (100.0, 1.66e-3, -1104.0)),
    "slope": (switching.slope, (18.5, 44563.0)),
    "effective_field": (switching.effective_field, (18.5, 1.66e-3)),
    "magnetisation": (thermal.magnetisation_ratio, (350.0, 300.0, 1120.0, 1.5)),
    "interface": (thermal.interface_anisotropy_ratio, (0.97, 2.2)),
    "log_weight": (
        lambda *a: equilibrium.log_weights(_spin(*a[:-1]), a[-1])[0],
        (M_S * VOLUME, 44563.0, 2e3, 1e4, H_IN, 0.157, 300.0, -900.0),
    ),
    "log_odds_slope": (
        lambda *a: equilibrium.log_odds_slope(_spin(*a[:-1]), a[-1]),
        (M_S * VOLUME, 44563.0, 2e3, 1e4, H_IN, 0.157, 300.0, -900.0),
    ),
    "equilibrium_slope": (
        lambda *a: equilibrium.sigmoid_of_equilibrium(_spin(*a))[0],
        (M_S * VOLUME, 44563.0, 2e3, 1e4, H_IN, 0.157, 300.0),
    ),
    "thickness": (lambda t: free_layer.barrier_against_thickness(CARD, t), (1.55e-9,)),
    "card_slope": (lambda v, t: device.vcma_point(CARD, v, t).slope, (0.1, 310.0)),
    "self_consistent_slope": (
        lambda v, t: device.vcma_point(SELF_CONSISTENT, v, t).slope,
        (0.1, 310.0),
    ),
    "self_consistent_effective_field": (
        lambda v, t: device.vcma_point(SELF_CONSISTENT, v, t).effective_field,
        (0.1, 310.0),
    ),
    "in_field": (
        lambda *a: device.log_dwell_times_in_field(CARD, *a)[0],
        (2e3, 1e3, -3e3, 0.1, 310.0),
    ),
    "self_consistent_in_field": (
        lambda *a: device.log_dwell_times_in_field(SELF_CONSISTENT, *a)[1],
        (2e3, 1e3, -3e3, 0.1, 310.0),
    ),
}

every_form = pytest.mark.parametrize(("function", "arguments"), FORMS.values(), ids=FORMS)


@every_form
def test_numpy_and_pytorch_agree(function, arguments):
    factors = np.array([[0.9], [1.0], [1.1]]), np.array([0.95, 1.02])
    arrays = [value * factors[i % 2] for i, value in enumerate(arguments)]
    expected = function(*arrays)
    found = function(*(torch.from_numpy(array) for array in arrays))
    assert found.dtype == torch.float64
    assert found.shape == np.broadcast_shapes(*(array.shape for array in arrays))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


@every_form
def test_numbers_scalars_and_arrays_agree(function, arguments):
    as_number = float(function(*arguments))
    card_values = [Value(value, "assumed") for value in arguments]
    assert float(function(*card_values)) == as_number
    for make in (np.float64, np.asarray, lambda v: torch.tensor(v, dtype=torch.float64)):
        found = function(*(make(value) for value in arguments))
        assert np.ndim(found) == 0
        assert float(found) == close_to(as_number, rel=1e-12)
    # Only the first is an array, the others are values of a card.
    array = np.full((3, 2), arguments[0])
    for first in (array, torch.from_numpy(array)):
        found = function(first, *card_values[1:])
        assert found.shape == (3, 2)
        assert float(found[2, 1]) == close_to(as_number, rel=1e-12)


@every_form
@pytest.mark.parametrize("shape", [(), (2,)])
def test_float32_tensors_stay_float32(function, arguments, shape):
    first = torch.full(shape, arguments[0], dtype=torch.float32)
    found = function(first, *(Value(value, "assumed") for value in arguments[1:]))
    assert (found.dtype, found.shape) == (torch.float32, shape)
    np.testing.assert_allclose(found, float(function(*arguments)), rtol=2e-4)


@every_form
def test_gradients_agree_with_finite_differences(function, arguments):
    scale = float(function(*arguments))

    def relative(*multiples):
        return function(*(m * v for m, v in zip(multiples, arguments, strict=True))) / scale

    ones = [torch.ones((), dtype=torch.float64, requires_grad=True) for _ in arguments]
    assert torch.autograd.gradcheck(relative, ones, atol=1e-6, rtol=1e-5)


def test_a_barrier_that_is_gone_has_finite_gradients():
    # No anisotropy, easy plane, exactly at H_k, beyond it, no field.
    k_eff = torch.tensor([0.0, -1e4, 1e4, 1e4, 1e4], dtype=torch.float64, requires_grad=True)
    h_k = anisotropy.anisotropy_field(1e4, M_S)
    field = torch.tensor([1e3, 1e3, h_k, 2 * h_k, 0], dtype=torch.float64, requires_grad=True)
    result = barrier.energy_barrier(k_eff, M_S, field, VOLUME)
    gradients = torch.autograd.grad(result.sum(), (k_eff, field))
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    assert gradients[0].tolist()[:2] == [0, 0]
    assert gradients[0][4] == close_to(VOLUME)


def test_a_field_along_the_normal_has_finite_gradients():
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    z = torch.ones((), dtype=torch.float64, requires_grad=True)
    _, in_plane = direction.perpendicular_and_in_plane(x, 0.0, z, 0.0)
    assert [float(g) for g in torch.autograd.grad(in_plane, (x, z))] == [0, 0]


@pytest.mark.parametrize("card", [CARD, SELF_CONSISTENT], ids=lambda c: c.switching.model)
def test_gradients_stay_finite_where_voltage_takes_the_barrier_away(card):
    voltage = torch.tensor([-0.2, 0.0, 1.2, 1.7, 3.0], dtype=torch.float64, requires_grad=True)
    point = device.vcma_point(card, voltage)
    assert point.barrier[0] > 0
    assert point.barrier[-1] == 0
    for field in (0.0, point.offset_field.detach()[0], 1e9):
        high, low = point.log_dwell_times(field)
        total = (high + low + point.slope + point.effective_field).sum()
        (gradient,) = torch.autograd.grad(total, voltage, retain_graph=True)
        assert torch.isfinite(gradient).all()
        assert torch.isfinite(high).all()
        assert torch.isfinite(low).all()


def test_arrays_of_two_libraries_are_refused():
    with pytest.raises(TypeError, match="do not mix"):
        as_arrays(np.ones(2), torch.ones(2))


def test_integers_become_float64():
    _, (a, b) = as_arrays(np.array([1, 2]), 3)
    assert (a.dtype, b.dtype) == (np.float64, np.float64)
    _, (c,) = as_arrays(torch.tensor([1, 2]))
    assert c.dtype == torch.float64


def test_logistic_of_anything_is_finite():
    for x in (-1e30, -800.0, 0.0, 800.0, 1e30):
        expected = 0.5 * (1 + np.tanh(x / 2))
        assert float(logistic(x)) == close_to(expected, abs=1e-16)
        assert float(logistic(torch.tensor(x))) == close_to(expected, abs=1e-7)
