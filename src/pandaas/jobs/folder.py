"""A job's folder: written before it runs, read while and after it ran.

`$PANDAAS_HOME/jobs/<job id>/` holds `job.json`, the supervisor's files and `output/`, the only folder the job may write. A job that is
started again has another folder, `<job id>.2`: what is perhaps left of the first start can't reach it.
Inputs are shown to the job read-only at their real paths, so that links between their files work. What the job's own
account couldn't read is given by group, else as a private copy that goes with the job.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pandaas import __version__
from pandaas.db.tables import Dataset, Job
from pandaas.model import InvalidInput, Unavailable
from pandaas.recipes import RecipeVersion
from pandaas.runtime import (
    Account,
    Bind,
    Blocks,
    Confinement,
    Environment,
    Runtime,
    Template,
    WorkSpec,
    give,
    may_read,
    write_atomically,
)

RESULT = "result.nxs"
_OWN_CODE = ("blockwise", "whole")  # what a warm process can have imported before
_MANY = 200


@dataclass(frozen=True)
class JobFolder:
    """The places in one job's folder."""

    path: Path

    @property
    def output(self) -> Path:
        return self.path / "output"

    @property
    def description(self) -> Path:
        return self.path / "job.json"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def queue(self) -> Path:
        """Where the job stands in its scheduler's queue, as the scheduler said last."""
        return self.path / "queue.json"

    def clear(self) -> None:
        """Remove what only the running job needed; the log and the record of its end stay."""
        shutil.rmtree(self.output, ignore_errors=True)
        shutil.rmtree(self.path / "inputs", ignore_errors=True)


def folder_names(job_id: str, starts: int) -> list[str]:
    """The names of a job's folders, one for each of its first `starts` starts."""
    return [job_id, *(f"{job_id}.{start}" for start in range(2, starts + 1))]


def write_job(
    folder: JobFolder,
    job: Job,
    recipe: RecipeVersion,
    *,
    environment: Environment,
    inputs: Mapping[str, Sequence[Dataset]],
    runtime: Runtime,
    person: str,
    posix: str | None,
) -> WorkSpec:
    """Write the folder (again, if an earlier attempt was interrupted) and return the work for the engine."""
    folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.output.mkdir(exist_ok=True, mode=0o755)
    account = runtime.sandbox.account_for(job.person_id, posix)
    give(folder.output, account)
    files = [Path(file.path) for datasets in inputs.values() for dataset in datasets for file in dataset.files]
    _check_there(inputs)
    binds, account = show_files(files, account, folder.path / "inputs")
    program = _program(recipe, runtime)
    gpu = job.gpus > 0
    described = describe(folder, job, recipe, inputs, person) | {"gpu": gpu}
    if program is not None:
        described["program"] = program.described
        binds += program.binds
    write_atomically(str(folder.description), described)
    folder.description.chmod(0o644)
    confinement = Confinement(
        read_only=(*environment.binds, runtime.sdk.bind(), Bind(recipe.code), Bind(folder.description), *binds),
        writable=(folder.output,),
        variables={"PYTHONPATH": str(runtime.sdk_path)},
        cwd=folder.output,
        account=account,
        memory_mb=job.memory_mb,
        cores=job.cores,
        gpu=gpu,
    )
    return WorkSpec(
        folder=folder.path,
        argv=(str(environment.python), "-m", "pandaas.sdk", "run", str(folder.description)),
        confinement=confinement,
        cores=job.cores,
        memory_mb=job.memory_mb,
        time_limit_s=job.time_limit_s,
        output_mb=recipe.manifest.resources.output_mb or runtime.settings.runtime.output_mb,
        share=str(job.person_id),
        recipe=job.recipe,
        blocks=Blocks((str(environment.python), "-m", "pandaas.sdk"), folder.description)
        if recipe.manifest.shape == "blockwise"
        else None,
        template=_template(folder, job, recipe, environment=environment, runtime=runtime, account=account)
        if recipe.manifest.shape in _OWN_CODE and not gpu  # what a driver holds does not survive a fork
        else None,
    )


@dataclass(frozen=True)
class _Program:
    """The installed program of a command recipe, as the job is told of it."""

    described: dict[str, Any]
    binds: tuple[Bind, ...]


def _program(recipe: RecipeVersion, runtime: Runtime) -> _Program | None:
    need = recipe.manifest.program
    if need is None:
        return None
    found = runtime.programs.find(need)
    if found is None:
        raise Unavailable(f"{need.name} is not installed here any more.", remedy=need.remedy or "Tell the operator.")
    version = runtime.programs.version(need, found)
    described = {"name": need.name, "version": version, "path": str(found.path), "variables": dict(found.variables)}
    return _Program(described, found.binds)


def _template(
    folder: JobFolder,
    job: Job,
    recipe: RecipeVersion,
    *,
    environment: Environment,
    runtime: Runtime,
    account: Account | None,
) -> Template:
    """What jobs of this person, place and recipe can be forked from: it sees the software, and nothing of any job."""
    threads = 1 if recipe.manifest.shape == "blockwise" else job.cores
    confinement = Confinement(
        read_only=(*environment.binds, runtime.sdk.bind(), Bind(recipe.code)),
        variables={"PYTHONPATH": str(runtime.sdk_path)},
        account=account,
        memory_mb=runtime.settings.runtime.warm.memory_mb,
        cores=threads,
    )
    return Template(
        argv=(str(environment.python), "-m", "pandaas.sdk", "wait", "--threads", str(threads), str(recipe.code)),
        confinement=confinement,
        arguments=("run", str(folder.description)),
        owner=f"{job.person_id}/{job.proposal_id}",
    )


