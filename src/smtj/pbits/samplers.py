"""Machines that sample: ideal p-bits, a card's junctions in continuous time, and clocked ones.

A sweep gives every p-bit once the time to forget its state: one update of the ideal machine, one
relaxation time of the nominal junction in continuous time, one read of every junction by a clock.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.card import Card, CardLike, as_card
from smtj.errors import SmtjError
from smtj.pbits.formats import ProblemLike, as_problem
from smtj.pbits.junctions import Chip, Response, response, sample_chip
from smtj.pbits.problem import Problem, Spins
from smtj.pbits.samples import Samples
from smtj.pbits.threads import in_threads
from smtj.typing import Floats

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (done, total)."""
Knob: TypeAlias = Literal["scale", "temperature", "voltage"]
"""What a schedule turns: the scale of the couplings, T in K, or the bias voltage in V."""
GROUPS = 20
"""Parts of the work between which progress is reported."""
MAX_VALUES = 2**31
"""Most spins of all records: 2 GB."""


@dataclass(frozen=True)
class Sampler:
    """What samples a problem; :class:`Ideal`, :class:`Junctions` and :class:`Clocked` do."""

    def sample(
        self,
        problem: ProblemLike,
        sweeps: int = 1000,
        *,
        chains: int = 64,
        beta: ArrayLike = 1.0,
        records: int = 100,
        seed: int = 0,
        start: Spins | None = None,
        progress: Progress | None = None,
    ) -> Samples:
        """Sample the states of many independent runs.

        Parameters
        ----------
        problem
            What is sampled; see :func:`smtj.pbits.as_problem`.
        sweeps
            Length of a run.
        chains
            Runs side by side.
        beta
            β of P ~ exp(-β E): a number, one per sweep, as :func:`smtj.pbits.anneal` makes, or
            shape (sweeps or 1, chains).
        records
            States to keep of each run, uniformly over its sweeps, the last at its end.
        seed
            Determines the runs, whatever the number of threads; a run does not depend on the number
            of others.
        start
            Initial states ±1, shape (chains, spins); by default random.
        progress
            Called with (done, total).

        Raises
        ------
        SmtjError
            A number is out of range, or shapes do not fit.
        """
        known = as_problem(problem)
        if not (sweeps >= 1 and chains >= 1 and 1 <= records <= sweeps and seed >= 0):
            raise SmtjError(
                f"sweeps = {sweeps}, chains = {chains}, records = {records} and seed = {seed}; "
                "give 1 sweep and chain or more, 1 record up to one a sweep, and a seed from 0"
            )
        if records * chains * known.size > MAX_VALUES:
            raise SmtjError(
                f"{records} records of {chains} runs of {known.size} spins are more than memory "
                "should hold; ask for fewer records"
            )
        if start is not None and np.shape(start) != (chains, known.size):
            raise SmtjError(
                f"start has the shape {np.shape(start)}; it must be ({chains}, {known.size})"
            )
        scale = _betas(beta, sweeps, chains)
        key = np.random.SeedSequence(seed).generate_state(2, np.uint32).astype(np.uint32)
        return self._sample(known, scale, records, key, seed, start, progress)

    def effective_beta(self, values: ArrayLike) -> Floats:
        """Return β at values of what a schedule turns."""
        return np.asarray(values, float)

    @abstractmethod
    def _sample(
        self,
        problem: Problem,
        betas: Floats,
        records: int,
        key: NDArray[np.uint32],
        seed: int,
        start: Spins | None,
        progress: Progress | None,
    ) -> Samples:
        """Sample with β of shape (sweeps, chains)."""


