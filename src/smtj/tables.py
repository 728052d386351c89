"""Tables that a person reads: plain text in a terminal, HTML in a notebook.

Cards, operating points, fits, training runs, studies and costs all print through :class:`Tabular`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table as RichTable

WIDTH = 100
"""Columns of text when printed without a terminal."""


@dataclass(frozen=True)
class Table:
    """Rows under a head, with a title above and notes below; every cell is text."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def rich(self) -> "RichTable":
        """Return the table for a Rich console, without its notes."""
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(
            title=Text(self.title), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False,
            min_width=min(len(self.title), WIDTH),
        )  # fmt: skip
        for number, name in enumerate(self.head):
            longest = max((len(row[number]) for row in self.rows), default=0)
            table.add_column(Text(name), no_wrap=longest <= 0.3 * WIDTH, overflow="fold")
        for row in self.rows:
            table.add_row(*map(Text, row))
        return table

    def text(self, width: int = WIDTH) -> str:
        """Return the table and its notes as plain text."""
        from rich.console import Console

        page = StringIO()
        console = Console(file=page, width=width, color_system=None, force_jupyter=False)
        console.print(self.rich())
        for note in self.notes:
            console.print(f"• {note}", markup=False, highlight=False)
        return "\n".join(line.rstrip() for line in page.getvalue().splitlines())

    def html(self) -> str:
        """Return the table and its notes as an HTML fragment."""
        from markupsafe import escape

        def row(cells: Sequence[str], tag: str) -> str:
            return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

        body = "".join(row(cells, "td") for cells in self.rows)
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return (
            f"<table><caption>{escape(self.title)}</caption><thead>{row(self.head, 'th')}</thead>"
            f"<tbody>{body}</tbody></table>" + (f"<ul>{notes}</ul>" if notes else "")
        )


class Tabular:
    """What prints as a table: a class defines ``table()`` and shows itself everywhere.

    A dataclass that prints so is declared with ``repr=False``.
    """

    def table(self) -> Table:
        """Return what is shown."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.table().text()

    def _repr_html_(self) -> str:
        return self.table().html()
