"""Instruments and their staff."""

from __future__ import annotations

import re

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from pandaas.access.rights import Rights
from pandaas.db.tables import Dataset, Instrument, InstrumentStaff, Person
from pandaas.model import Action, Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn, Principal
from pandaas.model import technique as technique_named

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PANET = re.compile(r"https?://purl\.org/pan-science/PaNET/PaNET\d{5}")


class Instruments(Rights):
    """Which instruments there are is no secret; what was measured there is."""

    def create_instrument(
        self, principal: Principal, name: str, title: str = "", *, technique: str | None = None
    ) -> Instrument:
        """Operators make instruments. `technique` (PaNET IRI or short label) is given to data that name none."""
        self.require(principal, Action.OPERATE, what="instruments")
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                f"'{name[:80]}' can't name an instrument.",
                remedy="Use up to 64 letters, digits, '.', '_' and '-'.",
                field="name",
            )
        made = Instrument(name=name, title=(title or name)[:200], facility=self._facility, technique=_iri(technique))
        try:
            with self._database.session() as session:
                session.add(made)
                session.flush()
                self._log(session, "instrument.created", name, principal)
        except IntegrityError as error:
            raise Conflict(f"There is an instrument '{name}' already.", field="name") from error
        return made

    def instruments(self) -> list[Instrument]:
        with self._database.read() as session:
            return list(session.scalars(select(Instrument).order_by(Instrument.name)))

    def instrument(self, name: str) -> Instrument:
        with self._database.read() as session:
            found = session.scalars(select(Instrument).where(Instrument.name == name)).first()
        if found is None:
            raise NotFound(f"There is no instrument '{name[:64]}'.", field="instrument")
        return found

    def require_staff(self, principal: Principal, name: str) -> Instrument:
        """The instrument, if this principal works there (or is an operator); else `NotAllowed`."""
        found = self.instrument(name)
        if found.id not in principal.instruments and not self.may(principal, Action.OPERATE):
            if not principal.signed_in:
                raise NotSignedIn("This page is for the instrument's staff.", remedy="Sign in.")
            raise NotAllowed(f"You are not on the staff of '{found.name}'.", remedy="Ask an operator.")
        return found

    def set_staff(self, principal: Principal, name: str, person_id: int, *, member: bool = True) -> None:
        """Put a person on the instrument's staff, or take her off (`member=False`); for operators."""
        self.require(principal, Action.OPERATE, what="instrument staff")
        found = self.instrument(name)
        with self._database.session() as session:
            person = session.get(Person, person_id)
            if person is None:
                raise NotFound(f"There is no person {person_id}.", field="user")
            row = session.get(InstrumentStaff, (found.id, person_id))
            if member and row is None:
                session.add(InstrumentStaff(instrument_id=found.id, person_id=person_id))
            elif not member and row is not None:
                session.delete(row)
            kind = "instrument.staff_set" if member else "instrument.staff_removed"
            self._log(session, kind, name, principal, person_id=person_id, user=person.user)

    def instrument_counts(self, principal: Principal) -> dict[int, int]:
        """Latest versions that this principal may read, by instrument id."""
        query = (
            select(Dataset.instrument_id, func.count())
            .where(Dataset.instrument_id.is_not(None), Dataset.is_latest, self.visible(principal))
            .group_by(Dataset.instrument_id)
        )
        with self._database.read() as session:
            return {instrument: count for instrument, count in session.execute(query) if instrument is not None}


def _iri(name: str | None) -> str | None:
    """The IRI of a technique; any term of PaNET will do, also one that the platform has no label for."""
    if not name or _PANET.fullmatch(name):
        return name
    found = technique_named(name)
    if found is None:
        raise InvalidInput(
            f"'{name[:80]}' is no technique.",
            remedy="Give a short label such as SAXS, or the IRI of the term in PaNET.",
            field="technique",
        )
    return found.iri
