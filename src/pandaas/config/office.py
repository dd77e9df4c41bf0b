"""Settings of the import of people and proposals."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from pandaas.config.section import Section


class OfficeSettings(Section):
    """One user office."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,40}$", description="Short name of the feed.")
    path: Path | None = Field(None, description="JSON file, or folder with CSV files.")
    url: str | None = Field(None, description="Address that answers with the same JSON, instead.")
    token_file: Path | None = Field(None, description="File with the bearer token for that address.")
    every_minutes: float | None = Field(
        None, gt=0, description="How often it is imported, in minutes. Default: only when an operator says so."
    )
    max_removals_percent: float = Field(
        10,
        ge=0,
        le=100,
        description="Most memberships, staff and beam times one import may take away unasked, in percent (at least five).",
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> OfficeSettings:
        if (self.path is None) == (self.url is None):
            raise ValueError("it needs either a path or a url")
        return self
