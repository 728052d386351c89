"""Models of all kinds with junctions for their activations, and the way back."""

import copy
import io
import pickle
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from closeness import close_to
from smtj import DeviceCard
from smtj.errors import SmtjError
from smtj.nn import (
    MTJActivation,
    MTJNeuron,
    ScaledSigmoid,
    calibrated,
    convert,
    set_readout,
    summary,
    to_digital,
)
from smtj.nn.layer.activation import Unconverted

IDEAL = {"reads": "expected", "noise": False, "chip_seed": None}


@pytest.fixture(autouse=True)
def fixed_seed() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="module")
def wide(card: DeviceCard) -> DeviceCard:
    """A card whose drivers have no limit to speak of."""
    return card.replace({"switching.field_limit": 1e12})


class Modules(nn.Module):
    """A small convolutional network with all activations as modules."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.act = nn.Sigmoid()
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(144, 20), nn.Tanh(), nn.Linear(20, 10))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.act(self.norm(self.conv(x))))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(20, 20)

    def forward(self, x: Tensor) -> Tensor:
        return functional.sigmoid(self.linear(x)) + self.linear(x).tanh()


class Calls(nn.Module):
    """One with calls of functions and methods, a repeated module, dropout and odd tensors."""

    pattern: Tensor
    offsets: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.linear = nn.Linear(144, 20)
        self.act = nn.Sigmoid()
        self.block = Block()
        self.out = nn.Linear(20, 10)
        self.gate = nn.Parameter(torch.randn(10))
        self.register_buffer("pattern", torch.randn(20), persistent=False)
        self.register_buffer("offsets", torch.randn(10))

    def forward(self, x: Tensor, bias: Tensor | None = None, double: bool = False) -> Tensor:
        x = torch.tanh(self.conv(x)).flatten(1)
        x = functional.dropout(x, 0.5, training=self.training)
        x = self.act(self.linear(x))
        x = self.act(self.block(x) * self.pattern)
        x = functional.relu(x) * 2 if double else functional.relu(x)
        if bias is not None:
            x = x + bias
        return torch.sigmoid(self.gate) * self.out(x) + self.offsets.sqrt().nan_to_num()


NAMES_OF_CALLS = ["act", "tanh", "block.sigmoid", "block.tanh", "act_1"]


class Branching(nn.Module):
    """One that no trace can follow."""

    def __init__(self, act: nn.Module) -> None:
        super().__init__()
        self.linear = nn.Linear(20, 20)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.linear(x))
        return torch.sigmoid(x) if x.sum() > 0 else x


def images(count: int = 5, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(1)).to(dtype)


def pair(kind: Callable[[], nn.Module]) -> tuple[nn.Module, Tensor]:
    return kind().eval(), images()


def neurons(model: nn.Module) -> dict[str, MTJActivation]:
    return {name: m for name, m in model.named_modules() if isinstance(m, MTJActivation)}


def seeded_run(model: nn.Module, x: Tensor, seed: int = 3) -> Tensor:
    torch.manual_seed(seed)
    return model(x)


# What is replaced


def test_modules_are_replaced_and_the_class_stays(card: DeviceCard) -> None:
    digital = Modules()
    model = convert(digital, card, images(), chip_seed=4)
    assert type(model) is Modules
    layers = neurons(model)
    assert {name: (m.shape, m.features) for name, m in layers.items()} == {
        "act": ((4, 6, 6), 144),
        "head.2": ((20,), 20),
    }
    assert all(isinstance(m, MTJNeuron) for m in layers.values())
    assert type(digital.act) is nn.Sigmoid and not neurons(digital)  # a copy was converted
    assert not torch.equal(layers["act"].slope[:20], layers["head.2"].slope)
    assert model(images()).shape == (5, 10)
    loss = model(images()).square().sum()
    loss.backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in model.parameters())


def test_calls_methods_and_repeated_modules_are_replaced(card: DeviceCard) -> None:
    model = convert(Calls(), card, images())
    layers = neurons(model)
    assert sorted(layers) == sorted(NAMES_OF_CALLS)
    assert layers["tanh"].shape == (4, 6, 6)
    assert not torch.equal(layers["act"].slope, layers["act_1"].slope)
    left = {part.name: (part.kind, part.reason) for part in summary(model).left}
    assert left == {
        "relu": ("relu()", "not like a sigmoid"),
        "sigmoid": ("sigmoid()", "does not depend on the input"),
    }


def test_one_module_in_two_places_becomes_two_layers(card: DeviceCard) -> None:
    act = nn.Sigmoid()
    digital = nn.Sequential(nn.Linear(8, 6), act, nn.Linear(6, 6), act)
    model = convert(digital, card, torch.rand(3, 8))
    assert type(model) is nn.Sequential
    assert list(neurons(model)) == ["1", "3"]
    assert not torch.equal(model[1].slope, model[3].slope)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("kind", [Modules, Calls])
def test_ideal_devices_without_limit_give_the_digital_network(
    wide: DeviceCard, kind: Callable[[], nn.Module], dtype: torch.dtype
) -> None:
    digital = kind().to(dtype).eval()
    x = images(50, dtype)
    model = convert(digital, wide, x, **IDEAL)
    tolerance = 1e-6 if dtype == torch.float32 else 1e-12
    with torch.no_grad():
        assert model(x).dtype == dtype
        torch.testing.assert_close(model(x), digital(x), atol=tolerance, rtol=0)


@pytest.mark.parametrize(
    ("kind", "function"),
    [
        (nn.Sigmoid, torch.sigmoid),
        (nn.Tanh, torch.tanh),
        (nn.Hardsigmoid, lambda x: torch.sigmoid(2 * x / 3)),
    ],
)
def test_each_activation_has_its_scaled_sigmoid(
    wide: DeviceCard, kind: type[nn.Module], function: Callable[[Tensor], Tensor]
) -> None:
    x = torch.linspace(-6, 6, 101, dtype=torch.float64)[:, None].requires_grad_()
    model = convert(kind(), wide, x.detach(), **IDEAL)
    torch.testing.assert_close(model(x), function(x), atol=1e-12, rtol=0)
    digital = kind()
    assert float((model(x) - digital(x)).detach().abs().max()) < (
        0.12 if kind is nn.Hardsigmoid else 1e-12
    )
    zero = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
    slopes = [torch.autograd.grad(f(zero).sum(), zero)[0].item() for f in (model, digital)]
    assert slopes[0] == close_to(slopes[1], rel=1e-7)


@pytest.mark.parametrize("act", [torch.special.expit, torch.sigmoid, lambda x: x.sigmoid()])
def test_every_spelling_of_a_sigmoid_is_found(card: DeviceCard, act: Callable) -> None:
    class Spelled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return act(x)

    assert list(neurons(convert(Spelled(), card, torch.rand(2, 3)))) == ["sigmoid"]


def test_many_reads_give_the_expected_value(card: DeviceCard) -> None:
    digital, x = pair(Modules)
    reads = 400
    sampled = convert(digital, card, x, reads=reads, noise=False, chip_seed=2)
    expected = convert(digital, card, x, reads="expected", noise=False, chip_seed=2)
    outputs = {}
    for name, model in (("sampled", sampled), ("expected", expected)):
        model.act.register_forward_hook(lambda *a, name=name: outputs.update({name: a[2]}))
    repeated = images(400).mul(0.0) + x[:1]
    with torch.no_grad():
        sampled(repeated), expected(repeated)
    p = outputs["expected"].double().flatten(1)
    z = (outputs["sampled"].double().flatten(1) - p) / torch.sqrt(p * (1 - p) / reads)
    n = z.numel()
    assert abs(float(z.mean())) * np.sqrt(n) < 4.5
    assert abs(float(z.square().mean()) - 1) * np.sqrt(n / 2) < 4.5
    # Downstream, the rest of the network sees less and less of it.
    errors = []
    for reads in (16, 1024):
        set_readout(sampled, eval_reads=reads)
        with torch.no_grad():
            errors.append(float((sampled(repeated) - expected(repeated)).square().mean()))
    assert errors[0] / errors[1] == close_to(64, rel=0.25)


# Options


def test_what_is_excluded_stays(card: DeviceCard) -> None:
    model = convert(Modules(), card, images(), exclude=["head"])
    assert list(neurons(model)) == ["act"] and type(model.head[2]) is nn.Tanh
    assert summary(model).left[0].reason == "excluded"
    model = convert(Calls(), card, images(), exclude=["block.*", "act"])
    assert list(neurons(model)) == ["tanh"]
    model = convert(Calls(), card, images(), exclude=["block.tanh", "act_?"])
    assert sorted(neurons(model)) == ["act", "block.sigmoid", "tanh"]
    assert Unconverted("act_1", "Sigmoid", "excluded") in summary(model).left


def test_layers_keep_their_devices_whichever_others_are_converted(card: DeviceCard) -> None:
    whole = convert(Calls(), card, images(), chip_seed=5)
    part = convert(Calls(), card, images(), chip_seed=5, exclude=["tanh"])
    other = convert(Calls(), card, images(), chip_seed=6)
    for name, layer in neurons(part).items():
        assert torch.equal(layer.slope, neurons(whole)[name].slope)
        assert not torch.equal(layer.slope, neurons(other)[name].slope)


def test_cards_and_options_reach_the_layers(card: DeviceCard) -> None:
    other = card.replace({"name": "other"})
    generator = torch.Generator()
    model = convert(
        Modules(),
        card,
        images(),
        cards={"head*": other},
        coupling=calibrated,
        reads=3,
        eval_reads="expected",
        noise=False,
        noise_correlation_time=1.0,
        bias_voltage=0.1,
        temperature=320.0,
        generator=generator,
    )
    layers = neurons(model)
    assert [layer.card.name for layer in layers.values()] == ["cai2019", "other"]
    reference = MTJNeuron(card, 1, chip_seed=None, bias_voltage=0.1, temperature=320.0)
    for layer in layers.values():
        assert (layer.reads, layer.eval_reads, layer.noise) == (3, "expected", False)
        assert layer.noise_correlation_time == 1.0
        assert layer.generator is generator
        assert float(layer.bias_voltage) == close_to(0.1)
        assert type(layer.coupling).__name__ == "CalibratedCoupling"
        slope = layer.slope / layer.slope_factor / layer.barrier_factor
        np.testing.assert_allclose(slope, float(reference.slope), rtol=1e-5)
    assert model.train()(images()).shape == (5, 10)


def test_further_activations_are_replaced_when_they_are_mapped_alone(wide: DeviceCard) -> None:
    digital = nn.Sequential(nn.Linear(8, 6), nn.ReLU(inplace=True), nn.Sigmoid())
    x = torch.rand(3, 8)
    assert list(neurons(convert(digital, wide, x))) == ["2"]
    stand_in = ScaledSigmoid(gain=2.0, shift=-1.0, height=3.0, base=-0.5)
    model = convert(digital, wide, x, conversion_map={nn.ReLU: stand_in}, **IDEAL)
    expected = torch.sigmoid(3 * torch.sigmoid(2 * digital[0](x) - 1) - 0.5)
    torch.testing.assert_close(model(x), expected)
    called = convert(Calls(), wide, images(), conversion_map={nn.ReLU: stand_in})
    assert "relu" in neurons(called)
    texts = [str(ScaledSigmoid()), str(stand_in), str(ScaledSigmoid(2, 0, 2, -1))]
    assert texts == ["σ(x)", "3 σ(2 x - 1) - 0.5", "2 σ(2 x) - 1"]


def test_what_works_in_place_is_replaced_where_nothing_else_sees_it(card: DeviceCard) -> None:
    class Used(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act, self.other = nn.Hardsigmoid(inplace=True), nn.Sigmoid()

        def forward(self, x: Tensor) -> Tensor:
            x = x + 1
            self.act(x)
            return self.other(x).sigmoid_()

    model = convert(Used(), card, torch.rand(2, 3))
    assert list(neurons(model)) == ["other"]
    assert {part.name: part.reason for part in summary(model).left} == {
        "act": "works in place on a value used elsewhere",
        "sigmoid": "works in place",
    }


def test_in_place_conversion_changes_the_model_itself(card: DeviceCard) -> None:
    digital = Modules()
    model = convert(digital, card, images(), inplace=True)
    assert model is digital and list(neurons(digital)) == ["act", "head.2"]
    assert to_digital(model, inplace=True) is digital and not neurons(digital)
    called = Calls()
    with pytest.raises(SmtjError, match="inplace=True can replace only modules"):
        convert(called, card, images(), inplace=True)
    assert type(called.act) is nn.Sigmoid


# Chips on disk, copies, devices and types


@pytest.mark.parametrize("kind", [Modules, Calls])
def test_a_converted_model_loads_as_the_same_chip(
    card: DeviceCard, kind: Callable[[], nn.Module]
) -> None:
    saved = convert(kind(), card, images(), chip_seed=1, bias_voltage=0.1).eval()
    file = io.BytesIO()
    torch.save(saved.state_dict(), file)
    file.seek(0)
    digital = kind()
    for held in (m for m in saved.modules() if type(m).__name__ == "HiddenTensor"):
        digital.pattern = held.value  # which no state holds
    loaded = convert(digital, card, images(2), chip_seed=2).eval()
    assert not torch.equal(seeded_run(loaded, images()), seeded_run(saved, images()))
    loaded.load_state_dict(torch.load(file, weights_only=True), strict=True)
    for name, layer in neurons(saved).items():
        for buffer in ("slope", "offset_field", "slope_factor", "bias_voltage"):
            assert torch.equal(getattr(layer, buffer), getattr(neurons(loaded)[name], buffer))
    assert torch.equal(seeded_run(loaded, images()), seeded_run(saved, images()))


def test_digital_checkpoints_fit_before_and_after(card: DeviceCard) -> None:
    digital, x = pair(Calls)
    keys = digital.state_dict().keys()
    model = convert(digital, card, x)
    assert keys < model.state_dict().keys()
    back = to_digital(model)
    assert back.state_dict().keys() == keys
    Calls().load_state_dict(back.state_dict(), strict=True)


@pytest.mark.parametrize("kind", [Modules, Calls])
def test_the_way_back_is_exact(card: DeviceCard, kind: Callable[[], nn.Module]) -> None:
    digital, x = pair(kind)
    model = convert(digital, card, x)
    for mode in (True, False):
        back = to_digital(model.train(mode)).train(mode)
        assert not neurons(back) and neurons(model)
        assert torch.equal(seeded_run(back, x), seeded_run(copy.deepcopy(digital).train(mode), x))
    assert type(to_digital(convert(nn.Tanh(), card, x))) is nn.Tanh


@pytest.mark.parametrize("kind", [Modules, Calls])
@pytest.mark.parametrize("how", ["deepcopy", "pickle", "file"])
def test_copies_are_the_same_chip_and_independent(
    card: DeviceCard, kind: Callable[[], nn.Module], how: str
) -> None:
    model, x = convert(kind(), card, images(), chip_seed=3).eval(), images()
    model(x)
    if how == "deepcopy":
        twin = copy.deepcopy(model)
    elif how == "pickle":
        twin = pickle.loads(pickle.dumps(model))
    else:
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        twin = torch.load(file, weights_only=False)
    assert torch.equal(seeded_run(twin, x), seeded_run(model, x))
    assert twin.state_dict().keys() == model.state_dict().keys()
    assert str(summary(twin)) == str(summary(model))
    assert torch.equal(to_digital(twin)(x), to_digital(model)(x))
    for layer in neurons(twin).values():
        layer.set_bias(0.2)
    assert not torch.equal(seeded_run(twin, x), seeded_run(model, x))
    assert float(neurons(model)["act"].bias_voltage) == 0


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
def test_other_types_train(card: DeviceCard, dtype: torch.dtype) -> None:
    before = convert(Calls().to(dtype), card, images(5, dtype))
    after = convert(Calls(), card, images()).to(dtype)
    for model in (before, after):
        outputs = model(images(5, dtype))
        outputs.sum().backward()
        assert outputs.dtype == dtype and bool(outputs.isfinite().all())
        assert all(layer.slope.dtype == dtype for layer in neurons(model).values())
        assert model.conv.weight.grad is not None and bool(model.conv.weight.grad.any())


def test_double_precision_is_not_rounded_to_single_on_the_way(card: DeviceCard) -> None:
    model = convert(Modules().double(), card, images(2, torch.float64), chip_seed=1)
    layer = model.act
    before = layer.slope.clone()
    layer.set_bias(0.0)
    assert torch.equal(layer.slope, before)
    assert torch.get_default_dtype() == torch.float32


def test_shapes_pass_through_the_meta_device(card: DeviceCard) -> None:
    model = convert(Calls(), card, images()).to("meta")
    assert model(images().to("meta")).shape == (5, 10)
    assert "card=cai2019" in str(model)


@pytest.mark.parametrize("kind", [Modules, Calls])
def test_training_and_evaluation_are_told_apart(
    card: DeviceCard, kind: Callable[[], nn.Module]
) -> None:
    digital = kind()
    digital.conv.eval()
    model = convert(digital, card, images(), reads=1, eval_reads="expected", noise=False)
    assert model.training and not model.conv.training
    assert all(layer.training for layer in neurons(model).values())
    assert not torch.equal(model(images()), model(images()))
    model.eval()
    assert torch.equal(model(images()), model(images()))
    asleep = convert(kind().eval(), card, images())
    assert not any(module.training for module in asleep.modules())
    # The dropout of a traced model follows its mode.
    ideal = convert(kind(), card, images(), **IDEAL)
    assert torch.equal(ideal(images()), ideal(images())) == (kind is Modules)
    # Batch normalisation, if any, changed nothing while shapes were looked for.
    if kind is Modules:
        assert torch.equal(digital.norm.running_mean, torch.zeros(4))


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize("backend", ["eager", pytest.param("aot_eager", marks=pytest.mark.proof)])
@pytest.mark.parametrize("kind", [pytest.param(Modules, marks=pytest.mark.proof), Calls])
def test_compiled_models_are_one_graph_and_answer_the_same(
    card: DeviceCard, kind: Callable[[], nn.Module], backend: str
) -> None:
    model, x = convert(kind(), card, images(), chip_seed=3), images()
    compiled = torch.compile(model, backend=backend, fullgraph=True)
    for mode in (True, False):
        model.train(mode)
        gradients, outputs = [], []
        for run in (compiled, model):
            state = copy.deepcopy(model.state_dict())
            model.zero_grad()
            outputs.append(seeded_run(run, x))
            outputs[-1].square().sum().backward()
            gradients.append(model.conv.weight.grad.clone())
            model.load_state_dict(state)
        torch.testing.assert_close(outputs[0], outputs[1])
        torch.testing.assert_close(gradients[0], gradients[1])
    first, second = compiled(x), compiled(x)
    assert not torch.equal(first, second)  # the reads are fresh


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize(
    "options",
    [{"eval_reads": "expected"}, IDEAL, {"coupling": calibrated}],
    ids=["expected value", "ideal", "calibrated"],
)
def test_every_kind_of_read_out_compiles(card: DeviceCard, options: dict[str, object]) -> None:
    model, x = convert(Modules(), card, images(), **options).eval(), images()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    torch.testing.assert_close(seeded_run(compiled, x), seeded_run(model, x))
    for layer in neurons(model).values():
        layer.set_bias(0.2)
    torch.testing.assert_close(seeded_run(compiled, x), seeded_run(model, x))


def test_conversion_leaves_the_streams_and_the_model_alone(card: DeviceCard) -> None:
    digital = Calls()
    before = copy.deepcopy(digital.state_dict())
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    model = convert(digital, card, images())
    assert torch.equal(torch.rand(3), expected)
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.add_(1)
    for name, values in digital.state_dict().items():
        assert torch.equal(values, before[name])


# Models that resist


def test_what_cannot_be_traced_keeps_its_functions(card: DeviceCard) -> None:
    model = convert(Branching(nn.Sigmoid()), card, torch.rand(3, 20))
    assert list(neurons(model)) == ["act"] and type(model) is Branching
    note = summary(model).note
    assert note.startswith("The model cannot be traced (TraceError: ") and "functions" in note
    assert model(torch.rand(3, 20)).shape == (3, 20)


def test_other_steps_in_training_are_not_traced(card: DeviceCard) -> None:
    class Noisy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.sigmoid(x * 2 if self.training else x)

    with pytest.raises(SmtjError, match="no activation to replace"):
        convert(Noisy(), card, torch.rand(2, 3))

    class Baked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.Sigmoid()

        def forward(self, x: Tensor) -> Tensor:
            return torch.sigmoid(self.act(x) * torch.rand(()))

    # A trace would hold the random number for ever.
    model = convert(Baked(), card, torch.rand(2, 3))
    assert list(neurons(model)) == ["act"]
    assert "gives other outputs" in summary(model).note


def test_a_shared_module_that_no_trace_tells_apart_is_refused(card: DeviceCard) -> None:
    class Loop(Branching):
        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.act(x)) if x.sum() > 0 else x

    with pytest.raises(SmtjError, match=r"act is applied 2 times in one pass, .* or exclude"):
        convert(Loop(nn.Sigmoid()), card, torch.ones(3, 20))


def test_recurrent_layers_and_unreached_activations_are_reported(card: DeviceCard) -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.act, self.idle = nn.LSTM(4, 3), nn.Sigmoid(), nn.Tanh()

        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.rnn(x)[0])

    found = summary(convert(Recurrent(), card, torch.rand(2, 5, 4)))
    assert [layer.shape for layer in found.layers] == [(5, 3)]
    assert {part.name: part.reason for part in found.left} == {
        "idle": "not reached by example_input",
        "rnn": "has its activations inside",
    }


def test_functions_that_a_layer_holds_are_replaced(card: DeviceCard) -> None:
    layer = nn.TransformerEncoderLayer(
        8, 2, 16, dropout=0, activation=torch.sigmoid, batch_first=True
    )
    digital, x = (
        nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval(),
        torch.rand(3, 5, 8),
    )
    model = convert(digital, card, x, **IDEAL)
    assert [layer.name for layer in summary(model).layers] == [
        "layers.0.activation",
        "layers.1.activation",
    ]
    torch.testing.assert_close(model(x), digital(x), rtol=0, atol=1e-4)
    kept = convert(digital, card, x, exclude=("layers.0",), **IDEAL)
    assert kept.layers[0].activation is torch.sigmoid
    torch.testing.assert_close(to_digital(model)(x), digital(x), rtol=0, atol=0)


class Loop(nn.Module):
    """Over the length of its input, which no trace follows."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.last = nn.Linear(4, 4), nn.Sigmoid()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = x[:, 0]
        for step in range(1, x.shape[1]):
            state = torch.tanh(self.linear(state) + x[:, step])
        return self.last(state)


