"""The end of a log, as it may be sent: bounded, without what opens doors."""

from __future__ import annotations

import re

LONGEST_LOG = 20_000
_LINES = 120
_PROPOSED = 8_000
_SECRETS = (
    re.compile(r"pandaas_[A-Za-z0-9_-]{8,}"),
    re.compile(r"(?i)(?<=bearer )\S+"),
    re.compile(r"(?i)(?<=token=)[^\s&\"']+"),
    re.compile(r"(?i)(?<=ticket=)[^\s&\"']+"),
    re.compile(r"(?i)(?<=password=)[^\s&\"']+"),
    re.compile(r"(?i)(?<=passwd=)[^\s&\"']+"),
    re.compile(r"(?i)(?<=secret=)[^\s&\"']+"),
    re.compile(r"(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"),
)


def excerpt(log: str) -> str:
    """The last 120 lines of `log`, at most 8,000 characters, with tokens and passwords struck out."""
    lines = log.replace("\r\n", "\n").rstrip().split("\n")[-_LINES:]
    text = "\n".join(lines)[-_PROPOSED:]
    for secret in _SECRETS:
        text = secret.sub("[struck out]", text)
    return text
