"""Settings of sessions that hold for some people or some programs only."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pandaas.config.section import Section


class SessionTimes(Section):
    """How long sessions go on."""

    lifetime_hours: float = Field(12, gt=0, description="How long a session runs unless it is extended, in hours.")
    longest_hours: float = Field(168, gt=0, description="Longest a session runs with all extensions, in hours.")
    idle_hours: float = Field(4, gt=0, description="Without input and computation for so long, a session hibernates.")


class SessionRule(Section):
    """Other times for these roles and these programs; of several rules that fit, the later wins."""

    roles: tuple[Literal["visitor", "instrument_staff", "operator"], ...] = Field(
        (), description="Roles that it holds for; none named: all."
    )
    programs: tuple[str, ...] = Field(
        (), description="Programs that it holds for, as `pandaas app list` names them; none: all."
    )
    lifetime_hours: float | None = Field(None, gt=0, description="In place of `sessions.lifetime_hours`.")
    longest_hours: float | None = Field(None, gt=0, description="In place of `sessions.longest_hours`.")
    idle_hours: float | None = Field(None, gt=0, description="In place of `sessions.idle_hours`.")

    @model_validator(mode="after")
    def _in_order(self) -> SessionRule:
        if self.lifetime_hours and self.longest_hours and self.lifetime_hours > self.longest_hours:
            raise ValueError("lifetime_hours is more than longest_hours")
        return self

    def fits(self, role: str, program: str) -> bool:
        return (not self.roles or role in self.roles) and (not self.programs or program in self.programs)
