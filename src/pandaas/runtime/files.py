"""Reading what user code wrote, and giving files to it, without being led astray.

A job may leave a symbolic link, a pipe or something huge where a small file is expected. Everything here opens without
following links, takes regular files only and reads no more than it was asked to.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

from pandaas.model import UnreadableFile
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
