"""Problems in the formats that users have: Ising, QUBO, dimod, networkx and G-set."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import DataError, SmtjError
from smtj.pbits.expression import Expression, Label
from smtj.pbits.problem import Problem, problem_of

if TYPE_CHECKING:
    import dimod
    import networkx as nx

ProblemLike: TypeAlias = "Problem | Expression | dimod.BinaryQuadraticModel | nx.Graph"
"""A problem, an expression, a dimod model, or a networkx graph with fields and couplings."""


def ising(h: Mapping[Label, float], couplings: Mapping[tuple[Label, Label], float]) -> Problem:
    """Return a problem of fields and couplings by name, E = Σ h s + Σ J s s."""
    labels = list(dict.fromkeys([*h, *(label for pair in couplings for label in pair)]))
    place = {label: i for i, label in enumerate(labels)}
    fields = [float(h.get(label, 0.0)) for label in labels]
    pairs = [[place[i], place[j]] for i, j in couplings]
    return problem_of(labels, fields, pairs, list(couplings.values()))


def qubo(weights: ArrayLike | Mapping[tuple[Label, Label], float]) -> Problem:
    """Return the problem of E = Σ Q_ij x_i x_j of bits x, 0 or 1.

    Parameters
    ----------
    weights
        Q as a matrix, upper triangular, symmetric or neither, since Q_ij and Q_ji add up; or its
        entries by pair of names.
    """
    if isinstance(weights, Mapping):
        labels: list[Label] = list(dict.fromkeys(label for pair in weights for label in pair))
        place = {label: i for i, label in enumerate(labels)}
        where = np.array([[place[i], place[j]] for i, j in weights], np.int64).reshape(-1, 2)
        entries = np.array(list(weights.values()), float)
    else:
        matrix = np.asarray(weights, float)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise SmtjError(f"a QUBO matrix is square; this one has the shape {matrix.shape}")
        labels = list(range(len(matrix)))
        where = np.argwhere(matrix)
        entries = matrix[tuple(where.T)]
    # x_i x_j = (1 + s_i)(1 + s_j)/4 and x_i x_i = (1 + s_i)/2.
    own = where[:, 0] == where[:, 1]
    fields, offset = np.zeros(len(labels)), float(entries[own].sum() / 2 + entries[~own].sum() / 4)
    np.add.at(fields, where[own, 0], entries[own] / 2)
    np.add.at(fields, where[~own].ravel(), np.repeat(entries[~own] / 4, 2))
    return problem_of(labels, fields, where[~own], entries[~own] / 4, offset)


def as_problem(given: ProblemLike) -> Problem:
    """Return a problem of what dimod, networkx or :mod:`smtj.pbits` describe it by.

    Parameters
    ----------
    given
        A problem; an expression; a ``dimod.BinaryQuadraticModel`` of spins or bits; or a
        ``networkx.Graph`` whose edges have ``weight`` or ``J`` (by default 1) and whose nodes may
        have ``h``.

    Raises
    ------
    SmtjError
        It is none of these.
    """
    if isinstance(given, Problem):
        return given
    if isinstance(given, Expression):
        return Problem.of_expression(given)
    other: Any = given
    if hasattr(other, "to_ising"):
        h, couplings, offset = other.to_ising()
        labels = list(other.variables)
        place = {label: i for i, label in enumerate(labels)}
        pairs = [[place[i], place[j]] for i, j in couplings]
        return problem_of(labels, [h[i] for i in labels], pairs, list(couplings.values()), offset)
    if hasattr(other, "edges") and hasattr(other, "nodes"):
        labels = list(other.nodes)
        place = {label: i for i, label in enumerate(labels)}
        edges = list(other.edges(data=True))
        pairs = [[place[i], place[j]] for i, j, _ in edges]
        strengths = [_weight(data) for _, _, data in edges]
        return problem_of(labels, [other.nodes[i].get("h", 0.0) for i in labels], pairs, strengths)
    raise SmtjError(
        f"{type(given).__name__} is no problem; give a Problem, an Expression, a dimod model or a "
        "networkx graph, or use ising() or qubo()"
    )


def max_cut(graph: "nx.Graph | str | Path | Iterable[tuple[Label, Label, float]]") -> Problem:
    """Return the problem whose energy is minus the weight of the edges that a partition cuts.

    Parameters
    ----------
    graph
        A networkx graph with an optional ``weight``, the path of a G-set file, or edges
        (i, j, weight).
    """
    if isinstance(graph, str | Path):
        labels, edges = _read_gset(Path(graph))
    elif hasattr(graph, "edges"):
        known: Any = graph
        labels = list(known.nodes)
        edges = [(i, j, _weight(data)) for i, j, data in known.edges(data=True)]
    else:
        edges = [(i, j, float(weight)) for i, j, weight in graph]
        labels = list(dict.fromkeys(label for i, j, _ in edges for label in (i, j)))
    place = {label: i for i, label in enumerate(labels)}
    weights = np.array([weight for *_, weight in edges], float)
    pairs = [[place[i], place[j]] for i, j, _ in edges]
    # A cut edge counts (1 - s_i s_j)/2.
    return problem_of(labels, np.zeros(len(labels)), pairs, weights / 2, -weights.sum() / 2)


def _weight(data: Mapping[str, Any]) -> float:
    return float(data.get("weight", data.get("J", 1.0)))


def _read_gset(path: Path) -> tuple[list[Label], list[tuple[Label, Label, float]]]:
    """Read ``vertices edges``, then ``i j weight`` a line; vertices count from 1."""
    try:
        rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; expected a G-set file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a G-set file: {error}") from None
    rows = [row for row in rows if row]
    try:
        vertices, count = map(int, rows[0])
        weighted = (row if row[2:] else [*row, "1"] for row in rows[1:])
        edges: list[tuple[Label, Label, float]] = [
            (int(i), int(j), float(w)) for i, j, w in weighted
        ]
    except (IndexError, ValueError):
        raise DataError(
            f"{path} is no G-set file: its first line must be the numbers of vertices and edges, "
            "each other one i j weight"
        ) from None
    ends = [int(str(end)) for i, j, _ in edges for end in (i, j)]
    if len(edges) != count or (ends and not 1 <= min(ends) <= max(ends) <= vertices):
        raise DataError(
            f"{path} has {len(edges)} edges between vertices {min(ends, default=0)} and "
            f"{max(ends, default=0)}; its first line says {count} edges of {vertices} vertices"
        )
    return list(range(1, vertices + 1)), edges
