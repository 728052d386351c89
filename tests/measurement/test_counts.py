"""Counts and probabilities of either state, and single trials, become counts of the high state."""

import numpy as np
import pytest

from closeness import close_to
from smtj.measurement import kind_of, load, load_tables

FIELDS = (-30, -20, -10, 0)
HIGH = (2, 20, 80, 98)


def table(head: str, *columns) -> str:
    return "\n".join([head, *(",".join(map(str, row)) for row in zip(*columns, strict=True))])


LOW = tuple(100 - high for high in HIGH)
FRACTION = tuple(low / 100 for low in LOW)


@pytest.mark.parametrize(
    "text",
    [
        table("H (Oe),N_AP,N_P", FIELDS, HIGH, LOW),
        table("H_perp [mT],n_high,n_low", FIELDS, HIGH, LOW),
        table("H (Oe),switched,not switched", FIELDS, HIGH, LOW),
        table("H (Oe),N_low,N_tot", FIELDS, LOW, [100] * 4),
        table("H (Oe),ones,zeros", FIELDS, HIGH, LOW),
        table("H (Oe),AP,P", FIELDS, HIGH, LOW),
        table("H (Oe),1,0", FIELDS, HIGH, LOW),
        table("H (Oe),0,1", FIELDS, LOW, HIGH),
        table("H (Oe),up counts,down counts", FIELDS, HIGH, LOW),
        table("H (Oe),N_AP (counts),N_P (counts)", FIELDS, HIGH, LOW),
        table("H (Oe),k,n", FIELDS, HIGH, [100] * 4),
        table("H (Oe),# switched,# trials", FIELDS, HIGH, [100] * 4),
        table("H (Oe),hits,no. of shots", FIELDS, HIGH, [100] * 4),
        table("Feld (Oe),Anzahl AP,Anzahl gesamt", FIELDS, HIGH, [100] * 4),
        table("Champ (Oe),nombre d'AP,nombre de P", FIELDS, HIGH, LOW),
        table("campo (Oe),Numero de P,numero total", FIELDS, LOW, [100] * 4),
        table("H (Oe),# of switching events,# of trials", FIELDS, HIGH, [100] * 4),
        # Beside what has switched, N_p counts pulses.
        table("H (Oe),N_sw,N_p", FIELDS, HIGH, [100] * 4),
    ],
)
def test_counts_of_either_state_are_counts_of_the_high_one(put, text: str) -> None:
    dataset = load(put("p.csv", text + "\n"))
    assert kind_of(dataset) == "probability"
    assert dataset["high"].values == close_to(HIGH)
    assert dataset["reads"].values == close_to([100] * 4)


@pytest.mark.parametrize(
    ("high", "other"), [("n_AP", "n_P"), ("switched", "trials"), ("switched", "n_P")]
)
def test_counts_of_several_conditions_may_stand_side_by_side(put, high: str, other: str) -> None:
    head = ",".join(f"{name} ({volts} mV)" for volts in (-100, 100) for name in (high, other))
    second = LOW if high == "n_AP" else [100] * 4
    text = table(f"H (Oe),{head}", FIELDS, HIGH, second, HIGH[::-1], second[::-1])
    (dataset,) = load_tables(put("p.csv", text + "\n"))
    assert dataset["reads"].values == close_to([100] * 8)
    assert dataset["high"].values == close_to([*HIGH, *HIGH[::-1]])
    assert sorted(set(dataset["voltage"].values)) == close_to([-0.1, 0.1])


@pytest.mark.parametrize("lengths", ["P_sw 1 ns,P_sw 5 ns", "1 ns,5 ns,5.5 ns"])
def test_p_after_pulses_of_several_lengths_may_stand_side_by_side_against_a_voltage(
    put, lengths: str
) -> None:
    curves = [FRACTION[::-1]] * (1 + lengths.count(","))
    text = table(f"V (V),{lengths}", (0.3, 0.4, 0.5, 0.6), *curves)
    (dataset,) = load_tables(put("p.csv", text + "\n"))
    assert sorted(set(dataset["pulse_length"].values))[:2] == close_to([1e-9, 5e-9])
    assert dataset["probability"].values == close_to([*FRACTION[::-1]] * len(curves))


def test_a_fraction_of_counts_is_a_probability(put) -> None:
    text = table("H (Oe),n_switched/n_trials", FIELDS, [h / 100 for h in HIGH])
    assert load(put("p.csv", text + "\n"))["probability"].values == close_to(np.array(HIGH) / 100)


