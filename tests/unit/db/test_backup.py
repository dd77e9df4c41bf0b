"""Backup and restore on SQLite; archives from an enemy."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from pandaas.config import Settings, load_settings
from pandaas.db import Database, append, backup, restore, serving, upgrade
from pandaas.db.archive import extract
from pandaas.db.migrate import schema_connection
from pandaas.db.tables import Event
from pandaas.model import Conflict, DiskFull, InvalidInput, PandaasError, UnreadableFile


def home(folder: Path, word: str = "") -> Settings:
    """Settings of a home; with `word` one whose database and files say it."""
    settings = load_settings(home=folder)
    if word:
        upgrade(settings)
        write_event(settings, word)
        (folder / "uploads").mkdir()
        (folder / "uploads/a.dat").write_text(word)
        (folder / "secret.key").write_text(word)
        (folder / "secret.key").chmod(0o600)
    return settings


def write_event(settings: Settings, word: str) -> None:
    database = Database(settings.database_url)
    with database.session() as session:
        append(session, "test.word", word)
    database.dispose()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive to be copied and spoiled."""
    folder = tmp_path_factory.mktemp("made")
    return backup(home(folder / "one", "old"), folder / "b.tar").archive


def words(settings: Settings) -> list[str]:
    database = Database(settings.database_url)
    with database.read() as session:
        found = list(session.scalars(select(Event.subject).where(Event.kind == "test.word")))
    database.dispose()
    return found


@pytest.mark.parametrize("name", ["b.tar", "b.tar.gz", "new folder/b.tar"])
def test_a_backup_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    source = home(tmp_path / "one", "old")
    os.utime(source.home / "uploads/a.dat", ns=(1_700_000_000_123_456_789,) * 2)
    done = backup(source, tmp_path / name)
    target = home(tmp_path / "two")
    report = restore(target, tmp_path / name)
    assert words(target) == ["old"]
    assert (target.home / "uploads/a.dat").read_text() == "old"
    assert (target.home / "uploads/a.dat").stat().st_mtime_ns == 1_700_000_000_123_456_789
    assert (target.home / "secret.key").stat().st_mode & 0o777 == 0o600
    assert done.files == 2
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert report.moved == str(source.home)
    assert report.kept_aside == []


