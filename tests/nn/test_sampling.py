"""Reads and normal numbers: their laws, and that nothing but the key decides them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import numba
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from smtj.nn.reads import kernels
from smtj.nn.reads.independent import (
    MAX_READS,
    normal,
    portable_normal,
    portable_read,
    read,
    respond,
    sample_key,
)

Reader = Callable[[Tensor, int, int], Tensor]

PROBABILITIES = (0.001, 0.1, 1 / 3, 0.5, 0.77, 0.999)
READS = (1, 2, 5, 16, 17, 64)
# The samples are fixed by their keys, so that these limits cannot fail by chance.
MIN_P_VALUE = 1e-4
MAX_Z = 4.5


def digits_16(p: float) -> float:
    return round(p * 2**16) / 2**16


def counts_of(shares: Tensor, reads: int) -> NDArray[np.int64]:
    counts = shares.to(torch.float64).numpy() * reads
    whole = np.rint(counts)
    np.testing.assert_allclose(counts, whole, atol=1e-4)
    return whole.astype(np.int64)


def binomial_p_value(counts: NDArray[np.int64], reads: int, p: float) -> float:
    """The chi-square test's, with rare outcomes taken together."""
    expected = len(counts) * stats.binom.pmf(np.arange(reads + 1), reads, p)
    observed = np.bincount(counts, minlength=reads + 1)
    rare = expected < 8
    groups = [(observed[~rare], expected[~rare])]
    if expected[rare].sum() > 1:
        groups.append((observed[rare].sum(keepdims=True), expected[rare].sum(keepdims=True)))
    else:
        # What hardly ever happens must not happen.
        assert observed[rare].sum() <= 6
    seen, law = (np.concatenate(part) for part in zip(*groups, strict=True))
    law *= seen.sum() / law.sum()
    return float(stats.chisquare(seen, law).pvalue)


def assert_uncorrelated(a: NDArray[np.float64], b: NDArray[np.float64]) -> None:
    assert abs(np.corrcoef(a, b)[0, 1]) * np.sqrt(len(a)) < MAX_Z


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = numba.get_num_threads()
    yield lambda n: numba.set_num_threads(min(n, numba.config.NUMBA_NUM_THREADS))
    numba.set_num_threads(before)


# Reads


@pytest.mark.slow
@pytest.mark.parametrize("reader", [read, portable_read], ids=["compiled", "anywhere"])
@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("p", PROBABILITIES)
def test_reads_follow_the_binomial_law(reader: Reader, reads: int, p: float) -> None:
    size = 60_000
    counts = counts_of(reader(torch.full((size,), p), reads, 7), reads)
    exact = digits_16(p) if reader is read else p
    assert binomial_p_value(counts, reads, exact) > MIN_P_VALUE
    variance = reads * exact * (1 - exact)
    assert abs(counts.mean() - reads * exact) < MAX_Z * np.sqrt(variance / size)
    fourth = stats.binom(reads, exact).stats("k") + 3
    spread = variance * np.sqrt((fourth - 1) / size)
    assert abs(counts.var() - variance) < MAX_Z * spread + 1e-4


def test_a_wrong_law_would_be_noticed() -> None:
    counts = counts_of(read(torch.full((60_000,), 0.5), 16, 7), 16)
    assert binomial_p_value(counts, 16, 0.505) < MIN_P_VALUE


@pytest.mark.parametrize("reads", [1, 2, 16, 17, 41, 47, 64, 1000, MAX_READS])
@pytest.mark.parametrize("reader", [read, portable_read], ids=["compiled", "anywhere"])
def test_certain_probabilities_are_exact(reader: Reader, reads: int) -> None:
    p = torch.tensor([0.0, 1.0]).repeat(300)
    assert torch.equal(reader(p, reads, 3), p)


@pytest.mark.parametrize("reads", [1, 16, 40])
@pytest.mark.parametrize("reader", [read, portable_read], ids=["compiled", "anywhere"])
def test_what_is_no_number_stays_none(reader: Reader, reads: int) -> None:
    p = torch.full((300,), 0.5)
    p[[7, 299]] = float("nan")
    assert torch.equal(reader(p, reads, 3).isnan(), p.isnan())


@pytest.mark.slow
def test_probabilities_are_rounded_to_16_binary_digits() -> None:
    step = 2.0**-16
    size = 200_000
    for asked, kept in ((0.4, 0), (0.6, 1), (1.4, 1), (1.6, 2)):
        for reads in (1, 64):
            total = float(read(torch.full((size,), asked * step), reads, 11).sum() * reads)
            mean = size * reads * kept * step
            assert abs(total - mean) <= MAX_Z * np.sqrt(mean), (asked, reads)
    assert bool((read(torch.full((size,), 1 - 0.4 * step), 16, 11) == 1).all())


