"""Publications: who may publish what, what strangers see of it, what DataCite is told and what happens when it fails."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from datacite import schema45
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import event, select, update

from pandaas.access import FACILITY
from pandaas.config import DoiSettings, load_settings
from pandaas.db import Database
from pandaas.db.tables import Dataset, Event, Notice
from pandaas.federation import Publications, PublicationView, Registrar, citing
from pandaas.federation.datacite import parted
from pandaas.federation.publications import is_orcid
from pandaas.model import ANONYMOUS, Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn
from pandaas.testing.facility import Facility, make_facility

OPEN, NEW = "2020-01-01T00:00:00+00:00", "2026-05-01T00:00:00+00:00"
ORCID = "0000-0002-1825-0097"
CREATOR = {"name": "Ada Lovelace", "affiliation": "Analytical Institute", "orcid": ORCID}


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    made = make_facility(sqlite_database, tmp_path)
    server = made.settings.server.model_copy(update={"public_url": "https://data.example.org"})
    doi = DoiSettings(
        prefix="10.5072", repository="LAB.DATA", password=SecretStr("secret"), url="https://datacite.test"
    )
    made.settings = made.settings.model_copy(update={"server": server, "doi": doi})
    return made


@pytest.fixture
def publications(facility: Facility) -> Publications:
    return Publications(facility.database, facility.settings, facility.access, facility.catalogue)


@pytest.fixture
def pids(facility: Facility) -> list[str]:
    """One of alice's that is open, one of hers under embargo."""
    return [
        facility.register("PUB-1/open.nxs", title="Lysozyme", start=OPEN, sample="lysozyme"),
        facility.register("PUB-1/new.nxs", title="Hidden title", start=NEW),
    ]


@pytest.fixture
def published(facility: Facility, publications: Publications, pids: list[str]) -> PublicationView:
    alice = facility.principal("alice")
    draft = publications.draft(alice, pids, "Lysozyme at work", "What it does.")
    publications.change(alice, draft.pid, {"creators": [CREATOR]})
    return publications.publish(alice, draft.pid)


