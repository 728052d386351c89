"""Accuracy against reads and bit errors, and the search for the cheapest reads."""

import copy
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from closeness import close_to
from smtj.datasets import load_dataset
from smtj.energy import (
    Accuracy,
    Assumptions,
    caption,
    cost,
    gated_plan,
    intervals,
    measure_accuracy,
    measure_replicas,
    save_plots,
    search,
    survey,
    trained_network,
    workload,
)
from smtj.energy.costs import COUPLINGS, joules
from smtj.energy.pareto import INTERVALS, TIMES, VOLTAGES, barriers, non_dominated
from smtj.energy.plans import relaxation_time
from smtj.energy.uncertainty import joules_of
from smtj.errors import CheckpointError, SmtjError
from smtj.nn import MTJNeuron, set_readout
from smtj.nn.training.network import NetworkSettings, build_network, save_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Trainer, as_tensors, evaluate, scaled
from smtj.physics.device import with_stability_factor

ASSUMED = Assumptions()


@pytest.fixture(scope="module")
def images():
    return as_tensors(load_dataset("digits"))


@pytest.fixture(scope="module")
def settings():
    return NetworkSettings((64, 32, 10))


@pytest.fixture(scope="module")
def network(card, images, settings):
    made = build_network(settings, card, seed=0)
    training = Trainer(made, images, TrainingSettings(seed=0, batch_size=50))
    list(training.epochs(8))
    return made


@pytest.fixture(scope="module")
def accuracy(network, images):
    return measure_accuracy(network, images, seed=1)


@pytest.mark.slow
def test_the_accuracy_is_that_of_the_network_itself(network, images, accuracy):
    set_readout(network, eval_reads=16)
    runs = np.array([evaluate(network, images, seed) for seed in range(12)])
    again = np.array(
        [
            measure_accuracy(network, images, seed, reads=(16,), errors=(0.0,)).values[0, 0]
            for seed in range(12)
        ]
    )
    spread = math.hypot(runs.std(ddof=1), again.std(ddof=1)) / math.sqrt(12)
    assert abs(runs.mean() - again.mean()) < 4 * spread
    assert 0.8 < accuracy.achievable <= 1


def test_more_reads_are_better_and_bit_errors_worse(accuracy):
    values = accuracy.values
    assert np.all(np.diff(values[:4, 0]) > 0)
    assert np.all(values[:3, 0] > values[:3, -1])
    assert values[-1, 0] == close_to(accuracy.achievable, abs=0.02)


def test_accuracy_is_the_same_for_the_same_seed_and_any_number_of_threads(network, images):
    threads = torch.get_num_threads()
    found, used = [], set()
    watch = network[0].register_forward_hook(lambda *_: used.add(torch.get_num_threads()))
    for count in (1, 2):
        torch.set_num_threads(count)
        found.append(measure_accuracy(network, images, 5, (1, 4), (0.0, 0.1)).values)
        assert torch.get_num_threads() == count
    torch.set_num_threads(threads)
    watch.remove()
    # Small products are the same anyway; large ones are not on more than one thread.
    assert np.array_equal(*found) and used == {1}


def test_a_network_of_learnt_voltages_is_priced_with_them(
    tmp_path, card, network, settings, images
):
    learnt = copy.deepcopy(network)
    learnt[1].set_bias(torch.linspace(-0.1, 0.1, 32))
    file = save_network(tmp_path / "network.pt", learnt, settings, card)
    again = measure_accuracy(trained_network(file)[0], images, 1, (16,), (0.0,))
    held = again.workload.bias_voltages
    assert held[:32] == close_to(tuple(np.linspace(-0.1, 0.1, 32)), rel=1e-5)
    assert set(held[32:]) == {0.0} and workload(network).bias_voltages == ()
    plan = gated_plan(card, 0.02, 4)
    price, plain = (cost(w, card, plan) for w in (again.workload, workload(network)))
    assert float(price.bias) > 0 and float(price.latency) > float(plain.latency)


