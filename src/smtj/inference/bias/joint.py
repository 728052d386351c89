"""One fit of all that a bias does to the dwell times; each cause is freed where the data show it.

A law gives ln τ of both states from parameters.  Whether one is freed is decided before the fit,
from its covariance with all others at the start of the search: the data must determine what it does
to ln τ, where it does most, to :data:`MAX_EFFECT`.  Its value plays no part in that, so an
interval keeps its coverage where a parameter is 0.

τ0 is given where one field and one temperature tell it from the barrier by second-order effects of
the bias alone: there it stays, and its error is that of all that follows from it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from smtj.errors import SmtjError
from smtj.inference.bias.observed import Observed
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.distributions import ChiSquared
from smtj.inference.stats.least_squares import Minimum, excess_scatter, minimise
from smtj.measurement.format.messages import listed
from smtj.typing import Floats

FIT = "the joint fit of dwell times against bias"
MAX_EFFECT = 0.5
"""Standard error, in ln τ where a parameter changes it most, up to which it is freed."""
ALIKE = 0.9
"""Correlation from which two causes count as not told apart."""
SEEN = 3.0
"""Standard errors from 0 of a normal distribution at which a cause is called seen."""
WORSE = 9.0
"""χ² by which a form of a law fits worse than another when the data refute it."""
MAX_EVALUATIONS = 3000
ROUNDS = 12
"""Rounds in which corrections of the law, or errors from scatter, settle."""
SETTLED = 0.01
"""Relative change of errors from scatter at which they have."""
PART = 0.2
"""Of the error of what is given, at which a law is evaluated anew for what follows."""
STEP = 1e-4
"""Of finite differences, in steps of a parameter."""
_SINGULAR = 1e-9
_NO_EFFECT = 1e-3


@dataclass(frozen=True)
class Parameter:
    """A number of a law."""

    name: str
    called: str
    """In messages, e.g. ``"the spin torque"``."""
    start: float
    own: float
    """Its value where it is not freed."""
    step: float
    """A change that matters, for finite differences; above 0."""
    known: float | None = None
    """Its standard error beforehand, about ``own``."""
    given: bool = False
    """Whether the data leave a known one where it is and its error only adds to the others'."""
    cause: bool = False
    """Whether it is something that the bias does, absent if it is 0."""


class Law(Protocol):
    """ln τ of both states from parameters."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All of them, in a fixed order."""

    @property
    def rivals(self) -> "Sequence[Law]":
        """Laws with the same parameters that the device may follow as well."""

    def log_times(self, values: Mapping[str, float]) -> Floats:
        """Return ln(τ/s) of the high and the low state, shape (n, 2)."""

    def refreshed(self, values: Mapping[str, float], tolerance: float) -> "Law":
        """Return a law whose corrections hold at these values; itself if they do."""


