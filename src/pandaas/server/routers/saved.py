"""What a person keeps: saved searches with alerts and feeds, collections, preferences."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request, Response

from pandaas.catalogue import COLLECTION_PAGE, CollectionView, ColumnSet, Saved, SearchQuery, dimensions
from pandaas.model import Principal
from pandaas.server import archives, feeds, present, present_access
from pandaas.server.schemas import (
    CollectionIn,
    CollectionLinkIn,
    CollectionOut,
    CollectionPatch,
    CollectionReleaseIn,
    CollectionReleaseOut,
    CollectionShareIn,
    ColumnSetOut,
    FeedOut,
    PidsIn,
    PreferencesOut,
    PreferencesPatch,
    SavedSearchIn,
    SavedSearchOut,
    SavedSearchPatch,
    UnitChoice,
)
from pandaas.server.schemas.access import NewLinkOut
from pandaas.server.services import READ_OR_WRITE, Asker, Platform, RowId, Services, Signed

router = APIRouter(tags=["saved"])
_API = "/api/v1"
_KEEP = [READ_OR_WRITE]


@router.get(f"{_API}/saved-searches", dependencies=_KEEP)
def saved_searches(platform: Platform, asker: Signed) -> list[SavedSearchOut]:
    return [_saved(one) for one in platform.catalogue.saved.all(asker)]


@router.post(f"{_API}/saved-searches", status_code=201, dependencies=_KEEP)
def save_search(body: SavedSearchIn, platform: Platform, asker: Signed) -> SavedSearchOut:
    selected = {str(facet): tuple(values) for facet, values in body.selected.items()}
    return _saved(platform.catalogue.saved.save(asker, body.name, SearchQuery(body.q, selected), body.alert))


@router.patch(f"{_API}/saved-searches/{{search_id}}", dependencies=_KEEP)
def change_saved_search(search_id: RowId, body: SavedSearchPatch, platform: Platform, asker: Signed) -> SavedSearchOut:
    return _saved(platform.catalogue.saved.change(asker, search_id, name=body.name, alert=body.alert))


@router.delete(f"{_API}/saved-searches/{{search_id}}", status_code=204, dependencies=_KEEP)
def delete_saved_search(search_id: RowId, platform: Platform, asker: Signed) -> None:
    platform.catalogue.saved.delete(asker, search_id)


@router.post(f"{_API}/saved-searches/{{search_id}}/feed", status_code=201, dependencies=_KEEP)
def open_feed(search_id: RowId, platform: Platform, asker: Signed) -> FeedOut:
    """The address of an Atom feed, shown once; an earlier one ends."""
    return FeedOut(path=f"/c/{platform.catalogue.saved.open_feed(asker, search_id)}/feed.atom")


@router.delete(f"{_API}/saved-searches/{{search_id}}/feed", status_code=204, dependencies=_KEEP)
def close_feed(search_id: RowId, platform: Platform, asker: Signed) -> None:
    platform.catalogue.saved.close_feed(asker, search_id)


@router.get("/c/{capability}/feed.atom", include_in_schema=False, response_class=Response)
def feed(capability: str, request: Request, platform: Platform) -> Response:
    """What the owner of a saved search would find now, newest first, for programs that read feeds."""
    url = base_url(platform, request)
    body = feeds.atom(platform.catalogue.saved.feed(capability), url, f"{url}/c/{capability}/feed.atom")
    return Response(body, media_type="application/atom+xml", headers={"cache-control": "private, no-cache"})


@router.get(f"{_API}/collections", dependencies=_KEEP)
def collections(platform: Platform, asker: Signed) -> list[CollectionOut]:
    """Own ones and those that were shared, without their datasets."""
    return [_collection(one) for one in platform.catalogue.collections.all(asker)]


@router.post(f"{_API}/collections", status_code=201, dependencies=_KEEP)
def create_collection(body: CollectionIn, platform: Platform, asker: Signed) -> CollectionOut:
    return _collection(platform.catalogue.collections.create(asker, body.name, body.datasets, body.description))


@router.get(f"{_API}/collections/{{collection_id}}", dependencies=_KEEP)
def show_collection(
    collection_id: RowId,
    platform: Platform,
    asker: Signed,
    limit: int = Query(COLLECTION_PAGE, ge=0, le=500, description="At most so many of its datasets."),
    offset: int = Query(0, ge=0, le=10_000, description="Leave out so many of those that you may see."),
) -> CollectionOut:
    """Its datasets come in pages."""
    return _collection(platform.catalogue.collections.show(asker, collection_id, limit=limit, offset=offset))


@router.get(f"{_API}/collections/{{collection_id}}/pids", dependencies=_KEEP)
def collection_pids(collection_id: RowId, platform: Platform, asker: Signed) -> list[str]:
    """All its datasets that you may see, in order."""
    return platform.catalogue.collections.pids(asker, collection_id)


@router.patch(f"{_API}/collections/{{collection_id}}", dependencies=_KEEP)
def change_collection(collection_id: RowId, body: CollectionPatch, platform: Platform, asker: Signed) -> CollectionOut:
    made = platform.catalogue.collections.change(asker, collection_id, name=body.name, description=body.description)
    return _collection(made)


@router.delete(f"{_API}/collections/{{collection_id}}", status_code=204, dependencies=_KEEP)
def delete_collection(collection_id: RowId, platform: Platform, asker: Signed) -> None:
    """The datasets stay. Who is not the owner leaves the collection."""
    platform.catalogue.collections.delete(asker, collection_id)


@router.post(f"{_API}/collections/{{collection_id}}/datasets", dependencies=_KEEP)
def add_to_collection(collection_id: RowId, body: PidsIn, platform: Platform, asker: Signed) -> CollectionOut:
    return _collection(platform.catalogue.collections.add(asker, collection_id, body.datasets))


@router.post(f"{_API}/collections/{{collection_id}}/removed", dependencies=_KEEP)
def remove_from_collection(collection_id: RowId, body: PidsIn, platform: Platform, asker: Signed) -> CollectionOut:
    return _collection(platform.catalogue.collections.remove(asker, collection_id, body.datasets))


@router.post(f"{_API}/collections/{{collection_id}}/shares", dependencies=_KEEP)
def share_collection(collection_id: RowId, body: CollectionShareIn, platform: Platform, asker: Signed) -> CollectionOut:
    """Share all its datasets with a person, or none where one of them can't be shared."""
    return _collection(platform.catalogue.collections.share(asker, collection_id, body.user, body.expires))


