"""Runs a netlist in ngspice and reads what it computed."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from smtj.errors import SmtjError
from smtj.typing import Floats

PROGRAM = "ngspice"
_CONTROL = re.compile(r"^\.control$.*?^\.endc$\n?", re.DOTALL | re.MULTILINE | re.IGNORECASE)


def simulate(netlist: str | Path, timeout: float | None = None) -> dict[str, Floats]:
    """Run the analysis of a netlist in ngspice.

    Parameters
    ----------
    netlist
        Text, or the path of a file, with an analysis line such as ``.tran``; what stands between
        ``.control`` and ``.endc`` is left out.
    timeout
        Longest time in s.

    Returns
    -------
    dict
        Every saved vector by its name in small letters, e.g. ``"time"``, ``"v(q)"``, ``"i(vp)"``.

    Raises
    ------
    SmtjError
        There is no ngspice, or it ended without a result; the message has its own last words.
    """
    if shutil.which(PROGRAM) is None:
        raise SmtjError(
            "ngspice is not installed; install it (on Debian: apt-get install ngspice), or run the "
            "exported file where it is"
        )
    text = netlist.read_text(encoding="utf-8") if isinstance(netlist, Path) else netlist
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder, "bench.cir"), Path(folder, "bench.raw")
        source.write_text(_CONTROL.sub("", text), encoding="utf-8")
        try:
            done = subprocess.run(
                [PROGRAM, "-b", "-r", str(result), str(source)],
                capture_output=True,
                text=True,
                check=False,
                timeout=timeout,
                cwd=folder,
            )
        except subprocess.TimeoutExpired:
            raise SmtjError(
                f"ngspice did not end within {timeout:g} s; shorten the run or take fewer devices"
            ) from None
        said = done.stdout + done.stderr
        found = _vectors(result) if result.exists() else {}
    if not found or "aborted" in said:
        words = [line for line in said.splitlines() if re.search(r"error|abort|small", line, re.I)]
        raise SmtjError(f"ngspice failed: {'; '.join(words[:3]) or said.strip()[-200:]}")
    return found


def _vectors(path: Path) -> dict[str, Floats]:
    head, _, body = path.read_bytes().partition(b"Binary:\n")
    lines = head.decode(errors="replace").splitlines()
    start = next((k for k, line in enumerate(lines) if line.startswith("Variables:")), None)
    if start is None:
        return {}
    names = [line.split()[1].lower() for line in lines[start + 1 :] if line.startswith("\t")]
    values = np.frombuffer(body, dtype=np.float64)
    values = values[: values.size // len(names) * len(names)].reshape(-1, len(names))
    return {name: values[:, k] for k, name in enumerate(names)}


def states(result: dict[str, Floats], name: str, step: float) -> Floats:
    """The value of a vector at the end of each step of the devices, shape (steps,).

    Parameters
    ----------
    result
        Of :func:`simulate`.
    name
        E.g. ``"v(q)"``.
    step
        ``dt`` of the devices in s.
    """
    time = result["time"]
    ends = step * np.arange(1, int(time[-1] / step + 1e-6) + 1)
    return np.asarray(np.interp(ends - 0.01 * step, time, result[name]))
