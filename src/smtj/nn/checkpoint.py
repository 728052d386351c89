"""Read files from ``torch.save`` and check them."""

from pathlib import Path
from typing import Any

import torch

from smtj.errors import CheckpointError

FORMAT = 1


def read_saved(path: Path, kind: str, entries: tuple[str, ...]) -> dict[str, Any]:
    """Return the content of a file of a kind, e.g. ``"a chip"``, with the given entries.

    Raises
    ------
    CheckpointError
        The file is missing, damaged, or of another format.
    """
    try:
        content = torch.load(path, weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path} does not exist; give the path of {kind}") from None
    except Exception as error:
        # torch.load raises whatever its unpickler meets.
        raise CheckpointError(
            f"{path} is not {kind}, or is damaged ({type(error).__name__})"
        ) from error
    if (
        not isinstance(content, dict)
        or content.get("format") != FORMAT
        or not content.keys() >= set(entries)
    ):
        raise CheckpointError(f"{path} is not {kind} of this version of smtj")
    return content
