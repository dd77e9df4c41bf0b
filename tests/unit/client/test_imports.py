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
import sys
import pandaas
pandaas.connect("http://127.0.0.1:1").close()
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_no_library_of_the_platform_is_loaded() -> None:
    shown = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True).stdout
    assert set(shown.split()) & HEAVY == set()
