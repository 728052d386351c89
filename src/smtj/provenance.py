"""Record what a result was computed with: versions, git revision, command line."""

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from smtj import __version__


def versions() -> dict[str, str | None]:
    """Return the versions of smtj, Python and the numerical packages, and the git revision."""
    return {
        "smtj": __version__,
        "git_revision": git_revision(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **{name: _installed(name) for name in ("numpy", "scipy", "numba", "torch")},
    }


def git_revision() -> str | None:
    """Return the commit of the source tree, marked if modified; None outside a git checkout."""
    # Only a checkout of smtj itself counts, not a repository into which it is installed.
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
    """Return the running command line."""
    return " ".join(["smtj", *sys.argv[1:]])


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
