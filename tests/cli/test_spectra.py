"""Spectra from the command line: measured, written, fitted, and a laboratory's own."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from closeness import close_to
from smtj import load_card
from smtj.cli import app
from smtj.errors import SmtjError
from smtj.units import Oe

YIG = Path(os.environ.get("SMTJ_DATA_DIR", "")) / "measured" / "yig_fmr"


def smtj(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)


def numbers(done, symbol):
    return [e for e in json.loads(done.stdout)["estimates"] if e["symbol"] == symbol]


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "nc"])
def test_spectra_become_a_card(tmp_path, ending):
    file, out = tmp_path / f"spectra.{ending}", tmp_path / "mine.toml"
    done = smtj(
        *("measure", "spectra", "--field", "-900,-110,110,700 Oe", "--noise", "0.5 uV"),
        *("--voltage", "-100,200 mV", "--frequency", "0.4:3:0.02 GHz", "--out", file),
    )
    assert done.exit_code == 0
    assert "8 spectra of 131 points of cai2019" in done.stdout
    done = smtj("fit", file, "--out", out, "--json")
    assert done.exit_code == 0
    (xi,) = numbers(done, "ξ")
    assert abs(xi["value"] - 26e-15) < 4 * xi["standard_error"]
    card = load_card(out)
    found = card.vcma.coefficient
    assert found.provenance == "measured"
    assert abs(found - 26e-15) < 4 * found.standard_error
    assert (tmp_path / "mine-fit" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--field", "-110 Pa"), "--field"),
        (("--frequency", "0:3:1 GHz"), "above 0 Hz"),
        (("--drive", "10 Oe"), "--drive"),
        (("--noise", "-1 uV"), "0 V or more"),
        (("--voltage", "1:0:1 mV"), "--voltage"),
    ],
)
def test_impossible_spectra_are_one_sentence(tmp_path, arguments, words):
    with pytest.raises(SmtjError, match=words):
        smtj("measure", "spectra", *arguments, "--out", tmp_path / "x.csv")
    assert not list(tmp_path.iterdir())


def test_spectra_swept_in_both_ways_are_refused(tmp_path):
    for swept, field in (("frequency", "-110 Oe"), ("field", "600:1000:20 Oe")):
        smtj(
            *("measure", "spectra", "--swept", swept, "--field", field, "--voltage", "0 mV"),
            *("--frequency", "2:3:0.05 GHz", "--out", tmp_path / f"{swept}.csv"),
        )
    with pytest.raises(SmtjError, match="fit them separately"):
        smtj("fit", tmp_path / "frequency.csv", tmp_path / "field.csv")


@pytest.mark.skipif(
    not YIG.is_dir(), reason="SMTJ_DATA_DIR does not name a folder with measured/yig_fmr"
)
def test_the_measured_film_by_one_command():
    """Resonance fields of an independent analysis of the same files, in Oe, at 13 to 17 GHz."""
    done = smtj("fit", *sorted(YIG.iterdir()), "--json")
    fields = [e["value"] / Oe for e in numbers(done, "H_r")]
    assert fields == close_to([3893, 4064, 4233, 4403, 4574, 4750, 4918, 5088, 5262], abs=5)
    widths = [e["value"] / Oe for e in numbers(done, "Δ")]
    assert widths == close_to([15] * 9, abs=4)
    (held,) = numbers(done, "M_eff,e")
    assert held["value"] / Oe == close_to(1700, abs=30)
    remarks = " ".join(r for part in json.loads(done.stdout)["parts"] for r in part["remarks"])
    assert "the resonance is in channel_y" in remarks
    assert "in-plane formula fits better" in remarks
