"""``smtj card``: what is printed, written and refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from closeness import close_to
from smtj.card import DeviceCard, load_card
from smtj.cli.card import app
from smtj.errors import CardError, SmtjError


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, arguments)


def words(line: str) -> list[str]:
    return line.split()


def find(output: str, name: str) -> list[str]:
    """The row of a table that begins with ``name``."""
    rows = [line for line in output.splitlines() if line.strip().startswith(f"{name} ")]
    assert rows, f"{name} is not in\n{output}"
    return words(rows[0])


def test_show_prints_every_value_with_its_provenance_and_source(run):
    result = run("show", "cai2019")
    assert result.exit_code == 0, result.exception
    assert find(result.output, "length") == words("length 210 nm paper Sec. II")
    assert find(result.output, "anisotropy_field")[:4] == words("anisotropy_field 56 mT paper")
    assert find(result.output, "effective_anisotropy_field")[1:4] == words("560 Oe assumed")
    assert find(result.output, "shape") == ["shape", "ellipse"]
    assert find(result.output, "model") == ["model", "cai2019"]
    for name, _, _ in load_card("cai2019").values():
        find(result.output, name.partition(".")[2])
    assert "Derived" in result.output


def test_show_prints_the_derived_quantities_of_the_physics(run):
    output = run("show", "cai2019").output
    assert find(output, "energy barrier") == words("energy barrier E_b 76.51 zJ Eq. 6")
    assert find(output, "dwell time, high") == words("dwell time, high τ_high 266 ms Eq. 3")


def test_show_prints_json(run):
    content = json.loads(run("show", "cai2019", "--json").output)
    assert DeviceCard.from_mapping(content["card"]) == load_card("cai2019")
    assert content["derived"]["E_b"]["value"] == close_to(7.65e-20, rel=1e-3)


def test_show_prints_standard_errors_and_brackets(run):
    card = load_card("cai2019")
    text = 'length = { value = "210 nm", provenance = "measured", source = "[7] SEM", '
    card.save("mine.toml")
    lines = Path("mine.toml").read_text(encoding="utf-8").splitlines()
    lines = [text + 'standard_error = "2 nm" }' if x.startswith("length") else x for x in lines]
    Path("mine.toml").write_text("\n".join(lines), encoding="utf-8")
    row = find(run("show", "mine.toml").output, "length")
    assert row == words("length 210.0 ± 2.0 nm measured [7] SEM")


def test_check_says_in_one_line_that_a_card_is_valid_and_what_next(run):
    load_card("cai2019").save("mine.toml")
    result = run("check", "mine.toml")
    assert result.exit_code == 0
    assert result.output == (
        "mine.toml is valid (cai2019, 40 values); see it: smtj card show mine.toml\n"
    )


def test_check_refuses_a_wrong_card(run):
    Path("mine.toml").write_text('name = "a"', encoding="utf-8")
    result = run("check", "mine.toml")
    assert isinstance(result.exception, CardError)
    head, first, *others = str(result.exception).splitlines()
    assert head == "card mine.toml has 8 errors:"
    assert first == '  title is missing; give e.g. title = "..."'
    assert len(others) == 7
    assert others[0].startswith("  the section [geometry] is missing; ")
    shown = run("show", "mine.toml")
    assert str(shown.exception) == (
        'card mine.toml: title is missing; give e.g. title = "..." (and 7 more errors)'
    )


def test_show_refuses_an_unknown_card(run):
    result = run("show", "nowhere")
    assert isinstance(result.exception, CardError)
    assert str(result.exception).startswith("there is no card nowhere; ")
    assert result.output == ""


def test_new_prints_or_writes_a_valid_card_and_never_overwrites(run):
    printed = run("new").output
    result = run("new", "--out", "mine.toml")
    assert result.output == "Wrote mine.toml; fill it in, then run: smtj card check mine.toml\n"
    assert Path("mine.toml").read_text(encoding="utf-8") == printed
    assert run("check", "mine.toml").exit_code == 0
    again = run("new", "--out", "mine.toml")
    assert isinstance(again.exception, CardError)
    assert str(again.exception) == "mine.toml already exists; give another --out"
    below_a_file = run("new", "--out", "mine.toml/card.toml")
    assert isinstance(below_a_file.exception, SmtjError)
    assert "cannot be written" in str(below_a_file.exception)


def test_the_command_starts_without_the_heavy_imports():
    code = (
        "import sys, smtj.cli.card; "
        "sys.exit(bool({'pydantic', 'pint', 'scipy', 'numpy', 'tomlkit'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
