"""The h5grove API, so that an unmodified @h5web/app H5GroveProvider works against us; `file` is the pid."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/h5grove", tags=["h5grove"])
