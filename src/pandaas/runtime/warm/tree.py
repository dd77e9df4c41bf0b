"""The file system of a sandbox, built as bubblewrap builds it and out of the same words, as one detached mount.

A template's fork can't be started by bubblewrap, since a new program would forget what was imported. So the supervisor reads
the words that bubblewrap would be given, makes the same tree in a mount namespace of a child, and gets it back as the
descriptor of a mount that is seen nowhere (open_tree(2), mount_setattr(2)). A word that isn't known here is an error: the
job is then started by bubblewrap itself. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import socket
from typing import Any

_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_CURRENT = -100
_CLONE, _CLOSE_ON_EXEC = 1, 0x80000
_RECURSIVE, _EMPTY_PATH = 0x8000, 0x1000
_READ_ONLY, _NO_SUID, _NO_DEV = 0x1, 0x2, 0x4
_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_PRIVATE = 0x4000 | 0x40000
_BASE = "/tmp"  # noqa: S108 - covered in the child's own view only
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_IGNORED = {"--new-session", "--unshare-all", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"}
_IGNORED |= {"--unshare-cgroup-try", "--die-with-parent"}
_PAIRED = {"--hostname", "--cap-drop", "--cap-add", "--chdir"}
"""Said and done by the fork itself: it has new namespaces of each kind and no capabilities at all."""


def build(words: list[str]) -> int:
    """The descriptor of the tree; OSError with the reason when it can't be built here."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            socket.send_fds(theirs, [b"tree"], [_built(words)])
        except BaseException as error:  # noqa: BLE001 - nothing may return from the child
            theirs.send(f"{type(error).__name__}: {error}"[:1000].encode())
        finally:
            os._exit(0)
    theirs.close()
    said, descriptors, _, _ = socket.recv_fds(ours, 1024, 1)
    ours.close()
    os.waitpid(pid, 0)
    if not descriptors:
        raise OSError(said.decode("utf-8", "replace") or "the child that builds the file system ended")
    return descriptors[0]


def _built(words: list[str]) -> int:
    """In the child: sources first, while they can still be seen, then the tree over `_BASE`."""
    _own_mounts()
    steps = _steps(words)
    sources = [_source(step) for step in steps]
    if _libc().mount(b"tmpfs", _BASE.encode(), b"tmpfs", _NO_SUID | _NO_DEV, b"mode=0755"):
        _fail("mount tmpfs")
    for step, source in zip(steps, sources, strict=True):
        _take(step, source)
    return _call(_OPEN_TREE, _CURRENT, _BASE.encode(), _CLONE | _RECURSIVE | _CLOSE_ON_EXEC)


def _own_mounts() -> None:
    uid, gid = os.geteuid(), os.getegid()
    if _libc().unshare(_NEW_MOUNTS if uid == 0 else _NEW_MOUNTS | _NEW_USER):
        _fail("unshare")
    if uid:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as stream:  # noqa: PTH123
                stream.write(text)
    if _libc().mount(b"none", b"/", None, _PRIVATE, None):
        _fail("mount private")


def _steps(words: list[str]) -> list[dict[str, Any]]:
    """`[{"do": option, "source": …, "target": …, "mode": …, "size": …}]`."""
    rest = list(words)
    steps: list[dict[str, Any]] = []
    mode, size = 0o755, 0
    while rest:
        word = rest.pop(0)
        if word in _IGNORED:
            continue
        if word in _PAIRED:
            rest.pop(0)
        elif word == "--perms":
            mode = int(rest.pop(0), 8)
        elif word == "--size":
            size = int(rest.pop(0))
        elif word in {"--ro-bind", "--ro-bind-try", "--bind", "--symlink"}:
            steps.append({"do": word, "source": rest.pop(0), "target": rest.pop(0)})
        elif word in {"--dir", "--tmpfs", "--proc", "--dev", "--remount-ro"}:
            steps.append({"do": word, "target": rest.pop(0), "mode": mode, "size": size})
            mode, size = 0o755, 0
        else:
            raise OSError(f"the word {word} of bubblewrap is not known to the warm pool")
    return steps


def _source(step: dict[str, Any]) -> int | dict[str, int] | None:
    if step["do"] == "--proc":
        return _clone("/proc", 0, 0)
    if step["do"] == "--dev":
        return {name: _clone(f"/dev/{name}", 0, _NO_SUID) for name in _DEVICES}
    if step["do"] not in {"--ro-bind", "--ro-bind-try", "--bind"}:
        return None
    if step["do"] == "--ro-bind-try" and not os.path.exists(step["source"]):  # noqa: PTH110
        return None
    flags = _NO_SUID | _NO_DEV | (0 if step["do"] == "--bind" else _READ_ONLY)
    return _clone(step["source"], _RECURSIVE, flags)


def _take(step: dict[str, Any], source: int | dict[str, int] | None) -> None:
    place = _BASE + step["target"]
    do = step["do"]
    if do == "--symlink":
        os.symlink(step["source"], place)  # noqa: PTH211
    elif do == "--dir":
        os.makedirs(place, exist_ok=True)  # noqa: PTH103
        os.chmod(place, step["mode"])  # noqa: PTH101
    elif do == "--tmpfs":
        _scratch(place, step["mode"], step["size"])
    elif do == "--remount-ro":
        _restrict(_CURRENT, (_BASE + step["target"]).rstrip("/").encode(), 0, _READ_ONLY)
    elif isinstance(source, dict):
        _devices(place, source)
    elif source is not None:
        _attach(source, place, is_folder=do == "--proc" or os.path.isdir(f"/proc/self/fd/{source}"))  # noqa: PTH112


def _scratch(place: str, mode: int, size: int) -> None:
    os.makedirs(place, exist_ok=True)  # noqa: PTH103
    options = f"mode={mode:o}" + (f",size={size}" if size else "")
    if _libc().mount(b"tmpfs", place.encode(), b"tmpfs", _NO_SUID | _NO_DEV, options.encode()):
        _fail("mount tmpfs")


def _devices(place: str, nodes: dict[str, int]) -> None:
    _scratch(place, 0o755, 0)
    for name, node in nodes.items():
        _attach(node, f"{place}/{name}", is_folder=False)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{place}/{name}")  # noqa: PTH211
    os.symlink("/proc/self/fd", f"{place}/fd")  # noqa: PTH211
    os.symlink("/proc/kcore", f"{place}/core")  # noqa: PTH211
    os.makedirs(f"{place}/shm")  # noqa: PTH103


def _attach(mount: int, place: str, *, is_folder: bool) -> None:
    if is_folder:
        os.makedirs(place, exist_ok=True)  # noqa: PTH103
    elif not os.path.lexists(place):
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444))
    _call(_MOVE_MOUNT, mount, b"", _CURRENT, place.encode(), 0x04)
    os.close(mount)


def _clone(path: str, recursive: int, flags: int) -> int:
    """A detached copy of what is mounted at `path`; links on the way are followed, as bubblewrap does."""
    mount = _call(_OPEN_TREE, _CURRENT, path.encode(), _CLONE | _CLOSE_ON_EXEC | recursive)
    if flags:
        _restrict(mount, b"", _EMPTY_PATH | recursive, flags)
    return mount


def _restrict(where: int, path: bytes, how: int, flags: int) -> None:
    class Attributes(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")]

    wanted = Attributes(flags, 0, 0, 0)
    _call(_MOUNT_SETATTR, where, path, how, ctypes.byref(wanted), ctypes.sizeof(wanted))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc().syscall(number, *arguments))
    if result < 0:
        _fail(f"system call {number}")
    return result


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")
