"""The requests that come by the hundred, brought to their routes without FastAPI's detour.

Finding the route, solving dependencies and checking types takes a multiple of what it takes to say what is already known of
a file. So a GET whose query is plainly what one of these routes takes calls it here; everything else, every doubtful
value and every mistake goes on to FastAPI, which describes and checks the same functions. Who asks was decided at the door.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pandaas.model import PandaasError
from pandaas.server.routers import arrays, h5grove

Arguments = dict[str, Any]


@dataclass(frozen=True)
class _Way:
    """A route: `texts` are its parameters that take any text, `choices` those that take one of some, `numbers` whole numbers of a range.

    `lists` are repeated, `longest` limits every text. `at_once` is for what computes in Python: so many of them are answered at a
    time, in the order they came. More would only take turns with each other, and with whoever reads and writes.
    """

    call: Callable[..., Response]
    template: str
    required: frozenset[str]
    texts: frozenset[str]
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    numbers: Mapping[str, range] = field(default_factory=dict)
    with_request: bool = True
    at_once: int | None = None
    refused: Callable[[PandaasError], Response] | None = None
    longest: int = 65_536

    def arguments(self, query: bytes) -> Arguments | None:
        """What to call it with; None for a query that isn't plainly for it."""
        found: Arguments = {}
        try:
            pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=64)
        except ValueError:
            return None
        for name, text in pairs:
            if len(text) > self.longest:
                return None
            if name in self.lists:
                found.setdefault(name, []).append(text)
            elif name in self.numbers and name not in found and _is_in(text, self.numbers[name]):
                found[name] = int(text)
            elif name in found or not (name in self.texts or text in self.choices.get(name, ())):
                return None
            else:
                found[name] = text
        return found if self.required <= found.keys() else None


_H5GROVE = [
    _Way(
        h5grove.attr,
        "/h5grove/attr/",
        frozenset({"file"}),
        frozenset({"file", "path"}),
        lists=frozenset({"attr_keys"}),
        with_request=False,
        refused=h5grove.told,
    ),
    _Way(
        h5grove.meta,
        "/h5grove/meta/",
        frozenset({"file"}),
        frozenset({"file", "path", "resolve_links"}),
        with_request=False,
        refused=h5grove.told,
    ),
    _Way(
        h5grove.data,
        "/h5grove/data/",
        frozenset({"file"}),
        frozenset({"file", "path", "dtype", "format", "selection"}),
        refused=h5grove.told,
    ),
]
_DATASETS = "/api/v1/datasets/"
_DATA = _Way(
    arrays.data,
    "/api/v1/datasets/{pid:path}/data",
    frozenset({"path"}),
    frozenset({"path", "selection"}),
    {"format": frozenset({"bin", "npy", "csv", "tiff", "json"}), "dtype": frozenset({"origin", "safe"})},
    numbers={"version": range(10**9)},
)
_BY_PATH = {path: way for way in _H5GROVE for path in (way.template, way.template[:-1])}


class Shortcut:
    """The middleware behind the door."""

    def __init__(self, app: ASGIApp, *, search: bool = False) -> None:
        """`search`: there is a catalogue, and its search goes this way too."""
        self.app = app
        self._ways = _BY_PATH | (_search() if search else {})
        self._lanes = {way.template: CapacityLimiter(way.at_once) for way in self._ways.values() if way.at_once}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _find(scope, self._ways) if scope["type"] == "http" and scope["method"] == "GET" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        way, arguments = found
        scope["route"] = SimpleNamespace(path=way.template)
        request = Request(scope, receive, send)
        lane = self._lanes.get(way.template)
        answer = await to_thread.run_sync(_answer, request, way, arguments, limiter=lane)
        await answer(scope, receive, send)


def _search() -> dict[str, _Way]:
    from pandaas.catalogue import FACETS  # `pandaas view` starts without it
    from pandaas.server.routers import search

    template = "/api/v1/search"
    way = _Way(
        search.quick,
        template,
        frozenset(),
        frozenset({"q"}),
        {"sort": frozenset({"relevance", "newest", "oldest", "title", "size"})},
        lists=frozenset(FACETS),
        numbers={"limit": range(1, 501), "offset": range(1_000_001)},
        with_request=False,
        at_once=2,
        longest=2_000,
    )
    return {template: way}


def _is_in(text: str, allowed: range) -> bool:
    """A number of digits within `allowed` (anything but an int would be looked for one by one)."""
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) in allowed


def _find(scope: Scope, ways: Mapping[str, _Way]) -> tuple[_Way, Arguments] | None:
    path: str = scope["path"]
    way = ways.get(path)
    named: Arguments = {}
    if way is None and path.startswith(_DATASETS) and path.endswith("/data"):
        way, named = _DATA, {"pid": path[len(_DATASETS) : -len("/data")]}
    if way is None or (named and not named["pid"]):
        return None
    arguments = way.arguments(scope["query_string"])
    return (way, arguments | named) if arguments is not None else None


def _answer(request: Request, way: _Way, arguments: Arguments) -> Response:
    if way.with_request:
        arguments["request"] = request
    try:
        return way.call(platform=request.app.state.services, asker=request.state.principal, **arguments)
    except PandaasError as error:
        return way.refused(error) if way.refused is not None else _told(request, error)
    except Exception as error:  # noqa: BLE001 - answered as the application answers it anywhere else
        return _told(request, error)


def _told(request: Request, error: Exception) -> Response:
    handlers = request.app.exception_handlers
    answer: Response = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)(request, error)
    return answer
