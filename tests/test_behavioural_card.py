"""Cards of what was measured and nothing else: their file, their laws, and what they refuse."""

import re

import numpy as np
import pytest

import smtj
from closeness import close_to
from smtj.card import BehaviouralCard, load_card_text
from smtj.card.template import template
from smtj.errors import CardError, SmtjError
from smtj.lab import Instrument
from smtj.physics.switching import log_dwell_times
from smtj.units import Oe, mV

HEAD = 'name = "mine"\ntitle = "a device"\n'
BEHAVIOUR = """
[behaviour]
resistance_high = { value = "6500 ohm", provenance = "measured" }
resistance_low = { value = "5000 ohm", provenance = "measured" }
temperature = { value = "300 K", provenance = "assumed" }
sampling_interval = { value = "0.5 ms", provenance = "measured" }
integration_time = { value = "0 s", provenance = "assumed" }
"""
NO_LEVELS = BEHAVIOUR.partition("temperature")[0].partition("resistance")[0] + (
    'temperature = { value = "300 K", provenance = "assumed" }'
)
TEMPERATURES = """
[temperature_response]
stability_factor_high = { value = "18", provenance = "measured" }
stability_factor_low = { value = "17", provenance = "measured" }
lowest = { value = "280 K", provenance = "measured" }
highest = { value = "340 K", provenance = "measured" }
"""
VOLTS = """
[voltage_levels]
high = { value = "65 mV", provenance = "measured" }
low = { value = "50 mV", provenance = "measured" }
"""
MIDDLE = 'dwell_time = { value = "3 ms", provenance = "measured" }\n'
HERE = """
dwell_time_high = { value = "3 ms", provenance = "measured" }
dwell_time_low = { value = "2 ms", provenance = "measured" }
"""
RESPONSES = {
    "field": ("0.14 1/Oe", "-14 Oe", "60 Oe"),
    "voltage": ("0.05 1/mV", "20 mV", "100 mV"),
    "current": ("0.5 1/uA", "2 uA", "10 uA"),
}


def text(drive=None, extra="", more=""):
    if drive is None:
        return f"{HEAD}{BEHAVIOUR}{HERE}{extra}"
    slope, midpoint, limit = RESPONSES[drive]
    rows = {"slope": slope, "midpoint": midpoint, "limit": limit}
    lines = [f'{k} = {{ value = "{v}", provenance = "measured" }}' for k, v in rows.items()]
    response = "\n".join([f"[{drive}_response]", *lines, more])
    return f"{HEAD}{BEHAVIOUR}{MIDDLE}{extra}{response}\n"


def card(drive=None, extra="", more=""):
    return load_card_text(text(drive, extra, more), "mine.toml")


@pytest.mark.parametrize("drive", [None, *RESPONSES])
def test_a_card_survives_its_file(drive, tmp_path):
    one = card(drive)
    assert isinstance(one, BehaviouralCard)
    assert smtj.load_card(one.save(tmp_path / "mine.toml")) == one
    assert one.drive.name == (drive or "none")
    assert "6500 ohm" in str(one) and "6500 ohm" in str(one.at())
    assert one.plot().get_ylabel() == "P(high)"


def test_what_is_missing_is_said_with_what_would_give_it():
    whole = text("field")
    bare = whole.replace(BEHAVIOUR.partition("temperature")[0], "\n[behaviour]\n")
    for content, remedy in (
        (whole, "fit the data again with --voltage"),
        (text("voltage"), "the voltage was swept, so choose one to read at and write it into"),
        (bare, "fit readings of a resistance, or of a voltage at a known current"),
        (bare + VOLTS, "fit the data again with --current"),
    ):
        with pytest.raises(CardError, match=f"behaviour.read_voltage is missing here; {remedy}"):
            load_card_text(content, "mine.toml").require("behaviour.read_voltage")


