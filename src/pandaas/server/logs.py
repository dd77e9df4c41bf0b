"""Logging: structlog over the standard library, to the terminal and to rotated files in the home."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from typing import Any

import structlog

from pandaas.config import Settings


def set_up(settings: Settings, *, terminal: bool = True) -> None:
    """Write to `home/logs/pandaas.log` (rotated within log.keep_mb) and, for warnings at least, to the terminal."""
    folder = settings.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log.format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    tail: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if settings.log.format == "json":
        tail.append(structlog.processors.format_exc_info)
    formatter = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*tail, renderer])
    part = settings.log.keep_mb * 1024 * 1024 // 5
    file = logging.handlers.RotatingFileHandler(folder / "pandaas.log", maxBytes=part, backupCount=4, encoding="utf-8")
    file.setFormatter(formatter)
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(file)
    if terminal:
        console = logging.StreamHandler(sys.stderr)
        console.setFormatter(formatter)
        console.setLevel(logging.WARNING)
        root.addHandler(console)
    root.setLevel(settings.log.level.upper())
    for noisy in ("uvicorn.access", "httpx", "httpcore", "watchfiles"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
