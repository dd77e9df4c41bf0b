"""Jobs: from request to first progress, and what the platform costs over the same code as a bare script.

    python benchmarks/jobs.py [SECONDS]

The work is a fixed amount of NumPy arithmetic that takes about SECONDS (default 10) on this machine. It is run by the
SDK as a bare process without sandbox, supervisor, database or catalogue, and as a job of the platform; twice each, in
turns, the better one counts. Prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pandaas.testing.workshop import Workshop

_RUN = """
import numpy as np
from pandaas import sdk

def run(inputs, parameters, output):
    values = np.random.default_rng(1).random(200_000)
    rounds = int(parameters.factor)
    for n in range(rounds):
        values = np.sqrt(values * 1.0001) + 0.1
        if n % 100 == 0:
            sdk.progress(n / rounds, "working")
    plot = sdk.Plot("v", sdk.Field("v", values[:100]), [sdk.Field("n", np.arange(100))])
    sdk.write_result(title="V", process={"program": "numpy", "version": np.__version__, "parameters": {}}, plots=[plot])
"""


def rounds_for(seconds: float) -> int:
    values = np.random.default_rng(1).random(200_000)
    start = time.perf_counter()
    for _ in range(500):
        values = np.sqrt(values * 1.0001) + 0.1
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


def platform(workshop: Workshop, pid: str, rounds: int) -> tuple[str, float, float]:
    """The job's id; seconds to its first progress as a browser would learn it, and to its registered result."""
    start = time.perf_counter()
    job_id = workshop.start("alice", "work", pid, parameters={"factor": rounds})
    first = 0.0
    while True:
        job = workshop.jobs.job(workshop.principal("alice"), job_id).job
        if not first and job.progress is not None:
            first = time.perf_counter() - start
        if job.state in {"succeeded", "failed", "lost"}:
            assert job.state == "succeeded", job.failure
            return job_id, first, time.perf_counter() - start
        time.sleep(0.01 if not first else 0.05)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory(prefix="pandaas-bench-") as name:
        workshop = Workshop(Path(name))
        workshop.write_recipe("work", _RUN)
        pid = workshop.dataset()
        rounds = rounds_for(seconds)
        with workshop.running():
            _, cold, _ = platform(workshop, pid, 10)
            warm = sorted(platform(workshop, pid, 10)[1] for _ in range(5))[2]
            runs = []
            for number in range(2):
                job_id, _, whole = platform(workshop, pid, rounds)
                runs.append((whole, bare(workshop, job_id, Path(name) / f"bare{number}")))
        ours, theirs = min(run[0] for run in runs), min(run[1] for run in runs)
        workshop.close()
    result = {
        "first_progress_cold_s": round(cold, 2),
        "first_progress_warm_s": round(warm, 2),
        "platform_s": round(ours, 2),
        "bare_script_s": round(theirs, 2),
        "overhead_s": round(ours - theirs, 2),
        "overhead_of_60_s_percent": round((ours - theirs) / 60 * 100, 1),
        "load": os.getloadavg()[0],
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
