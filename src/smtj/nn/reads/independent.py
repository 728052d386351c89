"""Reads and noise as PyTorch operators: ``smtj::respond``, ``smtj::read``, ``smtj::normal``.

On the CPU they run compiled kernels on the tensors' own memory; elsewhere they use PyTorch.  A
64-bit key decides the outcome for any number of threads; equal keys give equal samples on one kind
of device, but not across kinds.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from smtj.nn.reads import kernels
from smtj.nn.reads.scheme import MAX_READS


def respond(x: Tensor, response: Tensor, noisy: bool, reads: int, key: int) -> Tensor:
    """Evaluate neurons: P(high) = 1/(1 + exp(-odds)) and the mean of its reads.

    ``x`` are summed inputs, shape (..., features); ``response``, shape (5, features), holds, in
    log-odds, the gain per unit of input, the value at zero input, those at the lower and the upper
    end of the field range, and the standard deviation of the noise, which acts if ``noisy`` and is
    constant over the reads.  ``reads`` is up to 65,535, or 0 for the expected value P(high); the
    64-bit ``key`` (:func:`sample_key`) decides noise and reads.

    Returns read-outs in [0, 1], with the shape and dtype of ``x``; NaN where ``x`` is.  Gradients
    of any order reach ``x`` and, if required, ``response``; those of sampled reads are those of
    their mean, as in :func:`read`.  Raises ValueError if the last dimensions differ, or ``reads``
    is out of range.
    """
    if x.shape[-1:] != response.shape[1:]:
        raise ValueError(f"x has shape {tuple(x.shape)}; its last must be {response.shape[1]}")
    if not 0 <= reads <= MAX_READS:
        raise ValueError(f"reads is {reads}; it must be a whole number from 0 to {MAX_READS}")
    outputs: Tensor = _Response.apply(x, response, noisy, reads, key)
    return outputs


def respond_traced(
    x: Tensor, response: Tensor, noisy: bool, reads: int, key: Tensor | None
) -> Tensor:
    """Evaluate neurons as :func:`respond` does, in a form that stays in one compiled graph.

    The key comes from :func:`sample_key_tensor`; None if nothing is random.  Gradients equal those
    of :func:`respond` within rounding.
    """
    if key is None:
        return _probability(x, response, False, 0).to(x.dtype)
    outputs: Tensor = torch.ops.smtj.respond_traced(x, response, noisy, reads, key)[0]
    return outputs


def is_transformed(*tensors: Tensor) -> bool:
    """Whether only PyTorch's own operations and random numbers can follow: in a transform of
    ``torch.func``, a trace or an export to ONNX, or where a tensor has a forward derivative."""
    if torch.compiler.is_dynamo_compiling():
        return False
    return (
        torch._C._are_functorch_transforms_active()
        or torch._C._is_tracing()
        or torch.onnx.is_in_onnx_export()
        or any(forward_ad.unpack_dual(each).tangent is not None for each in tensors)
    )


def respond_plainly(
    x: Tensor, response: Tensor, noisy: bool, reads: int, generator: torch.Generator | None
) -> Tensor:
    """Evaluate neurons as :func:`respond` does, by PyTorch's own operations and random numbers."""
    odds = limited_log_odds(x, response)
    if noisy:
        odds = torch.addcmul(odds, response[4], plain_normal(odds, generator))
    probability = torch.sigmoid(odds)
    if reads:
        probability = plain_read(probability, reads, generator)
    return probability.to(x.dtype)


def plain_read(probability: Tensor, reads: int, generator: torch.Generator | None) -> Tensor:
    """Read as :func:`read` does, by PyTorch's own operations and random numbers."""
    p = probability.detach()
    if torch.onnx.is_in_onnx_export():
        # ONNX has no binomial numbers.
        fraction = (torch.rand_like(p.expand(reads, *p.shape)) < p).to(p.dtype).mean(0)
    else:
        fraction = torch.binomial(torch.full_like(p, reads), p, generator=generator) / reads
    return fraction + (probability - p)


