"""Read files from ``torch.save`` and check them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from smtj.errors import CheckpointError
from smtj.files import no_file

FORMAT = 1


def read_saved(path: Path, kind: str, entries: tuple[str, ...]) -> dict[str, Any]:
    """Return the content of a file of a kind, e.g. ``"a chip"``, with the given entries.

    Raises
    ------
    CheckpointError
        The file is missing, damaged, or of another format.
    """
    if what := no_file(path):
        raise CheckpointError(f"{path} is {what}, no file; give the path of {kind}")
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


@contextmanager
def understanding(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever the content of a file raises as it is used into a CheckpointError."""
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:
        # Entries may hold anything.
        cause = " ".join(str(error).split()) or type(error).__name__
        raise CheckpointError(
            f"{path} is {kind} whose content is damaged or of another version of smtj: {cause}"
        ) from error


def require_finite(path: Path, network: nn.Module) -> None:
    """Raise a CheckpointError if a weight of a network is no finite number."""
    for name, values in network.named_parameters():
        wrong = int((~values.isfinite()).sum())
        if wrong:
            raise CheckpointError(
                f"{path} holds a network of which {wrong} of {values.numel()} values of {name} are "
                "no finite numbers; train it again, with a lower learning rate"
            )
