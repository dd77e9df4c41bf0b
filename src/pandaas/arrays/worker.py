"""The process that opens files: `python -m pandaas.arrays.worker`, one request at a time, on an inherited socket.

It may crash, hang or run out of memory on a hostile file; the service then fails that one request and starts another.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import socket
import stat
import sys
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"  # read by libhdf5 when it is loaded below
for _search in ("HDF5_EXT_PREFIX", "HDF5_VDS_PREFIX", "HDF5_EXTFILE_PREFIX", "HDF5_PLUGIN_PATH"):
    os.environ.pop(_search, None)

from pandaas.arrays import wire  # noqa: E402
from pandaas.arrays.limits import first_line, storage_failed  # noqa: E402
from pandaas.arrays.links import Navigator, NeedsFile, Permission  # noqa: E402
from pandaas.arrays.operations import OPERATIONS, Request, request_path  # noqa: E402
from pandaas.arrays.reader import Contents, ReaderRegistry, read_head  # noqa: E402
from pandaas.arrays.values import Abandoned, FileIdentity  # noqa: E402
from pandaas.model import NotFound, PandaasError, TooLarge, Unavailable, UnreadableFile  # noqa: E402

_OPEN_FILES = 16
_ASK_EVERY_S = 0.02


class OpenFiles:
    """The files used last, kept open; one that changed on disk is opened again."""

    def __init__(self, registry: ReaderRegistry) -> None:
        self._registry = registry
        self._open: OrderedDict[tuple[FileIdentity, str | None], Contents] = OrderedDict()

    def get(self, path: Path, format: str | None) -> Contents:
        read_head(path)  # refuses pipes and devices, says why a file can't be read
        key = (FileIdentity.of(path), format)
        contents = self._open.get(key)
        if contents is not None and not contents.file.id.valid:  # closed because the file changed
            contents = None
        if contents is None:
            contents = self._registry.open(path, format)
            self._open[key] = contents
            while len(self._open) > _OPEN_FILES:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(key)
        return contents

    def forget(self, path: Path) -> None:
        for key in [key for key in self._open if key[0].path == str(path)]:
            self._open.pop(key).close()


def answer(
    files: OpenFiles, arguments: dict[str, Any], check: Callable[[], None] = lambda: None
) -> tuple[dict[str, Any], wire.Raw]:
    """Carry out one request; every error of ours becomes part of the answer. `check` may raise `Abandoned` meanwhile."""
    permission = Permission(
        frozenset(map(str, arguments.get("allowed", ()))), frozenset(map(str, arguments.get("denied", ())))
    )
    try:
        path = request_path(arguments)
        operation = OPERATIONS[str(arguments["operation"])]
        contents = files.get(path, arguments.get("format"))
        result, raw = operation(Request(Navigator(contents, permission), arguments, check))
    except Abandoned:
        return {"ok": False, "error": {"kind": "Unavailable", "detail": "Nobody waits for this any more."}}, b""
    except NeedsFile as needs:
        return {"ok": False, "needs": sorted(needs.paths)}, b""
    except PandaasError as error:
        if isinstance(error, Unavailable):  # opened anew next time
            files.forget(path)
        return _problem(error, permission), b""
    except MemoryError:
        files.forget(path)
        return _problem(TooLarge("Reading this needs more memory than a reader may take."), permission), b""
    except RecursionError:
        return _problem(UnreadableFile("This file is nested too deep."), permission), b""
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, ArithmeticError) as error:
        files.forget(path)
        told = storage_failed(path.name, error) or UnreadableFile(
            f"The file can't be read: {type(error).__name__}: {first_line(error)}"
        )
        return _problem(told, permission), b""
    body = {
        "ok": True,
        "result": result,
        "needs": sorted(permission.needed),
        "touched": sorted(permission.touched),
        "names": sorted(permission.names),
        "missing": permission.missing,
    }
    return body, raw


def _problem(error: PandaasError, permission: Permission) -> dict[str, Any]:
    kind = type(error).__name__ if not isinstance(error, NotFound) else "NotFound"
    return {
        "ok": False,
        "needs": sorted(permission.needed),
        "error": {"kind": kind, "detail": error.detail, "remedy": error.remedy, "field": error.field},
    }


def limit(memory_mb: int) -> None:
    """What this process may take, whatever a file makes it do."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(4096, hard) if hard != resource.RLIM_INFINITY else 4096
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted) if soft < wanted else wanted, hard))


class _Listener:
    """Notices, while a request is worked on, that the service says to stop: it sends nothing else before the answer."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._asked = 0.0

    def check(self) -> None:
        now = time.monotonic()
        if now - self._asked < _ASK_EVERY_S:
            return
        self._asked = now
        if select.select([self._connection], [], [], 0)[0]:
            wire.receive(self._connection)
            raise Abandoned


def serve(connection: socket.socket) -> None:
    registry = ReaderRegistry()
    files = OpenFiles(registry)
    wire.send(connection, {"ready": True, "broken": registry.broken})
    while True:
        try:
            message = wire.receive(connection)
        except wire.Disconnected:
            return
        if message.body == wire.STOP:  # the answer was already on its way
            continue
        body, raw = answer(files, message.body, _Listener(connection).check)
        try:
            wire.send(connection, body, raw)
        except wire.Disconnected:
            return
        finally:
            if isinstance(raw, wire.SharedBuffer):
                raw.close()


def main() -> None:
    descriptor, memory_mb = int(sys.argv[1]), int(sys.argv[2])
    limit(memory_mb)
    os.chdir(_empty_folder())
    with socket.socket(fileno=descriptor) as connection:
        serve(connection)


def _empty_folder() -> Path:
    """Where the process stands: libhdf5 also looks there for linked files, so nothing may be in it."""
    shared = Path(tempfile.gettempdir()) / f"pandaas-reader-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        shared.mkdir(mode=0o500)
    found = shared.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not any(shared.iterdir()):
        return shared
    return Path(tempfile.mkdtemp(prefix="pandaas-reader-"))


if __name__ == "__main__":
    main()
