"""A small facility with made-up people, data and recipes, for tests of recipes and jobs without the catalogue.

`Workshop(home)` has a database, access, runtime, a registry with two tiny recipes (`sum-blocks`, `sum-whole`) that run in
the platform's own Python, and a job service over `FakeCatalogue`. Nothing runs in the background until asked to.

What is the same in every workshop of a test session is made once: empty tables, and the forms of recipes with the same
`parameters.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.chains import ChainService
from pandaas.config import Settings, load_settings
from pandaas.db import Base, Database
from pandaas.db.tables import (
    Dataset,
    DatasetArray,
    DatasetFile,
    DatasetParameter,
    Instrument,
    Job,
    Person,
    Proposal,
    ProposalMember,
    Relation,
)
from pandaas.identity import Identity
from pandaas.jobs import JobRequest, JobService, JobView
from pandaas.model import JobState, Principal, PrincipalKind, Role, TeamRole, new_pid, utc_now
from pandaas.recipes import RecipeRegistry, write_skeleton
from pandaas.runtime import Environment, Runtime

SAXS = "http://purl.org/pan-science/PaNET/PaNET01188"


class FakeCatalogue:
    """Registers results as rows without reading them. `fail_next` makes the next registration raise it."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access
        self.fail_next: Exception | None = None

    def prepare_result(self, file: Path, _attachments: Sequence[Path] = ()) -> Path:
        return file

    def register_result(
        self,
        session: Session,
        job: Job,
        file: Path,
        *,
        title: str,
        inputs: Mapping[str, Sequence[str]],
        proposal: Proposal,
    ) -> str:
        if self.fail_next is not None:
            error, self.fail_next = self.fail_next, None
            raise error
        row = _row(title, proposal.id, self._database, kind="derived", files=[file])
        row.job_id, row.owner_id = job.id, job.person_id
        row.arrays = [
            DatasetArray(path="/entry/sum/sum", shape=[40], dtype="<f8", kind="curve", nbytes=320, is_default=True)
        ]
        session.add(row)
        session.flush()
        for slot, pids in inputs.items():
            for pid in pids:
                session.add(
                    Relation(subject_pid=row.pid, relation="derived_from", object_pid=pid, slot=slot, job_id=job.id)
                )
        self._access.record_ancestors(session, row.id, [pid for pids in inputs.values() for pid in pids])
        return row.pid


class WorkshopRecipes(RecipeRegistry):
    """The workshop's own recipes only. Their forms are made in the sandbox, once for all workshops."""

    _schemas: ClassVar[dict[str, str]] = {}

    def __init__(self, settings: Settings, database: Database, runtime: Runtime) -> None:
        super().__init__(settings, database, runtime)
        self._places = self._places[1:]  # without those that come along

    def _schema(self, code: Path, environment: Environment) -> dict[str, Any]:
        digest = hashlib.sha256(f"{environment.key} ".encode())
        for file in sorted(code.rglob("*")):
            if file.is_file() and file.name != "run.py":
                digest.update(f"{file.relative_to(code)} ".encode() + file.read_bytes())
        key = digest.hexdigest()
        if key not in self._schemas:
            self._schemas[key] = json.dumps(super()._schema(code, environment))
        found: dict[str, Any] = json.loads(self._schemas[key])
        return found


