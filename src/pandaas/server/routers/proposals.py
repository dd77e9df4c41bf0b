"""Proposals, their teams, and instruments."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from pandaas.model import InvalidInput
from pandaas.server import instrument_page, present
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
from pandaas.server.services import READ_ALWAYS, READ_OR_ADMIN, Asker, Platform, Signed

router = APIRouter(prefix="/api/v1", tags=["proposals"], dependencies=[READ_ALWAYS, READ_OR_ADMIN])
_SHORTEST_QUERY = 2


@router.get("/proposals")
def list_proposals(platform: Platform, asker: Asker, mine: bool = False) -> list[ProposalOut]:
    """Those that you may know of, newest first; `mine` only those whose team you belong to."""
    return present.proposals(platform, asker, platform.access.proposals(asker, mine=mine))


@router.post("/proposals", status_code=201)
def create_proposal(body: ProposalIn, platform: Platform, asker: Signed) -> ProposalOut:
    """For operators."""
    platform.access.create_proposal(
        asker,
        body.name,
        body.title,
        type=body.type,
        summary=body.summary,
        instrument=body.instrument,
        start_time=body.start_time,
        end_time=body.end_time,
        release_time=body.release_time,
    )
    return show_proposal(body.name, platform, asker)


@router.get("/proposals/{name}")
def show_proposal(name: str, platform: Platform, asker: Asker) -> ProposalOut:
    return present.proposal(platform, asker, platform.access.proposal(asker, name))


@router.put("/proposals/{name}/members/{user}")
def set_member(name: str, user: str, body: MemberIn, platform: Platform, asker: Signed) -> ProposalOut:
    """Put a person into the team or change her role; for the principal investigator."""
    platform.access.proposal(asker, name)
    person = platform.identity.person_named(user)
    return present.proposal(platform, asker, platform.access.set_member(asker, name, person.id, body.role))


@router.delete("/proposals/{name}/members/{user}")
def remove_member(name: str, user: str, platform: Platform, asker: Signed) -> ProposalOut:
    """Take a person out of the team: its principal investigator does, or the person herself."""
    before = show_proposal(name, platform, asker)
    person = platform.identity.person_named(user)
    platform.access.remove_member(asker, name, person.id)
    if person.id != asker.person_id:
        return show_proposal(name, platform, asker)
    left: dict[str, Any] = {"my_role": None, "may_write": False, "may_manage": False, "members": []}
    return before.model_copy(update={**left, "dataset_count": 0, "last_dataset": None})


@router.get("/people")
def find_people(query: str, platform: Platform, asker: Signed) -> list[PersonOut]:
    """Up to 20 persons by name, user name or affiliation, for putting them into a team."""
    if len(query.strip()) < _SHORTEST_QUERY:
        raise InvalidInput(f"Give at least {_SHORTEST_QUERY} letters of the name.", field="query")
    return [present.person(row) for row in platform.identity.find_people(query)]


@router.get("/instruments")
def list_instruments(platform: Platform, asker: Asker) -> list[InstrumentOut]:
    return instrument_page.instruments(platform, asker)


@router.get("/instruments/{name}")
def show_instrument(name: str, platform: Platform, asker: Signed) -> InstrumentPageOut:
    """For the instrument's staff and operators."""
    return instrument_page.page(platform, asker, name)


@router.put("/instruments/{name}/validities")
def set_validity(name: str, body: ValidityIn, platform: Platform, asker: Signed) -> ValidityOut:
    return present.validity(
        platform.catalogue.set_validity(asker, name, body.dataset, purpose=body.purpose, start=body.start, end=body.end)
    )


@router.put("/instruments/{name}/defaults/{recipe}")
def set_defaults(name: str, recipe: str, body: dict[str, Any], platform: Platform, asker: Signed) -> InstrumentPageOut:
    """The instrument's own default parameters of a recipe; an empty object takes them back."""
    instrument_page.set_defaults(platform, asker, name, recipe, body)
    return instrument_page.page(platform, asker, name)
