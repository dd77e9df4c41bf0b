"""The client stays light: scientists import it in notebooks and scripts."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "h5py",
    "fastapi",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "zarr",
    "pint",
    "alembic",
    "typer",
    "pandas",
    "dask",
    "xarray",
}
PROBE = """
import sys, time
started = time.process_time()
import pandaas
pandaas.connect("http://127.0.0.1:1").close()
print(time.process_time() - started, *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def probe() -> tuple[float, set[str]]:
    shown = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True).stdout.split()
    return float(shown[0]), set(shown[1:])


def test_no_library_of_the_platform_is_loaded() -> None:
    assert probe()[1] & HEAVY == set()


def test_connecting_takes_less_than_a_second_of_processor_time() -> None:
    assert min(probe()[0] for _ in range(3)) < 1.0