class DataCite:
    """Answers as the service does; `answers` are used up first."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.known = httpx.Response(404)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == httpx.BasicAuth("LAB.DATA", "secret")._auth_header
        if request.method == "GET":
            return self.known
        assert request.method == "PUT"
        self.told.append((request.url.path, json.loads(request.content)["data"]["attributes"]))
        answer = self.answers.pop(0) if self.answers else httpx.Response(201, json={"data": {}})
        if isinstance(answer, Exception):
            raise answer
        return answer


def _draft(facility: Facility, publications: Publications, number: int) -> PublicationView:
    pids = [facility.register(f"PUB-1/more-{one}.nxs", start=OPEN) for one in range(number)]
    return publications.draft(facility.principal("alice"), pids)


def registrar(facility: Facility, service: DataCite) -> Registrar:
    client = httpx.Client(transport=httpx.MockTransport(service))
    return Registrar(facility.database, facility.settings, facility.catalogue.vocabulary, client=client)


# --- who may -------------------------------------------------------------------------------------------------------


def test_a_draft_is_filled_with_what_is_known(facility: Facility, publications: Publications, pids: list[str]) -> None:
    draft = publications.draft(facility.principal("alice"), pids)
    assert (draft.title, draft.state, draft.count, draft.open) == ("Lysozyme", "draft", 2, 1)
    assert [one["name"] for one in draft.creators] == ["Alice"]
    assert draft.keywords == ("lysozyme",)
    assert draft.licence == "CC-BY-4.0"


@pytest.mark.parametrize(
    ("user", "number", "wanted"), [("carol", 0, NotAllowed), ("carol", 1, NotFound), ("iris", 1, NotAllowed)]
)
def test_only_who_leads_the_data_publishes_them(
    facility: Facility, publications: Publications, pids: list[str], user: str, number: int, wanted: type[Exception]
) -> None:
    with pytest.raises(wanted):
        publications.draft(facility.principal(user), [pids[number]])


def test_nobody_publishes_without_signing_in(publications: Publications, pids: list[str]) -> None:
    with pytest.raises(NotSignedIn):
        publications.draft(ANONYMOUS, pids)


def test_proprietary_data_are_not_published(facility: Facility, publications: Publications) -> None:
    pid = facility.register("SEC-2/battery.nxs", title="Battery", start=OPEN)
    with pytest.raises(NotAllowed, match="never open"):
        publications.draft(facility.principal("bob"), [pid])


def test_a_draft_is_nobody_elses_business(facility: Facility, publications: Publications, pids: list[str]) -> None:
    draft = publications.draft(facility.principal("alice"), pids)
    for who in (ANONYMOUS, facility.principal("carol")):
        with pytest.raises(NotFound):
            publications.show(who, draft.pid)
        assert publications.all(who) == []


def test_who_lost_the_lead_meanwhile_cannot_publish(
    facility: Facility, publications: Publications, pids: list[str]
) -> None:
    draft = publications.draft(facility.principal("alice"), pids)
    facility.access.remove_member(FACILITY, "PUB-1", facility.people["alice"])
    with pytest.raises((NotFound, NotAllowed)):
        publications.publish(facility.principal("alice"), draft.pid)


# --- what others see ------------------------------------------------------------------------------------------------


def test_a_landing_page_opens_none_of_its_datasets(publications: Publications, published: PublicationView) -> None:
    seen = publications.show(ANONYMOUS, published.pid)
    assert (seen.count, seen.open, seen.may_change, seen.doi_note) == (2, 1, False, None)
    assert [card.title for card in seen.datasets] == ["Lysozyme"]
    assert "Hidden title" not in repr(seen)
    assert seen.opens is not None


def test_its_datasets_come_in_pages_in_their_order(facility: Facility, publications: Publications) -> None:
    alice = facility.principal("alice")
    names = ("c", "a", "d", "b")
    pids = [facility.register(f"PUB-1/{name}.nxs", title=name, start=NEW if name == "a" else OPEN) for name in names]
    pid = publications.publish(alice, publications.draft(alice, pids).pid).pid
    pages = [publications.show(ANONYMOUS, pid, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [[card.title for card in page.datasets] for page in pages] == [["c", "d"], ["b"], []]
    assert [(page.count, page.visible, page.open) for page in pages] == [(4, 3, 3)] * 3
    assert pages[0].size == sum(card.size for card in publications.show(alice, pid, limit=None).datasets)


def test_publications_of_a_dataset_are_told_to_who_may_see_it(
    publications: Publications, published: PublicationView, pids: list[str]
) -> None:
    assert [one.pid for one in publications.all(ANONYMOUS, dataset=pids[0])] == [published.pid]
    with pytest.raises(NotFound):
        publications.all(ANONYMOUS, dataset=pids[1])


def test_lists_say_how_many_datasets_and_ask_for_none_of_them(
    facility: Facility, publications: Publications, published: PublicationView
) -> None:
    publications.publish(facility.principal("alice"), _draft(facility, publications, 3).pid)
    asked: list[str] = []
    event.listen(facility.database.engine, "before_cursor_execute", lambda *told: asked.append(str(told[2])))
    listed = publications.all(ANONYMOUS)
    assert [one.count for one in listed] == [3, 2]
    assert len([text for text in asked if "FROM publication" in text]) == 2


def test_nobody_is_told_what_was_in_a_withdrawn_one(
    facility: Facility, publications: Publications, published: PublicationView, pids: list[str]
) -> None:
    publications.withdraw(facility.principal("otto"), published.pid, "wrong")
    assert publications.all(ANONYMOUS, dataset=pids[0]) == []


def test_a_withdrawn_dataset_counts_as_closed(
    facility: Facility, publications: Publications, published: PublicationView, pids: list[str]
) -> None:
    with facility.database.session() as session:
        session.execute(update(Dataset).where(Dataset.pid == pids[0]).values(state="withdrawn"))
    seen = publications.show(ANONYMOUS, published.pid)
    assert (seen.count, seen.open, seen.opens, seen.datasets) == (2, 0, None, ())


def test_a_hidden_dataset_and_one_that_is_not_there_are_told_alike(
    facility: Facility, publications: Publications, pids: list[str]
) -> None:
    told = []
    for pid in (pids[1], "raw-nothing"):
        with pytest.raises(NotFound) as refused:
            publications.draft(facility.principal("carol"), [pid])
        told.append((refused.value.detail.replace(pid, "…"), refused.value.remedy, refused.value.field))
    assert told[0] == told[1]


def test_what_is_published_is_neither_discarded_nor_relicensed(
    facility: Facility, publications: Publications, published: PublicationView
) -> None:
    alice = facility.principal("alice")
    with pytest.raises(Conflict):
        publications.discard(alice, published.pid)
    with pytest.raises(Conflict):
        publications.change(alice, published.pid, {"licence": "CC0-1.0"})
    with pytest.raises(InvalidInput):
        publications.change(alice, published.pid, {"creators": []})


def test_what_is_withdrawn_leaves_a_page_with_the_reason(
    facility: Facility, publications: Publications, published: PublicationView
) -> None:
    with pytest.raises(NotAllowed):
        publications.withdraw(facility.principal("alice"), published.pid, "wrong")
    publications.withdraw(facility.principal("otto"), published.pid, "The sample was another one.")
    seen = publications.show(ANONYMOUS, published.pid)
    assert (seen.state, seen.reason, seen.datasets) == ("withdrawn", "The sample was another one.", ())
    assert seen.title == "Lysozyme at work"


def test_publishing_is_in_the_audit(facility: Facility, published: PublicationView) -> None:
    with facility.database.read() as session:
        kinds = session.scalars(select(Event.kind).where(Event.subject == published.pid)).all()
    assert kinds == ["publication.published"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"creators": [{"name": "A", "orcid": "0000-0002-1825-0098"}]}, "creators.0.orcid"),
        ({"creators": [{"name": ""}]}, "name"),
        ({"related": [{"doi": "doi.org/nothing"}]}, "related.0.doi"),
        ({"related": [{"doi": "10.1000/x", "relation": "Likes"}]}, "related.0.relation"),
        ({"licence": "do what you want"}, "licence"),
        ({"keywords": ["x" * 101]}, "keyword"),
        ({"related": [{"doi": "10.1000/x"}] * 101}, "related"),
    ],
)
def test_bad_input_names_the_field(
    facility: Facility, publications: Publications, pids: list[str], changes: dict[str, Any], field: str
) -> None:
    alice = facility.principal("alice")
    draft = publications.draft(alice, pids)
    with pytest.raises(InvalidInput) as told:
        publications.change(alice, draft.pid, changes)
    assert told.value.field == field


# --- DataCite --------------------------------------------------------------------------------------------------------


def test_a_doi_is_registered_and_cited(
    facility: Facility, publications: Publications, published: PublicationView
) -> None:
    assert (published.doi, published.doi_state) == (None, "waiting")
    assert published.identifier == f"https://data.example.org/publications/{published.pid}"
    service = DataCite()
    assert registrar(facility, service).register_waiting() == 1
    seen = publications.show(ANONYMOUS, published.pid)
    assert seen.doi == f"10.5072/{published.pid}"
    assert seen.identifier == f"https://doi.org/10.5072/{published.pid}"
    [(path, told)] = service.told
    assert path == f"/dois/10.5072/{published.pid}"
    assert (told["event"], told["url"]) == ("publish", f"https://data.example.org/publications/{published.pid}")
    assert registrar(facility, service).register_waiting() == 0
    with facility.database.read() as session:
        assert "registered" in session.scalars(select(Notice.text)).one()


def test_what_datacite_is_told_fulfils_its_schema(published: PublicationView) -> None:
    schema45.validator.validate(dict(published.datacite))


@pytest.mark.parametrize("answer", [httpx.ConnectError("down"), httpx.Response(500), httpx.Response(429)])
def test_while_datacite_fails_the_doi_waits(
    facility: Facility, publications: Publications, published: PublicationView, answer: Any
) -> None:
    service = DataCite(answer)
    assert registrar(facility, service).register_waiting() == 0
    assert publications.show(facility.principal("alice"), published.pid).doi_state == "waiting"
    assert registrar(facility, service).register_waiting() == 0  # not at once
    assert len(service.told) == 1
    facility.clock.now += timedelta(minutes=3)
    assert registrar(facility, service).register_waiting() == 1


def test_a_refusal_is_told_and_can_be_tried_again(
    facility: Facility, publications: Publications, published: PublicationView
) -> None:
    service = DataCite(httpx.Response(422, json={"errors": [{"title": "Prefix is not yours"}]}))
    registrar(facility, service).register_waiting()
    alice = facility.principal("alice")
    seen = publications.show(alice, published.pid)
    assert seen.doi_state == "refused"
    assert "Prefix is not yours" in (seen.doi_note or "")
    publications.try_again(alice, published.pid)
    assert registrar(facility, service).register_waiting() == 1


def test_what_was_amended_while_it_was_sent_is_sent_again(
    facility: Facility, publications: Publications, published: PublicationView
) -> None:
    alice = facility.principal("alice")

    class Amending(DataCite):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if not self.told:
                facility.clock.now += timedelta(seconds=1)
                publications.change(alice, published.pid, {"title": "Better"})
            return super().__call__(request)

    service = Amending()
    registrar(facility, service).register_waiting()
    facility.clock.now += timedelta(minutes=3)
    registrar(facility, service).register_waiting()
    assert [told["titles"][0]["title"] for _, told in service.told] == ["Lysozyme at work", "Better"]
    assert publications.show(alice, published.pid).doi_state == "registered"


@pytest.mark.parametrize(("answer", "state"), [(httpx.Response(500), "waiting"), (httpx.Response(422), "refused")])
def test_a_registered_doi_is_cited_whatever_becomes_of_an_amendment(
    facility: Facility, publications: Publications, published: PublicationView, answer: httpx.Response, state: str
) -> None:
    alice, service = facility.principal("alice"), DataCite()
    registrar(facility, service).register_waiting()
    facility.clock.now += timedelta(seconds=1)
    doi = f"10.5072/{published.pid}"
    seen = publications.change(alice, published.pid, {"title": "Better"})
    assert (seen.doi, seen.doi_state) == (doi, "waiting")
    service.answers = [answer]
    registrar(facility, service).register_waiting()
    seen = publications.show(ANONYMOUS, published.pid)
    assert (seen.doi, seen.doi_state, seen.identifier) == (doi, state, f"https://doi.org/{doi}")
    publications.try_again(alice, published.pid)
    assert registrar(facility, service).register_waiting() == 1
    assert publications.show(alice, published.pid).doi_state == "registered"


def test_a_doi_that_never_was_registered_is_not_shown_of_a_withdrawn_one(
    facility: Facility, publications: Publications, published: PublicationView
) -> None:
    assert publications.withdraw(facility.principal("otto"), published.pid, "wrong").doi is None


def test_a_withdrawn_one_is_hidden_at_datacite(
    facility: Facility, publications: Publications, published: PublicationView
) -> None:
    service = DataCite()
    registrar(facility, service).register_waiting()
    facility.clock.now += timedelta(seconds=1)
    publications.withdraw(facility.principal("otto"), published.pid, "wrong")
    registrar(facility, service).register_waiting()
    assert [told["event"] for _, told in service.told] == ["publish", "hide"]


def test_one_withdrawn_before_its_registration_is_never_sent(
    facility: Facility, publications: Publications, published: PublicationView
) -> None:
    publications.withdraw(facility.principal("otto"), published.pid, "wrong")
    service = DataCite()
    assert registrar(facility, service).register_waiting() == 0
    assert service.told == []


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (httpx.Response(404), []),
        (httpx.Response(200, json={"data": {"attributes": {"state": "draft"}}}), []),
        (httpx.Response(200, json={"data": {"attributes": {"state": "findable"}}}), ["hide"]),
    ],
)
def test_what_was_sent_without_an_answer_is_hidden_only_where_it_arrived(
    facility: Facility, publications: Publications, published: PublicationView, known: httpx.Response, told: list[str]
) -> None:
    registrar(facility, DataCite(httpx.ReadTimeout("slow"))).register_waiting()
    facility.clock.now += timedelta(minutes=3)
    publications.withdraw(facility.principal("otto"), published.pid, "wrong")
    service = DataCite()
    service.known = known
    registrar(facility, service).register_waiting()
    facility.clock.now += timedelta(minutes=3)
    registrar(facility, service).register_waiting()
    assert [one["event"] for _, one in service.told] == told


def test_one_withdrawn_while_it_is_sent_is_hidden(
    facility: Facility, publications: Publications, published: PublicationView
) -> None:
    class Withdrawing(DataCite):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if not self.told:
                facility.clock.now += timedelta(seconds=1)
                publications.withdraw(facility.principal("otto"), published.pid, "wrong")
            return super().__call__(request)

    service = Withdrawing()
    registrar(facility, service).register_waiting()
    facility.clock.now += timedelta(minutes=3)
    registrar(facility, service).register_waiting()
    assert [one["event"] for _, one in service.told] == ["publish", "hide"]


def test_without_an_account_it_has_a_page_and_no_doi(facility: Facility, pids: list[str]) -> None:
    settings = facility.settings.model_copy(update={"doi": DoiSettings()})
    publications = Publications(facility.database, settings, facility.access, facility.catalogue)
    alice = facility.principal("alice")
    shown = publications.publish(alice, publications.draft(alice, pids).pid)
    assert (shown.doi, shown.doi_state) == (None, "none")


def test_a_prefix_without_an_account_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"doi\.repository"):
        load_settings(home=tmp_path, doi={"prefix": "10.5072"})


# --- citations -------------------------------------------------------------------------------------------------------


def test_citations_in_words_and_for_programs(published: PublicationView) -> None:
    year = published.published.year if published.published else 0
    url = published.identifier
    assert citing.in_words(published) == f"Lovelace, A. ({year}): Lysozyme at work. This facility. {url}"
    assert "author = {Lovelace, Ada}" in citing.bibtex(published)
    assert "AU  - Lovelace, Ada\r\n" in citing.ris(published)
    assert citing.csl(published)["author"] == [{"family": "Lovelace", "given": "Ada"}]
    assert citing.schema_org(published)["creator"][0]["@id"] == f"https://orcid.org/{ORCID}"


def test_a_title_cannot_break_out_of_a_bibtex_entry(
    facility: Facility, publications: Publications, published: PublicationView
) -> None:
    changed = publications.change(facility.principal("alice"), published.pid, {"title": "50 % of {x}}, url = {evil"})
    line = next(line for line in citing.bibtex(changed).splitlines() if "title =" in line)
    assert line == r"  title = {50 \% of \{x\}\}, url = \{evil},"


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=40))
def test_no_part_of_a_name_is_lost(name: str) -> None:
    family, given_ = parted(name)
    assert sorted("".join((family + given_).split())) == sorted("".join(name.replace(",", "", 1).split()))


@pytest.mark.parametrize(
    ("text", "right"), [(ORCID, True), ("0000-0002-1694-233X", True), ("0000-0002-1694-2331", False), ("", False)]
)
def test_an_orcid_id_has_the_right_check_character(text: str, right: bool) -> None:
    assert is_orcid(text) is right
