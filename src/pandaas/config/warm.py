"""Settings of the warm pool of the engine `local`."""

from __future__ import annotations

from pydantic import Field

from pandaas.config.section import Section


class WarmSettings(Section):
    """Processes that have imported the codes of a recipe and wait for its jobs; used only inside the sandbox."""

    templates: int = Field(4, ge=0, description="Most waiting processes; 0 starts every job cold.")
    memory_mb: int = Field(2048, ge=64, description="Most memory that they hold together, in MB.")
    idle_s: float = Field(900, gt=0, description="Seconds without a job after which one ends.")
    after: int = Field(
        2, ge=1, description="Jobs of a person, place and recipe within `idle_s` after which one is made."
    )
