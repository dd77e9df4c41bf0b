"""A PaN-DAaS without a network: the HTTP interface over NumPy arrays in memory, with faults on demand.

    service = FakeService()
    service.add_array("ds-1", "/entry/data/data", numpy.zeros((3, 4)))
    client = pandaas.connect(transport=service.transport)

What it serves is what the client uses: search, datasets, slices, files with ranges, uploads, recipes and jobs.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from pandaas.codecs import encode, npz, parse_selection

Handler = Callable[[httpx.Request, re.Match[str]], httpx.Response]


@dataclass
class FakeFile:
    name: str
    content: bytes
    sha256: str = ""

    def __post_init__(self) -> None:
        self.sha256 = self.sha256 or hashlib.sha256(self.content).hexdigest()


@dataclass
class FakeUpload:
    name: str
    size: int
    sha256: str
    content: bytes = b""


@dataclass
class FakeService:
    """State that tests fill and look at. `faults` are answers (or exceptions) given before anything else, in order.

    `cut_downloads_after` ends the next download after so many bytes, as a broken connection would.
    """

    arrays: dict[str, dict[str, np.ndarray[Any, Any]]] = field(default_factory=dict)
    attributes: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    files: dict[str, list[FakeFile]] = field(default_factory=dict)
    uploads: dict[str, FakeUpload] = field(default_factory=dict)
    jobs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    started: int = 0
    log: bytes = b""
    faults: list[httpx.Response | Exception] = field(default_factory=list)
    cut_downloads_after: int | None = None
    requests: list[httpx.Request] = field(default_factory=list)
    recipe: dict[str, Any] = field(default_factory=lambda: recipe_page("saxs-integrate", ("sample", "background")))
    offers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def add_array(self, pid: str, path: str, values: np.ndarray[Any, Any]) -> None:
        self.arrays.setdefault(pid, {})[path] = values

    def describe(self, pid: str, path: str, **attributes: Any) -> None:
        """Attributes of a group or an array; `units` of an array are its unit."""
        self.attributes[pid, path] = attributes

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        for method, pattern, handler in _ROUTES:
            match = re.fullmatch(f"/api/v1{pattern}", request.url.path)
            if match and method == request.method:
                answer: httpx.Response = handler(self, request, match)
                return answer
        return problem(404, "not-found", f"Nothing at {request.url.path}.")

    # --- what each address does ---

    def _search(self, request: httpx.Request, _match: re.Match[str]) -> httpx.Response:
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        pids = list(self.arrays)
        facets = {"technique": [{"value": "SAXS", "label": "SAXS", "count": len(pids), "selected": False}]}
        body = {"total": len(pids), "took_ms": 1.0, "understood": [], "facets": facets, "suggestion": None}
        return httpx.Response(200, json=body | {"results": [card(pid) for pid in pids[offset : offset + limit]]})

    def _dataset(self, _request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if match[1] not in self.arrays:
            return problem(404, "not-found", f"There is no dataset '{match[1]}'.")
        return httpx.Response(200, json=record(match[1], next(iter(self.arrays[match[1]]))))

    def _tree(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        path = request.url.params["path"]
        values = self.arrays.get(match[1], {}).get(path)
        said = self.attributes.get((match[1], path))
        if values is not None:
            more = {} if said is None else {"attributes": said, "unit": said.get("units")}
            return httpx.Response(200, json=node(path, values) | more)
        below = path.rstrip("/") + "/"
        inside = {known: held for known, held in self.arrays.get(match[1], {}).items() if known.startswith(below)}
        if inside:
            children = [node(known, held) for known, held in inside.items() if "/" not in known.removeprefix(below)]
            group = {"name": "", "path": path, "kind": "group", "children": children, "attributes": said or {}}
            return httpx.Response(200, json=group)
        return problem(404, "not-found", f"'{path}' does not exist.", field="path")

    def _data(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        query = request.url.params
        values = self.arrays[match[1]][query["path"]]
        picked = parse_selection(query.get("selection"), values.shape)
        answer = encode(np.asarray(values[picked.items]), query.get("format", "bin"))
        return httpx.Response(200, content=bytes(answer.body), headers=answer.headers)

    def _batch(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        values = self.arrays[match[1]][request.url.params["path"]]
        picked = [parse_selection(text, values.shape) for text in request.url.params.get_list("selection")]
        return httpx.Response(200, content=npz([np.asarray(values[one.items]) for one in picked]))

    def _files(self, _request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        entries = [
            {"id": i, "name": file.name, "size": len(file.content), "sha256": file.sha256}
            for i, file in enumerate(self.files.get(match[1], []))
        ]
        more = {"modified": "2026-01-01T00:00:00Z", "role": "data", "missing": False}
        return httpx.Response(200, json=[entry | more for entry in entries])

    def _content(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        content = self.files[match[1]][int(match[2])].content
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        body: Any = content[start:]
        if self.cut_downloads_after is not None:
            body, self.cut_downloads_after = _Broken(body[: self.cut_downloads_after]), None
        return httpx.Response(206 if wanted else 200, content=body)

    def _start_upload(self, request: httpx.Request, _match: re.Match[str]) -> httpx.Response:
        body = json.loads(request.content)
        name = f"up-{len(self.uploads)}"
        self.uploads[name] = FakeUpload(body["name"], body["size"], body["sha256"])
        return httpx.Response(201, json=self._upload_state(name))

    def _show_upload(self, _request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if match[1] not in self.uploads:
            return problem(404, "not-found", "There is no such upload.")
        return httpx.Response(200, json=self._upload_state(match[1]))

    def _append(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        upload = self.uploads[match[1]]
        if int(request.headers["Upload-Offset"]) != len(upload.content):
            return problem(409, "conflict", f"The next byte is {len(upload.content)}.")
        upload.content += request.content
        return httpx.Response(200, json=self._upload_state(match[1]))

    def _complete(self, _request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        upload = self.uploads[match[1]]
        if hashlib.sha256(upload.content).hexdigest() != upload.sha256:
            return problem(422, "invalid-input", "The checksum differs.")
        pid = f"ds-{match[1]}"
        self.add_array(pid, "/data", np.frombuffer(upload.content, np.uint8))
        return httpx.Response(200, json=self._upload_state(match[1]) | {"state": "complete", "datasets": [pid]})

    def _upload_state(self, name: str) -> dict[str, Any]:
        upload = self.uploads[name]
        return {
            "id": name,
            "name": upload.name,
            "size": upload.size,
            "offset": len(upload.content),
            "state": "receiving",
            "detail": None,
            "datasets": [],
            "quarantine": [],
        }

    def _recipe(self, _request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if match[1] != self.recipe["id"]:
            return problem(404, "not-found", f"There is no recipe '{match[1]}'.")
        return httpx.Response(200, json=self.recipe)

    def _offers(self, _request: httpx.Request, _match: re.Match[str]) -> httpx.Response:
        return httpx.Response(200, json=self.offers)

    def _start_job(self, request: httpx.Request, _match: re.Match[str]) -> httpx.Response:
        body = json.loads(request.content)
        names = [f"job-{self.started + i}" for i in range(max(1, len(body["inputs"].get("sample", []))))]
        if self.recipe["selection"] == "all":
            names = names[:1]
        self.started += len(names)
        for name in names:
            self.jobs.setdefault(name, [job(name, "queued"), job(name, "running"), job(name, "succeeded")])
        return httpx.Response(201, json=[self.jobs[name][0] for name in names])

    def _show_job(self, _request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        """The job's next state; the last one stays."""
        states = self.jobs[match[1]]
        return httpx.Response(200, json=states.pop(0) if len(states) > 1 else states[0])

    def _cancel(self, _request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        self.jobs[match[1]] = [job(match[1], "cancelled")]
        return httpx.Response(200, json=self.jobs[match[1]][0])

    def _log(self, request: httpx.Request, _match: re.Match[str]) -> httpx.Response:
        offset = int(request.url.params["offset"])
        piece = self.log[offset : offset + 10]
        return httpx.Response(200, content=piece, headers={"X-Next-Offset": str(offset + len(piece))})


class _Broken(httpx.SyncByteStream):
    """A body that ends in a lost connection."""

    def __init__(self, content: bytes) -> None:
        self._source = io.BytesIO(content)

    def __iter__(self) -> Any:
        yield self._source.read()
        raise httpx.ReadError("connection lost")


_ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/search", FakeService._search),
    ("GET", "/datasets/([^/]+)", FakeService._dataset),
    ("GET", "/datasets/([^/]+)/tree", FakeService._tree),
    ("GET", "/datasets/([^/]+)/data", FakeService._data),
    ("GET", "/datasets/([^/]+)/batch", FakeService._batch),
    ("GET", "/datasets/([^/]+)/files", FakeService._files),
    ("GET", "/datasets/([^/]+)/files/([0-9]+)/content", FakeService._content),
    ("POST", "/uploads", FakeService._start_upload),
    ("GET", "/uploads/([^/]+)", FakeService._show_upload),
    ("PATCH", "/uploads/([^/]+)", FakeService._append),
    ("POST", "/uploads/([^/]+)/complete", FakeService._complete),
    ("GET", "/recipes/([^/]+)", FakeService._recipe),
    ("GET", "/offers", FakeService._offers),
    ("POST", "/jobs", FakeService._start_job),
    ("GET", "/jobs/([^/]+)", FakeService._show_job),
    ("POST", "/jobs/([^/]+)/cancel", FakeService._cancel),
    ("GET", "/jobs/([^/]+)/log", FakeService._log),
)


