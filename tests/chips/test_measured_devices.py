"""Networks, chips and costs of devices that were measured, without any physics on their cards."""

import json
import math
import sys

import numpy as np
import pytest
import torch
from torch import nn

import smtj
from closeness import close_to
from smtj.card import load_card_text
from smtj.cli import main
from smtj.errors import SmtjError
from smtj.nn import DigitalReads, MTJNeuron, Variability, convert
from smtj.units import Oe

TRACE = """
name = "mine"
title = "a trace"

[behaviour]
resistance_high = { value = "6500 ohm", provenance = "measured" }
resistance_low = { value = "5000 ohm", provenance = "measured" }
read_voltage = { value = "10 mV", provenance = "measured" }
temperature = { value = "300 K", provenance = "assumed" }
sampling_interval = { value = "20 ms", provenance = "measured" }
integration_time = { value = "0 s", provenance = "assumed" }
"""
HERE = """
dwell_time_high = { value = "3 ms", provenance = "measured" }
dwell_time_low = { value = "2 ms", provenance = "measured" }
"""
SCAN = """
dwell_time = { value = "3 ms", provenance = "measured" }

[field_response]
slope = { value = "0.14 1/Oe", provenance = "measured" }
midpoint = { value = "-14 Oe", provenance = "measured" }
limit = { value = "60 Oe", provenance = "measured" }
"""
CARDS = {"trace": load_card_text(TRACE + HERE, "t"), "scan": load_card_text(TRACE + SCAN, "s")}
IDEAL = {"reads": "expected", "noise": False, "chip_seed": None}


@pytest.fixture(params=CARDS)
def measured(request):
    return CARDS[request.param]


def test_an_ideal_neuron_is_a_sigmoid(measured):
    x = torch.linspace(-4, 4, 9)[:, None]
    layer = MTJNeuron(measured, 1, **IDEAL)
    torch.testing.assert_close(layer(x), torch.sigmoid(x))
    assert layer.bias_voltage == close_to(10e-3)


def test_a_scanned_field_ends_where_the_measurement_did():
    layer = MTJNeuron(CARDS["scan"], 1, **IDEAL)
    far = float(layer.log_odds(torch.tensor([[100.0]])))
    assert far == close_to(0.14 * (60 + 14), rel=1e-5)
    free = MTJNeuron(CARDS["trace"], 1, **IDEAL)
    assert float(free.log_odds(torch.tensor([[100.0]]))) == close_to(100.0)


@pytest.mark.slow
def test_reads_in_a_stream_correlate_as_the_measured_dwell_times_say():
    card, interval, reads = CARDS["scan"], 0.5e-3, 8
    layer = MTJNeuron(card, 4000, reads=reads, scheme=DigitalReads(interval), noise=False)
    means = layer(torch.zeros(20, 4000)).numpy()
    # Telegraph noise of relaxation time τ/2 at the middle: correlation e^(-t/τ_r) between reads.
    r = math.exp(-interval / 1.5e-3)
    lags = np.arange(1, reads)
    variance = 0.25 / reads * (1 + 2 * np.sum((1 - lags / reads) * r**lags))
    assert means.mean() == close_to(0.5, abs=5 * math.sqrt(variance / means.size))
    assert means.var() == close_to(variance, rel=0.03)


def test_conversion_and_training_need_no_physics(measured):
    run = smtj.nn.train("digits", measured, hidden=16, epochs=2, schedule="constant")
    assert run.accuracy > 0.6
    model = nn.Sequential(nn.Linear(8, 4), nn.Sigmoid(), nn.Linear(4, 2))
    x = torch.randn(6, 8)
    converted = convert(model, measured, x, **IDEAL)
    torch.testing.assert_close(converted(x), model(x), atol=1e-5, rtol=1e-5)


def test_a_study_of_chips_varies_what_the_drive_allows(measured, trained):
    model = convert(
        nn.Sequential(nn.Linear(8, 16), nn.Sigmoid(), nn.Linear(16, 4)),
        measured,
        trained.images[:2],
    )
    images, labels = trained.images[:50], trained.labels[:50]
    study = smtj.chips.study(model, images, labels, chips=3, vary={"slope_spread": [0.0, 0.5]})
    assert study.to_dataframe().shape[0] == 6
    spread = {"offset_spread": [0.0, 300.0]}
    if measured.drive.name == "field":
        smtj.chips.study(model, images, labels, chips=2, vary=spread)
    else:
        with pytest.raises(SmtjError, match="no field drives the device of card mine"):
            smtj.chips.study(model, images, labels, chips=2, vary=spread)


def test_field_spreads_need_a_field():
    spread = Variability.of_card("cai2019")
    with pytest.raises(SmtjError, match="offset_spread is a field"):
        MTJNeuron(CARDS["trace"], 3, variability=spread)
    assert MTJNeuron(CARDS["scan"], 3, variability=spread).variability is spread
    with pytest.raises(SmtjError, match="field_limit cannot be set"):
        smtj.nn.set_conditions(MTJNeuron(CARDS["trace"], 3), field_limit=10 * Oe)


def test_the_cost_of_reads_follows_from_levels_and_dwell_times(measured):
    price = smtj.energy.cost((8, 4), measured)
    volts, interval = 10e-3, 20e-3
    power = volts**2 * (0.5 / 6500 + 0.5 / 5000)
    assert float(price.junction) == close_to(4 * 16 * interval * power, rel=1e-6)
    # Reads 20 ms apart are independent, as the device forgets within 1.5 ms.
    assert float(price.effective_reads) == close_to(16, rel=1e-3)
    assert price.couplings == (("oersted", "strain") if measured.drive.name == "field" else ())
    assert ("sum, oersted" in str(price)) == (measured.drive.name == "field")
    with pytest.raises(SmtjError, match="needs the physics of the device"):
        smtj.energy.survey((8, 4), measured)


def test_the_commands_take_a_measured_card(measured, tmp_path, monkeypatch, capsys):
    path = measured.save(tmp_path / "mine.toml")
    monkeypatch.chdir(tmp_path)
    for arguments in (
        ("cost", "--sizes", "8,4", "--out", "cost"),
        ("card", "show"),
        ("measure", "trace", "--samples", "20", "--out", "trace.csv"),
    ):
        card = [str(path)] if arguments[0] == "card" else ["--card", str(path)]
        monkeypatch.setattr(sys, "argv", ["smtj", *arguments, *card])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code, capsys.readouterr().err
    printed = capsys.readouterr().out
    assert "needs the physics of the device" in printed and "6500 ohm" in printed
    assert "20 readings of mine, 5000 to 6500 ohm" in printed
    record = json.loads((tmp_path / "cost" / "cost.json").read_text())
    assert record["energy_reads"]["junction"] > 0


@pytest.mark.parametrize(
    ("ask", "missing"),
    [
        (lambda c: smtj.energy.cost((8, 4), c), "behaviour.read_voltage is missing"),
        (lambda c: MTJNeuron(c, 2, adaptive="layer"), "field_response.slope_per_volt is missing"),
        (lambda c: MTJNeuron(c, 2, temperature=310.0), "no law for a temperature of 310 K"),
    ],
)
def test_what_was_not_measured_is_named(ask, missing):
    card = CARDS["scan"].replace({"behaviour.read_voltage": None})
    with pytest.raises(SmtjError, match=missing):
        ask(card)