def test_calls_that_no_trace_reaches_are_named(card: DeviceCard) -> None:
    model = convert(nn.Sequential(Loop()), card, torch.rand(2, 6, 4))
    (left,) = (part for part in summary(model).left if part.kind == "tanh()")
    assert left.name == "0.tanh"
    assert left.reason.startswith("called 5 times where no trace reaches")
    with pytest.raises(SmtjError, match=r"tanh\(\) at 0.tanh, called 5 times"):
        convert(nn.Sequential(Loop()), card, torch.rand(2, 6, 4), conversion_map={nn.Sigmoid: None})


def test_arguments_may_have_names_and_defaults(card: DeviceCard) -> None:
    x, bias = images(), torch.rand(20)
    digital = Calls().eval()
    both = convert(digital, card, (x, bias), **IDEAL)
    named = convert(digital, card, {"x": x, "bias": bias}, **IDEAL)
    assert torch.equal(both(x, bias), named(x=x, bias=bias))
    assert not torch.equal(both(x, bias), both(x, 2 * bias))
    with pytest.raises(TypeError):
        convert(digital, card, x)(x, bias)


def test_models_of_converted_parts_are_converted_once(card: DeviceCard) -> None:
    inner = convert(Modules(), card, images(), chip_seed=7)
    outer = nn.Sequential(inner, nn.Tanh())
    model = convert(outer, card, images(), chip_seed=8)
    assert list(neurons(model)) == ["0.act", "0.head.2", "1"]
    assert torch.equal(model[0].act.slope, inner.act.slope)


