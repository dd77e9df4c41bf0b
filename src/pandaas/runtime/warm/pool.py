"""The engine's side of the warm pool: one keeper per process of the platform, started when the first job could use it.

Everything here may fail without harm: work that isn't started warm is started cold. Thread-safe.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import structlog

from pandaas.config import WarmSettings, package_folder

log = structlog.get_logger(__name__)
_ANSWER_S = 5.0
_LARGEST = 1_048_576


@dataclass(frozen=True)
class TemplateState:
    """A template as the operator sees it. `state`: starting, ready or refused, then `why`."""

    key: str
    state: str
    pid: int
    jobs: int
    memory_mb: float
    why: str


class WarmPool:
    """`on_end(folder)` is called, in a thread of ours, when warm work has ended."""

    def __init__(self, settings: WarmSettings, on_end: Callable[[Path], None]) -> None:
        self._settings = settings
        self._on_end = weakref.WeakMethod(on_end)  # a bound method: the engine owns us
        self._mutex = threading.Lock()
        self._answered = threading.Condition()
        self._answers: list[dict[str, Any]] = []
        self._keeper: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._told: set[str] = set()

    @property
    def keeper_pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self, folder: Path) -> Literal["warm", "soon", "cold"]:
        """Start the work in this folder from a template: `soon`, if its template still imports, or it must be started cold."""
        answer = self._ask({"run": str(folder)})
        if answer is None:
            return "cold"
        if answer.get("soon"):
            return "soon"
        why = str(answer.get("why") or "")
        if why and why not in self._told:
            self._told.add(why)
            log.info("started cold", folder=folder.name, reason=why)
        return "warm" if answer.get("started") else "cold"

    def prepare(self, folder: Path) -> None:
        """Have a template for work like that in this folder, whether or not it came twice."""
        self._ask({"prepare": str(folder)})

    def import_ahead(self, described: dict[str, Any]) -> None:
        """Have this template, unless all places are taken; it goes after some minutes if no work comes."""
        self._ask({"ahead": described})

    def templates(self) -> list[TemplateState]:
        if self._keeper is None:
            return []
        answer = self._ask({"look": True}) or {}
        return [TemplateState(**found) for found in answer.get("templates", ())]

    def close(self) -> None:
        """Let keeper and templates go; jobs go on."""
        with self._mutex:
            self._drop()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any] | None:
        with self._mutex:
            try:
                keeper = self._keeper or self._start_keeper()
                with self._answered:
                    self._answers.clear()
                    keeper.send(json.dumps(question).encode())
                    if self._answered.wait_for(lambda: self._answers, _ANSWER_S):
                        return self._answers.pop()
                log.warning("the keeper of the warm pool does not answer")
            except OSError as error:
                log.warning("the keeper of the warm pool is gone", reason=str(error))
            self._drop()
            return None

    def _start_keeper(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-m", "pandaas.runtime.warm.keeper"],
            env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(package_folder().parent)},
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        chosen = self._settings
        settings = {
            "number": chosen.templates,
            "memory_mb": chosen.memory_mb,
            "idle_s": chosen.idle_s,
            "after": chosen.after,
        }
        ours.send(json.dumps({"settings": settings}).encode())
        self._keeper = ours
        ends: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        for target, arguments in (
            (_listen, (ours, weakref.ref(self), self._process, ends)),
            (_tell, (self._on_end, ends)),
        ):
            threading.Thread(target=target, args=arguments, name="warm-pool", daemon=True).start()
        weakref.finalize(self, _shut, ours)
        return ours

    def _drop(self) -> None:
        if self._keeper is not None:
            _shut(self._keeper)
            self._keeper = None

    def take_in(self, told: dict[str, Any]) -> None:
        """What the keeper answered (for the listening thread)."""
        with self._answered:
            self._answers.append(told)
            self._answered.notify_all()


def _listen(
    keeper: socket.socket,
    pool: weakref.ref[WarmPool],
    process: subprocess.Popen[bytes],
    ends: queue.SimpleQueue[Path | None],
) -> None:
    while True:
        try:
            said = keeper.recv(_LARGEST)
        except OSError:
            said = b""
        owner = pool()
        if not said or owner is None:
            break
        told = json.loads(said)
        if "ended" in told:
            ends.put(Path(str(told["ended"])))
        else:
            owner.take_in(told)
        del owner
    ends.put(None)
    keeper.close()
    process.wait()


def _tell(on_end: weakref.WeakMethod[Callable[[Path], None]], ends: queue.SimpleQueue[Path | None]) -> None:
    """In a thread of its own: whoever is told may be waiting for an answer of the keeper."""
    while (folder := ends.get()) is not None:
        call = on_end()
        if call is None:
            return
        call(folder)
        del call


def _shut(keeper: socket.socket) -> None:
    try:
        keeper.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