def test_interpolation_passes_through_the_table_and_keeps_within_it(accuracy):
    grid = accuracy.at(np.array(accuracy.reads)[:, None], np.array(accuracy.errors))
    assert grid == close_to(accuracy.values)
    assert float(accuracy.at(1e9, 0.0)) == accuracy.values[-1, 0]
    between = float(accuracy.at(1.5, 0.0))
    assert accuracy.values[0, 0] < between < accuracy.values[1, 0]


def test_intervals_hold_95_percent_of_binomial_counts():
    flat = Accuracy((1, 2), (0.0, 0.1), np.zeros((2, 2)), 1.0, 400, workload((4, 2)))
    counts = np.random.default_rng(0).binomial(400, 0.93, 20_000)
    low, high = flat.interval(counts / 400)
    held = float(((low < 0.93) & (high > 0.93)).mean())
    assert held == close_to(0.95, abs=0.015)


def test_the_measured_workload_is_the_networks(accuracy):
    assert accuracy.workload.devices == (32, 10)
    assert accuracy.workload.synapses == 64 * 32 + 32 * 10
    assert 1 < accuracy.workload.log_odds_spread < 10
    assert 0 < accuracy.workload.occupancy < 1


def test_images_of_another_size_are_refused(card):
    settings = NetworkSettings((9, 4, 10))
    with pytest.raises(SmtjError, match="9 inputs"):
        measure_accuracy(build_network(settings, card, 0), as_tensors(load_dataset("digits")))


def test_networks_are_read_from_a_folder_or_a_file(tmp_path, card, network, settings):
    file = save_network(tmp_path / "network.pt", network, settings, card)
    for path in (file, tmp_path):
        assert trained_network(path)[1] == card
    with pytest.raises(CheckpointError, match=r"nothing\.pt"):
        trained_network(tmp_path / "nothing.pt")
    plain = NetworkSettings((4, 2), neuron="sigmoid")
    save_network(tmp_path / "network.pt", build_network(plain, card, 0), plain, card)
    with pytest.raises(SmtjError, match="without devices"):
        trained_network(tmp_path)


def test_the_front_is_beaten_by_nothing_and_beats_the_rest():
    rng = np.random.default_rng(4)
    costs = np.round(rng.random((400, 3)), 2)
    costs = np.vstack([costs, costs[:5]])
    front = non_dominated(costs)

    def beats(a, b):
        return bool(np.all(a <= b) and np.any(a < b))

    kept = {int(i) for i in front}
    for i, row in enumerate(costs):
        assert (i in kept) == (not any(beats(other, row) for other in costs))


def smooth(reads, error):
    """Stand in for the accuracy of a network."""
    return 0.98 - 0.1 / np.asarray(reads) - 0.5 * np.asarray(error)


def test_the_search_finds_the_cheapest_that_is_good_enough(card):
    work = workload((784, 400, 10))
    grid = {"reads": (1, 2, 4, 8), "errors": (1e-3, 1e-2), "stability_factors": (5.0, 9.0, 14.0)}
    found = search(work, card, smooth, **grid)
    assert set(found) == set(COUPLINGS)
    assert found["oersted"].points == [] and found["oersted"].cheapest(0.9) is None
    for coupling, tried in found.items():
        assert 0 <= tried.possible <= tried.tried
        best = tried.cheapest(0.95, beyond=True)
        assert best.accuracy >= 0.95
        # It says what the cost of these very reads says.
        device = with_stability_factor(card, best.barrier)
        apart = best.interval / relaxation_time(device)
        plan = gated_plan(
            device, best.voltage, best.reads, best.error_rate, best.integration_time, apart
        )
        again = cost(work, device, plan)
        assert float(again.neurons(coupling)) == close_to(best.energy, rel=1e-6)
        assert again.possible and tuple(again.exceeded(coupling)) == best.exceeded
        assert sum(best.parts.values()) == close_to(best.energy)
        assert tried.cheapest(0.99, beyond=True) is None
        assert len(tried.to_dataframe()) == len(tried.points) == len(tried.to_dict()["points"])
        assert f"{tried.possible:,} of {tried.tried:,} tried" in repr(tried)
        cheapest = {}
        for point in sorted(tried.points, key=lambda p: p.energy):
            cheapest.setdefault(int(100 * point.accuracy), joules(point.energy))
        assert [row[1] for row in tried.table().rows] == [
            cheapest[whole] for whole in sorted(cheapest, reverse=True)
        ]
        table = best.table()
        assert table.title.startswith("Reads driven by") and "None" not in repr(best)
        assert dict(table.rows) == best.described()
    wires = found["oersted"].cheapest(0.95, beyond=True)
    assert wires.barrier == 5.0 and "electromigration" in " ".join(wires.exceeded)
    # No read of a random few hundred is better.
    rng = np.random.default_rng(8)
    best, sizes = found["strain"].cheapest(0.95), 300
    plan = gated_plan(
        with_stability_factor(card, 9.0),
        rng.choice(VOLTAGES, sizes),
        rng.integers(1, 9, sizes),
        rng.choice([1e-3, 1e-2], sizes),
        rng.choice(TIMES, sizes) * 1e-9,
        rng.choice(INTERVALS, sizes),
    )
    random = cost(work, with_stability_factor(card, 9.0), plan)
    good = random.possible & (smooth(random.effective_reads, random.error_rate) >= 0.95)
    assert good.any() and float(random.neurons("strain")[good].min()) >= best.energy * (1 - 1e-9)


