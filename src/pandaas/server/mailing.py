"""Notices as mail: what waits in the outbox is sent by whoever leads this work; what fails is tried again later."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import structlog
from sqlalchemy import select

from pandaas.config import Settings
from pandaas.db import Database
from pandaas.db.tables import Notice, Person

log = structlog.get_logger(__name__)
_TIMEOUT_S = 30
_AT_ONCE = 50


def send_waiting(database: Database, settings: Settings) -> int:
    """Send the notices that wait, each once; returns how many. Persons without an address get none."""
    with database.read() as session:
        query = select(Notice, Person.email, Person.disabled).join(Person, Person.id == Notice.person_id)
        waiting = session.execute(query.where(Notice.mail.is_not(None)).order_by(Notice.id).limit(_AT_ONCE)).all()
    if not waiting:
        return 0
    sent = 0
    try:
        with smtplib.SMTP(settings.mail.host or "", settings.mail.port, timeout=_TIMEOUT_S) as server:
            for notice, address, disabled in waiting:
                if address and not disabled and not _send(server, _message(settings, notice, address)):
                    continue
                with (
                    database.session() as session
                ):  # after sending: a crash in between sends it twice, never not at all
                    session.get_one(Notice, notice.id).mail = None
                sent += bool(address)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail waits", server=settings.mail.host, reason=str(error))
    return sent


def _send(server: smtplib.SMTP, message: EmailMessage) -> bool:
    try:
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        log.warning("mail refused", reason=str(error))  # no other time will be better
    except smtplib.SMTPResponseException as error:
        log.warning("mail waits", reason=str(error))
        return False
    return True


def _message(settings: Settings, notice: Notice, address: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail.sender, address, notice.mail
    base = settings.server.public_url or f"http://{settings.server.host}:{settings.server.port}"
    link = [f"{base.rstrip('/')}{notice.link}"] if notice.link else []
    message.set_content("\n\n".join([notice.text, *link]))
    return message
