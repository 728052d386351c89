"""Tables that a person reads: plain text in a terminal, HTML in a notebook.

Cards, operating points, fits, training runs, studies and costs all print through :class:`Tabular`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

WIDTH = 100
"""Columns of text when printed without a terminal."""


@dataclass(frozen=True)
class Table:
    """Rows under a head, with a title above and notes below; every cell is text."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def text(self, width: int = WIDTH) -> str:
        """Return the table and its notes as plain text.

        Text wraps at ``width`` columns; numbers and words never break, so a table may be wider.
        """
        from rich import box
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(
            title=Text(self.title), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False
        )
        columns = list(zip(self.head, *self.rows, strict=True))
        longest = [max(map(len, column)) for column in columns]
        wraps = [number == 0 or size > 0.3 * WIDTH for number, size in enumerate(longest)]
        least = [
            max(map(len, " ".join(column).split()), default=0) if wrap else size
            for column, size, wrap in zip(columns, longest, wraps, strict=True)
        ]
        spare = max(0, width - sum(least) - 3 * len(columns) + 1)
        for number, name in enumerate(self.head):
            # The first column is served first: it names the row.
            extra = min(spare, longest[number] - least[number])
            spare -= extra
            table.add_column(Text(name), width=least[number] + extra)
        for row in self.rows:
            table.add_row(*map(Text, row))
        page = StringIO()
        width = max(width, sum(least) + 3 * len(columns), min(len(self.title), WIDTH))
        console = Console(file=page, width=width, color_system=None, force_jupyter=False)
        console.print(table)
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
