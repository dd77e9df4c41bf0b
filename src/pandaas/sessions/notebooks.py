"""Notebooks of a session's results folder become recipes of its person (`pandaas.recipes.OwnRecipes`)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pandaas.db.tables import WorkSession
from pandaas.model import InvalidInput, NotAllowed, Principal
from pandaas.recipes import Draft, OwnRecipes, RecipeVersion
from pandaas.runtime import copy_beneath
from pandaas.sessions.folder import SessionFolder
from pandaas.sessions.views import SessionView

_MOST_BYTES = 20_000_000
_ENVIRONMENT = "notebook"  # where the session's program is no JupyterLab


class SessionNotebooks:
    """Reads a private copy of the notebook; what it holds is looked at in the sandbox only."""

    def __init__(
        self,
        own: OwnRecipes,
        *,
        look: Callable[[Principal, str], SessionView],
        folder: Callable[[WorkSession], SessionFolder],
    ) -> None:
        self._own = own
        self._look = look
        self._folder = folder

    def look(self, principal: Principal, session_id: str, file: str, inputs: Sequence[str]) -> dict[str, Any]:
        """The JSON Schema of the form that the notebook would have, without the variables named in `inputs`."""
        row = self._mine(principal, session_id)
        with self._copy(row, file) as notebook:
            return self._own.look(notebook, _environment(row), inputs)

    def save(self, principal: Principal, session_id: str, file: str, draft: Draft) -> RecipeVersion:
        """Keep it as a private recipe; errors name the field at fault."""
        row = self._mine(principal, session_id)
        with self._copy(row, file) as notebook:
            return self._own.save(principal, draft, notebook, _environment(row))

    def _mine(self, principal: Principal, session_id: str) -> WorkSession:
        view = self._look(principal, session_id)
        if not view.is_owner:
            raise NotAllowed("Only the session's person makes recipes of its notebooks.", remedy=f"Ask {view.person}.")
        return view.row

    @contextmanager
    def _copy(self, row: WorkSession, file: str) -> Iterator[Path]:
        if not file.endswith(".ipynb"):
            raise InvalidInput(f"'{file}' is no notebook.", remedy="Choose a file that ends in .ipynb.", field="file")
        with tempfile.TemporaryDirectory(prefix="pandaas-notebook-") as place:
            yield copy_beneath(self._folder(row).results, file, Path(place), "notebook.ipynb", most=_MOST_BYTES).path


def _environment(row: WorkSession) -> str:
    """That of the notebook's own kernel; other programs' environments needn't run notebooks."""
    return row.environment if row.kind == "jupyter" and row.environment is not None else _ENVIRONMENT
