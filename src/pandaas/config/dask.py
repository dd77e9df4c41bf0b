"""Settings of the engine `dask`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from pandaas.config.section import Section

_HERE = {"127.0.0.1", "::1", "localhost"}


class DaskSettings(Section):
    """Blockwise recipes on Dask workers. They see the folders of PaN-DAaS at the same paths, as the nodes of a Slurm do."""

    enabled: bool = Field(False, description="Offer the engine `dask`; needs the package `distributed`.")
    scheduler: str | None = Field(
        None,
        description="Address of a running scheduler, tls://host:8786; plain tcp:// only on this computer. "
        "Default: a cluster for each job on this computer, with certificates made for it.",
    )
    ca: Path | None = Field(None, description="Certificate of the authority that signs the cluster's certificates.")
    cert: Path | None = Field(None, description="Our certificate, for tls:// schedulers.")
    key: Path | None = Field(None, description="Its key.")
    workers: int = Field(
        0, ge=0, description="Most workers of a job's own cluster; 0 takes the cores of this computer."
    )
    cores: int = Field(0, ge=0, description="Most cores of one job; 0 takes `workers`.")
    memory_mb: int = Field(0, ge=0, description="Memory for jobs in MB; 0 takes three quarters of this computer's.")

    @model_validator(mode="after")
    def _encrypted(self) -> DaskSettings:
        """Whoever reaches a scheduler runs code as its account: over a network only with certificates."""
        if self.scheduler is None:
            return self
        address = urlsplit(self.scheduler)
        if address.scheme not in {"tls", "tcp"} or not address.hostname or not address.port:
            raise ValueError("scheduler must be tls://host:port (or tcp://127.0.0.1:port)")
        if address.scheme == "tcp" and address.hostname not in _HERE:
            raise ValueError(f"tcp://{address.hostname} is not encrypted; use tls:// with ca, cert and key")
        if address.scheme == "tls" and not (self.ca and self.cert and self.key):
            raise ValueError("a tls:// scheduler needs ca, cert and key")
        return self
