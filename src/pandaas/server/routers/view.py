"""Addresses that only `pandaas view` has: what is viewed, folders, and what a file says of itself as its record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from pandaas import __version__
from pandaas.server.schemas.datasets import DatasetOut
from pandaas.server.view.asking import View
from pandaas.server.view.listing import Order, listing
from pandaas.server.view.records import version_of
from pandaas.server.view.schemas import FolderOut, StateOut, ViewOut

router = APIRouter(prefix="/api/v1")


@router.get("/view")
def what(view: View) -> ViewOut:
    """What there is to see."""
    roots, only = view.shelf.roots, view.shelf.only
    is_file = only is not None and not only.is_folder
    title = only.name if only else f"{len(roots)} files and folders"
    return ViewOut(title=title, start=only.name if only and is_file else "", is_file=is_file, version=__version__)


@router.get("/view/folder")
def folder(
    view: View,
    address: str = "",
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    words: str = "",
    order: Order = "name",
) -> FolderOut:
    """A part of a folder: folders first, names with numbers in their order, or newest first."""
    found = listing(view.shelf, address, offset=offset, limit=limit, words=words, order=order)
    return FolderOut.model_validate(asdict(found))


@router.get("/view/state")
def state(address: str, view: View) -> StateOut:
    """What an address names, and for a file whether it is still the one whose record was read."""
    place = view.shelf.place(address)
    if place.is_folder:
        return StateOut(kind="folder", version=None)
    return StateOut(kind="file", version=version_of(place.real))


@router.get("/datasets/{pid:path}")
def record(pid: str, view: View) -> DatasetOut:
    """A file as a dataset's record; its identifier is its address."""
    return view.records.record(view.file(pid))