def describe(
    folder: JobFolder, job: Job, recipe: RecipeVersion, inputs: Mapping[str, Sequence[Dataset]], person: str
) -> dict[str, Any]:
    """The content of `job.json`."""
    manifest = recipe.manifest
    return {
        "format": 1,
        "job": job.id,
        "recipe": {
            "id": manifest.id,
            "version": manifest.version,
            "shape": manifest.shape,
            "folder": str(recipe.code),
        },
        "parameters": job.parameters,
        "cores": job.cores,
        "memory_mb": job.memory_mb,
        "inputs": {slot: [describe_dataset(dataset) for dataset in datasets] for slot, datasets in inputs.items()},
        "output": str(folder.output),
        "person": person,
        "started_by": f"pandaas {__version__}",
    }


def show_files(files: Iterable[Path], account: Account | None, copies: Path) -> tuple[list[Bind], Account | None]:
    """How the job gets to see these files, and the account extended by the groups that let it read them."""
    binds: list[Bind] = []
    groups: set[int] = set()
    for folder, names in _by_folder(files).items():
        paths = [folder / name for name in sorted(names)]
        if len(paths) > _MANY:  # a mount per file would be too many
            binds.append(_show_folder(folder, paths, account, copies / str(len(binds))))
            continue
        for path in paths:
            needed = _groups(account, path)
            if needed or may_read(path, account):
                groups |= needed
                binds.append(Bind(path))
            else:
                binds.append(Bind(_private_copy(path, copies / str(len(binds)), account), path))
    if account is not None and groups:
        account = replace(account, groups=tuple(sorted({*account.groups, *groups})))
    return binds, account


def _by_folder(files: Iterable[Path]) -> dict[Path, set[str]]:
    found: dict[Path, set[str]] = {}
    for file in files:
        found.setdefault(file.parent, set()).add(file.name)
    return found


def _show_folder(folder: Path, paths: Sequence[Path], account: Account | None, copies: Path) -> Bind:
    """The folder itself when it holds nothing but these files and all can be read, else a copy of them in its place."""
    alone = {path.name for path in paths} == set(os.listdir(folder))  # noqa: PTH208 - names are wanted
    if alone and all(may_read(path, account) for path in paths):
        return Bind(folder)
    for path in paths:
        _private_copy(path, copies, account)
    return Bind(copies, folder)


def _groups(account: Account | None, path: Path) -> set[int]:
    """The file's group (never root's) when it would let the account read what it can't read by itself."""
    if account is None or may_read(path, account):
        return set()
    gid = path.stat().st_gid
    return {gid} if gid and may_read(path, replace(account, groups=(gid,))) else set()


def _private_copy(path: Path, folder: Path, account: Account | None) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    copy = folder / path.name
    if not copy.exists():
        making = copy.with_name(f".{copy.name}.part")
        shutil.copyfile(path, making)
        making.chmod(0o400)
        give(making, account)
        making.rename(copy)
    return copy


def _check_there(inputs: Mapping[str, Sequence[Dataset]]) -> None:
    for slot, datasets in inputs.items():
        for dataset in datasets:
            for file in dataset.files:
                try:
                    found = Path(file.path).stat()
                except OSError as error:
                    raise InvalidInput(
                        f"The file '{file.name}' of '{dataset.title}' can't be opened ({error.strerror}).",
                        remedy="Ask the instrument's staff to restore it.",
                        field=slot,
                    ) from error
                if found.st_size != file.size and dataset.state == "complete":
                    raise InvalidInput(
                        f"The file '{file.name}' of '{dataset.title}' has changed since it was registered.",
                        remedy="Wait until the new version has been registered and choose that.",
                        field=slot,
                    )


def describe_dataset(dataset: Dataset) -> dict[str, Any]:
    """What a program in the sandbox is told of a dataset: its files, arrays, parameters and plot."""
    data = [str(file.path) for file in dataset.files if file.role == "data"]
    others = [str(file.path) for file in dataset.files if file.role != "data"]
    files, attachments = (data, others) if data else (others, [])
    return {
        "pid": dataset.pid,
        "version": dataset.version,
        "title": dataset.title,
        "sample": dataset.sample,
        "files": files,
        "master": files[0] if files else "",
        "attachments": attachments,
        "format": dataset.format,
        "entry_path": dataset.entry_path,
        "kind": dataset.kind,
        "techniques": [row.technique for row in dataset.techniques],
        "parameters": {
            row.name: {
                "value": row.value if row.value is not None else row.text,
                "unit": row.unit,
                "si_value": row.si_value,
                "si_unit": row.si_unit,
            }
            for row in dataset.parameters
        },
        "arrays": [
            {
                "path": row.path,
                "shape": list(row.shape),
                "dtype": row.dtype,
                "kind": row.kind,
                "unit": row.unit,
                "is_default": row.is_default,
            }
            for row in dataset.arrays
        ],
        "plot": json.loads(json.dumps(dataset.plot)) if dataset.plot else None,
    }