@pytest.mark.parametrize("header", ["P_P", "P_low", "P_parallel"])
def test_a_probability_of_the_low_state_is_that_of_the_high_one(put, header: str) -> None:
    dataset = load(put("p.csv", table(f"H (Oe),{header},N", FIELDS, FRACTION, [100] * 4) + "\n"))
    assert dataset["probability"].values == close_to(np.array(HIGH) / 100)
    assert f'P(high) is 1 minus "{header}"' in dataset.attrs["reading_remarks"]


@pytest.mark.parametrize(
    ("head", "width"),
    [
        ("H (Oe),P_AP,P_low,P_high", 1.0),
        ("H (Oe),P,P_lo,P_hi", 1.0),
        ("H (Oe),P,CI_low,CI_high", 1.96),
        ("H (Oe),P,P (95% CI lower),P (95% CI upper)", 1.96),
        ("H (Oe),P,P_CI68_lower,P_CI68_upper", 0.9945),
    ],
)
def test_limits_beside_a_probability_say_how_many_reads_there_were(put, head, width) -> None:
    p = np.array(HIGH) / 100
    error = width * np.sqrt(p * (1 - p) / 400)
    dataset = load(put("p.csv", table(head, FIELDS, p, p - error, p + error) + "\n"))
    assert dataset["probability"].values == close_to(p)
    assert dataset["reads"].values == close_to([400] * 4, rel=0.01)


def test_what_does_not_enclose_a_probability_is_no_limit_of_it(put) -> None:
    p = np.array(HIGH) / 100
    dataset = load(put("p.csv", table("H (Oe),P_AP,P_low,P_high", FIELDS, p, p + 1, p + 1) + "\n"))
    assert "reads" not in dataset.variables
    said = '"P_high" and "P_low" do not enclose "P_AP", so they are not used as its limits'
    assert said in dataset.attrs["reading_remarks"]


@pytest.mark.parametrize(
    ("up", "down", "sizes"),
    [
        ("{}+ (us)", "{}- (us)", True),
        ("err_up (us)", "err_lo (us)", True),
        ("d{}_plus (us)", "d{}_minus (us)", True),
        ("{} 95% CI upper (us)", "{} 95% CI lower (us)", False),
        ("{}_max (us)", "{}_min (us)", False),
    ],
)
def test_unequal_errors_of_dwell_times_are_one_in_the_logarithm(put, up, down, sizes) -> None:
    s, fields = 0.3, [-10, 0, 10]
    tau = {"tau_AP": np.array([1.0, 2, 4]), "tau_P": np.array([4.0, 2, 1])}
    columns, names = [fields], ["H (Oe)"]
    for name, values in tau.items():
        width = 1.959964 * s if "95" in up else s
        both = [1e3 * values * np.exp(sign * width) for sign in (1, -1)]
        if sizes:
            both = [np.abs(one - 1e3 * values) for one in both]
        columns += [values, *both]
        names += [f"{name} (ms)", up.format(name), down.format(name)]
    dataset = load(put("t.csv", table(",".join(names), *columns) + "\n"))
    for state, values in zip(("high", "low"), tau.values(), strict=True):
        assert dataset[f"dwell_time_{state}_error"].values == close_to(1e-3 * s * values, rel=1e-5)
    assert any("mean of both in the logarithm" in one for one in dataset.attrs["reading_remarks"])


def test_single_trials_are_counted(put) -> None:
    volts = np.repeat([0.3, 0.5, 0.7], 10)
    switched = np.concatenate([np.arange(10) < count for count in (1, 4, 9)]).astype(int)
    dataset = load(put("p.csv", table("V_pulse (V),switched", volts, switched) + "\n"))
    assert dataset["high"].values == close_to([1, 4, 9])
    assert dataset["reads"].values == close_to([10, 10, 10])
    assert dataset["voltage"].values == close_to([0.3, 0.5, 0.7])


@pytest.mark.parametrize(
    ("header", "columns", "option"),
    [
        ("switched,trials", (HIGH, [100] * 4), {"low": "switched"}),
        ("P switched (%)", (HIGH,), {"probability_low": "P switched"}),
    ],
)
def test_what_switched_is_high_unless_the_user_says_so(put, header, columns, option) -> None:
    path = put("p.csv", table(f"V (V),{header}", (0.1, 0.2, 0.3, 0.4), *columns) + "\n")
    dataset = load(path)
    (said,) = (r for r in dataset.attrs["reading_remarks"] if "high resistance" in r)
    ((name, column),) = option.items()
    assert said.endswith(f'(--column "{name}={column}")')
    other = load(path, option)
    assert "high resistance" not in str(other.attrs.get("reading_remarks"))
    p = [one["high"] / 100 if "high" in one else one["probability"] for one in (dataset, other)]
    assert p[0].values == close_to(np.array(HIGH) / 100)
    assert p[1].values == close_to(1 - np.array(HIGH) / 100)


