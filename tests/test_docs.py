"""README and documentation: programs print what is shown, links and commands exist."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from alike import assert_alike
from smtj.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"(?:^ {4}|`)(smtj [a-z][^`\n#>]*)", re.MULTILINE)
EVERYWHERE = {"--help", "-h", "--quiet"}


@pytest.mark.slow
def test_the_readme_prints_what_it_shows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocks = re.findall(r"```(python|text)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (_, program), (_, expected) = blocks[:2]
    monkeypatch.chdir(tmp_path)
    exec(program, {"__name__": "__main__"})
    assert_alike(capsys.readouterr().out, expected)


def test_links_lead_to_files() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            # The reference is generated with the site, which tests its links.
            generated = target.startswith("reference/")
            assert generated or (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_their_options_exist(page: Path) -> None:
    for line in COMMAND.findall(page.read_text(encoding="utf-8")):
        words = shlex.split(line)[1:]
        command = typer.main.get_command(app)
        while words and hasattr(command, "commands") and not words[0].startswith("-"):
            name = words.pop(0)
            assert name in command.commands, f"{line}: no command {name}"
            command = command.commands[name]
        options = EVERYWHERE.union(*(param.opts + param.secondary_opts for param in command.params))
        for word in words:
            option = word.partition("=")[0]
            assert not option.startswith("--") or option in options, f"{line}: no {option}"
