"""Settings of the choice between engines."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pandaas.config.section import Section


class EngineRights(Section):
    """Who may use an engine, and how much of it."""

    engine: str = Field(description="Engine this is about, for example slurm.")
    roles: tuple[Literal["visitor", "instrument_staff", "operator"], ...] = Field(
        ("visitor", "instrument_staff", "operator"), description="Roles that may use it."
    )
    core_hours: float | None = Field(
        None, gt=0, description="Core hours that a person may use on it in 30 days. Default: no limit."
    )
    gpu_hours: float | None = Field(
        None,
        gt=0,
        description="GPU hours that a person may use on it in 30 days; then jobs get none. Default: no limit.",
    )


class ChoiceSettings(Section):
    """How the platform chooses where a job runs, unless the person does."""

    large_gb: float = Field(
        100, ge=0, description="Inputs in GB from which an engine beyond this computer is preferred; 0 = never."
    )
    local_gpus: int | None = Field(
        None, ge=0, description="GPUs of this computer that jobs may use; default: those that are found."
    )
    opencl_on_processor: bool = Field(
        False, description="Count OpenCL on the processor (pocl) as a GPU: to try recipes' GPU variants without one."
    )
    rights: tuple[EngineRights, ...] = Field((), description="Who may use which engine; default: everybody, each.")
