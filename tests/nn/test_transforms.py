"""Derivatives of any order, transforms of torch.func, whole numbers, traces and exports."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad, functional, gradcheck, gradgradcheck

from smtj.nn import AnalogueReads, DigitalReads, MTJNeuron, convert, make_adaptive, to_digital

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")

EXPECTED = {"reads": "expected", "noise": False}
SCHEMES = (DigitalReads(0.12), AnalogueReads(0.12, 0.02))


def network(seed: int = 1, **options: object) -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3), nn.Sigmoid())
    return convert(layers, "cai2019", torch.rand(2, 4), chip_seed=seed, **options).double().eval()


def inputs(*shape: int) -> Tensor:
    return torch.rand(*shape, 4, dtype=torch.double, generator=torch.Generator().manual_seed(2))


def seeded(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """The sum of a random model's read-outs, alike at each call."""

    def call(x: Tensor) -> Tensor:
        torch.manual_seed(1)
        return model(x).sum()

    return call


def test_derivatives_of_the_expected_value_are_those_of_differences() -> None:
    x = inputs(3).requires_grad_()
    for model in (network(**EXPECTED), network(reads="expected")):
        call = seeded(model)
        assert gradcheck(call, (x,))
        assert gradgradcheck(call, (x,))
    assert gradcheck(network(**EXPECTED), (x,), check_forward_ad=True, check_batched_grad=True)


def test_a_gradient_penalty_reaches_weights_and_voltages() -> None:
    """By autograd of the formula, which has no backward pass of its own."""
    model = convert(nn.Sequential(nn.Linear(4, 5), nn.Sigmoid()), "cai2019", torch.rand(2, 4))
    make_adaptive(model, "neuron")
    x = inputs(6).float().requires_grad_()
    found = []
    for run in (model, lambda x: torch.sigmoid(model[1].log_odds(model[0](x)))):
        model[1].noise, model[1].reads = False, "expected"
        model.zero_grad()
        (slope,) = torch.autograd.grad(run(x).sum(), x, create_graph=True)
        slope.square().sum().backward()
        found.append([p.grad.clone() for p in model.parameters()])
    assert all(bool((grad != 0).any()) for grad in found[1])
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("scheme", [None, *SCHEMES], ids=["independent", "snapshot", "averaged"])
def test_second_derivatives_of_sampled_reads_are_those_of_their_mean(scheme: object) -> None:
    neuron = MTJNeuron("cai2019", 4, reads=3, scheme=scheme, noise=False).double().eval()
    x = inputs(3)
    straight = torch.sigmoid(neuron.log_odds(x))
    curvature = functional.hessian(seeded(neuron), x).reshape(12, 12).diagonal().reshape(3, 4)
    slope = straight * (1 - straight)
    gain = neuron._response(neuron.coupling(x)[1])[0]
    torch.testing.assert_close(curvature, slope * (1 - 2 * straight) * gain**2)
    _, change = torch.func.jvp(neuron, (x,), (torch.ones_like(x),))
    torch.testing.assert_close(change, slope * gain)


def test_transforms_agree_with_autograd() -> None:
    model, v, x = network(**EXPECTED), inputs(), inputs(6)

    def one(u: Tensor) -> Tensor:
        return model(u[None])[0]

    def total(u: Tensor) -> Tensor:
        return one(u).sum()

    jacobian, hessian = functional.jacobian(one, v), functional.hessian(total, v)
    close = {"rtol": 0, "atol": 1e-12}
    for transform in (torch.func.jacrev, torch.func.jacfwd):
        torch.testing.assert_close(transform(one)(v), jacobian, **close)
        torch.testing.assert_close(transform(torch.func.jacrev(total))(v), hessian, **close)
    torch.testing.assert_close(torch.func.vmap(one)(x), model(x), **close)
    with forward_ad.dual_level():
        dual = model(forward_ad.make_dual(v[None], torch.ones_like(v)[None]))
        change = forward_ad.unpack_dual(dual).tangent
    torch.testing.assert_close(change[0], jacobian.sum(1), **close)


