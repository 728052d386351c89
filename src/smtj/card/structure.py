"""The sections of a card on geometry and magnetism.

Axes: z is the film normal and x the long axis of the ellipse.  Values are SI inside.
"""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from smtj.card.consistency import ellipse_volume
from smtj.card.quantity import Quantity
from smtj.card.section import Section, broken_rule, default
from smtj.card.value import Value

ROUNDING = 1e-3
"""By how much of itself a value that is rounded by its error may exceed its limit."""


class Geometry(Section):
    """The free layer is an elliptic cylinder; leave all three demagnetising factors out to have
    them derived from the ellipse, or give all three."""

    shape: Annotated[Literal["ellipse"], Field(description="outline of the pillar")]
    length: Annotated[Value, Quantity("m", "nm", 210, "long axis of the ellipse (x)", above=0)]
    width: Annotated[Value, Quantity("m", "nm", 60, "short axis of the ellipse (y)", above=0)]
    free_layer_thickness: Annotated[
        Value, Quantity("m", "nm", 1.62, "free layer thickness t", above=0)
    ]
    tunnel_barrier_thickness: Annotated[
        Value, Quantity("m", "nm", 0.8, "MgO barrier thickness t_MgO", above=0)
    ]
    activation_volume: Annotated[
        Value,
        Quantity(
            "m^3",
            "nm^3",
            3254,
            "volume V* that reverses at once; at most that of the free layer",
            above=0,
        ),
    ]
    demagnetising_factor_x: Annotated[
        Value | None, Quantity("", "", 0.01, "along the long axis", at_least=0, at_most=1)
    ] = None
    demagnetising_factor_y: Annotated[
        Value | None, Quantity("", "", 0.05, "along the short axis", at_least=0, at_most=1)
    ] = None
    demagnetising_factor_z: Annotated[
        Value | None, Quantity("", "", 0.94, "along the normal", at_least=0, at_most=1)
    ] = None

    @model_validator(mode="after")
    def _shape_is_possible(self) -> Self:
        if self.length < self.width:
            raise broken_rule(
                f"geometry.length ({self.shown('length')}) is less than geometry.width "
                f"({self.shown('width')}); length is the long axis, so swap the two"
            )
        volume = ellipse_volume(self.length, self.width, self.free_layer_thickness)
        # Room for rounding by its error, so that V* may be given as the whole volume.
        limit = self.quantities()["activation_volume"].text(volume, 6)
        if self.activation_volume > volume * (1 + ROUNDING):
            raise broken_rule(
                "geometry.activation_volume "
                f"({self.shown('activation_volume')}) exceeds the free "
                f"layer's volume; it must be at most {limit}"
            )
        return self

    @model_validator(mode="after")
    def _demagnetisation_is_possible(self) -> Self:
        factors = (
            self.demagnetising_factor_x,
            self.demagnetising_factor_y,
            self.demagnetising_factor_z,
        )
        given = [factor for factor in factors if factor is not None]
        if 0 < len(given) < 3:
            raise broken_rule(
                f"geometry has {len(given)} of the three demagnetising factors; give "
                "demagnetising_factor_x, _y and _z, or none to have them derived"
            )
        if given and abs(sum(given) - 1) > 1e-3:
            raise broken_rule(
                f"geometry.demagnetising_factor_x, _y and _z add up to {sum(given):.6g}; "
                "they must add up to 1"
            )
        return self