def test_columns_called_by_the_states_alone_must_add_up(put, refusal) -> None:
    rounded = put("f.csv", table("H (Oe),P,AP", FIELDS, FRACTION, (0.02, 0.21, 0.8, 0.98)) + "\n")
    assert load(rounded)["probability"].values == close_to([0.02, 0.21, 0.8, 0.98])
    ohms = put("r.csv", table("V (mV),AP,P", FIELDS, (1500, 1520, 1510, 1490), [1000] * 4) + "\n")
    assert 'columns "AP" and "P" do not add up' in refusal(load, ohms)
    meant = load(ohms, {"high": "AP", "low": "P"})
    assert meant["reads"].values == close_to([2500, 2520, 2510, 2490])


def test_p_that_noise_takes_beyond_one_is_one(put, refusal) -> None:
    dataset = load(put("p.csv", table("H (Oe),P", FIELDS, (-0.01, 0.2, 0.8, 1.002)) + "\n"))
    assert dataset["probability"].values == close_to([0, 0.2, 0.8, 1])
    assert "beyond 0 or 1 by noise at 2 points" in dataset.attrs["reading_remarks"][0]
    far = put("q.csv", table("H (Oe),P", FIELDS, (0, 0.2, 0.8, 1.2)) + "\n")
    assert "a probability is between 0 and 1" in refusal(load, far)


@pytest.mark.parametrize("header", ["P_AP_err", "dP", "Std. Error", "error"])
def test_errors_of_p_say_how_many_reads_there_were(put, header: str) -> None:
    p = np.array(HIGH) / 100
    errors = np.round(np.sqrt(p * (1 - p) / 250), 5)
    dataset = load(put("p.csv", table(f"H (Oe),P,{header}", FIELDS, p, errors) + "\n"))
    assert dataset["reads"].values == close_to([250] * 4, rel=0.01)
    assert "reads, by which P is weighed" in dataset.attrs["reading_remarks"][0]


def test_the_spread_of_single_readings_is_no_error_of_p(put) -> None:
    p = np.array(HIGH) / 100
    text = table("H (Oe),P,sigma", FIELDS, p, np.round(np.sqrt(p * (1 - p)), 3))
    dataset = load(put("p.csv", text + "\n"))
    assert "reads" not in dataset
    assert "spread of single readings" in dataset.attrs["reading_remarks"][0]


def test_quoted_decimal_commas_between_commas(put) -> None:
    rows = "".join(f'"0,{n:03d}","{1000 + n % 3},5"\n' for n in range(30))
    dataset = load(put("q.csv", '"t (s)","R (ohm)"\n' + rows))
    assert dataset["time"].values[1] == close_to(1e-3)
    assert dataset["resistance"].values[2] == close_to(1002.5)


def test_errors_of_p_weigh_each_point_where_they_say_so(put) -> None:
    reads = np.where(np.arange(len(FIELDS)) < 4, 50, 2000)
    p = 1 / (1 + np.exp(-np.array(FIELDS) / 10))
    errors = np.sqrt(p * (1 - p) / reads)
    dataset = load(put("p.csv", table("H (Oe),P_AP,u(P_AP)", FIELDS, p, errors) + "\n"))
    assert dataset["reads"].values.tolist() == reads.tolist()


DWELLS = np.array([[2e-3, 5e-3, 9e-3], [8e-3, 4e-3, 1e-3]])
WIDTHS = np.array([[0.1, 0.02, 0.3], [0.2, 0.05, 0.1]]) * DWELLS
BOTH = np.stack([DWELLS, WIDTHS], axis=1).reshape(4, 3)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("tau_high (us),tau_high_err (us),tau_low (us),tau_low_err (us)", 1e6 * BOTH),
        ("tau_high (us),tau_high_err,tau_low (us),tau_low_err", 1e6 * BOTH),
        ("tau_AP [ms],± [ms],tau_P [ms],± [ms]", 1e3 * BOTH),
        ("tau_AP [ms],u(tau_AP) [ms],tau_P [ms],u(tau_P) [ms]", 1e3 * BOTH),
        ("τ_AP (ms),σ_τ_AP (ms),τ_P (ms),Std. Err. of τ_P (ms)", 1e3 * BOTH),
        ("AP (ms),AP err (ms),P (ms),P err (ms)", 1e3 * BOTH),
        ("tau_AP (ms),err_AP (ms),tau_P (ms),err_P (ms)", 1e3 * BOTH),
        ("t_AP [ms],sd_AP [ms],t_P [ms],sd_P [ms]", 1e3 * BOTH),
        ("tau_AP (ms),AP err,tau_P (ms),sigma_P", 1e3 * BOTH),
        ("tau AP (s),dtau_AP (s),tau P (s),tau P +/- (s)", BOTH),
        (
            "tau_AP (ms),error (%),tau_P (ms),error (%)",
            np.stack([1e3 * DWELLS, 100 * WIDTHS / DWELLS], axis=1).reshape(4, 3),
        ),
        (
            "rate_AP (Hz),rate_AP_std (Hz),rate_P (Hz),rate_P_std (Hz)",
            np.stack([1 / DWELLS, WIDTHS / DWELLS**2], axis=1).reshape(4, 3),
        ),
        (
            "ln tau_AP,error of ln tau_AP,ln tau_P,error of ln tau_P",
            np.stack([np.log(DWELLS), WIDTHS / DWELLS], axis=1).reshape(4, 3),
        ),
    ],
)
def test_columns_of_errors_of_dwell_times(put, header: str, columns: np.ndarray) -> None:
    dataset = load(put("tau.csv", table(f"V (mV),{header}", [1, 2, 3], *columns) + "\n"))
    for state, error in zip(("high", "low"), WIDTHS, strict=True):
        assert dataset[f"dwell_time_{state}_error"].values == close_to(error, rel=1e-6)
    assert "assumed_units" not in dataset.attrs or "tau" not in header


