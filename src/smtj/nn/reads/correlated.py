"""Correlated reads as a PyTorch operator: ``smtj::read_correlated``.

The kernels run on the CPU; other tensors are copied there and back.  A key decides the outcome for
any number of threads.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from smtj.nn.reads import averaged_kernels, correlated_kernels
from smtj.nn.reads.correlated_kernels import UNKNOWN
from smtj.nn.reads.independent import is_transformed, normal, plain_normal
from smtj.nn.reads.kernels import Floats
from smtj.nn.reads.scheme import ReadScheme


def read_by_scheme(
    odds: Tensor,
    relaxation: Tensor,
    scheme: ReadScheme,
    reads: int,
    key: Callable[[], Tensor],
    *,
    reading_noise: float = 0.0,
    field_noise: Tensor | None = None,
    field_correlation_time: float | None = None,
    state: Tensor | None = None,
    log_rate: Tensor | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Read devices by a scheme, with the gradient of P(high).

    Returns the means of the N readings, with the shape and dtype of ``odds``, and the final states,
    if any.  ``odds`` is ln(P/(1 - P)) without magnetic noise, shape (..., features), ``relaxation``
    from :func:`smtj.nn.reads.relaxation.relaxation`, shape (2, features); ``key`` samples a key as
    a tensor on the CPU.  ``reading_noise`` is a reading's standard deviation relative to the level
    separation, ``field_noise`` that of the log-odds, shape (features,), or None; its correlation
    time is in s, or None if it is constant over the N reads.  ``state`` holds the initial states of
    a streaming scheme, uint8, shape (features,); else None.  ``log_rate`` is ln(1/τ_r) where the
    log-odds do not decide it, shape (..., features), and takes the place of ``relaxation``.
    """
    if log_rate is not None:
        return _read_at_rates(
            odds, log_rate, scheme, reads, key, reading_noise, field_noise, field_correlation_time,
            state,
        )  # fmt: skip
    shape = odds.shape
    rows = odds.reshape(-1, shape[-1])
    if field_noise is not None and field_correlation_time is not None:
        decay = math.exp(-scheme.interval / field_correlation_time)
        rows = rows[:, None] + field_noise * _ornstein_uhlenbeck(rows, reads, decay, key)
        means, state = _read_one_by_one(rows, relaxation, scheme, reading_noise, key(), state)
    else:
        if field_noise is not None:
            rows = torch.addcmul(rows, field_noise, _normal(rows, key))
        means, state = _read(rows, relaxation, scheme, reading_noise, reads, key(), state)
    return means.reshape(shape), state


def _read_at_rates(
    odds: Tensor,
    log_rate: Tensor,
    scheme: ReadScheme,
    reads: int,
    key: Callable[[], Tensor],
    reading_noise: float,
    field_noise: Tensor | None,
    field_correlation_time: float | None,
    state: Tensor | None,
) -> tuple[Tensor, Tensor | None]:
    """Read devices whose relaxation rate differs from row to row.

    Every entry counts as a device of its own with a constant rate; a stream goes row by row.
    """
    shape = odds.shape
    rows, rates = odds.reshape(-1, shape[-1]), log_rate.reshape(-1, shape[-1])

    def read_rows(part: Tensor, rate: Tensor, held: Tensor | None) -> tuple[Tensor, Tensor | None]:
        table = torch.stack((rate.reshape(-1), torch.zeros_like(rate.reshape(-1))))
        noise = None if field_noise is None else field_noise.repeat(len(part))
        means, after = read_by_scheme(
            part.reshape(1, -1),
            table,
            scheme,
            reads,
            key,
            reading_noise=reading_noise,
            field_noise=noise,
            field_correlation_time=field_correlation_time,
            state=held,
        )
        return means.reshape(part.shape), after

    if state is None:
        means, _ = read_rows(rows, rates, None)
        return means.reshape(shape), None
    answers = []
    for part, rate in zip(rows.split(1), rates.split(1), strict=True):
        answer, state = read_rows(part, rate, state)
        answers.append(answer)
    return torch.cat(answers).reshape(shape), state


def _normal(rows: Tensor, key: Callable[[], Tensor]) -> Tensor:
    return plain_normal(rows, None) if is_transformed(rows) else normal(rows, int(key()))


