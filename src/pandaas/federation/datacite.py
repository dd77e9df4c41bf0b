"""Publications in the words of DataCite, and their registration there.

Sources: DataCite Metadata Schema 4 (https://schema.datacite.org/meta/kernel-4/) and the REST API
(https://support.datacite.org/docs/api): one PUT creates or replaces a DOI, so it may be repeated at will.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import structlog
from sqlalchemy import or_, select

from pandaas.catalogue import Vocabulary
from pandaas.config import Settings
from pandaas.db import Database, append, leave_notice
from pandaas.db.tables import Publication

log = structlog.get_logger(__name__)
_TIMEOUT_S = 30.0
_AGAIN = timedelta(minutes=2)
_AT_ONCE = 20
# A DOI that is registered stays so while what was amended since waits ("changed") or was refused ("outdated").
DOI_EXISTS = frozenset({"registered", "changed", "outdated"})
_WAITING = ("waiting", "changed")
_PANET = "https://doi.org/10.5281/zenodo.4806026"


def attributes(row: Publication, url: str, techniques: dict[str, str]) -> dict[str, Any]:
    """What DataCite is told: `techniques` are labels by IRI. A draft has the year in which it was begun."""
    when = row.published or row.created
    subjects: list[dict[str, str]] = [{"subject": word} for word in row.keywords]
    subjects += [
        {"subject": label, "subjectScheme": "PaNET", "schemeUri": _PANET, "valueUri": iri}
        for iri, label in techniques.items()
    ]
    made: dict[str, Any] = {
        "url": url,
        "creators": [_creator(one) for one in row.creators],
        "titles": [{"title": row.title}],
        "publisher": {"name": row.publisher},
        "publicationYear": str(when.year),
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Measured data"},
        "subjects": subjects,
        "dates": [{"date": when.date().isoformat(), "dateType": "Issued"}],
        "rightsList": [_rights(row.licence)],
        "descriptions": [{"description": row.abstract, "descriptionType": "Abstract"}] if row.abstract else [],
        "relatedIdentifiers": [
            {"relatedIdentifier": one["doi"], "relatedIdentifierType": "DOI", "relationType": one["relation"]}
            for one in row.related
        ],
        "schemaVersion": "http://datacite.org/schema/kernel-4",
    }
    if row.doi:
        prefix, _, suffix = row.doi.partition("/")
        made |= {"doi": row.doi, "prefix": prefix, "suffix": suffix}
    return made


def _creator(values: dict[str, str]) -> dict[str, Any]:
    family, given = parted(values["name"])
    made: dict[str, Any] = {"name": f"{family}, {given}" if given else family, "nameType": "Personal"}
    made |= {"familyName": family} | ({"givenName": given} if given else {})
    if values.get("affiliation"):
        made["affiliation"] = [{"name": values["affiliation"]}]
    if values.get("orcid"):
        orcid = {"nameIdentifier": f"https://orcid.org/{values['orcid']}", "nameIdentifierScheme": "ORCID"}
        made["nameIdentifiers"] = [orcid | {"schemeUri": "https://orcid.org"}]
    return made


def parted(name: str) -> tuple[str, str]:
    """Family name and given names of "Given Family" or "Family, Given"."""
    family, comma, given = name.partition(",")
    if comma:
        return family.strip(), given.strip()
    given, _, family = name.rpartition(" ")
    return family, given


def _rights(licence: str) -> dict[str, str]:
    return {
        "rights": licence,
        "rightsUri": f"https://spdx.org/licenses/{quote(licence)}.html",
        "rightsIdentifier": licence.lower(),
        "rightsIdentifierScheme": "SPDX",
        "schemeUri": "https://spdx.org/licenses/",
    }


class Registrar:
    """Registers what waits. One process at a time works (a lease); a crash at any moment repeats a PUT at most."""

    def __init__(
        self, database: Database, settings: Settings, vocabulary: Vocabulary, *, client: httpx.Client | None = None
    ) -> None:
        self._database = database
        self._settings = settings
        self._vocabulary = vocabulary
        self._client = client

    def register_waiting(self) -> int:
        """Send what waits and was not tried within two minutes; returns how many were registered."""
        with self._database.read() as session:
            due = or_(Publication.doi_tried.is_(None), Publication.doi_tried <= self._database.clock() - _AGAIN)
            query = select(Publication).where(Publication.doi_state.in_(_WAITING), due)
            rows = list(session.scalars(query.order_by(Publication.id).limit(_AT_ONCE)))
        if not rows:
            return 0
        base = self._settings.server.public_url
        if base is None:
            for row in rows:
                self._keep(row, "waiting", "server.public_url isn't set, so a DOI would lead nowhere.")
            return 0
        client = self._client or httpx.Client(timeout=_TIMEOUT_S)
        try:
            return sum(self._register(client, row, base.rstrip("/")) for row in rows)
        finally:
            if self._client is None:
                client.close()

    def _register(self, client: httpx.Client, read: Publication, base: str) -> bool:
        with self._database.read() as session:  # those before it may have taken minutes
            row = session.get(Publication, read.id)
        if row is None or row.doi_state not in _WAITING:
            return False
        doi = self._settings.doi
        if doi.prefix is None or doi.repository is None or doi.password is None or row.doi is None:
            self._keep(row, "waiting", "No account of DataCite is configured (doi.prefix).")
            return False
        labels = {iri: self._vocabulary.techniques().label(iri) for iri in row.techniques}
        told = attributes(row, f"{base}/publications/{row.pid}", labels)
        told["event"] = "publish" if row.state == "published" else "hide"
        address, account = (
            f"{doi.url.rstrip('/')}/dois/{quote(row.doi)}",
            (doi.repository, doi.password.get_secret_value()),
        )
        try:
            if row.state == "withdrawn" and row.doi_state == "waiting":
                known = client.get(address, auth=account)
                if _is_unknown(known):  # what was sent before it was withdrawn never arrived, and must not now
                    self._keep(row, "none", None)
                    return False
                if not known.is_success:
                    self._keep(row, "waiting", _reason(known))
                    return False
            answer = client.put(
                address,
                json={"data": {"id": row.doi, "type": "dois", "attributes": told}},
                headers={"content-type": "application/vnd.api+json"},
                auth=account,
            )
        except httpx.HTTPError as error:
            self._keep(row, "waiting", f"DataCite doesn't answer ({type(error).__name__}); tried again later.")
            return False
        if answer.is_success:
            self._keep(row, "registered", None)
            return True
        again = answer.status_code in {408, 425, 429} or answer.status_code >= 500
        self._keep(row, "waiting" if again else "refused", _reason(answer))
        return False

    def _keep(self, row: Publication, state: str, note: str | None) -> None:
        """Unless it was changed since it was sent: then it waits on."""
        now: datetime = self._database.clock()
        with self._database.session() as session:
            kept = session.get(Publication, row.id, with_for_update=True)
            if kept is None:
                return
            kept.doi_tried = now
            kept.doi_note = note
            if kept.changed != row.changed and state == "registered":
                kept.doi_state = "changed"
            if kept.changed != row.changed and state == "waiting" and kept.doi_state == "none":
                kept.doi_state = "waiting"  # withdrawn while it was sent, and nobody knows whether it arrived
            if state == "none":
                kept.doi_state = "none"
            if kept.changed != row.changed or state in {"waiting", "none"}:
                return
            kept.doi_state = "outdated" if state == "refused" and kept.doi_state in DOI_EXISTS else state
            payload = {"doi": row.doi} | ({"reason": note} if note else {})
            append(session, f"publication.doi_{state}", row.pid, payload=payload, clock=self._database.clock)
            if kept.person_id is not None:
                text = f"The DOI {row.doi} of “{row.title[:100]}” is " + (
                    "registered." if state == "registered" else f"refused: {note}"
                )
                link = f"/publications/{row.pid}"
                leave_notice(session, kept.person_id, text, link=link, clock=self._database.clock)
        log.info("doi", publication=row.pid, state=state, note=note)


def _is_unknown(answer: httpx.Response) -> bool:
    """No DOI, or a draft of one that nobody can resolve."""
    if answer.status_code == 404:
        return True
    try:
        return bool(answer.json()["data"]["attributes"]["state"] == "draft")
    except (ValueError, KeyError, TypeError):
        return False


def _reason(answer: httpx.Response) -> str:
    """DataCite's own words where there are some."""
    try:
        titles = [str(one.get("title") or one.get("detail")) for one in answer.json()["errors"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        titles = []
    return f"DataCite answered {answer.status_code}" + (f": {'; '.join(titles)[:400]}" if titles else ".")
