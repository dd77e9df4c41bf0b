"""Settings of session providers: services elsewhere that start sessions for people, such as a facility's JupyterHub."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from pandaas.config.section import Section
from pandaas.config.sign_in import is_safe_address


class SessionOffer(Section):
    """What a provider starts: one entry of the menu “Open in …”."""

    id: str = Field("jupyterlab", pattern=r"^[a-z0-9-]{1,24}$", description="Short name.")
    title: str = Field("JupyterLab", min_length=1, max_length=80, description="Name shown to people.")
    summary: str = Field("", max_length=300, description="What it is, in a sentence.")
    page: str = Field(
        "lab",
        pattern=r"^[A-Za-z0-9._~/-]{0,200}$",
        description="Page that is opened, as a path below that of the person's server.",
    )
    cores: int = Field(1, ge=1, description="Cores that it gives, as people are told.")
    memory_mb: int = Field(2048, ge=128, description="Memory that it gives, in MB, as people are told.")
    options: dict[str, Any] = Field(
        {},
        description="What the provider is told to start, for a JupyterHub the spawner's options: {profile = 'small'}.",
    )


class SessionProviderSettings(Section):
    """A service that starts sessions elsewhere."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,24}$", description="Short name; sessions remember it.")
    kind: str = Field(
        "jupyterhub", description="What speaks with it: jupyterhub, or the name of an entry point `pandaas.sessions`."
    )
    title: str = Field(min_length=1, max_length=80, description="Name shown to people.")
    url: str = Field(description="Its address as people's browsers reach it, for example https://hub.example.org.")
    api_url: str | None = Field(
        None, description="Its REST API as this platform reaches it; else the address with /hub/api."
    )
    token_file: Path | None = Field(None, description="File (mode 0600) with the token that this platform has there.")
    ca_file: Path | None = Field(None, description="Certificates to trust, where its own is of a private authority.")
    user_name: Literal["user", "posix_account", "subject"] = Field(
        "user",
        description=(
            "What people are called there: their user name here, their POSIX account, or the subject by which they sign "
            "in with `issuer`. A JupyterHub's names are lower case."
        ),
    )
    issuer: str | None = Field(None, description="With user_name = 'subject': the issuer of both sign-ins.")
    named_servers: bool = Field(
        True,
        description="A JupyterHub that allows named servers: each session is one. Else people have one session there.",
    )
    offers: tuple[SessionOffer, ...] = Field((SessionOffer(),), min_length=1, description="What it starts.")
    options: dict[str, Any] = Field({}, description="Settings of another kind's own.")

    @field_validator("url", "api_url")
    @classmethod
    def _is_safe(cls, address: str | None) -> str | None:
        if address is not None and not is_safe_address(address):
            raise ValueError("it begins with https:// (plain http only on loopback)")
        return address.rstrip("/") if address is not None else None

    @model_validator(mode="after")
    def _fits_together(self) -> SessionProviderSettings:
        if self.user_name == "subject" and self.issuer is None:
            raise ValueError("user_name = 'subject' needs an issuer")
        names = [offer.id for offer in self.offers]
        if len(set(names)) != len(names):
            raise ValueError("two offers have the same id")
        if self.id in {"local", "slurm"}:
            raise ValueError(f"'{self.id}' is the name of an engine")
        return self
