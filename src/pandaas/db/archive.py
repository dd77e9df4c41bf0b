"""The archive of a backup: a plain tar, written as a stream to a temporary name, read as if it came from an enemy.

Its last member is a manifest with size and SHA-256 of all others: an archive without it was cut short and is refused.
"""

from __future__ import annotations

import errno
import fcntl
import gzip
import hashlib
import json
import os
import shutil
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pandaas.db.failures import understood
from pandaas.model import Busy, Conflict, UnreadableFile

HEADER = "pandaas-backup.json"
MANIFEST = "manifest.json"
_BLOCK = 1 << 20
_LARGEST_JSON = 1 << 30
_NO_FILE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EISDIR}

Progress = Callable[[str], None]


class ArchiveWriter:
    """Adds members and remembers their checksums. Use `writing`."""

    def __init__(self, tar: tarfile.TarFile, scratch: Path) -> None:
        self._tar = tar
        self.scratch = scratch  # a folder for files on their way into the archive
        self.members: dict[str, dict[str, Any]] = {}

    def add_bytes(self, name: str, content: bytes) -> None:
        self._add(name, BytesIO(content), len(content), 0o600, 0)

    def add_json(self, name: str, value: Any) -> None:
        self.add_bytes(name, json.dumps(value, indent=1, sort_keys=True).encode())

    def add_file(self, name: str, path: Path) -> bool:
        """Add a regular file as it is now; False when it is none (a link, a socket) or has vanished meanwhile.

        A file that shrinks while it is read is filled up with zeros, one that grows is cut: its size is taken once.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in _NO_FILE:
                return False
            raise
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return False
            self._add(name, file, status.st_size, status.st_mode & 0o700, status.st_mtime_ns)
        return True

    def _add(self, name: str, source: IO[bytes], size: int, mode: int, mtime_ns: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, mode, mtime_ns // 1_000_000_000
        reader = _Measured(source, size)
        self._tar.addfile(member, reader)  # type: ignore[arg-type]  # it only reads
        self.members[name] = {"size": size, "sha256": reader.sha256, "mode": mode, "mtime_ns": mtime_ns}


class _Measured:
    """Exactly `size` bytes of a file, hashed as they pass."""

    def __init__(self, source: IO[bytes], size: int) -> None:
        self._source, self._left, self._hash = source, size, hashlib.sha256()

    def read(self, size: int) -> bytes:
        size = min(size, self._left)
        block = self._source.read(size)
        block += bytes(size - len(block))
        self._left -= size
        self._hash.update(block)
        return block

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def writing(target: Path) -> Iterator[ArchiveWriter]:
    """Write an archive that appears under its name only when it is whole and on the disk.

    Compressed when the name ends in `.gz` or `.tgz`. `Conflict` when there is such a file already.
    """
    target = target.absolute()
    if target.exists():
        raise Conflict(f"{target} exists already.", remedy="Choose another name.", field="target")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = target.with_name(f".{target.name}.part")
    with understood(), _exclusive(partial) as file, _emptied(target.with_name(f".{target.name}.scratch")) as scratch:
        try:
            with (
                _compressed(file, target) as stream,
                tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
            ):
                writer = ArchiveWriter(tar, scratch)
                yield writer
                writer.add_json(MANIFEST, {"members": writer.members})
            file.flush()
            os.fsync(file.fileno())
            partial.rename(target)
            sync_folder(target.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


@contextmanager
def _exclusive(partial: Path) -> Iterator[IO[bytes]]:
    """The temporary file, locked: what a killed backup left is overwritten, what a running one writes is not."""
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(
                f"Another backup is writing {partial.name}.", remedy="Wait for it, or choose another name."
            ) from error
        file.truncate(0)
        yield file


@contextmanager
def _emptied(scratch: Path) -> Iterator[Path]:
    """A folder of our own; what a killed backup left in it goes."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _compressed(file: IO[bytes], target: Path) -> Iterator[IO[bytes]]:
    if target.suffix not in {".gz", ".tgz"}:
        yield file
        return
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as stream:
        yield stream  # type: ignore[misc]  # a GzipFile is binary


def read_header(archive: Path) -> dict[str, Any]:
    """What an archive says of itself, without reading the rest."""
    with _reading(archive) as tar:
        return _header(tar, archive)


