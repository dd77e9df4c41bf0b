"""The runner in real processes: any number of cores, any engine and any crash give the same bits, and failures speak."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.config import package_folder

pytestmark = pytest.mark.integration

RECIPE = """
import os, signal, time
import numpy as np
from pandaas.sdk import Blocks, Field, Plot, RecipeError, Frames, progress, warn, write_result


class State:
    unit_of_work = "frames"


def open(inputs, parameters):
    state = State()
    state.frames = Frames(inputs.one("sample"))
    state.parameters = parameters
    state.blocks = Blocks.of(len(state.frames), 3)
    if parameters["trouble"] == "open":
        raise RecipeError("No geometry.", "Choose one.", "distance")
    if parameters["trouble"] == "thread":
        import threading
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    return state


def process(state, block):
    start, stop = block
    trouble = state.parameters["trouble"]
    if trouble == "kill-once" and start == 9 and not os.path.exists(state.parameters["flag"]):
        os.mkdir(state.parameters["flag"])
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == "kill" and start == 9:
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == "bug" and start == 9:
        raise ZeroDivisionError("third block")
    time.sleep(0.02 * (start % 2))  # later blocks overtake
    warn(f"odd frame {start}") if start in (3, 12) else None
    images = np.stack([state.frames.frame(number) for number in range(start, stop)]).astype("f4")
    return {"sum": np.float32(images.sum(dtype="f4") / 3), "means": images.mean(axis=(1, 2)), "pid": [os.getpid()]}


def merge(a, b):
    return {"sum": a["sum"] * np.float32(1.0000001) + b["sum"], "means": np.concatenate([a["means"], b["means"]]), "pid": a["pid"] + b["pid"]}


def preview(state, partial):
    return {"x": range(len(partial["means"])), "y": partial["means"]}


def finish(state, partial):
    if state.parameters["trouble"] == "full":
        raise OSError(28, "No space left on device")
    write_result(title="Sum", process={"program": "t", "version": "1", "parameters": state.parameters},
        plots=[Plot("means", Field("mean", partial["means"]), [Field("frame", np.arange(len(partial["means"])))])],
        collections={"all": [Field("sum", partial["sum"]), Field("processes", len(set(partial["pid"])))]})
