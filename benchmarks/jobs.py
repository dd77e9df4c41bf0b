"""Jobs: from request to first progress, and what the platform costs over the same code as a bare script.

    python benchmarks/jobs.py [SECONDS] [--only first|engines|queues]

The work is a fixed amount of NumPy arithmetic that takes about SECONDS (default 10) on this machine, in place: fresh memory costs
as much as the arithmetic and anything from one to three times as much from run to run. It is run by the
SDK as a bare process without sandbox, supervisor, database or catalogue, and as a job of the platform; twice each, in
turns, the better one counts. Then the same as a recipe in blocks on every engine: this computer, Dask (a cluster of the job's own), and a
real Slurm that is started for it, by its commands and by slurmrestd, where Slurm is installed. Then a queue of small jobs is drained, cold and warm in turns: time from the request to the
recipe's first line, jobs per second, and processor time per job (of everything: request, platform, supervisors, job),
which other programs on the machine don't change. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, select

from pandaas.db.tables import Job
from pandaas.recipes import write_skeleton
from pandaas.testing.slurm import SlurmServer
from pandaas.testing.workshop import Workshop

_RUN = """
import numpy as np
from pandaas import sdk

def run(inputs, parameters, output):
    values = np.random.default_rng(1).random(200_000)
    rounds = int(parameters.factor)
    for n in range(rounds):
        np.multiply(values, 1.0001, out=values)
        np.sqrt(values, out=values)
        values += 0.1
        if n % 100 == 0:
            sdk.progress(n / rounds, "working")
    plot = sdk.Plot("v", sdk.Field("v", values[:100]), [sdk.Field("n", np.arange(100))])
    sdk.write_result(title="V", process={"program": "numpy", "version": np.__version__, "parameters": {}}, plots=[plot])
"""

_BLOCKS = """
from dataclasses import dataclass
import numpy as np
from pandaas import sdk

@dataclass
class State:
    blocks: object

