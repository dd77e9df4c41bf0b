"""Requests for help over HTTP: who reads them, what is refused, and that what is sent is what was shown; the client and commands on it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image
from starlette.testclient import TestClient

import pandaas.cli
from pandaas.client import Client, connection
from pandaas.client.transport import Transport
from pandaas.db import Database
from pandaas.identity import Identity
from pandaas.model import NotFound, Principal
from pandaas.server.routers import support as router
from pandaas.support import Support
from pandaas.testing.facility import Facility, make_facility

AT = "/api/v1/support"
ASKED = {"subject": "No peaks", "text": "The curve is flat."}
LOG = "started\nGET http://127.0.0.1/lab?token=abcdef123\nit failed"
Browser = Callable[..., TestClient]
Serve = Callable[..., Browser]


class Sessions:
    """One session of alice, on one dataset."""

    def __init__(self, pid: str, owner: int) -> None:
        self._pid, self._owner = pid, owner
        self.programs = SimpleNamespace(get=lambda name: name, version=lambda program, _key: f"{len(program)}.2")

    def session(self, asker: Principal, session_id: str) -> Any:
        if asker.person_id != self._owner or session_id != "s-1":
            raise NotFound("There is no such session.")
        row = SimpleNamespace(
            id="s-1", program="silx-view", title="silx view: lysozyme", state="ready", reason=None, environment="notebook", environment_key="k" * 64,
            cores=1, memory_mb=2048, memory_used_mb=300.0,
        )  # fmt: skip
        datasets = ((self._pid, "lysozyme"),)
        return SimpleNamespace(
            row=row, program="silx view", datasets=datasets, may_help=False, may="full", is_alive=True
        )

    def log(self, asker: Principal, session_id: str) -> str:
        self.session(asker, session_id)
        return LOG


class Jobs:
    def job(self, _asker: Principal, job_id: str) -> Any:
        raise NotFound(f"There is no job '{job_id}'.")

    def may_see(self, _asker: Principal, _job_id: str) -> bool:
        return False


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)


@pytest.fixture
def pid(facility: Facility) -> str:
    return facility.register("PUB-1/a.nxs", title="lysozyme")


@pytest.fixture
def browser(facility: Facility, serve: Serve, pid: str) -> Browser:
    identity = Identity(facility.database, facility.settings)
    support = Support(facility.database, identity, facility.access)
    return serve(router, support=support, sessions=Sessions(pid, facility.people["alice"]), jobs=Jobs())


def png() -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def ask(client: TestClient, **more: Any) -> dict[str, Any]:
    answer = client.post(f"{AT}/requests", json=ASKED | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_staff_of_the_instrument_read_and_answer_and_a_stranger_finds_nothing(browser: Browser, pid: str) -> None:
    alice, iris, bob = browser("alice"), browser("iris"), browser("bob")
    made = ask(alice, datasets=[pid], pictures=[{"name": "a.png", "content": png()}])
    at = f"{AT}/requests/{made['id']}"
    assert iris.get(f"{AT}/requests", params={"box": "inbox"}).json()["total"] == 1
    answered = iris.post(f"{at}/messages", json={"text": "Choose the mask."})
    assert (answered.status_code, answered.json()["state"]) == (201, "answered")
    assert [one["text"] for one in alice.get(at).json()["messages"]] == ["The curve is flat.", "Choose the mask."]
    shown = made["messages"][0]["pictures"][0]["address"]
    assert iris.get(shown).headers["content-type"] == "image/png"
    assert (
        bob.get(f"{AT}/requests").json()["total"]
        == bob.get(f"{AT}/requests", params={"box": "inbox"}).json()["total"]
        == 0
    )
    for way, where, body in (
        ("GET", at, None), ("GET", shown, None), ("POST", f"{at}/messages", {"text": "x"}), ("POST", f"{at}/seen", None),
        ("PUT", f"{at}/state", {"state": "closed"}), ("PUT", f"{at}/assigned", {"user": "bob"}),
        ("PUT", f"{at}/people/bob", None), ("DELETE", f"{at}/people/bob", None),
    ):  # fmt: skip
        assert bob.request(way, where, json=body).status_code == 404, (way, where)
        assert browser().request(way, where, json=body).status_code in {401, 404}, (way, where)


def test_a_picture_is_found_by_its_own_request_only(browser: Browser) -> None:
    alice, bob = browser("alice"), browser("bob")
    picture = ask(alice, pictures=[{"content": png()}])["messages"][0]["pictures"][0]
    mine = ask(bob)["id"]
    assert bob.get(f"{AT}/requests/{mine}/pictures/{picture['id']}").status_code == 404


def test_what_is_sent_is_what_was_shown_and_nothing_besides(browser: Browser, pid: str) -> None:
    alice = browser("alice")
    draft = alice.get(f"{AT}/draft", params={"session": "s-1"}).json()
    assert [one["value"] for one in draft["facts"] if one["name"] == "Program"] == ["silx view 9.2"]
    assert "abcdef123" not in draft["log"]
    assert draft["told"] == ["Iris"]
    assert alice.get(f"{AT}/requests").json()["total"] == 0
    sent = {"facts": draft["facts"][:2], "log": draft["log"], "session": "s-1", "datasets": [pid]}
    made = ask(alice, **sent)
    read = browser("iris").get(f"{AT}/requests/{made['id']}").json()
    assert (read["facts"], read["log"], [one["pid"] for one in read["datasets"]]) == (sent["facts"], sent["log"], [pid])
    bare = browser("iris").get(f"{AT}/requests/{ask(alice, session='s-1', instrument='BL1')['id']}").json()
    assert (bare["facts"], bare["log"], bare["datasets"]) == ([], None, [])


def test_what_one_may_not_see_can_be_neither_drafted_nor_named(browser: Browser, facility: Facility) -> None:
    carol, hidden = browser("carol"), facility.register("SEC-2/x.nxs")
    for about in ({"session": "s-1"}, {"job": "job-1"}, {"dataset": hidden}):
        assert carol.get(f"{AT}/draft", params=about).status_code == 404, about
    for named in ({"session": "s-1"}, {"job": "job-1"}, {"datasets": [hidden]}):
        assert carol.post(f"{AT}/requests", json=ASKED | named).status_code == 404, named
    assert carol.get(f"{AT}/requests").json()["total"] == 0


@pytest.mark.parametrize(
    "hostile",
    [
        {"subject": ""}, {"subject": "x" * 300}, {"subject": "\u202e\u200b"}, {"text": " "}, {"text": "x" * 20_001},
        {"log": "x" * 20_001}, {"facts": [{"name": "a", "value": "b"}] * 17}, {"people": ["nobody-here"]},
        {"pictures": [{"content": "bm8gcGljdHVyZQ=="}]}, {"pictures": [{"content": "%%%"}]}, {"datasets": ["../../etc/passwd"]},
        {"session": "s-1' OR 1=1 --"}, {"unknown": 1}, {"text": {"$ne": ""}}, {"instrument": "nowhere"},
    ],
    ids=range(15),
)  # fmt: skip
def test_hostile_input_is_refused_in_words_and_keeps_nothing(browser: Browser, hostile: dict[str, Any]) -> None:
    alice = browser("alice")
    answer = alice.post(f"{AT}/requests", json=ASKED | hostile)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["detail"]
    assert alice.get(f"{AT}/requests").json()["total"] == 0


def test_markup_comes_back_as_it_was_written_and_names_no_type_but_json(browser: Browser) -> None:
    text = "<script>alert(1)</script>"
    made = browser("alice").post(f"{AT}/requests", json={"subject": text, "text": text})
    assert made.headers["content-type"] == "application/json"
    assert (made.json()["subject"], made.json()["messages"][0]["text"]) == (text, text)


def test_a_token_that_only_reads_asks_nothing(browser: Browser) -> None:
    reader = browser("alice", scopes=("read",))
    assert reader.get(f"{AT}/requests").status_code == 200
    assert reader.post(f"{AT}/requests", json=ASKED).status_code == 403


# --- client and commands --------------------------------------------------------------------------------------------------


@pytest.fixture
def client(browser: Browser) -> Callable[[str], Client]:
    def new(user: str) -> Client:
        found = browser(user)
        token = str(found.headers["authorization"]).removeprefix("Bearer ")
        return Client(Transport("http://127.0.0.1:8000", token, transport=httpx.MockTransport(passed_on_to(found))))

    return new


def passed_on_to(app: TestClient) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        found = app.request(request.method, str(request.url), content=request.content, headers=dict(request.headers))
        return httpx.Response(found.status_code, headers=dict(found.headers), content=found.content)

    return answer


def test_the_client_asks_answers_shares_and_closes(client: Callable[[str], Client], pid: str, tmp_path: Path) -> None:
    picture = tmp_path / "screen.png"
    picture.write_bytes(base64.b64decode(png()))
    alice, iris, bob = client("alice").help, client("iris").help, client("bob").help
    draft = alice.draft(session="s-1")
    facts = {one["name"]: one["value"] for one in draft["facts"]}
    made = alice.ask(
        "No peaks", "Flat.", session="s-1", datasets=[pid], facts=facts, log=draft["log"], pictures=[picture]
    )
    assert [one["id"] for one in iris.list(inbox=True, whose="unassigned")] == [made["id"]]
    assert iris.assign(made["id"], "iris")["assigned"] == "Iris"
    assert iris.reply(made["id"], "Which mask?", state="waiting")["state"] == "waiting"
    alice.share(made["id"], "bob")
    assert bob.get(made["id"])["people"] == [{"user": "bob", "name": "Bob"}]
    alice.unshare(made["id"], "bob")
    assert bob.list() == []
    assert alice.close(made["id"])["state"] == "closed"
    assert alice.reopen(made["id"])["state"] == "open"


def test_the_command_shows_what_it_sends_before_it_does(
    client: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(user: str, *words: str, answer: str = "") -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            connect = lambda url=None, token=None: client(user)  # noqa: E731
            patch.setattr(connection, "connect", connect)
            patch.setattr("pandaas.client.connect", connect)
            patch.setattr("sys.argv", ["pandaas", "support", *words])
            patch.setattr("sys.stdin", io.StringIO(answer))
            with pytest.raises(SystemExit) as ended:
                pandaas.cli.main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    words = ("ask", "No peaks", "--text", "Flat.", "--session", "s-1", "--with-log")
    code, _, err = run("alice", *words, answer="n\n")
    assert code != 0
    assert "Program: silx view 9.2" in err
    assert "it failed" in err
    assert "abcdef123" not in err
    assert "No requests." in run("alice", "list")[1]
    code, out, _ = run("alice", *words, "--instrument", "BL1", answer="y\n")
    assert code == 0
    request = out.strip().rsplit("/", 1)[1]
    assert "No peaks: answered" in run("iris", "reply", request, "Choose the mask.")[1]
    told = run("alice", "show", request)[1]
    assert "Iris, staff:" in told
    assert "Choose the mask." in told
    assert run("bob", "show", request)[0] != 0
    assert "Closed: No peaks" in run("alice", "close", request)[1]