"""


class Bench:
    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self.folder = folder
        self.python = python
        (folder / "recipe").mkdir()
        (folder / "recipe/run.py").write_text(RECIPE)
        images = np.random.default_rng(1).random((20, 30, 40), dtype=np.float32)
        with h5py.File(folder / "data.h5", "w") as file:
            file["data"] = images

    def job(self, name: str, *, cores: int = 1, trouble: str = "", shape: str = "blockwise", **more: Any) -> Path:
        output = self.folder / name
        output.mkdir()
        item = {
            "pid": "p",
            "files": [str(self.folder / "data.h5")],
            "format": "hdf5",
            "arrays": [{"path": "/data", "shape": [20, 30, 40], "dtype": "<f4"}],
        }
        job = {
            "format": 1,
            "job": name,
            "recipe": {"id": "t", "version": "1", "shape": shape, "folder": str(self.folder / "recipe")},
            "parameters": {"trouble": trouble, "flag": str(self.folder / "flag")},
            "cores": cores,
            "memory_mb": 100,
            "inputs": {"sample": [item]},
            "output": str(output),
            **more,
        }
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(job))
        return path

    def sdk(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(package_folder().parent), "SOURCE_DATE_EPOCH": "0"}
        argv = [self.python, "-m", "pandaas.sdk", *map(str, words)]
        return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False)

    def run(self, name: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return self.sdk("run", self.job(name, **more))

    def numbers(self, name: str) -> tuple[bytes, bytes]:
        with h5py.File(self.folder / name / "result.nxs") as file:
            return file["entry/all/sum"][()].tobytes(), file["entry/means/mean"][()].tobytes()

    def failure(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / name / "failure.json").read_text())
        return found

    def processes(self, name: str) -> int:
        with h5py.File(self.folder / name / "result.nxs") as file:
            return int(file["entry/all/processes"][()])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_every_number_of_cores_gives_the_same_bits(bench: Bench) -> None:
    for cores in (1, 2, 3):
        done = bench.run(f"cores{cores}", cores=cores)
        assert done.returncode == 0, done.stderr
    assert bench.numbers("cores1") == bench.numbers("cores2") == bench.numbers("cores3")
    assert bench.processes("cores1") == 1
    assert bench.processes("cores2") == 2
    warnings = [json.loads((bench.folder / name / "warnings.json").read_text()) for name in ("cores1", "cores3")]
    assert warnings == [["odd frame 3", "odd frame 12"]] * 2


def test_blocks_worked_on_apart_give_the_same_bits(bench: Bench) -> None:
    assert bench.run("whole").returncode == 0
    job = bench.job("pieces")
    planned = json.loads(bench.sdk("plan", job).stdout)
    assert planned["blocks"][0] == [0, 3]
    count = len(planned["blocks"])
    for first, last in ((4, count), (0, 1), (1, 4)):
        done = bench.sdk("process", job, "--blocks", f"{first}:{last}", "--partial", bench.folder / f"part{first}")
        assert done.returncode == 0, done.stderr
    done = bench.sdk("finish", job, *(bench.folder / f"part{first}" for first in (1, 4, 0)))
    assert done.returncode == 0, done.stderr
    assert bench.numbers("pieces") == bench.numbers("whole")
    assert json.loads((bench.folder / "pieces/warnings.json").read_text()) == ["odd frame 3", "odd frame 12"]


def test_a_killed_process_costs_nothing_but_time(bench: Bench) -> None:
    assert bench.run("calm").returncode == 0
    done = bench.run("killed", cores=2, trouble="kill-once")
    assert done.returncode == 0, done.stderr
    assert (bench.folder / "flag").exists()
    assert bench.numbers("killed") == bench.numbers("calm")


def test_a_block_that_always_kills_is_explained(bench: Bench) -> None:
    assert bench.run("killed", cores=2, trouble="kill").returncode == 1
    failure = bench.failure("killed")
    assert "three times" in failure["what"]
    assert "memory" in failure["remedy"]


def test_a_recipe_that_started_threads_is_not_forked(bench: Bench) -> None:
    done = bench.run("threads", cores=2, trouble="thread")
    assert done.returncode == 0, done.stderr
    assert bench.processes("threads") == 1


def test_missing_blocks_are_named(bench: Bench) -> None:
    job = bench.job("pieces")
    assert bench.sdk("process", job, "--blocks", "0:2", "--partial", bench.folder / "part").returncode == 0
    assert bench.sdk("finish", job, bench.folder / "part").returncode == 1
    assert "missing" in bench.failure("pieces")["what"]


@pytest.mark.parametrize("cores", [1, 2])
def test_what_the_recipe_says_reaches_the_person(bench: Bench, cores: int) -> None:
    assert bench.run("said", cores=cores, trouble="open").returncode == 1
    assert bench.failure("said") == {"what": "No geometry.", "remedy": "Choose one.", "field": "distance"}


def test_the_log_tells_what_was_run_on_what_and_what_it_took(bench: Bench) -> None:
    done = bench.run("told", cores=2)
    for words in (
        "t 1 with 2 cores, 100 MB",
        "sample: p (p, version 1), /data: 20 × 30 × 40 float32",
        "parameters: flag ",
        "20 frames in 7 blocks, worked on by 2 processes",
        "Warning: odd frame 3",
        "20 frames done in",
        "result: ",
        "s of processor time",
    ):
        assert words in done.stderr, words
    assert all(re.match(r"\[ *\d+\.\d s\] ", line) for line in done.stderr.splitlines())


def test_the_log_of_an_engines_steps_stays_out_of_their_answer(bench: Bench) -> None:
    done = bench.sdk("plan", bench.job("planned"))
    assert json.loads(done.stdout)["blocks"][0] == [0, 3]
    assert "sample: p" in done.stderr


@pytest.mark.parametrize("cores", [1, 2])
def test_a_mistake_in_a_recipe_is_one_sentence_and_the_log_has_the_rest(bench: Bench, cores: int) -> None:
    done = bench.run("bug", cores=cores, trouble="bug")
    assert done.returncode != 0
    assert "ZeroDivisionError: third block" in bench.failure("bug")["what"]
    assert "Traceback" not in json.dumps(bench.failure("bug"))
    assert "Traceback" in done.stderr


def test_a_full_disk_is_called_so(bench: Bench) -> None:
    bench.run("full", trouble="full")
    assert bench.failure("full")["what"] == "The disk is full."


def test_progress_ends_at_one_and_never_goes_back(bench: Bench) -> None:
    bench.run("told", cores=2)
    lines = [json.loads(line) for line in (bench.folder / "told/progress.jsonl").read_text().splitlines()]
    fractions = [line["fraction"] for line in lines]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


@pytest.mark.parametrize("content", ["{", '{"format": 2}', '{"format": 1, "job": "x"}', "[]"])
def test_a_job_that_can_not_be_read_is_an_error_not_a_crash(bench: Bench, content: str) -> None:
    (bench.folder / "odd.json").write_text(content)
    done = bench.sdk("run", bench.folder / "odd.json")
    assert done.returncode == 1
    assert "RecipeError" in done.stderr


def test_a_whole_recipe_without_a_result_has_failed(bench: Bench) -> None:
    (bench.folder / "recipe/run.py").write_text("def run(inputs, parameters, output): pass\n")
    assert bench.run("empty", shape="whole").returncode == 1
    assert "without writing a result" in bench.failure("empty")["what"]


def test_wrong_parameters_name_the_field(bench: Bench) -> None:
    (bench.folder / "recipe/parameters.py").write_text(
        "from pydantic import BaseModel, Field\nclass Parameters(BaseModel):\n    trouble: int = Field(gt=0, title='T')\n"
    )
    assert bench.run("wrong", trouble="many").returncode == 1
    assert bench.failure("wrong")["field"] == "trouble"
    schema = json.loads(bench.sdk("schema", bench.folder / "recipe").stdout)
    assert schema["properties"]["trouble"]["exclusiveMinimum"] == 0


def test_it_runs_on_python_3_9(tmp_path: Path) -> None:
    bench = Bench(tmp_path, python=python_3_9())
    for cores in (1, 2):
        done = bench.run(f"cores{cores}", cores=cores)
        assert done.returncode == 0, done.stderr
    assert bench.numbers("cores1") == bench.numbers("cores2")


def pyenv_versions(shim: str | None) -> list[Path]:
    """The interpreters behind a shim of pyenv, which runs only those that are switched on."""
    return sorted(Path(shim).parents[1].glob("versions/3.9*/bin/python3.9")) if shim else []


def python_3_9() -> str:
    """An interpreter 3.9 with NumPy and h5py, kept between runs in the cache of the checkout."""
    cache = Path(os.environ.get("PANDAAS_TEST_CACHE") or package_folder().parents[1] / ".cache")
    kept = cache / "python-3.9/bin/python"
    if not kept.exists():
        found = [
            *sorted(Path.home().glob(".pyenv/versions/3.9*/bin/python3.9")),
            *pyenv_versions(shutil.which("python3.9")),
            *filter(None, [shutil.which("python3.9")]),
        ]
        if not found:
            pytest.skip("no Python 3.9 on this machine")
        uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", "--python", str(found[0]), str(kept.parents[1])], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(kept), "numpy", "h5py"], check=True)
    return str(kept)
