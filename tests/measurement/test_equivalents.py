"""Rates, logarithms of dwell times, and resistances before and after a pulse."""

import numpy as np
import pandas as pd
import pytest

from closeness import close_to
from smtj import load
from smtj.errors import DataError
from smtj.measurement import kind_of


@pytest.mark.parametrize(
    "headers",
    [
        ("Gamma_AP->P (1/s)", "Gamma_P->AP (1/s)"),
        ("rate AP (Hz)", "rate P (Hz)"),
        ("f_AP->P (Hz)", "f_P->AP (Hz)"),
        ("AP to P rate (Hz)", "P to AP rate (Hz)"),
        ("k high→low (1/s)", "k low→high (1/s)"),
    ],
)
def test_rates_of_leaving_a_state_become_its_dwell_times(headers):
    data = load(pd.DataFrame({"H_perp (Oe)": [1.0, 2.0], headers[0]: [4, 5], headers[1]: [10, 20]}))
    assert data.dwell_time_high.values == close_to([0.25, 0.2])
    assert data.dwell_time_low.values == close_to([0.1, 0.05])
    assert f'high state is 1 over "{headers[0]}"' in str(data.attrs["reading_remarks"])


def test_logarithms_of_dwell_times_are_those_of_seconds_and_say_so():
    data = load(pd.DataFrame({"T (K)": [280, 300], "ln tau_AP": [-3, -4], "ln(tau_P)": [1, 2]}))
    assert data.dwell_time_high.values == close_to(np.exp([-3, -4]))
    assert data.dwell_time_low.values == close_to(np.exp([1, 2]))
    assert "ln τ of a time in s" in str(data.attrs["reading_remarks"])


@pytest.mark.parametrize(("header", "scale"), [("1000/T (1/K)", 1e3), ("1/T", 1), ("10^3/T", 1e3)])
def test_the_axis_of_an_arrhenius_plot_is_a_temperature(header, scale):
    frame = pd.DataFrame({header: scale / np.array([280, 300.0]), "tau_AP (s)": 1, "tau_P (s)": 2})
    assert load(frame).temperature.values == close_to([280, 300])


def test_decadic_logarithms_are_told_from_natural_ones():
    frame = {"T (K)": [280, 300], "log10(tau_AP/s)": [-3, -4], "log10 tau_P": [1, 2]}
    data = load(pd.DataFrame(frame))
    assert np.allclose(data["dwell_time_high"], [1e-3, 1e-4])
    assert np.allclose(data["dwell_time_low"], [10, 100])


def test_a_rate_of_zero_has_no_dwell_time():
    with pytest.raises(DataError, match="not above 0"):
        load(pd.DataFrame({"T (K)": [280, 300], "rate AP (Hz)": [0, 4], "rate P (Hz)": [1, 2]}))


def pulses(before: np.ndarray, after: np.ndarray, **columns: np.ndarray) -> pd.DataFrame:
    noise = np.random.default_rng(0).normal(0, 3, (2, before.size))
    ohm = 1000 + 100 * np.stack([before, after]) + noise
    return pd.DataFrame({**columns, "R_before (ohm)": ohm[0], "R_after (ohm)": ohm[1]})


VOLTAGE = np.repeat([0.1, 0.2, 0.3], 20)
ENDS_HIGH = np.arange(60) % 20 < np.repeat([3, 10, 16], 20)


@pytest.mark.parametrize("start", [0, 1])
def test_resistances_about_a_pulse_are_counted_as_the_state_after_it(start):
    frame = pulses(np.full(60, start), ENDS_HIGH, **{"V_pulse (V)": VOLTAGE})
    data = load(frame)
    assert data.high.values.tolist() == [3, 10, 16]
    assert data.reads.values.tolist() == [20, 20, 20]


def test_against_the_length_of_pulses_what_counts_is_that_they_switch():
    frame = pulses(np.ones(60), ENDS_HIGH, **{"pulse width (ns)": VOLTAGE})
    data = load(frame)
    assert data.high.values.tolist() == [17, 10, 4]


def test_a_pulse_before_which_the_reset_failed_is_left_out():
    before = np.zeros(60)
    before[[0, 25]] = 1
    data = load(pulses(before, ENDS_HIGH, **{"V_pulse (V)": VOLTAGE}))
    assert data.high.values.tolist() == [2, 9, 16]
    assert data.reads.values.tolist() == [19, 19, 20]
    assert "2 pulses left out" in str(data.attrs["reading_remarks"])


def test_pulses_that_begin_in_both_states_or_show_one_are_refused():
    both = pulses(np.arange(60) % 2, ENDS_HIGH, **{"V_pulse (V)": VOLTAGE})
    with pytest.raises(DataError, match="begin in both states"):
        load(both)
    one = pulses(np.zeros(60), np.zeros(60), **{"V_pulse (V)": VOLTAGE})
    with pytest.raises(DataError, match="show no two states"):
        load(one)