def test_wires_that_stood_their_current_could_be_built(card):
    strong = ASSUMED.replace({"wire_current_density": "100 MA/cm^2"})
    grid = {"reads": (1, 2, 4), "errors": (1e-2,), "stability_factors": (5.0, 18.0)}
    found = search((784, 400, 10), card, smooth, assumptions=strong, **grid)["oersted"]
    built, free = found.cheapest(0.9), found.cheapest(0.9, beyond=True)
    # The driver of 5 mA ends the smaller barrier, whose fields are larger.
    assert (built.barrier, free.barrier) == (18.0, 5.0)
    assert built.exceeded == () and free.exceeded[0].startswith("current of the driver")
    assert free.energy < built.energy


def test_barriers_reach_the_cards_own(card):
    found = barriers(card)
    assert found[0] == 5.0 and found[-1] == close_to(18.5, abs=0.1)
    high = ASSUMED.replace({"smallest_barrier": "8"})
    assert barriers(card, high)[0] == 8.0
    shallow = with_stability_factor(card, 4.0)
    assert barriers(shallow) == close_to([4.0])


@pytest.mark.slow
def test_a_survey_prints_plots_and_serialises(tmp_path, card, network, images, accuracy):
    found = survey(accuracy.workload, card, accuracy)
    assert found.target == 0.98 * accuracy.achievable
    assert set(found.best) == {"strain"} and "oersted" in found.beyond
    for point in (*found.best.values(), *found.beyond.values()):
        assert point.accuracy >= found.target
        assert point.energy < 1e-3 * float(found.stated.neurons("oersted"))
    replicas = measure_replicas([network], images, 3, reads=(2, 4, 8))
    found = replace(found, intervals=intervals(found, replicas))
    for column, parts in joules_of(found).items():
        for part, energy in parts.items():
            low, high = found.intervals[column].get(part, (energy, energy))
            assert low <= energy <= high, (column, part)
    assert found.accuracy_of(found.stated) >= found.target
    said = " ".join(found.remarks)
    assert "A low power is not a low energy" in said and "no spin torque" in said
    table = found.table()
    assert table.head[:5] == ("", "as stated", "gated", "best, strain", "beyond limits, oersted")
    assert "In brackets: 95 % prediction intervals" in table.notes[0]
    assert "None of the reads tried can be built with Oersted wires" in said
    assert "21 V, so it cannot drive this card" in said or "cannot drive this card" in said
    assert all(len(row) == len(table.head) for row in table.rows)
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["best"]["strain"]["energy"] == found.best["strain"].energy
    frame = found.to_dataframe()
    assert list(frame.index) == list(table.head[1:])
    wires = frame.loc["beyond limits, oersted"]
    assert wires["sum, oersted"] == found.beyond["oersted"].energy
    assert "electromigration" in wires["exceeded"]
    png, svg = save_plots(found, tmp_path / "cost")
    assert png.stat().st_size > 10_000 and svg.exists()
    assert found.plot().get_xlabel() == "Energy of all neurons per image (J)"
    assert "(b)" in caption(found)


