"""An installed program that a recipe of shape `whole` calls: declared in `[program]`, run without a shell.

    dials = installed_program()
    dials.run("dials.import", ["image.cbf"], folder)

The program's own folder is where its companions are looked for (`dials.import` beside `dials.find_spots`).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Callable, Mapping, Optional, Sequence

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.job import current_job

_TAIL = 20
_LONGEST = 4000
_OWN_WORDS = re.compile(r"^\s*[\w.]*(?:Error|Exception|Sorry)(?:: |$)")  # how Python names the kind of an error


class ProgramFailed(RecipeError):
    """The program ended badly: `name` of the command, its exit `code`, and the last lines that it `said`."""

    def __init__(self, name: str, code: int, said: Sequence[str]) -> None:
        self.name = name
        self.code = code
        self.said = tuple(said)
        ended = f"was ended by signal {-code}" if code < 0 else f"failed (exit code {code})"
        super().__init__(f"{name} {ended}: {self.reason}", "See the log for all that it said.")

    @property
    def reason(self) -> str:
        last = _OWN_WORDS.sub("", self.said[-1])[:300] if self.said else ""
        return last or "it said nothing"

    def __reduce__(self) -> tuple[type[RecipeError], tuple[str, int, tuple[str, ...]]]:  # type: ignore[override]
        return (ProgramFailed, (self.name, self.code, self.said))


@dataclass(frozen=True)
class Program:
    """`version` as it told the platform, `path` of its file, `variables` that it needs."""

    name: str
    version: str
    path: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        command: str,
        arguments: Sequence[str],
        folder: str,
        on_line: Optional[Callable[[str], None]] = None,
    ) -> list[str]:
        """Run `command`, which lies beside the program, in `folder`; returns its last lines and keeps all of them in the log.

        `RecipeError` when it isn't there, `ProgramFailed` when it ends badly.
        """
        path = os.path.join(os.path.dirname(self.path), command)
        if not os.access(path, os.X_OK):
            raise RecipeError(f"{self.name} has no '{command}' here.", "Tell the operator: its version is another one.")
        said: list[str] = []
        sys.stdout.write(f"Running {' '.join([command, *arguments])}\n")
        with subprocess.Popen(
            [path, *arguments],
            cwd=folder,
            env={**os.environ, **self.variables, "PYTHONPATH": "", "PYTHONNOUSERSITE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            for raw in process.stdout:
                line = raw.decode("utf-8", "replace").rstrip()[:_LONGEST]
                sys.stdout.write(line + "\n")
                said = [*said[1 - _TAIL :], line] if line.strip() else said
                if on_line is not None:
                    on_line(line)
        if process.returncode:
            raise ProgramFailed(command, process.returncode, said)
        return said


def installed_program() -> Program:
    """The program of the running job. `RecipeError` where it was given none."""
    job = current_job()
    known = job.program if job is not None else {}
    if not known.get("path"):
        raise RecipeError("The program of this recipe is not installed here.", "Tell the operator.")
    return Program(
        str(known.get("name") or ""),
        str(known.get("version") or "unknown"),
        str(known["path"]),
        dict(known.get("variables") or {}),
    )
