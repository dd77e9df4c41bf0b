"""A real Slurm for tests: one node on loopback, everything in a temporary folder, gone afterwards. Needs root and Debian's
packages; `tests/integration/runtime/conftest.py` gives the fixture `slurm`.

Each part is a child of the test session that can be killed and started again: `munge`, `mariadb`, `slurmdbd`,
`slurmctld`, `slurmd`, `slurmrestd`.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from pandaas.runtime import processes

_START_S = 60.0
_CLEAR_S = 15.0
_PROGRAMS = ("munged", "mariadbd", "mariadb-install-db", "slurmdbd", "slurmctld", "slurmd", "sbatch", "sacctmgr")
# Kernel AIO is used up or absent on some machines, and the redo log is as large as a test needs.
_SMALL = (
    "--innodb-use-native-aio=0",
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-size=32M",
    "--skip-name-resolve",
)
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


class SlurmServer:
    """See the module. `conf` is its slurm.conf; `cores` are more than the machine has, so that tests don't wait. Its clocks are
    `ahead_s` ahead of ours (needs Debian's package `libfaketime`)."""

    cores = 8
    memory_mb = 8192

    def __init__(self, ahead_s: int = 0) -> None:
        self._ahead_s = ahead_s
        self.folder = Path(tempfile.mkdtemp(prefix="pandaas-slurm-"))
        self.conf = self.folder / "etc/slurm.conf"
        self._ports = dict(
            zip(("mariadb", "slurmdbd", "slurmctld", "slurmd", "slurmrestd"), _free_ports(5), strict=True)
        )
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, tuple[str | None, list[str]]] = {}

    @staticmethod
    def missing() -> str | None:
        """Why there can be none here, or None."""
        if os.geteuid() != 0:
            return "a Slurm for tests needs root"
        absent = [name for name in _PROGRAMS if not shutil.which(name, path=_PATH)]
        return f"Slurm is not installed ({', '.join(absent)})" if absent else None

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self._ports['slurmrestd']}"

    def start(self) -> None:
        """Start all of it; raises `RuntimeError` with the log of what doesn't come up."""
        self._configure()
        self.start_part("munge")
        self._until((self.folder / "munge/socket").exists, "munge")
        self.start_part("mariadb")
        self._until(lambda: self._sql("SELECT 1"), "mariadb")
        self._sql(
            "CREATE DATABASE acct; CREATE USER 'slurm'@'127.0.0.1' IDENTIFIED BY 'slurm'; "
            "GRANT ALL ON acct.* TO 'slurm'@'127.0.0.1';"
        )
        self.start_part("slurmdbd")
        self._until(lambda: self.ok("sacctmgr", "-n", "show", "cluster"), "slurmdbd")
        self.ok("sacctmgr", "-i", "add", "cluster", "test")
        self.ok("sacctmgr", "-i", "add", "account", "users", "Cluster=test")
        self.start_part("slurmctld")
        self._until(lambda: self.ok("scontrol", "ping"), "slurmctld")
        self.start_part("slurmd")
        self._until(lambda: "idle" in self.said("sinfo", "-h", "-o", "%T"), "slurmd")

    def stop(self) -> None:
        self.ok("scancel", "--me", "--signal=KILL", "--full")
        for name in reversed(list(self._running)):
            self.kill_part(name)
        left = processes.with_variable("SLURM_CONF", str(self.conf))  # slurmstepd waits for a slurmd that is gone
        processes.kill_all(pid for pid in left if pid != os.getpid())
        shutil.rmtree(self.folder, ignore_errors=True)

    def add_user(self, name: str) -> None:
        """Let this account of the computer submit, charged to the account `users`."""
        self.ok("sacctmgr", "-i", "add", "user", name, "Account=users", "DefaultAccount=users")

    def start_part(self, name: str) -> None:
        account, command = self._commands[name]
        become = []
        if account:
            entry = pwd.getpwnam(account)
            become = ["--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups"]
        with (self.folder / f"log/{name}.out").open("ab") as output:
            self._running[name] = subprocess.Popen(
                ["setpriv", *become, "--pdeathsig", "KILL", *self._clock(name), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment({"SLURM_JWT": "daemon"} if name == "slurmrestd" else {}),
                cwd=self.folder,
            )

    def _clock(self, name: str) -> list[str]:
        if not self._ahead_s or name not in {"slurmdbd", "slurmctld", "slurmd"}:
            return []
        return ["env", f"LD_PRELOAD={fake_time()}", f"FAKETIME={self._ahead_s:+d}", "DONT_FAKE_MONOTONIC=1"]

    def kill_part(self, name: str) -> None:
        """As a crash does it."""
        self._end(name, signal.SIGKILL)

    def stop_part(self, name: str) -> None:
        self._end(name, signal.SIGTERM)

    def _end(self, name: str, number: signal.Signals) -> None:
        process = self._running.pop(name)
        process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def wait_idle(self) -> None:
        """Until the controller answers and the node is up."""
        self._until(self.is_up, "slurmctld")

    def is_up(self) -> bool:
        """Does the node take jobs? As an operator does, one is resumed that the controller has drained because it had
        forgotten, killed before it saved its state, what runs there ("Duplicate jobid"); that may come late.
        """
        state = self.said("sinfo", "-h", "-o", "%T").strip()
        if "dr" in state:
            self.ok("scontrol", "update", "NodeName=localhost", "State=RESUME")
        return state in {"idle", "mixed", "allocated"}

    def clear(self) -> str:
        """Cancel what is left of earlier work and wait until its cores are free; returns what there was, as `squeue`
        lists it. A job that Slurm can't bring to an end is given up with its node, which then comes back.
        """
        left = self.said("squeue", "-h", "-t", "PD,R,CG,S,CF", "-o", "%i %j %T %r %M %C")
        if not left.strip():
            return ""
        self.ok("scancel", "--signal=KILL", "--full", *re.findall(r"^\d+", left, re.MULTILINE))
        self.ok("scancel", *re.findall(r"^\d+", left, re.MULTILINE))
        if not self._emptied(_CLEAR_S):
            self.ok("scontrol", "update", "NodeName=localhost", "State=DOWN", "Reason=left-over")
            self._emptied(_CLEAR_S)
            self.ok("scontrol", "update", "NodeName=localhost", "State=RESUME")
            self._until(lambda: "idle" in self.said("sinfo", "-h", "-o", "%T"), "slurmctld")
        return left

    def _emptied(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self.said("squeue", "-h", "-t", "PD,R,CG,S,CF", "-o", "%i").strip():
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def ok(self, *command: str) -> bool:
        return self._run(command).returncode == 0

    def said(self, *command: str) -> str:
        return self._run(command).stdout

    def environment(self, more: Mapping[str, str] = {}) -> dict[str, str]:
        return {"PATH": _PATH, "LC_ALL": "C", "SLURM_CONF": str(self.conf), **more}

    def _run(self, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                command, env=self.environment(), capture_output=True, text=True, timeout=15, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 1, "", "timed out")

    def _sql(self, statement: str) -> bool:
        return self.ok("mariadb", "--no-defaults", "-S", str(self.folder / "mysql/socket"), "-e", statement)

    def _until(self, condition: Callable[[], bool], name: str) -> None:
        end = time.monotonic() + _START_S
        while not condition():
            if time.monotonic() > end:
                log = self.folder / f"log/{name}.out"
                raise RuntimeError(f"{name} did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")
            time.sleep(0.1)

    def _configure(self) -> None:
        self.folder.chmod(0o755)
        for name, account in {
            "etc": "slurm",
            "log": "slurm",
            "ctld": "slurm",
            "slurmd": None,
            "munge": "munge",
        }.items():
            self._make(name, account)
        self._make("mysql", "mysql")
        for name, account in {"etc/jwt.key": "slurm", "munge/key": "munge"}.items():
            file = self.folder / name
            file.write_bytes(os.urandom(128))
            file.chmod(0o600)
            shutil.chown(file, account, account)
        values = {**self._ports, "home": self.folder, "cores": self.cores, "memory": self.memory_mb}
        self.conf.write_text(_SLURM.format(**values), "utf-8")
        database = self.folder / "etc/slurmdbd.conf"
        database.write_text(_SLURMDBD.format(**values), "utf-8")
        shutil.chown(database, "slurm", "slurm")
        database.chmod(0o600)
        (self.folder / "etc/cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n", "utf-8")
        home, mysql = self.folder, self.folder / "mysql"
        self._install_tables(mysql)
        self._commands = {
            "munge": ("munge", ["munged", "-F", "--force", f"--key-file={home}/munge/key", "-S", f"{home}/munge/socket",
                                f"--pid-file={home}/munge/pid", f"--log-file={home}/munge/log",
                                f"--seed-file={home}/munge/seed"]),
            "mariadb": ("mysql", ["mariadbd", "--no-defaults", f"--datadir={mysql}/data", f"--socket={mysql}/socket",
                                  "--bind-address=127.0.0.1", f"--port={self._ports['mariadb']}",
                                  f"--pid-file={mysql}/pid", "--innodb-flush-log-at-trx-commit=0",
                                  "--innodb-lock-wait-timeout=900", *_SMALL, f"--tmpdir={mysql}"]),
            "slurmdbd": ("slurm", ["slurmdbd", "-D"]),
            "slurmctld": ("slurm", ["slurmctld", "-D", "-i"]),
            "slurmd": (None, ["slurmd", "-D", "-N", "localhost"]),
            "slurmrestd": ("nobody", ["slurmrestd", "-a", "rest_auth/jwt", "-s", "openapi/v0.0.38,openapi/dbv0.0.38",
                                      f"127.0.0.1:{self._ports['slurmrestd']}"]),
        }  # fmt: skip

    def _install_tables(self, mysql: Path) -> None:
        """MariaDB's own tables; `RuntimeError` says what it said. Names are not looked up: there may be no network."""
        options = ["--no-defaults", "--user=mysql", f"--datadir={mysql}/data", "--skip-test-db", "--force"]
        done = subprocess.run(
            ["mariadb-install-db", *options, *_SMALL, f"--tmpdir={mysql}"],
            env=self.environment({"HOME": str(mysql)}),
            cwd=mysql,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            room = shutil.disk_usage(mysql).free // 2**20
            raise RuntimeError(
                f"mariadb-install-db failed, {room} MiB free:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )

    def _make(self, name: str, account: str | None) -> None:
        folder = self.folder / name
        folder.mkdir(mode=0o755)
        if account:
            shutil.chown(folder, account, account)


def fake_time() -> Path | None:
    """The library that sets clocks off, for programs with threads."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(held.getsockname()[1]) for held in sockets]
    for held in sockets:
        held.close()
    return ports


_SLURM = """\
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={slurmctld}
SlurmdPort={slurmd}
CommunicationParameters=NoAddrCache,NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=socket={home}/munge/socket
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key={home}/etc/jwt.key
SlurmUser=slurm
SlurmdUser=root
StateSaveLocation={home}/ctld
SlurmdSpoolDir={home}/slurmd
SlurmctldPidFile={home}/log/slurmctld.pid
SlurmdPidFile={home}/slurmd/slurmd.pid
SlurmctldLogFile={home}/log/slurmctld.log
SlurmdLogFile={home}/slurmd/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdTimeout=10
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=2,default_queue_depth=1000
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
PriorityType=priority/basic
MinJobAge=300
KillWait=3
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={slurmdbd}
AccountingStoragePass={home}/munge/socket
AccountingStorageEnforce=associations
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes=localhost Default=YES MaxTime=1-00:00:00 State=UP
PartitionName=closed Nodes=localhost MaxTime=1-00:00:00 State=DOWN
"""

_SLURMDBD = """\
AuthType=auth/munge
AuthInfo=socket={home}/munge/socket
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key={home}/etc/jwt.key
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={slurmdbd}
SlurmUser=slurm
LogFile={home}/log/slurmdbd.log
PidFile={home}/log/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={mariadb}
StorageUser=slurm
StoragePass=slurm
StorageLoc=acct
CommunicationParameters=NoInAddrAny
"""
