"""Addresses that carry their own key."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from pandaas.server.schemas.base import In, Out


class CapabilityIn(In):
    hours: float = Field(8, gt=0, le=24, description="How long the address works.")


class CapabilityOut(Out):
    """An address by which programs read this dataset without a token."""

    id: int
    created: datetime
    expires: datetime


class NewCapabilityOut(CapabilityOut):
    path: str = Field(description="The Zarr address below this server's own: '/c/…/zarr/<pid>'. Shown once.")