@router.delete(f"{_API}/collections/{{collection_id}}/shares/{{user}}", dependencies=_KEEP)
def unshare_collection(collection_id: RowId, user: str, platform: Platform, asker: Signed) -> CollectionOut:
    """Take it back, with those of its datasets that you shared with that person; felt by her next request."""
    return _collection(platform.catalogue.collections.unshare(asker, collection_id, user))


@router.post(f"{_API}/collections/{{collection_id}}/links", status_code=201, dependencies=_KEEP)
def link_collection(collection_id: RowId, body: CollectionLinkIn, platform: Platform, asker: Signed) -> NewLinkOut:
    """A reviewer's link to what is in it now; its secret is in this answer and nowhere else."""
    row, secret = platform.catalogue.collections.link(asker, collection_id, body.label, days=body.days)
    return present_access.new_link(platform, asker, row.id, secret)


@router.post(f"{_API}/collections/{{collection_id}}/release-requests", status_code=201, dependencies=_KEEP)
def release_collection(
    collection_id: RowId, body: CollectionReleaseIn, platform: Platform, asker: Signed
) -> CollectionReleaseOut:
    """Ask the staff to open its datasets to everyone on one day; for who leads the proposals of all that are not open."""
    moment = present_access.zoned(body.release_time) or body.release_time
    found = platform.catalogue.collections.ask_release(asker, collection_id, moment, body.reason)
    return CollectionReleaseOut(asked=len(found.asked), open=len(found.open), waiting=len(found.waiting))


@router.get(f"{_API}/collections/{{collection_id}}/download", response_class=Response, dependencies=_KEEP)
def download_collection(collection_id: RowId, request: Request, platform: Platform, asker: Signed) -> Response:
    """All files of its datasets as one ZIP, at most 100 GB."""
    view = platform.catalogue.collections.show(asker, collection_id, limit=0)
    cards = platform.catalogue.cards(asker, platform.catalogue.collections.pids(asker, collection_id))
    return archives.answer(request, platform, asker, view.name, cards)


@router.get(f"{_API}/preferences", dependencies=_KEEP)
def preferences(platform: Platform, asker: Asker) -> PreferencesOut:
    return _preferences(platform, asker)


@router.patch(f"{_API}/preferences", dependencies=_KEEP)
def change_preferences(body: PreferencesPatch, platform: Platform, asker: Signed) -> PreferencesOut:
    kept = platform.catalogue.preferences
    if body.units is not None:
        kept.set_units(asker, body.units)
    if body.columns is not None:
        kept.set_column_sets(asker, [ColumnSet(one.name, tuple(one.columns)) for one in body.columns])
    return _preferences(platform, asker)


def base_url(platform: Services, request: Request) -> str:
    """Where people reach this service."""
    return (platform.settings.server.public_url or str(request.base_url)).rstrip("/")


def _saved(one: Saved) -> SavedSearchOut:
    selected = {facet: list(values) for facet, values in one.query.selected.items()}
    return SavedSearchOut(
        id=one.id, name=one.name, q=one.query.text, selected=selected, alert=one.alert, has_feed=one.has_feed,
        created=one.created,
    )  # fmt: skip


def _collection(view: CollectionView) -> CollectionOut:
    return CollectionOut(
        id=view.id, name=view.name, description=view.description, owner=view.owner, mine=view.mine, count=view.count,
        opened=view.opened, changed=view.changed, datasets=present.cards(view.datasets), readers=list(view.readers),
    )  # fmt: skip


def _preferences(platform: Services, asker: Principal) -> PreferencesOut:
    kept = platform.catalogue.preferences
    chosen = kept.units(asker)
    return PreferencesOut(
        units=[UnitChoice(si_unit=si, units=list(units), chosen=chosen.get(si)) for si, units in dimensions().items()],
        columns=[ColumnSetOut(name=one.name, columns=list(one.columns)) for one in kept.column_sets(asker)],
    )
