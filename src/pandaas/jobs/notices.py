"""What a person hears when her job has ended: a notice in the page, and mail for long ones where SMTP is configured."""

from __future__ import annotations

import smtplib
import threading
from email.message import EmailMessage

import structlog
from sqlalchemy.orm import Session

from pandaas.config import Settings
from pandaas.db import append
from pandaas.db.tables import Job, Notice, Person
from pandaas.model import Clock, JobState

log = structlog.get_logger(__name__)
_NOTICE_S = 30.0
_MAIL_TIMEOUT_S = 30
_WORDS = {
    JobState.SUCCEEDED: ("success", "is done"),
    JobState.FAILED: ("failure", "failed"),
    JobState.LOST: ("failure", "was lost"),
}


def leave_notice(session: Session, job: Job, about: str, clock: Clock) -> None:
    """A notice for jobs that took a while and for all that went wrong; short successes are seen on the page anyway."""
    if job.state not in _WORDS or (job.state == JobState.SUCCEEDED and (job.wall_s or 0) < _NOTICE_S):
        return
    level, word = _WORDS[JobState(job.state)]
    if job.warnings and level == "success":
        level = "warning"
    text = f"{about} {word}" + (f": {job.failure}" if job.failure else ".")
    notice = Notice(
        person_id=job.person_id, level=level, text=text[:500], link=f"/jobs/{job.id}", created=clock(), dismissed=None
    )
    session.add(notice)
    session.flush()
    append(session, "notice.created", str(notice.id), person_id=job.person_id, payload={"level": level}, clock=clock)


def mail_if_long(settings: Settings, job: Job, person: Person | None, about: str) -> None:
    """Send mail in the background when the job took longer than `mail.long_job_s`; a failure is only logged."""
    mail = settings.mail
    if not mail.host or person is None or not person.email or (job.wall_s or 0) < mail.long_job_s:
        return
    if job.state not in _WORDS:
        return
    message = EmailMessage()
    message["From"], message["To"] = mail.sender, person.email
    told = f"{about} {_WORDS[JobState(job.state)][1]}"
    message["Subject"] = " ".join(told.split())
    lines = [f"{told}. It took {_in_words(job.wall_s or 0)}."]
    lines += [text for text in (job.failure, job.remedy) if text]
    lines += [f"Warning: {text}" for text in job.warnings or ()]
    address = settings.server.public_url or f"http://{settings.server.host}:{settings.server.port}"
    lines.append(f"{address.rstrip('/')}/jobs/{job.id}")
    message.set_content("\n\n".join(lines))
    threading.Thread(target=_send, args=(settings, message, job.id), name="mail", daemon=True).start()


def _in_words(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def _send(settings: Settings, message: EmailMessage, job_id: str) -> None:
    try:
        with smtplib.SMTP(settings.mail.host or "", settings.mail.port, timeout=_MAIL_TIMEOUT_S) as server:
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail not sent", job=job_id, reason=str(error))
