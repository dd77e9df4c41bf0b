"""Settings of the engine `slurm`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pandaas.config.section import Section


class SlurmDirectives(Section):
    """What is asked of Slurm besides cores, memory and time. What is unset is left to the cluster's defaults."""

    partition: str | None = Field(None, description="Partition of the jobs. Default: the cluster's.")
    account: str | None = Field(None, description="Account that the jobs are charged to. Default: the submitter's.")
    qos: str | None = Field(None, description="Quality of service of the jobs.")
    gpus: int = Field(0, ge=0, description="GPUs of each job whose recipe uses them.")
    time_limit_s: int | None = Field(None, gt=0, description="Longest that a job may take, in seconds.")
    options: tuple[str, ...] = Field((), description="Further options of `sbatch`, for example --constraint=intel.")


class SlurmRecipe(SlurmDirectives):
    """The same for one recipe; what is set here wins."""

    recipe: str = Field(description="The recipe's id, for example saxs-integrate.")


class SlurmSettings(SlurmDirectives):
    """The cluster. The folder of PaN-DAaS must be seen at the same path on its nodes."""

    enabled: bool = Field(False, description="Offer the engine `slurm`.")
    ssh: str | None = Field(
        None,
        description="Host on which `sbatch`, `squeue` and `sacct` are run, by ssh without a password. Default: here.",
    )
    conf: Path | None = Field(None, description="File slurm.conf, where it is not the system's (SLURM_CONF).")
    rest_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Address of slurmrestd, for example http://127.0.0.1:6820: it is asked instead of the commands.",
    )
    rest_user: str | None = Field(None, description="Account of the token. Default: the one PaN-DAaS runs as.")
    rest_token: Path | None = Field(
        None, description="File with the account's token, as `scontrol token` prints it; read again for each request."
    )
    rest_key: Path | None = Field(
        None,
        description="Slurm's own key (jwt_key), to make tokens for five minutes with. Whoever reads it is every user.",
    )
    rest_tokens: Path | None = Field(
        None,
        description="Folder with a token for each person's account, in a file named after it; read again for each request.",
    )
    submit_as: Literal["service", "person"] = Field(
        "service",
        description="Whose jobs they are: the service's, or each person's whose Unix account is known (by slurmrestd only).",
    )
    python: Path | None = Field(
        None, description="Python ≥ 3.9 on the nodes that starts the supervisor. Default: the platform's own."
    )
    cores: int = Field(
        0,
        ge=0,
        description="Most cores of one job; 0 takes those of the largest node, times array_tasks for work in blocks.",
    )
    array_tasks: int = Field(
        8,
        ge=1,
        le=1000,
        description="Most tasks of the job array that one job in blocks is spread over; 1 makes no arrays.",
    )
    array_cores: int = Field(
        0,
        ge=0,
        description="Cores of one such task: jobs in blocks with more cores become arrays. 0 takes those of the largest node.",
    )
    memory_mb: int = Field(0, ge=0, description="Most memory of one job in MB; 0 takes that of the largest node.")
    poll_s: float = Field(2, gt=0, description="Seconds between two looks at the queue.")
    timeout_s: float = Field(20, gt=0, description="Longest that Slurm may take to answer, in seconds.")
    recipes: tuple[SlurmRecipe, ...] = Field((), description="What single recipes need, besides.")

    @model_validator(mode="after")
    def _as_persons(self) -> SlurmSettings:
        if self.submit_as == "person" and self.rest_url is None:
            raise ValueError("submit_as = 'person' needs rest_url: only slurmrestd takes tokens of persons")
        return self

    def directives(self, recipe: str) -> SlurmDirectives:
        """What holds for this recipe."""
        chosen = {name: getattr(self, name) for name in SlurmDirectives.model_fields}
        for rule in self.recipes:
            if rule.recipe == recipe:
                chosen |= {name: getattr(rule, name) for name in rule.model_fields_set if name in chosen}
        return SlurmDirectives(**chosen)