def test_every_device_has_its_own_probability() -> None:
    p = torch.linspace(0, 1, 9_973)
    shares = read(p, 10_000, 5)
    rounded = torch.round(p * 2**16) / 2**16
    z = (shares - rounded) / torch.sqrt(rounded * (1 - rounded) / 10_000).clamp_min(1e-6)
    inner = z[100:-100]
    assert float(z.abs().max()) < 6
    assert abs(float(inner.mean())) * np.sqrt(len(inner)) < MAX_Z
    assert abs(float(inner.var()) - 1) * np.sqrt(len(inner) / 2) < MAX_Z


@pytest.mark.parametrize("lag", [1, 2, kernels.LANES, kernels.BLOCK, kernels.CHUNK])
@pytest.mark.parametrize("reads", [1, 16])
def test_reads_of_different_devices_are_independent(reads: int, lag: int) -> None:
    shares = read(torch.full((100_000,), 0.5), reads, 23).double().numpy()
    assert_uncorrelated(shares[:-lag], shares[lag:])


def test_neighbouring_keys_give_independent_samples() -> None:
    for key, other in ((0, 1), (5, 5 + 2**32), (2**62, 2**62 + 1)):
        p = torch.full((100_000,), 0.5)
        a, b = (read(p, 16, k).double().numpy() for k in (key, other))
        assert_uncorrelated(a, b)
        a, b = (normal(p, k).double().numpy() for k in (key, other))
        assert_uncorrelated(a, b)


def test_the_key_alone_decides(threads: Callable[[int], None]) -> None:
    p = torch.rand(kernels.PARALLEL_FROM + 1_234, generator=torch.Generator().manual_seed(0))
    few = p[:50_000]
    for reads in (1, 16, 21):
        results = []
        for count in (1, 2):
            threads(count)
            results.append(read(p, reads, 99))
        assert torch.equal(*results)
        # A shorter tensor runs in the serial kernel, over the same chunks.
        whole_chunks = len(few) // kernels.CHUNK * kernels.CHUNK
        assert torch.equal(read(few, reads, 99)[:whole_chunks], results[0][:whole_chunks])
        assert not torch.equal(read(p, reads, 100), results[0])


@pytest.mark.parametrize("reads", [1, 16])
def test_serial_and_parallel_kernels_agree(
    threads: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, reads: int
) -> None:
    rng = np.random.default_rng(0)
    p = rng.random(3 * kernels.CHUNK + 77, dtype=np.float32)
    serial, parallel = np.empty_like(p), np.empty_like(p)
    monkeypatch.setattr(kernels, "PARALLEL_FROM", p.size + 1)
    kernels.fill_reads(p, reads, 1234, serial)
    monkeypatch.setattr(kernels, "PARALLEL_FROM", 0)
    for count in (1, 2):
        threads(count)
        kernels.fill_reads(p, reads, 1234, parallel)
        np.testing.assert_array_equal(parallel, serial)


def test_other_shapes_types_and_memory_give_the_same_reads() -> None:
    p = torch.rand(30, 50, generator=torch.Generator().manual_seed(0))
    expected = read(p, 16, 5)
    assert torch.equal(read(p.reshape(2, 15, 50), 16, 5).reshape(30, 50), expected)
    twice = read(p.double(), 16, 5)
    assert twice.dtype == torch.float64
    assert torch.equal(twice, expected.double())
    assert torch.equal(read(p.t().contiguous().t(), 16, 5), expected)
    assert torch.equal(
        read(torch.tensor(0.5).expand(1000), 16, 5), read(p.new_full((1000,), 0.5), 16, 5)
    )
    assert read(torch.rand(10).to(torch.bfloat16), 4, 5).dtype == torch.bfloat16
    assert read(torch.empty(0, 10), 16, 5).shape == (0, 10)
    assert read(torch.tensor(1.0), 16, 5).shape == ()


def test_pytorchs_default_type_changes_nothing() -> None:
    p = torch.full((1000,), 0.5)
    expected = read(p, 16, 5), normal(p, 5)
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(read(p, 16, 5), expected[0])
        assert torch.equal(normal(p, 5), expected[1])
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("reads", [0, -1, MAX_READS + 1])
def test_impossible_numbers_of_reads_are_refused(reads: int) -> None:
    with pytest.raises(ValueError, match=f"reads is {reads}; it must be a whole number from 1 to"):
        read(torch.rand(3), reads, 0)
    if reads:
        with pytest.raises(ValueError, match="whole number from 0 to"):
            respond(torch.rand(2, 3), torch.ones(5, 3), False, reads, 0)


