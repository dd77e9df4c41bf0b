"""The one tree of errors, grouped by what the caller can do about them.

    PandaasError
    ├── InvalidInput            change the request            (422)
    │   ├── TooLarge            ask for less, or export       (413)
    │   └── UnreadableFile      repair or convert the file    (422)
    ├── NotSignedIn             sign in                       (401)
    ├── NotAllowed              ask someone who may           (403)
    ├── NotFound                look elsewhere                (404)
    ├── Conflict                reload and decide again       (409)
    └── Unavailable             wait, or ask the operator     (503)
        ├── Busy                try again shortly             (429)
        └── DiskFull            the operator frees space      (507)

What a person may not see is `NotFound` for her, never `NotAllowed`: existence is information. Every message names the
thing, the reason and the remedy; `field` names the input at fault. Over HTTP they become RFC 9457 problem details.
"""

from __future__ import annotations


class PandaasError(Exception):
    """Base of all errors that are meant to be shown to a person."""

    status = 500
    title = "Something went wrong on our side"

    def __init__(self, detail: str, *, remedy: str | None = None, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.field = field

    @property
    def kind(self) -> str:
        """Stable machine-readable name, for example `too-large`."""
        name = type(self).__name__
        return "".join("-" + c.lower() if c.isupper() else c for c in name).lstrip("-")

    def __str__(self) -> str:
        return f"{self.detail} {self.remedy}" if self.remedy else self.detail


class InvalidInput(PandaasError):
    status = 422
    title = "This input can't be used"


class TooLarge(InvalidInput):
    status = 413
    title = "This is more than one answer may hold"


class UnreadableFile(InvalidInput):
    status = 422
    title = "This file can't be read"


class NotSignedIn(PandaasError):
    status = 401
    title = "Sign in first"


class NotAllowed(PandaasError):
    status = 403
    title = "You may not do this"


class NotFound(PandaasError):
    status = 404
    title = "There is nothing here"


class Conflict(PandaasError):
    status = 409
    title = "This has changed in the meantime"


class Unavailable(PandaasError):
    status = 503
    title = "This is not available right now"


class Busy(Unavailable):
    status = 429
    title = "Too much at once"


class DiskFull(Unavailable):
    status = 507
    title = "The storage is full"
