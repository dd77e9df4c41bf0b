"""SHA-256 of files, streamed, and the identities that make ingest idempotent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pandaas.catalogue.ingest.walk import files_below

_BLOCK = 1 << 20


@dataclass(frozen=True)
class MeasuredFile:
    """A file as it was when it was read: `sha256` is empty where it is still growing."""

    path: Path
    name: str
    size: int
    mtime_ns: int
    sha256: str


def sha256_of(path: Path) -> str:
    """Of a file's bytes; of a folder: of the names and checksums of its files."""
    if path.is_dir():
        whole = hashlib.sha256()
        for file in files_below(path):
            whole.update(os.fsencode(str(file.relative_to(path))) + b"\0" + sha256_of(file).encode() + b"\n")
        return whole.hexdigest()
    digest = hashlib.sha256()
    block = bytearray(_BLOCK)
    view = memoryview(block)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(handle, "rb", buffering=0) as stream:
        while count := stream.readinto(block):
            digest.update(view[:count])
    return digest.hexdigest()


def identity_of(master: Path, entry_path: str) -> str:
    """What a dataset is the same by when its file is ingested again: where it lies and which entry of it."""
    return hashlib.sha256(os.fsencode(master) + b"\0" + entry_path.encode("utf-8", "backslashreplace")).hexdigest()


def fingerprint_of(files: Iterable[MeasuredFile]) -> str:
    """What a dataset's version is the same by: names, sizes and checksums of its files; while growing, their times."""
    digest = hashlib.sha256()
    for file in files:
        state = file.sha256 or str(file.mtime_ns)
        digest.update(f"{file.size} {state}\n".encode())
    return digest.hexdigest()