@pytest.mark.parametrize("reads", [1, 16])
def test_the_gradient_of_reads_is_that_of_their_mean(reads: int) -> None:
    p = torch.rand(20, requires_grad=True)
    upstream = torch.randn(20)
    read(p, reads, 1).backward(upstream)
    assert p.grad is not None
    assert torch.equal(p.grad, upstream)


def test_keys_come_from_the_generator() -> None:
    keys = [sample_key(torch.Generator().manual_seed(4)) for _ in range(2)]
    assert keys[0] == keys[1]
    generator = torch.Generator().manual_seed(4)
    drawn = {sample_key(generator) for _ in range(1000)}
    assert len(drawn) == 1000
    assert min(drawn) >= 0 and max(drawn) < 2**63
    torch.manual_seed(4)
    assert sample_key() == keys[0]


# Normal numbers


@pytest.mark.parametrize("source", [normal, portable_normal], ids=["compiled", "anywhere"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_normal_numbers_are_normal(
    source: Callable[[Tensor, int], Tensor], dtype: torch.dtype
) -> None:
    size = 200_000
    z = source(torch.empty(size, dtype=dtype), 3)
    assert z.dtype == dtype
    values = z.double().numpy()
    assert stats.kstest(values, "norm").pvalue > MIN_P_VALUE
    # Standard errors of the first four moments of normal numbers.
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((values**power).mean() - moment) < MAX_Z * np.sqrt(variance / size), power
    beyond = int((np.abs(values) > 4).sum())
    assert stats.binomtest(beyond, size, 2 * stats.norm.sf(4)).pvalue > MIN_P_VALUE


@pytest.mark.parametrize("lag", [1, 2, kernels.LANES, kernels.BLOCK, kernels.CHUNK])
def test_normal_numbers_of_different_devices_are_independent(lag: int) -> None:
    z = normal(torch.empty(200_000), 8).double().numpy()
    assert_uncorrelated(z[:-lag], z[lag:])
    assert_uncorrelated(z[:-lag] ** 2, z[lag:] ** 2)


def test_the_two_numbers_of_a_pair_fill_the_plane_evenly() -> None:
    z = normal(torch.empty(256_000), 9).double().numpy().reshape(-1, 2, kernels.LANES)
    angle = np.arctan2(z[:, 1], z[:, 0]).ravel() / (2 * np.pi) + 0.5
    assert stats.kstest(angle, "uniform").pvalue > MIN_P_VALUE
    radius = (z**2).sum(axis=1).ravel()
    assert stats.kstest(radius, "chi2", args=(2,)).pvalue > MIN_P_VALUE
    assert_uncorrelated(angle, radius)


# The operators, as PyTorch sees them


def again(name: str, arguments: tuple[object, ...]) -> object:
    return pytest.param(name, arguments, marks=pytest.mark.proof)


def operator_cases() -> list[object]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(7, 10, generator=generator)
    p = torch.rand(7, 10, generator=generator)
    response = torch.stack([torch.full((10,), v) for v in (1.0, 0.1, -5.0, 5.0, 0.2)])
    turned = x.t().contiguous().t()
    return [
        again("read", (p, 16, 3)),
        again("read", (p.t().contiguous().t(), 16, 3)),
        ("read", (p.clone().requires_grad_(), 16, 3)),
        ("normal", (x, 3)),
        again("respond", (x, response, True, 16, 3)),
        again("respond", (turned, response, True, 16, 3)),
        ("respond", (turned.double(), response.double(), False, 1, 3)),
        again("respond_gradient", (x, x, p, response)),
        ("respond_gradient", (turned, turned, p, response)),
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("name", "arguments"), operator_cases())
def test_operators_are_what_they_claim(name: str, arguments: tuple[object, ...]) -> None:
    torch.library.opcheck(getattr(torch.ops.smtj, name).default, arguments)


@pytest.mark.proof
def test_large_calls_leave_pytorch_its_threads() -> None:
    code = """
import numba, torch
from smtj.nn.reads.kernels import PARALLEL_FROM
from smtj.nn.reads.independent import read
torch.set_num_threads(3)
read(torch.full((PARALLEL_FROM,), 0.5), 16, 7)
assert numba.get_num_threads() == 2
assert torch.get_num_threads() == 3, torch.get_num_threads()
"""
    environment = {**os.environ, "NUMBA_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
