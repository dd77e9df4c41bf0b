"""Whose data are these? Proposal, instrument and release of what is ingested.

The proposal comes from the call, else the storage root's pattern, else the root's own setting, else the file's
metadata, else from what is registered of the same file; an unknown or missing one is refused, never guessed. Arguments of the call hold only for what really lies
below the paths it names: a link that leads elsewhere is taken for what that place says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import or_, select

from pandaas.access import FACILITY, Access, Policy
from pandaas.catalogue.folding import fold, storable
from pandaas.catalogue.values import REFUSED
from pandaas.config import Settings, StorageRoot
from pandaas.db import Database
from pandaas.db.tables import Dataset, DatasetFile, Instrument, Proposal
from pandaas.model import Conflict, InvalidInput, ProposalType, ScannedDataset


@dataclass(frozen=True)
class Placement:
    """Where a dataset belongs. `technique` is the instrument's default."""

    proposal_id: int
    proposal: str
    proposal_title: str
    proposal_type: str
    row: Proposal
    policy: Policy
    instrument_id: int | None = None
    instrument: str | None = None
    instrument_title: str | None = None
    technique: str | None = None

    def release_time(self, measured: datetime) -> datetime | None:
        """When the data become open: the proposal's own date, else the embargo after the measurement."""
        return self.policy.release_of_dataset(self.row, measured)


