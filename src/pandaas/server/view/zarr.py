"""Files of `pandaas view` as Zarr stores, below `/zarr/…` and, for programs that can send no key, `/c/{key}/zarr/…`.

The address of the file comes first, then the key in its store: `/zarr/run_7/scan.nxs/entry/data/zarr.json`. Where there is no
such file a chunk is refused, since Zarr libraries take a 404 for a chunk full of the fill value.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pandaas.model import NotAllowed, NotFound, Unavailable
from pandaas.server.services import Asker
from pandaas.server.store import store_answer, store_key
from pandaas.server.view.asking import View
from pandaas.server.view.services import ViewServices

router = APIRouter()


@router.head("/zarr/{where:path}", response_class=Response)
@router.get("/zarr/{where:path}", response_class=Response)
@router.head("/c/{capability}/zarr/{where:path}", response_class=Response)
@router.get("/c/{capability}/zarr/{where:path}", response_class=Response)
def value(where: str, request: Request, view: View, asker: Asker) -> Response:
    """A `zarr.json` document or a chunk of a file. The gate has seen to `capability`."""
    address, key = _split(view, where)
    try:
        return store_answer(view, asker, address, key, request)
    except NotFound as error:
        if error.field == "key" or store_key(key).kind == "metadata":
            raise
        raise Unavailable(error.detail, remedy=error.remedy) from error


def _split(view: ViewServices, where: str) -> tuple[str, str]:
    """The file that an address begins with, and the rest."""
    parts = [part for part in where.split("/") if part]
    for count in range(1, len(parts) + 1):
        address = "/".join(parts[:count])
        try:
            if not view.shelf.place(address).is_folder:
                return address, "/".join(parts[count:])
        except NotFound:
            break
    missing = f"There is no file '{where[:200]}' here."
    if where.endswith((".json", ".zgroup", ".zarray", ".zattrs", ".zmetadata")):
        raise NotFound(missing)
    raise NotAllowed(missing, remedy="Look at its address in the viewer.")
