"""The card that sliders configure, and its curves, against independent calculations."""

import math

import numpy as np
import pytest

from closeness import close_to
from smtj import DeviceCard, operating_point
from smtj.card import Value, load_card
from smtj.explore import curves
from smtj.explore.controls import (
    ControlValues,
    card_to_save,
    configured_card,
    sliders,
    values_of_card,
)
from smtj.explore.device_tab import DeviceTab
from smtj.explore.numbers import number_rows, time_text
from smtj.lab import spectra
from smtj.physics.free_layer import barrier_against_thickness, boltzmann_occupancy, high_state_is_up
from smtj.units import Oe, convert


def with_laws(card: DeviceCard) -> DeviceCard:
    """Return the card with temperature laws."""
    return card.replace({"thermal.curie_temperature": 900.0})


def values(card: DeviceCard, **changes: float) -> ControlValues:
    return ControlValues(**{**values_of_card(card).__dict__, **changes})


def test_sliders_at_rest_leave_the_card_alone(card: DeviceCard) -> None:
    assert configured_card(card, values_of_card(card)) is card


@pytest.mark.parametrize("voltage", [-0.2, 0.0, 0.15])
@pytest.mark.parametrize("temperature", [250.0, 340.0])
def test_a_configured_card_is_the_device_at_that_temperature(
    card: DeviceCard, voltage: float, temperature: float
) -> None:
    card = with_laws(card)
    there = operating_point(configured_card(card, values(card, temperature=temperature)), voltage)
    expected = operating_point(card, voltage, temperature)
    for name in ("stability_factor", "slope", "offset_field", "saturation_magnetisation"):
        assert getattr(there, name) == close_to(getattr(expected, name), rel=1e-9)


@pytest.mark.parametrize("thickness", [1.5e-9, 1.6e-9, 1.64e-9])
def test_a_configured_card_is_the_device_of_that_thickness(
    card: DeviceCard, thickness: float
) -> None:
    thin = configured_card(card, values(card, thickness=thickness))
    expected = float(barrier_against_thickness(card, thickness))
    assert float(operating_point(thin).barrier) == close_to(expected, rel=1e-9)


def test_changed_values_are_assumed_and_the_rest_keep_their_source(card: DeviceCard) -> None:
    there = card_to_save(
        card, values(card, tilt=0.2, thickness=1.6e-9, voltage=0.1, field_out_of_plane=10 * Oe)
    )
    changed = {name for name, value, _ in there.values() if value.source == "set in the explorer"}
    assert changed == {
        "geometry.free_layer_thickness",
        "geometry.activation_volume",
        "magnetism.interface_anisotropy",
        "magnetism.easy_axis_tilt",
        "vcma.anisotropy_field_per_volt",
        "electrical.read_voltage",
    }
    assert there.magnetism.easy_axis_tilt.provenance == "assumed"
    assert there.geometry.length.same_as(card.geometry.length)
    assert "H⊥ = 10 Oe" in (there.notes or "")


def test_a_saved_card_reads_back_to_the_bit(card: DeviceCard, tmp_path) -> None:
    there = card_to_save(card, values(card, temperature=310.0, tilt=0.1))
    (tmp_path / "a.toml").write_text(there.to_toml(), encoding="utf-8")
    assert load_card(tmp_path / "a.toml") == there


def test_every_end_of_a_slider_makes_a_valid_device(card: DeviceCard) -> None:
    for control in sliders(card):
        assert control.start <= control.value <= control.end
        for value in (control.start, control.end):
            unit = control.unit.replace("°", "deg")
            changed = {control.name: convert(value, unit, control.si_unit)}
            seen = curves.view(card, values(card, **changed), np.array([0.0, 100.0]), 0.2, 5)
            assert 0 <= seen.present.probability <= 1


def test_the_self_consistent_curve_is_the_boltzmann_integral(card: DeviceCard) -> None:
    fields = np.linspace(-60, 30, 7) * Oe
    model = curves.by_model(card)["self-consistent"]
    found = curves.probability(model, values(card, voltage=0.1), fields)
    exact, _ = boltzmann_occupancy(card, 0.0, 0.0, fields, 0.1)
    # Eq. 5 is the tangent of the exact log-odds at the midpoint.
    assert np.abs(found - exact).max() < 0.02


