"""Time and identifiers, injectable so that tests can hold them still.

All times inside the platform are timezone-aware UTC.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from pandaas.model.errors import InvalidInput

Clock = Callable[[], datetime]
PID_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32: no i, l, o, u


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_pid(prefix: str = "ds") -> str:
    """A fresh persistent identifier, `<prefix>-<12 characters>` (60 random bits); never reused."""
    return f"{prefix}-" + "".join(secrets.choice(_ALPHABET) for _ in range(12))


def check_pid(pid: str) -> str:
    """Return `pid` unchanged, or raise `InvalidInput` when it is no persistent identifier."""
    if not PID_PATTERN.fullmatch(pid) or pid in {".", ".."}:
        raise InvalidInput(
            f"'{pid[:80]}' is not an identifier.",
            remedy="Identifiers hold up to 64 letters, digits, '.', '_' and '-'.",
            field="pid",
        )
    return pid