# Refusals


def test_bad_requests_get_one_sentence(card: DeviceCard) -> None:
    x = torch.rand(3, 8)
    digital = nn.Sequential(nn.Linear(8, 6), nn.Sigmoid())
    with pytest.raises(SmtjError, match=r"nothing in the model matches 'act'; .* are 0, 1$"):
        convert(digital, card, x, exclude=["act"])
    with pytest.raises(SmtjError, match="nothing in the model matches 'x'"):
        convert(digital, card, x, cards={"x": card})
    with pytest.raises(SmtjError, match=r"the model fails on example_input \(RuntimeError: "):
        convert(digital, card, torch.rand(3, 7))
    with pytest.raises(SmtjError, match=r"shape \(6,\) for a batch of 8; its first dimension"):
        convert(digital, card, torch.rand(8))
    with pytest.raises(SmtjError, match="no tensor with a batch dimension"):
        convert(nn.Sequential(nn.Sigmoid()), card, torch.tensor(1.0))
    with pytest.raises(SmtjError, match=r"found ReLU at 1, not like a sigmoid\)"):
        convert(nn.Sequential(nn.Linear(8, 6), nn.ReLU()), card, x)
    with pytest.raises(SmtjError, match="chip_seed is -1; it must be a whole number"):
        convert(digital, card, x, chip_seed=-1)
    with pytest.raises(SmtjError, match="reads is 0"):
        convert(digital, card, x, reads=0, inplace=True)
    assert type(digital[1]) is nn.Sigmoid  # nothing is half converted
    with pytest.raises(SmtjError, match=r"no layer from smtj\.nn\.convert"):
        to_digital(digital)


