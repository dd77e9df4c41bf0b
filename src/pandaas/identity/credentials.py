"""Passwords and opaque secrets: argon2id for what people choose, SHA-256 for what we draw at random."""

from __future__ import annotations

import hashlib
import re
import secrets
from functools import cached_property
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pandaas.model import Busy, InvalidInput

TOKEN_PREFIX = "pandaas_"  # noqa: S105 - public; makes leaked tokens recognisable
TOKEN_PATTERN = re.compile(r"pandaas_[A-Za-z0-9_-]{43}")
SECRET_PATTERN = re.compile(r"[A-Za-z0-9_-]{43}")
MIN_PASSWORD, MAX_PASSWORD = 8, 1024
_PATIENCE_S = 5.0


def new_secret() -> str:
    """256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a random secret. It needs no salt or slow hash: it can't be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Passwords:
    """Hashes and checks passwords (argon2id, the library's defaults), a few at a time since each takes 64 MiB."""

    def __init__(self, *, at_once: int = 4) -> None:
        self._hasher = PasswordHasher()
        self._room = BoundedSemaphore(at_once)

    @cached_property
    def _nobody(self) -> str:
        """What is compared where there is no password, so that it takes as long."""
        return self.hash(new_secret())

    def hash(self, password: str) -> str:
        """The stored form; `InvalidInput` when the password is too short or too long."""
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise InvalidInput(
                f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.",
                remedy="Choose a longer one, for example four words.",
                field="password",
            )
        return self._hasher.hash(password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Compare; an account without password takes as long and never matches."""
        if not self._room.acquire(timeout=_PATIENCE_S):
            raise Busy("Too many people are signing in at once.", remedy="Try again in a few seconds.")
        try:
            nobody = self._nobody
            return self._hasher.verify(stored or nobody, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
        finally:
            self._room.release()

    def is_outdated(self, stored: str) -> bool:
        """Was it hashed with weaker settings than today's?"""
        return self._hasher.check_needs_rehash(stored)
