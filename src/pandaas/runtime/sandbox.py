"""The sandbox: what user code may see and use, composed from what works on this computer.

The chain is [control group] → bubblewrap → setpriv → prlimit → program. Bubblewrap gives the program a file system that
holds only the system's programs, its environment, its inputs (all read-only), a private /tmp and its output folder; a
process table of its own; no network. Run as root, the platform drops to a uid of the person's own (setpriv, after
bubblewrap has bound what that uid could not reach by itself); otherwise a user namespace keeps the same uid.
What works is probed once at start by really running a program.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pandaas.config import RuntimeSettings, bubblewrap_program
from pandaas.runtime import cgroups

SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/ssl/certs",
    "/etc/matplotlibrc",  # Debian's programs don't start without it, nor Java without its own
    *sorted(str(path) for path in Path("/etc").glob("java-*-openjdk")),
)
# What drivers of GPUs need to be seen, for jobs that got one. What isn't there is passed over, on whichever node.
_GPU_DEVICES = (
    *("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset", "/dev/dri", "/dev/kfd"),
    *(f"/dev/nvidia{number}" for number in range(16)),
)
_GPU_FILES = (
    "/etc/OpenCL",
    "/sys/devices",
    "/sys/bus/pci",
    "/sys/dev/char",
    "/sys/class/drm",
    "/sys/class/kfd",
    "/sys/module/nvidia",
)
_NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")
_MERGED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_PROBE_TIMEOUT_S = 20
_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")


@dataclass(frozen=True)
class Bind:
    """A file or folder shown read-only at `target` (its own path unless said otherwise)."""

    source: Path
    target: Path | None = None

    @property
    def where(self) -> Path:
        return self.target or self.source


@dataclass(frozen=True)
class Account:
    """The numbers a program runs under."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()


@dataclass(frozen=True)
class Confinement:
    """What one program may see and use. `memory_mb` also limits its /tmp, which lies in memory. With `network` it uses this
    computer's own, loopback included; with `gpu` it sees the GPUs."""

    read_only: tuple[Bind, ...] = ()
    writable: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/tmp")  # noqa: S108 - a private one
    account: Account | None = None
    memory_mb: int = 2048
    cores: int = 1
    processes: int = 1024
    network: bool = False
    gpu: bool = False


@dataclass(frozen=True)
class Command:
    """A composed command. `isolated`: killing it kills everything it started."""

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    isolated: bool


@dataclass(frozen=True)
class Programs:
    """The helpers found on this computer; None where missing."""

    bwrap: str | None
    setpriv: str | None
    prlimit: str | None

    @classmethod
    def find(cls) -> Programs:
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/bin"])
        return cls(bubblewrap_program(), *(shutil.which(name, path=path) for name in ("setpriv", "prlimit")))