@dataclass(frozen=True, eq=False)
class JointFit(ChiSquared):
    """A law fitted to dwell times or counts."""

    law: Law
    values: Mapping[str, float]
    """All parameters."""
    freed: tuple[str, ...]
    held: Mapping[str, str]
    """Why the others are not freed, by name."""
    alike: Mapping[str, str]
    """Of those, the ones that another stands for, by name."""
    covariance: Floats
    """Of the freed ones, in their order, widened by excess scatter."""
    alone: Mapping[str, float]
    """Standard errors of the freed ones as far as they leave open whether a cause acts: a torque is
    seen whatever the attempt time, though its size depends on it, but what VCMA does to ln τ in a
    field depends on it too."""
    quantile: float
    """Half-width of a 95 % interval in standard errors."""
    fitted: Floats
    """ln(τ/s), shape (n, 2)."""
    chi_squared: float
    degrees_of_freedom: int
    effects: Mapping[str, float]
    """Largest change of ln τ by one unit of each parameter."""
    remarks: tuple[str, ...]
    scatter: float | None
    """Standard deviation of ln τ about the fit, where the data state no errors."""
    rivals: "tuple[JointFit, ...]" = ()
    """Fits by other forms of the law that the data do not refute."""

    def error(self, name: str) -> float:
        """Return the standard error of a parameter; 0 where it is not freed."""
        if name not in self.freed:
            return 0.0
        place = self.freed.index(name)
        return math.sqrt(self.covariance[place, place])

    def seen(self, name: str) -> bool:
        """Whether a cause differs from 0 by more than its error, in every form that fits."""
        return all(fit.differs(name) for fit in (self, *self.rivals))

    def possible(self, name: str) -> bool:
        """Whether a cause differs from 0 in one form that fits, and not in another."""
        return any(fit.differs(name) for fit in (self, *self.rivals)) and not self.seen(name)

    def differs(self, name: str) -> bool:
        """Whether a freed cause differs from 0 by more than its error allows, in this form."""
        from scipy.special import ndtr, stdtrit

        if name not in self.alone:
            return False
        freedom = math.inf if self.scatter is None else self.degrees_of_freedom
        most = float(stdtrit(freedom, float(ndtr(SEEN))))
        return abs(self.values[name]) > most * self.alone[name]

    def verdict(self) -> str:
        """Which causes are seen, which are not, and which the data do not tell, in a sentence."""
        causes = [p for p in self.law.parameters if p.cause]
        called = {p.name: p.called for p in causes}
        seen = [
            called[p.name] + self._or_alike(p.name, called) for p in causes if self.seen(p.name)
        ]
        open_ = [p.called for p in causes if self.possible(p.name)]
        if seen:
            said = [f"the data show {listed(seen)}"]
            said += [f"they do not tell whether {listed(open_)} acts too"] if open_ else []
        elif open_:
            said = [f"the data show {listed(open_, 'or')}, which they do not tell apart"]
        else:
            said = ["the data show no effect of the bias"]
        for p in causes:
            if p.name in self.freed and not self.seen(p.name) and not self.possible(p.name):
                most = abs(self.values[p.name]) + self.quantile * self.error(p.name)
                said.append(
                    f"{p.called} is not seen: it changes no ln τ by more than "
                    f"{most * self.effects[p.name]:.2g}"
                )
        said += [f"{p.called} is not fitted" for p in causes if p.name in self.held]
        return "; ".join(said)

    def _or_alike(self, name: str, called: Mapping[str, str]) -> str:
        """Return the causes that are held because this one stands for them too."""
        others = [called[held] for held, other in self.alike.items() if other == name]
        return "".join(f" or {other}" for other in others)

    def reasons(self) -> tuple[str, ...]:
        """Why parameters are not freed, a sentence each."""
        named = {p.name: p.called for p in self.law.parameters}
        return tuple(f"{named[name]} is not freed: {why}" for name, why in self.held.items())


@guarded(FIT)
def fit_jointly(observed: Observed, law: Law) -> JointFit:
    """Fit a law, with every parameter freed that the data determine.

    Parameters
    ----------
    observed
        Dwell times or counts under n conditions.
    law
        Of the same conditions.

    Returns
    -------
    JointFit
        Its intervals are those of the normal approximation, with Student's quantile where errors
        follow from scatter.

    Raises
    ------
    SmtjError
        The data determine nothing, or no minimum is found.
    """
    own = _fitted(observed, law)
    # A single cause has one form, but what a form makes of a second may be its own.
    if sum(own.differs(p.name) for p in law.parameters if p.cause) < 2:
        return own
    fits = [own]
    for rival in own.law.rivals:
        try:
            fits.append(_fitted(observed, rival, own.values))
        except SmtjError:
            # A form without a minimum explains nothing.
            continue
    best = min(fits, key=_misfit)
    fitting = [fit for fit in fits if _misfit(fit) - _misfit(best) <= WORSE * _unit(best)]
    chosen = own if own in fitting else best
    return replace(chosen, rivals=tuple(fit for fit in fitting if fit is not chosen))


def _misfit(fit: JointFit) -> float:
    """Return the sum of squares in the units of the data, which all forms share."""
    return fit.chi_squared * (1.0 if fit.scatter is None else fit.scatter**2)


def _unit(fit: JointFit) -> float:
    """Return the square of one standard error in these units, of the scatter if that is larger."""
    mean = _misfit(fit) / max(fit.degrees_of_freedom, 1)
    return mean if fit.scatter is not None else max(mean, 1.0)


