"""Settings of the engine `dask`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from pandaas.config.section import Section

_HERE = {"127.0.0.1", "::1", "localhost"}


class DaskSlurmSettings(Section):
    """Workers as Slurm jobs, which `dask-jobqueue` starts for each job of ours and takes away with it. What is unset is left to
    the cluster's defaults."""

    enabled: bool = Field(False, description="Start the workers through `sbatch`; needs the package `dask-jobqueue`.")
    conf: Path | None = Field(None, description="File slurm.conf, where it is not the system's (SLURM_CONF).")
    partition: str | None = Field(None, description="Partition of the workers' jobs. Default: the cluster's.")
    account: str | None = Field(None, description="Account that they are charged to. Default: the submitter's.")
    options: tuple[str, ...] = Field((), description="Further options of `sbatch`, for example --qos=fast.")
    host: str | None = Field(
        None,
        description="Address of this computer at which the nodes reach a job's scheduler. Default: that of its route to the outside.",
    )
    minimum: int = Field(1, ge=0, description="Workers that a job asks for at once; more come as its parts wait.")
    memory_mb: int = Field(
        0, ge=0, description="Least memory of a worker's job in MB, where a recipe's need and Dask's own 512 are less."
    )
    time_limit_s: int | None = Field(
        None,
        gt=0,
        description="Time limit of a worker's job in seconds; one that reaches it is replaced. Default: the recipe's.",
    )


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
    slurm: DaskSlurmSettings = Field(
        DaskSlurmSettings(), description="A job's own cluster with workers on the facility's Slurm."
    )

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

    @model_validator(mode="after")
    def _one_cluster(self) -> DaskSettings:
        if not self.slurm.enabled:
            return self
        if self.scheduler is not None:
            raise ValueError("scheduler and slurm.enabled exclude each other: workers come from one of them")
        if not self.workers:
            raise ValueError("slurm.enabled needs workers: how many Slurm jobs one job may have at most")
        if self.slurm.minimum > self.workers:
            raise ValueError(f"slurm.minimum is {self.slurm.minimum}, more than workers = {self.workers}")
        return self
