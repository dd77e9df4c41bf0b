"""Tokens for slurmrestd (auth/jwt): the service's own, and one for each person's account where jobs are submitted as persons.

A token comes from a file, which is read again for each request so that the facility renews it in its own way, or is made for five
minutes with Slurm's key. Where a person has none, the service's token speaks for her: Slurm allows that to the
tokens of `SlurmUser` and root.
"""

from __future__ import annotations

import base64
import getpass
import hashlib
import hmac
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pandaas.config import SlurmSettings
from pandaas.model import InvalidInput, Unavailable
from pandaas.runtime.engines.slurm.driver import NoToken

_TOKEN_S = 300
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
_RENEW = "scontrol token username={} lifespan=86400"


class Tokens:
    """See the module. `service` is the account of the service."""

    def __init__(self, settings: SlurmSettings) -> None:
        self._settings = settings
        self.service = settings.rest_user or getpass.getuser()

    def of(self, user: str = "") -> str:
        """The token for this account's requests, of the service's without one.

        Raises `NoToken` for a person whose token is missing, can't be read or has run out, `Unavailable` for the service's own.
        """
        settings = self._settings
        if user and user != self.service:
            if settings.rest_tokens is not None:
                return self._of_person(user, settings.rest_tokens)
            if settings.rest_key is not None:
                return token_for(user, _read(settings.rest_key))
        if settings.rest_token is not None:
            token = _stripped(_read(settings.rest_token))
            ended = expired_since(token)
            if ended is not None:
                raise Unavailable(
                    f"The token for slurmrestd in {settings.rest_token} ran out on {ended:%d %b %H:%M} UTC.",
                    remedy=f"Write a new one there, for example: {_RENEW.format(self.service)}",
                )
            return token
        if settings.rest_key is not None:
            return token_for(self.service, _read(settings.rest_key))
        raise InvalidInput(
            "There is no token for slurmrestd.", remedy="Set rest_token or rest_key.", field="runtime.slurm.rest_token"
        )

    def _of_person(self, user: str, folder: Path) -> str:
        if not _ACCOUNT.fullmatch(user):
            raise NoToken(f"The account '{user[:64]}' has a name that no token is looked for under.")
        try:
            token = _stripped((folder / user).read_bytes())
        except FileNotFoundError as error:
            raise NoToken(f"There is no Slurm token for the account {user} yet.", remedy=_put(folder, user)) from error
        except OSError as error:
            raise NoToken(f"The Slurm token for the account {user} can't be read: {error.strerror}.") from error
        ended = expired_since(token)
        if ended is not None:
            raise NoToken(
                f"The Slurm token for the account {user} ran out on {ended:%d %b %H:%M} UTC.",
                remedy=_put(folder, user),
            )
        return token


def token_for(user: str, key: bytes, seconds: int = _TOKEN_S) -> str:
    """A token of Slurm's (JWT, HS256; claims of https://slurm.schedmd.com/jwt.html). Whoever has the key is every user."""
    now = int(time.time())
    parts = ({"alg": "HS256", "typ": "JWT"}, {"iat": now, "exp": now + seconds, "sun": user})
    text = b".".join(_base64(json.dumps(part).encode()) for part in parts)
    return (text + b"." + _base64(hmac.new(key, text, hashlib.sha256).digest())).decode()


def expired_since(token: str) -> datetime | None:
    """When the token ran out; None while it holds, and where it doesn't say."""
    try:
        claims: Any = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        end = float(claims["exp"])
        return datetime.fromtimestamp(end, UTC) if end <= time.time() else None
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, OSError):
        return None


def _put(folder: Path, user: str) -> str:
    return f"Write one to {folder / user}, for example: {_RENEW.format(user)}"


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Unavailable(f"The token for slurmrestd can't be read: {error.strerror}.") from error


def _stripped(content: bytes) -> str:
    return content.decode("utf-8", "replace").strip().removeprefix("SLURM_JWT=")  # as `scontrol token` prints it


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
