"""Errors over HTTP: RFC 9457 problem details, never a stack trace."""

from __future__ import annotations

import errno
import re
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from pandaas.model import Busy, DiskFull, PandaasError

log = structlog.get_logger(__name__)
_CAPABILITY = re.compile(r"^/c/[^/]+")
_TITLES = {404: "There is nothing here", 405: "This can't be done here"}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {"application/problem+json": {}}}
    for status, text in {
        400: "The request is not understood.",
        401: "Sign in first.",
        403: "Not allowed.",
        404: "Nothing here, or nothing you may see.",
        409: "Changed in the meantime.",
        413: "Too large for one answer.",
        422: "An input is wrong; `field` names it.",
        429: "Too much at once.",
        503: "Not available right now.",
        507: "The storage is full.",
    }.items()
}


def problem(
    status: int,
    title: str,
    detail: str,
    request_id: str,
    *,
    kind: str = "problem",
    remedy: str | None = None,
    field: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    body: dict[str, Any] = {"type": f"urn:pandaas:{kind}", "title": title, "status": status, "detail": detail}
    body |= {"remedy": remedy, "field": field, "request_id": request_id}
    return JSONResponse(body, status, media_type="application/problem+json", headers=headers)


def masked(path: str) -> str:
    """A path as logs may hold it: the secret of an address with its own key is left out."""
    return _CAPABILITY.sub("/c/…", path, count=1)


def of_error(error: PandaasError, request_id: str) -> JSONResponse:
    headers = {"Retry-After": "5"} if isinstance(error, Busy) else None
    return problem(
        error.status,
        error.title,
        error.detail,
        request_id,
        kind=error.kind,
        remedy=error.remedy,
        field=error.field,
        headers=headers,
    )


def install(app: FastAPI, *, database: bool = True) -> None:
    """Answer every error of the application as problem details, with a `database` also those of its driver."""

    @app.exception_handler(PandaasError)
    def _known(request: Request, error: PandaasError) -> JSONResponse:
        return of_error(error, _request_id(request))

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if part not in {"body", "query", "path", "header"})
        return problem(
            422,
            "This input can't be used",
            f"'{field or 'body'}': {first['msg']}.",
            _request_id(request),
            kind="invalid-input",
            field=field or None,
        )

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        title = _TITLES.get(error.status_code, str(error.detail))
        return problem(
            error.status_code, title, str(error.detail), _request_id(request), headers=dict(error.headers or {})
        )

    @app.exception_handler(OSError)
    def _system(request: Request, error: OSError) -> JSONResponse:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return of_error(_disk_full(), _request_id(request))
        return _unknown(request, error)

    app.add_exception_handler(Exception, _unknown)
    if database:
        _install_database(app)


def _install_database(app: FastAPI) -> None:
    from sqlalchemy.exc import OperationalError

    @app.exception_handler(OperationalError)
    def _database(request: Request, error: OperationalError) -> JSONResponse:
        text = str(error.orig)
        if "disk is full" in text or "No space left" in text:
            return of_error(_disk_full(), _request_id(request))
        if "locked" in text:
            busy = Busy("The database is busy.", remedy="Try again in a few seconds.")
            return of_error(busy, _request_id(request))
        return _unknown(request, error)


def _unknown(request: Request, error: Exception) -> JSONResponse:
    request_id = _request_id(request)
    log.error("request failed", exc_info=error, path=masked(request.url.path), request_id=request_id)
    return problem(
        500,
        PandaasError.title,
        "The request could not be completed because of an error in the platform.",
        request_id,
        kind="internal",
        remedy=f"Try again; if it stays, report the id {request_id} to the facility's support.",
    )


def _disk_full() -> DiskFull:
    return DiskFull(
        "There is no space left for this.",
        remedy="Nothing was lost. Ask the operator to free space, then try again.",
    )


def _request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))
