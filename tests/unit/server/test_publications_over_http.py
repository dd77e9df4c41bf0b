"""Publications by the client and on the command line, against the real routes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

import pandaas
import pandaas.cli
from pandaas.cli import ExitCode
from pandaas.client import Client
from pandaas.client.transport import Transport
from pandaas.db import Database
from pandaas.federation import Publications
from pandaas.model import NotFound
from pandaas.server.routers import publications
from pandaas.testing.facility import Facility, make_facility

Browser = Callable[..., TestClient]
Program = Callable[..., tuple[int, str, str]]


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)


@pytest.fixture
def pid(facility: Facility) -> str:
    return facility.register("PUB-1/open.nxs", title="Lysozyme", start="2020-01-01T00:00:00+00:00")


@pytest.fixture
def browser(serve: Callable[..., Browser], facility: Facility) -> Browser:
    service = Publications(facility.database, facility.settings, facility.access, facility.catalogue)
    return serve(publications, publications=service)


@pytest.fixture
def client_of(browser: Browser) -> Callable[[str | None], Client]:
    def connected(user: str | None) -> Client:
        transport = Transport("http://127.0.0.1:8000", None)
        transport._http = browser(user, ("read", "write", "admin") if user == "otto" else ("read", "write"))
        return Client(transport)

    return connected


@pytest.fixture
def run(
    client_of: Callable[[str | None], Client], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Program:
    """`pandaas …` as a person: exit code, output, errors."""

    def called(user: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("pandaas.client.connect", lambda _url, _token: client_of(user))
        monkeypatch.setattr("sys.argv", ["pandaas", "publication", *arguments])
        with capture_logs(), pytest.raises(SystemExit) as ended:  # the service speaks in the same process
            pandaas.cli.main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return called


def made(run: Program, *arguments: str) -> dict[str, Any]:
    status, out, err = run("alice", *arguments, "--json")
    assert status == ExitCode.OK, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_the_client_drafts_publishes_and_cites(client_of: Callable[[str | None], Client], pid: str) -> None:
    alice, stranger = client_of("alice"), client_of(None)
    draft = alice.draft_publication(pid, title="Lysozyme at work")
    with pytest.raises(NotFound):
        stranger.publication(draft.pid)
    draft.change(creators=[{"name": "Ada Lovelace", "affiliation": "KIT"}], keywords=["protein"])
    assert draft.publish().state == "published"
    [seen] = stranger.publications(pid)
    assert (seen.pid, seen.title, seen.doi) == (draft.pid, "Lysozyme at work", None)
    assert seen.url in seen.citation()
    assert "author = {Lovelace, Ada}" in seen.citation("bibtex")
    assert json.loads(seen.citation("datacite"))["creators"][0]["name"] == "Lovelace, Ada"


def test_a_page_of_datasets_is_told_and_all_are_in_the_metadata(
    client_of: Callable[[str | None], Client], facility: Facility, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pandaas.client.publications._A_PAGE", 2)
    pids = [facility.register(f"PUB-1/{n}.nxs", title=f"Scan {n}", start="2020-01-01T00:00:00+00:00") for n in range(5)]
    made = client_of("alice").draft_publication(pids).publish()
    stranger = client_of(None).publication(made.pid)
    assert [dataset.pid for dataset in stranger.datasets()] == pids
    page = browser(None).get(f"/api/v1/publications/{made.pid}", params={"limit": 2, "offset": 4}).json()
    assert ([card["pid"] for card in page["datasets"]], page["visible"]) == ([pids[4]], 5)
    assert len(json.loads(stranger.citation("schema.org"))["hasPart"]) == 5


def test_a_draft_is_thrown_away(client_of: Callable[[str | None], Client], pid: str) -> None:
    alice = client_of("alice")
    alice.draft_publication([pid]).discard()
    assert alice.publications(pid) == []


def test_the_commands_lead_from_the_draft_to_the_citation(run: Program, pid: str, tmp_path: Path) -> None:
    draft = made(run, "draft", pid, "--abstract", "What it does.")
    file = tmp_path / "words.toml"
    file.write_text('title = "Lysozyme at work"\n[[creators]]\nname = "Ada Lovelace"\n')
    assert made(run, "change", draft["pid"], str(file))["creators"][0]["name"] == "Ada Lovelace"
    assert run("bob", "show", draft["pid"])[0] == ExitCode.NOT_FOUND
    status, out, _ = run("alice", "publish", draft["pid"], "--confirm", draft["pid"])
    assert status == ExitCode.OK
    assert out.startswith(f"{draft['pid']}  published  Lysozyme at work\nBy Ada Lovelace\n1 datasets")
    status, out, _ = run("bob", "cite", draft["pid"], "--format", "ris")
    assert "AU  - Lovelace, Ada" in out
    assert draft["pid"] in run("bob", "list", "--dataset", pid)[1]


def test_what_was_published_is_withdrawn_by_an_operator_with_a_reason(run: Program, pid: str) -> None:
    draft = made(run, "draft", pid)
    assert run("alice", "publish", draft["pid"], "--confirm", draft["pid"])[0] == ExitCode.OK
    assert run("alice", "withdraw", draft["pid"], "--reason", "Wrong sample.")[0] == ExitCode.NOT_ALLOWED
    status, out, _ = run("otto", "withdraw", draft["pid"], "--reason", "Wrong sample.")
    assert status == ExitCode.OK
    assert "Withdrawn: Wrong sample." in out


def test_publishing_asks_for_the_identifier_again(run: Program, pid: str) -> None:
    draft = made(run, "draft", pid)
    status, _, err = run("alice", "publish", draft["pid"], "--confirm", "yes")
    assert status == ExitCode.USAGE
    assert "--confirm repeats the identifier" in err
    assert made(run, "show", draft["pid"])["state"] == "draft"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title = ", "can't be read"),
        ("doi = '10.5/x'", "unknown doi"),
        ("creators = 'Ada'", "creators is a list"),
        ("[title]\na = 1", "title is a text"),
        ("creators = [1]", "creators"),
    ],
)
def test_an_unusable_file_is_told(run: Program, pid: str, tmp_path: Path, text: str, told: str) -> None:
    draft = made(run, "draft", pid)
    file = tmp_path / "words.toml"
    file.write_text(text)
    status, _, err = run("alice", "change", draft["pid"], str(file))
    assert status == ExitCode.USAGE
    assert told in err


def test_a_draft_of_nothing_is_refused(run: Program) -> None:
    status, _, err = run("alice", "draft")
    assert status == ExitCode.USAGE
    assert "Name datasets, or a collection." in err
