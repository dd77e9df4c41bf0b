"""A clock that stands still until it is told to move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


class ManualClock:
    """`database.clock = ManualClock()`; then `clock.advance(minutes=5)`."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> datetime:
        """Move by `timedelta(**span)` and return the new time."""
        self.now += timedelta(**span)
        return self.now
