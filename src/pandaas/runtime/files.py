"""Reading what user code wrote, and giving files to it, without being led astray.

A job may leave a symbolic link, a pipe or something huge where a small file is expected. Everything here opens without
following links, takes regular files only and reads no more than it was asked to.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandaas.model import Conflict, InvalidInput, TooLarge, UnreadableFile
from pandaas.runtime.sandbox import Account


def open_regular(path: Path) -> int:
    """A read-only descriptor of a regular file; `UnreadableFile` for links, pipes, devices and folders."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableFile(
            f"The job left '{path.name}' as something other than a file ({error.strerror})."
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnreadableFile(f"The job left '{path.name}' as something other than a file.")
    return descriptor


def read_bytes(path: Path, *, offset: int = 0, limit: int = 1_048_576) -> bytes:
    """At most `limit` bytes from `offset` on; empty when the file doesn't exist."""
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        return b""
    try:
        return os.pread(descriptor, limit, offset)
    finally:
        os.close(descriptor)


def read_text(path: Path, *, limit: int = 1_048_576) -> str:
    return read_bytes(path, limit=limit).decode("utf-8", "replace")


def read_json(path: Path, *, limit: int = 1_048_576) -> Any:
    """The JSON in the file, or None when there is none or it is damaged."""
    try:
        return json.loads(read_text(path, limit=limit) or "null")
    except (ValueError, RecursionError):
        return None


def may_read(path: Path, account: Account | None) -> bool:
    """Can this account read the file once its folders are open to it? (None = our own account.)"""
    if account is None:
        return os.access(path, os.R_OK)
    found = path.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IRUSR)
    if found.st_gid in {account.gid, *account.groups}:
        return bool(found.st_mode & stat.S_IRGRP)
    return bool(found.st_mode & stat.S_IROTH)


def give(path: Path, account: Account | None) -> None:
    """Make `path` (file or folder) the account's own."""
    if account is not None:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def give_whole(folder: Path, account: Account | None) -> None:
    """Make a folder with all that is in it the account's own, where a copy or a backup lost whose it was.

    Only an operator can have brought another's files in, so it is looked for at the top. What has a second name may be somebody's
    elsewhere and is left. The folder itself comes last, so that what was broken off is done again.
    """
    if account is None or all(one.st_uid == account.uid for one in _at_the_top(folder)):
        return
    for _path, folders, files, place in os.fwalk(folder, topdown=False):
        for name in (*folders, *files):
            found = os.stat(name, dir_fd=place, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode) or found.st_nlink == 1:
                os.chown(name, account.uid, account.gid, dir_fd=place, follow_symlinks=False)
    give(folder, account)


def _at_the_top(folder: Path) -> Iterator[os.stat_result]:
    yield folder.lstat()
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.stat(follow_symlinks=False)


def take_back(source: Path, target: Path) -> None:
    """Move a file that user code wrote to where only the platform writes; it may have no second name left behind."""
    descriptor = open_regular(source)
    try:
        found = os.fstat(descriptor)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if found.st_nlink > 1 or source.stat().st_dev != target.parent.stat().st_dev:
            with open(descriptor, "rb", closefd=False) as stream, target.open("wb") as copy:
                shutil.copyfileobj(stream, copy, 1 << 22)
            source.unlink()
        else:
            source.rename(target)
    finally:
        os.close(descriptor)
    if os.geteuid() == 0:
        os.chown(target, 0, 0, follow_symlinks=False)
    target.chmod(0o644)


@dataclass(frozen=True)
class CopiedFile:
    """A private copy; `size` (bytes) and `mtime_ns` are those of the file that it was made from."""

    path: Path
    sha256: str
    size: int
    mtime_ns: int


def open_beneath(folder: Path, name: str) -> int:
    """A read-only descriptor of the regular file `name` (with `/` between folders) in a folder that user code writes.

    Links are followed nowhere on the way. `InvalidInput` (field `files`) for anything but a plain file with one name.
    """
    parts = name.split("/")
    if not name.isprintable() or any(part in {"", ".", ".."} for part in parts):
        raise _refused(name, "is no name of a file in this folder", "Choose a file from the list.")
    try:
        name.encode()
        here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except UnicodeEncodeError:
        raise _refused(name, "has a name that can't be written", "Rename it.") from None
    except OSError:
        raise _refused(name, "is not there any more", "Look at the list again.") from None
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = inner
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(parts[-1], flags, dir_fd=here)
    except FileNotFoundError:
        raise _refused(name, "is not there any more", "Look at the list again.") from None
    except OSError:
        raise _refused(name, "is a link or something else than a file", "Copy the file itself there.") from None
    finally:
        os.close(here)
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
        return descriptor
    os.close(descriptor)
    if stat.S_ISREG(found.st_mode):
        raise _refused(name, "has a second name elsewhere (a hard link)", "Copy it to a new file with cp.")
    raise _refused(name, "is something else than a file", "Copy a plain file there.")


def copy_beneath(
    folder: Path, name: str, target: Path, called: str, *, most: int, tell: Callable[[int], None] | None = None
) -> CopiedFile:
    """Copy `name` to `target/<start of its checksum>/<called>`, where it appears whole or not at all.

    The same bytes come to lie at the same place; a copy that is there stays. `TooLarge` beyond `most` bytes, `Conflict`
    when the file changes meanwhile, otherwise as `open_beneath`. `tell` hears how many bytes more are copied.
    """
    source = open_beneath(folder, name)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target / f".{secrets.token_hex(8)}.part"
    try:
        before = os.fstat(source)
        if before.st_size > most:
            raise TooLarge(
                f"'{name}' is larger than {most / 1e9:g} GB.", remedy="Write less, or several files.", field="files"
            )
        checksum, size = _copied(source, part, before.st_size, tell)
        after = os.fstat(source)
        if size != before.st_size or _state(before) != _state(after):
            raise Conflict(
                f"'{name}' is being written.", remedy="Wait until it is complete, then register it.", field="files"
            )
        place = target / checksum[:32]
        place.mkdir(exist_ok=True, mode=0o755)
        with suppress(FileExistsError):
            os.link(part, place / called)
        os.utime(place)  # it is in use, even where an older attempt left it
        _settle(place)
        return CopiedFile(place / called, checksum, before.st_size, before.st_mtime_ns)
    finally:
        os.close(source)
        part.unlink(missing_ok=True)


def _copied(source: int, part: Path, expected: int, tell: Callable[[int], None] | None) -> tuple[str, int]:
    """Write the bytes to a new file and to disk; their SHA-256 and number, which exceeds `expected` at most by a block."""
    digest, size = hashlib.sha256(), 0
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(handle, "wb", buffering=0) as copy:
        while size <= expected and (block := os.read(source, 1 << 22)):
            size += len(block)
            digest.update(block)
            view = memoryview(block)
            while view:
                view = view[copy.write(view) :]
            if tell is not None:
                tell(len(block))
        os.fchmod(handle, 0o644)
        os.fsync(handle)
    return digest.hexdigest(), size


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refused(name: str, what: str, remedy: str) -> InvalidInput:
    shown = name.encode("utf-8", "backslashreplace").decode()[:200]
    return InvalidInput(f"'{shown}' {what}.", remedy=remedy, field="files")
