"""Which parameters of a switching model w(V) identifies, and the fit that frees only those."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from smtj.errors import SmtjError
from smtj.inference.bias.models import LABELS, PARAMETERS, BiasModel, as_array, as_mapping
from smtj.inference.stats.least_squares import Minimum, forward_jacobian, minimise
from smtj.typing import Floats
from smtj.units import format_quantity

MAX_RELATIVE_ERROR = 0.5
"""A parameter is freed only if its standard error is less than this fraction of its value, or of
the card's if that is larger, ..."""
MAX_CORRELATION = 0.999
"""... and no correlation between freed parameters is larger than this."""
SURPRISE = 3.0
"""Standard errors between a fitted ξ and the card's that are worth a remark."""
MAX_EVALUATIONS = 100
"""A fit that needs more of them has no minimum worth the name; 20 are usual."""
REFUTED = 10.8
"""Fall of χ² by freeing a parameter that refutes the card's value (p = 0.001)."""
_SINGULAR = 1e-9
"""Singular values below this fraction of the largest are rounding errors."""


@dataclass(frozen=True, eq=False)
class Identified:
    """The fit of what the data identify."""

    minimum: Minimum
    """Of the freed parameters."""
    values: Mapping[str, float]
    """All parameters, those that are not freed as the card has them."""
    remarks: tuple[str, ...]
    """Why the others are not freed, and other caveats, in sentences."""
    correlations: Floats
    """Of all three parameters if they were free."""
    relative_errors: Floats
    """Of their uncorrelated combinations, best known first."""
    chi_squared_with_card: float
    """With the scale alone freed."""


def fit_identified(
    model: BiasModel, voltage: Floats, slope: Floats, standard_error: Floats
) -> Identified:
    """Fit a model, with ξ and then H_in freed as long as the data identify them.

    ``voltage`` is in V, |w| and its standard error in 1/(A/m); shape (voltages,).  ``model`` is
    from :mod:`smtj.inference.bias.models`.  Raises SmtjError if not even the scale of w can be
    fitted.
    """

    fit = f"the fit of w(V) by {model.name}"

    def residuals(p: Mapping[str, float]) -> Floats:
        return (slope - model.slope(voltage, {**model.card_values, **p})) / standard_error

    def jacobian(values: Mapping[str, float]) -> Floats:
        slopes = forward_jacobian(lambda p: model.slope(voltage, as_mapping(p)), as_array(values))
        return slopes / standard_error[:, None]

    start = _start(model, voltage, slope, standard_error)
    alone = best = minimise(residuals, {"scale": start["scale"]}, fit)
    remarks = []
    for freed in (PARAMETERS[:2], PARAMETERS):
        try:
            found = minimise(residuals, {n: start[n] for n in freed}, fit, MAX_EVALUATIONS)
        except SmtjError:
            objection = "the fit does not determine it"
        else:
            objection = _objection(model, voltage, found)
            # Noise may make it look known where it is not, so it must also be known at the
            # card's value, unless that is refuted.
            if not objection and best.chi_squared - found.chi_squared < REFUTED:
                own = jacobian({**model.card_values, **best.values})[:, : len(freed)]
                objection = _weakness(model, found, _covariance(own))
        if objection:
            remarks.append(f"{LABELS[freed[-1]]} is taken from the card: free, {objection}")
            break
        best = found
    values = {**model.card_values, **best.values}
    # Of relative changes; a parameter of 0 counts in its natural unit.
    relative = jacobian(values) * [abs(values[name]) or 1.0 for name in PARAMETERS]
    singular = np.linalg.svd(relative, compute_uv=False)
    return Identified(
        minimum=best,
        values=values,
        remarks=(*remarks, *_remarks(model, voltage, values, best)),
        correlations=_correlations(_covariance(relative)),
        relative_errors=1 / np.maximum(singular, _SINGULAR * singular[0]),
        chi_squared_with_card=alone.chi_squared,
    )