def _ornstein_uhlenbeck(
    rows: Tensor, reads: int, decay: float, key: Callable[[], Tensor]
) -> Tensor:
    """Return noise of variance 1 at every read, shape (rows, reads, features)."""
    fresh = math.sqrt(1 - decay**2)
    deviations = [_normal(rows, key)]
    for _ in range(reads - 1):
        deviations.append(decay * deviations[-1] + fresh * _normal(rows, key))
    return torch.stack(deviations, dim=1)


def _read_one_by_one(
    odds: Tensor,
    relaxation: Tensor,
    scheme: ReadScheme,
    noise: float,
    key: Tensor,
    state: Tensor | None,
) -> tuple[Tensor, Tensor | None]:
    """Average reads with different odds, shape (rows, reads, features)."""
    count, reads, features = odds.shape
    if state is not None:
        stream, state = _read(odds.flatten(0, 1), relaxation, scheme, noise, 1, key, state)
        return stream.reshape(odds.shape).mean(dim=1), state
    # For devices that start in equilibrium, the reads are one stream each.
    unknown = torch.full((count * features,), UNKNOWN, dtype=torch.uint8)
    every = odds.transpose(0, 1).reshape(reads, count * features)
    stream, _ = _read(every, relaxation.repeat(1, count), scheme, noise, 1, key, unknown)
    return stream.mean(dim=0).reshape(count, features), None


def _read(
    odds: Tensor,
    relaxation: Tensor,
    scheme: ReadScheme,
    noise: float,
    reads: int,
    key: Tensor,
    state: Tensor | None,
) -> tuple[Tensor, Tensor | None]:
    timing = [scheme.interval, scheme.integration_time]
    rest = relaxation, timing, noise, scheme.above_middle, reads, key, state
    if is_transformed(odds):
        means, _, after = torch.ops.smtj.read_correlated(odds.detach(), *rest)
        probability = torch.sigmoid(odds)
        means = means + (probability - probability.detach())
    else:
        means, _, after = torch.ops.smtj.read_correlated(odds, *rest)
    return means, None if state is None else after


_library = torch.library.Library("smtj", "FRAGMENT")
_library.define(
    "read_correlated(Tensor odds, Tensor relaxation, float[] timing, float noise, bool above, "
    "int reads, Tensor key, Tensor? state) -> (Tensor, Tensor, Tensor)"
)


def _compiled(
    odds: Tensor,
    relaxation: Tensor,
    timing: list[float],
    noise: float,
    above: bool,
    reads: int,
    key: Tensor,
    state: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    inputs, table = _array(odds), _array(relaxation)
    means, probability = np.empty_like(inputs), np.empty_like(inputs)
    after = None if state is None else np.array(state.cpu().numpy())
    interval, integration_time = timing
    number = int(key)
    if integration_time > 0:
        averaged_kernels.fill_averaged(
            inputs,
            table.astype(np.float64),
            (interval, integration_time),
            noise,
            above,
            reads,
            number,
            after,
            means,
            probability,
        )
    elif after is None:
        correlated_kernels.fill_fresh(inputs, table, interval, reads, number, means, probability)
    else:
        correlated_kernels.fill_stream(
            inputs, table, interval, reads, number, after, means, probability
        )
    states = torch.empty(0, dtype=torch.uint8) if after is None else torch.from_numpy(after)
    return (
        torch.from_numpy(means).to(odds.device, odds.dtype),
        torch.from_numpy(probability).to(odds.device, odds.dtype),
        states.to(odds.device),
    )


def _array(tensor: Tensor) -> Floats:
    array: Floats = tensor.detach().to("cpu", torch.float32).contiguous().numpy()
    return array


def _shapes(odds: Tensor, relaxation: Tensor, *others: Any) -> tuple[Tensor, Tensor, Tensor]:
    state = others[-1]
    after = odds.new_empty(0 if state is None else state.shape, dtype=torch.uint8)
    return odds.new_empty(odds.shape), odds.new_empty(odds.shape), after


def _keep_for_gradient(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.save_for_backward(inputs[0], output[1])


def _gradient(ctx: Any, upstream: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
    odds, probability = ctx.saved_tensors
    if torch.is_grad_enabled():
        # The gradient is to be differentiated itself.
        probability = torch.sigmoid(odds)
    gradient = upstream * (probability * (1 - probability))
    return gradient, None, None, None, None, None, None, None


_library.impl("read_correlated", _compiled, "CompositeExplicitAutograd")
torch.library.register_fake("smtj::read_correlated", _shapes, lib=_library)
torch.library.register_autograd(
    "smtj::read_correlated", _gradient, setup_context=_keep_for_gradient, lib=_library
)
