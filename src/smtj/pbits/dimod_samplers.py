"""Every machine as a ``dimod.Sampler``, for programs of that world; needs ``smtj[pbits]``."""

from typing import Any

import dimod

from smtj.pbits.formats import as_problem
from smtj.pbits.samplers import Clocked, Ideal, Junctions, Sampler, anneal


class DimodSampler(dimod.Sampler):  # type: ignore[misc]  # dimod may be absent
    """A machine that anneals the models of dimod; arguments of a call as in dimod.

    ``IdealSampler().sample(model, num_reads=10).first.energy`` is the least energy that ten runs
    found.
    """

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments that :meth:`sample` takes."""
        return {name: [] for name in ("num_reads", "num_sweeps", "beta_range", "seed")}

    @property
    def properties(self) -> dict[str, Any]:
        """The machine."""
        return {"machine": repr(self.sampler)}

    def sample(
        self,
        bqm: "dimod.BinaryQuadraticModel",
        *,
        num_reads: int = 10,
        num_sweeps: int = 1000,
        beta_range: tuple[float, float] | None = None,
        seed: int = 0,
        **parameters: Any,
    ) -> "dimod.SampleSet":
        """Return the last state of each of several annealed runs.

        Parameters
        ----------
        bqm
            The model, of spins or bits.
        num_reads, num_sweeps, seed
            Runs, their length, and their seed.
        beta_range
            First and last β; by default those at which the largest possible input of a spin is ln 2
            and the smallest nonzero one ln 100.
        parameters
            Others are ignored with a warning, as dimod asks.
        """
        self.remove_unknown_kwargs(**parameters)
        problem = as_problem(bqm)
        first, last = beta_range or problem.beta_range()
        schedule = anneal(num_sweeps, first, last)
        run = self.sampler.sample
        found = run(problem, num_sweeps, chains=num_reads, beta=schedule, records=1, seed=seed)
        return found.to_dimod().change_vartype(bqm.vartype, inplace=False)


class IdealSampler(DimodSampler):
    """:class:`smtj.pbits.Ideal` for dimod."""

    def __init__(self) -> None:
        super().__init__(Ideal())


class JunctionSampler(DimodSampler):
    """:class:`smtj.pbits.Junctions` for dimod; takes its arguments."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(Junctions(*arguments, **settings))


class ClockedSampler(DimodSampler):
    """:class:`smtj.pbits.Clocked` for dimod; takes its arguments."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(Clocked(*arguments, **settings))
