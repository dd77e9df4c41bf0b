"""Tokens for slurmrestd, and what comes back of work that a person's own account ran."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pandaas.config import SlurmSettings
from pandaas.model import Unavailable
from pandaas.runtime.engines.slurm.driver import NoToken
from pandaas.runtime.engines.slurm.persons import bring_back
from pandaas.runtime.engines.slurm.tokens import Tokens, expired_since, token_for

EXIT = {
    "code": 0,
    "signal": None,
    "reason": "exit",
    "wall_s": 1.5,
    "cpu_s": 1,
    "max_rss_mb": 9,
    "started": 5,
    "ended": 6,
}


def tokens(**more: object) -> Tokens:
    return Tokens(SlurmSettings(rest_url="http://127.0.0.1:6820", rest_user="service", submit_as="person", **more))  # type: ignore[arg-type]


def test_persons_need_the_rest_service() -> None:
    with pytest.raises(ValueError, match="needs rest_url"):
        SlurmSettings(submit_as="person")


def test_the_services_token_speaks_for_who_has_none(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("SLURM_JWT=abc\n")
    assert tokens(rest_token=file).of("alice") == "abc"


def test_a_persons_token_is_read_again_each_time(tmp_path: Path) -> None:
    found = tokens(rest_tokens=tmp_path)
    with pytest.raises(NoToken, match="account alice yet"):
        found.of("alice")
    for text in ("one", "two"):
        (tmp_path / "alice").write_text(text)
        assert found.of("alice") == text


def test_one_that_ran_out_is_said_to_have(tmp_path: Path) -> None:
    old = token_for("alice", b"key", seconds=-60)
    (tmp_path / "alice").write_text(old)
    (tmp_path / "token").write_text(old)
    with pytest.raises(NoToken, match="account alice ran out on") as caught:
        tokens(rest_tokens=tmp_path).of("alice")
    assert "scontrol token username=alice" in (caught.value.remedy or "")
    with pytest.raises(Unavailable, match="ran out on"):
        tokens(rest_token=tmp_path / "token").of()
    assert expired_since(token_for("alice", b"key")) is None
    assert expired_since("what the facility's own tokens look like") is None


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    with pytest.raises(NoToken):
        tokens(rest_tokens=tmp_path / "tokens").of("../secret")


def test_log_and_record_come_back(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for text in ("one\n", "one\ntwo\n"):
        (own / "log.txt").write_text(text)
        bring_back(tmp_path)
        assert (tmp_path / "log.txt").read_text() == text
    (own / "exit.json").write_text(json.dumps(EXIT))
    bring_back(tmp_path)
    assert json.loads((tmp_path / "exit.json").read_text()) == {**EXIT, "detail": ""}


@pytest.mark.parametrize("record", ["[]", '{"reason": "mine"}', '{"reason": ["exit"]}', "{", "[" * 100_000])
def test_a_record_of_another_form_is_none(tmp_path: Path, record: str) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/exit.json").write_text(record)
    bring_back(tmp_path)
    assert not (tmp_path / "exit.json").exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(json.dumps(EXIT))
    work = tmp_path / "work"
    (work / "own").mkdir(parents=True)
    for name in ("log.txt", "exit.json", "supervisor.json"):
        (work / "own" / name).symlink_to(secret)
    bring_back(work)
    assert [path.name for path in work.iterdir()] == ["own"]