@dataclass(frozen=True)
class Ideal(Sampler):
    """Ideal p-bits: the heat bath, colour by colour, many chains side by side.

    Probabilities are multiples of 2^-24 and weights in single precision.

    Examples
    --------
    >>> from smtj import pbits
    >>> gate = pbits.and_gate("a", "b", "both")
    >>> samples = pbits.Ideal().sample(gate, 1000, beta=2.0, seed=1)
    >>> samples.distance() < 0.02
    True
    """

    def _sample(
        self,
        problem: Problem,
        betas: Floats,
        records: int,
        key: NDArray[np.uint32],
        seed: int,
        start: Spins | None,
        progress: Progress | None,
    ) -> Samples:
        from smtj.pbits import ideal_kernels

        lanes = ideal_kernels.LANES
        sweeps, chains = betas.shape
        blocks = -(-chains // lanes)
        order = np.argsort(problem.colours, kind="stable")
        graph = arrays_of(problem, order, np.float32, np.int32)
        spins = np.empty((blocks, problem.size, lanes), np.float32)
        state = np.empty((blocks, 4, lanes), np.uint32)
        ideal_kernels.begin(spins, state, *key)
        if start is not None:
            by_chain = spins.transpose(0, 2, 1).reshape(-1, problem.size)
            by_chain[:chains] = start[:, order]
            spins = np.ascontiguousarray(
                by_chain.reshape(blocks, lanes, problem.size).transpose(0, 2, 1)
            )
        scale = np.zeros((sweeps, blocks * lanes), np.float32)
        scale[:, :chains] = betas
        ends = record_ends(sweeps, records)
        out = np.empty((records, chains, problem.size), np.int8)
        done = 0
        for record, end in enumerate(ends):
            ideal_kernels.sweep(graph, scale[done:end], spins, state)
            rows = spins.transpose(0, 2, 1).reshape(-1, problem.size)[:chains]
            out[record][:, order] = rows
            done = int(end)
            if progress is not None:
                progress(done, sweeps)
        return Samples(problem, out, ends.astype(float), betas[ends - 1])


@dataclass(frozen=True)
class Machine(Sampler):
    """What every machine of a card's junctions has.

    The electronics turn the weighted sum of the outputs into the drive at which the nominal
    junction, as calibrated, has the right log-odds; the junctions answer as the card says, each
    with its own slope, offset and barrier.
    """

    card: CardLike = "cai2019"
    """The device: a card, the name of a shipped one, or a path."""
    voltage: float | None = None
    """Bias in V at which the machine is calibrated; by default the card's."""
    temperature: float | None = None
    """T in K at which it is calibrated; by default the card's."""
    spread: float = 1.0
    """Multiplies the card's spreads; 0 for junctions that are alike."""
    coupling_bits: int | None = None
    """Bits of fields and couplings with their sign; None for real numbers."""
    chip_seed: int = 0
    """Determines the junctions."""
    knob: Knob = "scale"
    """What the schedule turns.  The weights stay at β = 1 where it is not the scale."""

    @property
    def device(self) -> Card:
        """The card."""
        return as_card(self.card)

    @cached_property
    def response(self) -> Response:
        """The response of the nominal junction where the machine was calibrated."""
        return response(self.device, self.voltage, self.temperature)

    def chip(self, size: int, machines: int, seed: int = 0) -> Chip:
        """Return the junctions, and the noise in the field of each run."""
        point = self.device.under_bias(self.voltage, self.temperature)
        return sample_chip(
            self.device,
            size,
            machines,
            float(point.slope),
            spread=self.spread,
            chip_seed=self.chip_seed,
            seed=seed,
        )

    def effective(self, problem: Problem) -> Problem:
        """Return the problem with the couplings that the machine can set."""
        return problem if self.coupling_bits is None else quantised(problem, self.coupling_bits)

    def effective_beta(self, values: ArrayLike) -> Floats:
        """Return β at values of the knob: the slope of the log-odds against the input at 0."""
        given = np.asarray(values, float)
        if self.knob == "scale":
            return given
        tables, which, _ = self.tables(given.reshape(-1, 1))
        x = self.response.inputs
        near = np.flatnonzero(np.abs(x) < 1.0)[[0, -1]]
        slopes = np.ptp(tables[:, 1][:, near], axis=1) / np.ptp(x[near])
        return np.asarray(slopes[which[:, 0]].reshape(given.shape))

    def tables(self, betas: Floats) -> tuple[Floats, NDArray[np.int32], Floats]:
        """Tables of the dwell times, which of them each step uses, and β of the couplings."""
        if self.knob == "scale":
            one = np.stack([self.response.mean, self.response.odds])[None]
            return one, np.zeros(betas.shape, np.int32), betas
        values, which = np.unique(betas, return_inverse=True)
        name = f"at_{self.knob}"
        tables = []
        for value in values:
            here: dict[str, Any] = {name: float(value)}
            found = response(self.device, self.voltage, self.temperature, **here)
            tables.append(np.stack([found.mean, found.odds]))
        return np.stack(tables), which.reshape(betas.shape).astype(np.int32), np.ones_like(betas)

    def _start(self, key: NDArray[np.uint32], shape: tuple[int, int], start: Any) -> Floats:
        if start is not None:
            return np.ascontiguousarray(start, np.float64)
        words = key.tolist()
        streams = (np.random.default_rng([*words, chain]) for chain in range(shape[0]))
        return np.array([2.0 * one.integers(0, 2, shape[1]) - 1.0 for one in streams])

    def _grid(self) -> tuple[float, float, float, float, float]:
        own = self.response
        spacing = float(own.inputs[1] - own.inputs[0])
        return (float(own.inputs[0]), spacing, *own.limits, own.log_attempt_time)


@dataclass(frozen=True)
class Junctions(Machine):
    """A card's junctions in continuous time, which see each other's outputs after a delay.

    Without delay, and with equal slopes, they sample Boltzmann whatever their dwell times.

    Examples
    --------
    >>> from smtj import pbits
    >>> gate = pbits.and_gate("a", "b", "both")
    >>> samples = pbits.Junctions("cai2019", spread=0).sample(gate, 1000, beta=2.0, seed=1)
    >>> samples.distance() < 0.02
    True
    """

    delay: float = 0.0
    """Time in s from a flip to its effect on other junctions."""
    update_interval: float = 0.0
    """Time in s between updates of the inputs; 0 for inputs that follow at once."""

    def _sample(
        self,
        problem: Problem,
        betas: Floats,
        records: int,
        key: NDArray[np.uint32],
        seed: int,
        start: Spins | None,
        progress: Progress | None,
    ) -> Samples:
        from smtj.pbits import device_kernels

        if not (0 <= self.delay < np.inf and 0 <= self.update_interval < np.inf):
            raise SmtjError(
                f"delay is {self.delay:g} s and update_interval {self.update_interval:g} s; they "
                "must be 0 s or more"
            )
        sweeps, chains = betas.shape
        unit = self.response.relaxation_time
        tables, which, scale = self.tables(betas)
        timing = (1.0, sweeps / records, self.delay / unit, self.update_interval / unit)
        graph = arrays_of(self.effective(problem), None, np.float64, np.int64)
        chip = self.chip(problem.size, chains, seed)
        spins = self._start(key, (chains, problem.size), start)
        out = np.empty((chains, records, problem.size), np.int8)
        flips = np.empty(chains, np.int64)

        def run(first: int, last: int) -> None:
            part = slice(first, last)
            device_kernels.run_machines(
                graph,
                (chip.gains[part], chip.shifts[part], chip.barriers[part]),
                tables,
                self._grid(),
                timing,
                np.ascontiguousarray(scale[:, part]),
                np.ascontiguousarray(which[:, part]),
                spins[part],
                key,
                first,
                out[part],
                flips[part],
            )

        _in_groups(run, chains, progress)
        ends = sweeps / records * np.arange(1, records + 1)
        last = np.ceil(ends - 1e-9).astype(int) - 1
        states = np.ascontiguousarray(out.transpose(1, 0, 2))
        scales = self.effective_beta(betas[last])
        return Samples(problem, states, ends, scales, unit, flips, "continuous")


@dataclass(frozen=True)
class Clocked(Machine):
    """A card's junctions that a digital controller sets and reads at the ticks of a clock."""

    interval: float | None = None
    """Time in s from a setting of the inputs to the read; by default three relaxation times."""
    order: Literal["together", "colours"] = "together"
    """All junctions at once, or those of one colour after another while the rest are latched."""
    read_error: float = 0.0
    """Probability that a read is wrong."""

    def _sample(
        self,
        problem: Problem,
        betas: Floats,
        records: int,
        key: NDArray[np.uint32],
        seed: int,
        start: Spins | None,
        progress: Progress | None,
    ) -> Samples:
        from smtj.pbits import device_kernels

        unit = self.response.relaxation_time
        interval = 3 * unit if self.interval is None else self.interval
        if not (0 < interval < np.inf and 0 <= self.read_error < 0.5):
            raise SmtjError(
                f"interval is {interval:g} s and read_error {self.read_error:g}; give a time above "
                "0 s and an error from 0 to 0.5"
            )
        sweeps, chains = betas.shape
        tables, which, scale = self.tables(betas)
        graph = arrays_of(self.effective(problem), None, np.float64, np.int64)
        chip = self.chip(problem.size, chains, seed)
        colours = problem.colours if self.order == "colours" else np.zeros(problem.size, np.int64)
        groups = int(colours.max(initial=0)) + 1
        starts = np.searchsorted(np.sort(colours), np.arange(groups + 1)).astype(np.int64)
        members = np.argsort(colours, kind="stable").astype(np.int64)
        spins = self._start(key, (chains, problem.size), start)
        out = np.empty((chains, records, problem.size), np.int8)
        flips = np.empty(chains, np.int64)

        def run(first: int, last: int) -> None:
            part = slice(first, last)
            device_kernels.run_clocked(
                graph,
                (chip.gains[part], chip.shifts[part], chip.barriers[part]),
                tables,
                self._grid(),
                (interval / unit, self.read_error),
                np.ascontiguousarray(scale[:, part]),
                np.ascontiguousarray(which[:, part]),
                (members, starts),
                spins[part],
                key,
                first,
                out[part],
                flips[part],
            )

        _in_groups(run, chains, progress)
        ends = record_ends(sweeps, records)
        states = np.ascontiguousarray(out.transpose(1, 0, 2))
        scales, time = self.effective_beta(betas[ends - 1]), groups * interval
        return Samples(problem, states, ends.astype(float), scales, time, flips, "clocked")


def anneal(sweeps: int, first: float, last: float, shape: str = "geometric") -> Floats:
    """Return a schedule of β, or of another knob, one value a sweep.

    Parameters
    ----------
    sweeps
        Its length.
    first, last
        Its ends, both above 0 for a geometric one.
    shape
        ``"geometric"`` or ``"linear"``.
    """
    if shape == "linear":
        return np.linspace(first, last, sweeps)
    if shape != "geometric" or not (first > 0 and last > 0):
        raise SmtjError(
            f"the schedule {shape} from {first:g} to {last:g} does not exist; choose geometric, "
            "between numbers above 0, or linear"
        )
    return np.geomspace(first, last, sweeps)


def record_ends(sweeps: int, records: int) -> NDArray[np.int64]:
    """Return after how many sweeps each record is taken: uniformly, the last at the end."""
    return -(-np.arange(1, records + 1) * sweeps // records)


def quantised(problem: Problem, bits: int) -> Problem:
    """Return a problem whose numbers are multiples of their largest over 2^(bits - 1) - 1.

    Fields and couplings have a common unit, so that the largest of all sets the scale.
    """
    from dataclasses import replace

    if bits < 2:
        raise SmtjError(f"coupling_bits is {bits}; a number with a sign takes 2 or more")
    higher = [c for _, c in problem.higher]
    largest = max(map(abs, [*problem.fields, *problem.couplings, *higher]), default=0.0)
    if largest == 0:
        return problem
    unit = largest / (2 ** (bits - 1) - 1)

    def rounded(values: Any) -> Any:
        return unit * np.rint(np.asarray(values, float) / unit)

    return replace(
        problem,
        fields=rounded(problem.fields),
        couplings=rounded(problem.couplings),
        higher=tuple((spins, float(rounded(c))) for spins, c in problem.higher),
    )


def arrays_of(problem: Problem, order: Any, real: Any, whole: Any) -> Any:
    """Return the arrays of a problem as the kernels take them, twice the energies.

    ``order`` sorts the spins; the numbers of neighbours are then places in that order.
    """
    n = problem.size
    at = np.arange(n) if order is None else np.asarray(order)
    place = np.empty(n, np.int64)
    place[at] = np.arange(n)
    matrix = problem.matrix[at][:, at].tocsr()
    terms: list[list[tuple[float, list[int]]]] = [[] for _ in range(n)]
    for spins, coefficient in problem.higher:
        for i in spins:
            others = [int(place[j]) for j in spins if j != i]
            terms[place[i]].append((2 * coefficient, others))
    flat = [term for own in terms for term in own]
    products = (
        np.cumsum([0, *map(len, terms)]).astype(whole),
        np.array([c for c, _ in flat], real),
        np.cumsum([0, *(len(others) for _, others in flat)]).astype(whole),
        np.array([j for _, others in flat for j in others], whole),
    )
    return (
        (2 * problem.fields[at]).astype(real),
        matrix.indptr.astype(whole),
        matrix.indices.astype(whole),
        (2 * matrix.data).astype(real),
        products,
    )


def _in_groups(run: Callable[[int, int], None], chains: int, progress: Progress | None) -> None:
    """Run chains side by side, in groups if progress is to be told."""
    groups = min(GROUPS, chains) if progress is not None else 1
    ends = [chains * k // groups for k in range(groups + 1)]
    for first, last in pairwise(ends):
        in_threads(run, first, last)
        if progress is not None:
            progress(last, chains)


def _betas(beta: ArrayLike, sweeps: int, chains: int) -> Floats:
    given = np.asarray(beta, float)
    if given.ndim == 1:
        given = given[:, None]
    try:
        scale = np.ascontiguousarray(np.broadcast_to(given, (sweeps, chains)))
    except ValueError:
        raise SmtjError(
            f"beta has the shape {np.shape(beta)}; give a number, one a sweep ({sweeps},), or "
            f"({sweeps} or 1, {chains})"
        ) from None
    if not np.isfinite(scale).all():
        raise SmtjError("beta must be finite numbers")
    return scale
