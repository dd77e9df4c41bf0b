"""The catalogue of interactive programs: one folder each with an `app.toml`, shipped in `apps/` or the facility's own.

title, summary, code_url, citation, licence     what people read
kind        jupyter: JupyterLab; desktop: a program with windows; app: a web program that listens on {socket}
            (elsewhere: what session providers of the configuration offer; not for an app.toml)
command     what is run; {python}, {bin}, {home} and {app} (this folder) are filled in, {files} becomes the datasets'
            files
environment one of the platform's environments; without it the program is installed on the computer
imports     modules of the environment that the program needs at once, where `command` is `{python} -m …`: a process that
            has imported them waits for its person's next start
package     whose version is the program's: of the environment's lock, else a Debian package
needs       files that must be there, and `remedy` tells what to do where they are not
network     true: it works only with the network; without effect until the operator names it in `sessions.network`
techniques, formats, dimensions                 which datasets it fits; nothing said fits all
cores, memory_mb                                what it takes
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pandaas.config import Settings, bundled
from pandaas.model import NotFound, PandaasError, technique
from pandaas.recipes import DatasetSummary
from pandaas.runtime import Environments
from pandaas.sessions.elsewhere import ELSEWHERE, Providers

Kind = Literal["jupyter", "desktop", "app", "elsewhere"]
DESKTOP_NEEDS = ("/usr/bin/Xvnc", "/usr/bin/openbox")
_DEBIAN = Path("/var/lib/dpkg/status")
_DESKTOP_REMEDY = "The operator installs the Debian packages tigervnc-standalone-server and openbox."


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    summary: str
    kind: Kind
    order: int = 50
    command: tuple[str, ...] = ()
    environment: str | None = None
    imports: tuple[str, ...] = ()
    package: str = ""
    needs: tuple[str, ...] = ()
    remedy: str = ""
    techniques: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    dimensions: int = Field(0, ge=0)
    empty: bool = True
    network: bool = False
    cores: int = Field(1, ge=1)
    memory_mb: int = Field(2048, ge=128)
    code_url: str = ""
    citation: tuple[str, ...] = ()
    licence: str = ""


@dataclass(frozen=True)
class Program:
    """An entry of the catalogue. `problem` says why it can't be started here, `remedy` what to do about it. What runs
    elsewhere has a `provider` and no folder."""

    id: str
    folder: Path
    entry: _Entry
    problem: str | None = None
    remedy: str | None = None
    provider: str | None = None

    @property
    def title(self) -> str:
        return self.entry.title

    @property
    def kind(self) -> Kind:
        return self.entry.kind

    def fits(self, datasets: Sequence[DatasetSummary]) -> bool:
        """Could it open each of these? Without datasets: is there anything to do for it?"""
        if not datasets:
            return self.entry.empty
        return all(_fits(self.entry, dataset) for dataset in datasets)

    def suits(self, datasets: Sequence[DatasetSummary]) -> bool:
        """Is it made for these, rather than for anything?"""
        return bool(self.entry.techniques) and self.fits(datasets)

    def command(self, python: Path | None, home: Path, files: Sequence[str]) -> tuple[str, ...]:
        """The command with its placeholders filled in."""
        words: list[str] = []
        for word in self.entry.command:
            if word == "{files}":
                words += files
            else:
                filled = word.replace("{home}", str(home)).replace("{app}", str(self.folder))
                if python is not None:
                    filled = filled.replace("{python}", str(python)).replace("{bin}", str(python.parent))
                words.append(filled)
        return tuple(words)


class Programs:
    """All programs, read anew with each question: few small files. A broken entry disables itself, and says so."""

    def __init__(self, settings: Settings, environments: Environments, providers: Providers | None = None) -> None:
        self._folders = [bundled("apps"), *settings.sessions.app_folders]
        self._environments = environments
        self._providers = providers

    def list(self) -> list[Program]:
        files = {file.parent.name: file for folder in self._folders for file in sorted(folder.glob("*/app.toml"))}
        found = [*map(self._read, files.values()), *self._elsewhere()]
        return sorted(found, key=lambda one: (one.entry.order, one.title))

    def get(self, name: str) -> Program:
        found = [program for program in self.list() if program.id == name]
        if not found:
            raise NotFound(
                f"There is no program '{name[:64]}'.", remedy="`pandaas app list` names them.", field="program"
            )
        return found[0]

    def version(self, program: Program, key: str | None) -> str:
        """Its version: that of its package in the environment with this key, or on this computer; empty if unknown."""
        entry = program.entry
        if not entry.package:
            return ""
        if entry.environment is None:
            return _debian_version(entry.package)
        try:
            now = self._environments.definition(entry.environment)
        except PandaasError:
            return ""
        return now.contents().get(entry.package, "") if now.key == key else ""

    def _read(self, file: Path) -> Program:
        name = file.parent.name
        try:
            entry = _Entry.model_validate(tomllib.loads(file.read_text("utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
            broken = _Entry(title=name, summary="", kind="desktop")
            return Program(name, file.parent, broken, f"Its app.toml can't be used: {error}", "Tell the operator.")
        if entry.kind == ELSEWHERE:
            return Program(
                name, file.parent, entry, "Only session providers offer what runs elsewhere.", "Tell the operator."
            )
        return Program(name, file.parent, entry, *self._trouble(entry))

    def _elsewhere(self) -> Sequence[Program]:
        found: list[Program] = []
        for name, one, offer in self._providers.offers() if self._providers is not None else ():
            entry = _Entry(
                title=f"{offer.title} at {one.settings.title}",
                summary=offer.summary or f"Runs at {one.settings.title}, under your account there.",
                kind=ELSEWHERE,
                order=60,
                cores=offer.cores,
                memory_mb=offer.memory_mb,
            )
            remedy = "Tell the operator." if one.problem else None
            found.append(Program(name, Path(), entry, one.problem, remedy, one.settings.id))
        return found

    def _trouble(self, entry: _Entry) -> tuple[str | None, str | None]:
        if entry.kind == "desktop" and any(not Path(file).exists() for file in DESKTOP_NEEDS):
            return "Desktops are not installed here.", _DESKTOP_REMEDY
        missing = [file for file in entry.needs if not any(Path("/").glob(file.lstrip("/")))]
        if missing:
            return "It is not installed here.", entry.remedy
        if entry.environment is not None:
            try:
                self._environments.definition(entry.environment)
            except PandaasError as error:
                return error.detail, error.remedy
        return None, None


def _fits(entry: _Entry, dataset: DatasetSummary) -> bool:
    if entry.formats and dataset.format not in entry.formats:
        return False
    if entry.dimensions and not any(len(array.shape) >= entry.dimensions for array in dataset.arrays):
        return False
    if not entry.techniques:
        return True
    wanted = {found.iri for name in entry.techniques if (found := technique(name)) is not None}
    return bool(wanted & set(dataset.techniques))


def _debian_version(package: str) -> str:
    try:
        text = _DEBIAN.read_text("utf-8", "replace")
    except OSError:
        return ""
    for block in text.split("\n\n"):
        if block.startswith(f"Package: {package}\n"):
            return next((line[9:] for line in block.splitlines() if line.startswith("Version: ")), "")
    return ""
