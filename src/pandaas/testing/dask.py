"""A Dask cluster for tests as a facility has one: a scheduler over TLS with certificates in files, and workers that are started again.

It is a process of its own; `DaskServer.start()` starts it and `stop()` ends it with its workers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_CLUSTER = """
import sys, time
from pathlib import Path
from distributed import LocalCluster, Security

def main():
    folder = Path(sys.argv[1])
    security = Security.temporary()
    for name, content in (("ca", security.tls_ca_file), ("cert", security.tls_client_cert), ("key", security.tls_client_key)):
        (folder / f"{name}.pem").write_text(content)
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", protocol="tls://", security=security,
                           dashboard_address=None, memory_limit=0, local_directory=str(folder))
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()

if __name__ == "__main__":
    main()
"""


class DaskServer:
    """See the module."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="pandaas-dask-")
        self.folder = Path(self._place.name)
        self.address = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """`runtime.dask` of a platform that uses it."""
        files = {name: str(self.folder / f"{name}.pem") for name in ("ca", "cert", "key")}
        return {"enabled": True, "workers": 2, "scheduler": self.address, **files}

    def start(self) -> None:
        script = self.folder / "cluster.py"
        script.write_text(_CLUSTER, "utf-8")
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(script), str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError(f"Dask did not start:\n{(self.folder / 'log').read_text('utf-8', 'replace')[-3000:]}")

    def stop(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
        self._place.cleanup()
