"""Twelve notebooks and eight desktops at once on this computer: each starts within half a minute, and all fit into 12 GiB.

    PANDAAS_TEST_FULL=1 .venv/bin/pytest -p no:cacheprovider -s tests/integration/sessions/test_many_at_once.py

Takes some minutes and both cores; measure nothing else meanwhile. The goal is for two cores that do nothing else.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import h5py
import httpx
import numpy as np
import pytest

from pandaas.access import FACILITY
from pandaas.config import Settings, load_settings
from pandaas.db import upgrade
from pandaas.model import Role, TeamRole

from .conftest import Running

pytestmark = [pytest.mark.integration, pytest.mark.full, pytest.mark.xdist_group("sessions"), pytest.mark.timeout(1500)]
PEOPLE = ("ann", "ben", "cleo", "dan")  # each opens three notebooks and two desktops
NOTEBOOKS, DESKTOPS = 3, 2
LONGEST_S = 30.0
MOST_GIB = 12.0
KERNEL_S = 60.0


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("many")
    (home / "data").mkdir()
    with h5py.File(home / "data" / "scan.h5", "w") as file:
        group = file.create_group("entry/data")
        file["entry"].attrs["NX_class"] = "NXentry"
        group.attrs["NX_class"], group.attrs["signal"] = "NXdata", "data"
        group["data"] = np.random.default_rng(0).poisson(20, (20, 500, 500)).astype("u4")
    found = load_settings(
        home=home,
        storage=[{"name": "data", "path": str(home / "data")}],
        facility={"id": "test", "name": "Test facility"},
        sessions={"most": 24, "most_of_one": NOTEBOOKS + DESKTOPS, "memory_mb": 200_000},
        log={"level": "warning"},
    )
    upgrade(found)
    return found


def test_twenty_sessions_start_in_time_and_fit_into_memory(running: Running, settings: Settings) -> None:
    running.services.runtime.environments.ensure("notebook")
    for user in PEOPLE:
        person = running.services.identity.create_person(user, user.title(), Role.VISITOR, f"{user}-test-1234")
        running.services.access.set_member(FACILITY, "P-1", person, TeamRole.MEMBER)
    took: dict[str, list[float]] = {"jupyterlab": [], "silx-view": []}
    with ExitStack() as stack:
        browsers = [stack.enter_context(running.person(user)) for user in PEOPLE]
        opened: list[tuple[httpx.Client, str]] = []
        for program, number in (("jupyterlab", NOTEBOOKS), ("silx-view", DESKTOPS)):
            for _ in range(number):
                for browser in browsers:
                    begun = time.monotonic()
                    opened.append((browser, running.start(browser, program)))
                    took[program].append(time.monotonic() - begun)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda one: has_kernel(running, *one), opened[: NOTEBOOKS * len(PEOPLE)]))
        gib = sum(pss_mb(settings, session_id) for _, session_id in opened) / 1024
        states = {browser.get(f"/api/v1/sessions/{session_id}").json()["state"] for browser, session_id in opened}
    said = {program: f"{min(times):.1f} to {max(times):.1f} s" for program, times in took.items()}
    print(f"\n{said}; {gib:.2f} GiB (PSS)")
    assert states == {"ready"}
    assert max(max(times) for times in took.values()) <= LONGEST_S, took
    assert gib <= MOST_GIB


def has_kernel(running: Running, client: httpx.Client, session_id: str) -> None:
    """The kernel of its notebook starts by itself."""
    end = time.monotonic() + KERNEL_S
    with running.inside(client, session_id) as browser:
        while not browser.get("/api/sessions").json():
            assert time.monotonic() < end, "there is no kernel"
            time.sleep(0.5)


def pss_mb(settings: Settings, session_id: str) -> float:
    """Of all processes that stand in the session's file system."""
    own, total = Path("/proc/self/ns/mnt").readlink(), 0
    results = settings.home / "sessions" / session_id / "results"
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "ns/mnt").readlink() != own and Path(f"{process}/root{results}").exists():
                told = (process / "smaps_rollup").read_text("ascii")
                total += next(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:"))
        except OSError:  # it ended
            continue
    return total / 1024