def _fitted(observed: Observed, law: Law, near: Mapping[str, float] | None = None) -> JointFit:
    """Fit one form of a law; ``near`` are values from which to search, after another form's fit."""
    from scipy.special import stdtrit

    values = {p.name: p.start for p in law.parameters}
    free, held, alike = _identified(observed, law, values)
    if near is not None:
        values.update({p.name: near[p.name] for p in free if not p.given})
    given = tuple(p for p in free if p.given)
    free = tuple(p for p in free if not p.given)
    prior = sum(p.known is not None for p in free)
    freedom = observed.size - len(free) + prior
    if freedom < (0 if observed.stated else 1):
        raise SmtjError(
            f"{FIT} has {observed.size} numbers for {len(free) - prior} parameters; measure at "
            "more voltages or currents"
        )
    scatter = 1.0
    for _ in range(ROUNDS):
        weighed = observed if observed.stated else observed.widened(scatter)
        found, values = _minimum(weighed, law, free, values)
        tolerance = _tolerance(weighed, law, values)
        following = law.refreshed(values, tolerance)
        factor = 1.0
        if not observed.stated:
            factor = max(math.sqrt(found.chi_squared / freedom), 1e-9 / scatter)
            scatter *= factor
        if following is law and abs(factor - 1) < SETTLED:
            break
        law = following
    names = tuple(p.name for p in (*free, *given))
    exact = replace(found, degrees_of_freedom=freedom)
    excess = excess_scatter(exact, "the data", "the law") if observed.stated else None
    wider = 1.0 if excess is None else excess.factor
    fitted = law.log_times(values)
    covariance, turned = _with_given(weighed, law, values, free, given, wider * found.covariance)
    return JointFit(
        law=law,
        values=values,
        freed=names,
        held=held,
        alike=alike,
        covariance=covariance,
        alone={
            p.name: math.sqrt(wider * found.covariance[k, k] + turned[k])
            for k, p in enumerate(free)
        },
        quantile=float(stdtrit(math.inf if observed.stated else freedom, 0.975)),
        fitted=fitted,
        chi_squared=found.chi_squared,
        degrees_of_freedom=freedom,
        effects={p.name: _effect(law, values, p) for p in law.parameters},
        remarks=() if excess is None else excess.remarks,
        scatter=None if observed.stated else scatter,
    )


def _with_given(
    observed: Observed,
    law: Law,
    values: Mapping[str, float],
    free: tuple[Parameter, ...],
    given: tuple[Parameter, ...],
    covariance: Floats,
) -> tuple[Floats, Floats]:
    """Return the covariance of free and given parameters; free ones follow the error of these.

    Also returns the part of their variances by which what they do to ln τ changes, not their size
    alone.
    """
    scale = np.array([_scale(law, values, p) for p in free])
    jacobian = np.stack([_slope(observed, law, values, p) for p in free], axis=1) / scale
    pull = np.zeros((len(free) + len(given), len(given)))
    effect, turned = 1 / scale, np.zeros(len(free))
    for column, p in enumerate(given):
        moved = _slope(observed, law, values, p) / _scale(law, values, p)
        follow = np.linalg.lstsq(jacobian * scale, -moved, rcond=None)[0] * scale
        # Another barrier may make another torque of the same effect, which a law shows anew.
        size = PART * (p.known or 0.0)
        steps = {q.name: values[q.name] + f * size for q, f in zip(free, follow, strict=True)}
        shifted = {**values, **steps, p.name: values[p.name] + size}
        there = law.refreshed(shifted, 0.0)
        if there is not law:
            ends = [
                observed.residuals(each.log_times(at))
                for each, at in ((law, values), (there, shifted))
            ]
            left = (ends[1] - ends[0]) / size
            follow = follow - np.linalg.lstsq(jacobian * scale, left, rcond=None)[0] * scale
        for k, (q, f) in enumerate(zip(free, follow, strict=True)):
            after = (values[q.name] + f * size) * _effect(there, shifted, q)
            turned[k] += ((after / effect[k] - values[q.name]) / PART) ** 2
        pull[: len(free), column] = follow * (p.known or 0.0)
        pull[len(free) + column, column] = p.known or 0.0
    whole = pull @ pull.T
    whole[: len(free), : len(free)] += covariance
    return np.asarray(whole), turned


