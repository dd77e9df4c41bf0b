"""The secrets of one start of `pandaas view`.

The key stands in the printed address. The browser is opened with a ticket instead, which is good for one visit, since
other people of this machine can read command lines.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


@dataclass
class Keys:
    """`key` None lets everybody in who reaches the port."""

    key: str | None
    port: int
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _tickets: set[str] = field(default_factory=set)

    @property
    def cookie_name(self) -> str:
        """Browsers keep cookies by host, not by port; two views have two."""
        return f"pandaas-view-{self.port}"

    def ticket(self) -> str:
        """A key that is good for one visit."""
        made = secrets.token_urlsafe(32)
        self._tickets.add(made)
        return made

    def takes(self, shown: str) -> bool:
        for ticket in tuple(self._tickets):
            if _equal(shown, ticket):
                self._tickets.discard(ticket)
                return True
        return self.is_key(shown)

    def is_key(self, shown: str) -> bool:
        return self.key is not None and _equal(shown, self.key)

    def is_cookie(self, shown: str) -> bool:
        return _equal(shown, self.cookie)


def _equal(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode("utf-8", "replace"), other.encode())