def test_errors_within_the_cells_of_dwell_times(put) -> None:
    rows = [
        f"{v},{' , '.join(f'{1e3 * t:.9g} ± {1e3 * e:.9g} ms' for t, e in zip(*pair, strict=True))}"
        for v, *pair in zip((1, 2, 3), DWELLS.T, WIDTHS.T, strict=True)
    ]
    dataset = load(put("tau.csv", "\n".join(["V (mV),tau_AP,tau_P", *rows]) + "\n"))
    assert dataset["dwell_time_high"].values == close_to(DWELLS[0], rel=1e-6)
    assert dataset["dwell_time_low_error"].values == close_to(WIDTHS[1], rel=1e-6)


def test_errors_in_brackets_are_of_the_last_digits(put) -> None:
    rows = "1,45.5(14),0.12(3)\n2,20(2),1.50(4)\n3,9.25(30),4.1(1)\n"
    dataset = load(put("tau.csv", f"V (mV),tau_AP (ms),tau_P (ms)\n{rows}"))
    assert dataset["dwell_time_high"].values == close_to([0.0455, 0.02, 0.00925])
    assert dataset["dwell_time_high_error"].values == close_to([0.0014, 0.002, 0.0003])
    assert dataset["dwell_time_low_error"].values == close_to([3e-5, 4e-5, 1e-4])


def test_a_header_may_say_that_errors_are_within_its_cells(put) -> None:
    cells = [f"{h / 100} ± {np.sqrt(h * (100 - h)) / 1000:.6f}" for h in HIGH]
    dataset = load(put("p.csv", table("H (Oe),P(AP) ± SE", FIELDS, cells) + "\n"))
    assert dataset["reads"].values == close_to([100] * 4)


def test_dwells_that_are_counted_give_the_errors_of_their_mean(put) -> None:
    counts = np.array([[100, 400, 25], [99, 401, 25]])
    columns = (1e3 * DWELLS[0], 1e3 * DWELLS[1], *counts)
    dataset = load(
        put("tau.csv", table("V (mV),tau_AP (ms),tau_P (ms),N_AP,N_P", [1, 2, 3], *columns))
    )
    assert kind_of(dataset) == "dwell"
    errors = dataset["dwell_time_high_error"].values
    assert errors == close_to(DWELLS[0] / np.sqrt(counts[0]), rel=1e-6)


def test_the_spread_of_dwells_is_no_error_of_their_mean(put) -> None:
    columns = (1e3 * DWELLS[0], 1.1e3 * DWELLS[0], 1e3 * DWELLS[1], 0.9e3 * DWELLS[1])
    header = "V (mV),tau_AP (ms),tau_AP_std (ms),tau_P (ms),tau_P_std (ms)"
    dataset = load(put("tau.csv", table(header, [1, 2, 3], *columns) + "\n"))
    assert "dwell_time_high_error" not in dataset
    assert any("spread of single dwells" in r for r in dataset.attrs["reading_remarks"])


@pytest.mark.parametrize("header", ["P_sw (N=250)", "P [n = 250 pulses]"])
def test_a_header_of_p_may_state_the_number_of_reads(put, header: str) -> None:
    dataset = load(put("p.csv", table(f"H (Oe),{header}", FIELDS, FRACTION) + "\n"))
    assert dataset["reads"].values.tolist() == [250] * 4


def test_errors_of_writing_are_what_did_not_switch(put) -> None:
    dataset = load(put("wer.csv", table("t_pulse (ns),WER", (1, 2, 3, 4), FRACTION) + "\n"))
    assert dataset["probability"].values == close_to(np.array(HIGH) / 100)
