"""What a person hears at the end: mail for long jobs, and the correction of a job that was taken for lost."""

from __future__ import annotations

import json
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import ClassVar

import pytest

from pandaas.config import load_settings
from pandaas.db.tables import Job, Person
from pandaas.jobs import notices
from pandaas.jobs.ending import ending_of
from pandaas.jobs.folder import JobFolder
from pandaas.model import JobState, utc_now
from pandaas.runtime import ExitRecord
from pandaas.testing.workshop import Workshop


class _Server:
    """Takes mail instead of an SMTP server."""

    sent: ClassVar[list[EmailMessage]] = []
    done = threading.Event()

    def __init__(self, host: str, port: int, timeout: float) -> None:
        assert (host, port) == ("mail.example.org", 2525)

    def __enter__(self) -> _Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()

    def send_message(self, message: EmailMessage) -> None:
        self.sent.append(message)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[EmailMessage]:
    _Server.sent.clear()
    _Server.done.clear()
    monkeypatch.setattr(notices.smtplib, "SMTP", _Server)
    return _Server.sent


def _job(**values: object) -> Job:
    return Job(id="job-1", person_id=1, state="failed", wall_s=700.0, failure="The beam was off.", **values)


def test_a_long_job_is_announced_by_mail(tmp_path: Path, sent: list[EmailMessage]) -> None:
    settings = load_settings(
        home=tmp_path,
        mail={"host": "mail.example.org", "port": 2525, "long_job_s": 600},
        server={"public_url": "https://data.example.org"},
    )
    job = _job(warnings=["The beam stop moved."])
    notices.mail_if_long(settings, job, Person(name="A", email="a@example.org"), "Integration of “Silica”")
    assert _Server.done.wait(5)
    assert sent[0]["Subject"] == "Integration of “Silica” failed"
    assert sent[0]["To"] == "a@example.org"
    body = sent[0].get_content()
    assert "It took 12 minutes." in body
    assert "The beam was off." in body
    assert "Warning: The beam stop moved." in body
    assert "https://data.example.org/jobs/job-1" in body


@pytest.mark.parametrize(
    ("mail", "wall_s", "email"),
    [
        ({}, 700.0, "a@example.org"),
        ({"host": "mail.example.org", "port": 2525}, 5.0, "a@example.org"),
        ({"host": "mail.example.org", "port": 2525}, 700.0, None),
    ],
)
def test_short_jobs_and_unknown_addresses_send_nothing(
    tmp_path: Path, sent: list[EmailMessage], mail: dict[str, object], wall_s: float, email: str | None
) -> None:
    job = _job()
    job.wall_s = wall_s
    notices.mail_if_long(load_settings(home=tmp_path, mail=mail), job, Person(name="A", email=email), "Integration")
    assert not _Server.done.wait(0.1)
    assert sent == []


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"reason": "memory", "signal": 9}, "more than 300 MB"),
        ({"reason": "disk", "signal": 9}, "disk became full"),
        ({"reason": "output", "signal": 9}, "more than the 20 GB that it may"),
        ({"reason": "timeout", "signal": 9}, "longer than the limit of 2 h"),
        ({"code": 127}, "could not be started: no such file"),
        ({"code": 139, "signal": 11}, "crashed (memory access error)"),
        ({"code": 137, "signal": 9}, "killed from outside"),
        ({"code": 1}, "The program failed: no such file"),
        ({"code": 0}, "without writing a result"),
    ],
)
def test_each_end_is_one_plain_sentence_with_a_remedy(tmp_path: Path, record: dict[str, object], words: str) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "log.txt").write_text("starting\nno such file\n\n")
    (tmp_path / "spec.json").write_text(json.dumps({"output_mb": 20_000}))
    base = {"code": None, "signal": None, "reason": "exit", "wall_s": 1, "cpu_s": 1, "max_rss_mb": 1}
    found = ending_of(
        Job(memory_mb=300, time_limit_s=7200),
        JobFolder(tmp_path),
        ExitRecord(**{**base, "started": 1, "ended": 2, **record}),  # type: ignore[arg-type]
    )
    assert found.state is JobState.FAILED
    assert words in (found.failure or "")
    assert found.remedy


def test_an_exit_record_that_turns_up_corrects_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop = Workshop(tmp_path)
    job_id = workshop.start("alice", "sum-whole", workshop.dataset())
    folder = workshop.jobs.folder(job_id)
    folder.output.mkdir(parents=True)
    with workshop.database.session() as session:
        job = session.get_one(Job, job_id)
        job.state, job.ended, job.engine_handle = "lost", utc_now(), {"folder": str(folder.path)}
    reconciler = workshop.jobs._reconciler
    reconciler.step()
    assert workshop.wait(job_id).job.state == "lost"
    record = {"code": 1, "signal": None, "reason": "exit", "wall_s": 1, "cpu_s": 1, "max_rss_mb": 1}
    (folder.path / "exit.json").write_text(json.dumps({**record, "started": 1.0, "ended": 2.0}))
    reconciler._lost_looked = float("-inf")
    reconciler.step()
    assert workshop.wait(job_id).job.state == "failed"
    workshop.close()
