"""The compiled neuron against the same neuron in plain PyTorch."""

from collections.abc import Callable, Iterator

import numba
import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from smtj.nn.reads import kernels
from smtj.nn.reads.independent import limited_log_odds, respond

SHAPES = [(3, 1), (1, 10), (0, 10), (100, 37), (2, 3, 37), (64, 400), (37,), (1, 1)]


def random_response(
    features: int, noise: float = 0.0, dtype: torch.dtype = torch.float32
) -> Tensor:
    generator = torch.Generator().manual_seed(features)
    gain, shift, low, high = torch.rand(4, features, generator=generator, dtype=torch.float64)
    rows = (0.5 + gain, shift - 0.5, -4 - low, 4 + high, torch.full_like(gain, noise))
    return torch.stack(rows).to(dtype)


def random_input(shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return 4 * torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = numba.get_num_threads()
    yield lambda n: numba.set_num_threads(min(n, numba.config.NUMBA_NUM_THREADS))
    numba.set_num_threads(before)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_compiled_probability_is_that_of_plain_pytorch(shape: tuple[int, ...]) -> None:
    x, response = random_input(shape), random_response(shape[-1])
    outputs, probability = torch.ops.smtj.respond(x, response, False, 16, 5)
    expected = torch.sigmoid(limited_log_odds(x.double(), response.double()))
    assert outputs.shape == probability.shape == x.shape
    np.testing.assert_allclose(probability.numpy(), expected.numpy(), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        respond(x, response, False, 0, 5).numpy(), expected.numpy(), rtol=1e-6, atol=1e-6
    )


def test_tiny_probabilities_keep_their_relative_accuracy() -> None:
    response = torch.tensor([[1.0], [0.0], [-80.0], [80.0], [0.0]])
    x = torch.linspace(-90, 90, 4001)[:, None]
    _, probability = torch.ops.smtj.respond(x, response, False, 1, 0)
    expected = torch.sigmoid(x.double().clamp(-80, 80))
    np.testing.assert_allclose(probability.numpy(), expected.numpy(), rtol=2e-6)


def test_inputs_of_any_size_stay_within_the_field_range() -> None:
    response = random_response(10)
    for value in (1e30, float("inf")):
        x = torch.full((2, 10), value) * torch.tensor([[1.0], [-1.0]])
        _, probability = torch.ops.smtj.respond(x, response, False, 1, 0)
        ends = torch.sigmoid(torch.stack((response[3], response[2])))
        np.testing.assert_allclose(probability.numpy(), ends.numpy(), rtol=2e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("reads", [0, 1, 16, 40])
@pytest.mark.parametrize("noisy", [False, True])
def test_what_is_no_number_stays_none(reads: int, noisy: bool, dtype: torch.dtype) -> None:
    x = random_input((30, 37), dtype)
    x[3, 5] = x[29, 36] = float("nan")
    broken = x.isnan()
    leaf = x.clone().requires_grad_()
    outputs = respond(leaf, random_response(37, noise=0.3, dtype=dtype), noisy, reads, 5)
    assert torch.equal(outputs.isnan(), broken)
    outputs[~broken].sum().backward()
    assert leaf.grad is not None
    assert torch.equal(leaf.grad.isnan(), broken)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_compiled_gradient_is_that_of_plain_pytorch(shape: tuple[int, ...]) -> None:
    x, response = random_input(shape), random_response(shape[-1])
    upstream = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    plain = x.double().requires_grad_()
    torch.sigmoid(limited_log_odds(plain, response.double())).backward(upstream.double())
    assert plain.grad is not None
    for reads in (0, 1, 16):
        compiled = x.clone().requires_grad_()
        respond(compiled, response, False, reads, 5).backward(upstream)
        assert compiled.grad is not None
        np.testing.assert_allclose(compiled.grad.numpy(), plain.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_expected_values_have_the_gradient_of_finite_differences() -> None:
    x = random_input((4, 7), torch.float64).requires_grad_()
    response = random_response(7, noise=0.3, dtype=torch.float64)
    for noisy in (False, True):
        assert torch.autograd.gradcheck(lambda x: respond(x, response, noisy, 0, 5), x)  # noqa: B023


def test_compiled_gradient_is_that_of_finite_differences() -> None:
    x, response = random_input((200, 37)), random_response(37)
    leaf = x.clone().requires_grad_()
    respond(leaf, response, False, 16, 5).sum().backward()
    step = 1e-5
    up, down = (
        torch.sigmoid(limited_log_odds(x.double() + d, response.double())) for d in (step, -step)
    )
    odds = response[1] + response[0] * x
    clear = ((odds - response[2]).abs() > 1e-3) & ((odds - response[3]).abs() > 1e-3)
    slope = (up - down) / (2 * step)
    assert leaf.grad is not None
    np.testing.assert_allclose(leaf.grad[clear].numpy(), slope[clear].numpy(), atol=2e-6)


def test_there_is_no_gradient_beyond_the_field_range() -> None:
    response = random_response(10)
    x = torch.linspace(-20, 20, 101)[:, None].repeat(1, 10).requires_grad_()
    respond(x, response, True, 16, 5).sum().backward()
    odds = response[1] + response[0] * x.detach()
    outside = (odds < response[2]) | (odds > response[3])
    assert x.grad is not None
    assert bool((x.grad[outside] == 0).all())
    assert bool((x.grad[~outside] > 0).all())


def test_reads_are_binomial_about_the_probability_that_is_returned() -> None:
    x, response = random_input((2000, 37)), random_response(37, noise=0.5)
    outputs, probability = torch.ops.smtj.respond(x, response, True, 16, 5)
    p = torch.round(probability.double() * 2**16) / 2**16
    kept = (p > 0.02) & (p < 0.98)
    z = ((outputs.double() - p) / torch.sqrt(p * (1 - p) / 16))[kept]
    n = len(z)
    assert abs(float(z.mean())) * np.sqrt(n) < 4.5
    assert abs(float((z**2).mean()) - 1) * np.sqrt(n / 2) < 4.5
    counts = outputs * 16
    assert torch.equal(counts, counts.round())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["compiled", "anywhere"])
def test_noise_is_normal_on_the_log_odds_and_independent_of_the_reads(dtype: torch.dtype) -> None:
    response = torch.tensor([[1.0], [0.25], [-9], [9], [0.7]], dtype=dtype).repeat(1, 10)
    x = torch.zeros(8000, 10, dtype=dtype)
    outputs, probability = torch.ops.smtj.respond(x, response, True, 1, 5)
    z = ((torch.logit(probability.double()) - 0.25) / 0.7).numpy().ravel()
    assert stats.kstest(z, "norm").pvalue > 1e-4
    residual = (outputs.double() - probability.double()).numpy().ravel()
    assert abs(np.corrcoef(z, residual)[0, 1]) * np.sqrt(len(z)) < 4.5
    assert abs(np.corrcoef(z[:-1], z[1:])[0, 1]) * np.sqrt(len(z)) < 4.5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["compiled", "anywhere"])
def test_expected_values_and_reads_have_the_same_mean_under_noise(dtype: torch.dtype) -> None:
    response = torch.tensor([[1.0], [1.0], [-9], [9], [1.5]], dtype=dtype).repeat(1, 10)
    x = torch.zeros(10_000, 10, dtype=dtype)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    p = 1 / (1 + np.exp(-(1 + 1.5 * nodes)))
    mean, square = (np.average(p**n, weights=weights) for n in (1, 2))
    for reads in (0, 4):
        outputs = respond(x, response, True, reads, 5)
        own = (mean - square) / reads if reads else 0
        error = np.sqrt((square - mean**2 + own) / outputs.numel())
        assert abs(float(outputs.double().mean()) - mean) < 4.5 * error


def test_the_key_alone_decides(
    threads: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = kernels.PARALLEL_FROM // 37 + 9
    x, response = random_input((rows, 37)), random_response(37, noise=0.3)
    results = []
    for count in (1, 2):
        threads(count)
        results.append(torch.ops.smtj.respond(x, response, True, 16, 77))
    for first, second in zip(*results, strict=True):
        assert torch.equal(first, second)
    monkeypatch.setattr(kernels, "PARALLEL_FROM", x.numel() + 1)
    serial = torch.ops.smtj.respond(x, response, True, 16, 77)
    assert torch.equal(serial[0], results[0][0])
    assert torch.equal(serial[1], results[0][1])
    other, _ = torch.ops.smtj.respond(x, response, True, 16, 78)
    assert not torch.equal(other, results[0][0])


def test_memory_and_defaults_change_nothing() -> None:
    x, response = random_input((20, 37)), random_response(37, noise=0.3)
    expected = respond(x, response, True, 16, 5)
    assert torch.equal(respond(x.t().contiguous().t(), response, True, 16, 5), expected)
    assert torch.equal(respond(x, response.double(), True, 16, 5), expected)
    torch.set_default_dtype(torch.float64)
    try:
        leaf = x.clone().requires_grad_()
        outputs = respond(leaf, response, True, 16, 5)
        assert torch.equal(outputs, expected)
        outputs.sum().backward()
        assert leaf.grad is not None
        assert bool((leaf.grad >= 0).all() and (leaf.grad < 1).all())
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16], ids=str)
def test_outputs_have_the_type_of_the_input(dtype: torch.dtype) -> None:
    response = random_response(10)
    for own in (response, response.to(dtype)):
        for reads in (0, 16):
            x = torch.zeros(3, 10, dtype=dtype, requires_grad=True)
            outputs = respond(x, own, True, reads, 5)
            outputs.sum().backward()
            assert outputs.dtype == dtype
            assert x.grad is not None and x.grad.dtype == dtype
            assert bool((x.grad > 0).all())


def test_another_number_of_neurons_is_refused() -> None:
    for shape in ((3, 7), (3, 1), (20, 5)):
        with pytest.raises(ValueError, match="its last must be 10"):
            respond(torch.zeros(shape), random_response(10), False, 16, 5)
