"""Spectra give their lines back, with error bars that mean what they say."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import binomtest

from closeness import close_to
from smtj.errors import DataError, SmtjError
from smtj.inference.resonance import choose_channel, fit_spectra, fit_spectrum
from smtj.physics.resonance.line_shapes import driven_oscillator, lorentzian, lorentzian_derivative

SHAPES = {
    "exact": driven_oscillator,
    "lorentzian": lorentzian,
    "derivative": lorentzian_derivative,
}
SPECTRA = 200
LINE = (5.0e9, 3.0e8, 4e-5, -2e-5)
BASELINE = (3e-5, 2e-5)
OERSTED = 1e3 / (4 * math.pi)

MEASURED = Path(os.environ.get("SMTJ_DATA_DIR", "")) / "measured" / "yig_fmr"
needs_measured = pytest.mark.skipif(
    "SMTJ_DATA_DIR" not in os.environ or not MEASURED.is_dir(),
    reason="SMTJ_DATA_DIR does not name a folder with measured/yig_fmr",
)


def sweep(points=201):
    return np.linspace(2e9, 8e9, points)


def model(shape, x, *lines, baseline=BASELINE):
    signal = baseline[0] + baseline[1] * (x - 5e9) / 3e9
    for position, width, s, a in lines:
        symmetric, antisymmetric = SHAPES[shape](x, position, width)
        signal = signal + s * symmetric + a * antisymmetric
    return signal


def red_noise(rng, points, correlation):
    """Noise of variance 1 behind a low pass of one pole."""
    white = math.sqrt(1 - correlation**2) * rng.standard_normal(points + 400)
    return lfilter([1], [1, -correlation], white)[400:]


def log_likelihood(spectra, shape):
    return sum(fit.log_likelihood for fit in fit_spectra(spectra, shape))


def z_scores(fits, *lines):
    """Deviations of position and half width in standard errors, (spectra, 2 lines)."""
    return np.array(
        [
            [
                (got - meant) / error
                for line, true in zip(fit.lines, lines, strict=True)
                for got, meant, error in (
                    (line.position, true[0], line.position_error),
                    (line.half_width, true[1], line.half_width_error),
                )
            ]
            for fit in fits
        ]
    )


def assert_covered(z, least_p_value=1e-3):
    for column in z.T:
        inside = int(np.count_nonzero(np.abs(column) < 1.96))
        assert binomtest(inside, column.size, 0.95).pvalue > least_p_value
        # Four standard deviations of a standard deviation.
        assert np.std(column) == close_to(1, abs=4 / math.sqrt(2 * column.size))
        assert np.mean(column) == close_to(0, abs=4 / math.sqrt(column.size))


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_intervals_cover_and_white_noise_is_not_inflated(shape):
    rng = np.random.default_rng(1)
    x = sweep()
    clean = model(shape, x, LINE)
    fits = fit_spectra(
        [(x, clean + 4e-6 * rng.standard_normal(x.size)) for _ in range(SPECTRA)], shape
    )
    assert all(fit.usable for fit in fits)
    assert_covered(z_scores(fits, LINE))
    assert np.mean([fit.inflation for fit in fits]) < 1.06
    assert np.mean([fit.noise for fit in fits]) == close_to(4e-6, rel=0.02)
    assert np.mean([fit.log_likelihood for fit in fits]) > np.mean(
        [fit.baseline_log_likelihood for fit in fits]
    )


def test_known_errors_make_the_covariance_absolute():
    rng = np.random.default_rng(2)
    x = sweep(101)
    sigma = np.where(x < 5e9, 2e-6, 8e-6)
    clean = model("lorentzian", x, LINE)
    spectra = [(x, clean + sigma * rng.standard_normal(x.size), sigma) for _ in range(SPECTRA)]
    fits = fit_spectra(spectra, "lorentzian")
    assert_covered(z_scores(fits, LINE))
    chi_squared = np.array([fit.chi_squared for fit in fits])
    assert fits[0].degrees_of_freedom == 101 - 6
    assert chi_squared.mean() == close_to(95, abs=4 * math.sqrt(2 * 95 / SPECTRA))
    x, signal, sigma = spectra[0]
    small = fit_spectrum(x, signal, "lorentzian", sigma=sigma / 3)
    ratio = small.lines[0].position_error / fits[0].lines[0].position_error
    assert ratio == close_to(1 / 3, rel=1e-6)
    assert any("χ²" in remark for remark in small.remarks)
    assert not fits[0].remarks


def test_errors_count_correlated_points_as_the_fewer_they_are():
    rng = np.random.default_rng(3)
    x, correlation = sweep(251), 0.8
    clean = model("derivative", x, LINE)
    fits = fit_spectra(
        [(x, clean + 3e-6 * red_noise(rng, x.size, correlation)) for _ in range(SPECTRA)],
        "derivative",
    )
    z = z_scores(fits, LINE)
    assert_covered(z)
    inflation = np.array([fit.inflation for fit in fits])
    # Of a mean it would be (1 + 0.8)/(1 - 0.8) = 9; a line is no slower than that.
    assert 3 < np.median(inflation) < 9
    naive = np.abs(z * np.sqrt(inflation)[:, None]) < 1.96
    assert naive.mean() < 0.8
    assert np.mean([fit.noise for fit in fits]) == close_to(3e-6, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["exact", "lorentzian"])
def test_overlapping_lines_are_told_apart(shape):
    rng = np.random.default_rng(4)
    x = sweep()
    both = ((4.6e9, 3e8, 4e-5, 1e-5), (5.35e9, 3e8, 2e-5, -1e-5))
    clean = model(shape, x, *both)
    spectra = [(x, clean + 8e-7 * rng.standard_normal(x.size)) for _ in range(60)]
    fits = fit_spectra(spectra, shape, lines=2)
    assert all(fit.usable for fit in fits)
    assert_covered(z_scores(fits, *both))
    worse = fit_spectra(spectra[:5], shape)
    pairs = zip(fits, worse, strict=False)
    assert all(two.log_likelihood > one.log_likelihood + 20 for two, one in pairs)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "lines",
    [
        [LINE],
        [(2.1e9, 2e8, -1e-5, 3e-5)],
        [(7.9e9, 9e8, 0.0, 1e-5)],
        [(3.3e9, 4e7, 2e-5, 0.0)],
        [(4.6e9, 3e8, 4e-5, 1e-5), (5.35e9, 3e8, -2e-5, 1e-5)],
        [(3.1e9, 8e8, 4e-5, 1e-5), (6.9e9, 8e7, 2e-5, 3e-5)],
    ],
    ids=["middle", "low edge", "high edge", "narrow", "overlapping", "unlike"],
)
def test_parameters_come_back_without_noise(shape, lines):
    rng = np.random.default_rng(5)
    # Fields jitter, and at times go backwards.
    x = sweep(301) + 1e7 * rng.standard_normal(301)
    signal = model(shape, x, *lines, baseline=(1e-4, 5e-4))
    fit = fit_spectrum(x, signal, shape, lines=len(lines))
    assert fit.usable, fit.remarks
    for line, (position, width, s, a) in zip(fit.lines, lines, strict=True):
        assert line.position == close_to(position, rel=1e-6)
        assert line.half_width == close_to(width, rel=1e-6)
        assert line.symmetric == close_to(s, abs=1e-10)
        assert line.antisymmetric == close_to(a, abs=1e-10)
    assert np.allclose(fit.signal(x), signal, atol=1e-10)
    assert fit.baseline_at(5e9) == close_to(1e-4, rel=1e-5)


def test_broad_line_at_low_frequency_needs_the_exact_shape():
    x = np.linspace(1e8, 4e9, 300)
    truth = (8e8, 5e8, 3e-5, -1e-5)
    rng = np.random.default_rng(6)
    clean = model("exact", x, truth, baseline=(1e-6, 0.0))
    spectra = [(x, clean + 2e-6 * rng.standard_normal(x.size)) for _ in range(SPECTRA // 2)]
    assert_covered(z_scores(fit_spectra(spectra, "exact"), truth))
    quiet = [(x, clean + 5e-7 * rng.standard_normal(x.size)) for _ in range(5)]
    assert log_likelihood(quiet, "exact") > log_likelihood(quiet, "lorentzian") + 10
    wrong = fit_spectrum(*quiet[0], "lorentzian").lines[0]
    assert abs(wrong.position - truth[0]) > 5 * wrong.position_error


def test_covariance_is_that_of_many_spectra():
    rng = np.random.default_rng(7)
    x = sweep(151)
    clean = model("lorentzian", x, LINE)
    spectra = [(x, clean + 2e-6 * rng.standard_normal(x.size)) for _ in range(200)]
    fits = fit_spectra(spectra, "lorentzian", baseline_degree=2)
    every = [fit.lines[0] for fit in fits]
    found = np.cov(
        [[q.position, q.half_width, q.symmetric, q.antisymmetric] for q in every], rowvar=0
    )
    told = np.mean([line.covariance for line in every], axis=0)
    size = np.sqrt(np.diag(told))
    assert np.abs((found - told) / np.outer(size, size)).max() < 4 * math.sqrt(2 / 200)


def test_the_flank_of_a_line_beyond_the_sweep_is_no_line_within():
    rng = np.random.default_rng(26)
    x = sweep(400)
    u = (x - 1.9e9) / 3e7
    tail = 1 / (1 + u**2) - u / (1 + u**2) ** 2
    fit = fit_spectrum(x, tail + 0.01 * rng.standard_normal(x.size), "lorentzian")
    # The fit itself puts it within the sweep, six standard errors from where it is.
    (line,) = fit.lines
    assert line.position > 2e9 and line.position - 1.9e9 > 5 * line.position_error
    assert not fit.usable and "may lie beyond the end of the sweep" in fit.remarks[0]


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_noise_is_no_line(shape):
    rng = np.random.default_rng(8)
    x = sweep(151)
    fits = fit_spectra([(x, rng.standard_normal(x.size)) for _ in range(100)], shape)
    chances = np.array([fit.significance for fit in fits])
    false = int(np.count_nonzero(chances < 0.05))
    assert binomtest(false, chances.size, 0.05, alternative="greater").pvalue > 1e-3
    assert np.mean([fit.usable for fit in fits]) < 0.03
    assert any("no significant line" in remark for remark in fits[0].remarks)


def test_what_the_data_cannot_tell_is_remarked():
    rng = np.random.default_rng(9)
    x = sweep()

    def remarks(line, noise=1e-7):
        signal = model("lorentzian", x, line) + noise * rng.standard_normal(x.size)
        fit = fit_spectrum(x, signal, "lorentzian")
        assert not fit.usable
        return " ".join(fit.remarks)

    assert "lies outside the data" in remarks((1.7e9, 4e8, 4e-5, 0.0))
    assert "narrower than the steps" in remarks((5e9, 4e6, 4e-5, 0.0))
    assert "wider than the swept range" in remarks((5e9, 8e9, 4e-2, 0.0))
    flat = fit_spectrum(x, np.ones_like(x), "lorentzian")
    assert not flat.usable and flat.significance > 0.01


@pytest.mark.parametrize("shape", SHAPES)
def test_glitches_are_left_out_of_a_line_and_peaks_are_not(shape):
    rng = np.random.default_rng(10)
    x, line = sweep(161), (5e9, 3e8, 4e-5, 1e-5)
    clean = model(shape, x, line) + 1e-6 * rng.standard_normal(x.size)
    broken = clean.copy()
    broken[[20, 66, 90, 140]] += np.array([3, -2, 2.5, -4]) * np.ptp(clean)
    fits = [fit_spectrum(x, signal, shape) for signal in (clean, broken)]
    assert "4 points are glitches" in " ".join(fits[1].remarks)
    one, other = (fit.lines[0] for fit in fits)
    assert abs(one.position - other.position) < other.position_error
    assert other.position_error < 1.1 * one.position_error
    # As narrow as two steps.
    narrow = model(shape, x, (5e9, 2 * (x[1] - x[0]), 4e-5, 0.0))
    fit = fit_spectrum(x, narrow + 1e-7 * rng.standard_normal(x.size), shape)
    assert fit.usable and not any("glitch" in remark for remark in fit.remarks)


@needs_measured
def test_measured_resonances_of_yig():
    """Resonance fields of nine measured sweeps, and the lock-in's channel they are in."""
    fields = {
        13.0 + 0.5 * i: h
        for i, h in enumerate((3893, 4064, 4233, 4403, 4574, 4750, 4918, 5088, 5262))
    }
    tables = [np.loadtxt(path, skiprows=1) for path in sorted(MEASURED.iterdir())]
    assert sorted(table[0, 3] for table in tables) == sorted(fields)
    channels = {
        name: [(table[:, 0] * OERSTED, table[:, column]) for table in tables]
        for name, column in (("X", 1), ("Y", 2))
    }
    choice = choose_channel(channels, "derivative")
    assert choice.channel == "Y" and choice.decisive
    assert choice.gains["Y"] > 5 * choice.gains["X"]
    data = channels["Y"]
    assert log_likelihood(data, "derivative") > log_likelihood(data, "lorentzian") + 100
    for table, fit in zip(tables, choice.fits, strict=True):
        (line,) = fit.lines
        assert fit.usable, fit.remarks
        assert line.position / OERSTED == close_to(fields[table[0, 3]], abs=5)
        assert line.half_width / OERSTED == close_to(15, abs=4)
        # The lock-in's time constant is several steps long, and must be seen.
        assert fit.inflation > 2
        assert 0.3 < line.position_error / OERSTED < 3


