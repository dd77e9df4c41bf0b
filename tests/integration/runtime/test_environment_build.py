"""Building environments with uv, from a wheel made here: no index is asked."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from pandaas.config import load_settings
from pandaas.model import InvalidInput, Unavailable
from pandaas.runtime import BuildProgress, Environments, Runtime

pytestmark = pytest.mark.integration


def make_wheel(folder: Path, version: str = "1.0", more: dict[str, str] | None = None) -> Path:
    """A package `tiny` with one module, and `more` files."""
    wheel, about = folder / f"tiny-{version}-py3-none-any.whl", f"tiny-{version}.dist-info"
    files = {
        "tiny.py": "ANSWER = 42\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **(more or {}),
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(text)}\n"
    files[f"{about}/RECORD"] = record + f"{about}/RECORD,,\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "facility" / "environments" / "small"
    folder.mkdir(parents=True)
    wheel = make_wheel(tmp_path)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "requirements.lock").write_text(f"tiny @ file://{wheel} --hash=sha256:{digest}\n# tiny==1.0\n")
    (folder / "environment.toml").write_text('title = "Small"\ncheck = ["tiny"]\n')
    return folder


@pytest.fixture
def environments(tmp_path: Path, place: Path) -> Environments:
    own = {"recipe_folders": [str(place.parents[1])], "environment_folder": str(tmp_path / "home/environments")}
    settings = load_settings(home=tmp_path / "home", runtime=own)  # never those of the variable: one test removes them
    settings.home.mkdir()
    return Runtime(settings).environments


def test_it_is_built_once_and_works(environments: Environments) -> None:
    told: list[BuildProgress] = []
    built = environments.ensure("small", told.append)
    done = subprocess.run([built.python, "-c", "import tiny; print(tiny.ANSWER)"], capture_output=True, check=True)
    assert done.stdout == b"42\n"
    assert told[-1].fraction == 1.0
    again: list[BuildProgress] = []
    assert environments.ensure("small", again.append) == built
    assert again == []
    status = environments.status("small")
    assert (status.state, status.packages) == ("ready", 1)


def test_its_log_health_and_start_up_are_kept_and_measured_again(environments: Environments) -> None:
    built = environments.ensure("small")
    assert "Installing" in environments.log("small") or "Ready" in environments.log("small")
    first = environments.status("small").health
    assert first is not None
    assert first.works
    assert first.import_s is not None
    module = next(built.python.parents[1].glob("lib/python*/site-packages/tiny.py"))
    module.chmod(0o644)
    module.write_text("import nothing_of_this_name\n")
    again = environments.check("small")
    assert (again.works, "nothing_of_this_name" in again.detail) == (False, True)
    assert environments.status("small").health == again


def test_it_is_byte_compiled_and_read_only(environments: Environments) -> None:
    built = environments.ensure("small")
    root = built.python.parents[1]
    assert list(root.glob("lib/python*/site-packages/__pycache__/tiny.*.pyc"))
    assert not [path for path in root.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o222]


def test_an_interrupted_build_is_started_over(environments: Environments) -> None:
    half = environments.place / environments.definition("small").key
    (half / "lib").mkdir(parents=True)
    (half / "lib" / "rubbish").write_text("half written")
    built = environments.ensure("small")
    assert not (half / "lib" / "rubbish").exists()
    assert built.python.exists()


def _offer(place: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]) -> None:
    """Lock a package `tiny` with these files too, which lies where an index would be."""
    wheels = place.parents[2] / "index"
    wheels.mkdir()
    digest = hashlib.sha256(make_wheel(wheels, "2.0", more).read_bytes()).hexdigest()
    (place / "requirements.lock").write_text(f"tiny==2.0 --hash=sha256:{digest}\n")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    settings = place.parents[2] / "uv.toml"
    settings.write_text("no-index = true\n")
    monkeypatch.setenv("UV_CONFIG_FILE", str(settings))


def test_it_is_built_by_an_account_without_privileges_and_no_package_runs_outside(
    environments: Environments, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    run = (
        f"import os; os.path.isdir({str(open_to_all)!r}) and open({str(open_to_all)!r} + '/' + str(os.getuid()), 'w')\n"
    )
    _offer(place, monkeypatch, {"tiny.pth": run})
    owners: set[int] = set()

    def look(step: BuildProgress) -> None:
        if step.message.startswith("Preparing"):
            root = environments.place / environments.definition("small").key
            owners.update(path.lstat().st_uid for path in root.rglob("*"))

    built = environments.ensure("small", look)
    account = environments._sandbox.account_for(0)
    assert owners == {account.uid if account else os.geteuid()}
    root = built.python.parents[1]
    assert {path.lstat().st_uid for path in (root, *root.rglob("*"))} == {os.geteuid()}
    assert not (root / ".building").exists()
    assert "tiny==2.0" in environments.log("small")
    assert json.loads((root / "environment.json").read_text())["steps_s"].keys() == {"install", "compile", "try"}
    if environments._sandbox.works:
        assert list(open_to_all.iterdir()) == []
    subprocess.run([built.python, "-c", "pass"], check=True)
    assert [file.name for file in open_to_all.iterdir()] == [str(os.getuid())]  # it would have told


@pytest.mark.parametrize("name", ["data/pyvenv.cfg", "scripts/python"])
def test_a_package_that_changes_the_interpreter_is_refused(
    environments: Environments, place: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Jobs are shown what the interpreter's own files name."""
    _offer(place, monkeypatch, {f"tiny-2.0.data/{name}": "home = /root/secrets/bin\n"})
    with pytest.raises(Unavailable):
        environments.ensure("small")
    assert environments.ready("small") is None


