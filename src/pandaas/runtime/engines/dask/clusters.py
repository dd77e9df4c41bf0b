"""The cluster that one job is led through: a scheduler that is there already, workers of this computer, or Slurm jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

TRIES = 5  # losses of a worker that one group of blocks survives
_CONNECT_S = 60


@contextmanager
def client_of(wanted: dict[str, Any], folder: Path) -> Iterator[tuple[Any, Callable[[], None]]]:
    """A client, reached with its own certificates only, and what looks after the workers from time to time: it raises `Ended`
    where none can come."""
    place = wanted["cluster"]
    distributed, dask = import_module("distributed"), import_module("dask")
    if place["scheduler"]:
        with distributed.Client(place["scheduler"], security=_security(place), timeout=_CONNECT_S) as client:
            yield client, _nothing
        return
    dask.config.set({"distributed.scheduler.allowed-failures": TRIES})
    if place["slurm"]:
        from pandaas.runtime.engines.dask.on_slurm import cluster_on_slurm  # its package is another one

        with cluster_on_slurm(wanted, folder) as workers, distributed.Client(workers.cluster) as client:
            yield client, workers.look
        return
    with _cluster_here(wanted) as cluster, distributed.Client(cluster) as client:
        yield client, _nothing


@contextmanager
def _cluster_here(wanted: dict[str, Any]) -> Iterator[Any]:
    distributed = import_module("distributed")
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        protocol="tls://",
        security=distributed.Security.temporary(),
        dashboard_address=None,
        memory_limit=0,
        local_directory=wanted["scratch"],
    ) as cluster:
        cluster.adapt(minimum=1, maximum=max(1, min(wanted["cores"], wanted["cluster"]["workers"])))
        yield cluster


def _security(place: dict[str, Any]) -> Any:
    if not place["scheduler"].startswith("tls:"):
        return None
    return import_module("distributed").Security(
        tls_ca_file=place["ca"],
        tls_client_cert=place["cert"],
        tls_client_key=place["key"],
        require_encryption=True,
    )


def _nothing() -> None:
    """Whoever runs the cluster looks after its workers."""