def test_an_accuracy_prints_and_plots(accuracy):
    assert f"{100 * accuracy.values[-1, 0]:.2f} %" in repr(accuracy)
    lines = accuracy.plot().lines
    for line, column in zip(lines, accuracy.values.T, strict=True):
        assert line.get_xdata().tolist() == list(accuracy.reads)
        assert line.get_ydata() == close_to(100 * column)


@pytest.mark.slow
def test_an_unreachable_target_is_reported(tmp_path, card, accuracy):
    out_of_reach = replace(accuracy, achievable=1.1)
    found = survey(accuracy.workload, card, out_of_reach)
    assert found.best == {}
    assert "None of the reads tried reaches" in " ".join(found.remarks)
    assert save_plots(found, tmp_path / "cost")[0].exists()


@pytest.mark.slow
def test_assumptions_that_allow_no_read_at_all(tmp_path, card, accuracy):
    strict = ASSUMED.replace({"longest_read": "1e-12"})
    found = survey(accuracy.workload, card, accuracy, assumptions=strict)
    assert found.best == {} and all(s.possible == 0 for s in found.searches.values())
    assert save_plots(found, tmp_path / "cost")[0].exists()


def test_the_workload_of_a_model_is_measured_on_inputs(network, images, accuracy):
    from_sizes = workload(network)
    assert (from_sizes.devices, from_sizes.synapses) == ((32, 10), 64 * 32 + 32 * 10)
    measured = workload(network, inputs=scaled(images.test_images))
    assert measured.devices == from_sizes.devices and measured.synapses == from_sizes.synapses
    expected = accuracy.workload
    assert measured.log_odds_spread == close_to(expected.log_odds_spread, rel=1e-5)
    assert measured.occupancy == close_to(expected.occupancy, rel=1e-5)


def test_fields_reach_as_far_for_steep_devices(card):
    """Matched inputs are log-odds of nominal devices; twice the slope needs no other field."""
    x = torch.randn(500, 4, generator=torch.Generator().manual_seed(2))
    model = torch.nn.Sequential(MTJNeuron(card, 4, chip_seed=None))
    model[0].slope_factor.copy_(torch.tensor([0.5, 1.0, 1.0, 2.0]))
    model[0].set_bias()
    spread = workload(model, inputs=x).log_odds_spread
    assert spread == close_to(float(x.square().mean().sqrt()), rel=1e-4)


def test_multiplications_of_a_convolution_are_counted_per_pixel(card):
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 5), MTJNeuron(card, (3, 4, 4)))
    with pytest.raises(SmtjError, match="needs inputs"):
        workload(model)
    work = workload(model, inputs=torch.rand(2, 1, 8, 8))
    assert work.devices == (3 * 4 * 4,) and work.synapses == 3 * 4 * 4 * 25
    price = cost(model, "cai2019", inputs=torch.rand(2, 1, 8, 8))
    assert price.workload.neurons == 48


def test_a_model_without_neurons_has_no_workload():
    with pytest.raises(SmtjError, match="no MTJ neurons"):
        workload(torch.nn.Sequential(torch.nn.Linear(3, 2)))


def test_stuck_devices_err_as_the_network_does_and_drive_no_field(network, images):
    spoilt = copy.deepcopy(network)
    spoilt[1].stuck[:16] = 1.0
    found = measure_accuracy(spoilt, images, seed=1, reads=(16,), errors=(0.0,))
    set_readout(spoilt, eval_reads=16)
    own = evaluate(spoilt, images, seed=3)
    error = math.sqrt(2 * own * (1 - own) / found.images)
    assert abs(found.values[0, 0] - own) < 4 * error
    whole = measure_accuracy(network, images, seed=1, reads=(16,), errors=(0.0,))
    assert found.workload.log_odds_spread == close_to(whole.workload.log_odds_spread, rel=0.5)