def problem(status: int, kind: str, detail: str, **more: Any) -> httpx.Response:
    """Problem details (RFC 9457) as the service sends them."""
    body = {"type": f"urn:pandaas:{kind}", "title": kind, "status": status, "detail": detail, "request_id": "r-1"}
    return httpx.Response(status, json=body | more, headers={"Content-Type": "application/problem+json"})


def card(pid: str) -> dict[str, Any]:
    return {
        "pid": pid,
        "version": 1,
        "title": f"Measurement {pid}",
        "kind": "raw",
        "state": "complete",
        "facility": "demo",
        "instrument": "BL-SAXS",
        "proposal": "demo-1",
        "sample": "silica",
        "start_time": "2026-03-01T10:00:00+00:00",
        "created": "2026-03-01T10:00:00+00:00",
        "size": 1000,
        "format": "nexus",
        "techniques": [{"iri": "http://purl.org/pan-science/PaNET/PaNET01188", "label": "SAXS", "short": "SAXS"}],
        "open": False,
        "release_time": "2029-05-14T00:00:00+00:00",
        "has_thumbnail": False,
        "origin": "measured",
        "main_shape": None,
        "snippet": None,
    }


def record(pid: str, signal: str) -> dict[str, Any]:
    energy = {"name": "photon_energy", "value": 12.4, "unit": "keV", "si_value": 1.98e-15, "si_unit": "J"}
    return card(pid) | {
        "parameters": [energy | {"source": None}],
        "arrays": [],
        "plot": {"signal": signal, "axes": []},
        "description": None,
    }


def node(path: str, values: np.ndarray[Any, Any]) -> dict[str, Any]:
    kinds = {"i": "integer", "u": "integer", "f": "float", "c": "complex", "b": "enum", "V": "compound", "O": "string"}
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "kind": "dataset",
        "shape": list(values.shape),
        "dtype": values.dtype.str,
        "type_class": kinds.get(values.dtype.kind, "string"),
        "chunks": None,
        "unit": "counts",
        "attributes": {"units": "counts"},
    }


def recipe_page(name: str, slots: tuple[str, ...], selection: str = "each") -> dict[str, Any]:
    inputs = [{"name": slot, "title": slot, "minimum": 1, "maximum": 1, "help": "", "accepts": ""} for slot in slots]
    return {"id": name, "version": "1.0.0", "title": name, "inputs": inputs, "selection": selection}


def job(name: str, state: str, **more: Any) -> dict[str, Any]:
    outputs = [card(f"ds-{name}")] if state == "succeeded" else []
    known: dict[str, Any] = {
        "progress": None,
        "message": "",
        "failure": None,
        "remedy": None,
        "warnings": [],
        "parameters": {},
    }
    return {"id": name, "recipe": "saxs-integrate", "state": state, "outputs": outputs} | known | more
