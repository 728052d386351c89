"""What is varied is told in a few words, in any unit."""

import pytest

from closeness import close_to
from smtj.chips.conditions import QUANTITIES, grid, parse_vary
from smtj.errors import SmtjError
from smtj.units import Oe


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("temperature=280:360:5", {"temperature": [280.0, 300.0, 320.0, 340.0, 360.0]}),
        ("reads=1,4,expected", {"reads": [1, 4, "expected"]}),
        (
            "temperature=300,reads=1,16,bias_voltage=-100,100 mV",
            {"temperature": [300.0], "reads": [1, 16], "bias_voltage": [-0.1, 0.1]},
        ),
        ("offset_spread=0:4:3 Oe", {"offset_spread": [0.0, 2 * Oe, 4 * Oe]}),
        ("offset_spread=2Oe", {"offset_spread": [2 * Oe]}),
        ("offset_spread=100 A/m", {"offset_spread": [100.0]}),
        ("slope_spread=0.1,0.2", {"slope_spread": [0.1, 0.2]}),
        ("slope_spread=10,20 %", {"slope_spread": [0.1, 0.2]}),
        ("stuck_fraction=0:2:3%", {"stuck_fraction": [0.0, 0.01, 0.02]}),
        ("age=1e3,1e6", {"age": [1e3, 1e6]}),
        ("age=0:60:2", {"age": [0.0, 60.0]}),
        ("age=1,24 h", {"age": [3600.0, 86400.0]}),
    ],
)
def test_lists_and_ranges_with_and_without_units(text: str, expected: dict) -> None:
    found = parse_vary("--vary", text)
    assert list(found) == list(expected)
    for name, values in expected.items():
        assert found[name] == [v if isinstance(v, str) else close_to(v) for v in values]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("slope=1", ['"slope" cannot be varied; choose from slope_spread, ', "temperature"]),
        ("280:360:9", ['--vary is "280:360:9"; give NAME=VALUES']),
        ("temperature=280:360", ["START:STOP:COUNT"]),
        ("temperature=280:360:1", ["a count from 2 to"]),
        ("temperature=1 Oe", ["--vary, temperature: ", "not a temperature"]),
        ("temperature=warm", ["--vary, temperature: "]),
        ("reads=0", ["it must be 1 to 65535"]),
        ("reads=many", ["--vary, reads is 'many'; it must be 1 to 65535"]),
        ("age=1,age=2", ["--vary names age twice"]),
    ],
)
def test_wrong_lists_are_refused_with_what_is_right(text: str, parts: list[str]) -> None:
    with pytest.raises(SmtjError) as caught:
        parse_vary("--vary", text)
    for part in parts:
        assert part in str(caught.value)


def test_a_mapping_is_a_grid_and_several_are_varied_in_turn() -> None:
    both = grid({"temperature": [280.0, 300.0], "reads": [1, 4]})
    assert [tuple(part.values()) for part in both] == [
        (280.0, 1), (280.0, 4), (300.0, 1), (300.0, 4)
    ]  # fmt: skip
    in_turn = grid([{"temperature": [280.0, 300.0]}, {"reads": [1, 4]}])
    assert in_turn == [{"temperature": 280.0}, {"temperature": 300.0}, {"reads": 1}, {"reads": 4}]
    assert grid({}) == grid([]) == [{}]
    with pytest.raises(SmtjError, match="reads has no values"):
        grid({"reads": []})
    with pytest.raises(SmtjError, match="temperature is 'hot'; it must be a number"):
        grid({"temperature": ["hot"]})


def test_every_source_of_a_card_can_be_varied() -> None:
    from smtj.card.operation import Variability

    names = set(Variability.field_names()) - {"magnetic_noise_correlation_time"}
    assert names < set(QUANTITIES)
    assert all(QUANTITIES[name].source for name in names)
    assert QUANTITIES["offset_spread"].format(1000 / 3) == "4.189 Oe"
