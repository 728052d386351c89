"""The result of every fit: numbers by symbol, remarks, a verdict, a plot and a card."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from smtj.analysis.card_check import CardCheck, Measurement, check_card
from smtj.card import (
    BehaviouralCard,
    Card,
    CardLike,
    DeviceCard,
    Quantity,
    Value,
    as_card,
    as_device,
)
from smtj.errors import SmtjError
from smtj.inference.stats.estimate import Estimate
from smtj.tables import WIDTH, Table, Tabular
from smtj.units import format_quantity, parse_quantity, round_to_error

if TYPE_CHECKING:
    import pandas as pd

HEAD = ("", "symbol", "value", "±", "95 % interval")
"""Head of a table of estimates."""
CARD_DIGITS = 3
"""Digits of a standard error that a card keeps; its value ends at the same decimal."""

Kind = Literal[
    "trace", "scan", "probability", "dwell", "bias", "effects", "arrhenius", "loop", "angle",
    "lines", "resonance", "vcma", "film", "several",
]  # fmt: skip
Verdict = Literal[
    "ok", "two levels", "three levels", "four levels", "two fluctuators", "one level", "wandering",
    "faster than the sampling", "sigmoid", "not a sigmoid", "cai2019", "self-consistent",
    "tilted easy axis", "in-plane field", "undecided", "square", "rounded", "one combination",
    "in-plane", "perpendicular", "constant rate", "not of this law", "several",
]  # fmt: skip
"""What a fit decided, as a keyword.

``two levels``, ``three levels``, ``four levels``, ``two fluctuators``
    Between what a trace switches; of two independent fluctuators each has dwell times of its own.
``one level``, ``wandering``
    It does not switch; such a trace is refused with the reason.
``faster than the sampling``
    A trace shows two levels and their occupancy, but no dwell times.
``sigmoid``, ``not a sigmoid``
    Whether P(high) is consistent with a sigmoid.
``cai2019``, ``self-consistent``, ``undecided``
    The switching model that w(V) supports.
``tilted easy axis``, ``in-plane field``, ``undecided``
    What loops support as the cause of their angle.
``square``, ``rounded``
    The shape of a loop that was fitted without a model.
``one combination``
    Resonance fixes a combination of H_K1 and H_K2 instead of both.
``constant rate``, ``not of this law``
    Whether P against the length of a pulse is 1 - exp(-t/τ), or no such curve at all.
``in-plane``, ``perpendicular``
    The direction of the field in a film's Kittel fit.
``ok``
    Nothing had to be decided.
``several``
    The parts of the result have different verdicts.
"""


BehaviourWriter: TypeAlias = Callable[[Any, str], Mapping[str, Value | str]]
"""Module-level function of a fit and the name of the data: what a behavioural card holds of it."""
MeasurementsOf: TypeAlias = Callable[[Any], Iterable[Measurement]]
"""Module-level function of a fit: the measured numbers that a card should give back."""
Update: TypeAlias = Callable[[DeviceCard, Any, str], DeviceCard]
"""Module-level function that writes a fit to a card, given both and the name of the data."""


@dataclass(frozen=True, eq=False)
class Picture:
    """How a fit is plotted: panels side by side, with a caption."""

    panels: tuple[Callable[[Any, Any], None], ...]
    """Module-level functions of Matplotlib axes and :attr:`FitResult.fit`."""
    caption: str
    """Complete in itself."""
    width: float = 3.4
    """In inches."""
    height: float = 2.8
    subplots: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of ``Figure.subplots``."""

    def draw(self, figure: Any, fit: Any) -> list[Any]:
        """Draw all panels into a Matplotlib figure or subfigure and return their axes."""
        axes = figure.subplots(ncols=len(self.panels), squeeze=False, **self.subplots)[0]
        for panel, ax in zip(self.panels, axes, strict=True):
            panel(ax, fit)
        return list(axes)