def _start(model: BiasModel, voltage: Floats, slope: Floats, sigma: Floats) -> Mapping[str, float]:
    """Return the height and steepness of a straight line, and a field that is not 0."""
    per_volt, at_zero = np.polyfit(voltage, slope, 1, w=1 / sigma, full=True)[0]
    own = dict(model.card_values)
    own["scale"] = max(float(at_zero), 0.1 * float(np.max(slope))) / float(
        model.slope(np.zeros(1), own)[0]
    )
    if model.steepness_is_vcma:
        # d ln E_b/d ln K_eff of Eq. 6.
        gain = (1 + own["in_plane"]) / (1 - own["in_plane"])
        own["vcma"] = -float(per_volt / at_zero) / gain if at_zero > 0 else own["vcma"]
    own["in_plane"] = max(own["in_plane"], 0.1)
    return own


def _objection(model: BiasModel, voltage: Floats, found: Minimum) -> str:
    """Return what forbids freeing the parameters of a fit, or nothing."""
    gone = _without_barrier(model, voltage, {**model.card_values, **found.values})
    if gone:
        return f"the fit leaves the device no barrier at {gone}"
    return _weakness(model, found, found.covariance)


def _weakness(model: BiasModel, found: Minimum, covariance: Floats) -> str:
    """Return why a covariance forbids freeing parameters, or nothing."""
    names = list(found.values)
    between = _correlations(covariance) - np.eye(len(names))
    i, j = np.unravel_index(np.argmax(np.abs(between)), between.shape)
    if abs(between[i, j]) >= MAX_CORRELATION:
        pair = f"{LABELS[names[i]]} and {LABELS[names[j]]}"
        return f"{pair} would correlate by {between[i, j]:.5f}"
    for name, error in zip(names[1:], np.sqrt(np.diag(covariance))[1:], strict=True):
        relative = error / max(abs(found.values[name]), abs(model.card_values[name]), 1e-12)
        if relative >= MAX_RELATIVE_ERROR:
            size = (
                f"{100 * relative:.0f} % of its value" if relative < 10 else "ten times its value"
            )
            return f"{LABELS[name]} would have a standard error of {size} or more"
    return ""


def _without_barrier(model: BiasModel, voltage: Floats, values: Mapping[str, float]) -> str:
    """Return the voltage nearest to 0 without a barrier as text, or nothing."""
    gone = voltage[~model.has_barrier(voltage, values)]
    return format_quantity(float(min(gone, key=abs)), "V", "mV", 4) if gone.size else ""


def _covariance(jacobian: Floats) -> Floats:
    """Return the covariance of the parameters; very large where it is singular."""
    lengths = np.linalg.norm(jacobian, axis=0)
    _, singular, directions = np.linalg.svd(jacobian / lengths, full_matrices=False)
    singular = np.maximum(singular, _SINGULAR * singular[0])
    covariance = (directions.T / singular**2) @ directions
    return np.asarray(covariance / np.outer(lengths, lengths))


def _correlations(covariance: Floats) -> Floats:
    errors = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(errors, errors))


def _remarks(
    model: BiasModel, voltage: Floats, values: Mapping[str, float], best: Minimum
) -> list[str]:
    remarks = []
    gone = _without_barrier(model, voltage, values)
    if gone:
        remarks.append(f"by this fit the device has no barrier at {gone}, so it has no two states")
    if "vcma" in best.values:
        error = math.sqrt(best.covariance[1, 1])
        distance = abs(values["vcma"] - model.card_values["vcma"]) / error
        if distance > SURPRISE:
            own = model.quantities["vcma"].of(model.card_values)
            shown = format_quantity(own, "J/(V m)", "fJ/(V m)", 3)
            remarks.append(
                f"ξ is {distance:.0f} standard errors from the card's {shown}: one of the two, or "
                "this model, is wrong for the device"
            )
    return remarks
