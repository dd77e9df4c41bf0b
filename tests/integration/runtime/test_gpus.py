"""A GPU is found, shown to the jobs that got it and to no other, with whatever OpenCL is there: a GPU, or pocl in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import pytest

from pandaas.model import GpuVariant
from pandaas.recipes import parse_manifest
from pandaas.runtime import Software
from pandaas.testing.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sandbox")]

# It says how many platforms of OpenCL it sees, as a driver's user would.
COUNTS = """
import ctypes
from pandaas.sdk import Field, Plot, current_job, write_result

def run(inputs, parameters, output):
    count = ctypes.c_uint()
    ctypes.CDLL("libOpenCL.so.1").clGetPlatformIDs(0, None, ctypes.byref(count))
    plot = Plot("seen", Field("count", [count.value, int(current_job().gpu)]))
    write_result(title="Seen", process={"program": "counts", "version": "1", "parameters": {}}, plots=[plot])
"""


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path, runtime={"choice": {"opencl_on_processor": True}})
    if not any(one.api == "opencl" for one in made.runtime.local_gpus.found()):
        made.close()
        pytest.skip("no GPU")
    yield made
    made.close()


def seen(workshop: Workshop, recipe: str) -> list[int]:
    """How many platforms a job sees, and whether it is told of a GPU."""
    job = workshop.start("alice", recipe, workshop.dataset())
    with workshop.running():
        view = workshop.wait(job)
    assert view.job.state == "succeeded", (view.job.failure, workshop.jobs.folder(job).log.read_text())
    with h5py.File(workshop.jobs._collector.result_file(job)) as result:
        return result["entry/seen/count"][()].tolist()


def test_only_a_job_that_got_a_gpu_sees_one(workshop: Workshop) -> None:
    workshop.write_recipe("with-gpu", COUNTS, manifest="[resources]\ngpu = true\n")
    workshop.write_recipe("without-gpu", COUNTS, manifest="[resources]\n")
    platforms, told = seen(workshop, "with-gpu")
    assert platforms >= 1
    assert told == 1
    assert seen(workshop, "without-gpu") == [0, 0]


def test_the_variant_is_chosen_where_it_fits_and_the_reason_said(workshop: Workshop) -> None:
    manifest = parse_manifest(workshop.recipe_folder / "sum-blocks")
    variant = GpuVariant("opencl", "core-opencl", memory_mb=64)
    software = workshop.runtime.software
    assert software("local", manifest) == Software("platform")
    able = replace(manifest, gpu=variant)
    assert software("local", able) == Software("core-opencl", 1, "It runs on a GPU (opencl).")
    assert software("local", able, "You wanted no GPU.") == Software("platform", 0, "You wanted no GPU.")
    large = replace(manifest, gpu=replace(variant, memory_mb=10**9))
    assert software("local", large).why == "The GPU has less than the 1000000000 MB that it would need."
    other = replace(manifest, gpu=replace(variant, api="cuda"))
    if all(one.api == "opencl" for one in workshop.runtime.local_gpus.found()):
        assert software("local", other) == Software("platform", 0, "The GPU offers no cuda.")
    workshop.settings.runtime.choice.__dict__["local_gpus"] = 0
    assert software("local", able) == Software("platform", 0, "There is no GPU.")