def test_dwell_times_of_curvature_are_those_of_eq_3_and_4():
    delta, tau0 = 12.0, 1e-9
    curved = card(
        "field", f'dwell_curvature = {{ value = "{1 / (16 * delta)}", provenance = "measured" }}\n'
    ).replace({"behaviour.dwell_time": tau0 * np.exp(delta)})
    point = curved.at(field=np.linspace(-100, 500, 41) * Oe)
    u = float(curved.field_response.slope) * (point.field - float(curved.field_response.midpoint))
    near = np.abs(u) < 4 * delta
    expected = log_dwell_times(delta, u[near] / (4 * delta), np.log(tau0))
    for found, right in zip(point.log_dwell_times(), expected, strict=True):
        np.testing.assert_allclose(found[near], right, rtol=1e-12)
    # Beyond, the relaxation time stays and P(high) continues.
    high, low = (log[~near] for log in point.log_dwell_times())
    assert (~near).sum() > 3
    np.testing.assert_allclose(high - low, u[~near], rtol=1e-12)
    relaxation = point.log_relaxation_time()[~near]
    np.testing.assert_allclose(relaxation, relaxation[0], rtol=1e-9)


@pytest.mark.parametrize("asymmetry", [0.5, -0.5])
def test_a_drive_may_act_on_one_state_alone(asymmetry):
    extra = f'dwell_asymmetry = {{ value = "{asymmetry}", provenance = "measured" }}\n'
    fields = np.array([-30.0, -14.0, 2.0]) * Oe
    high, low = card("field", extra).at(field=fields).dwell_times()
    constant, moved = (low, high) if asymmetry > 0 else (high, low)
    np.testing.assert_allclose(constant, 3e-3)
    sign = np.sign(asymmetry)
    np.testing.assert_allclose(moved, 3e-3 * np.exp(sign * 0.14 * 16 * np.array([-1, 0, 1])))


@pytest.mark.parametrize(
    ("instrument", "drive", "x"),
    [
        (smtj.lab.scan, "field", np.array([-30.0, -14.0, 2.0]) * Oe),
        (smtj.lab.bias_scan, "voltage", np.array([-20.0, 20.0, 60.0]) * mV),
        (smtj.lab.bias_scan, "current", np.array([-2.0, 2.0, 6.0]) * 1e-6),
    ],
)
def test_the_laboratory_sweeps_the_drive(instrument, drive, x):
    one = card(drive)
    taken = {"samples": 4000, "instrument": Instrument(interval=0.05), "seed": 2}
    data = instrument(one, **{drive: x}, **taken)
    fraction = (data.resistance.values > 5750).mean(axis=-1)
    expected = one.at(**{drive: x}).switching_probability()
    # Readings 50 ms apart are independent.
    error = np.sqrt(expected * (1 - expected) / 4000)
    assert (np.abs(fraction - expected) < 4.5 * error).all()


def test_readings_have_the_measured_noise_of_their_state():
    noise = "".join(
        f'noise_{state} = {{ value = "{ohm} ohm", provenance = "measured" }}\n'
        for state, ohm in (("high", 90), ("low", 30))
    )
    ohm = smtj.lab.trace(card(None, noise), 20_000, seed=1).resistance.values
    for state, sigma in ((ohm > 5750, 90.0), (ohm < 5750, 30.0)):
        assert ohm[state].std() == close_to(sigma, rel=5 / np.sqrt(2 * state.sum()))
    quiet = smtj.lab.trace(card(None, noise), 100, instrument=Instrument(noise=0.0)).resistance
    assert set(np.unique(quiet)) <= {5000.0, 6500.0}


