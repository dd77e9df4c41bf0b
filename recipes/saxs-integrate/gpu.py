"""pyFAI's own integration on a GPU, where the job has one: by OpenCL, with the same bins and shares as on the processor.

What a driver holds does not survive a fork, so each process looks for its device when it integrates its first frame. That frame is
integrated by the processor too, and the GPU is used only where the numbers are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fast import Sums, agrees

from pandaas.sdk import current_job, warn

Integrate = Callable[[tuple[Any, ...]], Any]


def wanted() -> bool:
    """Has this job a GPU?"""
    job = current_job()
    return job is not None and job.gpu


def method_on_gpu(splitting: str, integrate: Integrate, expected: Any) -> tuple[tuple[Any, ...], str] | None:
    """pyFAI's method for the best device and the device's name; None, with a warning, where there is none or its numbers differ.

    `integrate` integrates the first frame by a method; `expected` is what the processor gave for it.
    """
    try:
        from pyFAI.opencl import ocl
    except ImportError:
        ocl = None
    target = ocl and (ocl.select_device(dtype="gpu") or ocl.select_device(dtype="all"))
    if not target:
        return _not_used("OpenCL finds none")
    method = (splitting, "csr", "opencl", target)
    try:
        result = integrate(method)
    except Exception as error:  # noqa: BLE001 - drivers raise what they like; the processor can always do it
        return _not_used(f"it does not work ({type(error).__name__}: {error})")
    if not agrees(Sums(result.sum_signal, result.sum_variance, result.sum_normalization), expected):
        return _not_used("its numbers differ from the processor's by more than 1e-6")
    device = ocl.platforms[target[0]].devices[target[1]]
    return method, f"{device.name} (OpenCL)"


def _not_used(reason: str) -> None:
    warn(f"The GPU was not used, the processor was: {reason}.")
