"""Errors of fits whose residuals jump."""

import numpy as np

from smtj.inference.stats.least_squares import Minimum, covariance_over_errors, minimise

X = np.linspace(-1, 1, 50)


def line(p):
    return 3 * (p["a"] + p["b"] * (X + 0.9))


def test_errors_of_a_straight_line_stay():
    fit = minimise(line, {"a": 0.1, "b": 0.2}, "the fit")
    np.testing.assert_allclose(covariance_over_errors(line, fit), fit.covariance, rtol=1e-5)


def test_errors_do_not_hang_on_where_they_start():
    fit = minimise(line, {"a": 0.1, "b": 0.2}, "the fit")
    wrong = Minimum(fit.values, fit.covariance * [[1e-4, 0], [0, 9.0]], 0.0, 48)
    np.testing.assert_allclose(covariance_over_errors(line, wrong), fit.covariance, rtol=1e-5)


def test_a_jump_counts_for_what_it_changes():
    """At once, its slope would bound the value to nothing."""
    plain = np.sqrt(1 / (9 * X.size))

    def jumping(size):
        def residuals(p):
            return np.append(3 * p["a"] * np.ones(X.size), size * np.sign(p["a"]))

        minimum = Minimum({"a": 0.0}, np.array([[1e-8]]), 0.0, X.size)
        return float(np.sqrt(covariance_over_errors(residuals, minimum)[0, 0]))

    assert plain / 2 < jumping(0.5) < plain
    assert abs(jumping(1e-3) / plain - 1) < 0.03