@dataclass(frozen=True, eq=False, repr=False)
class FitResult(Tabular, Mapping[str, Estimate]):
    """What a fit found.

    A mapping of estimates by symbol; a symbol that occurs under several conditions is followed by
    its condition, as in ``result["w at 100 mV"]``.

    Examples
    --------
    >>> import smtj
    >>> data = smtj.lab.trace("cai2019", 1000, instrument=smtj.lab.Instrument(noise=5.0))
    >>> result = smtj.fit(data)
    >>> result.verdict
    'two levels'
    >>> result["τ_high"].to("ms").unit
    'ms'
    """

    kind: Kind
    title: str
    """One line."""
    source: str
    """Name of the data."""
    base: DeviceCard
    """The card that supplied what the data do not determine; see :attr:`has_base`."""
    estimates: tuple[Estimate, ...]
    """All fitted numbers."""
    remarks: tuple[str, ...]
    """What a user of the numbers should know."""
    verdict: Verdict
    fit: Any
    """The numerical result, with states, curves and covariances; of several parts, theirs."""
    picture: Picture | None = None
    update: Update | None = None
    """Writes to a card with physics; None if nothing of this fit belongs on one."""
    behaviour: BehaviourWriter | None = None
    """What a behavioural card holds of this fit; None if that is nothing."""
    measured: MeasurementsOf | None = None
    """What a card is held against."""
    has_base: bool = True
    """Whether :attr:`base` was given, or named by the data."""
    condition: str = ""
    """What distinguishes this part from others of its kind, e.g. ``"at 100 mV"``."""
    parts: tuple["FitResult", ...] = ()
    """Results of a fit that found several things; else empty."""

    @cached_property
    def _by_key(self) -> dict[str, Estimate]:
        count = Counter(e.symbol or e.name for e in self.estimates)
        found: dict[str, Estimate] = {}
        for estimate in self.estimates:
            symbol = estimate.symbol or estimate.name
            key = symbol if count[symbol] == 1 else f"{symbol} {estimate.condition}".rstrip()
            number, first = 2, key
            while key in found:
                key, number = f"{first} ({number})", number + 1
            found[key] = estimate
        return found

    def __getitem__(self, key: str) -> Estimate:
        if key not in self._by_key:
            raise KeyError(f"{key}; this fit has {', '.join(self._by_key)}")
        return self._by_key[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_key)

    def __len__(self) -> int:
        return len(self._by_key)

    @property
    def each(self) -> tuple["FitResult", ...]:
        """The parts, or the result itself if it has none."""
        return self.parts or (self,)

    def table(self) -> Table:
        """Return estimates, rounded by their errors, and remarks."""
        rows = [estimate.row() for estimate in self.estimates]
        return Table(self.title, HEAD, rows, sentences(self.remarks))

    def text(self, width: int = WIDTH) -> str:
        """Return a table per part with its remarks, and the card's z-scores, as plain text."""
        pages = [part.table().text(width) for part in self.each]
        notes = [f"• {remark}" for remark in sentences(self.remarks)] if self.parts else []
        held = self._held_table
        pages += [] if held is None else [held.text(width)]
        return "\n\n".join([*pages, *(["\n".join(notes)] if notes else [])])

    @property
    def _held_table(self) -> Table | None:
        """The z-scores if a card with physics has them, else only what must be said of the card."""
        found = self._own_check
        if found is None or not (found.remarks or (self.has_base and found.comparisons)):
            return None
        table = found.table()
        return table if self.has_base else replace(table, head=(), rows=(), title="The card")

    @cached_property
    def _own_check(self) -> CardCheck | None:
        """The card of this fit held against the data; None if there is no card."""
        try:
            return self.check(self.card()) if self.has_card else None
        except SmtjError:
            return None  # no possible device; card() says why

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        pages = [part.table().html() for part in self.each]
        if self._held_table is not None:
            pages.append(self._held_table.html())
        if self.parts and self.remarks:
            pages.append(Table("", (), (), sentences(self.remarks)).html())
        return "".join(pages)

    def plot(self, ax: Any = None) -> Any:
        """Plot data and fit.

        Parameters
        ----------
        ax
            Matplotlib axes for the first panel, or a sequence of axes for all; by default those of
            a new figure.

        Returns
        -------
        Axes or array of Axes
            The axes drawn into.
        """
        from smtj import plot

        drawn = [part for part in self.each if part.picture is not None]
        pictures = [part.picture for part in drawn if part.picture is not None]
        with plot.style():
            if ax is not None:
                panels = [
                    (panel, part.fit)
                    for part, picture in zip(drawn, pictures, strict=True)
                    for panel in picture.panels
                ]
                for axes, (panel, fit) in zip(np.ravel(ax), panels, strict=False):
                    panel(axes, fit)
                return ax
            heights = [picture.height for picture in pictures]
            figure = plot.shown_figure(max(p.width for p in pictures), sum(heights))
            rows = figure.subfigures(nrows=len(drawn), squeeze=False, height_ratios=heights)[:, 0]
            found = [
                axes
                for row, part, picture in zip(rows, drawn, pictures, strict=True)
                for axes in picture.draw(row, part.fit)
            ]
        return found[0] if len(found) == 1 else np.array(found)

    def draw(self, path: Path) -> list[Path]:
        """Write the picture of a result without parts as PNG and SVG; ``path`` has no ending."""
        from matplotlib.figure import Figure

        from smtj import plot

        if self.picture is None:
            raise SmtjError(f"{self.source}: a result of several parts has no picture of its own")
        with plot.style():
            figure = Figure((self.picture.width, self.picture.height), layout="constrained")
            self.picture.draw(figure, self.fit)
            return plot.save(figure, path)

    @property
    def has_card(self) -> bool:
        """Whether anything that was measured belongs on the card that :meth:`card` returns."""
        return any(
            (part.update if self.has_base else part.behaviour) is not None for part in self.each
        )

    def card(self, base: CardLike | None = None, name: str | None = None) -> Card:
        """Return a card with the fitted values, rounded by their errors.

        Parameters
        ----------
        base
            A card with the physics of the device, which supplies all other values; by default the
            one that the fit used.  Without one, the card is behavioural: it holds what was measured
            and nothing else.
        name
            Name of the new card, by default made from the name of the data.

        Returns
        -------
        Card
            Its title, notes and reference say what was fitted and what is from a base, and whether
            it misses its data.

        Raises
        ------
        SmtjError
            No possible device has the fitted values, or nothing that was measured belongs on a
            card.
        """
        name = identifier(name or Path(self.source).stem)
        if base is None and not self.has_base:
            return self._with_remarks(self._behavioural(name))
        return self._with_remarks(self._onto(self.base if base is None else as_device(base), name))

    def check(self, card: CardLike) -> CardCheck:
        """Hold a card against what was measured: z-scores of levels, dwell times, w and H_s.

        The card is that of :meth:`card`, or any other.
        """
        return check_card(as_card(card), [one for part in self.each for one in part._measurements])

    @cached_property
    def _measurements(self) -> tuple[Measurement, ...]:
        """What was measured; a loop without a base is fitted a second time for it."""
        return () if self.measured is None else tuple(self.measured(self.fit))

    def _with_remarks(self, card: Card) -> Card:
        """Return a card whose notes say what it misses."""
        said = sentences(self.check(card).remarks)
        return (
            card.replace({"notes": " ".join([card.notes or "", *said]).strip()}) if said else card
        )

    def _onto(self, start: DeviceCard, name: str) -> DeviceCard:
        card = start
        for part in self.each:
            if part.update is not None:
                card = part.update(card, part.fit, part.source)
        before = {key: value for key, value, _ in start.values()}
        changes: dict[str, object] = {
            key: rounded(value, quantity)
            for key, value, quantity in card.values()
            if not value.same_as(before.get(key))
        }
        if not changes:
            raise SmtjError(
                f"{self.source}: nothing that was measured belongs on a card with the physics of a "
                "device; without a base the card holds what was measured"
            )
        kinds = ", ".join(dict.fromkeys(part.kind for part in self.each if part.update is not None))
        rest = f"card {start.name}: {start.title}"
        reference = start.reference
        fitted = "values not fitted to "
        if reference and not reference.startswith(f"{fitted}{self.source}"):
            # A base that was itself fitted keeps its data in the list.
            earlier = reference.removeprefix(fitted)
            link = " are from: " if earlier == reference else ", "
            reference = f"{fitted}{self.source}{link}{earlier}"
        return card.replace(
            {
                **changes,
                "name": name,
                "title": f"fitted to {self.source} ({kinds}), based on card {start.name}",
                "reference": reference,
                "notes": f"Fitted: {', '.join(changes)}. All other values are those of {rest}.",
                "base": start.base or start.name,
            }
        )

    def _behavioural(self, name: str) -> BehaviouralCard:
        entries: dict[str, Value | str] = {}
        kinds = []
        for part in self.each:
            if part.behaviour is not None:
                entries |= part.behaviour(part.fit, part.source)
                kinds.append(part.kind)
        if not entries:
            raise SmtjError(
                f"{self.source}: no card follows, as no levels, dwell times or P(high) of the "
                "device were measured; with --base (base=) it goes onto a card with physics"
            )
        sections: dict[str, dict[str, object]] = {}
        for key, value in entries.items():
            section, _, field_name = key.partition(".")
            sections.setdefault(section, {})[field_name] = value
        data = {
            "name": name,
            "title": f"measured behaviour: {', '.join(dict.fromkeys(kinds))} of {self.source}",
            "reference": f"measured: {self.source}",
            "notes": " ".join(_notes(entries)) or None,
            **sections,
        }
        card = BehaviouralCard.from_mapping(data, name)
        return card.replace(
            {key: rounded(value, quantity) for key, value, quantity in card.values()}
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, with the z-scores of the card if there is one."""
        found = self._own_check
        held = {} if found is None else {"card_check": found.to_dict()}
        return {**self._to_dict(), **held}

    def _to_dict(self) -> dict[str, Any]:
        entries = {
            "kind": self.kind,
            "title": self.title,
            "verdict": self.verdict,
            "estimates": [{"key": key, **e.to_dict()} for key, e in self.items()],
            "remarks": list(self.remarks),
        }
        if self.parts:
            entries["parts"] = [part._to_dict() for part in self.parts]
        return entries

    def to_dataframe(self) -> "pd.DataFrame":
        """Return a row of SI values per estimate, with its key as index."""
        import pandas as pd

        rows = [
            (e.name, e.symbol, e.condition, e.value, e.error, *e.interval, e.unit)
            for e in self.values()
        ]
        columns = ["name", "symbol", "condition", "value", "error", "low", "high", "unit"]
        return pd.DataFrame(rows, index=pd.Index(list(self), name="key"), columns=columns)

    def save(self, folder: str | Path) -> Path:
        """Write ``report.html``, ``report.json``, the pictures, and the card if there is one.

        Returns the path of ``report.html``.
        """
        if not self.has_card:
            return self.write_report(folder)
        card = self.card()
        card.save(Path(folder) / f"{card.name}.toml")
        return self.write_report(folder, card.name)

    def write_report(self, folder: str | Path, card: str = "") -> Path:
        """Write the report alone, which names the ``card``; returns ``report.html``."""
        from smtj.report.figure import FigureResult
        from smtj.report.html import write_report

        folder = Path(folder)
        figures = [
            FigureResult(
                name=f"{number}-{part.kind}",
                title=part.title,
                caption=" ".join((part.picture.caption, *sentences(part.remarks))),
                images=part.draw(folder / f"{number}-{part.kind}"),
                numbers={
                    **part._to_dict(),
                    "table": {"head": list(HEAD), "rows": [e.row() for e in part.estimates]},
                },
            )
            for number, part in enumerate(self.each, start=1)
            if part.picture is not None
        ]
        based = f"Based on card {self.base.name}; values" if self.has_base else "Values"
        about = f"{based} with standard errors and 95 % intervals."
        held = self._own_check
        shown = held is not None and (held.comparisons or held.remarks)
        context = {
            **({"card": card} if card else {}),
            **({"base": self.base.name} if self.has_base else {}),
            "verdict": self.verdict,
            "remarks": list(self.remarks) if self.parts else [],
        }
        title = f"smtj: fit of {self.source}"
        tables = [held.table()] if held is not None and shown else []
        return write_report(folder, title, figures, about=about, context=context, tables=tables)


def combined(parts: list[FitResult], remarks: Iterable[str]) -> FitResult:
    """Return the one part with further remarks, or a result of several parts."""
    if len(parts) == 1:
        return replace(parts[0], remarks=(*parts[0].remarks, *remarks))
    first, verdicts = parts[0], list(dict.fromkeys(part.verdict for part in parts))
    decided: list[Verdict] = [verdict for verdict in verdicts if verdict != "ok"] or ["ok"]
    return FitResult(
        kind="several",
        title=f"{first.source}: {len(parts)} fits",
        source=first.source,
        base=first.base,
        has_base=first.has_base,
        estimates=tuple(
            replace(e, condition=e.condition or part.condition)
            for part in parts
            for e in part.estimates
        ),
        remarks=tuple(remarks),
        verdict=decided[0] if len(decided) == 1 else "several",
        fit=tuple(part.fit for part in parts),
        parts=tuple(parts),
    )


def sentences(remarks: Iterable[str]) -> list[str]:
    """Return remarks with a capital and a full stop."""
    # A symbol such as w(V) keeps its case.
    word = re.compile("[a-z][a-z]|a ")
    return [f"{r[0].upper() if word.match(r) else r[0]}{r[1:]}." for r in remarks]


def identifier(name: str) -> str:
    """Return a name spelt as an identifier, as cards need it."""
    spelt = re.sub(r"[^A-Za-z0-9]", "_", name) or "fitted"
    return f"_{spelt}" if spelt[0].isdigit() else spelt


def rounded(value: Value, quantity: Quantity) -> Value:
    """Return a card's value rounded by its error, or to six digits without one."""
    unit, show = quantity.unit, quantity.show
    number, error = round_to_error(value, value.standard_error, unit, show, CARD_DIGITS)
    if not error or float(number) == 0:
        number = format_quantity(value, unit, show, 6).removesuffix(show).strip()
    read = (parse_quantity(f"{text} {show}".rstrip(), unit) for text in (number, error) if text)
    return Value(next(read), value.provenance, value.source, next(read, value.standard_error))


def _notes(entries: Mapping[str, object]) -> list[str]:
    """Return what the user of a behavioural card should know."""
    notes = ["It holds what was measured of the device, and nothing else."]
    if "loop.offset_field" in entries and "behaviour.dwell_time_high" not in entries:
        notes.append("The laboratory sweeps its loop; a neuron needs traces or P over a drive.")
    if "pulse_response.dwell_time" in entries:
        notes.append("A neuron needs dwell times of both states, or P over a drive.")
    if "voltage_levels.high" in entries or "current_levels.high" in entries:
        notes.append("Its levels are those that were read, at a bias that is unknown.")
    if "behaviour.dwell_time_high" in entries:
        notes.append(
            "The response to a drive was not measured: a neuron takes its input in units of ln "
            "odds, for a drive of any kind."
        )
    return notes
