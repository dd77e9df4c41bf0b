"""The job's log as the runner writes it: what it was given, how far it is, what it took. A few lines, whatever the recipe.

What a recipe prints stands between them.
"""

from __future__ import annotations

import math
import os
import platform
import re
import sys
import time
from typing import TYPE_CHECKING, Any, Mapping, Optional, TextIO

import numpy as np

if TYPE_CHECKING:
    from pandaas.sdk.inputs import Input
    from pandaas.sdk.job import Job

_EVERY_S = 10.0
_PHASES = 30  # so many changes of what it does are told at once
_LONGEST = 500


class Journal:
    """Writes lines with the seconds since its beginning to `stream`, or nowhere."""

    def __init__(self, stream: Optional[TextIO] = None) -> None:
        self._stream = stream
        self._began = time.monotonic()
        self._stepped = -_EVERY_S
        self._phase = ""
        self._phases_left = _PHASES

    def say(self, text: str) -> None:
        if self._stream is not None:
            seconds = time.monotonic() - self._began
            self._stream.write(f"[{seconds:6.1f} s] {' '.join(text.split())[:_LONGEST]}\n")
            self._stream.flush()

    def step(self, message: str) -> None:
        """A step of progress: told when something new begins, else every ten seconds."""
        now, phase = time.monotonic(), re.sub(r"[\d.]+", "", message)
        is_new = phase != self._phase and self._phases_left > 0
        if not message or not (is_new or now - self._stepped >= _EVERY_S):
            return
        self._phases_left -= is_new
        self._phase, self._stepped = phase, now
        self.say(message)

    def begin(self, job: Job) -> None:
        cores = f"{job.cores} core{'s' if job.cores > 1 else ''}"
        memory = f", {job.memory_mb} MB" if job.memory_mb else ""
        self.say(f"{job.recipe_id} {job.recipe_version} with {cores}{memory}, Python {platform.python_version()}")
        for slot, given in job.inputs.items():
            for source in given:
                self.say(f"{slot}: {describe(source)}")
        told = {name: value for name, value in job.parameters.items() if value not in (None, "", [])}
        self.say(f"parameters: {in_words(told) or 'none'}")

    def end(self, job: Job) -> None:
        used = f"{sum(os.times()[:4]):.3g} s of processor time"
        wrote = os.path.isfile(job.result_path)
        self.say(f"result: {os.path.getsize(job.result_path) / 1e6:.3g} MB, {used}" if wrote else used)


def standard() -> Journal:
    """The journal of a job: what is written to standard error becomes its log."""
    return Journal(sys.stderr)


def describe(source: Input) -> str:
    """`Silica in water (ds-1, version 1), /entry/data/data: 200 × 2167 × 2070 uint32`."""
    text = f"{source.title} ({source.pid}, version {source.version})"
    if not source.arrays:
        return text
    array = max(source.arrays, key=lambda found: (found.is_default, math.prod(found.shape)))
    return f"{text}, {array.path}: {' × '.join(map(str, array.shape)) or 'one'} {_type_name(array.dtype)}"


def _type_name(dtype: str) -> str:
    try:
        return str(np.dtype(dtype).name)
    except TypeError:  # a compound type in words
        return dtype


def in_words(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in parameters.items())