def test_without_a_response_the_drive_counts_in_log_odds_from_the_measurement():
    one = card()
    assert float(one.at().switching_probability()) == close_to(0.6)
    point = one.under_bias()
    assert (point.slope, point.offset_field) == (1.0, close_to(np.log(2 / 3)))
    high, low = point.dwell_times()
    assert (float(high), float(low)) == (close_to(3e-3), close_to(2e-3))


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (text() + "[geometry]\n", "sections behaviour and geometry; a card has what was measured"),
        (text("field", HERE), "of a device without a response"),
        (f"{HEAD}{NO_LEVELS}", "behaviour needs dwell_time_high and dwell_time_low"),
        (text().replace("6500", "4000"), "must be above behaviour.resistance_low"),
        (text("field").replace('"0.14 1/Oe"', '"0 1/Oe"'), "field_response.slope is 0"),
        (text("field").replace("midpoint", "midpiont"), "did you mean field_response.midpoint"),
        (f"{text('field')}[voltage_{text('voltage').partition('[voltage_')[2]}",
         "one drive, but here are field_response and voltage_response"),
        (text() + VOLTS, "levels of one kind, but here are behaviour.resistance_high and voltage"),
        (f"{HEAD}{NO_LEVELS}{HERE}{VOLTS.replace('65', '50')}", "are both 50 mV"),
        (text("field") + TEMPERATURES, "temperature_response needs behaviour.dwell_time_high"),
        (text() + TEMPERATURES.replace("340", "240"), r"lowest \(280 K\) must be below"),
    ],
)  # fmt: skip
def test_a_file_that_contradicts_itself_is_refused(file, sentence):
    with pytest.raises(CardError, match=sentence):
        load_card_text(file, "mine.toml")


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda c: smtj.operating_point(c), "sections geometry, magnetism, vcma"),
        (lambda c: smtj.lab.spectra(c, [0.0], [0.0], [1e9]), "smtj fit FILE --base CARD"),
        (lambda c: c.at(voltage=0.1), "no law for a bias of 100 mV"),
        (lambda c: c.at(temperature=310.0), "measured at 300 K, and no law for a temperature"),
        (lambda c: c.at(field="30 Oe"), 'field is text, "30 Oe"'),
        (lambda c: c.read_voltage, "behaviour.read_voltage is missing"),
        (lambda c: smtj.lab.bias_scan(c, voltage=[0.0, 0.1]), "no law for a bias of 100 mV"),
        (lambda c: smtj.lab.trace(c, 5, current=1e-6), "driven by a field, not biased|not biased"),
    ],
)
def test_what_needs_more_than_was_measured_says_what_is_missing(ask, sentence):
    with pytest.raises(SmtjError, match=sentence):
        ask(card("field"))


def test_the_template_is_a_valid_card(tmp_path):
    one = load_card_text(template(BehaviouralCard), "mine.toml")
    assert one.drive.name == "field"
    assert {value.source for _, value, _ in one.values()} == {"example"}
    voltage = re.sub(
        r"^\[field_response\]", "# [field_response]", template(BehaviouralCard), flags=re.M
    )
    head, _, rest = voltage.partition("# [field_response]")
    field, mark, rest = rest.partition("# [voltage_response]")
    commented = re.sub(r"^(?=[a-z])", "# ", field, flags=re.M)
    active = re.sub(r"^# (\w+ = )", r"\1", mark + rest.partition("# [current")[0], flags=re.M)
    text = head + commented + active.replace("# [voltage", "[voltage")
    assert load_card_text(text, "mine.toml").drive.name == "voltage"


def test_a_voltage_moves_the_response_if_that_was_measured():
    more = "\n".join(
        f'{name} = {{ value = "{value}", provenance = "measured" }}'
        for name, value in (
            ("slope_per_volt", "0.2 1/Oe/V"),
            ("midpoint_per_volt", "10 Oe/V"),
            ("log_dwell_time_per_volt", "-10 1/V"),
            ("voltage_limit", "200 mV"),
        )
    )
    extra = 'read_voltage = { value = "0 mV", provenance = "measured" }\n'
    point = card("field", extra, more).at(voltage=np.array([-0.1, 0.1]), field=0.0)
    np.testing.assert_allclose(point.slope * Oe, [0.12, 0.16])
    np.testing.assert_allclose(point.offset_field / Oe, [-15, -13])
    middle = np.exp(point.log_dwell_times(point.offset_field)[0])
    np.testing.assert_allclose(middle, 3e-3 * np.exp([1, -1]))
    data = smtj.lab.voltage_scan(card("field", extra, more), [0.0, 0.1], [0.0], 10)
    assert dict(data.resistance.sizes) == {"voltage": 2, "field": 1, "sample": 10}


def test_only_a_field_has_spreads_in_oersted():
    spread = """
[variability]
slope_spread = { value = "5 %", provenance = "assumed" }
offset_spread = { value = "1 Oe", provenance = "assumed" }
barrier_spread = { value = "0 %", provenance = "assumed" }
magnetic_noise = { value = "0 Oe", provenance = "assumed" }
magnetic_noise_correlation_time = { value = "1 s", provenance = "assumed" }
"""
    assert float(card("field", more=spread).spreads.slope_spread) == 0.05
    with pytest.raises(CardError, match="offset_spread is a field above 0"):
        card("voltage", more=spread)
    with pytest.raises(CardError, match="barrier_spread is above 0"):
        card(
            "field",
            more=spread.replace('barrier_spread = { value = "0', 'barrier_spread = { value = "3'),
        )
    assert float(card("field").spreads.slope_spread) == 0.0
