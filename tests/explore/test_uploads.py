"""A file on the page is fitted as `smtj fit` does, or rejected in one sentence."""

import pytest

from smtj import DeviceCard
from smtj.card import load_card
from smtj.errors import SmtjError
from smtj.explore.measure_tab import in_page_words
from smtj.explore.upload import MAX_BYTES, SAMPLE, SHOWN, FileResult, examine, sample
from smtj.lab import scan
from smtj.measurement import save
from smtj.physics.device import vcma_point
from smtj.units import convert


@pytest.fixture(scope="module")
def result(card: DeviceCard) -> FileResult:
    return examine(SAMPLE, sample(card, seed=3), card)


def test_the_simulated_trace_gives_the_device_back(card: DeviceCard, result: FileResult) -> None:
    point = vcma_point(card, float(card.electrical.read_voltage))
    dwell = float(point.dwell_times(point.offset_field)[0])
    found = result.fit
    for symbol in ("τ_high", "τ_low"):
        assert abs(found[symbol].value - dwell) < 4 * found[symbol].error
    assert result.segments is not None
    assert result.segments.total == 2000
    assert result.segments.time.shape == result.segments.states.shape == (SHOWN,)
    assert result.pictures == ()


def test_the_card_is_named_after_the_file_and_reads_back(result: FileResult, tmp_path) -> None:
    assert result.card.name == "simulated"
    assert result.card.geometry.activation_volume.provenance == "derived"
    (tmp_path / "a.toml").write_text(result.card.to_toml(), encoding="utf-8")
    assert load_card(tmp_path / "a.toml") == result.card


@pytest.mark.slow
def test_a_scan_gives_a_picture_of_each_part(card: DeviceCard, tmp_path) -> None:
    fields = [convert(h, "Oe", "A/m") for h in (-40, -25, -14, -5, 10)]
    save(scan(card, fields, 300, seed=0), tmp_path / "scan.nc")
    found = examine("my scan.nc", (tmp_path / "scan.nc").read_bytes(), card)
    assert found.segments is None
    assert len(found.pictures) == len(found.fit.each)
    assert found.pictures[0].startswith(b"<?xml")
    assert found.card.name == "my_scan"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("b.csv", b"x,y\n1,2\n", "no column that smtj recognises"),
        ("c.csv", b"time [s],resistance [ohm]\n1,2\n2,abc\n", 'row 3, column "resistance [ohm]"'),
        ("d.csv", b"\x00\xff\xfe" * 100, "not a text file"),
        ("e.nc", b"abc", "e.nc is not a NetCDF 4 file"),
        ("../../f.xlsx", b"PK", "f.xlsx is not an intact Excel workbook"),
        ("C:\\data\\g.csv", b"", "g.csv is empty"),
        ("..", b"x", "has no name"),
        ("h.csv", b"1" * (MAX_BYTES + 1), "h.csv has 20.0 MB, more than the 20 MB"),
    ],
)
def test_an_unusable_file_is_rejected_in_one_sentence(
    card: DeviceCard, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(SmtjError) as caught:
        examine(name, content, card)
    sentence = str(caught.value)
    assert said in sentence
    assert "/tmp" not in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ('give it by interval= (--interval "2 us")', 'give it by --interval "2 us". This page'),
        ("name it by --base (base=)", "name it by --base. This page"),
        ("a card (--base, base=) does not", "a card (--base) does not. This page"),
    ],
)
def test_advice_is_in_the_words_of_the_page(text: str, start: str) -> None:
    assert in_page_words(text).startswith(start)
    assert in_page_words("expected a number, -5") == "expected a number, -5"
