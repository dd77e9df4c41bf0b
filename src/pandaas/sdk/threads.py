"""How many threads the numerical libraries use; must be fixed before they are imported."""

from __future__ import annotations

import os

_VARIABLES = (
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",  # some libraries ask for all processors whatever OMP_NUM_THREADS says
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMBA_NUM_THREADS",
    "BLOSC_NTHREADS",
)


def pin_threads(count: int) -> None:
    """Give each numerical library `count` threads: one where blocks run in processes, else the job's cores."""
    for name in _VARIABLES:
        os.environ[name] = str(max(1, count))


def thread_count() -> int:
    """Threads of this process, as far as the system tells (Linux does)."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1
