"""The demo's home: made once, refused where something else lives, held by one demo at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from pandaas.config import Settings
from pandaas.model import Conflict
from pandaas.server.demo import ACCOUNTS, announce, describe, only_one, password_of, prepare_home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PANDAAS_HOME", str(tmp_path / "demo"))
    return tmp_path / "demo"


@pytest.fixture
def settings(home: Path) -> Settings:
    return prepare_home()


def test_a_new_home_is_private_and_a_demo(home: Path, settings: Settings) -> None:
    assert home.stat().st_mode & 0o777 == 0o700
    assert settings.demo.enabled
    assert [root.path for root in settings.storage] == [home / "data"]
    assert "BL-SAXS" in {instrument.id for instrument in settings.facility.instruments}


def test_the_port_given_wins(home: Path) -> None:
    assert prepare_home(8765).server.port == 8765


def test_a_second_start_keeps_the_configuration(home: Path, settings: Settings) -> None:
    file = home / "pandaas.toml"
    file.write_text(file.read_text() + "\n[log]\nlevel = 'debug'\n")
    assert prepare_home().log.level == "debug"


def test_the_home_of_another_platform_is_refused(home: Path) -> None:
    home.mkdir()
    (home / "pandaas.sqlite").touch()
    with pytest.raises(Conflict, match="not a demo"):
        prepare_home()


def test_a_home_with_demo_switched_off_is_refused(home: Path) -> None:
    home.mkdir()
    (home / "pandaas.toml").write_text("[demo]\nenabled = false\n")
    with pytest.raises(Conflict, match="does not describe a demo"):
        prepare_home()


def test_two_demos_never_share_a_home(settings: Settings) -> None:
    with only_one(settings), pytest.raises(Conflict, match="running already"), only_one(settings):
        pass


def test_every_account_is_described_with_its_password_and_proposals(settings: Settings) -> None:
    found = {account["user"]: account for account in describe(settings)["accounts"]}
    assert set(found) == {account["user"] for account in ACCOUNTS}
    assert found["alice"]["password"] == password_of("alice")
    assert found["bob"]["proposals"]
    assert not set(found["bob"]["proposals"]) & set(found["alice"]["proposals"])


def test_the_address_is_that_of_the_running_demo(settings: Settings) -> None:
    announce(settings, "http://127.0.0.1:4711")
    assert describe(settings)["url"] == "http://127.0.0.1:4711"
