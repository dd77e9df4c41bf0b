"""Reading and writing logbooks. Every call asks the access rule anew.

A logbook belongs to the team, the instrument's staff and the operators: the rule is asked of the proposal as if it were
never released. Entries are changed and removed by their author or by who manages the proposal; what they said before
stays readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from pandaas.access import Access, Protected, not_found
from pandaas.catalogue.cards import cards_of
from pandaas.catalogue.folding import fold
from pandaas.catalogue.logbook import images, text
from pandaas.catalogue.logbook.values import Entry, EntryPage, Image, Revision
from pandaas.catalogue.values import Card
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, LogbookEntry, LogbookImage, LogbookLink, LogbookRevision, Person, Proposal
from pandaas.model import Action, InvalidInput, NotFound, Principal, check_pid

CHANGED = "logbook.changed"
_PAGE = 50
_MOST_NOTES = 500
_MOST_WORDS = 20


@dataclass(frozen=True)
class _Open:
    """A logbook that somebody has open in one transaction; `rights` is what the rule looks at."""

    session: Session
    principal: Principal
    proposal: Proposal
    rights: Protected


class Logbook:
    """The logbooks of all proposals, and the notes on datasets, which are entries that link to them."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def entries(
        self, principal: Principal, proposal: str, *, words: str = "", before: int | None = None, limit: int = _PAGE
    ) -> EntryPage:
        """A page of a proposal's logbook, newest first; only entries that hold all of `words`."""
        with self._database.read() as session:
            book = self._open(session, principal, proposal, Action.READ)
            query = select(LogbookEntry).where(LogbookEntry.proposal_id == book.proposal.id)
            return self._page(book, _with_words(query, words), before, limit)

    def notes(self, principal: Principal, pid: str) -> EntryPage:
        """Entries of the dataset's own proposal that link to it, newest first.

        Empty for a reader of released data, who has no business with the team's notes.
        """
        with self._database.read() as session:
            dataset, proposal = self._dataset(session, principal, pid)
            book = _Open(session, principal, proposal, self._never_released(proposal))
            if not self._access.may(principal, Action.READ, book.rights):
                return EntryPage(0, (), None, may_write=False)
            query = (
                select(LogbookEntry)
                .join(LogbookLink, LogbookLink.entry_id == LogbookEntry.id)
                .where(LogbookEntry.proposal_id == proposal.id, LogbookLink.dataset_pid == dataset.pid)
            )
            return self._page(book, query, None, _MOST_NOTES)

    def write(self, principal: Principal, proposal: str, words: str, datasets: Sequence[str] = ()) -> Entry:
        """Add an entry. `datasets` are linked besides those that the text names as `/datasets/<pid>`."""
        body = text.checked(words)
        with self._database.session() as session:
            book = self._open(session, principal, proposal, Action.WRITE)
            entry = LogbookEntry(
                proposal_id=book.proposal.id,
                author_id=principal.person_id,
                created=self._database.clock(),
                text=body,
                search_text=fold(body),
            )
            session.add(entry)
            session.flush()
            self._link(book, entry, datasets)
            return self._changed(book, entry, "written")

    def note(self, principal: Principal, pid: str, words: str) -> Entry:
        """Add an entry about one dataset to the logbook of its proposal."""
        with self._database.read() as session:
            name = self._dataset(session, principal, pid)[1].name
        return self.write(principal, name, words, [pid])

    def edit(
        self, principal: Principal, proposal: str, entry_id: int, words: str, datasets: Sequence[str] | None = None
    ) -> Entry:
        """Change an entry; what it said stays among its revisions. `datasets` None keeps the links made by hand."""
        body = text.checked(words)
        with self._database.session() as session:
            book = self._open(session, principal, proposal, Action.WRITE)
            entry = self._editable(book, entry_id)
            if datasets is None:
                named = set(text.named_datasets(entry.text))
                datasets = [link.dataset_pid for link in entry.links if link.dataset_pid not in named]
            if body != entry.text:
                now = self._database.clock()
                session.add(
                    LogbookRevision(entry_id=entry.id, editor_id=principal.person_id, time=now, text=entry.text)
                )
                entry.text, entry.search_text, entry.edited = body, fold(body), now
            self._link(book, entry, datasets)
            return self._changed(book, entry, "edited")

    def remove(self, principal: Principal, proposal: str, entry_id: int, *, restore: bool = False) -> Entry:
        """Hide an entry from the team, or show it again."""
        with self._database.session() as session:
            book = self._open(session, principal, proposal, Action.WRITE)
            entry = self._editable(book, entry_id)
            entry.removed = None if restore else self._database.clock()
            return self._changed(book, entry, "restored" if restore else "removed")

    def revisions(self, principal: Principal, proposal: str, entry_id: int) -> list[Revision]:
        """Every change of an entry, newest first, with its difference."""
        with self._database.read() as session:
            entry = self._entry(self._open(session, principal, proposal, Action.READ), entry_id)
            query = (
                select(LogbookRevision, Person.name)
                .outerjoin(Person, Person.id == LogbookRevision.editor_id)
                .where(LogbookRevision.entry_id == entry.id)
                .order_by(LogbookRevision.id.desc())
            )
            made, later = [], entry.text
            for revision, editor in session.execute(query):
                made.append(Revision(revision.time, editor, text.difference(revision.text, later)))
                later = revision.text
            return made

    def add_image(self, principal: Principal, proposal: str, content: bytes) -> str:
        """Keep a picture (PNG, JPEG, GIF, WebP; 8 MB); its id."""
        with self._database.session() as session:
            book = self._open(session, principal, proposal, Action.WRITE)
            now = self._database.clock()
            image = LogbookImage(proposal_id=book.proposal.id, person_id=principal.person_id, created=now)
            images.store(session, image, content)
            return image.id

    def image(self, principal: Principal, proposal: str, image_id: str) -> Image:
        with self._database.read() as session:
            book = self._open(session, principal, proposal, Action.READ)
            return images.load(session, book.proposal.id, image_id)

    def may_see(self, principal: Principal, proposal_id: int) -> bool:
        """May this reader know of changes in the logbook of that proposal?"""
        with self._database.read() as session:
            proposal = session.get(Proposal, proposal_id)
            return proposal is not None and self._access.may(principal, Action.READ, self._never_released(proposal))

    # --- rows -----------------------------------------------------------------------------------------------------

    def _open(self, session: Session, principal: Principal, name: str, action: Action) -> _Open:
        what = f"logbook of proposal '{name[:64]}'"
        found = session.scalars(select(Proposal).where(Proposal.name == name)).first()
        if found is None:
            raise not_found(what)
        rights = self._never_released(found)
        self._access.require(principal, action, rights, what=f"the {what}" if action is Action.WRITE else what)
        return _Open(session, principal, found, rights)

    def _never_released(self, proposal: Proposal) -> Protected:
        return replace(self._access.protected_proposal(proposal), release_time=None)

    def _dataset(self, session: Session, principal: Principal, pid: str) -> tuple[Dataset, Proposal]:
        check_pid(pid)
        visible = self._access.visible(principal, Dataset, Action.DISCOVER)
        dataset = session.scalars(select(Dataset).where(Dataset.pid == pid, visible)).first()
        if dataset is None:
            raise not_found(f"'{pid}'")
        return dataset, session.get_one(Proposal, dataset.proposal_id)

    def _entry(self, book: _Open, entry_id: int) -> LogbookEntry:
        entry = book.session.get(LogbookEntry, entry_id)
        is_hidden = entry is not None and entry.removed is not None and not self._may_edit(book, entry)
        if entry is None or entry.proposal_id != book.proposal.id or is_hidden:
            raise NotFound(f"The logbook of '{book.proposal.name}' has no entry {entry_id}.", field="entry_id")
        return entry

    def _editable(self, book: _Open, entry_id: int) -> LogbookEntry:
        entry = self._entry(book, entry_id)
        if not _is_by(entry, book.principal):
            self._access.require(book.principal, Action.MANAGE, book.rights, what="entries of others in this logbook")
        return entry

    def _may_edit(self, book: _Open, entry: LogbookEntry) -> bool:
        needed = Action.WRITE if _is_by(entry, book.principal) else Action.MANAGE
        return self._access.may(book.principal, needed, book.rights)

    def _link(self, book: _Open, entry: LogbookEntry, datasets: Sequence[str]) -> None:
        """Link what was asked for, which must be there, and what the text names, where it is."""
        if len(datasets) > text.MOST_LINKS:
            raise InvalidInput(f"An entry links to at most {text.MOST_LINKS} datasets.", field="datasets")
        wanted = [check_pid(pid) for pid in datasets]
        visible = self._access.visible(book.principal, Dataset, Action.DISCOVER)
        named = select(Dataset.pid).where(Dataset.pid.in_([*wanted, *text.named_datasets(entry.text)]), visible)
        known = set(book.session.scalars(named))
        if missing := [pid for pid in wanted if pid not in known]:
            raise not_found(f"'{missing[0]}'", field="datasets")
        kept = {link.dataset_pid: link for link in entry.links}
        entry.links = [kept.get(pid) or LogbookLink(dataset_pid=pid) for pid in sorted(known)]
        book.session.flush()

    def _changed(self, book: _Open, entry: LogbookEntry, what: str) -> Entry:
        append(
            book.session,
            CHANGED,
            book.proposal.name,
            actor_id=book.principal.person_id,
            proposal_id=book.proposal.id,
            payload={"entry": entry.id, "what": what},
            clock=self._database.clock,
        )
        book.session.flush()
        return self._shown(book, [entry])[0]

    # --- answers --------------------------------------------------------------------------------------------------

    def _page(self, book: _Open, query: Select[Any], before: int | None, limit: int) -> EntryPage:
        if not self._access.may(book.principal, Action.MANAGE, book.rights):
            query = query.where(LogbookEntry.removed.is_(None) | (LogbookEntry.author_id == book.principal.person_id))
        total = book.session.scalar(select(func.count()).select_from(query.subquery())) or 0
        if before is not None:
            query = query.where(LogbookEntry.id < before)
        found = list(book.session.scalars(query.order_by(LogbookEntry.id.desc()).limit(limit + 1)))
        further = found[limit - 1].id if len(found) > limit else None
        may_write = self._access.may(book.principal, Action.WRITE, book.rights)
        return EntryPage(total, tuple(self._shown(book, found[:limit])), further, may_write)

    def _shown(self, book: _Open, entries: Sequence[LogbookEntry]) -> list[Entry]:
        authors = {entry.author_id for entry in entries}
        people = {one.id: one for one in book.session.scalars(select(Person).where(Person.id.in_(authors)))}
        counted = (
            select(LogbookRevision.entry_id, func.count())
            .where(LogbookRevision.entry_id.in_([entry.id for entry in entries]))
            .group_by(LogbookRevision.entry_id)
        )
        revised: dict[int, int] = dict(book.session.execute(counted).all())
        cards = self._cards(book, {link.dataset_pid for entry in entries for link in entry.links})
        made = []
        for entry in entries:
            author = people.get(entry.author_id) if entry.author_id is not None else None
            made.append(
                Entry(
                    id=entry.id,
                    proposal=book.proposal.name,
                    author=author.name if author else None,
                    author_user=author.user if author else None,
                    created=entry.created,
                    edited=entry.edited,
                    removed=entry.removed,
                    text=entry.text,
                    datasets=tuple(cards[link.dataset_pid] for link in entry.links if link.dataset_pid in cards),
                    revisions=revised.get(entry.id, 0),
                    may_edit=self._may_edit(book, entry),
                )
            )
        return made

    def _cards(self, book: _Open, pids: set[str]) -> dict[str, Card]:
        visible = self._access.visible(book.principal, Dataset, Action.DISCOVER)
        known = select(Dataset.id).where(Dataset.pid.in_(pids), visible)
        ids = list(book.session.scalars(known)) if pids else []
        return {card.pid: card for card in cards_of(book.session, ids, self._database.clock()).values()}


def _is_by(entry: LogbookEntry, principal: Principal) -> bool:
    return entry.author_id is not None and entry.author_id == principal.person_id


def _with_words(query: Select[Any], words: str) -> Select[Any]:
    for word in fold(words).split()[:_MOST_WORDS]:
        query = query.where(LogbookEntry.search_text.contains(word, autoescape=True))
    return query
