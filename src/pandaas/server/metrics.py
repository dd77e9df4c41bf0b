"""Prometheus metrics of this process; `/metrics` adds what the database knows (jobs, ingest, disk)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
_REQUESTS = Counter("pandaas_requests", "Requests answered.", ["method", "route", "status"], registry=REGISTRY)
_SECONDS = Histogram(
    "pandaas_request_seconds",
    "Time to answer a request.",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
_JOBS = Gauge("pandaas_jobs", "Jobs by state.", ["state"], registry=REGISTRY)
_DATASETS = Gauge("pandaas_datasets", "Datasets registered.", registry=REGISTRY)
_QUARANTINE = Gauge("pandaas_quarantine", "Files in quarantine.", registry=REGISTRY)
_DATA_BYTES = Gauge("pandaas_data_bytes", "Size of all registered datasets.", registry=REGISTRY)
_DISK_FREE = Gauge("pandaas_disk_free_bytes", "Free space.", ["place"], registry=REGISTRY)
_STREAMS = Gauge("pandaas_event_streams", "Open server-sent event streams.", registry=REGISTRY)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    _REQUESTS.labels(method, route, str(status)).inc()
    _SECONDS.labels(route).observe(seconds)


def stream_opened() -> None:
    _STREAMS.inc()


def stream_closed() -> None:
    _STREAMS.dec()


def render(*, jobs: dict[str, int], datasets: int, data_bytes: int, quarantine: int, disks: dict[str, int]) -> bytes:
    """The exposition text, with the gauges set to what the database and the file systems say now."""
    for state, count in jobs.items():
        _JOBS.labels(state).set(count)
    _DATASETS.set(datasets)
    _DATA_BYTES.set(data_bytes)
    _QUARANTINE.set(quarantine)
    for place, free in disks.items():
        _DISK_FREE.labels(place).set(free)
    return generate_latest(REGISTRY)
