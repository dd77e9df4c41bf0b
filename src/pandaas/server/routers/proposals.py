"""Proposals, their teams, and instruments."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from pandaas.server.schemas import (
    InstrumentOut,
    InstrumentPageOut,
    MemberIn,
    PersonOut,
    ProposalIn,
    ProposalOut,
    ValidityIn,
    ValidityOut,
)
from pandaas.server.services import Asker, Platform, Signed

router = APIRouter(prefix="/api/v1", tags=["proposals"])


@router.get("/proposals")
def list_proposals(platform: Platform, asker: Asker, mine: bool = False) -> list[ProposalOut]:
    raise NotImplementedError


@router.post("/proposals", status_code=201)
def create_proposal(body: ProposalIn, platform: Platform, asker: Signed) -> ProposalOut:
    raise NotImplementedError


@router.get("/proposals/{name}")
def show_proposal(name: str, platform: Platform, asker: Asker) -> ProposalOut:
    raise NotImplementedError


@router.put("/proposals/{name}/members/{user}")
def set_member(name: str, user: str, body: MemberIn, platform: Platform, asker: Signed) -> ProposalOut:
    raise NotImplementedError


@router.delete("/proposals/{name}/members/{user}")
def remove_member(name: str, user: str, platform: Platform, asker: Signed) -> ProposalOut:
    raise NotImplementedError


@router.get("/people")
def find_people(query: str, platform: Platform, asker: Signed) -> list[PersonOut]:
    raise NotImplementedError


@router.get("/instruments")
def list_instruments(platform: Platform, asker: Asker) -> list[InstrumentOut]:
    raise NotImplementedError


@router.get("/instruments/{name}")
def show_instrument(name: str, platform: Platform, asker: Signed) -> InstrumentPageOut:
    raise NotImplementedError


@router.put("/instruments/{name}/validities")
def set_validity(name: str, body: ValidityIn, platform: Platform, asker: Signed) -> ValidityOut:
    raise NotImplementedError


@router.put("/instruments/{name}/defaults/{recipe}")
def set_defaults(name: str, recipe: str, body: dict[str, Any], platform: Platform, asker: Signed) -> InstrumentPageOut:
    raise NotImplementedError
