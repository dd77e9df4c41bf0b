"""Saved chains: versions, who may see and change them, and those that come with the platform.

A chain is private to its owner, shared with a proposal's team, or published: instrument staff and operators may do that.
Every save makes a version; versions are never changed, so that a run says exactly what it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import structlog
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, defer

from pandaas.access import Access
from pandaas.chains.checking import Connection, Finding, check, connections, require_sound
from pandaas.chains.definition import ChainDefinition, definition_of, read_chain
from pandaas.db import Database, append
from pandaas.db.tables import Chain, ChainVersion, Person, Proposal
from pandaas.model import (
    Action,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PandaasError,
    Principal,
    PrincipalKind,
    Role,
    Scope,
    check_pid,
    new_pid,
)
from pandaas.recipes import RecipeRegistry

log = structlog.get_logger(__name__)
Sharing = Literal["private", "team", "published"]
_MOST = 200  # of one person
_MOST_VERSIONS = 500


@dataclass(frozen=True)
class SavedChain:
    """A version of a chain as a person may see it. `owner` is empty where it came with the platform."""

    chain: Chain
    number: int
    definition: ChainDefinition
    owner: str
    proposal: str | None
    may_change: bool


class Library:
    """See the module."""

    def __init__(self, database: Database, access: Access, recipes: RecipeRegistry) -> None:
        self._database = database
        self._access = access
        self._recipes = recipes

    def check(self, definition: ChainDefinition) -> list[Finding]:
        return check(definition, self._recipes.get)

    def check_draft(self, tree: Any) -> list[Finding]:
        """As `check`, of a tree that may not even be a chain yet: what is wrong with its shape is a finding too."""
        try:
            return self.check(definition_of(tree))
        except InvalidInput as error:
            field = error.field or "chain"
            parts = field.split(".")
            step = parts[1] if parts[0] == "steps" and len(parts) > 1 else None
            return [Finding(step, field, error.detail, error.remedy or "Correct it.")]

    def connections(self) -> tuple[list[Connection], list[str]]:
        """Which recipe's result can be which input of another, and the recipes that don't say what they make."""
        recipes = self._recipes.manifests()
        return connections(recipes), [one.manifest.id for one in recipes if not one.manifest.outputs]

    def chains(self, principal: Principal, *, limit: int = 100, offset: int = 0) -> list[SavedChain]:
        """A page of those this principal may use, by title."""
        query = (
            select(Chain, ChainVersion, Person.name, Proposal.name)
            .join(ChainVersion, (ChainVersion.chain_id == Chain.id) & (ChainVersion.number == Chain.number))
            .outerjoin(Person, Person.id == Chain.owner_id)
            .outerjoin(Proposal, Proposal.id == Chain.proposal_id)
            .where(Chain.removed.is_(None), self._seen(principal))
            .order_by(Chain.title, Chain.id)
            .limit(limit)
            .offset(offset)
        )
        with self._database.read() as session:
            rows = list(session.execute(query))
        return [
            SavedChain(
                chain,
                version.number,
                definition_of(version.definition),
                owner or "",
                place,
                self._may_change(principal, chain),
            )
            for chain, version, owner, place in rows
        ]

    def chain(self, principal: Principal, chain_id: str, number: int | None = None) -> SavedChain:
        """One of them, the current version or the given one; `NotFound` where she may not see it."""
        with self._database.read() as session:
            query = select(Chain).where(Chain.id == check_pid(chain_id), Chain.removed.is_(None), self._seen(principal))
            chain = session.scalars(query).first()
            version = session.get(ChainVersion, (chain_id, number or chain.number)) if chain is not None else None
            if chain is None or version is None:
                which = f"'{chain_id}'" + (f" in version {number}" if number and chain is not None else "")
                raise NotFound(
                    f"There is no chain {which}, or you may not see it.",
                    remedy="See `pandaas chain list`.",
                    field="chain",
                )
            owner = session.get(Person, chain.owner_id) if chain.owner_id else None
            place = session.get(Proposal, chain.proposal_id) if chain.proposal_id else None
        return SavedChain(
            chain,
            version.number,
            definition_of(version.definition),
            owner.name if owner else "",
            place.name if place else None,
            self._may_change(principal, chain),
        )

    def versions(self, principal: Principal, chain_id: str) -> list[ChainVersion]:
        """The latest of a chain, at most 500, the newest first; their definitions are not loaded."""
        self.chain(principal, chain_id)
        query = select(ChainVersion).where(ChainVersion.chain_id == chain_id).order_by(ChainVersion.number.desc())
        with self._database.read() as session:
            return list(session.scalars(query.options(defer(ChainVersion.definition)).limit(_MOST_VERSIONS)))

    def save(self, principal: Principal, definition: ChainDefinition, chain_id: str | None = None) -> str:
        """Keep a new chain, or a new version of one's own; its id. It must be sound: errors name step and field.

        Saving what is saved already makes no new version.
        """
        _need_write(principal)
        require_sound(definition, self._recipes.get)
        if chain_id is None:
            return self._create(principal, definition)
        chain = self._own(principal, chain_id)
        self._add_version(chain.id, definition, principal.person_id)
        return chain_id

    def share(self, principal: Principal, chain_id: str, sharing: Sharing, proposal: str | None = None) -> SavedChain:
        """Say who may use the chain: only its owner, the team of `proposal`, or everybody who signs in."""
        _need_write(principal)
        chain = self._own(principal, chain_id)
        place = None
        if sharing == "team":
            if proposal is None:
                raise InvalidInput("Whose team?", remedy="Name the proposal.", field="proposal")
            view = self._access.proposal(principal, proposal)
            if not view.may_write:
                raise NotAllowed(f"You are not in the team of '{proposal}'.", remedy="Choose one of your proposals.")
            place = view.proposal.id
        if sharing == "published" and principal.role not in {Role.INSTRUMENT_STAFF, Role.OPERATOR}:
            raise NotAllowed(
                "Only instrument staff and operators publish chains.", remedy="Share it with your team, or ask them."
            )
        with self._database.session() as session:
            row = session.get_one(Chain, chain.id)
            row.sharing, row.proposal_id, row.changed = sharing, place, self._database.clock()
            told = {"sharing": sharing, "proposal": proposal}
            append(
                session,
                "chain.shared",
                chain_id,
                actor_id=principal.person_id,
                payload=told,
                clock=self._database.clock,
            )
        return self.chain(principal, chain_id)

    def remove(self, principal: Principal, chain_id: str) -> None:
        """It is offered no more; its runs and results stay, and they know what it was."""
        _need_write(principal)
        chain = self._own(principal, chain_id)
        with self._database.session() as session:
            session.get_one(Chain, chain.id).removed = self._database.clock()
            append(session, "chain.removed", chain_id, actor_id=principal.person_id, clock=self._database.clock)

    def take_in(self, folders: Sequence[Path]) -> None:
        """The chains that lie in `folders` become published chains of the platform, a new version where they changed.

        Safe to repeat and in several processes; a file that can't be read is logged and left out.
        """
        for file in sorted(file for folder in folders for file in folder.glob("*.toml")):
            try:
                name, definition = read_chain(file)
                self._ship(name, definition)
            except PandaasError as error:
                log.warning("chain left out", file=str(file), reason=str(error))

    def _ship(self, name: str, definition: ChainDefinition) -> None:
        with self._database.read() as session:
            known = session.get(Chain, check_pid(name))
        if known is None:
            self._insert(name, definition, None, "published")
        elif known.owner_id is None:
            self._add_version(name, definition, None)

    def _create(self, principal: Principal, definition: ChainDefinition) -> str:
        with self._database.read() as session:
            query = select(Chain.id).where(Chain.owner_id == principal.person_id, Chain.removed.is_(None))
            if len(list(session.scalars(query))) >= _MOST:
                raise Conflict(f"You have {_MOST} chains, which is the most.", remedy="Remove one that you don't need.")
        chain_id = new_pid("chn")
        self._insert(chain_id, definition, principal.person_id, "private")
        return chain_id

    def _insert(self, chain_id: str, definition: ChainDefinition, owner: int | None, sharing: Sharing) -> None:
        now = self._database.clock()
        try:
            with self._database.session() as session:
                session.add(
                    Chain(
                        id=chain_id,
                        owner_id=owner,
                        title=definition.title,
                        summary=definition.summary,
                        sharing=sharing,
                        number=1,
                        created=now,
                        changed=now,
                    )
                )
                session.flush()
                self._write(session, chain_id, 1, definition, owner)
        except IntegrityError:  # another process took the same file in
            log.debug("chain was stored meanwhile", chain=chain_id)

    def _add_version(self, chain_id: str, definition: ChainDefinition, by: int | None) -> None:
        with self._database.session() as session:
            chain = session.scalars(select(Chain).where(Chain.id == chain_id).with_for_update()).one()
            current = session.get_one(ChainVersion, (chain_id, chain.number))
            if current.fingerprint == definition.fingerprint:
                return
            chain.number += 1
            chain.title, chain.summary, chain.changed = definition.title, definition.summary, self._database.clock()
            self._write(session, chain_id, chain.number, definition, by)

    def _write(self, session: Session, chain_id: str, number: int, definition: ChainDefinition, by: int | None) -> None:
        session.add(
            ChainVersion(
                chain_id=chain_id,
                number=number,
                definition=definition.to_json(),
                fingerprint=definition.fingerprint,
                created=self._database.clock(),
                created_by=by,
            )
        )
        append(session, "chain.saved", chain_id, actor_id=by, payload={"version": number}, clock=self._database.clock)

    def _own(self, principal: Principal, chain_id: str) -> Chain:
        found = self.chain(principal, chain_id)
        if not found.may_change:
            raise NotAllowed(f"'{found.chain.title}' is not yours.", remedy="Save a copy of it as your own.")
        return found.chain

    def _seen(self, principal: Principal) -> ColumnElement[bool]:
        if not principal.signed_in:
            return Chain.id.is_(None)
        if self._access.may(principal, Action.OPERATE):
            return Chain.id.is_not(None)
        return or_(
            Chain.owner_id == principal.person_id,
            Chain.sharing == "published",
            (Chain.sharing == "team") & Chain.proposal_id.in_(list(principal.teams)),
        )

    def _may_change(self, principal: Principal, chain: Chain) -> bool:
        operator = self._access.may(principal, Action.OPERATE)  # a token needs the scope for it
        return chain.owner_id is not None and (chain.owner_id == principal.person_id or operator)


def _need_write(principal: Principal) -> None:
    if not principal.signed_in:
        raise NotSignedIn("Keeping a chain needs a sign-in.", remedy="Sign in and try again.")
    if principal.kind is PrincipalKind.TOKEN and not {Scope.WRITE, Scope.RUN} & principal.scopes:
        raise NotAllowed("This token may not keep chains: it lacks the scope run.", remedy="Use a token that has it.")