def test_chips_are_evaluated_side_by_side_by_vmap() -> None:
    chips, x = [network(seed, **EXPECTED) for seed in range(3)], inputs(6)
    state = torch.func.stack_module_state(chips)

    def run(*state: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(chips[0], state, (x,))

    torch.testing.assert_close(torch.func.vmap(run)(*state), torch.stack([c(x) for c in chips]))


def test_random_reads_under_vmap_follow_its_randomness() -> None:
    model, x = network(reads=4), inputs(6).expand(50, 6, 4)
    with pytest.raises(RuntimeError, match="randomness"):
        torch.func.vmap(model)(x)
    found = torch.func.vmap(model, randomness="different")(x)
    assert bool((found.std(0) > 0).all())
    jacobian = torch.func.jacfwd(lambda u: model(u[None])[0], randomness="same")(inputs())
    assert bool((jacobian != 0).all())
    state = dict(model.named_parameters())

    def loss(state: dict[str, Tensor], one: Tensor) -> Tensor:
        return torch.func.functional_call(model, state, (one[None],)).square().sum()

    each = torch.func.vmap(torch.func.grad(loss), (None, 0), randomness="different")(state, x[0])
    assert {name: grad.shape[1:] for name, grad in each.items()} == {
        name: weight.shape for name, weight in state.items()
    }


def test_whole_numbers_are_taken_as_floats() -> None:
    neuron = MTJNeuron("cai2019", 3, **EXPECTED, chip_seed=None)
    x = torch.tensor([[0, 1, 2]])
    assert torch.equal(neuron(x), neuron(x.float()))
    assert torch.equal(neuron.log_odds(x), neuron.log_odds(x.float()))


@pytest.mark.parametrize(
    "options",
    [{}, {"reads": "expected"}, {"noise_correlation_time": 1.0}, {"scheme": SCHEMES[0]}],
    ids=str,
)
@pytest.mark.filterwarnings("ignore")
def test_traces_and_exports_stay_random(options: dict[str, object]) -> None:
    neuron, x = MTJNeuron("cai2019", 50, **options).eval(), torch.zeros(4, 50)
    traced = torch.jit.trace(neuron, x, check_trace=False)
    assert not torch.equal(traced(x), traced(x))
    if set(options) <= {"reads"}:
        exported = torch.export.export(neuron, (x,)).module()
        assert not torch.equal(exported(x), exported(x))


@pytest.mark.parametrize("dynamo", [False, pytest.param(True, marks=pytest.mark.proof)])
@pytest.mark.filterwarnings("ignore")
def test_onnx_gives_the_same_values_and_the_same_law(dynamo: bool, tmp_path) -> None:
    """Both exporters of PyTorch, run by another library."""
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    x = torch.randn(2000, 4, generator=torch.Generator().manual_seed(3))
    x[:1000] = x[0]
    kinds = {"expected": network(**EXPECTED), "sampled": network(reads=4)}
    for name, model in {"digital": to_digital(kinds["expected"]), **kinds}.items():
        model, path = model.float(), str(tmp_path / f"{name}.onnx")
        torch.onnx.export(model, (x,), path, dynamo=dynamo)
        session = runtime.InferenceSession(path)
        found = torch.from_numpy(session.run(None, {session.get_inputs()[0].name: x.numpy()})[0])
        with torch.no_grad():
            here = model(x)
        if name != "sampled":
            torch.testing.assert_close(found, here, rtol=0, atol=1e-5)
            continue
        ours, theirs = (one[:1000] for one in (here, found))
        torch.testing.assert_close(theirs.mean(0), ours.mean(0), rtol=0, atol=0.05)
        torch.testing.assert_close(theirs.std(0), ours.std(0), rtol=0.1, atol=0.02)
        assert set(torch.unique(4 * found).tolist()) <= {0.0, 1.0, 2.0, 3.0, 4.0}
