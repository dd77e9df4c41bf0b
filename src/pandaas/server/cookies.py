"""The platform's cookie: `__Host-` on https; on plain loopback http the same attributes without the prefix."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

SECURE_NAME = "__Host-pandaas"
LOOPBACK_NAME = "pandaas"
_BROWSER = "-sign-in"  # a cookie of its own for sign-ins on their way to a provider and back
_VISIT = "-visit"  # of a guest who was invited into a session
_LENS = "-lens"  # the cookie beside it: a reviewer's visit, or the look as somebody else


def is_secure(connection: HTTPConnection) -> bool:
    return connection.url.scheme in {"https", "wss"}


def cookie_secret(connection: HTTPConnection) -> str | None:
    """The sign-in secret the browser sent, if any."""
    return connection.cookies.get(SECURE_NAME if is_secure(connection) else LOOPBACK_NAME)


def lens_secret(connection: HTTPConnection) -> str | None:
    """The secret of the lens through which this browser looks, if any."""
    return connection.cookies.get((SECURE_NAME if is_secure(connection) else LOOPBACK_NAME) + _LENS)


def set_lens(connection: HTTPConnection, response: Response, secret: str) -> None:
    """It ends with the browser, and on the server when its time is over."""
    secure = is_secure(connection)
    name = (SECURE_NAME if secure else LOOPBACK_NAME) + _LENS
    response.set_cookie(name, secret, httponly=True, secure=secure, samesite="strict", path="/")


def clear_lens(connection: HTTPConnection, response: Response) -> None:
    secure = is_secure(connection)
    name = (SECURE_NAME if secure else LOOPBACK_NAME) + _LENS
    response.delete_cookie(name, httponly=True, secure=secure, samesite="strict", path="/")


def visit_secret(connection: HTTPConnection) -> str | None:
    """The secret of the guest who visits a session with this browser, if any."""
    return connection.cookies.get((SECURE_NAME if is_secure(connection) else LOOPBACK_NAME) + _VISIT)


def set_visit(connection: HTTPConnection, response: Response, secret: str) -> None:
    """It ends with the browser, and on the server with the invitation."""
    secure = is_secure(connection)
    name = (SECURE_NAME if secure else LOOPBACK_NAME) + _VISIT
    response.set_cookie(name, secret, httponly=True, secure=secure, samesite="strict", path="/")


def clear_visit(connection: HTTPConnection, response: Response) -> None:
    secure = is_secure(connection)
    name = (SECURE_NAME if secure else LOOPBACK_NAME) + _VISIT
    response.delete_cookie(name, httponly=True, secure=secure, samesite="strict", path="/")


def set_cookie(connection: HTTPConnection, response: Response, secret: str, *, hours: float) -> None:
    secure = is_secure(connection)
    response.set_cookie(
        SECURE_NAME if secure else LOOPBACK_NAME,
        secret,
        max_age=int(hours * 3600),
        httponly=True,
        secure=secure,
        samesite="strict",
        path="/",
    )


def clear_cookie(connection: HTTPConnection, response: Response) -> None:
    secure = is_secure(connection)
    response.delete_cookie(
        SECURE_NAME if secure else LOOPBACK_NAME, httponly=True, secure=secure, samesite="strict", path="/"
    )


def browser_secret(connection: HTTPConnection) -> str | None:
    """The secret that binds a sign-in with a provider to this browser, if it has begun one."""
    return connection.cookies.get((SECURE_NAME if is_secure(connection) else LOOPBACK_NAME) + _BROWSER)


def set_browser(connection: HTTPConnection, response: Response, secret: str, *, seconds: float) -> None:
    secure = is_secure(connection)
    response.set_cookie(
        (SECURE_NAME if secure else LOOPBACK_NAME) + _BROWSER,
        secret,
        max_age=int(seconds),
        httponly=True,
        secure=secure,
        samesite="strict",
        path="/",
    )
