"""Ten hand-drawn digits: lines of points (x, y) in [0, 1], y downwards."""

import math

Point = list[float]


def _arc(x: float, y: float, a: float, b: float, begin: float, end: float) -> list[Point]:
    """Part of an ellipse; angles in degrees, clockwise as y points down."""
    turns = [math.radians(begin + (end - begin) * n / 24) for n in range(25)]
    return [[x + a * math.cos(turn), y + b * math.sin(turn)] for turn in turns]


DIGITS: dict[int, list[list[Point]]] = {
    0: [_arc(0.5, 0.5, 0.28, 0.4, -90, 270)],
    1: [[[0.55, 0.1], [0.48, 0.9]]],
    2: [[*_arc(0.5, 0.32, 0.25, 0.22, -170, 40), [0.25, 0.9], [0.8, 0.88]]],
    3: [_arc(0.45, 0.3, 0.22, 0.2, -150, 90) + _arc(0.45, 0.7, 0.27, 0.2, -90, 150)],
    4: [[[0.35, 0.1], [0.25, 0.55], [0.75, 0.52]], [[0.7, 0.15], [0.65, 0.95]]],
    5: [[[0.75, 0.12], [0.35, 0.12], [0.32, 0.45], *_arc(0.47, 0.65, 0.25, 0.23, -110, 150)]],
    6: [[[0.62, 0.08], [0.42, 0.35], [0.3, 0.65], *_arc(0.48, 0.7, 0.2, 0.2, 180, -180)]],
    7: [[[0.2, 0.15], [0.8, 0.13], [0.45, 0.92]]],
    8: [_arc(0.5, 0.3, 0.18, 0.19, 90, -270) + _arc(0.5, 0.7, 0.22, 0.2, -90, 270)],
    9: [[*_arc(0.5, 0.32, 0.2, 0.2, 0, -360), [0.7, 0.32], [0.66, 0.6], [0.58, 0.95]]],
}
