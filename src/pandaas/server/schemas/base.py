"""What all answers and requests share, and the form of errors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Out(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


class In(BaseModel):
    """A request; unknown fields are errors that name the field."""

    model_config = ConfigDict(extra="forbid")


class Problem(Out):
    """RFC 9457 problem details, `application/problem+json`."""

    type: str = Field(description="Stable kind, e.g. 'urn:pandaas:not-found'.")
    title: str
    status: int
    detail: str = Field(description="What happened, naming the thing and the reason.")
    remedy: str | None = Field(None, description="What to do next.")
    field: str | None = Field(None, description="The input at fault.")
    request_id: str = ""
