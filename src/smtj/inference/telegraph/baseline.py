"""What lies under telegraph noise: a slow drift, jumps of the baseline, and hum of the mains."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from smtj.typing import Floats

INTERVALS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Numbers of intervals of the cubic splines that are tried."""
CYCLES_PER_INTERVAL = 10
"""Fewer pairs of dwells between two knots, and the drift could follow the telegraph."""
PATIENCE = 2
"""Unsuccessful splines after which no finer one is tried."""
CHUNK = 1 << 15
STIFFNESS = 1e-6
"""Weight, in readings, of second differences, which ties coefficients that no reading decides."""
SIGNIFICANT = 5.0
"""Height of a jump over its standard error, from which it is kept."""
LINE = 28.0
"""Power of a spectral line over the local median: chance of a false one below 1e-4."""
MAINS, HARMONICS, MAINS_LINE = (50.0, 60.0), 5, 15.0
"""Frequencies in Hz, how many multiples of each, and the power from which one of these counts."""
MAINS_TOLERANCE = 0.005
MAX_LINES, MIN_CYCLES, NEIGHBOURS = 12, 12, 12
FINE = 8
"""Points per interval of the grid on which readings at uneven times are put."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """Spline or straight line, steps and sines, with their coefficients."""

    start: float
    """Time of the first knot, in s."""
    width: float
    """Time between knots, in s."""
    degree: int
    """1 or 3."""
    intervals: int
    jumps: Floats = field(default_factory=lambda: np.empty(0))
    """Times of jumps, in s."""
    lines: Floats = field(default_factory=lambda: np.empty(0))
    """Frequencies of hum, in Hz."""
    coefficients: Floats = field(default_factory=lambda: np.empty(0))
    """Of the spline, of the jumps, then of cosine and sine for each line."""

    @property
    def drift_size(self) -> int:
        """Number of coefficients of the spline."""
        return self.intervals + self.degree

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return self.drift_size + self.jumps.size + 2 * self.lines.size

    def design(self, time: Floats) -> Floats:
        """Return the basis functions at every time, (readings, size)."""
        out = np.zeros((time.size, self.size))
        u = (time - self.start) / self.width
        j = np.clip(u.astype(np.intp), 0, self.intervals - 1)
        x = u - j
        y = 1 - x
        weights: tuple[Floats, ...] = (y, x)
        if self.degree == 3:
            weights = (
                y**3 / 6, (4 - 6 * x * x + 3 * x**3) / 6, (4 - 6 * y * y + 3 * y**3) / 6, x**3 / 6
            )  # fmt: skip
        rows = np.arange(time.size)
        for k, weight in enumerate(weights):
            out[rows, j + k] = weight
        column = self.drift_size
        for jump in self.jumps:
            out[:, column] = time >= jump
            column += 1
        for line in self.lines:
            phase = 2 * math.pi * line * (time - self.start)
            out[:, column], out[:, column + 1] = np.cos(phase), np.sin(phase)
            column += 2
        return out

    def values(self, time: Floats) -> Floats:
        """Return the baseline at every time."""
        parts = range(0, time.size, CHUNK)
        return np.concatenate(
            [self.design(time[first : first + CHUNK]) @ self.coefficients for first in parts]
        )

    def without_jumps(self) -> "Baseline":
        """Return what is left of it if its jumps are not."""
        drift, hum = np.split(
            self.coefficients, [self.drift_size, self.drift_size + self.jumps.size]
        )[::2]
        return replace(self, jumps=np.empty(0), coefficients=np.concatenate([drift, hum]))

    def smoother(self, time: Floats) -> "Baseline":
        """Return the cubic without jumps that runs closest to it, with the same hum."""
        basis = replace(bent(time, 1), lines=self.lines)
        return basis.fit(time, self.without_jumps().values(time), np.ones(time.size))[0]

    def hum(self, time: Floats) -> Floats:
        """Return the sines at every time."""
        first = self.size - 2 * self.lines.size
        if first == self.size:
            return np.zeros(time.size)
        return np.asarray(self.design(time)[:, first:] @ self.coefficients[first:])

    def fit(
        self, time: Floats, value: Floats, weight: Floats, phi: Floats | None = None
    ) -> tuple["Baseline", float, Floats]:
        """Regress on values whose noise has an autoregression.

        Returns
        -------
        tuple
            The baseline with its coefficients, the sum of squares that is left, and the inverse of
            the normal equations.
        """
        gram, right, total = np.zeros((self.size, self.size)), np.zeros(self.size), 0.0
        overlap = 0 if phi is None else phi.size
        for first in range(0, time.size, CHUNK):
            part = slice(max(first - overlap, 0), first + CHUNK)
            basis, y, w = self.design(time[part]), value[part], weight[part]
            if phi is not None and phi.size:
                basis, y = _whitened(basis, phi), _whitened(y, phi)
                for k in range(1, phi.size + 1):
                    w = w[1:] * weight[part][: w.size - 1] if k == 1 else w[1:]
                w = w[-y.size :]
            weighted = basis * w[:, None]
            gram += weighted.T @ basis
            right += weighted.T @ y
            total += float(w @ (y * y))
        second = np.diff(np.eye(self.size)[: self.drift_size], n=2, axis=0)
        stiff = STIFFNESS * (second.T @ second) + 1e-12 * np.eye(self.size)
        inverse = np.linalg.pinv(gram + stiff, hermitian=True)
        solution = inverse @ right
        rest = total - 2 * solution @ right + solution @ gram @ solution
        return (
            replace(self, coefficients=solution),
            max(float(rest), 1e-300),
            np.asarray(inverse, np.float64),
        )


def straight(time: Floats) -> Baseline:
    """Return a straight line over a trace, without coefficients."""
    return Baseline(float(time[0]), float(time[-1] - time[0]), 1, 1)


def bent(time: Floats, intervals: int) -> Baseline:
    """Return a cubic spline over a trace, without coefficients."""
    return Baseline(float(time[0]), float(time[-1] - time[0]) / intervals, 3, intervals)


def _bases(time: Floats, cycle: float, like: Baseline) -> Iterator[Baseline]:
    """Yield ever more flexible drifts, none able to follow a telegraph of a given cycle, in s."""
    yield replace(straight(time), jumps=like.jumps, lines=like.lines)
    for intervals in INTERVALS:
        basis = bent(time, intervals)
        if intervals > 1 and basis.width < CYCLES_PER_INTERVAL * cycle:
            return
        yield replace(basis, jumps=like.jumps, lines=like.lines)


def best_baseline(
    time: Floats, value: Floats, weight: Floats, phi: Floats, like: Baseline, cycle: float
) -> Baseline:
    """Return the baseline of lowest BIC with the lines and the significant jumps of another one.

    Parameters
    ----------
    time, value, weight
        Signal less response, and the chance of each reading to be no outlier.
    phi
        Autoregression of the noise.
    like
        Jumps and lines to be kept.
    cycle
        Mean time from one rise to the next, in s.
    """
    n = max(float(weight.sum()), 2.0)
    best, merit, failures = like, math.inf, 0
    for basis in _bases(time, cycle, like):
        found, rest, inverse = basis.fit(time, value, weight, phi)
        own = n * math.log(rest / n) + found.size * math.log(n)
        failures += 1
        if own < merit:
            best, merit, failures = found, own, 0
            error = np.sqrt(np.maximum(np.diag(inverse), 0) * rest / n)
        if failures == PATIENCE:
            break
    columns = best.drift_size + np.arange(best.jumps.size)
    keep = np.abs(best.coefficients[columns]) > SIGNIFICANT * error[columns]
    if not keep.all():
        fewer = replace(like, jumps=like.jumps[keep])
        return best_baseline(time, value, weight, phi, fewer, cycle)
    return best


def find_lines(
    time: Floats, value: Floats, interval: float, known: Floats, is_regular: bool = True
) -> Floats:
    """Return the frequencies of spectral lines, sharpened, with those that are known already.

    A line is one bin of the periodogram that stands out of its neighbours, below half the sampling
    rate; gaps are filled with the mean.
    """
    n = time.size
    if float(time[-1] - time[0]) > 4 * n * interval:
        return known
    if not is_regular:
        interval /= FINE
    length = max(round(float(time[-1] - time[0]) / interval) + 1, n)
    position: slice | NDArray[np.intp] = slice(None)
    if length > n:
        position = np.round((time - time[0]) / interval).astype(np.intp)
    # In place and freed when done with, as a record may fill much of the memory.
    even = np.zeros(length)
    even[position] = value - value.mean()
    window = _hann(length)
    even *= window
    power = np.abs(np.fft.rfft(even))
    power *= power
    del even
    lines = [float(line) for line in known]
    frequency = np.fft.rfftfreq(length, interval)
    if not is_regular:
        power = power[: power.size // FINE]
    # The last bins, at half the sampling rate, scatter more than others.
    tops = np.argsort(power[MIN_CYCLES:-2])[::-1][: 4 * MAX_LINES] + MIN_CYCLES
    for k in sorted(tops.tolist(), key=lambda k: -power[k]):
        if len(lines) >= MAX_LINES:
            break
        near = any(abs(frequency[k] - line) * length * interval < 4 for line in lines)
        if near or power[k] < power[max(k - 2, 0) : k + 3].max():
            continue
        reach = max(NEIGHBOURS, k // 6)
        around = np.concatenate([power[max(k - reach, 1) : k - 2], power[k + 3 : k + 3 + reach]])
        least = MAINS_LINE if _is_mains(float(frequency[k]), float(frequency[1])) else LINE
        if around.size < NEIGHBOURS or power[k] < least * np.median(around) / math.log(2):
            continue
        lines.append(
            _sharpened(time, value, window[position], float(frequency[k]), 1 / (length * interval))
        )
    return np.array(lines)


def _is_mains(frequency: float, bin: float) -> bool:
    """Whether a frequency is one of the mains or a multiple, of which hum is expected."""
    multiples = np.outer(MAINS, np.arange(1, HARMONICS + 1))
    return bool((np.abs(frequency - multiples) < MAINS_TOLERANCE * multiples + bin / 2).any())


def _hann(length: int) -> Floats:
    """Return the symmetric window of Hann, as ``np.hanning`` does with three times the memory."""
    window = np.arange(1.0 - length, length, 2)
    window *= math.pi / (length - 1)
    np.cos(window, out=window)
    window *= 0.5
    window += 0.5
    return window


def sharpened(time: Floats, value: Floats, lines: Floats) -> Floats:
    """Return frequencies of spectral lines, each where the periodogram of its values is highest.

    Better than those of :func:`find_lines` where ``value`` holds the lines but not the telegraph.
    """
    span = float(time[-1] - time[0])
    window = 0.5 - 0.5 * np.cos(2 * math.pi * (time - time[0]) / span)
    return np.array([_sharpened(time, value, window, line, 1 / span) for line in lines.tolist()])


def _sharpened(time: Floats, value: Floats, window: Floats, frequency: float, bin: float) -> float:
    """Return the frequency of the maximum of a periodogram near one of its bins."""
    from scipy.optimize import minimize_scalar

    y = value - value.mean()
    y *= window

    def loss(f: float) -> float:
        total = 0j
        for first in range(0, time.size, CHUNK):
            part = slice(first, first + CHUNK)
            total += y[part] @ np.exp(-2j * math.pi * f * (time[part] - time[0]))
        return -abs(total)

    ends = (frequency - bin, frequency + bin)
    return float(
        minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-4 * bin}).x
    )


def _whitened(values: Floats, phi: Floats) -> Floats:
    out = values[phi.size :].copy()
    for k, coefficient in enumerate(phi, 1):
        out -= coefficient * values[phi.size - k : values.shape[0] - k]
    return out