def test_choices_name_what_they_chose_from():
    rng = np.random.default_rng(10)
    x = sweep()
    noise = [2e-6 * rng.standard_normal((2, x.size)) for _ in range(3)]
    line = model("derivative", x, LINE)
    channels = {
        "X": [(x, silent) for silent, _ in noise],
        "Y": [(x, line + loud) for _, loud in noise],
    }
    calls = []
    choice = choose_channel(
        channels, "derivative", progress=lambda done, total: calls.append((done, total))
    )
    assert (choice.channel, choice.decisive, set(choice.gains)) == ("Y", True, {"X", "Y"})
    assert choice.margin == close_to(choice.gains["Y"] - choice.gains["X"])
    assert calls == [(i, 6) for i in range(1, 7)]
    assert not choose_channel({"X": channels["X"], "Z": channels["X"]}, "derivative").decisive
    with pytest.raises(SmtjError, match="equally many spectra"):
        choose_channel({"X": channels["X"], "Y": []}, "derivative")


def test_position_does_not_depend_on_units_or_order():
    rng = np.random.default_rng(11)
    x = sweep()
    signal = model("lorentzian", x, LINE) + 1e-6 * rng.standard_normal(x.size)
    fit = fit_spectrum(x, signal, "lorentzian")
    for scale, turn in ((1e-9, 1), (1.0, -1), (1e6, 1)):
        other = fit_spectrum(scale * x[::turn], 1e6 * signal[::turn], "lorentzian")
        (one,), (two,) = fit.lines, other.lines
        assert two.position == close_to(scale * one.position, rel=1e-7)
        assert two.half_width_error == close_to(scale * one.half_width_error, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"signal": [np.nan] * 30}, "finite numbers only"),
        ({"x": [np.inf] + [1.0] * 29}, "finite numbers only"),
        ({"signal": [1.0] * 29}, "same length"),
        ({"sigma": [0.0] * 30}, "above 0"),
        ({"x": [1.0] * 30}, "too short"),
        ({"lines": 3}, "1 or 2 lines"),
        ({"shape": "gaussian"}, "one of exact"),
        ({"x": np.linspace(-1, 1, 30), "shape": "exact"}, "below 0"),
    ],
)
def test_bad_spectra_are_refused(change, sentence):
    usual = {"x": np.linspace(1, 2, 30), "signal": np.zeros(30), "shape": "lorentzian"} | change
    with pytest.raises(SmtjError, match=sentence):
        fit_spectrum(usual.pop("x"), usual.pop("signal"), usual.pop("shape"), **usual)


def test_short_spectra_are_refused_by_number():
    x = np.arange(9.0)
    good, short = (x, x**2), (x[:8], x[:8])
    fit_spectra([good], "lorentzian")
    with pytest.raises(DataError, match=r"spectrum 2 of 2: .* it needs at least 9"):
        fit_spectra([good, short], "lorentzian")


def test_a_rough_start_finds_what_the_search_finds():
    rng, x = np.random.default_rng(12), sweep()
    both = ((4.6e9, 3e8, 4e-5, 1e-5), (5.35e9, 3e8, 2e-5, -1e-5))
    signal = model("exact", x, *both) + 8e-7 * rng.standard_normal(x.size)
    start = [(4.5e9, 2e8), (5.5e9, 4e8)]
    near = fit_spectrum(x, signal, "exact", lines=2, start=start)
    sought = fit_spectrum(x, signal, "exact", lines=2)
    for one, other in zip(near.lines, sought.lines, strict=True):
        assert one.position == close_to(other.position, abs=1e-3 * one.position_error)
        assert one.half_width == close_to(other.half_width, abs=1e-3 * one.half_width_error)
    with pytest.raises(SmtjError, match="2 pairs"):
        fit_spectrum(x, signal, "exact", lines=2, start=start[:1])
