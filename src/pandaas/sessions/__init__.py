"""Notebooks and desktops: start, reach, warn, hibernate, stop.

A session is a program of a person, run by the same sandbox and engine as jobs, that answers on a unix socket in its own
folder. The keeper brings sessions forward; the server's proxy leads browsers with the right cookie to the socket.
"""

from pandaas.sessions.keys import Entry
from pandaas.sessions.programs import Program, Programs
from pandaas.sessions.reach import Doorway
from pandaas.sessions.service import Capacity, Outlook, SessionRequest, SessionService, SessionView

__all__ = [
    "Capacity",
    "Doorway",
    "Entry",
    "Outlook",
    "Program",
    "Programs",
    "SessionRequest",
    "SessionService",
    "SessionView",
]
