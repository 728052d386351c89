"""Results of a study on disk, block by block, so that a killed run loses nothing."""

import json
import math
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtj import provenance
from smtj.chips.plan import BLOCK, Study
from smtj.errors import CheckpointError, SmtjError
from smtj.files import write_bytes, write_text

if TYPE_CHECKING:
    import pandas as pd

RECORD = "study.json"
TABLE = "chips.parquet"
INSTALL = 'install it with pip install "smtj[cluster]"'


@dataclass(frozen=True)
class StudyStore:
    """The folder of a study: ``study.json`` identifies it, ``parts`` holds finished blocks."""

    folder: Path

    def begin(self, study: Study, sums: dict[str, str]) -> None:
        """Claim the folder for a study, or raise an error if it holds another."""
        settings = json.loads(json.dumps(_settings(study, sums)))
        path = self.folder / RECORD
        if path.exists():
            found = _read_record(path)
            other = [key for key in settings if found.get(key) != settings[key]]
            if other:
                raise CheckpointError(
                    f"{self.folder} holds a study with other {' and '.join(other)}; repeat its "
                    "settings to resume it, or give another folder"
                )
            return
        record = {
            **settings,
            "command": provenance.command(),
            "versions": provenance.versions(),
        }
        write_text(path, json.dumps(record, indent=1) + "\n")

    def done(self, study: Study) -> dict[int, list[float]]:
        """Return the accuracies of finished blocks."""
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

    def save(self, block: int, study: Study, accuracies: list[float]) -> None:
        """Write the results of a block atomically."""
        import pandas as pd

        rows = study.block(block)
        conditions = [study.conditions.index(condition) for _, condition in rows]
        part = pd.DataFrame(
            {"chip": [chip for chip, _ in rows], "condition": conditions, "accuracy": accuracies}
        )
        _write(part, self.folder / "parts" / f"{block:06d}.parquet")

    def finish(self, table: "pd.DataFrame") -> Path:
        """Write the table of the whole study and remove the parts."""
        path = _write(table, self.folder / TABLE)
        parts = self.folder / "parts"
        if parts.exists():
            for part in parts.glob("*.parquet"):
                part.unlink()
            if not any(parts.iterdir()):
                parts.rmdir()
        return path


def require_polars() -> None:
    """Raise an error if Polars is not installed."""
    try:
        import polars  # noqa: F401
    except ModuleNotFoundError:
        raise SmtjError(f"Polars, which saves results, is not installed; {INSTALL}") from None


def _settings(study: Study, sums: dict[str, str]) -> dict[str, Any]:
    """Return what identifies a study."""
    conditions = [
        {name: str(v) if isinstance(v, float) and math.isinf(v) else v for name, v in part.items()}
        for part in study.conditions
    ]
    return {"chips": study.chips, "seed": study.seed, "conditions": conditions, **sums}


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} cannot be read ({type(error).__name__}); give another folder"
        ) from None
    return record if isinstance(record, dict) else {}


def _write(table: "pd.DataFrame", path: Path) -> Path:
    import polars as pl

    content = BytesIO()
    columns = {str(name): column.to_list() for name, column in table.items()}
    about = {str(name): json.dumps(value) for name, value in table.attrs.items()}
    pl.DataFrame(columns).write_parquet(content, metadata=about)
    return write_bytes(path, content.getvalue())


def _read(path: Path) -> "pd.DataFrame":
    import pandas as pd
    import polars as pl

    try:
        found = pl.read_parquet(path)
    except (Exception, pl.exceptions.PanicException) as error:  # whatever the decoders met
        raise CheckpointError(
            f"{path} is damaged ({type(error).__name__}); delete it and repeat the command"
        ) from error
    return pd.DataFrame(found.to_dict(as_series=False))
