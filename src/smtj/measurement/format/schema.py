"""The quantities in data files and their usual headers."""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

MAX_FREQUENCY = 1e13
"""Highest frequency of a microwave in Hz, by far."""
MAX_FIELD = 50 / (4e-7 * math.pi)
"""50 T in A/m; the strongest steady magnet has 45 T."""


@dataclass(frozen=True)
class Quantity:
    """A number in a data file."""

    name: str
    """Name in smtj."""
    unit: str
    """SI unit, as :mod:`smtj.units` spells it; ``""`` for a plain number."""
    display_unit: str
    """Unit in files that smtj writes."""
    meaning: str
    """Description with its article."""
    aliases: tuple[str, ...]
    """Other headers; case and punctuation matter only in single letters."""
    lowest: float = -math.inf
    """Smallest possible value, in SI."""
    highest: float = math.inf
    """Largest possible value, in SI."""
    whole: bool = False
    """Whether it is a count."""


@dataclass(frozen=True)
class Label:
    """A text in a data file that distinguishes readings."""

    name: str
    """Name in smtj."""
    aliases: tuple[str, ...]
    """Other headers; case and punctuation do not matter."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


def _fields_along(*directions: str) -> tuple[str, ...]:
    """Headers such as ``"H_z"`` for the component of a field."""
    return tuple(f"{field} {d}" for field in ("H", "B", "mu0H", "μ0H", "field") for d in directions)


def _channel(x: str, phase: str) -> tuple[str, ...]:
    """Headers for one of the two phases of a lock-in amplifier."""
    amplifiers = ", ".join(f"{one} {x}" for one in ("lock in", "LIA", "LIA1", "SR830", "SR860"))
    part = {"X": ("real", "re"), "Y": ("imag", "im")}[x]
    of_analyser = ", ".join(f"S21 {one}, {one} S21, {one} Trc1 S21" for one in part)
    return _words(f"{x}, {x}1, {x} channel, channel {x}, {amplifiers}, {of_analyser}, {phase}")


def _metered(letter: str) -> tuple[str, ...]:
    """Headers such as ``"Imeas"`` for what a source meter sets and measures."""
    return tuple(f"{letter} {what}" for what in _words("meas, measured, sense, source, src, set"))


_NO_DIRECTION = _words(
    "H, B, mu0H, μ0H, field, magnetic field, applied field, external field, H ext, B ext, Feld, "
    "Feldstärke, magnetische Feldstärke, "
    "Magnetfeld, champ, champ magnétique, 磁场, 磁場, 磁界, 자기장, 자장, 자계, "
    "поле, магнитное поле, campo, campo magnético, campo magnetico"
)
_OUT_OF_PLANE = (
    *_NO_DIRECTION,
    *("perpendicular field", "out of plane field"),
    *_fields_along("perp", "perpendicular", "z", "⊥", "oop"),
)
_IN_PLANE = (
    *("parallel field", "in plane field"),
    *_fields_along("par", "parallel", "x", "∥", "ip"),
)
_SIGNAL = _words(
    "rectified voltage, rectified signal, V rect, V rectified, V dc, mixing voltage, "
    "mixing signal, V mix, V mixing, homodyne voltage, diode voltage, spin diode voltage, V diode, "
    "V sig, signal voltage, lock in, lock in signal, lock in voltage, lock in amplitude, "
    "amplitude, intensity, S21, S12, S11, absorption, FMR absorption, FMR signal, FMR, dP/dH, "
    "dP/dB, dI/dH, dI/dB, dχ/dH, dchi/dH, derivative"
)
_SIGNAL_ERROR = _words(
    "signal err, signal uncertainty, signal standard error, signal SE, error of the signal, "
    "standard error of the signal, sigma signal, V mix error, V mix err, V rect error, "
    "amplitude error"
)
_TIME = _words(
    "t, time stamp, elapsed, elapsed time, relative time, second, seconds, time elapsed, "
    "unix time, posix time, epoch, epoch time, Zeit, date time, Uhrzeit, Messzeit, Zeitstempel, "
    "Datum Uhrzeit, Datum Zeit, horodatage, fecha hora, 日期时间, 日時, "
    "temps, tempo, tiempo, 时间, 時間, 時刻, время, 시간"
)
_VOLTAGE = _words(
    "V, v, U, bias, bias voltage, V bias, volt, volts, applied voltage, DC voltage, DC bias, "
    "pulse voltage, pulse amplitude, V pulse, V p, V app, V applied, anode V, Spannung, tension, "
    "tensión, "
    "电压, 電圧, 電壓, напряжение, 전압"
)
_CURRENT = _words(
    "I, I1, curr, amp, amps, ampere, amperes, bias current, I bias, applied current, DC current, "
    "pulse current, I pulse, anode I, Strom, courant, corriente, 电流, 電流, ток, 전류"
)
_RESISTANCE = _words(
    "R, r, res, R mtj, R dc, R ac, R meas, R measured, MTJ resistance, junction resistance, "
    "device resistance, R 4w, R 2w, R 4p, R 2p, R xx, dV/dI, Widerstand, résistance, resistencia, "
    "电阻, 電阻, 抵抗, сопротивление, 저항"
)
_CONDUCTANCE = _words("G, G mtj, G dc, dI/dV, Leitwert, conductancia, 电导")
_RELATIVE = _words("R/R_P, R/R0, R/Rmin, normalized resistance, normalised resistance, R norm")
_TMR = _words("TMR, TMR ratio, MR, MR ratio, tunnel magnetoresistance, tunneling magnetoresistance")
_TEMPERATURE = _words(
    "T, temp, sample temperature, sample temp, Temperatur, température, 温度, 溫度, температура, "
    "온도"
)


def _of_state(measures: tuple[str, ...], states: str) -> tuple[str, ...]:
    """Headers such as ``"rate AP->P"``, ``"AP to P rate"`` and ``"ln tau AP"``."""
    pairs = [(measure, state) for measure in measures for state in _words(states)]
    behind = [f"{state} {measure}" for measure, state in pairs if len(measure) > 1]
    return (*(f"{measure} {state}" for measure, state in pairs), *behind)


# In German, French, Spanish, Italian and Portuguese; accents do not matter.
_PROBABILITIES_ABROAD = _words(
    "Häufigkeit, "
    "Wahrscheinlichkeit, probabilité, probabilité de, probabilidad, probabilidad de, probabilità, "
    "probabilità di, probabilidade, probabilidade de, taux, taux de, Anteil, "
    "fraction, fraction de, fracción, fracción de, frazione, frazione di, fração, fração de"
)
_COUNTS_ABROAD = _words(
    "Anzahl, Zahl, nombre, nombre de, nombre d, nb, nb de, nb d, comptage, comptages, coups, "
    "número, número de, núm, conteo, conteos, cuentas, numero di, conteggio, conteggi, contagem, "
    "contagens"
)
_HIGH_ABROAD = (
    "AP, hoch, oben, antiparallel, geschaltet, haut, antiparallèle, commuté, commutés, alto, "
    "antiparalelo, conmutado, conmutados, antiparallelo, commutati, comutado, comutados"
)
_LOW_ABROAD = (
    "P, niedrig, tief, unten, parallel, nicht geschaltet, bas, parallèle, non commuté, "
    "non commutés, bajo, paralelo, no conmutado, no conmutados, basso, parallelo, non commutati, "
    "baixo, não comutado, não comutados"
)
_COUNTED = _words("n, no, no of, num, num of, number, number of, count, count of, counts, reads")
_COUNTED_HIGH = "AP, high, up, one, ones, sw, switched, switching events, switches, antiparallel"
_COUNTED_LOW = "low, down, dn, zero, zeros, parallel, not switched, unswitched, no switch"
_COUNTED_ALL = "trials, total, all, pulses, attempts, shots, reads, cycles, repeats"
_PROBABILITY = _words(
    "P, p, p high, p sw, p switch, prob, prob high, prob AP, switching probability, p AP, "
    "p antiparallel, P switching, P switched, switching fraction, fraction switched, prob of AP, "
    "probability of AP, prob of switching, probability of switching, probability high, "
    "Wahrscheinlichkeit, Schaltwahrscheinlichkeit, probabilité, probabilité de commutation, "
    "probabilité de basculement, taux de commutation, probabilidad, probabilidad de conmutación, "
    "probabilità, probabilità di commutazione, probabilidade, probabilidade de comutação, "
    "вероятность, 概率, 機率, 確率, 확률"
) + _of_state(_PROBABILITIES_ABROAD, _HIGH_ABROAD)
_PROBABILITY_LOW = _words(
    "p low, p P, p parallel, prob low, prob P, prob parallel, WER, write error rate, "
    "P no switch, P not switched"
) + _of_state(_PROBABILITIES_ABROAD, _LOW_ABROAD)
_PROBABILITY_ERROR = _words(
    "P err, P error, dP, delta P, δP, ΔP, sigma P, P sigma, P SE, P std error, P std err, "
    "P AP err, P AP error, P sw err, P sw error, prob err, error of P, P uncertainty, "
    "P standard error"
)
_READS = (
    *_words(
        "n, N, n reps, reps, counts, trials, total, pulses, attempts, cycles, repeats, n tot, "
        "shots, repetitions, n repetitions, Anzahl, Gesamtzahl, Gesamtanzahl, Anzahl aller, "
        "gesamt, insgesamt, Versuche, Wiederholungen, Messungen, essais, répétitions, impulsions, "
        "ensayos, intentos, repeticiones, pulsos, totale, totali, prove, tentativi, ripetizioni, "
        "impulsi, tentativas, repetições, ensaios, 次数, 回数, 횟수"
    ),
    *("total reads", "all reads"),
    *_of_state(_COUNTED[:-1], _COUNTED_ALL),
    *_of_state(
        _COUNTS_ABROAD,
        "gesamt, insgesamt, total, totale, Versuche, Pulse, Wiederholungen, Messungen, "
        "Lesungen, essais, lectures, impulsions, répétitions, ensayos, intentos, lecturas, "
        "pulsos, repeticiones, prove, tentativi, letture, impulsi, ripetizioni, tentativas, "
        "ensaios, leituras, repetições",
    ),
)
_HIGH = (
    *_words(
        "ones, n 1, hits, successes, n success, events, switching events, n switching, switches"
    ),
    *_of_state(_COUNTED, _COUNTED_HIGH),
    *_of_state(_COUNTS_ABROAD, _HIGH_ABROAD),
)
_LOW = (
    *_words(
        "zeros, n 0, misses, count P, P counts, counts P, P reads, not switched, unswitched, "
        "failures, n fail"
    ),
    *_of_state(_COUNTED, _COUNTED_LOW),
    *_of_state(_COUNTS_ABROAD, _LOW_ABROAD),
)
_ANGLE = _words(
    "phi, theta, φ, θ, ϕ, in plane angle, field angle, azimuth, rotation, rotator angle"
)
_PULSE = _words("pulse width, pulse duration, t pulse, pulse time, tau pulse, PW, t PW, pulse")
_DWELLS_ABROAD = _words(
    "Verweildauer, Verweilzeit, Haltezeit, Lebensdauer, Zeit, temps de séjour, durée de vie, "
    "temps de résidence, tiempo de permanencia, tempo di permanenza"
)
_DWELL_HIGH = _of_state(_DWELLS_ABROAD, "AP, hoch, oben, haut, alto") + _words(
    "tau high, tau AP, tau antiparallel, t high, t AP, dwell time AP, dwell AP, dwell high, "
    "lifetime high, lifetime AP, mean dwell time AP, time high, τ high, τ AP, tau up, tau upper, "
    "t up, τ up, mean dwell time high, dwell time up"
)
_DWELL_LOW = _of_state(_DWELLS_ABROAD, "P, niedrig, tief, unten, bas, bajo, basso") + _words(
    "tau low, tau P, tau parallel, t low, dwell time P, dwell P, dwell low, lifetime low, "
    "lifetime P, mean dwell time P, time low, τ low, τ P, tau down, tau lower, t down, τ down, "
    "mean dwell time low, dwell time down"
)


_DWELL = _words(
    "dwell, duration, residence time, lifetime, waiting time, time in state, dwell length, "
    "Δt, delta t, tau, τ, Verweildauer, 停留时间, 滞留時間"
)
_RELAXATION = _words(
    "tau relax, tau rel, tau relaxation, tau c, tau corr, tau r, τ relax, τ rel, τ c, τ corr, τ r, "
    "relaxation, correlation time, autocorrelation time, t relax, t corr, Relaxationszeit, "
    "temps de relaxation"
)
_CORNER = _words(
    "f c, fc, corner frequency, corner freq, f corner, cutoff frequency, cut off frequency, knee "
    "frequency, f knee, roll off frequency, Lorentzian corner frequency, Lorentzian width, "
    "RTN corner frequency, PSD corner frequency, Eckfrequenz, Grenzfrequenz, fréquence de coupure, "
    "frecuencia de corte"
)
_RELAXATION_RATE = _words(
    "relaxation rate, rate of relaxation, Gamma relax, Gamma rel, Γ relax, Γ rel, sum of rates, "
    "total rate, Relaxationsrate, taux de relaxation"
)
_STATE = _words(
    "states, final state, end state, new state, state after, state after pulse, MTJ state, "
    "device state, magnetic state, outcome, result, Zustand, Endzustand, état, estado, 状态, 状態, "
    "состояние, 狀態, 상태"
)
_RATES = _words("rate, switching rate, escape rate, transition rate, Gamma, Γ, k")
_LOGS = _words("ln tau, ln τ, ln t, ln dwell time, log e tau, ln lifetime")
_DECADIC = _words("log10 tau, log10 τ, lg tau, lg τ, log10 dwell time")
# An f of a state may be a frequency of anything, that of a transition is its rate.
_RATE_HIGH = _words("f AP P, f AP to P, f high low, f high to low") + _of_state(
    _RATES, "AP, high, AP P, AP to P, high low, high to low"
)
_RATE_LOW = _words("f P AP, f P to AP, f low high, f low to high") + _of_state(
    _RATES, "P, low, P AP, P to AP, low high, low to high"
)
_LOG_HIGH = _of_state(_LOGS, "AP, high, up, antiparallel")
_LOG_LOW = _of_state(_LOGS, "P, low, down, parallel")
_WITH_ERRORS = [
    (what, f"{name}_{state}", unit, shown)
    for what, name, unit, shown in (
        ("a dwell time", "dwell_time", "s", "ms"),
        ("a rate", "rate", "Hz", "Hz"),
        ("the logarithm of a dwell time", "log_dwell_time", "", ""),
        ("the decadic logarithm of a dwell time", "log10_dwell_time", "", ""),
    )
    for state in ("high", "low")
]
# The unit in "log10(tau_AP/s)" is that of the time.
_DECADIC_HIGH, _DECADIC_LOW = (
    (*names, *(f"{name} s" for name in names))
    for names in (
        _of_state(_DECADIC, "AP, high, up, antiparallel"),
        _of_state(_DECADIC, "P, low, down, parallel"),
    )
)
_LIMITED = (
    *(("probability", ""), ("probability_low", ""), ("signal", "V")),
    *((name, unit) for _, name, unit, _ in _WITH_ERRORS),
)
WITH_LIMITS = tuple(name for name, _ in _LIMITED)
"""Quantities beside which an upper and a lower error, or both ends of an interval, may stand."""
_BEFORE = _words("R before, R initial, R init, R start, R pre, R 0, R before pulse")
_AFTER = _words("R after, R final, R end, R post, R after pulse")
_X, _Y = _channel("X", "in phase"), _channel("Y", "quadrature")

QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        quantity.name: quantity
        for quantity in (
            Quantity("time", "s", "s", "a time", _TIME),
            Quantity(
                "field_out_of_plane",
                "A/m",
                "Oe",
                "a field along the film normal",
                _OUT_OF_PLANE,
                highest=MAX_FIELD,
            ),
            Quantity(
                "field_in_plane",
                "A/m",
                "Oe",
                "a field along the long axis",
                _IN_PLANE,
                highest=MAX_FIELD,
            ),
            Quantity("voltage", "V", "mV", "a voltage", (*_VOLTAGE, *_metered("V"))),
            Quantity("current", "A", "uA", "a current", (*_CURRENT, *_metered("I"))),
            Quantity("temperature", "K", "K", "a temperature", _TEMPERATURE, 0),
            Quantity(
                "inverse_temperature",
                "1/K",
                "1/K",
                "an inverse temperature",
                _words("1/T, 1000/T, 1e3/T, 10^3/T, 10³/T"),
                0,
            ),
            Quantity("resistance", "ohm", "ohm", "a resistance", _RESISTANCE, 0),
            Quantity("relative_resistance", "", "", "a resistance over R_P", _RELATIVE, 0),
            Quantity("magnetoresistance", "", "%", "a magnetoresistance", _TMR, -1),
            Quantity("conductance", "S", "uS", "a conductance", _CONDUCTANCE, 0),
            Quantity("probability", "", "", "a probability", _PROBABILITY, 0, 1),
            Quantity(
                "probability_low",
                "",
                "",
                "a probability of the low state",
                _PROBABILITY_LOW,
                0,
                1,
            ),
            Quantity("probability_error", "", "", "a standard error of P", _PROBABILITY_ERROR, 0),
            Quantity("reads", "", "", "a number of reads", _READS, 1, whole=True),
            Quantity("high", "", "", "a number of high reads", _HIGH, 0, whole=True),
            Quantity("low", "", "", "a number of low reads", _LOW, 0, whole=True),
            Quantity(
                "frequency",
                "Hz",
                "GHz",
                "a frequency",
                (
                    "f",
                    "freq",
                    "Frequenz",
                    "fréquence",
                    "частота",
                    "频率",
                    "頻率",
                    "周波数",
                    "주파수",
                ),
                0,
                highest=MAX_FREQUENCY,
            ),
            Quantity("angle", "rad", "deg", "the angle of a field in the plane", _ANGLE),
            Quantity("pulse_length", "s", "ns", "the length of a pulse", _PULSE, 0),
            Quantity("dwell_time_high", "s", "ms", "a dwell time", _DWELL_HIGH, 0),
            Quantity("dwell_time_low", "s", "ms", "a dwell time", _DWELL_LOW, 0),
            Quantity("dwell_time", "s", "ms", "a single dwell time", _DWELL, 0),
            Quantity("state", "", "", "a state", _STATE),
            Quantity("rate_high", "Hz", "Hz", "a rate of leaving the high state", _RATE_HIGH, 0),
            Quantity("rate_low", "Hz", "Hz", "a rate of leaving the low state", _RATE_LOW, 0),
            Quantity("log_dwell_time_high", "", "", "a logarithm of a dwell time", _LOG_HIGH),
            Quantity("log_dwell_time_low", "", "", "a logarithm of a dwell time", _LOG_LOW),
            Quantity("log10_dwell_time_high", "", "", "a decadic logarithm", _DECADIC_HIGH),
            Quantity("log10_dwell_time_low", "", "", "a decadic logarithm", _DECADIC_LOW),
            Quantity("odds", "", "", "odds of the high state", (), 0),
            Quantity("log_odds", "", "", "log-odds of the high state", ()),
            Quantity("log10_odds", "", "", "decadic log-odds of the high state", ()),
            *(
                Quantity(f"{name}_error", "", "", "a standard error of odds", (), 0)
                for name in ("odds", "log_odds", "log10_odds")
            ),
            Quantity("relaxation_time", "s", "ms", "a relaxation time", _RELAXATION, 0),
            Quantity("relaxation_time_error", "s", "ms", "an error of a relaxation time", (), 0),
            Quantity("corner_frequency", "Hz", "Hz", "a corner frequency", _CORNER, 0),
            Quantity("corner_frequency_error", "Hz", "Hz", "an error of a frequency", (), 0),
            Quantity("relaxation_rate", "Hz", "Hz", "a relaxation rate", _RELAXATION_RATE, 0),
            Quantity("relaxation_rate_error", "Hz", "Hz", "an error of a rate", (), 0),
            Quantity("decibels", "", "", "a signal in dB", ()),
            *(
                Quantity(f"{name}_error", unit, shown, f"a standard error of {what}", (), 0)
                for what, name, unit, shown in _WITH_ERRORS
            ),
            *(
                Quantity(f"relative_error_{s}", "", "%", "a relative standard error", (), 0)
                for s in ("high", "low")
            ),
            *(
                Quantity(f"{name}_{side}", unit, unit, f"a limit of {name.replace('_', ' ')}", ())
                for name, unit in _LIMITED
                for side in ("upper", "lower")
            ),
            Quantity("resistance_before", "ohm", "ohm", "a resistance before a pulse", _BEFORE, 0),
            Quantity("resistance_after", "ohm", "ohm", "a resistance after a pulse", _AFTER, 0),
            *(
                Quantity(
                    f"magnetisation_{axis}",
                    "",
                    "",
                    f"the {axis} component of the magnetisation's direction",
                    (f"m_{axis}", f"magnetization {axis}"),
                    -1,
                    1,
                )
                for axis in "xyz"
            ),
            Quantity("switched", "", "", "a fraction that has switched", (), 0, 1),
            Quantity("signal", "V", "uV", "a signal", _SIGNAL),
            Quantity("signal_error", "V", "uV", "a standard error of the signal", _SIGNAL_ERROR, 0),
            Quantity("channel_x", "V", "uV", "a lock-in amplifier's channel X", _X),
            Quantity("channel_y", "V", "uV", "a lock-in amplifier's channel Y", _Y),
        )
    }
)
"""Every number that a data file may hold, by name."""

LABELS: Mapping[str, Label] = MappingProxyType(
    {
        label.name: label
        for label in (
            Label("branch", ()),
            Label("device", ("device id", "dut")),
            Label("direction", ("dir", "transition")),
        )
    }
)
"""Every text that a data file may hold, by name."""

FIELDS = ("field_out_of_plane", "field_in_plane")
"""The components of the field."""
BIASES = ("voltage", "current")
"""What may be held across or through a junction."""

SIGNALS = ("signal", "channel_x", "channel_y")
"""Signals of a resonance; any of them makes a spectrum."""

MAY_BE_ARBITRARY = (*SIGNALS, "signal_error")
"""Quantities that may be in arbitrary units, which are read as SI."""

NAMES = (*QUANTITIES, *LABELS)
"""All columns, in the order of the files that smtj writes."""

RELATIVE_ERRORS: Mapping[str, str] = MappingProxyType(
    {
        f"{kind}_{s}": f"relative_error_{s}"
        for kind in ("dwell_time", "rate")
        for s in ("high", "low")
    }
)
"""Columns of relative standard errors by what they are of."""
ERRORS: Mapping[str, str] = MappingProxyType(
    {name: f"{name}_error" for name in QUANTITIES if f"{name}_error" in QUANTITIES}
    | {"probability_low": "probability_error"}
)
"""Columns of standard errors by what they are of."""

# Look-alikes of ⊥ and ∥, which are not punctuation.
_SIGNS = str.maketrans({"⟂": "⊥", "‖": "∥", "ǁ": "∥"})
_PLUS_MINUS = re.compile(r"\+/?-")
# Nor is the sign of an error.
_PUNCTUATION = re.compile(r"[^\w⊥∥±]|_")


def name_of(text: str) -> str | None:
    """Return the name of the quantity or label in a header without unit; None if unknown.

    Case and punctuation do not matter (``"H_perp"``, ``"h perp"``) except in a single letter:
    ``"t"`` is the time, ``"T"`` the temperature, ``"I"`` the current, and ``"i"``, a row number,
    nothing.  A field without a direction is along the film normal.
    """
    return _BY_LETTER.get(text.strip()) or _BY_KEY.get(_key(text)) or _BY_KEY.get(_in_phrase(text))


def _in_phrase(text: str) -> str:
    """The key of the quantity in a phrase; empty if there is none.

    ``"Wahrscheinlichkeit des AP-Zustands"`` holds without its articles and prepositions, and of
    ``"Strom durch die Brücke"`` the first noun says it.
    """
    words = [word for word in re.split(r"[\W_\d]+", text) if word]
    plain = [word.casefold() for word in words]
    if len(words) < 2 or _FILLERS.isdisjoint(plain):
        return ""
    kept = [word for word, low in zip(words, plain, strict=True) if low not in _FILLERS]
    whole = _key(" ".join(kept))
    if whole in _BY_KEY or not _OTHER_THINGS.isdisjoint(plain):
        return whole
    nouns = words[next(n for n, low in enumerate(plain) if low not in _ARTICLES) :] if kept else []
    end = next((n for n, word in enumerate(nouns) if word.casefold() in _FILLERS), 0)
    head = _key(" ".join(nouns[:end]))
    # One letter before a preposition is rather the name of something.
    return head if len(head) > 3 and _BY_KEY.get(head) in _HELD_BY_A_THING else ""


def is_time_with_p(text: str) -> bool:
    """Whether a header without unit, such as ``"t_p"``, is the length of a pulse or the dwell time
    in P; which of the two only the columns beside it say."""
    return _key(text) in ("tp", "taup", "τp")


def is_count_with_p(text: str) -> bool:
    """Whether a header such as ``"N_P"`` is a number of pulses, or of reads in P; as above."""
    return _key(text) == "np"


def has_no_direction(text: str) -> bool:
    """Whether a header without unit, such as ``"H"``, is a field of unknown direction."""
    return text.strip() in _NO_DIRECTION or (
        len(text.strip()) > 1 and not {_key(text), _in_phrase(text)}.isdisjoint(_UNDIRECTED)
    )


def _key(text: str) -> str:
    text = re.sub(r"^\s*#\s*(?=[^\W\d])", "number ", text)
    text = _PLUS_MINUS.sub("±", text.replace("||", "∥").translate(_SIGNS))
    plain = unicodedata.normalize("NFKD", text)
    return _PUNCTUATION.sub("", plain).casefold()


def _bag(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ARTICLES = _bag("der die das dem den the le la les el los las il lo o a os as")
_FILLERS = _ARTICLES | _bag(
    "des durch von vom am an im über zwischen auf für of through across de du l d dans aux à "
    "travers del en della dello di do da dos das na no mittlere mittlerer mean average moyen "
    "moyenne zustand zustands zustandes état estado stato"
)
"""Articles, prepositions and other words that leave the quantity in a header as it is."""
_OTHER_THINGS = _bag(
    "spule magnet magneten magnets coil gate heizung heizer heater bobine aimant "
    "électroaimant bobina imán fehler error err erreur rauschen noise bruit flight view "
    "change rate"
)
"""Words of what is not the device."""
_HELD_BY_A_THING = ("resistance", "voltage", "current", "temperature", *FIELDS, "conductance")
_KNOWN: tuple[Quantity | Label, ...] = (*QUANTITIES.values(), *LABELS.values())
_UNDIRECTED = frozenset(_key(alias) for alias in _NO_DIRECTION)
_ALIASES = [(alias, known.name) for known in _KNOWN for alias in (known.name, *known.aliases)]
_BY_LETTER = {alias: name for alias, name in _ALIASES if len(alias) == 1}
_BY_KEY = {_key(alias): name for alias, name in _ALIASES if len(alias) > 1}
