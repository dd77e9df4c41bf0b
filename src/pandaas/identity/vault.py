"""What is kept encrypted: tokens of providers, with the platform's key, which lies outside the database."""

from __future__ import annotations

import base64
import os
import secrets
from functools import cached_property
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pandaas.config import Settings

_FILE = "secret.key"


class Vault:
    """Encrypts with a key drawn from `secret.key` (the setting, else a file of the home with mode 0600, made when needed)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def lock(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def unlock(self, kept: str) -> str | None:
        """The text, or None when it was locked with another key (the key has been changed)."""
        try:
            return self._fernet.decrypt(kept.encode()).decode()
        except InvalidToken:
            return None

    @cached_property
    def _fernet(self) -> Fernet:
        configured = self._settings.secret.key
        key = configured.get_secret_value() if configured is not None else _kept_key(self._settings.home / _FILE)
        drawn = HKDF(SHA256(), 32, salt=None, info=b"pandaas tokens of providers").derive(key.encode())
        return Fernet(base64.urlsafe_b64encode(drawn))


def _kept_key(file: Path) -> str:
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        own = file.with_name(f"{_FILE}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_urlsafe(48))
        try:
            os.link(own, file)  # of two processes at once, the first one's key counts
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return file.read_text("utf-8").strip()