class Sandbox:
    """Probed once; `level` is the text for the job page and `pandaas doctor`.

    `works` says that user code sees neither other people's data nor the network; where it is False `warning` says why
    and what to do, `serve` refuses and the demo shows it.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._programs = Programs.find()
        self._as_root = os.geteuid() == 0
        self.cgroup_version = cgroups.probe()
        self.works = False
        self.warning: str | None = None
        if settings.sandbox == "none":
            self.warning = "User code is not isolated: runtime.sandbox is 'none'."
        else:
            self._probe()

    @property
    def level(self) -> str:
        parts = ["bubblewrap" if self.works else "no isolation"]
        if self._as_root and self.works:
            parts.append("own account")
        if self.cgroup_version:
            parts.append(f"cgroup v{self.cgroup_version}")
        if self._programs.prlimit:
            parts.append("limits")
        return " + ".join(parts)

    def account_for(self, person_id: int, posix: str | None = None) -> Account | None:
        """The account a person's code runs under: her POSIX account, else one of the configured range.

        None if not root, and where bubblewrap doesn't work: it is what shows another account the platform's own files.
        """
        if not self._as_root or not self.works:
            return None
        found = _posix_account(posix) if posix else None
        number = self._settings.uid_start + person_id
        return found or Account(number, number)

    def unprivileged(self) -> Sandbox:
        """The same for commands that are run by an account without privileges, on a node that is like this computer."""
        if not self._as_root:
            return self
        found = copy(self)
        found._as_root, found.cgroup_version = False, 0
        return found

    def group(self, name: str) -> dict[str, Any] | None:
        """The control group for one piece of work (made by its supervisor), or None where there are none."""
        return cgroups.describe(name, self.cgroup_version) if self.cgroup_version else None

    def command(self, argv: Sequence[str], confinement: Confinement) -> Command:
        """Compose the command that runs `argv` confined. Nothing of our own environment goes in."""
        inner = [*self._identity(confinement), *self._limits(confinement), *argv]
        env = _environment(confinement)
        if not self.works:
            return Command(tuple(inner), env, str(_existing(confinement.cwd)), isolated=False)
        return Command((*self._bubblewrap(confinement), "--", *inner), env, "/", isolated=True)

    def run(
        self, argv: Sequence[str], confinement: Confinement, *, timeout_s: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run something short in the sandbox and wait for it; raises `subprocess.TimeoutExpired`."""
        command = self.command(argv, confinement)
        return subprocess.run(
            command.argv,
            env=command.env,
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )

    def _identity(self, confinement: Confinement) -> list[str]:
        setpriv, account = self._programs.setpriv, confinement.account
        if not setpriv:
            return []
        if not self._as_root or account is None:
            return [setpriv, "--no-new-privs"]
        groups = ["--groups", ",".join(map(str, account.groups))] if account.groups else ["--clear-groups"]
        numbers = ["--reuid", str(account.uid), "--regid", str(account.gid)]
        return [setpriv, *numbers, *groups, "--inh-caps=-all", "--no-new-privs"]

    def _limits(self, confinement: Confinement) -> list[str]:
        if not self._programs.prlimit:
            return []
        own_uid = self.works or confinement.account is not None  # else the limit would count all that this uid runs
        number = [f"--nproc={2 * confinement.processes}"] if own_uid else []
        return [self._programs.prlimit, *number, "--core=0", "--nofile=8192:8192", "--"]

    def _bubblewrap(self, confinement: Confinement) -> list[str]:
        size = str(max(confinement.memory_mb // 2, 64) * 1024 * 1024)
        words = [self._programs.bwrap or "bwrap", "--die-with-parent", "--new-session", "--hostname", "pandaas"]
        if self._as_root:
            words += ["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"]
            words += [] if confinement.network else ["--unshare-net"]
            words += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        else:
            words += ["--unshare-all", *(["--share-net"] if confinement.network else [])]
        words += _system()
        words += [word for name in _NETWORK_FILES * confinement.network for word in ("--ro-bind-try", name, name)]
        words += ["--proc", "/proc", "--dev", "/dev"]
        words += _gpus() if confinement.gpu else []
        for folder in ("/tmp", "/dev/shm"):  # noqa: S108 - private ones, in memory
            words += ["--size", size, "--perms", "1777", "--tmpfs", folder]
        words += _binds(confinement.read_only, confinement.writable)
        return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", str(confinement.cwd)]

    def _probe(self) -> None:
        """Really run a program confined, and look at what it saw."""
        if not self._programs.bwrap:
            self.warning = "User code is not isolated: bubblewrap is not installed (Debian package 'bubblewrap')."
            return
        if self._as_root and not self._programs.setpriv:
            self.warning = "User code is not isolated: setpriv (package 'util-linux') is missing."
            return
        self.works = True
        problem = self._try()
        if problem:
            self.works = False
            self.warning = (
                f"User code is not isolated: bubblewrap doesn't work here ({problem}). Allow unprivileged user "
                "namespaces, or run PaN-DAaS where they are allowed."
            )

    def _try(self) -> str | None:
        """Why the sandbox doesn't work, or None."""
        account = Account(self._settings.uid_start, self._settings.uid_start) if self._as_root else None
        with tempfile.TemporaryDirectory(prefix="pandaas-probe-") as folder:
            output = Path(folder)
            if account:
                os.chown(output, account.uid, account.gid)
            code = f"import os; open({str(output / 'seen')!r}, 'w').write(' '.join(os.listdir('/sys/class/net')) if os.path.isdir('/sys/class/net') else '')"
            confinement = Confinement(interpreter_binds(Path(sys.executable)), (output,), account=account)
            try:
                done = self.run([sys.executable, "-I", "-S", "-c", code], confinement, timeout_s=_PROBE_TIMEOUT_S)
            except (OSError, subprocess.TimeoutExpired) as error:
                return str(error)
            if done.returncode:
                return done.stderr.decode("utf-8", "replace").strip()[-300:] or f"exit code {done.returncode}"
            if not (output / "seen").is_file():
                return "its output folder could not be written"
        return None


def interpreter_binds(python: Path) -> tuple[Bind, ...]:
    """What a Python interpreter needs to be seen: its environment and the installation that this stands on."""
    environment = python.parent.parent
    places = [environment]
    configuration = environment / "pyvenv.cfg"
    if configuration.is_file():
        for line in configuration.read_text("utf-8").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "home":
                home = Path(value.strip())
                places += [home.parent, home.resolve().parent]
    places.append(python.resolve().parent.parent)
    outside = dict.fromkeys(place for place in places if not place.is_relative_to("/usr"))
    return tuple(Bind(place) for place in outside)


def _environment(confinement: Confinement) -> dict[str, str]:
    threads = {f"{library}_NUM_THREADS": str(confinement.cores) for library in _THREADS}
    fixed = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",  # noqa: S108 - a private one
        "TMPDIR": "/tmp",  # noqa: S108
        "USER": "pandaas",
        "LOGNAME": "pandaas",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "HDF5_USE_FILE_LOCKING": "FALSE",  # inputs are read-only
        "MPLBACKEND": "Agg",
    }
    return {**fixed, **threads, **confinement.variables}


def _system() -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for folder in _MERGED:
        path = Path(folder)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), folder]
        elif path.is_dir():
            words += ["--ro-bind", folder, folder]
    for folder in ("/etc", "/etc/ssl"):  # else bubblewrap makes what is on the way, closed to other accounts
        words += ["--perms", "0755", "--dir", folder]
    for name in SYSTEM_FILES:
        words += ["--ro-bind-try", name, name]
    return words


