"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


def _extra(
    group: str, order: int, unit: str = "", source: list[str] | None = None, advanced: bool = False
) -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    if source:
        extra["from"] = source
    return extra


_GEOMETRY = ("distance", "pixel_size_x", "beam_center_x", "beam_center_y")


def _needed() -> list[dict[str, Any]]:
    """What tells the geometry, by where it shall come from; the server refuses what is nowhere before it queues a job."""
    told = {
        "auto": ["data", "input:calibration", "beside:*.poni"],
        "calibration": ["input:calibration"],
        "file": ["data"],
        "form": [],
    }
    rules: list[dict[str, Any]] = [{"input": "calibration", "when": {"geometry_source": ["calibration"]}}]
    for source, places in told.items():
        for field in (*_GEOMETRY, "wavelength"):
            other = ["pixel_size_y"] if field == "pixel_size_x" else []
            when = {"geometry_source": [source]} | ({"unit": ["q_nm^-1", "q_A^-1"]} if field == "wavelength" else {})
            rules.append({"field": field, "or": [*other, *places], "when": when})
    return rules


class Parameters(BaseModel):
    """Azimuthal integration with pyFAI."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "x-ordered": [
                ["radial_min", "<", "radial_max"],
                ["azimuth_min", "<", "azimuth_max"],
                ["minimum_counts", "<", "maximum_counts"],
                ["first_frame", "<=", "last_frame"],
            ],
            "x-together": [["azimuth_min", "azimuth_max"], ["calibration_factor", "sample_thickness"]],
            "x-needed": _needed(),
        },
    )

    # --- result ---------------------------------------------------------------------------------------------------
    unit: Literal["q_nm^-1", "q_A^-1", "2th_deg", "r_mm"] = Field(
        "q_nm^-1",
        title="Radial unit",
        description="Scattering vector q in 1/nm or 1/Å, scattering angle 2θ in degrees, or radius on the detector in mm.",
        json_schema_extra=_extra("Result", 10),
    )
    npt: int = Field(
        1000,
        ge=10,
        le=20000,
        title="Bins",
        description="Number of points of each curve.",
        json_schema_extra=_extra("Result", 11),
    )
    radial_min: float | None = Field(
        None,
        ge=0,
        le=10_000,
        title="From",
        description="Lower end of the radial range, in the radial unit. Empty: where the detector begins.",
        json_schema_extra=_extra("Result", 12),
    )
    radial_max: float | None = Field(
        None,
        gt=0,
        le=10_000,
        title="To",
        description="Upper end of the radial range, in the radial unit. Empty: where the detector ends.",
        json_schema_extra=_extra("Result", 13),
    )
    azimuth_min: float | None = Field(
        None,
        ge=-180,
        le=180,
        title="Sector from",
        description="Integrate a sector only: its first azimuth χ. 0° points along the columns (to the right), 90° along the rows.",
        json_schema_extra=_extra("Result", 14, "deg", advanced=True),
    )
    azimuth_max: float | None = Field(
        None,
        ge=-180,
        le=180,
        title="Sector to",
        description="The sector's last azimuth χ.",
        json_schema_extra=_extra("Result", 15, "deg", advanced=True),
    )
    cake: bool = Field(
        False,
        title="Map of radius and azimuth",
        description="Also integrate to a two-dimensional map of all frames together, which shows texture and tilt.",
        json_schema_extra=_extra("Result", 16),
    )
    cake_azimuth_bins: int = Field(
        360,
        ge=4,
        le=3600,
        title="Azimuth bins",
        description="Number of azimuthal bins of the map.",
        json_schema_extra=_extra("Result", 17, advanced=True),
    )

    # --- frames ---------------------------------------------------------------------------------------------------
    first_frame: int = Field(
        0,
        ge=0,
        le=100_000_000,
        title="First frame",
        description="Number of the first frame; 0 is the first.",
        json_schema_extra=_extra("Frames", 20),
    )
    last_frame: int | None = Field(
        None,
        ge=0,
        le=100_000_000,
        title="Last frame",
        description="Number of the last frame. Empty: all.",
        json_schema_extra=_extra("Frames", 21),
    )
    every: int = Field(
        1,
        ge=1,
        le=1_000_000,
        title="Every n-th frame",
        description="1 takes all, 10 each tenth.",
        json_schema_extra=_extra("Frames", 22, advanced=True),
    )
    array: str | None = Field(
        None,
        title="Array",
        description="Inner path of the images inside the file. Empty: the dataset's default array.",
        json_schema_extra=_extra("Frames", 23, advanced=True),
    )

    # --- geometry -------------------------------------------------------------------------------------------------
    geometry_source: Literal["auto", "calibration", "file", "form"] = Field(
        "auto",
        title="Geometry from",
        description=(
            "Automatic takes, in this order: values you changed here, the calibration, a PONI file that belongs to the"
            " dataset, the file's own metadata. 'form' takes only the values below."
        ),
        json_schema_extra=_extra("Geometry", 30),
    )
    distance: float | None = Field(
        None,
        gt=0,
        le=200_000,
        title="Sample to detector",
        description="Distance from the sample to the detector along the beam.",
        json_schema_extra=_extra("Geometry", 31, "mm", ["detector_distance", "distance", "sample_detector_distance"]),
    )
    beam_center_x: float | None = Field(
        None,
        ge=-100_000,
        le=100_000,
        title="Beam centre, column",
        description="Where the direct beam meets the detector, counted in pixels from the image's first column.",
        json_schema_extra=_extra("Geometry", 32, "pixel", ["beam_center_x"]),
    )
    beam_center_y: float | None = Field(
        None,
        ge=-100_000,
        le=100_000,
        title="Beam centre, row",
        description="Where the direct beam meets the detector, counted in pixels from the image's first row.",
        json_schema_extra=_extra("Geometry", 33, "pixel", ["beam_center_y"]),
    )
    wavelength: float | None = Field(
        None,
        gt=0,
        le=100,
        title="Wavelength",
        description="Wavelength of the radiation.",
        json_schema_extra=_extra("Geometry", 34, "angstrom", ["wavelength", "incident_wavelength", "photon_energy"]),
    )
    pixel_size_x: float | None = Field(
        None,
        gt=0,
        le=100_000,
        title="Pixel width",
        description="Size of a pixel along the columns' direction.",
        json_schema_extra=_extra("Geometry", 35, "um", ["x_pixel_size", "pixel_size_x"], advanced=True),
    )
    pixel_size_y: float | None = Field(
        None,
        gt=0,
        le=100_000,
        title="Pixel height",
        description="Size of a pixel along the rows' direction.",
        json_schema_extra=_extra("Geometry", 36, "um", ["y_pixel_size", "pixel_size_y"], advanced=True),
    )
    tilt: float | None = Field(
        None,
        gt=-90,
        lt=90,
        title="Tilt",
        description="Tilt of the detector against the plane across the beam (Fit2D's definition).",
        json_schema_extra=_extra("Geometry", 37, "deg", advanced=True),
    )
    tilt_rotation: float | None = Field(
        None,
        ge=-360,
        le=360,
        title="Tilt plane rotation",
        description="Direction of the tilt (Fit2D's definition).",
        json_schema_extra=_extra("Geometry", 38, "deg", advanced=True),
    )
    orientation: Literal["as_stored", "flip_vertical", "flip_horizontal", "rotate_180"] = Field(
        "as_stored",
        title="Image orientation",
        description=(
            "How the stored image must be turned before the geometry applies. A wrong choice gives smeared rings; the run"
            " warns when another one fits clearly better. Masks and the beam centre's pixels are turned with the image"
            " where they were drawn on it."
        ),
        json_schema_extra=_extra("Geometry", 39),
    )
    calibrant: str | None = Field(
        None,
        title="Calibrant",
        description="If the sample is a calibrant (CeO2, LaB6, AgBh, Si …), its ring positions are checked.",
        json_schema_extra=_extra("Geometry", 40, advanced=True),
    )

    # --- corrections ----------------------------------------------------------------------------------------------
    solid_angle: bool = Field(
        True,
        title="Solid angle correction",
        description="Divide by the solid angle that each pixel covers.",
        json_schema_extra=_extra("Corrections", 50),
    )
    polarization: float | None = Field(
        None,
        ge=-1,
        le=1,
        title="Polarization",
        description="Polarization factor: 1 for a horizontally polarised beam (undulators 0.95 to 0.99). Empty: no correction.",
        json_schema_extra=_extra("Corrections", 51),
    )
    background_scale: float = Field(
        1.0,
        ge=0,
        le=1e6,
        title="Background scale",
        description="The background is multiplied by this before it is subtracted.",
        json_schema_extra=_extra("Corrections", 52),
    )
    normalization: float = Field(
        1.0,
        gt=0,
        le=1e15,
        title="Divide by",
        description="Counts are divided by this number: exposure time × transmission × thickness, for example.",
        json_schema_extra=_extra("Corrections", 53, advanced=True),
    )
    transmission: float = Field(
        1.0,
        gt=0,
        le=1,
        title="Transmission",
        description="Share of the beam that the sample lets through; its counts are divided by it.",
        json_schema_extra=_extra("Corrections", 60),
    )
    background_transmission: float = Field(
        1.0,
        gt=0,
        le=1,
        title="Transmission of the background",
        description="Share of the beam that the background's sample lets through.",
        json_schema_extra=_extra("Corrections", 61),
    )
    calibration_factor: float | None = Field(
        None,
        gt=0,
        le=1e15,
        title="Absolute scale",
        description=(
            "Factor to a cross section per volume in 1/cm, found with a standard such as water or glassy carbon measured"
            " and integrated in the same way. Empty: the intensity stays in counts."
        ),
        json_schema_extra=_extra("Corrections", 62),
    )
    sample_thickness: float | None = Field(
        None,
        gt=0,
        le=1000,
        title="Thickness of the sample",
        description="Needed for the absolute scale; the intensity is divided by it.",
        json_schema_extra=_extra("Corrections", 63, "mm"),
    )
    monitor: str | None = Field(
        None,
        title="Monitor",
        description="Inner path of an array with one beam monitor reading per frame; frames are divided by it (mean 1).",
        json_schema_extra=_extra("Corrections", 54, advanced=True),
    )
    error_model: Literal["poisson", "azimuthal", "none"] = Field(
        "poisson",
        title="Uncertainties",
        description=(
            "'poisson': counting statistics; 'azimuthal': from the scatter of the pixels in a bin (for detectors that"
            " don't count photons); 'none'."
        ),
        json_schema_extra=_extra("Corrections", 55),
    )
    splitting: Literal["no", "bbox", "full"] = Field(
        "bbox",
        title="Pixel splitting",
        description=(
            "'bbox' and 'full' share a pixel among the bins that it covers: right ring shapes also where bins are finer than"
            " pixels. 'no' gives each pixel to one bin: about a tenth faster, and neighbouring bins are independent."
        ),
        json_schema_extra=_extra("Corrections", 56, advanced=True),
    )

    # --- mask -----------------------------------------------------------------------------------------------------
    use_file_mask: bool = Field(
        True,
        title="Use the file's mask",
        description="Leave out the pixels that the file's own pixel mask marks, and the gaps of a known detector.",
        json_schema_extra=_extra("Mask", 60, advanced=True),
    )
    minimum_counts: float | None = Field(
        None,
        ge=-1e12,
        le=1e12,
        title="Lowest valid counts",
        description="Pixels below this are left out, frame by frame. Detector sentinels are always left out.",
        json_schema_extra=_extra("Mask", 61, advanced=True),
    )
    maximum_counts: float | None = Field(
        None,
        ge=-1e12,
        le=1e12,
        title="Highest valid counts",
        description="Pixels above this (saturated, hot) are left out, frame by frame.",
        json_schema_extra=_extra("Mask", 62, advanced=True),
    )

    @model_validator(mode="after")
    def _ranges(self) -> Parameters:
        for low, high in (
            ("radial_min", "radial_max"),
            ("azimuth_min", "azimuth_max"),
            ("minimum_counts", "maximum_counts"),
            ("first_frame", "last_frame"),
        ):
            first, last = getattr(self, low), getattr(self, high)
            if first is not None and last is not None and (last < first or (last == first and low != "first_frame")):
                raise ValueError(f"{high} must be larger than {low}")
        if (self.azimuth_min is None) != (self.azimuth_max is None):
            raise ValueError("a sector needs both azimuth_min and azimuth_max")
        if (self.calibration_factor is None) != (self.sample_thickness is None):
            raise ValueError("an absolute scale needs both calibration_factor and sample_thickness")
        return self
