"""Plant faults in the code and see which the tests find; writes docs/validation/mutants.*.

mutmut makes the mutants: small changes of one expression each.  Of every package a seeded random
sample is tried, each mutant with the tests that reach its function, in a copy of the working tree
under ``results/``.  Mutants that change nothing but a string are left out, as are compiled kernels
and drawings.  What is finished stays, so a stopped run resumes; survivors are tried again whenever
the tests have changed.
"""

import argparse
import ast
import difflib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from datetime import date
from pathlib import Path

from smtj import provenance
from smtj.files import write_text

FOLDER = Path("docs/validation")
STORE = Path("results/mutants")
PACKAGES = {
    "physics": (
        "tests/physics",
        "tests/test_behavioural_card.py",
        "tests/inference/test_driven_lines.py",
        "tests/inference/test_joint_bias.py",
        "tests/nn/test_voltage.py",
    ),
    "energy": ("tests/energy",),
    "nn": ("tests/nn",),
    "chips": ("tests/chips",),
    "inference": ("tests/inference",),
}
"""Packages of smtj, and the tests that are to find their faults."""
LEFT_OUT = ("*kernels.py", "*plots.py", "*/chips/cluster.py")
"""What is compiled, drawn, or run by other processes, where mutmut cannot follow."""
COPIED = ("src", "tests", "docs", "validation", "README.md", "conftest.py", "pyproject.toml")
EQUIVALENT = Path("validation/equivalent_mutants.json")
"""Survivors that no test can kill: their diff, and the reason."""
KILLED, TIMEOUT, SURVIVED, UNREACHED = "killed", "timeout", "survived", "unreached"
OUTCOMES = {1: KILLED, 3: KILLED, 0: SURVIVED, 5: UNREACHED, 33: UNREACHED}
"""By mutmut's exit codes; any other is a timeout or a crash."""


