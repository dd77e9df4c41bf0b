"""The PaNOSC search API, as https://github.com/panosc-eu/search-api describes it: reading only, for anyone.

Capitals in the path don't count; identifiers are URL-encoded. What this person may not see is not there.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import QueryParams

from pandaas.federation import Answer, FilterError, from_brackets
from pandaas.model import InvalidInput, NotFound, PandaasError, Principal
from pandaas.server.services import READ_OR_WRITE, Asker, Platform, Services

router = APIRouter(prefix="/panosc/api", tags=["panosc"], dependencies=[READ_OR_WRITE])

_MODELS = {"datasets": "Dataset", "documents": "Document", "instruments": "Instrument"}
_FILTER = Query(None, description='JSON: {"where", "include", "limit", "skip", "order", "fields", "query"}.')
_WHERE = Query(None, description="JSON: the condition alone.")
_NAMES = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 413: "Payload Too Large", 503: "Service Unavailable"}


@router.get("/{model}", response_model=list[dict[str, Any]])
def find(
    request: Request,
    platform: Platform,
    asker: Asker,
    model: str,
    filter: str | None = _FILTER,
    query: str | None = Query(None, max_length=500, description="Free words; the best match comes first."),
) -> Response:
    """Find datasets, documents or instruments."""
    return _dispatch(request, platform, asker)


@router.get("/{model}/count", response_model=dict[str, int])
def count(request: Request, platform: Platform, asker: Asker, model: str, where: str | None = _WHERE) -> Response:
    """How many there are."""
    return _dispatch(request, platform, asker)


@router.get("/Datasets/{pid}/files", response_model=list[dict[str, Any]])
def files(request: Request, platform: Platform, asker: Asker, pid: str, filter: str | None = _FILTER) -> Response:
    """The files of a dataset."""
    return _dispatch(request, platform, asker)


@router.get("/Datasets/{pid}/files/count", response_model=dict[str, int])
def count_files(request: Request, platform: Platform, asker: Asker, pid: str, where: str | None = _WHERE) -> Response:
    """How many files a dataset has."""
    return _dispatch(request, platform, asker)


@router.get("/{model}/{pid}", response_model=dict[str, Any])
def find_by_id(
    request: Request, platform: Platform, asker: Asker, model: str, pid: str, filter: str | None = _FILTER
) -> Response:
    """One dataset, document or instrument."""
    return _dispatch(request, platform, asker)


@router.api_route("/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
def anything(request: Request, platform: Platform, asker: Asker, path: str) -> Response:
    """Paths in other capitals, identifiers with bare slashes, and what this API doesn't have."""
    return _dispatch(request, platform, asker)


def _dispatch(request: Request, platform: Services, asker: Principal) -> Response:
    try:
        answer = _answer(request, platform, asker)
    except PandaasError as error:
        return _error(error, str(getattr(request.state, "request_id", "")))
    response = Response(json.dumps(answer.body, ensure_ascii=False), media_type="application/json")
    response.headers["Access-Control-Allow-Origin"] = "*"
    for remark in answer.remarks[:5]:
        response.headers.append("Warning", f'299 - "{_header(remark)}"')
    return response


def _answer(request: Request, platform: Services, asker: Principal) -> Answer:
    first, *rest = _segments(request)
    model = _MODELS.get(first.lower())
    if model is None or request.method not in ("GET", "HEAD"):
        raise NotFound(
            "The search API has nothing here.", remedy="It has Datasets, Documents and Instruments, for reading."
        )
    api, asked = platform.panosc, request.query_params
    filter_text, where_text = _asked(asked, "filter"), _asked(asked, "where")
    if not rest:
        return api.find(asker, model, filter_text, asked.get("query"))
    if [one.lower() for one in rest] == ["count"]:
        return api.count(asker, model, where_text)
    lower = [one.lower() for one in rest]
    if model == "Dataset" and len(rest) > 2 and lower[-2:] == ["files", "count"]:
        return api.count_files(asker, "/".join(rest[:-2]), where_text)
    if model == "Dataset" and len(rest) > 1 and lower[-1] == "files":
        return api.files(asker, "/".join(rest[:-1]), filter_text)
    return api.find_by_id(asker, model, "/".join(rest), filter_text)


def _asked(parameters: QueryParams, name: str) -> str | None:
    """A filter as JSON, or in brackets."""
    text = parameters.get(name)
    return text if text is not None else from_brackets(name, parameters.multi_items())


def _segments(request: Request) -> list[str]:
    """The path below /panosc/api, decoded only after it was taken apart: an identifier may hold '%2F'."""
    raw = request.scope.get("raw_path") or request.url.path.encode()
    path = raw.split(b"?", 1)[0].decode("ascii", "replace")
    below = path.lower().partition("/panosc/api/")[0]
    parts = [unquote(part) for part in path[len(below) + len("/panosc/api/") :].strip("/").split("/")]
    return parts or [""]


def _error(error: PandaasError, request_id: str) -> Response:
    """Problem details that also say what LoopBack's clients look for."""
    status = FilterError.status if isinstance(error, InvalidInput) and error.status == 422 else error.status
    name = "Error" if status == 404 else _NAMES.get(status, "Error")
    told: dict[str, Any] = {"statusCode": status, "name": name, "message": str(error)}
    if status == 404:
        told["code"] = "MODEL_NOT_FOUND"
    body = {
        "type": f"urn:pandaas:{error.kind}",
        "title": error.title,
        "status": status,
        "detail": error.detail,
        "remedy": error.remedy,
        "field": error.field,
        "request_id": request_id,
        "error": told,
    }
    return Response(
        json.dumps(body, ensure_ascii=False),
        status,
        media_type="application/problem+json",
        headers={"Access-Control-Allow-Origin": "*"},
    )


def _header(text: str) -> str:
    return "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else "?" for c in text)[:300]
