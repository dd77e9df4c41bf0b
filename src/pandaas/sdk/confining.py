"""The last steps of confinement, taken by a process that was forked warm, before any code of the recipe runs in it.

Linux calls by ctypes, nothing but the standard library. The file system comes ready made from outside as one detached
mount; this process only puts it in the place of the one it has, with a process table of its own, and gives up every
privilege over it. Sources: unshare(2), move_mount(2), pivot_root(2), user_namespaces(7) and capabilities(7) of Linux.
"""

from __future__ import annotations

import ctypes
import os
import platform

_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x08000000 | 0x40000000 | 0x04000000 | 0x02000000
"""Of users, mounts, processes, IPC, network, host name and control groups."""
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPSET = {"x86_64": 126, "aarch64": 91}
_MOVE_MOUNT, _FSOPEN, _FSCONFIG, _FSMOUNT = 429, 430, 431, 432
_CURRENT = -100
_FROM_DESCRIPTOR = 0x04
_DETACH = 2
_PRIVATE = 0x4000 | 0x40000
_NO_SUID_DEV_EXEC = 0x2 | 0x4 | 0x8
_SET_DUMPABLE, _DROP_BOUND, _NO_NEW_PRIVILEGES, _HIGHEST = 4, 24, 38, 63
_CAPABILITIES_V3 = 0x20080522


def leave_namespaces() -> None:
    """Into namespaces of our own, with our own numbers; the next child is the first process of the new table."""
    uid, gid = os.getuid(), os.getgid()
    if _libc().unshare(_NAMESPACES):
        _fail("unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as stream:
            stream.write(text)


def enter(tree: int) -> None:
    """Make the mount `tree` the whole file system, with our own processes in its /proc, and take all privileges away.

    The tree's /proc holds another process table, without which the kernel allows no new one to be mounted; it goes.
    """
    libc = _libc()
    _check(libc.mount(b"none", b"/", None, _PRIVATE, None), "mount private")
    _syscall(_MOVE_MOUNT, tree, b"", _CURRENT, b"/tmp", _FROM_DESCRIPTOR)
    os.chdir("/tmp")  # noqa: S108
    table = _process_table()
    _syscall(_pivot_root(), b".", b".")
    _check(libc.umount2(b".", _DETACH), "umount2 /")
    os.chdir("/")
    _check(libc.umount2(b"/proc", _DETACH), "umount2 /proc")
    _syscall(_MOVE_MOUNT, table, b"", _CURRENT, b"/proc", _FROM_DESCRIPTOR)
    os.close(table)
    os.close(tree)
    _give_up_privileges()


def hide(*, hidden: bool = True) -> None:
    """Other processes of the same account can't look into this one (or can again, as into any)."""
    _check(_libc().prctl(_SET_DUMPABLE, int(not hidden), 0, 0, 0), "prctl")


def _process_table() -> int:
    context = _syscall(_FSOPEN, b"proc", 1)
    try:
        _syscall(_FSCONFIG, context, 6, None, None, 0)
        return _syscall(_FSMOUNT, context, 1, _NO_SUID_DEV_EXEC)
    finally:
        os.close(context)


def _give_up_privileges() -> None:
    libc = _libc()
    _check(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "prctl")
    for number in range(_HIGHEST + 1):
        if libc.prctl(_DROP_BOUND, number, 0, 0, 0):
            break  # there are no more
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    none = (ctypes.c_uint32 * 6)()
    _syscall(_number(_CAPSET), ctypes.byref(header), ctypes.byref(none))


def _pivot_root() -> int:
    return _number(_PIVOT_ROOT)


def _number(table: dict[str, int]) -> int:
    try:
        return table[platform.machine()]
    except KeyError:
        raise OSError(f"not known for {platform.machine()}") from None


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *arguments: object) -> int:
    result = int(_libc().syscall(number, *arguments))
    if result < 0:
        _fail(f"system call {number}")
    return result


def _check(result: int, what: str) -> None:
    if result:
        _fail(what)


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")
