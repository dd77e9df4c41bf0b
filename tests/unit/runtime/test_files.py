from __future__ import annotations

import os
from pathlib import Path

import pytest

from pandaas.model import UnreadableFile
from pandaas.runtime import Account, read_json, read_text
from pandaas.runtime.files import give_whole, may_read, open_regular, take_back


@pytest.mark.parametrize("make", [lambda p: p.symlink_to("/etc/passwd"), os.mkfifo, lambda p: p.mkdir()])
def test_only_regular_files_are_opened(tmp_path: Path, make: object) -> None:
    make(tmp_path / "odd")  # type: ignore[operator]
    with pytest.raises(UnreadableFile, match="something other than a file"):
        open_regular(tmp_path / "odd")


def test_no_more_is_read_than_asked(tmp_path: Path) -> None:
    (tmp_path / "long").write_text("x" * 1000)
    assert read_text(tmp_path / "long", limit=10) == "x" * 10
    assert read_text(tmp_path / "missing") == ""


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\udcff"])
def test_damaged_json_is_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_json(tmp_path / "file.json") is None


def test_a_file_taken_back_has_no_second_name(tmp_path: Path) -> None:
    """A hard link kept by the job would let it change the registered result."""
    source = tmp_path / "output" / "result.nxs"
    source.parent.mkdir()
    source.write_text("result")
    os.link(source, source.parent / "kept")
    target = tmp_path / "results" / "result.nxs"
    take_back(source, target)
    (source.parent / "kept").write_text("forged")
    assert target.read_text() == "result"
    assert target.stat().st_nlink == 1
    assert not source.exists()


def test_a_link_is_not_taken_back(tmp_path: Path) -> None:
    (tmp_path / "result.nxs").symlink_to("/etc/passwd")
    with pytest.raises(UnreadableFile):
        take_back(tmp_path / "result.nxs", tmp_path / "results" / "result.nxs")


def test_who_may_read_a_file(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("x")
    own = file.stat()
    owner, group, other = (Account(own.st_uid, 9), Account(8, own.st_gid), Account(8, 9))
    for mode, expected in ((0o400, (True, False, False)), (0o040, (False, True, False)), (0o004, (False, False, True))):
        file.chmod(mode)
        assert tuple(may_read(file, account) for account in (owner, group, other)) == expected


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_home_that_lost_its_owners_is_given_back(tmp_path: Path) -> None:
    """A restored backup belongs to root, and JupyterLab could not write its own settings."""
    account, elsewhere = Account(212_345, 212_345), tmp_path / "elsewhere"
    elsewhere.write_text("the platform's")
    home = tmp_path / "home"
    (home / ".local/share").mkdir(parents=True)
    (home / ".local/share/kernel.json").write_text("{}")
    (home / "out").symlink_to(elsewhere)
    os.link(elsewhere, home / "second-name")
    os.chown(home, account.uid, account.gid)  # as a start before left it
    give_whole(home, account)
    owners = {str(one.relative_to(tmp_path)): one.lstat().st_uid for one in tmp_path.rglob("*")}
    assert {name for name, uid in owners.items() if uid != account.uid} == {"elsewhere", "home/second-name"}