def test_two_builders_make_one(environments: Environments) -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(environments.ensure("small"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(map(str, found))) == 1


def test_a_wrong_hash_is_refused_and_remembered(environments: Environments, place: Path) -> None:
    lock = place / "requirements.lock"
    lock.write_text(lock.read_text().replace("sha256:", "sha256:0"))
    with pytest.raises(Unavailable, match="could not build"):
        environments.ensure("small")
    assert environments.status("small").state == "failed"


def test_one_that_does_not_import_is_not_ready(environments: Environments, place: Path) -> None:
    (place / "environment.toml").write_text('title = "Small"\ncheck = ["absent"]\n')
    with pytest.raises(Unavailable, match=r"doesn't work.*absent"):
        environments.ensure("small")
    assert environments.ready("small") is None


def test_gc_removes_what_nothing_names_and_it_can_be_built_again(environments: Environments, place: Path) -> None:
    old = environments.ensure("small")
    (place / "requirements.lock").write_text((place / "requirements.lock").read_text() + "# changed\n")
    assert environments.definition("small").key != old.key
    assert environments.gc(keep=[old.key]) == ()
    assert environments.gc(unused_days=1) == ()
    assert environments.gc() == (old.key,)
    assert not old.python.exists()
    assert environments.ensure_key("small", old.key).key == old.key


def test_the_command_line_builds_and_lists(environments: Environments, place: Path, tmp_path: Path) -> None:
    variables = {"PANDAAS_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
    variables["PANDAAS_RUNTIME__RECIPE_FOLDERS"] = f'["{place.parents[1]}"]'
    pandaas = [sys.executable, "-m", "pandaas.cli"]
    done = subprocess.run(
        [*pandaas, "env", "build", "small"], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Installing" in done.stderr or "Ready" in done.stderr
    listed = subprocess.run([*pandaas, "env", "list"], env=variables, capture_output=True, text=True, check=True)
    assert "small" in listed.stdout
    assert "ready" in listed.stdout


def test_a_lock_names_wheels_by_their_hashes_and_changes_only_when_asked(
    environments: Environments, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = place.parents[2]
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    (place / "requirements.lock").unlink()
    with pytest.raises(InvalidInput, match=r"requirements\.in is missing"):
        environments.lock("small")
    (place / "requirements.in").write_text("tiny\n")
    [change] = environments.lock("small")
    assert (change.package, change.before, change.after) == ("tiny", None, "1.0")
    digest = hashlib.sha256((wheels / "tiny-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    lock = (place / "requirements.lock").read_text()
    assert f"tiny==1.0 \\\n    --hash=sha256:{digest}" in lock
    key = environments.definition("small").key
    make_wheel(wheels, "1.1")
    assert environments.lock("small") == ()
    assert environments.definition("small").key == key
    [change] = environments.lock("small", upgrade=True)
    assert (change.before, change.after) == ("1.0", "1.1")
    assert environments.definition("small").key != key
    (place / "requirements.in").write_text("nowhere-to-be-found\n")
    with pytest.raises(Unavailable, match="nowhere-to-be-found"):
        environments.lock("small")