def plain_normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Sample as :func:`normal` does, by PyTorch's own random numbers."""
    if generator is None:
        return torch.randn_like(like)
    return torch.randn(like.shape, dtype=like.dtype, device=like.device, generator=generator)


def limited_log_odds(x: Tensor, response: Tensor) -> Tensor:
    """Return the log-odds of P(high) without noise: shift + gain · x, limited to the range."""
    gain, shift, low, high, _ = response.unbind()
    return torch.clamp(torch.addcmul(shift, gain, x), low, high)


def read(probability: Tensor, reads: int, key: int) -> Tensor:
    """Return the mean of independent reads of each device, with the gradient of its expectation.

    ``probability`` is P(high) in [0, 1], of any shape, ``reads`` N is 1 to 65,535, and the 64-bit
    ``key`` (:func:`sample_key`) decides the outcome: the fraction of high reads, a multiple of 1/N
    of the same shape and dtype, NaN where ``probability`` is.  The reads are exactly binomial, with
    probabilities rounded to 2^-16.

    The gradient passes straight through, as if the mean had not been sampled.  For this layer it is
    the exact gradient of the expected value.  Downstream it is biased if the loss is not linear in
    the read-outs: the layers above are differentiated at the sampled values, so the expected
    gradient is that of a loss smoothed by the read-out noise; the difference falls as 1/N.
    """
    if not 1 <= reads <= MAX_READS:
        raise ValueError(f"reads is {reads}; it must be a whole number from 1 to {MAX_READS}")
    sampled: Tensor = torch.ops.smtj.read(probability, reads, key)
    return sampled


def normal(like: Tensor, key: int) -> Tensor:
    """Return standard normal numbers with the shape, dtype and device of ``like`` from a key."""
    numbers: Tensor = torch.ops.smtj.normal(like.detach(), key)
    return numbers


def sample_key(generator: torch.Generator | None = None) -> int:
    """Sample a key from a generator on the CPU, by default PyTorch's global one."""
    return int(torch.randint(2**63 - 1, (), generator=generator))


def sample_key_tensor(generator: torch.Generator | None = None) -> Tensor:
    """Sample a key as :func:`sample_key` does, as a tensor."""
    return torch.randint(2**63 - 1, (), generator=generator)


class _Response(torch.autograd.Function):
    """Backward by one compiled pass instead of one per operation."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, response: Tensor, noisy: bool, reads: int, key: int) -> Tensor:
        outputs: Tensor
        if reads:
            outputs, probability = torch.ops.smtj.respond(x, response, noisy, reads, key)
        else:
            outputs = probability = _probability(x, response, noisy, key).to(x.dtype)
        ctx.save_for_backward(x, probability, response)
        ctx.noisy = noisy
        return outputs

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        return _gradients(ctx, upstream[0])


def _gradients(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
    if torch.is_grad_enabled():
        # The gradient is to be differentiated itself.
        x, probability, response = ctx.saved_tensors
        p = _again(x, probability, response)
        of_input, of_response = _gradients_anywhere(upstream, x, p, response, ctx.noisy)
        return of_input, of_response if ctx.needs_input_grad[1] else None, None, None, None
    if ctx.needs_input_grad[1]:
        both = torch.ops.smtj.respond_gradients(upstream, *ctx.saved_tensors, ctx.noisy)
        return *both, None, None, None
    # Most networks have a fixed response; its gradient would double the cost.
    gradient = torch.ops.smtj.respond_gradient(upstream, *ctx.saved_tensors)
    return gradient, None, None, None, None


def _again(x: Tensor, probability: Tensor, response: Tensor) -> Tensor:
    """Return P(high) as a function of input and response, under the noise that it was sampled
    with."""
    odds, noise = limited_log_odds(x, response), response[4]
    inner = (probability > 0) & (probability < 1)
    deviation = torch.where(inner, torch.logit(probability) - odds, 0.0).detach()
    per_noise = noise / torch.where(noise > 0, noise, 1.0).detach()
    return torch.sigmoid(odds + per_noise * deviation).to(x.dtype)


def _probability(x: Tensor, response: Tensor, noisy: bool, key: int) -> Tensor:
    odds = limited_log_odds(x, response)
    if noisy:
        odds = torch.addcmul(odds, response[4], normal(odds, key))
    return torch.sigmoid(odds)


_library = torch.library.Library("smtj", "DEF")
_library.define("read(Tensor probability, int reads, int key) -> Tensor")
_library.define("normal(Tensor like, int key) -> Tensor")
_library.define(
    "respond(Tensor x, Tensor response, bool noisy, int reads, int key) -> (Tensor, Tensor)"
)
_library.define(
    "respond_traced(Tensor x, Tensor response, bool noisy, int reads, Tensor key) "
    "-> (Tensor, Tensor)"
)
_library.define(
    "respond_gradient(Tensor upstream, Tensor x, Tensor probability, Tensor response) -> Tensor"
)
_library.define(
    "respond_gradients(Tensor upstream, Tensor x, Tensor probability, Tensor response, "
    "bool noisy) -> (Tensor, Tensor)"
)


def _array(tensor: Tensor) -> kernels.Floats:
    """Return a tensor's own memory, or a copy of another dtype or layout."""
    array: kernels.Floats = tensor.detach().to(torch.float32).contiguous().numpy()
    return array


