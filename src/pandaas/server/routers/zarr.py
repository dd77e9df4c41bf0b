"""A dataset as a read-only Zarr store (format 3), by token or cookie below `/zarr/{pid}`, and for programs that can send
neither by an address with its own key, `/c/{capability}/zarr/{pid}`.

`zarr.json` describes groups (with everything below them) and arrays, `…/c/0/1` are chunks, `<image>.ome.zarr` beside an image
its multiscales. A key that the store doesn't have is a 404, which Zarr libraries take for a chunk full of the fill value; so
whoever asks for a chunk of data that are not there, or not there for her (any more), gets a 403 instead.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pandaas.db.tables import PathCapability
from pandaas.model import NotAllowed, NotFound, NotSignedIn, Principal, PrincipalKind, Unavailable
from pandaas.server.schemas.capabilities import CapabilityIn, CapabilityOut, NewCapabilityOut
from pandaas.server.services import READ_ALWAYS, Asker, Platform, RowId, Services, Signed
from pandaas.server.store import store_answer, store_key

router = APIRouter(tags=["zarr"])


@router.head("/zarr/{pid}/{key:path}", include_in_schema=False, response_class=Response)
@router.get("/zarr/{pid}/{key:path}", response_class=Response)
def value(pid: str, key: str, request: Request, platform: Platform, asker: Asker) -> Response:
    """What stands under a key of the dataset's Zarr store: a `zarr.json` document or a chunk."""
    try:
        return store_answer(platform, asker, pid, key, request)
    except NotFound as error:
        if error.field == "key" or store_key(key).kind == "metadata":  # the store is there, but nothing stands under it
            raise
        if _is_readable(platform, asker, pid):
            raise Unavailable(error.detail, remedy=error.remedy) from error
        raise NotAllowed(f"There is no dataset '{pid[:64]}', or you may not read it.") from error


@router.head("/c/{capability}/zarr/{pid}/{key:path}", include_in_schema=False, response_class=Response)
@router.get("/c/{capability}/zarr/{pid}/{key:path}", include_in_schema=False, response_class=Response)
def value_by_capability(capability: str, pid: str, key: str, request: Request, platform: Platform) -> Response:
    """The same for whoever has the address; it works while the person who made it may read the dataset."""
    asker = request.state.principal = platform.identity.principal_of_capability(capability, pid)
    try:
        return value(pid, key, request, platform, asker)
    except (NotFound, NotAllowed, NotSignedIn) as error:
        if error.field == "key" or _is_readable(platform, asker, pid):
            raise
        raise NotAllowed(
            "The person who made this address may not read the dataset any more.", remedy="Ask her, or its team."
        ) from error


@router.get("/api/v1/datasets/{pid}/capabilities", dependencies=[READ_ALWAYS])
def list_capabilities(pid: str, platform: Platform, asker: Signed) -> list[CapabilityOut]:
    """The addresses with a key that you made for this dataset and that still work."""
    return [CapabilityOut(**_shown(row)) for row in platform.identity.capabilities(_herself(asker), pid)]


@router.post("/api/v1/datasets/{pid}/capabilities", status_code=201, dependencies=[READ_ALWAYS])
def create_capability(
    pid: str, platform: Platform, asker: Signed, body: CapabilityIn | None = None
) -> NewCapabilityOut:
    """Make an address by which programs read this dataset for some hours; it is in this answer and nowhere else."""
    person_id = _herself(asker)
    platform.catalogue.files(asker, pid)  # may she read it?
    made, text = platform.identity.create_capability(person_id, pid, (body or CapabilityIn()).hours)
    return NewCapabilityOut(**_shown(made), path=f"/c/{text}/zarr/{pid}")


@router.delete("/api/v1/datasets/{pid}/capabilities/{capability_id}", status_code=204, dependencies=[READ_ALWAYS])
def delete_capability(pid: str, capability_id: RowId, platform: Platform, asker: Signed) -> None:
    """Take an address back; programs that use it are refused at once."""
    platform.identity.delete_capability(_herself(asker), pid, capability_id)


def _is_readable(platform: Services, asker: Principal, pid: str) -> bool:
    try:
        platform.catalogue.files(asker, pid)
    except (NotFound, NotAllowed, NotSignedIn):
        return False
    return True


def _herself(asker: Principal) -> int:
    """The person who signed in. A token can't make addresses: they would outlive it."""
    if asker.kind is not PrincipalKind.PERSON or asker.person_id is None:
        raise NotAllowed(
            "Addresses with a key are made and taken back in the browser.",
            remedy="Sign in there; programs that send headers use the token itself.",
        )
    return asker.person_id


def _shown(row: PathCapability) -> dict[str, object]:
    return {"id": row.id, "created": row.created, "expires": row.expires}
