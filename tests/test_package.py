"""What an import costs, and what is said where a part is missing."""

import subprocess
import sys

import pytest

import smtj
import smtj.nn

HEAVY = "{'torch', 'matplotlib', 'numba', 'scipy', 'pint', 'sklearn'}"
NO_TORCH = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] == 'torch':
            raise ModuleNotFoundError("No module named 'torch'", name='torch')
sys.meta_path.insert(0, NoTorch())
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "import smtj",
        "import smtj; smtj.load_card",
        "import smtj.datasets",
        "import smtj.plot",
        "import smtj.provenance",
        "import smtj; smtj.operating_point",
    ],
)
def test_what_needs_no_network_imports_neither_pytorch_nor_matplotlib(statement: str) -> None:
    code = f"{statement}; import sys; print({{'torch', 'matplotlib'}} & set(sys.modules))"
    done = python(code)
    assert (done.stdout.strip(), done.stderr) == ("set()", "")


def test_the_package_itself_imports_nothing_heavy() -> None:
    done = python(f"import smtj, sys; print({HEAVY} & set(sys.modules), 'numpy' in sys.modules)")
    assert done.stdout.strip() == "set() False"


@pytest.mark.parametrize("command", ["", "train", "reproduce", "card"])
def test_help_imports_nothing_heavy(command: str) -> None:
    code = (
        "import sys\n"
        "from smtj.cli import main\n"
        "try:\n    main()\n"
        "finally:\n"
        f"    print('HEAVY', ({HEAVY} | {{'numpy'}}) & set(sys.modules))\n"
    )
    done = python(code, *command.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout
    assert done.stdout.rstrip().endswith("HEAVY set()")


def test_without_pytorch_networks_say_what_to_install() -> None:
    done = python(NO_TORCH + "import smtj.nn")
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith(
        'ModuleNotFoundError: smtj.nn needs PyTorch: install it with pip install "smtj[nn]"'
    )


def test_without_pytorch_training_is_refused_in_a_sentence() -> None:
    done = python(NO_TORCH + "from smtj.cli import main; main()", "train", "--dataset", "digits")
    assert done.returncode == 2
    assert done.stderr == ('Error: smtj.nn needs PyTorch: install it with pip install "smtj[nn]"\n')


def test_without_pytorch_cards_and_physics_work() -> None:
    code = (
        "from smtj import load_card, operating_point; "
        "print(round(operating_point(load_card('cai2019')).stability_factor, 1))"
    )
    done = python(NO_TORCH + code)
    assert done.stdout.strip() == "18.5", done.stderr


def test_public_names_are_there() -> None:
    for module in (smtj, smtj.nn):
        for name in module.__all__:
            assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="module 'smtj' has no attribute 'nonsense'"):
        _ = smtj.nonsense