class Places:
    """Answers for one ingest; looks each name up once."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        access: Access,
        *,
        proposal: str | None = None,
        instrument: str | None = None,
        adds_instruments: bool = True,
    ) -> None:
        self._adds_instruments = adds_instruments
        self._database = database
        self._settings = settings
        self._access = access
        self._proposals: dict[str, Proposal | None] = {}
        self._instruments: list[Instrument] | None = None
        self._policies = access.policies()
        self._proposal, self._instrument = proposal, instrument
        if proposal is not None and self._find_proposal(proposal) is None:
            raise _unknown_proposal(proposal)
        if instrument is not None and self._find_instrument(instrument) is None:
            raise InvalidInput(
                f"There is no instrument '{instrument[:64]}'.", remedy="Create it first.", field="instrument"
            )

    def root_of(self, path: Path) -> StorageRoot | None:
        """The innermost storage root that holds `path` (a real path)."""
        holding = [root for root in self._settings.storage if root.path.resolve() in path.parents]
        return max(holding, key=lambda root: len(root.path.resolve().parts), default=None)

    def by_path(self, path: Path, *, given: bool) -> tuple[str | None, str | None]:
        """Proposal and instrument as the call and the storage root say, without looking into the file."""
        root = self.root_of(path)
        named = _from_pattern(root, path) if root else {}
        proposal = (self._proposal if given else None) or named.get("proposal") or (root.proposal if root else None)
        instrument = (self._instrument if given else None) or named.get("instrument")
        return proposal, instrument

    def realm_of(self, path: Path, given: Iterable[Path], *, is_given: bool) -> Path:
        """The widest folder around `path` that belongs to the same proposal: links within it are the dataset's own.

        Below a path whose proposal the call names that is the named path; else as far up in the storage root as the
        root assigns the same proposal; else the file's own folder.
        """
        if is_given and self._proposal is not None:
            folders = [one if one.is_dir() else one.parent for one in given]
            around = [one for one in folders if one in path.parents]
            return min(around, key=lambda one: len(one.parts), default=path.parent)
        root = self.root_of(path)
        mine = self.by_path(path, given=False)[0]
        realm = path.parent
        if root is None or mine is None:
            return realm
        top = root.path.resolve()
        while realm != top and self.by_path(realm.parent / "x", given=False)[0] == mine:
            realm = realm.parent
        return realm

    def proposal_id(self, name: str | None) -> int | None:
        found = self._find_proposal(name) if name else None
        return found.id if found else None

    def instrument_id(self, name: str | None) -> int | None:
        found = self._find_instrument(name) if name else None
        return found.id if found else None

    def of(self, scanned: ScannedDataset, path: Path, *, given: bool = True) -> Placement:
        """The place of a dataset, or `InvalidInput` that says what is missing."""
        proposal_name, instrument_name = self.by_path(path, given=given)
        name = proposal_name or _shortened(scanned.proposal) or self._registered(path)
        if not name:
            raise InvalidInput(
                f"{REFUSED} neither the call nor the storage root nor the file says which.",
                remedy="Give --proposal, or set the storage root's proposal or proposal_pattern.",
                field="proposal",
            )
        proposal = self._find_proposal(name)
        if proposal is None:
            raise _unknown_proposal(name)
        root = self.root_of(path)
        instrument = self._instrument_of(instrument_name, scanned, root, proposal)
        return Placement(
            proposal_id=proposal.id,
            proposal=proposal.name,
            proposal_title=proposal.title,
            proposal_type=proposal.type,
            row=proposal,
            policy=self._policies[ProposalType(proposal.type)],
            instrument_id=instrument.id if instrument else None,
            instrument=instrument.name if instrument else None,
            instrument_title=instrument.title if instrument else None,
            technique=instrument.technique if instrument else None,
        )

    def _instrument_of(
        self, named: str | None, scanned: ScannedDataset, root: StorageRoot | None, proposal: Proposal
    ) -> Instrument | None:
        for name in (named, scanned.instrument, root.instrument if root else None):
            found = self._find_instrument(name) if name else None
            if found is not None:
                return found
        if proposal.instrument_id is not None:
            return next((one for one in self._all_instruments() if one.id == proposal.instrument_id), None)
        return self._add_instrument(named or scanned.instrument) if self._adds_instruments else None

    def _registered(self, path: Path) -> str | None:
        """The proposal that this file's dataset belongs to already: an earlier call may have named it."""
        query = select(Proposal.name).join(Dataset, Dataset.proposal_id == Proposal.id)
        of_file = query.join(DatasetFile, DatasetFile.dataset_id == Dataset.id).where(
            Dataset.is_latest, DatasetFile.role == "data", DatasetFile.path == storable(str(path))
        )
        with self._database.read() as session:
            names = set(session.scalars(of_file))
        return names.pop() if len(names) == 1 else None

    def _find_proposal(self, name: str) -> Proposal | None:
        if name not in self._proposals:
            with self._database.read() as session:
                exact = select(Proposal).where(or_(Proposal.name == name, Proposal.name == name.replace(" ", "")))
                self._proposals[name] = session.scalars(exact.order_by(Proposal.id)).first()
        return self._proposals[name]

    def _find_instrument(self, name: str) -> Instrument | None:
        """By name or title, whatever the spelling; a name goes before a title."""
        wanted = {fold(name), fold(_as_name(name) or "")} - {""}
        known = self._all_instruments()
        by_name = next((one for one in known if fold(one.name) in wanted), None)
        return by_name or next((one for one in known if fold(one.title) in wanted), None)

    def _all_instruments(self) -> list[Instrument]:
        if self._instruments is None:
            self._instruments = self._access.instruments()
        return self._instruments

    def _add_instrument(self, title: str | None) -> Instrument | None:
        """An instrument first heard of from its own data; nobody is on its staff until an operator says so."""
        name = _as_name(title)
        if not name or not title:
            return None
        known = next((one for one in self._all_instruments() if fold(one.name) == fold(name)), None)
        if known is not None:
            return known
        try:
            made = self._access.create_instrument(FACILITY, name, title.strip()[:200])
        except Conflict:  # another ingest was faster
            self._instruments = None
            return next((one for one in self._all_instruments() if one.name == name), None)
        self._all_instruments().append(made)
        return made


def _from_pattern(root: StorageRoot, path: Path) -> dict[str, str | None]:
    if not root.proposal_pattern:
        return {}
    try:
        match = re.search(root.proposal_pattern, str(path.relative_to(root.path.resolve())))
    except re.error as error:
        raise InvalidInput(
            f"The pattern of the storage root '{root.name}' is no regular expression: {error}.",
            field="storage.proposal_pattern",
        ) from error
    return match.groupdict() if match else {}


def _unknown_proposal(name: str) -> InvalidInput:
    return InvalidInput(
        f"{REFUSED} there is no proposal '{name[:64]}'.",
        remedy="Create the proposal first, or give another one.",
        field="proposal",
    )


def _shortened(name: str | None) -> str | None:
    return name.strip()[:64] if name and name.strip() else None


def _as_name(title: str | None) -> str | None:
    """An instrument's title as a short name: letters, digits, '.', '_' and '-'."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", fold(title).upper() if title else "").strip("-.")
    return name[:64] or None