def _minimum(
    observed: Observed, law: Law, free: tuple[Parameter, ...], values: Mapping[str, float]
) -> tuple[Minimum, dict[str, float]]:
    """Return the minimum, its covariance in SI, and all values there."""
    scale = np.array([_scale(law, values, p) for p in free])

    def at(p: Mapping[str, float]) -> dict[str, float]:
        # From 1 on, as the search steps by fractions of its coordinates.
        steps = zip(free, scale, strict=True)
        return {**values, **{q.name: values[q.name] + (p[q.name] - 1) * s for q, s in steps}}

    def residuals(p: Mapping[str, float]) -> Floats:
        there = at(p)
        try:
            found = observed.residuals(law.log_times(there))
        except SmtjError:
            found = np.full(observed.size, np.nan)
        known = [(there[q.name] - q.own) / q.known for q in free if q.known]
        return np.append(found, known)

    found = minimise(residuals, {q.name: 1.0 for q in free}, FIT, MAX_EVALUATIONS)
    covariance = found.covariance * np.outer(scale, scale)
    return replace(found, covariance=covariance), at(found.values)


def _identified(
    observed: Observed, law: Law, values: Mapping[str, float]
) -> tuple[tuple[Parameter, ...], dict[str, str], dict[str, str]]:
    """Return the parameters to free, why not the others, and what stands for these."""
    held: dict[str, str] = {}
    alike: dict[str, str] = {}
    free = []
    for p in law.parameters:
        if _effect(law, values, p) * p.step < _NO_EFFECT:
            held[p.name] = "nothing that was measured depends on it"
        else:
            free.append(p)
    # What is known beforehand is given here: a common factor of all barriers hides no cause.
    judged = [p for p in free if p.known is None]
    while judged:
        jacobian = np.stack([_slope(observed, law, values, p) for p in judged], axis=1)
        covariance = _covariance(jacobian)
        errors = np.sqrt(np.diag(covariance))
        if not observed.stated:
            # Errors of a tenth, until their scatter is known.
            errors = errors * 0.1
        worst = int(np.argmax(errors))
        if errors[worst] <= MAX_EFFECT:
            break
        p = judged.pop(worst)
        partner = np.abs(covariance[worst]) / np.sqrt(covariance[worst, worst])
        partner = partner / np.sqrt(np.diag(covariance))
        partner[worst] = 0.0
        other = int(np.argmax(partner))
        held[p.name] = "the data say too little about it"
        if judged and partner[other] > ALIKE:
            stands = [*judged[:worst], p, *judged[worst:]][other]
            held[p.name] = f"the data do not tell it from {stands.called}"
            alike[p.name] = stands.name
    if not judged:
        raise SmtjError(f"{FIT} determines nothing: {'; '.join(held.values())}")
    return tuple(p for p in free if p.name not in held), held, alike


def _slope(observed: Observed, law: Law, values: Mapping[str, float], p: Parameter) -> Floats:
    """Return the change of the residuals with a parameter, per 1 in ln τ where it does most."""
    step = STEP * p.step
    ends = [
        observed.residuals(law.log_times({**values, p.name: values[p.name] + s}))
        for s in (step, -step)
    ]
    return np.asarray((ends[0] - ends[1]) / (2 * step) * _scale(law, values, p))


def _effect(law: Law, values: Mapping[str, float], p: Parameter) -> float:
    """Return the largest change of ln τ by one unit of a parameter."""
    step = STEP * p.step
    ends = [law.log_times({**values, p.name: values[p.name] + s}) for s in (step, -step)]
    return float(np.abs(ends[0] - ends[1]).max() / (2 * step))


def _scale(law: Law, values: Mapping[str, float], p: Parameter) -> float:
    return 1 / max(_effect(law, values, p), _NO_EFFECT / p.step)


def _tolerance(observed: Observed, law: Law, values: Mapping[str, float]) -> float:
    """Return the error of ln τ that moves no residual by more than a tenth."""
    logs = law.log_times(values)
    moved = observed.residuals(logs + np.array([1e-4, -1e-4])) - observed.residuals(logs)
    return 0.1 / max(float(np.abs(moved).max()) / 1e-4, 1e-9)


def _covariance(jacobian: Floats) -> Floats:
    """Return the covariance of parameters; very large where it is singular."""
    lengths = np.maximum(np.linalg.norm(jacobian, axis=0), _NO_EFFECT)
    _, singular, directions = np.linalg.svd(jacobian / lengths, full_matrices=False)
    singular = np.maximum(singular, _SINGULAR * singular[0])
    covariance = (directions.T / singular**2) @ directions
    return np.asarray(covariance / np.outer(lengths, lengths))
