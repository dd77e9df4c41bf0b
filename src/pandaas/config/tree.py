"""The configuration: one typed tree, from a file and `PANDAAS_*` variables; unknown keys are errors.

The file is TOML at `$PANDAAS_CONFIG`, else `pandaas.toml` in `PANDAAS_HOME`. A variable names a field with `__` between
levels (`PANDAAS_SERVER__PORT=8080`) and wins over the file. Every field carries its documentation; the reference page
and `pandaas config schema` are made from it.
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator

from pandaas.config.choice import ChoiceSettings
from pandaas.config.dask import DaskSettings
from pandaas.config.doi import DoiSettings
from pandaas.config.office import OfficeSettings
from pandaas.config.section import Section
from pandaas.config.session_providers import SessionProviderSettings
from pandaas.config.session_rules import SessionRule, SessionTimes
from pandaas.config.sign_in import SignInSettings
from pandaas.config.slurm import SlurmSettings
from pandaas.config.warm import WarmSettings
from pandaas.model import InvalidInput


class ServerSettings(Section):
    host: str = Field("127.0.0.1", description="Address to listen on. Demo accounts refuse anything but loopback.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str | None = Field(
        None, description="Address that browsers use, for example https://data.example.org; checked as Origin."
    )
    accel_location: str | None = Field(
        None,
        pattern=r"^/[\w.-]+$",
        description="Internal location of nginx at which storage is found by its path; nginx then sends whole files itself.",
    )
    session_hours: float = Field(12, gt=0, description="How long a sign-in lasts, in hours.")
    max_response_mb: int = Field(512, gt=0, description="Largest decoded slice one answer may hold, in MB.")
    request_timeout_s: float = Field(120, gt=0, description="Longest a single slice may take, in seconds.")


class DatabaseSettings(Section):
    url: str | None = Field(
        None,
        description="SQLAlchemy address, for example postgresql+psycopg://pandaas@/pandaas. Default: SQLite in the home.",
    )

    @field_validator("url")
    @classmethod
    def _is_supported(cls, url: str | None) -> str | None:
        if url and not url.startswith(("sqlite:", "postgresql+psycopg:")):
            raise ValueError("it begins with sqlite: or postgresql+psycopg:")
        return url


class StorageRoot(Section):
    name: str = Field(description="Short name shown instead of the path.")
    path: Path = Field(description="Folder that holds data; nothing outside the roots is ever served.")
    proposal_pattern: str | None = Field(
        None,
        description="Regular expression on the path below the root; its group 'proposal' (and 'instrument') name them.",
    )
    proposal: str | None = Field(None, description="Proposal of everything below, where no pattern says otherwise.")
    instrument: str | None = Field(None, description="Instrument of everything below, where the files don't say.")
    client_path: str | None = Field(
        None, description="The same folder as users see it on their own machines; shown on the dataset page."
    )


class InstrumentSettings(Section):
    id: str = Field(description="Short name, for example BL-SAXS.")
    title: str = Field("", description="Name shown to people.")
    technique: str | None = Field(None, description="PaNET IRI given to data that name no technique.")


class FacilitySettings(Section):
    id: str = Field(
        "",
        description="Short name of the facility, said of all that names no other. Default: its name, if that is set.",
    )
    name: str = Field("This facility", description="Name shown to people.")
    instruments: tuple[InstrumentSettings, ...] = Field((), description="The facility's instruments.")
    embargo_years: float = Field(3, ge=0, description="Years from measurement to release of public-access data.")
    licence: str = Field("CC-BY-4.0", description="Licence of released data (SPDX).")

    @property
    def short_name(self) -> str:
        """What data, proposals and instruments that name no facility are of; empty where nobody has configured one."""
        return (self.id or (self.name if "name" in self.model_fields_set else ""))[:64]


class IngestSettings(Section):
    workers: int = Field(2, ge=1, description="Processes that read files during ingest.")
    settle_s: float = Field(5, ge=0, description="Seconds a watched file must stay unchanged before it is read.")
    file_timeout_s: float = Field(120, gt=0, description="Longest one file may take to be read, in seconds.")
    max_upload_gb: float = Field(50, gt=0, description="Largest upload, in GB.")


class ArraySettings(Section):
    workers: int = Field(2, ge=1, description="Reader processes for structure and slices.")
    idle_s: float = Field(120, gt=0, description="Seconds after which an unused reader process ends.")
    memory_mb: int = Field(4096, ge=256, description="Address space of one reader process, in MB.")
    level_mb: int = Field(64, ge=1, description="Most memory for images and volumes at lower resolution, in MB.")
    buffer_mb: int = Field(
        384, ge=16, description="Most memory for values on their way to clients, in MB; further answers wait."
    )


class RuntimeSettings(Section):
    sandbox: Literal["auto", "bubblewrap", "none"] = Field(
        "auto", description="How user code is isolated; 'none' is refused by `serve`."
    )
    cores: int = Field(0, ge=0, description="Cores for local jobs; 0 takes all of the machine.")
    memory_mb: int = Field(0, ge=0, description="Memory for local jobs in MB; 0 takes three quarters of the machine's.")
    recipe_folders: tuple[Path, ...] = Field((), description="The facility's own recipes, besides those shipped.")
    chain_folders: tuple[Path, ...] = Field(
        (), description="The facility's own chains (TOML files), besides those shipped."
    )
    environment_folder: Path | None = Field(None, description="Where environments are built. Default: in the home.")
    uid_start: int = Field(
        200_000,
        ge=1000,
        description="When run as root, a person's code runs as uid `uid_start` + her number; keep the range free.",
    )
    output_mb: int = Field(
        20_000, ge=1, description="Most a job may write, in MB, where its recipe sets no `output_mb` of its own."
    )
    keep_job_days: float = Field(90, gt=0, description="Days after which the log and scratch files of a job go.")
    lost_grace_s: float = Field(30, gt=0, description="Seconds without trace of a running job until it counts as lost.")
    starts: int = Field(
        3,
        ge=1,
        le=20,
        description="How often a job may be started in all when its engine loses it; 1 starts none again.",
    )
    choice: ChoiceSettings = Field(ChoiceSettings(), description="Which engine runs a job.")
    warm: WarmSettings = Field(WarmSettings(), description="The warm pool of the local engine.")
    dask: DaskSettings = Field(DaskSettings(), description="Dask workers.")
    slurm: SlurmSettings = Field(SlurmSettings(), description="The facility's Slurm.")


class SessionSettings(SessionTimes):
    domain: str = Field(
        "localhost",
        pattern=r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
        description=(
            "Sessions answer at <id>.<domain>. At a facility: a wildcard name of another registrable domain than the "
            "platform's own, so that pages inside sessions can't reach it."
        ),
    )
    app_folders: tuple[Path, ...] = Field((), description="The facility's own programs, besides those shipped.")
    most: int = Field(24, ge=0, description="Sessions that run at once; 0 switches sessions off.")
    most_of_one: int = Field(4, ge=1, description="Sessions that one person runs at once.")
    nginx_doors: Path | None = Field(
        None,
        description=(
            "A folder in `home` that belongs to nginx's group. Sockets of sessions are shown there to that "
            "group, so that nginx leads browsers to them itself; without it all goes through the platform."
        ),
    )
    memory_mb: int = Field(
        0,
        ge=0,
        description="Memory promised to all sessions together, in MB; 0 takes twice the machine's: few use all.",
    )
    slurm: bool = Field(
        False,
        description=(
            "Let people choose the cluster (runtime.slurm) for a session. It must start on a node that PaN-DAaS runs on "
            "too; `[[runtime.slurm.recipes]]` with recipe = 'session' sets partition and options."
        ),
    )
    providers: tuple[SessionProviderSettings, ...] = Field(
        (), description="Services that start sessions elsewhere, such as the facility's JupyterHub."
    )
    network: tuple[str, ...] = Field(
        (),
        description=(
            "Programs whose sessions use this computer's network, loopback included, if their app.toml asks for it; all "
            "others have none."
        ),
    )
    rules: tuple[SessionRule, ...] = Field((), description="Other times for some roles and some programs.")
    warn_minutes: float = Field(30, ge=0, description="How long before the end or hibernation its person is warned.")
    by_request_hours: float = Field(
        720, gt=0, description="Longest a session runs where staff agreed to more time than `longest_hours`, in hours."
    )
    stop_minutes: float = Field(
        15, ge=0, description="Time that people have when an operator stops a session or drains a computer, in minutes."
    )
    start_timeout_s: float = Field(180, gt=0, description="A program that isn't usable by then has failed to start.")
    warm: WarmSettings = Field(
        WarmSettings(templates=8, idle_s=14_400),
        description="Processes that have imported the program of a person's session and wait for her next start.",
    )
    home_mb: int = Field(10_000, ge=1, description="Most that a session's home and results may hold together, in MB.")
    keep_days: float = Field(60, gt=0, description="Days that what a hibernated session needs to go on is kept.")
    automatic_results: bool = Field(
        True,
        description=(
            "Finished NeXus files with an NXprocess group in a session's results folder register themselves; its person "
            "may switch this for the session."
        ),
    )
    settled_s: float = Field(
        30, ge=1, description="A result that has not changed for so long, in seconds, and isn't open is finished."
    )
    guests: Literal["never", "open_data", "principal_investigator"] = Field(
        "never",
        description=(
            "Whether a session's person may invite somebody without an account, who only watches: never; where all of "
            "its data are open; or also where she is principal investigator of those that are not. Never proprietary data."
        ),
    )
    invitation_days: float = Field(
        7, gt=0, le=60, description="Longest that an invitation into a session works, in days."
    )
    staff_minutes: int = Field(
        120, ge=1, le=1440, description="Longest that staff stay in a session that they were let into, in minutes."
    )

    @field_validator("providers")
    @classmethod
    def _one_each(cls, providers: tuple[SessionProviderSettings, ...]) -> tuple[SessionProviderSettings, ...]:
        if len({one.id for one in providers}) != len(providers):
            raise ValueError("two providers have the same id")
        return providers

    def times(self, role: str, program: str) -> SessionTimes:
        """How long sessions of somebody in this role with this program go on."""
        chosen = {name: getattr(self, name) for name in SessionTimes.model_fields}
        for rule in self.rules:
            if rule.fits(role, program):
                chosen |= {name: value for name in chosen if (value := getattr(rule, name)) is not None}
        return SessionTimes(**chosen | {"lifetime_hours": min(chosen["lifetime_hours"], chosen["longest_hours"])})

    @property
    def longest_of_all(self) -> float:
        """The longest that any session may run, in hours."""
        return max(self.by_request_hours, self.longest_hours, *(rule.longest_hours or 0.0 for rule in self.rules), 0.0)


class MailSettings(Section):
    host: str | None = Field(None, description="SMTP server; without one no mail is sent.")
    port: int = Field(25, description="Port of the SMTP server.")
    sender: str = Field("pandaas@localhost", description="Sender of notices.")
    long_job_s: float = Field(600, ge=0, description="Jobs that took longer than this are announced by mail.")


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level written.")
    format: Literal["text", "json"] = Field("text", description="Lines for people or for machines.")
    keep_mb: int = Field(100, ge=1, description="Size of all kept log files together, in MB.")


class DemoSettings(Section):
    enabled: bool = Field(False, description="This is a demo facility: made-up accounts, loopback only.")
    frames: int = Field(200, ge=2, le=10_000, description="Frames of the demo's simulated series.")
    series: int = Field(
        8,
        ge=0,
        le=100,
        description="Measurements of the demo's in-situ series, which a chain runs on by itself; 0: none.",
    )


class SecretSettings(Section):
    key: SecretStr | None = Field(None, description="Signing key; made on first start and kept in the home if unset.")


class Settings(Section):
    """The whole configuration of one PaN-DAaS."""

    home: Path = Field(description="Folder for database, results, uploads, environments and logs (mode 0700).")
    facility: FacilitySettings = Field(FacilitySettings(), description="Who runs this.")
    server: ServerSettings = Field(ServerSettings(), description="The web service.")
    sign_in: SignInSettings = Field(SignInSettings(), description="How people sign in.")
    office: tuple[OfficeSettings, ...] = Field((), description="User offices that people and proposals come from.")
    database: DatabaseSettings = Field(DatabaseSettings(), description="Where metadata are kept.")
    storage: tuple[StorageRoot, ...] = Field((), description="Folders that hold measured data.")
    ingest: IngestSettings = Field(IngestSettings(), description="How files become datasets.")
    arrays: ArraySettings = Field(ArraySettings(), description="How data are read for viewers.")
    runtime: RuntimeSettings = Field(RuntimeSettings(), description="Where analysis runs.")
    sessions: SessionSettings = Field(SessionSettings(), description="Notebooks and desktops.")
    doi: DoiSettings = Field(DoiSettings(), description="Identifiers of publications, by DataCite.")
    mail: MailSettings = Field(MailSettings(), description="Notices by mail.")
    log: LogSettings = Field(LogSettings(), description="What is written to the log.")
    demo: DemoSettings = Field(DemoSettings(), description="The demo facility.")
    secret: SecretSettings = Field(SecretSettings(), description="Secrets; prefer variables or a file of mode 0600.")

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite:///{self.home / 'pandaas.sqlite'}"


def default_home() -> Path:
    """`PANDAAS_HOME`, else `.demo/` of the checkout this is installed from if that exists, else `~/.pandaas`."""
    named = os.environ.get("PANDAAS_HOME")
    if named:
        return Path(named).expanduser().absolute()
    checkout = Path(__file__).parents[3]
    if (checkout / "pyproject.toml").is_file() and (checkout / ".demo").is_dir():
        return checkout / ".demo"
    return Path.home() / ".pandaas"


def load_settings(file: Path | None = None, **overrides: Any) -> Settings:
    """Read the configuration; `overrides` (nested dictionaries) win over variables, variables over the file.

    An override of None leaves the setting as it is.

    Raises `InvalidInput` naming the field, the value and what was expected.
    """
    home = Path(overrides.pop("home", None) or default_home()).absolute()
    named = file or (Path(os.environ["PANDAAS_CONFIG"]) if os.environ.get("PANDAAS_CONFIG") else None)
    source = named or home / "pandaas.toml"
    if named and not named.is_file():
        raise InvalidInput(f"The configuration file {named} doesn't exist.", field="PANDAAS_CONFIG")
    tree: dict[str, Any] = {}
    if source.is_file():
        try:
            tree = tomllib.loads(source.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{source} is not valid TOML: {error}.", field=str(source)) from error
    tree = _merge(tree, _from_environment(os.environ))
    tree = _merge(tree, overrides)
    tree.setdefault("home", str(home))
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise _explained(error, source) from error


def _explained(error: ValidationError, source: Path) -> InvalidInput:
    """The first thing that is wrong: its name, where it was set, what stands there and what should."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    names = ["PANDAAS_" + "__".join(str(part) for part in first["loc"][:depth]).upper() for depth in (3, 2, 1)]
    place = next((name for name in names if name in os.environ), str(source))
    hint = f"It is set in {place}; `pandaas config schema` describes all settings."
    if first["type"] == "extra_forbidden":
        return InvalidInput(f"'{field}' is not a setting.", remedy=hint, field=field)
    value = first["input"]
    found = f" (it is {value!r})" if isinstance(value, str | int | float) and not _is_secret(field) else ""
    reason = first["msg"].removeprefix("Value error, ")
    return InvalidInput(f"The setting '{field}' is wrong{found}: {reason}.", remedy=hint, field=field)


def _is_secret(field: str) -> bool:
    return "secret" in field or field == "database.url"


_RESERVED = {"PANDAAS_HOME", "PANDAAS_CONFIG", "PANDAAS_JOB", "PANDAAS_URL", "PANDAAS_TOKEN"}


def _from_environment(environment: os._Environ[str] | dict[str, str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in environment.items():
        if not name.startswith("PANDAAS_") or name.startswith("PANDAAS_TEST_") or name in _RESERVED:
            continue
        keys = name.removeprefix("PANDAAS_").lower().split("__")
        node = tree
        for key in keys[:-1]:
            node = node.setdefault(key, {})
        node[keys[-1]] = _typed(value)
    return tree


def _typed(value: str) -> Any:
    """A list or table as TOML or JSON writes it; any other text as it stands."""
    if value[:1] not in {"[", "{"}:
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        pass
    try:
        return json.loads(value)
    except ValueError:
        return value


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, dict):
            below = merged.get(key)
            merged[key] = _merge(below if isinstance(below, dict) else {}, value)
        elif value is not None:
            merged[key] = value
    return merged
