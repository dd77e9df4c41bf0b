"""Tokens that `pandaas login` has fetched, by address: in the system's keyring where `keyring` is installed and has one,
else in a file of mode 0600 (`$XDG_CONFIG_HOME/pandaas/tokens.json`)."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

import httpx

from pandaas.model import InvalidInput, NotAllowed

_SERVICE = "pandaas"


def address_key(url: str) -> str:
    """An address as tokens are kept under it: scheme, host and port."""
    parts = httpx.URL(url)
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise InvalidInput(f"'{url}' is no address.", remedy="Write it like https://data.example.org.", field="url")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.host}:{port}"


def keep(url: str, token: str) -> str:
    """Keep a token for an address; returns where, in words."""
    ring = _keyring()
    if ring is not None:
        ring.set_password(_SERVICE, address_key(url), token)
        return "the system's keyring"
    kept = _read() | {address_key(url): token}
    _write(kept)
    return str(_file())


def kept(url: str) -> str | None:
    """The token kept for this address, if there is one; `NotAllowed` when others could read the file."""
    key = address_key(url)
    if _file().exists() and key in (found := _read()):
        return found[key]
    ring = _keyring()
    return ring.get_password(_SERVICE, key) if ring is not None else None


def forget(url: str) -> None:
    """Keep no token for this address any more."""
    key = address_key(url)
    found = _read()
    if found.pop(key, None) is not None:
        _write(found)
    ring = _keyring()
    if ring is not None and ring.get_password(_SERVICE, key) is not None:
        ring.delete_password(_SERVICE, key)


def _file() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "pandaas/tokens.json"


def _read() -> dict[str, str]:
    file = _file()
    try:
        if file.stat().st_mode & 0o077:
            raise NotAllowed(
                f"Others can read your tokens in {file}.",
                remedy=f"Run `chmod 600 {file}`, and take the tokens back on the page if they may have been seen.",
            )
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise InvalidInput(f"{file} can't be read: {error}.", remedy="Delete it and sign in again.") from error
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _write(tokens: dict[str, str]) -> None:
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as made:
        json.dump(tokens, made, indent=1)
    partial.replace(file)


def _keyring() -> Any:
    """The system's keyring, if `keyring` is installed and found one that really keeps something."""
    try:
        import keyring
        from keyring.backends import fail
    except ImportError:
        return None
    ring = keyring.get_keyring()
    return None if isinstance(ring, fail.Keyring) or ring.priority <= 0 else ring
