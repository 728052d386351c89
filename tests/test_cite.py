"""Citations: the table of references, ``smtj cite`` and CITATION.cff."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import smtj
from smtj.card import Value, load_card, shipped_cards
from smtj.cli import app
from smtj.references import (
    FEATURES,
    REFERENCES,
    bibtex_of_card,
    reference_of_card,
    references_for,
    software,
)

ROOT = Path(__file__).parents[1]
DOI = re.compile(r"10\.\d{4,9}/[^\s,;:'\"`\]]+")


def printed(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["cite", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_keys_and_dois_are_unique():
    keys = [reference.key for reference in REFERENCES]
    dois = [reference.doi for reference in REFERENCES if reference.doi]
    assert len(set(keys)) == len(keys) and len(set(dois)) == len(dois)
    for reference in REFERENCES:
        assert not reference.doi or DOI.fullmatch(reference.doi)
        assert reference.features and set(reference.features) <= FEATURES.keys()
        assert reference.key.endswith(str(reference.year)) or reference.key == "codata2022"


def test_every_doi_in_the_source_is_in_the_table():
    known = {reference.doi.lower() for reference in REFERENCES}
    for path in (ROOT / "src").rglob("*.py"):
        for found in DOI.findall(path.read_text(encoding="utf-8")):
            doi = found.rstrip(".,;").lower()
            # A closing bracket of the sentence does not belong to the DOI.
            while doi.endswith(")") and doi.count(")") > doi.count("("):
                doi = doi[:-1].rstrip(".,;")
            assert doi in known, f"{path.name} cites {doi}"


@pytest.mark.parametrize("name", shipped_cards())
def test_every_shipped_card_has_its_reference(name):
    reference = reference_of_card(name)
    assert reference is not None
    assert reference.doi in load_card(name).reference
    assert reference.authors[0] in load_card(name).reference


def test_everything_is_listed_once():
    text = printed()
    for reference in REFERENCES:
        assert text.count(reference.title) == 1
    assert smtj.__version__ in text


def test_a_feature_lists_its_sources():
    text = printed("--for", "fit, resonance")
    assert "Occupation Times" in text and "Spin-torque diode" in text
    assert "Voltage-Controlled Spintronic Stochastic Neuron" in text
    assert "xoshiro" not in text and "Langer" not in text


def test_a_card_lists_its_paper(tmp_path):
    text = printed("--card", "reiss2019", "--card", "cai2019")
    assert "1908.02139" in text and text.count("Applied 11, 034015") == 1 and "Pedler" not in text
    mine = load_card("cai2019").replace({"name": "mine", "reference": "A. Nobody, unpublished"})
    path = mine.save(tmp_path / "mine.toml")
    assert "A. Nobody, unpublished" in printed("--card", str(path))
    assert bibtex_of_card("mine", "A. Nobody, unpublished") in printed(
        "--card", str(path), "--bibtex"
    )


def test_a_fitted_card_credits_its_base_for_the_values_that_are_still_its_own(tmp_path):
    base = load_card("reiss2019")
    mine = base.replace({"name": "mine", "base": base.name, "electrical.tmr": "50 %"})
    kept, every = len(list(base.values())) - 1, len(list(base.values()))
    text = printed("--card", str(mine.save(tmp_path / "mine.toml")))
    assert "1908.02139" in text
    assert f"{kept} of {every} values are from card reiss2019" in text
    changes = {name: Value(float(value), "measured", "ours") for name, value, _ in mine.values()}
    own = mine.replace(changes)
    text = printed("--card", str(own.save(tmp_path / "own.toml")))
    assert "1908.02139" not in text
    assert f"0 of {every} values are from card reiss2019" in text


def test_bibtex_is_well_formed():
    text = printed("--bibtex")
    entries = re.findall(r"^@(\w+)\{(\w+),$(.*?)^\}$", text, re.MULTILINE | re.DOTALL)
    assert len(entries) == len(REFERENCES) + 1
    for _, key, body in entries:
        assert body.count("{") == body.count("}")
        if key != "smtj":
            assert re.search(r"year = \{\d{4}\}", body)


def test_an_uninstalled_checkout_can_be_cited():
    code = (
        "import importlib.metadata as metadata\n"
        "def missing(name): raise metadata.PackageNotFoundError(name)\n"
        "metadata.version = metadata.distribution = missing\n"
        "from smtj.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "cite"], capture_output=True, text=True, check=True
    )
    assert f"version {smtj.__version__}" in done.stdout


def test_an_unknown_feature_is_rejected():
    with pytest.raises(KeyError, match="cards"):
        references_for(["cards"])
    done = subprocess.run(
        [sys.executable, "-m", "smtj", "cite", "--for", "cards"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "Error: --for has 'cards'; choose from neuron, physics, escape, motion, fit, resonance, "
        "random, hardware, energy, gallery, circuits, bits, pbits\n"
    )


def test_the_citation_file_is_valid_and_agrees_with_the_command():
    """By the rules of Citation File Format 1.2.0 for the fields used."""
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extra docs")
    content = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert content["cff-version"] == "1.2.0"
    assert {"cff-version", "message", "title", "authors"} <= content.keys()
    assert content.keys() <= {
        "cff-version", "message", "title", "authors", "type", "version", "license", "keywords",
        "references",
    }  # fmt: skip
    assert content["type"] in ("software", "dataset")
    assert all(isinstance(content[name], str) for name in ("message", "title", "version"))
    assert content["version"] == smtj.__version__
    assert content["title"] in software(smtj.__version__)[0]
    assert content["authors"] == [{"name": "The smtj developers"}]
    (paper,) = content["references"]
    assert {"type", "title", "authors"} <= paper.keys()
    known = reference_of_card("cai2019")
    assert (paper["doi"], paper["title"], paper["year"]) == (known.doi, known.title, known.year)
    assert all(author.keys() == {"family-names", "given-names"} for author in paper["authors"])