def extract(archive: Path, folder: Path, *, wanted: Callable[[str], bool]) -> dict[str, Any]:
    """Unpack the members that are `wanted` into `folder` and return the header.

    `UnreadableFile` when anything in it is not a plain file below the archive's root, comes twice, differs from the
    manifest, or when the manifest is missing. Files get the times they had; nobody else may read them.
    """
    seen: dict[str, tuple[int, str]] = {}
    with _reading(archive) as tar:
        header = _header(tar, archive)
        manifest: dict[str, Any] | None = None
        while (member := tar.next()) is not None:  # iterating would start again at the header
            name = _safe(member, archive)
            if manifest is not None or name in seen:
                raise _bad(archive, f"'{name[:100]}' comes twice or after the end")
            if name == MANIFEST:
                manifest = _json_of(tar, member, archive)["members"]
                continue
            seen[name] = _unpack(tar, member, folder / name if wanted(name) else None)
    if manifest is None:
        raise _bad(archive, "it ends too early")
    manifest.pop(HEADER, None)
    _compare(archive, manifest, seen)
    for name, entry in manifest.items():
        if wanted(name):
            os.utime(folder / name, ns=(int(entry["mtime_ns"]),) * 2)
            (folder / name).chmod(0o600 | (int(entry["mode"]) & 0o700))
    return header


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Write a whole tree to the disk, files before the folders that name them."""
    for place, _folders, files in os.walk(folder, topdown=False):
        for name in files:
            sync_file(Path(place, name))
        sync_folder(Path(place))


@contextmanager
def _reading(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with understood(), tarfile.open(archive, "r|*") as tar:
            yield tar
    except FileNotFoundError as error:
        raise UnreadableFile(f"There is no archive {archive}.", field="archive") from error
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _bad(archive, str(error)) from error


_HEADER_KEYS = ("created", "database", "files", "home", "revision")


def _header(tar: tarfile.TarFile, archive: Path) -> dict[str, Any]:
    first = tar.next()
    if first is None or _safe(first, archive) != HEADER:
        raise _bad(archive, "it is no backup of PaN-DAaS")
    header = _json_of(tar, first, archive)
    if header.get("format") != 1:
        raise _bad(archive, f"its format {header.get('format')!r} is not known to this program")
    missing = [key for key in _HEADER_KEYS if key not in header]
    if missing:
        raise _bad(archive, f"its header lacks '{missing[0]}'")
    return header


def _safe(member: tarfile.TarInfo, archive: Path) -> str:
    """The member's name, if it is a plain file that stays below the folder it is unpacked into."""
    parts = PurePosixPath(member.name).parts
    harmless = (
        member.isreg()
        and not member.issparse()
        and member.size >= 0
        and member.name == "/".join(parts)
        and not member.name.startswith("/")
        and not {"..", ".", ""} & set(parts)
        and "\0" not in member.name
        and all(len(os.fsencode(part)) <= 255 for part in parts)
    )
    if not harmless or not parts:
        raise _bad(archive, f"it holds '{member.name[:100]}', which is no plain file below its root")
    return member.name


def _json_of(tar: tarfile.TarFile, member: tarfile.TarInfo, archive: Path) -> dict[str, Any]:
    file = tar.extractfile(member)
    if file is None or member.size > _LARGEST_JSON:
        raise _bad(archive, f"'{member.name}' can't be read")
    try:
        value = json.loads(file.read())
    except ValueError as error:
        raise _bad(archive, f"'{member.name}' is not JSON") from error
    if not isinstance(value, dict):
        raise _bad(archive, f"'{member.name}' is not an object")
    return value


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path | None) -> tuple[int, str]:
    source = tar.extractfile(member)
    if source is None:
        raise tarfile.ReadError(f"{member.name} can't be read")
    digest, size = hashlib.sha256(), 0
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(target or os.devnull, flags if target else os.O_WRONLY, 0o600), "wb") as file:
        while block := source.read(_BLOCK):
            digest.update(block)
            size += len(block)
            file.write(block)
    return size, digest.hexdigest()


def _compare(archive: Path, manifest: dict[str, Any], seen: dict[str, tuple[int, str]]) -> None:
    for name, (size, digest) in seen.items():
        entry = manifest.get(name)
        if entry is None or (entry["size"], entry["sha256"]) != (size, digest):
            raise _bad(archive, f"'{name[:100]}' is damaged")
    if missing := manifest.keys() - seen.keys():
        raise _bad(archive, f"'{min(missing)[:100]}' is missing")


def _bad(archive: Path, why: str) -> UnreadableFile:
    return UnreadableFile(
        f"{archive.name} can't be restored: {why}.", remedy="Nothing was changed. Use another backup.", field="archive"
    )