class Magnetism(Section):
    """Give interface_anisotropy or anisotropy_field or both; a positive anisotropy_field means
    an easy axis along the film normal, a negative one an easy axis along x."""

    saturation_magnetisation: Annotated[
        Value, Quantity("A/m", "kA/m", 1180, "M_s at the card's temperature", above=0)
    ]
    interface_anisotropy: Annotated[
        Value | None, Quantity("J/m^2", "mJ/m^2", 1.37, "K_i of the free layer's MgO interface")
    ] = None
    anisotropy_field: Annotated[
        Value | None,
        Quantity(
            "A/m", "mT", 56, "H_K1 at zero bias, demagnetisation subtracted; negative = in plane"
        ),
    ] = None
    second_order_anisotropy_field: Annotated[
        Value, Quantity("A/m", "mT", 0, "H_K2, as in Eq. 7 of cai2019")
    ] = default(0.0)
    in_plane_anisotropy_field: Annotated[
        Value, Quantity("A/m", "mT", 0, "shape anisotropy in the plane, along x", at_least=0)
    ]
    easy_axis: Annotated[
        Literal["derived", "normal", "in-plane"],
        Field(
            description="where the two states lie: along the normal (tilted by easy_axis_tilt), "
            "across it in the plane of x and z, or derived from the anisotropy"
        ),
    ] = "derived"
    in_plane_bias_field: Annotated[
        Value, Quantity("A/m", "mT", 8.76, "H_in from the reference layer, + is along +x")
    ]
    easy_axis_tilt: Annotated[
        Value,
        Quantity(
            "rad",
            "deg",
            9,
            "tilt of the easy axis from the normal towards +x",
            at_least=0,
            below=math.pi / 2,
        ),
    ]
    reference_layer_angle: Annotated[
        Value,
        Quantity(
            "rad", "deg", 180, "direction of the reference layer in the plane, counted from +x"
        ),
    ]
    reference_layer_polar_angle: Annotated[
        Value,
        Quantity(
            "rad",
            "deg",
            90,
            "angle of the reference layer from the normal; 90 deg lies in the plane",
            at_least=0,
            at_most=math.pi,
        ),
    ] = default(math.pi / 2)
    damping: Annotated[Value, Quantity("", "", 0.02, "Gilbert damping", above=0, at_most=1)]

    @model_validator(mode="after")
    def _anisotropy_is_given(self) -> Self:
        if self.interface_anisotropy is None and self.anisotropy_field is None:
            raise broken_rule(
                "magnetism.anisotropy_field is missing, and so is magnetism.interface_anisotropy; "
                'give one, e.g. anisotropy_field = { value = "56 mT", provenance = "measured" }'
            )
        return self


class Vcma(Section):
    """Voltage-controlled magnetic anisotropy: give coefficient or anisotropy_field_per_volt or
    both; positive means that a positive voltage lowers the perpendicular anisotropy."""

    coefficient: Annotated[
        Value | None,
        Quantity("J/(V m)", "fJ/(V m)", 26, "ξ, anisotropy energy per area and electric field"),
    ] = None
    anisotropy_field_per_volt: Annotated[
        Value | None, Quantity("A/m/V", "mT/V", 34, "-dH_K1/dV; the same as ξ, as a field")
    ] = None
    anisotropy_field_per_volt_squared: Annotated[
        Value | None,
        Quantity("A/m/V^2", "mT/V^2", 5, "even part: H_K1 falls by this times V², of either sign"),
    ] = None

    @model_validator(mode="after")
    def _something_is_given(self) -> Self:
        if self.coefficient is None and self.anisotropy_field_per_volt is None:
            raise broken_rule(
                "vcma.coefficient is missing, and so is vcma.anisotropy_field_per_volt; give one, "
                'e.g. coefficient = { value = "26 fJ/(V m)", provenance = "measured" }'
            )
        return self


class SpinTorque(Section):
    """Optional; leave it out if the torque of the current is negligible."""

    polarisation: Annotated[
        Value, Quantity("", "", 0.6, "spin polarisation of the current", at_least=0, at_most=1)
    ]
    damping_like_field_per_volt: Annotated[
        Value | None, Quantity("A/m/V", "mT/V", 10, "damping-like torque as a field")
    ] = None
    field_like_field_per_volt: Annotated[
        Value | None, Quantity("A/m/V", "mT/V", 3, "field-like torque as a field")
    ] = None