def synchronise(package):
    """Copy the working tree and mutmut's settings; return the folder."""
    folder = STORE / package
    for name in COPIED:
        source, target = Path(name), folder / name
        if source.is_dir():
            # The time of a file tells mutmut whether to mutate it again.
            shutil.copytree(
                source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pyc")
            )
        else:
            shutil.copy2(source, target)
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/smtj/{package}/*"],
        "do_not_mutate": list(LEFT_OUT),
        "pytest_add_cli_args_test_selection": list(PACKAGES[package]),
        "pytest_add_cli_args": [
            "-m",
            "not proof",
            "-k",
            "not compiled and not traced and not exported",
            "-p",
            "no:cacheprovider",
        ],
        # Compiled kernels start threads, after which a process is not safe to fork.
        "process_isolation": "forkserver",
        "also_copy": ["conftest.py", "docs", "README.md", "validation"],
    }
    lines = ["[mutmut]"]
    for name, values in settings.items():
        given = [values] if isinstance(values, str) else ["", *(f"    {each}" for each in values)]
        lines.append(f"{name}=" + "\n".join(given))
    (folder / "setup.cfg").write_text("\n".join(lines) + "\n")
    return folder.resolve()


def mutmut(folder, names, seconds):
    """Let mutmut try mutants for at most some seconds; what is finished is kept."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names]
    with (folder / "mutmut.log").open("a") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            print(f"{folder.name}: the time is up; the same command resumes")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()


def results(folder):
    """Return mutmut's exit code of every mutant, None where it is not tried yet."""
    found = {}
    for path in sorted((folder / "mutants/src").rglob("*.meta")):
        found.update(json.loads(path.read_text())["exit_code_by_key"])
    return found


class Functions:
    """The functions of the mutated files, by the name that mutmut gives them."""

    def __init__(self, folder):
        self.folder, self.by_module = folder / "mutants/src", {}

    def of(self, key):
        """Return the code of the original and of the mutant, as syntax trees."""
        module, _, name = key.rpartition(".")
        if module not in self.by_module:
            path = self.folder / module.replace(".", "/")
            file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            self.by_module[module] = file.read_text().splitlines()
        lines = self.by_module[module]
        original = name.rpartition("__mutmut_")[0] + "__mutmut_orig"
        return function(lines, original), function(lines, name)

    def difference(self, key, text=True):
        """Return the changed lines of a mutant, without strings unless ``text``."""
        sides = []
        for tree in self.of(key):
            if not text:
                tree = Blank().visit(ast.parse(ast.unparse(tree)))
            # The first line has the name of the mutant.
            sides.append(ast.unparse(tree).partition("(")[2].splitlines())
        lines = list(difflib.unified_diff(*sides, lineterm="", n=0))[2:]
        return [line for line in lines if not line.startswith("@@")]


def function(lines, name):
    """Return the syntax tree of one function; a whole file of mutants would take gigabytes."""
    start = next(k for k, line in enumerate(lines) if f"def {name}(" in line)
    indent = len(lines[start]) - len(lines[start].lstrip())
    for end in range(start + 1, len(lines) + 1):
        outside = end == len(lines) or (
            lines[end].strip() and not lines[end][: indent + 1].isspace()
        )
        if outside:
            try:
                return ast.parse(textwrap.dedent("\n".join(lines[start:end]))).body[0]
            except SyntaxError:
                continue  # the end of a signature, or a line of a string
    raise ValueError(f"{name} has no end")


class Blank(ast.NodeTransformer):
    """Replaces strings by empty ones, and f-strings by what they hold."""

    def visit_Constant(self, node):
        """Replace one string."""
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node):
        """Replace a string with fields."""
        return ast.Constant("")


def sample(folder, count, seed):
    """Return a random sample of the mutants that change more than a string."""
    functions, chosen = Functions(folder), []
    keys = sorted(results(folder))
    random.Random(seed).shuffle(keys)
    for key in keys:
        if len(chosen) == count:
            break
        if functions.difference(key, text=False):
            chosen.append(key)
    return chosen


def fingerprint(package):
    """Return a digest of the tests of a package."""
    files = sorted(f for folder in PACKAGES[package] for f in Path(folder).rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def tried(package, count, seed, seconds):
    """Try a sample of a package's mutants and return what became of them."""
    end = time.monotonic() + seconds
    folder = synchronise(package)
    mark = folder / "tests.txt"
    if not results(folder):
        # There is no such mutant: mutmut makes all, times the tests and stops.
        mutmut(folder, ["none"], seconds)
    if not results(folder) or not (folder / "mutants/mutmut-stats.json").exists():
        raise SystemExit(f"mutmut made no mutants; see {folder / 'mutmut.log'}")
    chosen = sample(folder, count, seed)
    before = results(folder)
    again = not mark.exists() or mark.read_text() != fingerprint(package)
    missed = (0, 5, 33) if again else ()
    left = [key for key in chosen if before[key] is None or before[key] in missed]
    if left and end > time.monotonic():
        mutmut(folder, left, end - time.monotonic())
        mark.write_text(fingerprint(package))
    after, functions = results(folder), Functions(folder)
    outcome = {key: OUTCOMES.get(after[key], TIMEOUT) for key in chosen if after[key] is not None}
    return {
        "made": len(after),
        "tried": len(outcome),
        **{name: list(outcome.values()).count(name) for name in (KILLED, TIMEOUT)},
        "survivors": [
            {
                "mutant": key.rpartition("__mutmut_")[0],
                "outcome": how,
                "change": functions.difference(key),
            }
            for key, how in sorted(outcome.items())
            if how in (SURVIVED, UNREACHED)
        ],
    }


def with_reasons(found, equivalent):
    """Give the survivors that change nothing their reason."""
    for survivor in found["survivors"]:
        for known in equivalent:
            if known["mutant"] == survivor["mutant"] and known["change"] == survivor["change"]:
                survivor["equivalent"] = known["reason"]
    return found


def render(record):
    """Return the page of the results."""
    about = record["about"]
    lines = [
        "# Validation: faults planted in the code",
        "",
        "Written by `make mutants` from [mutants.json](mutants.json), which lists every survivor. "
        "mutmut makes mutants, each a change of one expression; of every package a random sample "
        f"(seed {about['seed']}) of those that change more than a string is tried with the tests "
        "of that package that reach the function. Kernels, drawings and what other processes run "
        "are left out. A mutant that ends in a timeout or a crash is found. *Equivalent*: no "
        "test can tell it from the code, for the reason that is given. *Found*: of those "
        "that are not equivalent.",
        "",
        "| package | mutants | tried | killed | timeout or crash | equivalent | survived | found |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for package, found in record["result"].items():
        same = sum("equivalent" in survivor for survivor in found["survivors"])
        survived = len(found["survivors"]) - same
        share = 100 * (1 - survived / max(1, found["tried"] - same))
        lines.append(
            f"| `{package}` | {found['made']:,} | {found['tried']} | {found[KILLED]} | "
            f"{found[TIMEOUT]} | {same} | {survived} | {share:.0f} % |"
        )
    lines += ["", f"*{about['date']}, {about['machine']}; `{about['command']}`.*", ""]
    return "\n".join(lines)


def main():
    """Try the mutants of every package that are not tried yet, then write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", default=list(PACKAGES), help="Default: all.")
    parser.add_argument("--count", type=int, default=300, help="Mutants per package.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=600, help="At most, per package.")
    options = parser.parse_args()
    path = FOLDER / "mutants.json"
    record = json.loads(path.read_text()) if path.exists() else {"result": {}}
    equivalent = json.loads(EQUIVALENT.read_text()) if EQUIVALENT.exists() else []
    for package in options.packages:
        found = tried(package, options.count, options.seed, 60 * options.minutes)
        record["result"][package] = with_reasons(found, equivalent)
        record["about"] = {
            "date": date.today().isoformat(),
            "versions": provenance.versions(),
            "machine": provenance.versions()["platform"],
            "command": f"python validation/mutants.py --count {options.count}",
            "seed": options.seed,
        }
        record["result"] = {
            name: record["result"][name] for name in PACKAGES if name in record["result"]
        }
        write_text(path, json.dumps(record, indent=1) + "\n")
        write_text(FOLDER / "mutants.md", render(record))
        print(package, {k: v for k, v in found.items() if k != "survivors"}, flush=True)


if __name__ == "__main__":
    main()