def open(inputs, parameters):
    rounds = int(parameters.factor)
    return State(sdk.Blocks.of(rounds, max(1, rounds // 20)))

def process(state, block):
    values = np.random.default_rng(1).random(200_000)
    for _ in range(*block):
        np.multiply(values, 1.0001, out=values)
        np.sqrt(values, out=values)
        values += 0.1
    return {"values": values[:100]}

def merge(first, second):
    return {"values": first["values"] + second["values"]}

def finish(state, partial):
    plot = sdk.Plot("v", sdk.Field("v", partial["values"]), [sdk.Field("n", np.arange(100))])
    sdk.write_result(title="V", process={"program": "numpy", "version": np.__version__, "parameters": {}}, plots=[plot])
"""


def rounds_for(seconds: float) -> int:
    values = np.random.default_rng(1).random(200_000)
    start = time.perf_counter()
    for _ in range(500):
        np.multiply(values, 1.0001, out=values)
        np.sqrt(values, out=values)
        values += 0.1
    return int(seconds * 500 / (time.perf_counter() - start))


def bare(workshop: Workshop, job_id: str, folder: Path) -> float:
    """The very job, as a process of one's own; seconds from start to end."""
    job = json.loads((workshop.jobs.folder(job_id).path / "job.json").read_text())
    job["output"] = str(folder)
    folder.mkdir(parents=True)
    description = folder.with_suffix(".json")
    description.write_text(json.dumps(job))
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pandaas.sdk", "run", str(description)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start


def platform(workshop: Workshop, pid: str, rounds: int, recipe: str = "work", **more: Any) -> tuple[str, float, float]:
    """The job's id; seconds to its first progress as a browser would learn it, and to its registered result."""
    start = time.perf_counter()
    job_id = workshop.start("alice", recipe, pid, parameters={"factor": rounds}, **more)
    first = 0.0
    while True:
        job = workshop.jobs.job(workshop.principal("alice"), job_id).job
        if not first and job.progress is not None:
            first = time.perf_counter() - start
        if job.state in {"succeeded", "failed", "lost"}:
            assert job.state == "succeeded", job.failure
            return job_id, first, time.perf_counter() - start
        time.sleep(0.01 if not first else 0.05)


def engines(place: Path, rounds: int) -> dict[str, dict[str, float]]:
    """What each engine costs over the bare process, on one core."""
    asked: dict[str, dict[str, Any]] = {"local": {}}
    if find_spec("distributed"):
        asked["dask"] = {"dask": {"enabled": True, "workers": 1}}
    slurm = SlurmServer() if SlurmServer.missing() is None else None
    if slurm is not None:
        slurm.start()
        slurm.start_part("slurmrestd")
        rest = {"rest_url": slurm.rest_url, "rest_user": "root", "rest_key": str(slurm.folder / "etc/jwt.key")}
        asked["slurm"] = {"slurm": {"enabled": True, "conf": str(slurm.conf)}}
        asked["slurm by REST"] = {"slurm": {"enabled": True, **rest}}
    try:
        return {
            name: on_engine(place / name.replace(" ", "-"), name.split()[0], one, rounds) for name, one in asked.items()
        }
    finally:
        if slurm is not None:
            slurm.stop()


def on_engine(place: Path, engine: str, runtime: dict[str, Any], rounds: int) -> dict[str, float]:
    workshop = Workshop(place, runtime={"memory_mb": 8192, **runtime})
    write_skeleton(workshop.recipe_folder, "blocks", shape="blockwise", environment="platform")
    (workshop.recipe_folder / "blocks/run.py").write_text(_BLOCKS)
    workshop.recipes.refresh(force=True)
    pid, runs = workshop.dataset(), []
    with workshop.running():
        platform(workshop, pid, 20, "blocks", engine=engine, cores=1)  # what is made once
        for number in range(2):
            job_id, _, whole = platform(workshop, pid, rounds, "blocks", engine=engine, cores=1)
            runs.append((whole, bare(workshop, job_id, place / f"bare{number}")))
    workshop.close()
    ours, theirs = min(run[0] for run in runs), min(run[1] for run in runs)
    return {
        "platform_s": round(ours, 2),
        "bare_s": round(theirs, 2),
        "overhead_s": round(ours - theirs, 2),
        "percent_of_60_s": round((ours - theirs) / 60 * 100, 1),
        "load": round(os.getloadavg()[0], 1),
    }


_SMALL = """
import time
import numpy as np
from pandaas import sdk

def run(inputs, parameters, output):
    plot = sdk.Plot("v", sdk.Field("v", np.array([time.time()] * 2)), [sdk.Field("n", np.arange(2))])
    sdk.write_result(title="V", process={"program": "t", "version": "1", "parameters": {}}, plots=[plot])
"""


def drain(place: Path, jobs: int, *, warm: bool) -> dict[str, float]:
    """Figures of one queue of `jobs` small jobs, and of single ones before it."""
    workshop = Workshop(place, runtime={"warm": {"templates": 4 if warm else 0, "after": 1}})
    workshop.write_recipe("small", _SMALL)
    pid = workshop.dataset()
    with counted() as used, workshop.running():
        workshop.wait(workshop.start("alice", "small", pid))
        wait_for_template(workshop)
        firsts = sorted(first_line(workshop, pid) for _ in range(5))
        before, start = used(), time.perf_counter()
        for _ in range(jobs):
            workshop.start("alice", "small", pid)
        while done(workshop) < jobs + 6:
            time.sleep(0.1)
        took = time.perf_counter() - start
        platform_s = used() - before
        with workshop.database.read() as session:
            rows = list(session.scalars(select(Job).order_by(Job.created)))[6:]
        job_s = sum(row.cpu_s or 0.0 for row in rows)
    workshop.close()
    return {
        "first_line_s": round(firsts[2], 2),
        "jobs_per_s": round(jobs / took, 1),
        "cpu_per_job_ms": round((platform_s + job_s) / jobs * 1e3, 1),
        "of_which_in_the_job_ms": round(job_s / jobs * 1e3, 1),
        "two_cores_could_jobs_per_s": round(2 / ((platform_s + job_s) / jobs), 1),
    }


def first_line(workshop: Workshop, pid: str) -> float:
    """Seconds from the request to the recipe's first line."""
    import h5py

    asked = time.time()
    job_id = workshop.start("alice", "small", pid)
    workshop.wait(job_id)
    with h5py.File(workshop.home / "results" / job_id / "result.nxs") as file:
        return float(file["entry/v/v"][0]) - asked


def wait_for_template(workshop: Workshop) -> None:
    pool = workshop.runtime.engines["local"].pool
    while pool is not None and not any(found.state == "ready" for found in pool.templates()):
        time.sleep(0.1)


def done(workshop: Workshop) -> int:
    with workshop.database.read() as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.state == "succeeded")) or 0


@contextmanager
def counted() -> Iterator[Callable[[], float]]:
    """Processor time of this process and all that it starts from here on, but for jobs, which are counted by themselves.

    By a control group where one can be made (root, version 1), else of this process alone.
    """
    group = Path(f"/sys/fs/cgroup/cpuacct/pandaas-bench-{os.getpid()}")
    try:
        group.mkdir()
        (group / "cgroup.procs").write_text(str(os.getpid()))
    except OSError:
        yield time.process_time
        return
    try:
        yield lambda: int((group / "cpuacct.usage").read_text()) / 1e9
    finally:
        (group.parent / "cgroup.procs").write_text(str(os.getpid()))


def queues(place: Path) -> dict[str, list[dict[str, float]]]:
    """Cold and warm in turns."""
    found: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
    for turn in range(2):
        found["cold"].append(drain(place / f"cold{turn}", 20, warm=False))
        found["warm"].append(drain(place / f"warm{turn}", 150, warm=True))
    return found


def first(place: Path, rounds: int) -> dict[str, float]:
    """To the first progress, and a whole recipe beside its bare process."""
    workshop = Workshop(place)
    workshop.write_recipe("work", _RUN)
    pid = workshop.dataset()
    with workshop.running():
        _, cold, _ = platform(workshop, pid, 10)
        warm = sorted(platform(workshop, pid, 10)[1] for _ in range(5))[2]
        runs = []
        for number in range(2):
            job_id, _, whole = platform(workshop, pid, rounds)
            runs.append((whole, bare(workshop, job_id, place / f"bare{number}")))
    ours, theirs = min(run[0] for run in runs), min(run[1] for run in runs)
    workshop.close()
    return {
        "first_progress_cold_s": round(cold, 2),
        "first_progress_warm_s": round(warm, 2),
        "platform_s": round(ours, 2),
        "bare_script_s": round(theirs, 2),
        "overhead_s": round(ours - theirs, 2),
        "overhead_of_60_s_percent": round((ours - theirs) / 60 * 100, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seconds", nargs="?", type=float, default=10.0)
    parser.add_argument("--only", choices=("first", "engines", "queues"))
    options = parser.parse_args()
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="pandaas-bench-") as name:
        Path(name).chmod(0o755)
        rounds = rounds_for(options.seconds)
        if options.only in {None, "first"}:
            result |= first(Path(name) / "first", rounds)
        if options.only in {None, "engines"}:
            result["engines"] = engines(Path(name), rounds)
        if options.only in {None, "queues"}:
            result["small_jobs"] = queues(Path(name))
    result["load"] = os.getloadavg()[0]
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
