"""Everything a request may need, built once per process and handed to the routers by dependency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from pandaas.access import Access
from pandaas.arrays import ArrayService
from pandaas.catalogue import Catalogue
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.identity import Identity
from pandaas.jobs import JobService
from pandaas.model import NotSignedIn, Principal
from pandaas.recipes import RecipeRegistry
from pandaas.runtime import Runtime


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    identity: Identity
    access: Access
    arrays: ArrayService
    catalogue: Catalogue
    runtime: Runtime
    recipes: RecipeRegistry
    jobs: JobService


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def principal(request: Request) -> Principal:
    """Who asks, resolved by the authentication middleware (cookie, bearer token or nobody)."""
    found: Principal = request.state.principal
    return found


def person(request: Request) -> Principal:
    """A signed-in person or her token; others are told to sign in."""
    found = principal(request)
    if not found.signed_in:
        raise NotSignedIn("This needs a sign-in.", remedy="Sign in, or send a token as 'Authorization: Bearer …'.")
    return found


Platform = Annotated[Services, Depends(services)]
Asker = Annotated[Principal, Depends(principal)]
Signed = Annotated[Principal, Depends(person)]
RowId = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of a row; no database takes larger ones.")]
