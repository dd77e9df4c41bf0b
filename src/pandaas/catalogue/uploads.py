"""Uploads of small data: resumable by offset, compared by checksum, kept apart per upload or batch.

Bytes go to `<home>/uploads/<folder>/<name>.part`; the folder belongs to one upload, or to one person's batch, whose
files may link to each other (an EIGER master and its data files). How much has arrived is the size of that file, so an
upload goes on after any crash. A complete file loses its `.part` and is ingested from its folder alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.disk import require_space, tells_when_full
from pandaas.catalogue.folding import storable
from pandaas.catalogue.ingest import Request, sha256_of
from pandaas.catalogue.names import safe_name
from pandaas.catalogue.spaces import own_space
from pandaas.catalogue.values import IngestReport, UploadStatus
from pandaas.config import Settings
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, DatasetFile, Proposal, Quarantine, Upload
from pandaas.model import (
    Action,
    Conflict,
    InvalidInput,
    NotFound,
    NotSignedIn,
    Principal,
    TooLarge,
    new_pid,
)

KEPT = timedelta(days=7)  # an upload that nobody continues
_GB = 10**9


class UploadSink:
    """Takes the bytes of one request. A second one for the same upload is refused while this is open."""

    def __init__(self, part: Path, offset: int, size: int) -> None:
        self._left = size - offset
        self._handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            arrived = os.fstat(self._handle).st_size
            if arrived != offset:
                raise _wrong_offset(arrived)
            os.lseek(self._handle, offset, os.SEEK_SET)
        except BlockingIOError:
            os.close(self._handle)
            raise Conflict(
                "This upload is being sent by another request.", remedy="Wait a moment, then ask for its offset."
            ) from None
        except BaseException:
            os.close(self._handle)
            raise

    def write(self, data: bytes) -> None:
        """Append; `TooLarge` beyond the announced size, `DiskFull`. What was written stays."""
        if len(data) > self._left:
            raise TooLarge("More bytes came than were announced.", remedy="Start the upload anew.", field="size")
        view = memoryview(data)
        with tells_when_full():
            while view:
                view = view[os.write(self._handle, view) :]
        self._left -= len(data)

    def close(self) -> None:
        os.close(self._handle)

    def __enter__(self) -> UploadSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Uploads:
    """`ingest` registers what is complete."""

    def __init__(
        self, database: Database, settings: Settings, access: Access, ingest: Callable[[Request], IngestReport]
    ) -> None:
        self._database = database
        self._settings = settings
        self._access = access
        self._ingest = ingest

    def start(
        self,
        principal: Principal,
        name: str,
        size: int,
        *,
        sha256: str | None = None,
        proposal: str | None = None,
        batch: str | None = None,
    ) -> UploadStatus:
        """Announce a file. `TooLarge` beyond `ingest.max_upload_gb`, `DiskFull` when it would not fit."""
        person_id = _person(principal)
        target = self._target(principal, proposal)
        if size > self._settings.ingest.max_upload_gb * _GB:
            raise TooLarge(
                f"This file is larger than {self._settings.ingest.max_upload_gb:g} GB.",
                remedy="Copy it to the facility's storage and ask an operator to ingest it.",
                field="size",
            )
        self._home().mkdir(mode=0o700, parents=True, exist_ok=True)
        with tells_when_full(), self._database.session() as session:
            require_space(self._home(), size + self._expected(session))
            upload = Upload(
                id=new_pid("up"),
                person_id=person_id,
                proposal_id=target.id,
                name=safe_name(name),
                size=size,
                sha256=sha256,
                batch=batch,
                state="receiving",
                created=self._database.clock(),
            )
            self._refuse_twin(session, upload)
            self._folder(upload).mkdir(mode=0o700, parents=True, exist_ok=True)
            session.add(upload)
        return self._status(upload)

    def show(self, principal: Principal, upload_id: str) -> UploadStatus:
        return self._status(self._own(principal, upload_id))

    def sink(self, principal: Principal, upload_id: str, offset: int) -> UploadSink:
        """Where to write the bytes from `offset` on; `Conflict` names the right offset."""
        upload = self._own(principal, upload_id)
        if upload.state != "receiving":
            raise Conflict(f"This upload is {upload.state}.", remedy="Start a new one.")
        return UploadSink(self._part(upload), offset, upload.size)

    def complete(self, principal: Principal, upload_id: str) -> UploadStatus:
        """Compare size and checksum, then register; in a batch, once no other file of it is on its way."""
        upload = self._own(principal, upload_id)
        if upload.state == "failed":
            raise Conflict(f"This upload failed: {upload.detail}", remedy="Start a new one.")
        if upload.state == "receiving":
            self._check(upload)
            with tells_when_full():
                self._part(upload).replace(self._folder(upload) / upload.name)
            self._set(upload, "complete", None)
        if not self._is_waited_for(upload):
            self._register(principal, upload)
        return self._status(upload)

    def expire(self) -> int:
        """Remove what nobody continued for `KEPT`; the number of uploads ended."""
        limit = self._database.clock() - KEPT
        with self._database.read() as session:
            old = list(session.scalars(select(Upload).where(Upload.state == "receiving", Upload.created < limit)))
        ended = 0
        for upload in old:
            part = self._part(upload)
            try:
                if part.stat().st_mtime > limit.timestamp():
                    continue
            except FileNotFoundError:
                pass
            part.unlink(missing_ok=True)
            if not any(self._folder(upload).iterdir() if self._folder(upload).is_dir() else ()):
                shutil.rmtree(self._folder(upload), ignore_errors=True)
            self._set(upload, "failed", "Nobody continued it for a week.")
            ended += 1
        return ended

    # --- one upload -----------------------------------------------------------------------------------------------

    def _target(self, principal: Principal, proposal: str | None) -> Proposal:
        if proposal is None:
            return own_space(self._access, principal)
        view = self._access.proposal(principal, proposal)
        self._access.require(
            principal,
            Action.WRITE,
            self._access.protected_proposal(view.proposal),
            what=f"proposal '{view.proposal.name}'",
        )
        return view.proposal

    def _own(self, principal: Principal, upload_id: str) -> Upload:
        person_id = _person(principal)
        with self._database.read() as session:
            upload = session.get(Upload, upload_id)
        if upload is None or upload.person_id != person_id:
            raise NotFound(f"You have no upload '{upload_id[:64]}'.")
        return upload

    def _refuse_twin(self, session: Session, upload: Upload) -> None:
        """Two files of one batch can't have the same name."""
        if upload.batch is None:
            return
        twin = session.scalars(
            select(Upload).where(
                *_of_batch(upload),
                func.lower(Upload.name) == upload.name.lower(),
                Upload.state != "failed",
            )
        ).first()
        if twin is not None:
            raise Conflict(
                f"'{upload.name}' is in this batch already.", remedy="Go on with that upload, or rename the file."
            )

    def _check(self, upload: Upload) -> None:
        part = self._part(upload)
        arrived = _size(part)
        if arrived < upload.size:
            raise Conflict(f"{arrived:,} of {upload.size:,} bytes have arrived.", remedy="Send the rest first.")
        if arrived == 0:
            part.touch(mode=0o600)
        if upload.sha256 is not None and sha256_of(part) != upload.sha256:
            part.unlink()
            self._set(upload, "failed", "The checksum differs: the file was changed on its way.")
            raise InvalidInput(
                f"'{upload.name}' arrived with another checksum than announced.",
                remedy="Send it again.",
                field="sha256",
            )

    def _is_waited_for(self, upload: Upload) -> bool:
        if upload.batch is None:
            return False
        with self._database.read() as session:
            others = select(func.count()).where(*_of_batch(upload), Upload.state == "receiving")
            return bool(session.scalar(others))

    def _register(self, principal: Principal, upload: Upload) -> None:
        with self._database.read() as session:
            proposal = session.get_one(Proposal, upload.proposal_id).name
        request = Request(
            paths=(self._folder(upload),),
            proposal=proposal,
            actor_id=principal.person_id,
            owner_id=upload.person_id,
            adds_instruments=False,
            rescan=upload.batch is not None,
        )
        self._ingest(request)

    def _status(self, upload: Upload) -> UploadStatus:
        datasets: tuple[str, ...] = ()
        quarantine: tuple[int, ...] = ()
        if upload.state == "complete":
            path = storable(str(self._folder(upload) / upload.name))
            with self._database.read() as session:
                of_file = (
                    select(Dataset.pid)
                    .join(DatasetFile, DatasetFile.dataset_id == Dataset.id)
                    .where(DatasetFile.path == path, Dataset.is_latest)
                )
                datasets = tuple(session.scalars(of_file.order_by(Dataset.id)))
                quarantine = tuple(session.scalars(select(Quarantine.id).where(Quarantine.path == path)))
        return UploadStatus(
            id=upload.id,
            name=upload.name,
            size=upload.size,
            offset=_size(self._part(upload)) if upload.state == "receiving" else upload.size,
            state="complete" if upload.state == "complete" else "failed" if upload.state == "failed" else "receiving",
            detail=upload.detail,
            datasets=datasets,
            quarantine=quarantine,
        )

    def _set(self, upload: Upload, state: str, detail: str | None) -> None:
        upload.state, upload.detail = state, detail
        with tells_when_full(), self._database.session() as session:
            session.execute(update(Upload).where(Upload.id == upload.id).values(state=state, detail=detail))
            append(
                session,
                "upload.changed",
                upload.id,
                actor_id=upload.person_id,
                proposal_id=upload.proposal_id,
                person_id=upload.person_id,
                payload={"state": state, "name": upload.name},
                clock=self._database.clock,
            )

    def _expected(self, session: Session) -> int:
        """Bytes that announced uploads may still bring."""
        going = session.scalars(select(Upload).where(Upload.state == "receiving"))
        return sum(max(0, upload.size - _size(self._part(upload))) for upload in going)

    def _home(self) -> Path:
        return self._settings.home / "uploads"

    def _folder(self, upload: Upload) -> Path:
        """A batch is of one person and one proposal: nobody's files come to lie beside another's."""
        if upload.batch is None:
            return self._home().resolve() / upload.id
        whose = f"{upload.person_id}\0{upload.proposal_id}\0{upload.batch}"
        return self._home().resolve() / ("batch-" + hashlib.sha256(whose.encode()).hexdigest()[:24])

    def _part(self, upload: Upload) -> Path:
        return self._folder(upload) / (upload.name + ".part")


def _of_batch(upload: Upload) -> tuple[ColumnElement[bool], ...]:
    return (
        Upload.person_id == upload.person_id,
        Upload.proposal_id == upload.proposal_id,
        Upload.batch == upload.batch,
    )


def _size(part: Path) -> int:
    try:
        return part.lstat().st_size
    except FileNotFoundError:
        return 0


def _wrong_offset(arrived: int) -> Conflict:
    return Conflict(f"{arrived} bytes have arrived.", remedy=f"Go on at offset {arrived}.", field="Upload-Offset")


def _person(principal: Principal) -> int:
    if principal.person_id is None:
        raise NotSignedIn("Uploading needs a sign-in.", remedy="Sign in, or send a token.")
    return principal.person_id
