"""How to read a file, where it does not say so itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (done, total)."""


@dataclass(frozen=True)
class ReadOptions:
    """What a user says about a file; SI units."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Headers, or positions such as ``#3``, by name of a quantity or label."""
    skip_rows: int = 0
    """Lines at the top that are left out."""
    sheet: str | None = None
    """Sheet of a workbook, or group of a file that has several tables, by name or number from 1."""
    ignore: tuple[str, ...] = ()
    """Headers of columns that are left out."""
    reads: int | None = None
    """Number of reads behind each probability."""
    interval: float | None = None
    """Time between readings in s, in place of the times in the file."""
    from_name: str | None = None
    """Pattern of the file's name, with ``{quantity:unit}`` where a condition stands."""

    @classmethod
    def of(cls, columns: Mapping[str, str] | None, **options: Any) -> Self:
        """Return options from the arguments of :func:`smtj.measurement.load`."""
        sheet = options.pop("sheet", None)
        return cls(
            columns=columns or {},
            sheet=None if sheet is None else str(sheet),
            ignore=tuple(options.pop("ignore", ())),
            **options,
        )

    @property
    def nameless(self) -> bool:
        """Whether columns are known by their position, so that a file needs no header."""
        return any(header.startswith("#") for header in self.columns.values())
