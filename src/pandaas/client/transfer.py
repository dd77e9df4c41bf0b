"""Files in both directions, resumable, with checksums compared."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pandaas.client.transport import Transport
from pandaas.model import Conflict, InvalidInput, NotFound, Unavailable, UnreadableFile

Progress = Callable[[int, int], None]
_PIECE = 8 * 2**20
_ATTEMPTS = 6


@dataclass(frozen=True)
class RemoteFile:
    """One file of a dataset, as the service keeps it."""

    id: int
    name: str
    size: int
    sha256: str
    role: str
    missing: bool
    _transport: Transport = field(repr=False, compare=False)
    _pid: str = field(repr=False)

    @classmethod
    def of(cls, transport: Transport, pid: str, entry: dict[str, Any]) -> RemoteFile:
        names = ("id", "name", "size", "sha256", "role", "missing")
        return cls(**{name: entry[name] for name in names}, _transport=transport, _pid=pid)

    def download(self, folder: str | Path = ".", *, progress: Progress | None = None) -> Path:
        """Save the file below `folder` under its own name; see `Dataset.download`."""
        return download_all([self], Path(folder), progress)[0]

    def fetch(self, target: Path, advanced: Callable[[int], None]) -> None:
        """Bring `target` up to date: nothing if it is whole already, the missing end if a part is there."""
        if target.is_file() and target.stat().st_size == self.size and _sha256(target) == self.sha256:
            advanced(self.size)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".part")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._append(partial, advanced)
                break
            except Unavailable:
                if attempt == _ATTEMPTS:
                    raise
                time.sleep(0.3 * 2**attempt)
        if _sha256(partial) != self.sha256:
            partial.unlink()
            raise UnreadableFile(
                f"{self.name} arrived with another checksum than the catalogue has.",
                remedy="Download it again; if that doesn't help, tell the facility: the file may have changed.",
            )
        partial.replace(target)

    def _append(self, partial: Path, advanced: Callable[[int], None]) -> None:
        have = partial.stat().st_size if partial.is_file() else 0
        if have > self.size:
            partial.unlink()
            have = 0
        if have == self.size and partial.is_file():
            advanced(have)
            return
        headers = (
            {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {"Accept-Encoding": "identity"}
        )
        with self._transport.stream(f"/datasets/{self._pid}/files/{self.id}/content", headers) as answer:
            resumed = answer.status_code == 206
            with partial.open("ab" if resumed else "wb") as file:
                if resumed:
                    advanced(have)
                for piece in answer.iter_bytes():
                    file.write(piece)
                    advanced(len(piece))


def download_all(files: Iterable[RemoteFile], folder: Path, progress: Progress | None) -> tuple[Path, ...]:
    """Save files below `folder`. A name that would leave it is refused."""
    wanted = [(file, _inside(folder, file.name)) for file in files if not file.missing]
    total = sum(file.size for file, _ in wanted)
    finished = 0
    for file, target in wanted:
        count = _Count(finished, total, progress)
        file.fetch(target, count)
        finished += file.size
    return tuple(target for _, target in wanted)


class _Count:
    """Adds up what has travelled and tells it on."""

    def __init__(self, done: int, total: int, progress: Progress | None) -> None:
        self.done = done
        self._total = total
        self._progress = progress

    def __call__(self, count: int) -> None:
        self.done += count
        if self._progress is not None:
            self._progress(min(self.done, self._total), self._total)


def _inside(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\0" in name or any(part in ("..", "") for part in parts):
        raise UnreadableFile(f"The service names a file '{name}', which would not stay in {folder}.")
    return folder.joinpath(*parts)


# --- upload -------------------------------------------------------------------------------------------------------


def upload(
    transport: Transport, paths: Sequence[Path], *, proposal: str | None = None, progress: Progress | None = None
) -> list[str]:
    """Send files, which stay together as one batch, and return the pids that they became.

    What an earlier call already sent is not sent again. Raises `UnreadableFile` when the service could not read what
    arrived; it is kept in the quarantine then.
    """
    files = [file for path in paths for file in _files_of(path)]
    if not files:
        raise InvalidInput("There is nothing to upload.", field="path")
    total = sum(file.stat().st_size for file in files)
    count = _Count(0, total, progress)
    batch = f"batch-{secrets.token_hex(8)}" if len(files) > 1 else None
    answer: dict[str, Any] = {}
    sent = [_send(transport, file, proposal, batch, count) for file in files]
    for remembered, upload_id in sent:
        answer = transport.json("POST", f"/uploads/{upload_id}/complete")
        remembered.unlink(missing_ok=True)
    if answer.get("state") == "failed" or (answer.get("quarantine") and not answer.get("datasets")):
        reason = answer.get("detail") or "No reader understands it."
        raise UnreadableFile(f"{files[0].name} was received but not registered: {reason}", remedy="See the quarantine.")
    return [str(pid) for pid in answer.get("datasets", [])]


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if not path.is_file():
        raise InvalidInput(f"{path} is neither a file nor a folder.", field="path")
    return [path]


def _send(transport: Transport, file: Path, proposal: str | None, batch: str | None, count: _Count) -> tuple[Path, str]:
    """Send one file, from where an interrupted call stopped; returns where that is remembered, and the upload's id."""
    size, digest = file.stat().st_size, _sha256(file)
    remembered = _memory(transport.url, digest, file.name, proposal)
    state = None if batch else _resumed(transport, remembered)
    if state is None:
        body = {"name": file.name, "size": size, "sha256": digest, "proposal": proposal, "batch": batch}
        state = transport.json("POST", "/uploads", body=body)
        remembered.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        remembered.write_text(json.dumps({"id": state["id"]}), "utf-8")
    upload_id, offset = str(state["id"]), int(state["offset"])
    count(offset)
    with file.open("rb") as source:
        while offset < size:
            source.seek(offset)
            reached = _send_piece(transport, upload_id, offset, source.read(_PIECE))
            count(reached - offset)
            offset = reached
    return remembered, upload_id


def _send_piece(transport: Transport, upload_id: str, offset: int, piece: bytes) -> int:
    """Append one piece and return the new offset; after a stumble the service says how far it got."""
    headers = {"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            answer = transport.request("PATCH", f"/uploads/{upload_id}", content=piece, headers=headers)
            return int(answer.json()["offset"])
        except (Unavailable, Conflict):
            if attempt == _ATTEMPTS:
                raise
            time.sleep(0.2 * 2**attempt)
            reached = int(transport.json("GET", f"/uploads/{upload_id}")["offset"])
            if reached != offset:
                return reached
    raise AssertionError


def _resumed(transport: Transport, remembered: Path) -> dict[str, Any] | None:
    """The state of an upload that an earlier call began, if the service still has it."""
    try:
        upload_id = json.loads(remembered.read_text("utf-8"))["id"]
        state: dict[str, Any] = transport.json("GET", f"/uploads/{upload_id}")
    except (OSError, ValueError, KeyError, NotFound):
        return None
    return state if state["state"] == "receiving" else None


def _memory(url: str, digest: str, name: str, proposal: str | None) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    key = hashlib.sha256("\0".join((url, digest, name, proposal or "")).encode()).hexdigest()[:32]
    return cache / "pandaas" / "uploads" / f"{key}.json"


def _sha256(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