# The summary


def test_the_summary_counts_devices_and_reads(card: DeviceCard) -> None:
    model = convert(Modules(), card, images(), reads=4, eval_reads=16)
    model.head[2].reads = "expected"
    found = summary(model)
    assert (found.devices, found.reads, found.eval_reads) == (164, 4 * 144, 16 * 164)
    text = str(found)
    for part in ("act", "head.2", "4×6×6", "2 σ(2 x) - 1", "expected", "2,624", "Tanh"):
        assert part in text
    assert "Left as it was" not in text
    assert "≈ σ(0.667 x)" in str(summary(convert(nn.Hardsigmoid(), card, images())))
    by_hand = nn.Sequential(nn.Linear(8, 6), MTJNeuron(card, 6), nn.ReLU(), nn.Sigmoid())
    found = summary(by_hand)
    assert [(layer.name, layer.replaces) for layer in found.layers] == [("1", "")]
    assert [part.reason for part in found.left] == ["not like a sigmoid", "not converted"]
    assert "answers 2 σ(2 x) - 1" in str(model)


# It learns


@pytest.mark.proof
def test_a_converted_lenet_learns_digits(card: DeviceCard) -> None:
    from sklearn.datasets import load_digits

    data = load_digits()
    x = torch.tensor(data.images / 16, dtype=torch.float32)[:, None]
    y = torch.tensor(data.target)
    digital = nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 3), nn.Tanh(), nn.Flatten(),
        nn.Linear(64, 32), nn.Sigmoid(), nn.Linear(32, 10),
    )  # fmt: skip
    model = convert(digital, card, x[:2], chip_seed=1)
    assert summary(model).devices == 6 * 64 + 16 * 4 + 32
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    losses = []
    for _ in range(6):
        losses.append(0.0)
        for batch in torch.randperm(1500).split(50):
            loss = functional.cross_entropy(model(x[batch]), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses[-1] += float(loss.detach()) / 30
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.2 * losses[0]
    with torch.no_grad():
        accuracy = float((model.eval()(x[1500:]).argmax(1) == y[1500:]).float().mean())
    assert accuracy > 0.85
