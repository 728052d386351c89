"""What a result was made with, for the record beside it."""

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def versions() -> dict[str, str | None]:
    """Return versions of smtj, Python and what computes, and the git revision if there is one."""
    return {
        "smtj": _installed("smtj"),
        "git_revision": git_revision(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **{name: _installed(name) for name in ("numpy", "scipy", "numba", "torch")},
    }


def git_revision() -> str | None:
    """Return the commit of the source tree, marked if it has been changed; None outside one."""
    # Only a checkout of smtj itself counts, not a repository that it is installed in.
    folder = Path(__file__).resolve().parent
    if not (folder.parents[1] / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def command() -> str:
    """Return the command line that is running."""
    return " ".join(["smtj", *sys.argv[1:]])


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