def test_slopes_are_those_of_the_operating_points(card: DeviceCard) -> None:
    for model in curves.by_model(card).values():
        found = curves.slopes(model, 0.0, 0.2, 9)
        expected = operating_point(model, np.linspace(-0.2, 0.2, 9)).slope
        assert found == close_to(np.asarray(expected), rel=1e-4)


def test_the_landscape_has_its_wells_and_the_barrier_of_the_macrospin(card: DeviceCard) -> None:
    upright = card.replace({"magnetism.easy_axis_tilt": 0.0, "magnetism.in_plane_bias_field": 0.0})
    at_rest = values(upright, voltage=0.0)
    valley = curves.landscape(upright, at_rest, 721)
    assert valley.well_energy == close_to([0.0, 0.0], abs=1e-9)
    order = [0.0, math.pi] if high_state_is_up(upright) else [math.pi, 0.0]
    assert valley.well_angle == close_to(order, abs=1e-6)
    delta = float(operating_point(upright, 0.0).stability_factor)
    assert valley.energy.max() == close_to(delta, rel=1e-6)


def test_wells_are_the_lowest_points_of_their_side(card: DeviceCard) -> None:
    valley = curves.landscape(card, values(card, field_in_plane=80 * Oe), 1441)
    for angle, energy in zip(valley.well_angle, valley.well_energy, strict=True):
        near = np.abs(valley.angle - angle) < 0.5
        assert valley.energy[near].min() == close_to(energy, abs=1e-3)


def test_the_spectrum_is_the_one_that_the_lab_measures(card: DeviceCard) -> None:
    there = values(card, field_in_plane=-110 * Oe, voltage=0.1)
    found = curves.spectrum(card, there)
    data = spectra(card, [there.field_in_plane], [0.1], found.frequency)
    measured = data["signal"].values[0, 0]
    assert found.total == close_to(measured, rel=1e-9)
    assert found.high + found.low == close_to(found.total)


def test_a_card_without_effective_field_uses_its_anisotropy_field(card: DeviceCard) -> None:
    bare = card.replace(
        {"switching.model": "self-consistent", "switching.effective_anisotropy_field": None}
    )
    field = curves.by_model(bare)["cai2019"].switching.effective_anisotropy_field
    assert isinstance(field, Value)
    assert field == close_to(convert(56, "mT", "A/m"), rel=1e-3)


def test_numbers_are_those_of_the_card(card: DeviceCard) -> None:
    here = values(card, voltage=0.0)
    seen = curves.view(card, here, np.array([0.0]), 0.2, 5)
    rows = {
        row.symbol: row.value for row in number_rows(seen.card, here, seen.present, seen.spectrum)
    }
    point = operating_point(card, 0.0)
    assert rows["E_b/k_BT"] == f"{point.stability_factor:.2f}"
    assert rows["w"] == f"{float(point.slope) * Oe:.4g} 1/Oe"
    assert rows["H_k,eff"] == "560 Oe"
    assert rows["H_s"] == "−13.87 Oe"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5e-9, "2.5 ns"), (0.105, "105 ms"), (7.0, "7 s"), (3.2e7, "1.01 years")],
)
def test_times_print_in_a_suitable_unit(seconds: float, text: str) -> None:
    assert time_text(math.log(seconds)) == text


def test_times_beyond_a_float_print_as_powers() -> None:
    assert time_text(2000.0) == f"10^{(2000 - math.log(365.25 * 86400)) / math.log(10):.1f} years"


def test_the_page_says_where_two_states_end_and_what_was_set(card: DeviceCard) -> None:
    tab = DeviceTab(card, 0)
    titles: list[str] = []
    tab.on_update = lambda: titles.append(tab.title())
    assert tab.message.object == "" and tab.title() == card.title
    # Eq. 6 leaves no barrier in this field, where the landscape has one valley of 100 k_BT.
    tab.change({"field_in_plane": 500.0})
    assert tab.now.stability_factor == 0 and max(tab.sources["energy"].data["y"]) > 100
    assert "no barrier holds two states apart" in tab.message.object
    assert titles == [f"{card.title}; In-plane field H∥ = 500\u202fOe"]
    tab.change({"field_in_plane": -500.0})
    assert tab.now.stability_factor > 1
    assert "Only the low state has a well here" in tab.message.object
    tab.change({"field_in_plane": 0.0, "voltage": -100.5})
    assert tab.message.object == "" and titles[-1].endswith("; Bias voltage V = −101\u202fmV")
