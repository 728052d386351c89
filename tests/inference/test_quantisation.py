"""Fractions of high reads betray how many reads they are made of."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.sigmoid import detect_quantisation, fit_fractions


@pytest.fixture(scope="module")
def measured():
    """Branches of the SOT-MTJ file: voltages and fractions by device and direction."""
    root = os.environ.get("SMTJ_DATA_DIR")
    file = Path(root or ".") / "measured" / "sot_mtj_switching" / "psw_0p75ns.csv"
    if root is None or not file.is_file():
        pytest.skip("SMTJ_DATA_DIR does not name a folder with measured/sot_mtj_switching")
    branches = {}
    with file.open() as lines:
        for row in csv.DictReader(lines):
            assert row["n_reps"] == "100"
            points = branches.setdefault((row["device_id"], row["direction"]), [])
            points.append((float(row["V"]), float(row["P_sw"])))
    return {name: np.array(points).T for name, points in branches.items()}


def test_the_measured_file_had_50_reads_not_100(measured):
    grain = detect_quantisation(
        np.concatenate([fraction for _, fraction in measured.values()]), 100
    )
    assert (grain.stated, grain.likely) == (100, 50)
    assert grain.chance < 1e-6
    assert "multiple of 0.02" in grain.remarks[0]
    assert "rather 50 reads" in grain.remarks[0]


@pytest.mark.parametrize(("device", "slope"), [("A", 41), ("B", 76)])
def test_the_measured_branches_to_antiparallel_are_sigmoids(measured, device, slope):
    curve = _fit(measured, device, "P->AP")
    assert curve.sigmoid.offset_field == close_to(0.90, abs=0.005)
    assert curve.sigmoid.slope == close_to(slope, abs=0.5)
    assert 1 <= curve.sigmoid.slope_error / (np.sqrt(2) * curve.as_stated.slope_error) < 1.2
    assert not curve.sigmoid.not_a_sigmoid
    assert "50 reads per point instead of the 100 stated" in curve.verdict


@pytest.mark.slow
@pytest.mark.parametrize("device", ["A", "B"])
def test_the_measured_branches_to_parallel_are_no_sigmoids(measured, device):
    curve = _fit(measured, device, "AP->P")
    # Whichever number of reads is right.
    for fit in (curve.sigmoid, curve.as_stated):
        assert fit.p_value < 0.001
        assert fit.not_a_sigmoid
    assert "not a sigmoid (p < 0.001)" in curve.verdict


@pytest.mark.proof
def test_the_measured_verdict_does_not_hang_on_the_seed(measured):
    """With 50 reads the p-value of this branch is 0.0009, so near to 0.001."""
    voltage, fraction = measured["B", "AP->P"]
    for seed in (1, 2):
        fit = fit_fractions(voltage, fraction, detect_quantisation(fraction, 50), seed).sigmoid
        assert fit.not_a_sigmoid
        assert fit.p_value == close_to(0.00086, abs=0.0001)


def _fit(measured, device, direction):
    everything = np.concatenate([fraction for _, fraction in measured.values()])
    return fit_fractions(*measured[device, direction], detect_quantisation(everything, 100))


@pytest.mark.parametrize("decimals", [None, 2, 3])
@pytest.mark.parametrize(("reads", "stated"), [(50, 100), (40, 100), (25, 100), (250, 1000)])
def test_a_grain_is_found_even_in_rounded_shares(reads, stated, decimals):
    fraction = np.random.default_rng(1).binomial(reads, np.linspace(0.05, 0.95, 30)) / reads
    if decimals is not None:
        fraction = np.round(fraction, decimals)
    # What a spreadsheet makes of 0.3.
    fraction += np.where(fraction < 0.9, 1, -1) * 4e-17
    found = detect_quantisation(fraction, stated)
    if 10 ** (decimals or 9) < reads:
        assert found.remarks == ()
    else:
        assert found.likely == reads
        assert f"rather {reads} reads" in found.remarks[0]


@pytest.mark.parametrize(("reads", "decimals"), [(1000, 2), (300, 2), (1000, 1), (64, 9), (7, 3)])
def test_rounding_is_not_taken_for_a_grain(reads, decimals):
    fraction = np.random.default_rng(2).binomial(reads, np.linspace(0.05, 0.95, 40)) / reads
    found = detect_quantisation(np.round(fraction, decimals), reads)
    assert (found.likely, found.remarks) == (reads, ())


def test_the_chance_is_not_less_than_it_is():
    """Six points of 100 reads are all even once in 64 times; the stated number then stands."""
    rng = np.random.default_rng(3)
    truth = np.linspace(0.2, 0.8, 6)
    chances = [detect_quantisation(rng.binomial(100, truth) / 100, 100).chance for _ in range(400)]
    for level in (0.05, 0.3):
        assert np.mean(np.array(chances) < level) <= level
    assert min(chances) < 1


def test_saturated_shares_say_nothing():
    found = detect_quantisation([0, 0, 0, 0, 0, 0, 0.5, 1, 1, 1, 1, 1, 1, 1], 100)
    assert (found.likely, found.remarks) == (100, ())
    assert detect_quantisation([0, 1, 1, 0], 100).chance == 1


def test_the_likely_number_decides_on_the_errors():
    voltage = np.linspace(-3, 3, 21)
    high = np.random.default_rng(4).binomial(50, expit(voltage))
    curve = fit_fractions(voltage, high / 50, detect_quantisation(high / 50, 100))
    assert curve.quantisation.likely == 50
    assert curve.sigmoid.slope == close_to(curve.as_stated.slope)
    # And a little more, as the voltage of each point may be off.
    assert 1 <= curve.sigmoid.slope_error / (np.sqrt(2) * curve.as_stated.slope_error) < 1.2
    assert curve.sigmoid.deviance == close_to(curve.as_stated.deviance / 2)
    same = fit_fractions(voltage, high / 50, detect_quantisation(high / 50, 50))
    assert same.verdict.startswith("fitted with 50 reads per point: consistent with")
    assert same.sigmoid.slope_error == close_to(curve.sigmoid.slope_error)


@pytest.mark.parametrize(
    ("fraction", "reads", "message"),
    [
        ([0.5, 1.02], 100, "from 0 to 1"),
        ([0.5, np.nan], 100, "from 0 to 1"),
        ([0.5], 0, "1 or more"),
        ([0.5], 2.5, "whole number"),
    ],
)
def test_impossible_shares_are_refused(fraction, reads, message):
    with pytest.raises(SmtjError, match=message):
        detect_quantisation(fraction, reads)
