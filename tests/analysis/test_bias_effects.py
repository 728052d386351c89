"""From the laboratory under bias, through a file, to a card with its torque, VCMA and heat."""

import numpy as np
import pandas as pd
import pytest

import smtj
from closeness import close_to
from smtj.errors import SmtjError
from smtj.measurement import save

BASE = smtj.load_card("funatsu2022")
TORQUE = 2000.0
DEVICE = BASE.replace(
    {
        "name": "device",
        "spin_torque.polarisation": 0.4,
        "spin_torque.damping_like_field_per_volt": TORQUE,
        "magnetism.anisotropy_field": 0.95 * BASE.magnetism.anisotropy_field,
    }
)
VOLTS = np.linspace(-0.01, 0.01, 5)


def covers(estimate, truth):
    return estimate.interval[0] <= truth <= estimate.interval[1]


@pytest.mark.proof
def test_traces_at_several_voltages_give_a_card_with_the_torque_of_the_device(tmp_path):
    lab = smtj.lab.Instrument(interval=2e-4, integration_time=2e-5, noise=50.0)
    data = smtj.lab.bias_scan(DEVICE, 2000, voltage=VOLTS, instrument=lab, seed=1)
    save(data, tmp_path / "bias.csv")
    result = smtj.fit(tmp_path / "bias.csv", "funatsu2022")
    assert [part.kind for part in result.parts] == ["trace"] * 5 + ["dwell", "effects"]
    assert covers(result["h_DL"], TORQUE)
    assert result.remarks == () and "show spin torque" in result.parts[-1].remarks[0]
    card = result.card()
    assert card.spin_torque.damping_like_field_per_volt == close_to(TORQUE, rel=0.2)
    held = result.check(card)
    assert len(held.comparisons) == 20 and not held.remarks


@pytest.mark.slow
def test_counts_at_several_currents_give_the_torque_too(tmp_path):
    ohm = float(DEVICE.at().resistances().low)
    data = smtj.lab.bias_scan(DEVICE, 2000, current=VOLTS / ohm, counts=True, seed=2)
    save(data, tmp_path / "p.csv")
    result = smtj.fit(tmp_path / "p.csv", "funatsu2022")
    assert [part.kind for part in result.parts] == ["probability", "effects"]
    assert covers(result["h_DL"], TORQUE)
    assert not result.check(result.card()).remarks


@pytest.mark.slow
@pytest.mark.proof
def test_one_table_of_dwell_times_at_several_voltages_and_temperatures(tmp_path):
    volts, kelvin = (a.ravel() for a in np.meshgrid(VOLTS, [285.0, 300.0, 320.0]))
    high, low = DEVICE.at(voltage=volts, temperature=kelvin).dwell_times()
    scatter = np.exp(0.02 * np.random.default_rng(3).standard_normal((2, volts.size)))
    columns = {"V (mV)": 1e3 * volts, "T (K)": kelvin}
    table = columns | {"tau_AP (ms)": 1e3 * high * scatter[0], "tau_P (ms)": 1e3 * low * scatter[1]}
    pd.DataFrame(table).to_csv(tmp_path / "tau.csv", index=False)
    result = smtj.fit(tmp_path / "tau.csv", "funatsu2022")
    assert result.kind == "effects" and covers(result["h_DL"], TORQUE)
    # Temperatures tell the attempt time from the barrier.
    assert covers(result["τ0"], float(BASE.thermal.attempt_time))
    assert result.fit.fit.scatter == close_to(0.02, rel=0.4)
    alone = smtj.fit(tmp_path / "tau.csv")
    assert alone.kind == "effects" and not alone.has_card
    assert abs(alone["V_c"].value) < abs(result["V_c,high"].value)
    assert any("can pass for VCMA or heating" in remark for remark in alone.remarks)


def test_a_bias_scan_takes_voltages_or_currents():
    with pytest.raises(SmtjError, match="several voltages or several currents"):
        smtj.lab.bias_scan(DEVICE, 10, voltage=VOLTS, current=VOLTS)
    with pytest.raises(SmtjError, match="no resistance is read"):
        noisy = smtj.lab.Instrument(noise=1.0)
        smtj.lab.bias_scan(DEVICE, 10, voltage=VOLTS, counts=True, instrument=noisy)


def test_counts_follow_the_p_of_the_card_under_bias():
    data = smtj.lab.bias_scan(DEVICE, 4000, voltage=VOLTS, counts=True, seed=4)
    p = np.asarray(DEVICE.at(voltage=VOLTS).switching_probability())
    error = np.sqrt(p * (1 - p) / 4000)
    assert (np.abs(data.probability.values - p) < 4.5 * error).all() and int(data.reads) == 4000


@pytest.mark.parametrize(
    "card", ["cai2019", "funatsu2022", "mizrahi2018", "reiss2019", "schnitzspan2023"]
)
def test_a_bias_scan_by_default_shows_both_states_of_a_card_at_every_voltage(card):
    data = smtj.lab.bias_scan(card, seed=5)
    ohm = data.resistance.values
    high = ohm > (ohm.min(axis=1, keepdims=True) + ohm.max(axis=1, keepdims=True)) / 2
    assert len(ohm) == 9 and (np.diff(high.astype(int)).astype(bool).sum(axis=1) > 5).all()
    assert ((high.mean(axis=1) > 0.03) & (high.mean(axis=1) < 0.97)).all()
    assert data.noise > 0


def test_a_device_that_hardly_switches_is_refused_with_what_to_choose():
    with pytest.raises(SmtjError, match="choose a voltage, field or temperature at which it does"):
        smtj.lab.bias_scan("sidielvalli2025")
