"""Results of a study on disk, block by block as they come, so that a killed run loses nothing."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtj import provenance
from smtj.chips.plan import BLOCK, Study
from smtj.errors import CheckpointError, SmtjError
from smtj.files import write_text, write_whole

if TYPE_CHECKING:
    import pandas as pd

RECORD = "study.json"
TABLE = "chips.parquet"
HOW_TO_INSTALL = 'install it with pip install "smtj[cluster]"'


@dataclass(frozen=True)
class StudyStore:
    """The folder of a study: ``study.json`` says what it is of, ``parts`` has what is done."""

    folder: Path

    def begin(self, study: Study, sums: dict[str, str]) -> None:
        """Claim the folder for a study, or find that it already is this study's.

        Raises
        ------
        CheckpointError
            The folder holds another study.
        SmtjError
            pyarrow, which writes the tables, is not installed.
        """
        require_pyarrow()
        settings = json.loads(json.dumps(_settings(study, sums)))
        path = self.folder / RECORD
        if path.exists():
            kept = self._record(path)
            other = [key for key in settings if kept.get(key) != settings[key]]
            if other:
                raise CheckpointError(
                    f"{self.folder} holds a study with other {_in_words(other)}; repeat its "
                    "settings to go on, or give another folder"
                )
            return
        record = {
            **settings,
            "command": provenance.command(),
            "versions": provenance.versions(),
        }
        write_text(path, json.dumps(record, indent=1) + "\n")

    def done(self, study: Study) -> dict[int, list[float]]:
        """Return the accuracies of the blocks that are done.

        Raises
        ------
        CheckpointError
            A part is damaged.
        """
        import pandas as pd

        whole = self.folder / TABLE
        if whole.exists():
            values = _read(whole)["accuracy"].tolist()
            return {k: values[k * BLOCK : (k + 1) * BLOCK] for k in range(study.blocks)}
        found = {}
        for path in sorted((self.folder / "parts").glob("*.parquet")):
            part: pd.DataFrame = _read(path)
            found[int(path.stem)] = part["accuracy"].tolist()
        return found

    def keep(self, block: int, study: Study, accuracies: list[float]) -> None:
        """Write the results of a block, whole or not at all."""
        import pandas as pd

        rows = study.block(block)
        conditions = [study.conditions.index(condition) for _, condition in rows]
        part = pd.DataFrame(
            {"chip": [chip for chip, _ in rows], "condition": conditions, "accuracy": accuracies}
        )
        _write(part, self.folder / "parts" / f"{block:06d}.parquet")

    def finish(self, table: "pd.DataFrame") -> Path:
        """Write the table of the whole study, after which the parts are not needed."""
        path = _write(table, self.folder / TABLE)
        parts = self.folder / "parts"
        if parts.exists():
            for part in parts.glob("*.parquet"):
                part.unlink()
            if not any(parts.iterdir()):
                parts.rmdir()
        return path

    def _record(self, path: Path) -> dict[str, Any]:
        try:
            record = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"{path} cannot be read ({type(error).__name__}); give another folder"
            ) from None
        return record if isinstance(record, dict) else {}


def require_pyarrow() -> None:
    """Refuse to go on without what writes Parquet files.

    Raises
    ------
    SmtjError
        pyarrow is not installed.
    """
    try:
        import pyarrow  # type: ignore[import-untyped]  # noqa: F401
    except ModuleNotFoundError:
        raise SmtjError(f"results are kept as Parquet by pyarrow; {HOW_TO_INSTALL}") from None


def _settings(study: Study, sums: dict[str, str]) -> dict[str, Any]:
    """What makes two studies the same."""
    conditions = [
        {name: str(v) if isinstance(v, float) and math.isinf(v) else v for name, v in part.items()}
        for part in study.conditions
    ]
    return {"chips": study.chips, "seed": study.seed, "conditions": conditions, **sums}


def _in_words(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _write(table: "pd.DataFrame", path: Path) -> Path:
    return write_whole(path, lambda file: table.to_parquet(file, index=False))


def _read(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except Exception as error:  # pyarrow raises whatever its decoders met
        raise CheckpointError(
            f"{path} is damaged ({type(error).__name__}); delete it and repeat the command"
        ) from error