def _flat(tensor: Tensor) -> kernels.Floats:
    return _array(tensor).reshape(-1)


def _new(shape: torch.Size) -> Tensor:
    """Return memory for a kernel to fill, regardless of PyTorch's defaults."""
    return torch.empty(shape, dtype=torch.float32, device="cpu")


def _respond_compiled(
    x: Tensor, response: Tensor, noisy: bool, reads: int, key: int
) -> tuple[Tensor, Tensor]:
    if x.dtype != torch.float32:
        return _respond_anywhere(x, response, noisy, reads, key)
    outputs, probability = _new(x.shape), _new(x.shape)
    kernels.fill_responses(
        _flat(x), _array(response), noisy, reads, key, _flat(outputs), _flat(probability)
    )
    return outputs, probability


def _respond_anywhere(
    x: Tensor, response: Tensor, noisy: bool, reads: int, key: int
) -> tuple[Tensor, Tensor]:
    # A separate key keeps noise and reads independent.
    probability = _probability(x.contiguous(), response, noisy, key ^ 1)
    outputs: Tensor = torch.ops.smtj.read(probability, reads, key)
    return outputs.to(x.dtype), probability.to(x.dtype)


def _respond_traced(
    x: Tensor, response: Tensor, noisy: bool, reads: int, key: Tensor
) -> tuple[Tensor, Tensor]:
    if reads:
        both: tuple[Tensor, Tensor] = torch.ops.smtj.respond(x, response, noisy, reads, int(key))
        return both
    probability = _probability(x.contiguous(), response, noisy, int(key)).to(x.dtype)
    return probability, probability.clone()


