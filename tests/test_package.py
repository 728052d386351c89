"""What an import costs, and what is said where a part is missing."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import smtj
import smtj.nn

HEAVY = "{'torch', 'matplotlib', 'numba', 'scipy', 'pandas', 'xarray', 'pint', 'sklearn'}"
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


def test_the_front_door_lists_its_names_and_opens_them() -> None:
    assert dir(smtj) == sorted(smtj.__all__)
    for module in (smtj, smtj.lab, smtj.nn):
        for name in module.__all__:
            assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="module 'smtj' has no attribute 'nonsense'"):
        _ = smtj.nonsense


@pytest.mark.slow
def test_every_module_is_a_module_under_its_dotted_name() -> None:
    """No function of a package stands in front of a module of the same name."""
    for found in pkgutil.walk_packages(smtj.__path__, "smtj."):
        if found.name != "smtj.__main__":
            module = importlib.import_module(found.name)
            parent, _, child = found.name.rpartition(".")
            assert getattr(sys.modules[parent], child) is module, found.name


def test_importing_smtj_takes_less_time_than_importing_numpy() -> None:
    def seconds(name: str) -> float:
        code = (
            f"import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)"
        )
        return min(float(python(code).stdout) for _ in range(5))

    assert seconds("smtj") < seconds("numpy")


@pytest.mark.slow
def test_fitting_a_scan_loads_nothing_of_resonance(tmp_path) -> None:
    path = tmp_path / "scan.csv"
    instrument = smtj.lab.Instrument(noise=5.0)
    fields = [smtj.units.Oe * h for h in (-40, -25, -14, -5, 10)]
    smtj.save(smtj.lab.scan("cai2019", fields, 300, instrument=instrument), path)
    code = (
        "import sys; from smtj import fit; print(fit(sys.argv[1])['w'].symbol, "
        "[m for m in sys.modules if m.startswith('smtj.') and 'resonance' in m])"
    )
    done = python(code, str(path))
    assert done.stdout.strip() == "w []", done.stderr
