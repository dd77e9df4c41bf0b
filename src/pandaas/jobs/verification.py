"""Verification: a job re-executed with the recorded recipe and environment, its result compared with the registered one."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.db.tables import Dataset, DatasetFile, Job
from pandaas.model import RecipeManifest, Unavailable
from pandaas.runtime import Bind, Confinement, Environment, Runtime

_SCRIPT = Path(__file__).with_name("comparison.py")
_TIMEOUT_S = 600


@dataclass(frozen=True)
class Comparison:
    """How the re-executed result compares. `equal` is the verdict by the recipe's own rule."""

    equal: bool
    bit_equal: bool
    largest_relative_difference: float | None
    tolerance: float
    reason: str | None
    differences: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "differences": list(self.differences)}


def tolerance_of(manifest: RecipeManifest, environment: str) -> tuple[float, str | None]:
    """How far results may differ, and the recipe's stated reason; bit-equal by default, but for a GPU's."""
    if manifest.gpu is not None and environment == manifest.gpu.environment and manifest.verify == "bit":
        return manifest.gpu.tolerance, "GPUs add in another order."
    if manifest.verify == "tolerance":
        return manifest.verify_tolerance, manifest.verify_reason
    return 0.0, None


def compare(
    runtime: Runtime, environment: Environment, first: Path, second: Path, manifest: RecipeManifest
) -> Comparison:
    """Compare two result files in the sandbox; `second` was just made by user code."""
    tolerance, reason = tolerance_of(manifest, environment.name)
    shown = (Path("/compare/registered.nxs"), Path("/compare/repeated.nxs"))
    inside = runtime.sandbox.works
    targets = shown if inside else (first, second)
    account = runtime.sandbox.account_for(0)
    confinement = Confinement(
        read_only=(*environment.binds, Bind(_SCRIPT), Bind(first, targets[0]), Bind(second, targets[1])),
        account=account,
        memory_mb=4096,
    )
    argv = [str(environment.python), "-s", str(_SCRIPT), str(targets[0]), str(targets[1]), repr(tolerance)]
    try:
        done = runtime.sandbox.run(argv, confinement, timeout_s=_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise Unavailable("The comparison took too long.") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Unavailable(f"The results could not be compared: {said[-1][:300] if said else 'the program crashed'}")
    tree = json.loads(done.stdout)
    return Comparison(
        equal=bool(tree["equal"]),
        bit_equal=bool(tree["bit_equal"]),
        largest_relative_difference=tree["largest_relative_difference"],
        tolerance=tolerance,
        reason=reason,
        differences=tuple(map(str, tree["differences"])),
    )


def registered_file(session: Session, pid: str) -> Path:
    """The file of a registered result."""
    query = (
        select(DatasetFile.path)
        .join(Dataset, Dataset.id == DatasetFile.dataset_id)
        .where(Dataset.pid == pid)
        .order_by(DatasetFile.position)
    )
    found = session.scalars(query).first()
    if found is None or not Path(found).is_file():
        raise Unavailable(f"The file of the result '{pid}' is gone.")
    return Path(found)


def recorded_comparison(job: Job) -> Comparison | None:
    tree = job.comparison
    if not tree:
        return None
    return Comparison(**{**tree, "differences": tuple(tree.get("differences", ()))})