def _keep_for_gradient(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(inputs[0], output[1], inputs[1])
    ctx.noisy = inputs[2]


def _gradient_traced(ctx: Any, upstream: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    return _gradients(ctx, upstream)


def _gradient_compiled(
    upstream: Tensor, x: Tensor, probability: Tensor, response: Tensor
) -> Tensor:
    if x.dtype != torch.float32:
        return _gradient_anywhere(upstream, x, probability, response)
    out = _new(x.shape)
    kernels.fill_gradient(
        _flat(upstream), _flat(x), _flat(probability), _array(response), _flat(out)
    )
    return out


def _gradient_anywhere(
    upstream: Tensor, x: Tensor, probability: Tensor, response: Tensor
) -> Tensor:
    gain, shift, low, high, _ = response.unbind()
    odds = torch.addcmul(shift, gain, x)
    inside = (odds >= low) & (odds <= high)
    return (upstream * probability * (1 - probability) * gain * inside).to(x.dtype).contiguous()


def _gradients_compiled(
    upstream: Tensor, x: Tensor, probability: Tensor, response: Tensor, noisy: bool
) -> tuple[Tensor, Tensor]:
    if x.dtype != torch.float32:
        return _gradients_anywhere(upstream, x, probability, response, noisy)
    of_input, of_response = _new(x.shape), _new(response.shape)
    shape = (-1, x.shape[-1])
    kernels.fill_gradients(
        _array(upstream).reshape(shape),
        _array(x).reshape(shape),
        _array(probability).reshape(shape),
        _array(response),
        noisy,
        _array(of_input).reshape(shape),
        _array(of_response),
    )
    return of_input, of_response.to(response.dtype)


def _gradients_anywhere(
    upstream: Tensor, x: Tensor, probability: Tensor, response: Tensor, noisy: bool
) -> tuple[Tensor, Tensor]:
    gain, shift, low, high, noise = response.unbind()
    odds = torch.addcmul(shift, gain, x)
    spread = probability * (1 - probability)
    here = upstream * spread
    below, above = odds < low, odds > high
    outside, none = below | above, torch.zeros_like(here)
    inside = torch.where(outside, none, here)
    # The sampled noise follows from its effect on P(high).
    deviation = torch.logit(probability) - torch.clamp(odds, low, high)
    felt = (spread > 0) & (noise > 0) & noisy
    rows = (
        torch.where(outside, none, here * x),  # beyond the field range inputs may be infinite
        inside,
        torch.where(below, here, none),
        torch.where(above, here, none),
        torch.where(felt, here * deviation / noise, none),
    )
    of_response = torch.stack([row.reshape(-1, row.shape[-1]).sum(0) for row in rows])
    return (inside * gain).to(x.dtype).contiguous(), of_response.to(response.dtype)


def _read_compiled(probability: Tensor, reads: int, key: int) -> Tensor:
    out = _new(probability.shape)
    kernels.fill_reads(_flat(probability), reads, key, _flat(out))
    return out.to(probability.dtype)


def portable_read(probability: Tensor, reads: int, key: int) -> Tensor:
    """Read as :func:`read` does, on any device and with probabilities that are not rounded."""
    generator = torch.Generator(probability.device).manual_seed(key)
    p = probability.detach().to(torch.float32).contiguous()
    return plain_read(p, reads, generator).to(probability.dtype)


def _normal_compiled(like: Tensor, key: int) -> Tensor:
    out = _new(like.shape)
    kernels.fill_normal(key, _flat(out))
    return out.to(like.dtype)


def portable_normal(like: Tensor, key: int) -> Tensor:
    """Sample as :func:`normal` does, on any device."""
    return plain_normal(like, torch.Generator(like.device).manual_seed(key))


for _name, _compiled, _anywhere in (
    ("read", _read_compiled, portable_read),
    ("normal", _normal_compiled, portable_normal),
    ("respond", _respond_compiled, _respond_anywhere),
    ("respond_gradient", _gradient_compiled, _gradient_anywhere),
    ("respond_gradients", _gradients_compiled, _gradients_anywhere),
):
    _library.impl(_name, _compiled, "CPU")
    _library.impl(_name, _anywhere, "CompositeExplicitAutograd")
_library.impl("respond_traced", _respond_traced, "CompositeExplicitAutograd")

# The shapes of the results, for torch.compile.
torch.library.register_fake("smtj::read", lambda p, *_: p.new_empty(p.shape), lib=_library)
torch.library.register_fake("smtj::normal", lambda x, *_: x.new_empty(x.shape), lib=_library)
for _name in ("respond", "respond_traced"):
    torch.library.register_fake(
        f"smtj::{_name}", lambda x, *_: (x.new_empty(x.shape), x.new_empty(x.shape)), lib=_library
    )
torch.library.register_fake(
    "smtj::respond_gradient", lambda _, x, *__: x.new_empty(x.shape), lib=_library
)
torch.library.register_fake(
    "smtj::respond_gradients",
    lambda _, x, __, response, ___: (x.new_empty(x.shape), response.new_empty(response.shape)),
    lib=_library,
)
torch.library.register_autograd(
    "smtj::read", lambda _, gradient: (gradient, None, None), lib=_library
)
torch.library.register_autograd(
    "smtj::respond_traced", _gradient_traced, setup_context=_keep_for_gradient, lib=_library
)
