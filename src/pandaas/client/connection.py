"""`connect` and `Client`: search, datasets, analysis, upload."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from pandaas.client.chains import ChainRun
from pandaas.client.datasets import Dataset
from pandaas.client.help import HelpDesk
from pandaas.client.jobs import Job
from pandaas.client.publications import Publication
from pandaas.client.search import Results
from pandaas.client.transfer import upload
from pandaas.client.transport import Transport
from pandaas.model import InvalidInput

Inputs = Dataset | str | Iterable[Dataset | str]
_A_PAGE = 100
_POLL_S = 1.0


def connect(
    url: str | None = None,
    token: str | None = None,
    *,
    verify: bool | str = True,
    transport: httpx.BaseTransport | None = None,
) -> Client:
    """Open a client. Without arguments `PANDAAS_URL` and `PANDAAS_TOKEN` count, else the demo's address.

    Without a token the one that `pandaas login URL` has kept for this address is used, if there is one; else signed out.

    `verify` may name a file of certificates to trust; `transport` replaces the network (for tests).
    """
    return Client(Transport(url, token, transport=transport, verify=verify))


class Client:
    """One service, as one person (or nobody). Usable as a context manager; safe to share between threads."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def url(self) -> str:
        return self._transport.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def search(
        self,
        query: str = "",
        *,
        facility: str | Sequence[str] = (),
        instrument: str | Sequence[str] = (),
        technique: str | Sequence[str] = (),
        proposal: str | Sequence[str] = (),
        year: str | int | Sequence[str | int] = (),
        kind: str | Sequence[str] = (),
        sort: str | None = None,
    ) -> Results:
        """Find datasets: free text and `field:value` terms, facets, and `sort` (relevance, newest, oldest, title, size)."""
        facets: dict[str, Any] = {"facility": facility, "instrument": instrument, "technique": technique}
        facets |= {"proposal": proposal, "year": year, "kind": kind}
        chosen: dict[str, Any] = {name: _texts(value) for name, value in facets.items()}
        return Results(self._transport, query, chosen | {"sort": sort})

    def dataset(self, pid: str) -> Dataset:
        return Dataset.load(self._transport, pid)

    def recipes(self) -> list[dict[str, Any]]:
        """The recipes of this service: id, version, title, inputs and more."""
        found: list[dict[str, Any]] = self._transport.json("GET", "/recipes")
        return found

    def recipe(self, name: str) -> dict[str, Any]:
        """One recipe with the JSON Schema of its parameters."""
        found: dict[str, Any] = self._transport.json("GET", f"/recipes/{name}")
        return found

    def run(
        self,
        recipe: str,
        dataset: Inputs | None = None,
        /,
        **inputs_and_parameters: Any,
    ) -> Job:
        """Start a recipe: `run("saxs-integrate", dataset, npt=1000)`, further inputs by the name of their slot.

        Keywords that name a slot of the recipe are inputs (datasets, pids, or lists of them); `proposal` says where the
        result goes; `recipe_version`, `engine`, `cores`, `time_limit_s` and `gpu=False` choose how it runs; all others are parameters.
        With `fill=True` what you leave out is filled in as in the page's form: the calibration and the mask that were
        valid, the instrument's defaults, what the file says.
        """
        jobs = self._start(recipe, dataset, inputs_and_parameters, several=False)
        return jobs[0]

    def run_each(self, recipe: str, datasets: Iterable[Dataset | str], /, **inputs_and_parameters: Any) -> list[Job]:
        """As `run`, with one job for each of the datasets."""
        chosen = list(datasets)
        if inputs_and_parameters.get("fill"):  # which may differ from one to the next
            return [job for one in chosen for job in self._start(recipe, one, {**inputs_and_parameters}, several=True)]
        return self._start(recipe, chosen, inputs_and_parameters, several=True)

    def job(self, job_id: str) -> Job:
        return Job.load(self._transport, job_id)

    def jobs(self, *, state: str | Sequence[str] = (), mine: bool = True, limit: int = 50) -> list[Job]:
        """The latest jobs, newest first; with `mine=False` all that you may see."""
        found = self._transport.json("GET", "/jobs", state=_texts(state), mine=mine, limit=limit)
        return [Job(self._transport, record) for record in found["jobs"]]

    def publications(self, dataset: Dataset | str | None = None) -> list[Publication]:
        """Your drafts and what is published, newest first; with `dataset` those that it is in."""
        pid = dataset.pid if isinstance(dataset, Dataset) else dataset
        found = self._transport.json("GET", "/publications", dataset=pid)
        return [Publication(self._transport, record) for record in found]

    def publication(self, pid: str) -> Publication:
        return Publication.load(self._transport, quote(pid, safe=""))

    def draft_publication(
        self,
        datasets: Dataset | str | Iterable[Dataset | str] = (),
        *,
        collection: int | None = None,
        title: str | None = None,
        abstract: str | None = None,
    ) -> Publication:
        """Begin a publication of datasets that you lead, or of a collection: a draft, filled with what is known.

        Only you see it until you call its `publish()`, after which it stays.
        """
        each = [datasets] if isinstance(datasets, (Dataset, str)) else datasets
        body: dict[str, Any] = {"datasets": [one.pid if isinstance(one, Dataset) else one for one in each]}
        body |= {"collection": collection, "title": title, "abstract": abstract}
        return Publication(self._transport, self._transport.json("POST", "/publications", body=body))

    def chains(self) -> list[dict[str, Any]]:
        """The chains that you may use: yours, those of your teams, the published ones."""
        found: list[dict[str, Any]] = []
        while True:
            page = self._transport.json("GET", "/chains", limit=_A_PAGE, offset=len(found))
            found += page
            if len(page) < _A_PAGE:
                return found

    def chain(self, chain_id: str) -> dict[str, Any]:
        """One chain with what is wrong with it (`findings`), its versions and its `definition`."""
        found: dict[str, Any] = self._transport.json("GET", f"/chains/{quote(chain_id, safe='')}")
        return found

    def save_chain(self, definition: Mapping[str, Any], chain_id: str | None = None) -> dict[str, Any]:
        """Keep a chain of your own, or with `chain_id` a new version of it. `InvalidInput` names step and field."""
        address = "/chains" if chain_id is None else f"/chains/{quote(chain_id, safe='')}"
        verb: Any = "POST" if chain_id is None else "PUT"
        found: dict[str, Any] = self._transport.json(verb, address, body={"definition": dict(definition)})
        return found

    def share_chain(self, chain_id: str, sharing: str, proposal: str | None = None) -> dict[str, Any]:
        """`sharing` is private, team (of `proposal`) or published (by instrument staff)."""
        body = {"sharing": sharing, "proposal": proposal}
        found: dict[str, Any] = self._transport.json("PUT", f"/chains/{quote(chain_id, safe='')}/sharing", body=body)
        return found

    def run_chain(
        self,
        chain: str,
        dataset: Inputs,
        /,
        *,
        inputs: Mapping[str, Inputs] | None = None,
        parameters: Mapping[str, Mapping[str, Any]] | None = None,
        proposal: str | None = None,
        fill: bool = False,
    ) -> list[ChainRun]:
        """Start a chain on `dataset`, its main input; of several datasets each has a run of its own.

        `inputs` are further ones by name, `parameters` changes those of steps; with `fill` what was left out is proposed
        (a valid calibration, a background that a title names).
        """
        main = next((one["name"] for one in self.chain(chain)["inputs"] if not one["optional"]), "")
        given = {main: _pids(dataset)} | {name: _pids(value) for name, value in (inputs or {}).items()}
        body = {
            "chain": chain,
            "inputs": given,
            "parameters": _plain(parameters or {}),
            "proposal": proposal,
            "fill": fill,
        }
        return [ChainRun(self._transport, record) for record in self._transport.json("POST", "/chain-runs", body=body)]

    def chain_run(self, run_id: str) -> ChainRun:
        return ChainRun.load(self._transport, run_id)

    def chain_runs(self, *, chain: str | None = None, series: str | None = None, limit: int = 50) -> list[ChainRun]:
        """The latest runs that you may see, newest first."""
        found = self._transport.json("GET", "/chain-runs", chain=chain, series=series, limit=limit)
        return [ChainRun(self._transport, record) for record in found["runs"]]

    def chain_series(
        self,
        *,
        chain: str | None = None,
        series: str | None = None,
        attachment: int | None = None,
        step: str | None = None,
    ) -> dict[str, Any]:
        """The results of a series as a table: `rows` with the scalars of each measurement (`set`) and result (`found`)."""
        chosen = {"chain": chain, "series": series, "attachment": attachment, "step": step}
        found: dict[str, Any] = self._transport.json("GET", "/chain-runs/series", **chosen)
        return found

    def attachments(self, instrument: str) -> list[dict[str, Any]]:
        """What runs by itself on the data of an instrument; for its staff."""
        found: list[dict[str, Any]] = self._transport.json("GET", f"/instruments/{quote(instrument, safe='')}/chains")
        return found

    def attach_chain(self, instrument: str, chain: str, **more: Any) -> list[dict[str, Any]]:
        """Let a chain run by itself; `more`: number, predicate, parameters, at_once, per_day, core_hours_per_day."""
        body = {"chain": chain, **_plain(more)}
        address = f"/instruments/{quote(instrument, safe='')}/chains"
        found: list[dict[str, Any]] = self._transport.json("POST", address, body=body)
        return found

    def change_attachment(self, attachment: int, verb: str, **more: Any) -> dict[str, Any]:
        """`verb`: backlog (with `last`) or again (with `datasets`, `since`, `until`); answers how many were noted."""
        found: dict[str, Any] = self._transport.json(
            "POST", f"/chain-attachments/{attachment}/{verb}", body=_plain(more)
        )
        return found

    def detach_chain(self, attachment: int) -> None:
        self._transport.json("DELETE", f"/chain-attachments/{attachment}")

    def automatic_runs(self, attachment: int, *, limit: int = 50) -> dict[str, Any]:
        """What an attachment found, what ran, what failed and why."""
        found: dict[str, Any] = self._transport.json("GET", f"/chain-attachments/{attachment}/runs", limit=limit)
        return found

    def programs(self, datasets: Sequence[str] = ()) -> dict[str, Any]:
        """The interactive programs that open these datasets (pids), and whether one would start now."""
        found: dict[str, Any] = self._transport.json("GET", "/programs", dataset=list(datasets))
        return found

    def sessions(self, *, mine: bool = True, alive: bool = False) -> list[dict[str, Any]]:
        """Notebooks and desktops, the newest first; `mine=False` for operators: everybody's."""
        found: list[dict[str, Any]] = self._transport.json("GET", "/sessions", mine=mine, alive=alive)
        return found

    def session(self, session_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._transport.json("GET", f"/sessions/{session_id}")
        return found

    def start_session(self, program: str, datasets: Sequence[str] = (), **more: Any) -> dict[str, Any]:
        """Start a program on datasets (pids); `more`: hours, memory_mb, cores, engine, gpu. It is opened in the browser."""
        body = {"program": program, "datasets": list(datasets), **more}
        found: dict[str, Any] = self._transport.json("POST", "/sessions", body=body)
        return found

    def change_session(self, session_id: str, verb: str, **more: Any) -> dict[str, Any]:
        """`verb`: end, hibernate, resume, or extend (with `hours`)."""
        found: dict[str, Any] = self._transport.json("POST", f"/sessions/{session_id}/{verb}", body=more or None)
        return found

    def open_notebooks(self, session_id: str) -> list[dict[str, Any]]:
        """The notebooks with a kernel in a Jupyter session: name, state (busy, idle, starting, other), last_active."""
        found: list[dict[str, Any]] = self._transport.json("GET", f"/sessions/{session_id}/open-notebooks")
        return found

    def ask_for_more_time(self, session_id: str, hours: float, reason: str) -> dict[str, Any]:
        """Ask staff for more time than the rules give to a session of yours."""
        return self.change_session(session_id, "more-time", hours=hours, reason=reason)

    def time_requests(self) -> list[dict[str, Any]]:
        """Requests for more time that wait for your answer, as an operator or as staff."""
        found: list[dict[str, Any]] = self._transport.json("GET", "/session-time-requests")
        return found

    def answer_time_request(self, request_id: int, *, grant: bool, answer: str = "") -> None:
        """Give the time, or don't; the session's person is told."""
        body = {"grant": grant, "answer": answer}
        self._transport.json("PUT", f"/session-time-requests/{request_id}", body=body)

    def session_nodes(self) -> list[dict[str, Any]]:
        """The computers that sessions run on, with `drain` where one is taken out of service; for operators."""
        found: list[dict[str, Any]] = self._transport.json("GET", "/session-nodes")
        return found

    def drain_node(self, node: str, reason: str, *, minutes: float | None = None) -> None:
        """Start no sessions on a computer any more; those that run hibernate after some minutes. For operators."""
        body = {"reason": reason, "minutes": minutes}
        self._transport.json("PUT", f"/session-nodes/{quote(node, safe='')}/drain", body=body)

    def undrain_node(self, node: str) -> None:
        """Take that back."""
        self._transport.json("DELETE", f"/session-nodes/{quote(node, safe='')}/drain")

    def message_session(self, session_id: str, text: str) -> None:
        """Show a text in a session until its person has read it; for operators."""
        self._transport.json("POST", f"/sessions/{session_id}/announcements", body={"text": text})

    def message_node(self, node: str, text: str) -> int:
        """Show a text in all sessions on a computer; how many. For operators."""
        address = f"/session-nodes/{quote(node, safe='')}/announcements"
        return int(self._transport.json("POST", address, body={"text": text})["sessions"])

    def stop_session(self, session_id: str, reason: str, *, minutes: float | None = None) -> dict[str, Any]:
        """Let anybody's session hibernate after some minutes; its person is told why. For operators."""
        return self.change_session(session_id, "stop", reason=reason, minutes=minutes)

    def let_session_go_on(self, session_id: str) -> dict[str, Any]:
        """Take that order back."""
        found: dict[str, Any] = self._transport.json("DELETE", f"/sessions/{session_id}/stop")
        return found

    def set_automatic_results(self, session_id: str, on: bool) -> dict[str, Any]:
        """Whether finished NeXus files with an NXprocess group of a session of yours register themselves."""
        return self.change_session(session_id, "automatic-results", on=on)

    def session_results(self, session_id: str) -> list[dict[str, Any]]:
        """The files in a session's results folder, the latest first: name, size, modified, dataset, problem …"""
        found: list[dict[str, Any]] = self._transport.json("GET", f"/sessions/{session_id}/results")["files"]
        return found

    def register_results(
        self, session_id: str, files: Sequence[str], title: str, *, attachments: Sequence[str] = (), **more: Any
    ) -> list[dict[str, Any]]:
        """Register files of a session's results folder as datasets made from the session's; safe to repeat.

        `more`: description, sample, techniques (IRIs), proposal. Each of the answer has `file`, `dataset` (pid), `is_new`.
        Large files are waited for; they are registered even when this program ends before.
        """
        body = {"files": list(files), "attachments": list(attachments), "title": title}
        body |= {name: value for name, value in more.items() if value}
        address = f"/sessions/{session_id}/results"
        found: Any = self._transport.json("POST", address, body=body)
        while isinstance(found, dict) and found["state"] == "working":
            time.sleep(_POLL_S)
            found = self._transport.json("GET", address)["registration"]
        if isinstance(found, dict) and found["problem"]:
            raise InvalidInput(found["problem"], remedy=found["remedy"], field=found["field"])
        done: list[dict[str, Any]] = found["registered"] if isinstance(found, dict) else found or []
        return done

    def session_sharing(self, session_id: str) -> dict[str, Any]:
        """With whom a session of yours is shared: `members`, `invitations`, `guests`."""
        found: dict[str, Any] = self._transport.json("GET", f"/sessions/{session_id}/sharing")
        return found

    def share_session(self, session_id: str, user: str, *, may: str = "view") -> dict[str, Any]:
        """Let a person into a session of yours: `may` is view or full. `Conflict` when she may not see its data."""
        address = f"/sessions/{session_id}/members/{quote(user, safe='')}"
        found: dict[str, Any] = self._transport.json("PUT", address, body={"may": may})
        return found

    def invite_to_session(self, session_id: str, label: str, **more: Any) -> str:
        """The address of an invitation into a session of yours; `more`: may, guests, hours, most. It is told only once."""
        body = {"label": label, **more}
        made = self._transport.json("POST", f"/sessions/{session_id}/invitations", body=body)
        return f"{self.url}/join#{made['secret']}"

    def unshare_session(self, session_id: str, user: str) -> None:
        """Take it back; felt within seconds."""
        self._transport.json("DELETE", f"/sessions/{session_id}/members/{quote(user, safe='')}")

    def upload(
        self,
        path: str | Path | Sequence[str | Path],
        proposal: str | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Dataset]:
        """Send a file, a folder, or files that belong together, into your own space or a proposal you may write to.

        Call it again after an interruption: what has arrived is not sent twice.
        """
        paths = [path] if isinstance(path, (str, Path)) else list(path)
        pids = upload(self._transport, [Path(p) for p in paths], proposal=proposal, progress=progress)
        return [self.dataset(pid) for pid in pids]

    @property
    def help(self) -> HelpDesk:
        """Requests for help: `client.help.ask("No peaks", "The curve is flat.", job=job)`."""
        return HelpDesk(self._transport)

    def who_am_i(self) -> dict[str, Any] | None:
        """The person this client acts for, or None when signed out."""
        found = self._transport.json("GET", "/session")["person"]
        return dict(found) if found else None

    def __repr__(self) -> str:
        return f"<Client of {self.url}>"

    def _start(self, recipe: str, main: Any, named: dict[str, Any], *, several: bool) -> list[Job]:
        page = self.recipe(recipe)
        slots = [slot["name"] for slot in page["inputs"]]
        first = next((slot for slot in page["inputs"] if slot["minimum"]), page["inputs"][0])  # the main input
        inputs = {name: _pids(named.pop(name)) for name in slots if named.get(name) is not None}
        if main is not None:
            if first["name"] in inputs:
                raise InvalidInput(f"'{first['name']}' is given twice.", field=first["name"])
            inputs = {first["name"]: _pids(main)} | inputs
        if named.pop("fill", False):
            inputs, named = self._filled(recipe, inputs.get(first["name"], []), inputs, named)
        count = len(inputs.get(first["name"], ()))
        if page["selection"] == "each" and first["maximum"] == 1 and count > 1 and not several:
            raise InvalidInput(f"{recipe} takes one dataset, not {count}.", remedy="Use run_each for one job each.")
        choices: dict[str, Any] = {
            name: named.pop(name) for name in ("proposal", "engine", "cores", "time_limit_s", "gpu") if name in named
        }
        body = choices | {"recipe": recipe, "version": named.pop("recipe_version", None), "inputs": inputs}
        started = self._transport.json("POST", "/jobs", body=body | {"parameters": _plain(named)})
        return [Job(self._transport, record) for record in started]

    def _filled(
        self, recipe: str, main: list[str], inputs: dict[str, list[str]], named: dict[str, Any]
    ) -> tuple[dict[str, list[str]], dict[str, Any]]:
        """Inputs and parameters with those of the platform's offer where they are left out."""
        offers = self._transport.json("GET", "/offers", dataset=main) if main else []
        offer = next((one for one in offers if one["recipe"]["id"] == recipe), None)
        if offer is None:
            raise InvalidInput(
                f"{recipe} is not offered for this data, so nothing can be filled in.",
                remedy="Give its inputs and parameters, and leave 'fill' out.",
                field="fill",
            )
        offered = {slot: [card["pid"] for card in cards] for slot, cards in offer["inputs"].items()}
        defaults = {name: one["value"] for name, one in offer["defaults"].items()}
        return offered | inputs, defaults | named


def _pids(value: Inputs) -> list[str]:
    if isinstance(value, Dataset):
        return [value.pid]
    if isinstance(value, str):
        return [value]
    return [pid for item in value for pid in _pids(item)]


def _texts(value: Any) -> list[str]:
    return [str(value)] if isinstance(value, (str, int)) else [str(item) for item in value]


def _plain(value: Any) -> Any:
    """NumPy numbers and arrays as what JSON knows."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value