@pytest.mark.parametrize(
    ("head", "of"),
    [
        ("log10(tau_{}/ms)", lambda tau: np.log10(1e3 * tau)),
        ("ln(tau_{} (us))", lambda tau: np.log(1e6 * tau)),
        ("ln(τ_{}/1 ms)", lambda tau: np.log(1e3 * tau)),
        ("log10 tau_{} (s)", np.log10),
        ("ln(rate_{} [kHz])", lambda tau: -np.log(1e3 * tau)),
    ],
)
def test_logarithms_of_times_and_rates_have_the_unit_that_they_say(put, head, of) -> None:
    tau = {"AP": np.array([0.001, 0.02, 0.3]), "P": np.array([0.4, 0.02, 0.001])}
    rows = zip([-10, 0, 10], *map(of, tau.values()), strict=True)
    lines = [",".join(["H (Oe)", *map(head.format, tau)]), *(",".join(map(str, r)) for r in rows)]
    dataset = load(put("t.csv", "\n".join(lines) + "\n"))
    for name, values in zip(("dwell_time_high", "dwell_time_low"), tau.values(), strict=True):
        assert dataset[name].values == close_to(values, rel=1e-9)


@pytest.mark.parametrize(
    ("head", "scale"),
    [
        ("ln(tau_AP/tau_P)", 1),
        ("log-odds", 1),
        ("logit(P_AP)", 1),
        ("ln((1-P)/P)", -1),
        ("log10(tau_P/tau_AP)", -1 / np.log(10)),
        ("ln(Gamma_AP/Gamma_P)", -1),
        ("ln(N_AP/N_P)", 1),
    ],
)
def test_log_odds_are_a_probability_with_the_errors_that_they_have(put, head, scale) -> None:
    field, s = np.arange(-20, 21, 5), 0.1
    odds = (field + 3) / 7
    rows = zip(field, scale * odds, np.full(9, abs(scale) * s), strict=True)
    text = "\n".join([f"H (Oe),{head},error", *(",".join(map(str, row)) for row in rows)])
    dataset = load(put("o.csv", text + "\n"))
    p = dataset["probability"].values
    assert np.log(p / (1 - p)) == close_to(odds, rel=1e-9)
    # So many reads have this error of ln[P/(1 - P)].
    assert 1 / np.sqrt(dataset["reads"].values * p * (1 - p)) == close_to(np.full(9, s), rel=0.01)


def test_a_logarithm_of_unknown_base_is_asked_for(put, refusal) -> None:
    path = put("l.csv", "H (Oe),log tau_AP,log tau_P\n1,2,3\n2,3,2\n3,4,1\n")
    assert '"log tau_P" may be to base e or 10: say which by columns=' in refusal(
        kind_of, load(path)
    )


def test_a_relaxation_time_gives_dwell_times_beside_p_alone(put, refusal) -> None:
    dataset = load(put("r.csv", "T (K),P_AP,tau_relax (ms)\n290,0.2,4\n300,0.5,5\n310,0.8,4\n"))
    assert dataset["dwell_time_high"].values == close_to([0.005, 0.01, 0.02])
    assert dataset["dwell_time_low"].values == close_to([0.02, 0.01, 0.005])
    erring = "T (K),P_AP,dP,tau_relax (ms)\n290,0.2,0.1,4\n300,0.5,0.1,5\n310,0.8,0.1,4\n"
    (said,) = load(put("e.csv", erring)).attrs["reading_remarks"]
    assert 'the errors in "dP" do not weigh them' in said
    alone = load(put("a.csv", "T (K),relaxation time (ms)\n290,4\n300,5\n310,4\n"))
    assert "of which 1/τ = 1/τ_AP + 1/τ_P" in refusal(kind_of, alone)


@pytest.mark.parametrize(
    ("header", "each"),
    [
        ("f_c (Hz)", 1 / (2 * np.pi)),
        ("corner frequency [Hz]", 1 / (2 * np.pi)),
        ("PSD corner frequency/Hz", 1 / (2 * np.pi)),
        ("relaxation rate (1/s)", 1),
    ],
)
def test_the_corner_of_a_spectrum_of_noise_is_a_relaxation_time(put, header, each) -> None:
    """S ∝ 1/[1 + (2π f τ)²] falls to half at 1/(2πτ)."""
    text = f"V (mV),P_AP,{header},error\n-1,0.2,100,10\n0,0.5,50,5\n1,0.8,100,10\n"
    dataset = load(put("c.csv", text))
    assert dataset["relaxation_time"].values == close_to(each * np.array([0.01, 0.02, 0.01]))
    assert dataset["relaxation_time_error"].values == close_to(each * np.array([1, 2, 1]) / 1e3)
    assert kind_of(dataset) == "dwell"
    trace = load(put("t.csv", f"t (s),R (ohm),{header}\n0,1,9\n1,2,9\n2,1,9\n"))
    assert set(trace.variables) == {"time", "resistance"}


def test_dwell_times_beside_voltage_and_current_keep_their_row_at_no_current(put) -> None:
    rows = "".join(f"{v},{v / 10},{20 + v},{20 - v}\n" for v in (-10, -5, 0, 5, 10))
    dataset = load(put("d.csv", f"V (mV),I (uA),tau_AP (ms),tau_P (ms)\n{rows}"))
    assert dataset["dwell_time_high"].values == close_to([0.01, 0.015, 0.02, 0.025, 0.03])
    assert "resistance" not in dataset