def test_environments_logs_links_and_the_archive_itself_are_left_out(tmp_path: Path) -> None:
    source = home(tmp_path / "one", "old")
    for name in ("environments/x", "logs/x", "backups/x"):
        (source.home / name).parent.mkdir(parents=True, exist_ok=True)
        (source.home / name).write_text("big")
    (tmp_path / "elsewhere").write_text("not ours")
    (source.home / "uploads/link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(source.home / "uploads/pipe")
    done = backup(source, source.home / "uploads/b.tar")
    with tarfile.open(done.archive) as tar:
        assert sorted(name for name in tar.getnames() if name.startswith("home/")) == [
            "home/secret.key",
            "home/uploads/a.dat",
        ]
    assert done.skipped == 2


def test_a_folder_of_the_home_that_lies_elsewhere_is_taken_along(tmp_path: Path) -> None:
    source = home(tmp_path / "one", "old")
    (source.home / "uploads").rename(tmp_path / "big disk")
    (source.home / "uploads").symlink_to(tmp_path / "big disk")
    backup(source, tmp_path / "b.tar")
    target = home(tmp_path / "two")
    restore(target, tmp_path / "b.tar")
    assert (target.home / "uploads/a.dat").read_text() == "old"


def test_writers_go_on_during_a_backup(tmp_path: Path) -> None:
    source = home(tmp_path / "one", "old")
    backup(source, tmp_path / "b.tar", progress=lambda step: write_event(source, step))
    target = home(tmp_path / "two")
    restore(target, tmp_path / "b.tar")
    assert words(target) == ["old", "Database"]
    assert len(words(source)) > 2


def test_an_archive_is_not_overwritten(tmp_path: Path) -> None:
    source = home(tmp_path / "one", "old")
    (tmp_path / "b.tar").write_text("precious")
    with pytest.raises(Conflict):
        backup(source, tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_text() == "precious"


def test_nothing_is_not_backed_up(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        backup(home(tmp_path / "one"), tmp_path / "b.tar")


def test_a_home_in_use_is_not_restored_over(tmp_path: Path) -> None:
    source = home(tmp_path / "one", "old")
    backup(source, tmp_path / "b.tar")
    write_event(source, "later")
    with pytest.raises(Conflict, match="not empty"):
        restore(source, tmp_path / "b.tar")
    with serving(source.home), pytest.raises(Conflict, match="running"):
        restore(source, tmp_path / "b.tar", replace=True)
    assert words(source) == ["old", "later"]


def test_replace_keeps_what_was_there_aside(tmp_path: Path) -> None:
    source = home(tmp_path / "one", "old")
    backup(source, tmp_path / "b.tar")
    write_event(source, "later")
    (source.home / "uploads/a.dat").write_text("later")
    report = restore(source, tmp_path / "b.tar", replace=True)
    assert words(source) == ["old"]
    assert (source.home / "uploads/a.dat").read_text() == "old"
    [aside] = source.home.glob("replaced-*")
    assert (aside / "uploads/a.dat").read_text() == "later"
    assert str(aside / "pandaas.sqlite") in report.kept_aside
    second = restore(source, tmp_path / "b.tar", replace=True)
    assert words(source) == ["old"]
    assert len(list(source.home.glob("replaced-*"))) == 2
    assert second.kept_aside != report.kept_aside


def test_the_configuration_that_is_there_stays(tmp_path: Path) -> None:
    source = home(tmp_path / "one", "old")
    (source.home / "pandaas.toml").write_text("[server]\nport = 1\n")
    backup(source, tmp_path / "b.tar")
    (tmp_path / "two").mkdir()
    (tmp_path / "two/pandaas.toml").write_text("[server]\nport = 2\n")
    restore(home(tmp_path / "two"), tmp_path / "b.tar")
    assert "port = 2" in (tmp_path / "two/pandaas.toml").read_text()


def test_a_backup_of_the_database_alone_leaves_files_alone(tmp_path: Path) -> None:
    source = home(tmp_path / "one", "old")
    backup(source, tmp_path / "b.tar", files=False)
    write_event(source, "later")
    (source.home / "uploads/a.dat").write_text("later")
    restore(source, tmp_path / "b.tar", replace=True)
    assert words(source) == ["old"]
    assert (source.home / "uploads/a.dat").read_text() == "later"


def test_an_archive_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    source = home(tmp_path / "one", "old")
    with schema_connection(source.database_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '7777'"))
    backup(source, tmp_path / "b.tar")
    with pytest.raises(Conflict, match="newer"):
        restore(home(tmp_path / "two"), tmp_path / "b.tar")


def rewrite(archive: Path, change: Callable[[tarfile.TarInfo, bytes], list[tuple[tarfile.TarInfo, bytes]]]) -> None:
    """Write the archive anew, each member as `change` has it."""
    with tarfile.open(archive) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar]  # type: ignore[union-attr]
    with tarfile.open(archive, "w") as tar:
        for member, content in members:
            for new, bytes_ in change(member, content):
                new.size = len(bytes_) if new.isreg() else 0
                tar.addfile(new, io.BytesIO(bytes_))


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


HOSTILE = [
    member("/tmp/owned"),
    member("../owned"),
    member("home/../../owned"),
    member("home/./x"),
    member("home//x"),
    member("home/x", tarfile.SYMTYPE, "/etc/passwd"),
    member("home/x", tarfile.LNKTYPE, "home/secret.key"),
    member("home/x", tarfile.CHRTYPE),
    member("home/x", tarfile.FIFOTYPE),
    member("home/x", tarfile.DIRTYPE),
    member("home/secret.key"),
    member("home/" + "x" * 300),
    member("home/unlisted"),
]


@pytest.mark.parametrize("intruder", HOSTILE, ids=lambda one: f"{one.name[:24]}-{one.type.decode()}")
def test_a_hostile_member_spoils_the_archive(made: Path, tmp_path: Path, intruder: tarfile.TarInfo) -> None:
    archive = Path(shutil.copy(made, tmp_path))
    first = True

    def smuggle(entry: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
        nonlocal first
        if entry.name == "manifest.json" and first:
            first = False
            return [(intruder, b"owned"), (entry, content)]
        return [(entry, content)]

    rewrite(archive, smuggle)
    target = home(tmp_path / "two")
    with pytest.raises(UnreadableFile, match="can't be restored"):
        restore(target, archive)
    assert [path.name for path in target.home.iterdir() if path.suffix != ".lock"] == []
    assert not (tmp_path / "owned").exists()
    assert not Path("/tmp/owned").exists()


def test_changed_contents_are_noticed(made: Path, tmp_path: Path) -> None:
    shutil.copy(made, tmp_path)
    rewrite(tmp_path / "b.tar", lambda entry, content: [(entry, content.replace(b"old", b"new"))])
    with pytest.raises(UnreadableFile, match="damaged"):
        restore(home(tmp_path / "two"), tmp_path / "b.tar")


def test_a_database_that_is_none_is_refused(made: Path, tmp_path: Path) -> None:
    shutil.copy(made, tmp_path)
    junk = b"junk" * 4096

    def change(entry: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
        if entry.name == "database/pandaas.sqlite":
            return [(entry, junk)]
        if entry.name == "manifest.json":
            tree = json.loads(content)
            listed = tree["members"]["database/pandaas.sqlite"]
            listed |= {"size": len(junk), "sha256": hashlib.sha256(junk).hexdigest()}
            return [(entry, json.dumps(tree).encode())]
        return [(entry, content)]

    rewrite(tmp_path / "b.tar", change)
    with pytest.raises(UnreadableFile, match="database in the archive"):
        restore(home(tmp_path / "two"), tmp_path / "b.tar")


@hypothesis_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cut_or_flipped_archive_never_changes_the_home(
    made: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    whole = made.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    broken = (
        whole[:place] if data.draw(st.booleans()) else whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]
    )
    (folder / "b.tar").write_bytes(broken)
    target = home(folder / "two")
    try:
        restore(target, folder / "b.tar")
    except PandaasError:
        assert [path.name for path in target.home.iterdir() if path.suffix != ".lock"] == []
    else:  # padding or a field that nobody reads
        assert words(target) == ["old"]


@pytest.mark.parametrize("content", [b"", b"not a tar", gzip.compress(b"no tar either", mtime=0), b"\0" * 10240])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.tar").write_bytes(content)
    with pytest.raises(UnreadableFile):
        restore(home(tmp_path / "two"), tmp_path / "b.tar")
    with pytest.raises(UnreadableFile):
        restore(home(tmp_path / "two"), tmp_path / "missing.tar")


def test_a_full_disk_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = home(tmp_path / "one", "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        backup(source, tmp_path / "b.tar")
    monkeypatch.undo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one"]
    backup(source, tmp_path / "b.tar")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        restore(home(tmp_path / "two"), tmp_path / "b.tar")
    assert [path.name for path in (tmp_path / "two").iterdir() if path.suffix != ".lock"] == []


def test_a_file_that_shrinks_while_it_is_read_spoils_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = home(tmp_path / "one", "old")
    log = source.home / "uploads/growing.log"
    log.write_bytes(b"x" * 1000)
    real = os.fstat

    def bigger(descriptor: int) -> Any:
        status = real(descriptor)
        if status.st_size != 1000:
            return status
        return SimpleNamespace(st_mode=status.st_mode, st_size=1500, st_mtime_ns=status.st_mtime_ns)

    monkeypatch.setattr("pandaas.db.archive.os.fstat", bigger)
    backup(source, tmp_path / "b.tar")
    extract(tmp_path / "b.tar", tmp_path / "out", wanted=lambda _name: True)
    assert (tmp_path / "out/home/uploads/growing.log").read_bytes() == b"x" * 1000 + bytes(500)