class Workshop:
    """See the module. People: alice and bob (visitors, each with a proposal), otto (operator)."""

    def __init__(self, home: Path, *, fresh: bool = True, **settings: Any) -> None:
        self.home = home
        self.recipe_folder = home / "own-recipes"
        self.data = home / "data"
        runtime = {"recipe_folders": [str(self.recipe_folder)], "cores": 2, "memory_mb": 4096, "lost_grace_s": 1}
        runtime |= {"warm": {"templates": 0}, **settings.pop("runtime", {})}
        self.settings: Settings = load_settings(home=home, runtime=runtime, **settings)
        if fresh:
            self.data.mkdir(parents=True, exist_ok=True)
            for recipe, shape in (("sum-blocks", "blockwise"), ("sum-whole", "whole")):
                write_skeleton(self.recipe_folder, recipe, shape=shape, environment="platform")  # type: ignore[arg-type]
        if fresh and self.settings.database.url is None:
            home.joinpath("pandaas.sqlite").write_bytes(_empty_tables())
        self.database = Database(self.settings.database_url)
        if fresh:
            if self.settings.database.url is not None:
                Base.metadata.create_all(self.database.engine)
            self._people()
        self.access = Access(self.database)
        self.catalogue = FakeCatalogue(self.database, self.access)
        self.runtime = Runtime(self.settings, self.database)
        self.recipes = WorkshopRecipes(self.settings, self.database, self.runtime)
        self.jobs = JobService(self.database, self.settings, self.access, self.catalogue, self.runtime, self.recipes)
        self.identity = Identity(self.database, self.settings)
        self.chains = ChainService(self.database, self.settings, self.identity, self.access, self.recipes, self.jobs)

    def principal(self, user: str, **changes: Any) -> Principal:
        """The person with her present teams."""
        with self.database.read() as session:
            person = session.scalars(select(Person).where(Person.user == user)).one()
            rows = select(ProposalMember.proposal_id, ProposalMember.role).where(ProposalMember.person_id == person.id)
            teams = {proposal_id: TeamRole(role) for proposal_id, role in session.execute(rows)}
        values: dict[str, Any] = {
            "kind": PrincipalKind.PERSON,
            "person_id": person.id,
            "name": person.name,
            "role": Role(person.role),
            "teams": teams,
        }
        return Principal(**{**values, **changes})

    def dataset(
        self,
        proposal: str = "P-alice",
        *,
        title: str = "A series",
        values: Any = None,
        parameters: Mapping[str, tuple[float, str]] | None = None,
        file: Path | None = None,
        **columns: Any,
    ) -> str:
        """Write a small HDF5 file and register it; returns the pid."""
        path = file or self.data / f"{new_pid('file')}.h5"
        array = np.arange(40 * 6, dtype="uint16").reshape(40, 6) if values is None else np.asarray(values)
        if file is None:
            with h5py.File(path, "w") as stream:
                stream["data"] = array
            path.chmod(0o644)
        with self.database.session() as session:
            place = session.scalars(select(Proposal).where(Proposal.name == proposal)).one()
            row = _row(title, place.id, self.database, kind=columns.pop("kind", "raw"), files=[path])
            for name, value in columns.items():
                setattr(row, name, value)
            kind = "curve" if array.ndim == 1 else "image" if array.ndim == 2 else "image_stack"
            row.arrays = [
                DatasetArray(
                    path="/data",
                    shape=list(array.shape),
                    dtype=array.dtype.str,
                    kind=kind,
                    nbytes=array.nbytes,
                    is_default=True,
                )
            ]
            row.parameters = [
                DatasetParameter(name=name, value=value, unit=unit, source="/entry/x")
                for name, (value, unit) in (parameters or {}).items()
            ]
            session.add(row)
            return row.pid

    def write_recipe(self, recipe: str, run: str, *, parameters: str | None = None, manifest: str = "") -> None:
        """A whole recipe `recipe` whose run.py is `run`; `manifest` is appended to recipe.toml's resources."""
        folder = self.recipe_folder / recipe
        if not folder.exists():
            write_skeleton(self.recipe_folder, recipe, shape="whole", environment="platform")
        (folder / "run.py").write_text(run, "utf-8")
        if parameters is not None:
            (folder / "parameters.py").write_text(parameters, "utf-8")
        if manifest:
            text = (folder / "recipe.toml").read_text("utf-8")
            (folder / "recipe.toml").write_text(text[: text.index("[resources]")] + manifest, "utf-8")
        self.recipes.refresh(force=True)

    def start(self, user: str, recipe: str, pid: str, **more: Any) -> str:
        [job] = self.jobs.start(self.principal(user), JobRequest(recipe, {"sample": [pid]}, **more))
        return job

    @contextmanager
    def running(self, *, chains: bool = False) -> Iterator[None]:
        """The reconciler in the background; with `chains` also what brings chains forward."""
        stop = threading.Event()
        loops = [self.jobs.run_reconciler, *([self.chains.keep] if chains else [])]
        threads = [threading.Thread(target=loop, args=(stop,), daemon=True) for loop in loops]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            self.jobs._reconciler.wake()
            for thread in threads:
                thread.join(timeout=10)

    def wait(self, job_id: str, *, user: str = "alice", timeout_s: float = 40, state: str | None = None) -> JobView:
        """Wait for the job's end, or for `state`."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            view = self.jobs.job(self.principal(user), job_id)
            if view.job.state == state or JobState(view.job.state).is_final:
                return view
            time.sleep(0.02)
        raise AssertionError(f"{job_id} is still {view.job.state}: {view.job.phase} {view.job.message}")

    def close(self) -> None:
        self.runtime.close()
        self.database.dispose()

    def _people(self) -> None:
        now = utc_now()
        with self.database.session() as session:
            for user, role in (("alice", "visitor"), ("bob", "visitor"), ("otto", "operator")):
                person = Person(user=user, name=user.capitalize(), role=role, created=now, email=f"{user}@example.org")
                session.add(person)
                session.flush()
                if role == "visitor":
                    place = Proposal(
                        name=f"P-{user}", title=f"Of {user}", type="public_access", facility="local", created=now
                    )
                    session.add(place)
                    session.flush()
                    session.add(
                        ProposalMember(proposal_id=place.id, person_id=person.id, role="principal_investigator")
                    )
            session.add(Instrument(name="BL-SAXS", title="SAXS beamline", facility="local"))


@cache
def _empty_tables() -> bytes:
    """A database file with all tables and nothing in them."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "empty.sqlite")
        made = Database(f"sqlite:///{file}")
        Base.metadata.create_all(made.engine)
        made.dispose()
        return file.read_bytes()


def _row(title: str, proposal_id: int, database: Database, *, kind: str, files: Sequence[Path]) -> Dataset:
    pid = new_pid()
    row = Dataset(
        pid=pid,
        version=1,
        is_latest=True,
        kind=kind,
        title=title,
        facility="local",
        created=database.clock(),
        format="nexus",
        entry_path="/",
        identity=pid,
        fingerprint=pid,
        state="complete",
        proposal_id=proposal_id,
        size=sum(file.stat().st_size for file in files),
        definitions=[],
        unread=[],
        extra={},
    )
    row.files = [
        DatasetFile(
            position=number,
            role="data",
            name=file.name,
            path=os.path.realpath(file),
            size=file.stat().st_size,
            mtime_ns=file.stat().st_mtime_ns,
            sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        )
        for number, file in enumerate(files)
    ]
    return row
