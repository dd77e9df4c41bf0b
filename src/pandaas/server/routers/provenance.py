"""A dataset's making in forms that other programs read."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any, Literal

from fastapi import APIRouter, Query, Request, Response

from pandaas.federation import METADATA, Exports
from pandaas.model import Principal
from pandaas.server.services import READ_OR_WRITE, Asker, Platform, Services

router = APIRouter(prefix="/api/v1/datasets/{pid}", tags=["datasets"], dependencies=[READ_OR_WRITE])


@router.get("/ro-crate", response_model=dict[str, Any])
def ro_crate(
    pid: str,
    request: Request,
    platform: Platform,
    asker: Asker,
    form: Literal["json", "zip"] = Query("json", alias="format"),
) -> Response:
    """The dataset as RO-Crate 1.1, its files by their addresses: the metadata alone, or as a crate in a zip."""
    found = _exports(pid, request, platform, asker).ro_crate(platform.database.clock())
    text = json.dumps(found, ensure_ascii=False, indent=2)
    if form == "json":
        return Response(text, media_type="application/ld+json")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as crate:
        crate.writestr(METADATA, text)
    return Response(packed.getvalue(), media_type="application/zip", headers=_named(f"{pid}-crate.zip"))


@router.get("/prov", response_model=dict[str, Any])
def w3c_prov(pid: str, request: Request, platform: Platform, asker: Asker) -> Response:
    """What it was made from and what was made from it, as W3C PROV-JSON."""
    found = _exports(pid, request, platform, asker).w3c_prov()
    text = json.dumps(found, ensure_ascii=False, indent=2)
    return Response(text, media_type="application/json", headers=_named(f"{pid}-prov.json"))


def _exports(pid: str, request: Request, platform: Services, asker: Principal) -> Exports:
    base = platform.settings.server.public_url or str(request.base_url)
    catalogue = platform.catalogue
    return Exports(
        base.rstrip("/"),
        catalogue.dataset(asker, pid),
        catalogue.provenance(asker, pid),
        catalogue.vocabulary.techniques(),
    )


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