def _gpus() -> list[str]:
    words = [word for name in _GPU_DEVICES for word in ("--dev-bind-try", name, name)]
    for parent in dict.fromkeys(parent for name in _GPU_FILES for parent in reversed(Path(name).parents[:-1])):
        words += ["--perms", "0755", "--dir", str(parent)]  # so that any uid may pass it
    return words + [word for name in _GPU_FILES for word in ("--ro-bind-try", name, name)]


def _binds(read_only: Iterable[Bind], writable: Iterable[Path]) -> list[str]:
    """The binds, outer folders first; each folder on the way is made first so that any uid may pass it."""
    wanted = {bind.where: ("--ro-bind", bind.source) for bind in read_only}
    wanted |= {path: ("--bind", path) for path in writable}
    words: list[str] = []
    made = {Path("/"), Path("/usr"), Path("/etc"), Path("/tmp")}  # noqa: S108
    for target in sorted(wanted, key=lambda path: (len(path.parts), path)):
        for parent in reversed(target.parents):
            if parent not in made and not _inside_bound(parent, wanted):
                words += ["--perms", "0755", "--dir", str(parent)]
            made.add(parent)
        option, source = wanted[target]
        words += [option, str(source), str(target)]
    return words


def _inside_bound(path: Path, wanted: Mapping[Path, object]) -> bool:
    return any(path.is_relative_to(target) for target in wanted)


def _existing(path: Path) -> Path:
    return path if path.is_dir() else Path("/")


def _posix_account(name: str) -> Account | None:
    import pwd

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    if entry.pw_uid == 0:
        return None
    groups = tuple(group for group in os.getgrouplist(name, entry.pw_gid) if group)
    return Account(entry.pw_uid, entry.pw_gid, groups)
