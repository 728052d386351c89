"""Manners that all commands share: --version, -h, --quiet, completion, errors."""

import os
import subprocess
import sys

import pytest
import typer.main
from typer.testing import CliRunner

import smtj
from smtj.cli import app, main


def commands(group, path=()):
    """Every command as its words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


COMMANDS = list(commands(typer.main.get_command(app)))


def run(*arguments: str):
    return CliRunner().invoke(app, arguments)


def test_the_version_is_printed():
    done = run("--version")
    assert (done.exit_code, done.output) == (0, f"smtj {smtj.__version__}\n")


@pytest.mark.parametrize("words", [(), *COMMANDS], ids=" ".join)
def test_help_has_a_short_name(words):
    done = run(*words, "-h")
    assert done.exit_code == 0
    assert "Usage:" in done.output and done.output == run(*words, "--help").output


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_unknown_option_is_one_sentence_and_exit_code_2(words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["smtj", *words, "--qqq"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    expected = f"Error: no such option: --qqq (see smtj {' '.join(words)} --help)\n"
    assert capsys.readouterr() == ("", expected)


def test_quiet_may_stand_before_and_after_the_command():
    loud = run("cite", "--for", "random")
    assert "smtj cite --bibtex" in loud.stderr and "Philox" in loud.stdout
    for words in (("--quiet", "cite", "--for", "random"), ("cite", "--for", "random", "--quiet")):
        done = run(*words)
        assert (done.exit_code, done.stderr, done.stdout) == (0, "", loud.stdout)


def test_a_shell_can_complete_commands():
    done = subprocess.run(
        [sys.executable, "-m", "smtj"],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "_SMTJ_COMPLETE": "complete_bash",
            "COMP_WORDS": "smtj ci",
            "COMP_CWORD": "1",
        },
    )
    assert done.stdout.split() == ["cite"]
