"""A program that prints the GPUs it sees as JSON. Run in the sandbox: a driver may crash, and what counts is what a job sees.

Asks the libraries that drivers bring, OpenCL and CUDA, by their C interfaces, so that nothing needs to be installed for it.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

_OPENCL_ANY, _OPENCL_GPU = 0xFFFFFFFF, 1 << 2
_TYPE, _MEMORY, _NAME = 0x1000, 0x101F, 0x102B


def opencl() -> list[dict[str, Any]]:
    library = ctypes.CDLL("libOpenCL.so.1")
    found = []
    for platform in _handles(library.clGetPlatformIDs):
        kind = ctypes.c_ulong(_OPENCL_ANY)
        for device in _handles(lambda *into, at=platform, of=kind: library.clGetDeviceIDs(at, of, *into)):
            bits, memory, name = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.create_string_buffer(256)
            for what, into in ((_TYPE, bits), (_MEMORY, memory), (_NAME, name)):
                library.clGetDeviceInfo(device, what, ctypes.c_size_t(ctypes.sizeof(into)), ctypes.byref(into), None)
            is_gpu = bool(bits.value & _OPENCL_GPU)
            found.append(_described("opencl", name, memory.value, is_gpu=is_gpu))
    return found


def cuda() -> list[dict[str, Any]]:
    library = ctypes.CDLL("libcuda.so.1")
    count = ctypes.c_int()
    if library.cuInit(0) or library.cuDeviceGetCount(ctypes.byref(count)):
        return []
    found = []
    for number in range(count.value):
        device, memory, name = ctypes.c_int(), ctypes.c_size_t(), ctypes.create_string_buffer(256)
        library.cuDeviceGet(ctypes.byref(device), number)
        library.cuDeviceGetName(name, 256, device)
        library.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
        found.append(_described("cuda", name, memory.value, is_gpu=True))
    return found


def _handles(ask: Any) -> list[ctypes.c_void_p]:
    """What an OpenCL function lists: asked how many first, then for them."""
    count = ctypes.c_uint()
    if ask(0, None, ctypes.byref(count)) or not count.value:
        return []
    handles = (ctypes.c_void_p * count.value)()
    ask(count, handles, None)
    return [ctypes.c_void_p(handle) for handle in handles]


def _described(api: str, name: Any, memory: int, *, is_gpu: bool) -> dict[str, Any]:
    return {"api": api, "name": name.value.decode("utf-8", "replace"), "memory_mb": memory >> 20, "is_gpu": is_gpu}


def main() -> None:
    found: list[dict[str, Any]] = []
    for look in (opencl, cuda):
        try:
            found += look()
        except OSError:  # the library isn't there
            continue
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
