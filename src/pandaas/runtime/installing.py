"""What a build runs, in the sandbox and by an account without privileges: uv with the network, then the compiler without.

Only the environment's own folder can be written to, so downloads are kept in it until it is built and shared with nobody. Nothing of
what is installed runs meanwhile: there are only wheels, and the compiler does not look at what is installed (`-I -S`).
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uv

from pandaas.model import Unavailable
from pandaas.runtime.files import give
from pandaas.runtime.sandbox import Bind, Command, Confinement, Sandbox, interpreter_binds

_TAIL = 2000
_LOOK_S = 0.3
_PRIVATE = ".building"  # downloads and uv's settings
_MEMORY_MB = 4096
_PASSED_ON = re.compile(r"UV_\w+|SSL_CERT_(?:FILE|DIR)|(?:https?|all|no)_proxy", re.IGNORECASE)
_OWN = {"UV_CACHE_DIR", "UV_NO_CACHE", "UV_LINK_MODE", "UV_CONFIG_FILE", "UV_SYSTEM_PYTHON"}
_LOCAL = re.compile(r"file://([^\s#;]+)")

Look = Callable[[], None]


class Installer:
    """Builds in the folder `place`; the three steps are called one after the other. `Unavailable` in the program's own words."""

    def __init__(self, sandbox: Sandbox, place: Path, base: Path) -> None:
        self._sandbox = sandbox
        self._place = place
        self._base = base
        self._account = sandbox.account_for(0)
        self._python: tuple[str, str] = ("", "")

    def make(self) -> None:
        """The environment without packages."""
        private = self._place / _PRIVATE
        for folder in (self._place, private):
            folder.mkdir()
            folder.chmod(0o755)
            give(folder, self._account)
        settings = _settings_file()
        if settings is not None:
            shutil.copyfile(settings, private / "uv.toml")
            give(private / "uv.toml", self._account)
        self._uv("venv", "--no-project", "--allow-existing", "--python", str(self._base), str(self._place))
        self._python = self._interpreter()

    def install(self, lock: Path, look: Look) -> str:
        """Packages by their hashes; what uv said."""
        words = [
            "pip",
            "sync",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--python",
            str(self._place / "bin/python"),
        ]
        said = self._uv(*words, str(lock), shown=(lock, *_local(lock)), look=look)
        shutil.rmtree(self._place / _PRIVATE)
        if self._interpreter() != self._python:
            raise Unavailable("A package has put another interpreter in the place of the environment's.")
        return said

    def compile(self, look: Look) -> None:
        """Byte code for a fast start; files that are for another Python stay without."""
        packages = next(self._place.glob("lib/python*/site-packages"))
        words = [str(self._base), "-I", "-S", "-m", "compileall", "-qq", "-j", str(os.cpu_count() or 1), str(packages)]
        confinement = Confinement(
            interpreter_binds(self._base), (packages,), account=self._account, memory_mb=_MEMORY_MB
        )
        code, said = _run(self._sandbox.command(words, confinement), look)
        if code not in {0, 1}:
            raise Unavailable(f"The byte code could not be written: {said[-_TAIL:] or f'exit code {code}'}")

    def take_back(self) -> None:
        """All that was built is the platform's own from here on; no process of the build lives any more."""
        if self._account is None:
            return
        for folder, folders, names in os.walk(self._place):
            for name in (".", *folders, *names):
                os.chown(Path(folder, name), os.geteuid(), os.getegid(), follow_symlinks=False)

    def _interpreter(self) -> tuple[str, str]:
        """What the platform trusts when it shows the environment to jobs."""
        python, settings = self._place / "bin/python", self._place / "pyvenv.cfg"
        if not stat.S_ISREG(settings.lstat().st_mode):
            return "", ""
        return str(python.readlink()) if python.is_symlink() else "", settings.read_text("utf-8", "replace")

    def _uv(self, *words: str, shown: Sequence[Path] = (), look: Look | None = None) -> str:
        program = Path(uv.find_uv_bin())
        variables = _variables()
        variables |= {"UV_CACHE_DIR": str(self._place / _PRIVATE / "cache"), "UV_PYTHON_DOWNLOADS": "never"}
        if (self._place / _PRIVATE / "uv.toml").is_file():
            variables["UV_CONFIG_FILE"] = str(self._place / _PRIVATE / "uv.toml")
        named = [Path(part) for text in variables.values() for part in re.split(r"[\s,]|file://", text)]
        outside = [path for path in (*named, *shown) if path.is_absolute() and path.exists()]
        binds = [Bind(path) for path in dict.fromkeys(outside) if not path.is_relative_to(self._place)]
        confinement = Confinement(
            (*interpreter_binds(self._base), Bind(program), *binds),
            (self._place,),
            variables=variables,
            cwd=self._place,
            account=self._account,
            memory_mb=_MEMORY_MB,
            network=True,
        )
        code, said = _run(self._sandbox.command([str(program), "--no-progress", *words], confinement), look)
        if code:
            raise Unavailable(f"uv could not build the environment: {said.strip()[-_TAIL:]}")
        return said


def _run(command: Command, look: Look | None) -> tuple[int, str]:
    """Exit code and all that was said; `look` is called while it runs."""
    process = subprocess.Popen(
        command.argv,
        env=command.env,
        cwd=command.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with _ended(process):
        while True:
            try:
                said, _ = process.communicate(timeout=_LOOK_S)
                return process.returncode, said
            except subprocess.TimeoutExpired:
                if look:
                    look()


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """Nothing is left behind when a progress callback fails."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _variables() -> dict[str, str]:
    """The package index, certificates and proxies of the platform's environment, as of the operator's own uv."""
    return {
        name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name) and name.upper() not in _OWN
    }


def _settings_file() -> Path | None:
    own = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "uv/uv.toml"
    named = os.environ.get("UV_CONFIG_FILE")
    places = [Path(named)] if named else [own, Path("/etc/uv/uv.toml")]
    return next((place for place in places if place.is_file()), None)


def _local(lock: Path) -> Iterator[Path]:
    """Wheels that the lock names by their place on this computer."""
    yield from (Path(found) for found in _LOCAL.findall(lock.read_text("utf-8")))
