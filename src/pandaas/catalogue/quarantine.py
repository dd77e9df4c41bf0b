"""The quarantine: files that could not be registered, with the reason and what to do, until they can be."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.folding import storable
from pandaas.catalogue.values import REFUSED, QuarantinedFile, QuarantineEntry
from pandaas.config import Settings
from pandaas.db import Database, append
from pandaas.db.tables import Proposal, Quarantine
from pandaas.model import Action, NotFound, Principal, ProposalType, TeamRole

_WRITERS = {TeamRole.PRINCIPAL_INVESTIGATOR, TeamRole.MEMBER, TeamRole.LOCAL_CONTACT}


class QuarantineList:
    """Who may see an entry: operators; its uploader; the proposal's team; the staff of its instrument."""

    def __init__(self, database: Database, settings: Settings, access: Access) -> None:
        self._database = database
        self._settings = settings
        self._access = access

    def entries(self, principal: Principal, *, instrument_id: int | None = None) -> list[QuarantineEntry]:
        query = select(Quarantine, Proposal.name).outerjoin(Proposal, Proposal.id == Quarantine.proposal_id)
        query = query.where(self._visible(principal)).order_by(Quarantine.last_tried.desc(), Quarantine.id.desc())
        if instrument_id is not None:
            query = query.where(Quarantine.instrument_id == instrument_id)
        with self._database.read() as session:
            return [self._entry(row, proposal) for row, proposal in session.execute(query.limit(1000))]

    def find(self, principal: Principal, entry_id: int) -> Quarantine:
        with self._database.read() as session:
            query = select(Quarantine).where(Quarantine.id == entry_id, self._visible(principal))
            found = session.scalars(query).first()
        if found is None:
            raise NotFound(f"There is no file number {entry_id} in the quarantine, or you may not see it.")
        return found

    def proposal_of(self, entry: Quarantine) -> str | None:
        with self._database.read() as session:
            return session.scalar(select(Proposal.name).where(Proposal.id == entry.proposal_id))

    def dismiss(self, principal: Principal, entry_id: int) -> None:
        """Forget the entry; the file stays where it is and is tried again with the next ingest of its folder."""
        entry = self.find(principal, entry_id)
        with self._database.session() as session:
            row = session.get(Quarantine, entry.id)
            if row is not None:
                session.delete(row)
                self._log(session, row, "dismissed", principal.person_id)

    def note(
        self,
        path: Path,
        reason: str,
        remedy: str | None,
        *,
        stat: tuple[int, int] = (0, 0),
        proposal_id: int | None = None,
        owner_id: int | None = None,
        instrument_id: int | None = None,
    ) -> QuarantinedFile:
        """Put a file into the quarantine, or note that it failed again."""
        now = self._database.clock()
        with self._database.session() as session:
            row = session.scalars(select(Quarantine).where(Quarantine.path == storable(str(path)))).first()
            if row is None:
                row = Quarantine(path=storable(str(path)), first_seen=now, attempts=0, name=storable(path.name)[:255])
                session.add(row)
            row.size, row.mtime_ns = stat
            row.reason, row.remedy = storable(reason)[:4000], storable(remedy)[:2000] if remedy else None
            row.last_tried, row.attempts = now, row.attempts + 1
            row.proposal_id = proposal_id or row.proposal_id
            row.owner_id = owner_id or row.owner_id
            row.instrument_id = instrument_id or row.instrument_id
            session.flush()
            self._log(session, row, "added", None)
            return QuarantinedFile(row.id, row.name, row.reason, row.remedy)

    def unchanged(self, session: Session, paths: list[str]) -> dict[str, Quarantine]:
        """Entries of these paths that failed because of the file itself (a missing proposal is always tried again)."""
        found: dict[str, Quarantine] = {}
        for start in range(0, len(paths), 500):
            rows = session.scalars(select(Quarantine).where(Quarantine.path.in_(paths[start : start + 500])))
            found.update({row.path: row for row in rows if not row.reason.startswith(REFUSED)})
        return found

    def _visible(self, principal: Principal) -> ColumnElement[bool]:
        if self._access.may(principal, Action.OPERATE):
            return true()
        if not principal.signed_in:
            return false()
        teams = [proposal for proposal, role in principal.teams.items() if role in _WRITERS]
        closed = select(Proposal.id).where(Proposal.type.in_((ProposalType.PROPRIETARY, ProposalType.PERSONAL)))
        of_instrument = and_(
            Quarantine.instrument_id.in_(principal.instruments),
            or_(Quarantine.proposal_id.is_(None), Quarantine.proposal_id.not_in(closed)),
        )
        return or_(Quarantine.owner_id == principal.person_id, Quarantine.proposal_id.in_(teams), of_instrument)

    def _entry(self, row: Quarantine, proposal: str | None) -> QuarantineEntry:
        return QuarantineEntry(
            id=row.id,
            name=row.name,
            folder=shown_folder(Path(row.path), self._settings),
            size=row.size,
            reason=row.reason,
            remedy=row.remedy,
            first_seen=row.first_seen,
            last_tried=row.last_tried,
            attempts=row.attempts,
            proposal=proposal,
        )

    def _log(self, session: Session, row: Quarantine, what: str, actor_id: int | None) -> None:
        append(
            session,
            "quarantine.changed",
            str(row.id),
            actor_id=actor_id,
            proposal_id=row.proposal_id,
            person_id=row.owner_id,
            payload={"name": row.name, "what": what, "reason": row.reason},
            clock=self._database.clock,
        )


def shown_folder(path: Path, settings: Settings) -> str:
    """Where a file lies as people know it: below which storage root, never a path of the server."""
    for root in settings.storage:
        real = root.path.resolve()
        if real in path.parents:
            inner = path.parent.relative_to(real)
            return root.name if str(inner) == "." else f"{root.name}/{storable(str(inner))}"
    return "uploads" if settings.home / "uploads" in path.parents else "elsewhere"
