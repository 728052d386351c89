"""What every fit returns: a mapping that prints, plots, serialises, pickles and makes a card."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest

import smtj
from closeness import close_to
from smtj.errors import SmtjError
from smtj.lab import Instrument
from smtj.measurement import table
from smtj.units import GHz, Oe, mT, mV, uV

LAB = Instrument(noise=5.0)
FIELDS = np.linspace(-60, 40, 9) * Oe
STEPS = np.arange(-650, 651, 50) * Oe
TEMPERATURES = [270.0, 285.0, 300.0]


def traces():
    return smtj.lab.trace("cai2019", 1500, instrument=LAB, seed=1)


def probabilities():
    fields = np.arange(-40.0, 21.0, 10.0)
    p = 1 / (1 + np.exp(-0.13 * (fields + 14)))
    return pd.DataFrame({"H_perp [Oe]": fields, "probability": np.round(p, 2), "reads": 100})


def film():
    """Lorentzian lines of a film with its field in the plane."""
    rows = []
    for f in (6.0, 7.0, 8.0, 9.0, 10.0):
        # f = (γμ0/2π) √[H (H + M_eff)] in GHz and Oe, with M_eff = 1700 Oe.
        at = -850 + np.hypot(850, f / 2.8e-3)
        h = np.linspace(at - 150, at + 150, 101)
        z = (h - at) / 15
        noise = np.random.default_rng(int(f)).normal(0, 0.02, h.size)
        rows.append(
            pd.DataFrame(
                {
                    "frequency [GHz]": f,
                    "field_in_plane [Oe]": h,
                    "signal [uV]": 1 / (1 + z**2) + noise,
                }
            )
        )
    return pd.concat(rows)


def spectra():
    fields, voltages = np.array([-900, -700, -110, 110]) * Oe, [-100 * mV, 200 * mV]
    frequency = np.linspace(0.4, 3, 131) * GHz
    return smtj.lab.spectra("cai2019", fields, voltages, frequency, noise=0.5 * uV, seed=1)


KINDS = {
    "trace": traces,
    "scan": lambda: smtj.lab.scan("cai2019", FIELDS, 400, instrument=LAB, seed=2),
    "voltages": lambda: smtj.lab.voltage_scan(
        "cai2019", [-0.1, 0.001, 0.1], FIELDS, 400, instrument=LAB, seed=3
    ),
    "temperatures": lambda: smtj.lab.temperature_scan(
        "cai2019", TEMPERATURES, 1500, field=-14 * Oe, instrument=LAB, seed=4
    ),
    "loop": lambda: smtj.lab.field_sweep(
        "cai2019", 0.0, STEPS, current=1e-5, instrument=Instrument(noise=1.0)
    ),
    "probability": probabilities,
    "spectra": spectra,
    "film": film,
}


SLOW = ("voltages", "temperatures", "spectra")


@pytest.fixture(
    scope="module",
    params=[pytest.param(k, marks=pytest.mark.slow if k in SLOW else ()) for k in KINDS],
)
def result(request):
    if request.param == "voltages":
        return request.getfixturevalue("voltages")
    return smtj.fit(KINDS[request.param]())


@pytest.fixture(scope="module")
def voltages():
    return smtj.fit(KINDS["voltages"](), source="bias.csv")


@pytest.mark.slow
def test_every_estimate_is_found_by_its_key(result):
    assert len(result) == len(result.estimates) > 1
    for key, estimate in result.items():
        assert key.startswith(estimate.symbol)
        assert result[key] is estimate


@pytest.mark.slow
def test_a_result_prints_plots_and_serialises(result, tmp_path):
    text, page = str(result), result._repr_html_()
    for estimate in result.estimates:
        assert estimate.symbol in text
    assert page.count("<table>") >= len(result.each)
    content = result.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert [entry["key"] for entry in content["estimates"]] == list(result)
    frame = result.to_dataframe()
    assert list(frame.index) == list(result)
    np.testing.assert_allclose(frame["value"], [e.value for e in result.values()])
    axes = np.ravel(result.plot())
    assert all(ax.get_xlabel() and ax.has_data() for ax in axes)
    page = result.save(tmp_path)
    assert page == tmp_path / "report.html"
    pictures = {
        f"{n}-{part.kind}.{e}" for n, part in enumerate(result.each, 1) for e in ("png", "svg")
    }
    cards = {f"{result.card().name}.toml"} if result.has_card else set()
    assert {p.name for p in tmp_path.iterdir()} == {"report.html", "report.json", *pictures, *cards}
    for name in cards:
        assert smtj.load_card(tmp_path / name) == result.card()


def test_a_result_pickles_and_copies(result):
    for other in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result), copy.copy(result)):
        assert other.to_dict() == result.to_dict()
        if result.has_card:
            assert other.card() == result.card()


def test_plots_go_into_given_axes(result):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert result.each[0].plot(ax=ax) is ax
    assert ax.has_data()


@pytest.mark.slow
def test_symbols_under_several_conditions_need_their_condition(voltages):
    assert voltages["w at 100 mV"].value != voltages["w at -100 mV"].value
    assert voltages["ξ"] is voltages.estimates[list(voltages).index("ξ")]
    with pytest.raises(KeyError, match="w; this fit has w at 1 mV, H_s at 1 mV"):
        voltages["w"]
    assert "w" not in voltages
    assert voltages.get("w") is None


@pytest.mark.slow
def test_a_verdict_is_a_keyword(voltages):
    assert smtj.fit(traces()).verdict == "two levels"
    assert {part.verdict for part in voltages.parts[:3]} == {"sigmoid"}
    assert voltages.parts[3].verdict in ("cai2019", "self-consistent", "undecided")
    assert voltages.verdict == "several"


def test_a_data_frame_is_fitted_as_its_data_set():
    data = traces()
    frame = table(data)
    frame.attrs.update(data.attrs)
    assert smtj.fit(frame).to_dict()["estimates"] == smtj.fit(data).to_dict()["estimates"]


def test_several_data_sets_are_loaded_and_fitted_together(tmp_path):
    paths = []
    for number, steps in enumerate(((0.0, STEPS), (STEPS, 0.0))):
        loop = smtj.lab.field_sweep(
            "cai2019", *steps, current=1e-5, instrument=Instrument(noise=1.0)
        )
        paths.append(tmp_path / f"loop-{number}.csv")
        smtj.save(loop, paths[-1])
    together = smtj.fit(paths)
    assert together.source == "loop-0.csv, loop-1.csv"
    assert together.fit.fit.best.up.size == sum(d.reading.size for d in smtj.load(paths))


def test_conditions_may_be_stated_with_units():
    data = traces().drop_vars(["field_out_of_plane", "voltage"])
    stated = smtj.fit(data, field_out_of_plane=0 * Oe, voltage=1 * mV)
    assert stated.fit.conditions.voltage == 1e-3
    assert not any("so assumed" in remark for remark in stated.remarks)


def test_progress_counts_every_trace():
    seen = []
    smtj.fit(KINDS["scan"](), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n + 1, len(FIELDS)) for n in range(len(FIELDS))]


@pytest.mark.slow
def test_a_card_says_what_was_fitted_and_from_which_base(voltages):
    card = voltages.card(name="mine")
    assert (card.name, card.base) == ("mine", "cai2019")
    assert card.title == "fitted to bias.csv (scan, bias), based on card cai2019"
    assert card.notes.startswith("Fitted: geometry.activation_volume, vcma.coefficient, ")
    assert card.reference.startswith("values not fitted to bias.csv are from: J. Cai et al.")
    again = smtj.fit(traces(), card, source="t.csv").card()
    assert again.base == "cai2019"
    assert again.title == "fitted to t.csv (trace), based on card mine"
    assert again.reference == card.reference.replace("to bias.csv", "to t.csv, bias.csv")
    assert smtj.fit(traces(), again, source="t.csv").card().reference == again.reference


@pytest.mark.slow
def test_values_on_a_card_are_rounded_by_their_error(voltages):
    for name, value, quantity in voltages.card().values():
        if value.provenance == "measured":
            number, error = (quantity.text(x).split()[0] for x in (value, value.standard_error))
            assert len(error.lstrip("0.").replace(".", "")) <= 3, name
            assert len(number.partition(".")[2]) <= 3 + len(error.partition(".")[2]), name


def test_a_fit_without_card_values_offers_no_card():
    result = smtj.fit(film(), "cai2019")
    assert result.verdict == "in-plane"
    assert result["M_eff"].to("Oe").value == close_to(1700, rel=0.1)
    assert not result.has_card
    with pytest.raises(SmtjError, match="nothing that was measured belongs on a card"):
        result.card()


def test_a_base_may_be_a_card_a_name_or_a_path(tmp_path):
    base = smtj.load_card("cai2019").replace({"name": "mine", "electrical.read_voltage": 2 * mV})
    path = base.save(tmp_path / "mine.toml")
    for given in (base, path, str(path)):
        assert smtj.fit(traces(), given).base == base
    assert smtj.fit(traces()).card(base=path).magnetism.anisotropy_field == close_to(56 * mT)


def test_loading_rejects_what_is_no_data():
    with pytest.raises(SmtjError, match="must be a path"):
        smtj.load(3)
