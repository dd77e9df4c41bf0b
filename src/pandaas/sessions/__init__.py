"""Notebooks and desktops: start, reach, warn, hibernate, stop.

A session is a program of a person, run by the same sandbox and engine as jobs, that answers on a unix socket in its own
folder. The keeper brings sessions forward; the server's proxy leads browsers with the right cookie to the socket.
"""

from pandaas.sessions.elsewhere import Condition, SessionProvider
from pandaas.sessions.elsewhere import Handle as ProviderHandle
from pandaas.sessions.elsewhere import JupyterHub as JupyterHubProvider
from pandaas.sessions.elsewhere import Order as ProviderOrder
from pandaas.sessions.folder import VIEW_PASSWORD
from pandaas.sessions.hub import HubPage, HubPerson, Server, ServerState, SessionHub
from pandaas.sessions.invitations import InvitationView, Invited
from pandaas.sessions.kernels import OpenNotebook
from pandaas.sessions.members import MemberView
from pandaas.sessions.messages import Said
from pandaas.sessions.more_time import TimeRequest
from pandaas.sessions.notebooks import SessionNotebooks
from pandaas.sessions.operation import Drain, Node
from pandaas.sessions.outlook import Outlook
from pandaas.sessions.presence import Key, Presence, Present
from pandaas.sessions.programs import Program, Programs
from pandaas.sessions.reach import Doorway
from pandaas.sessions.results import Registered, ResultFile, ResultList, ResultRequest, SessionResults
from pandaas.sessions.rights import Entry, Who
from pandaas.sessions.service import SessionService
from pandaas.sessions.software import Software
from pandaas.sessions.views import Capacity, SessionRequest, SessionView

__all__ = [
    "VIEW_PASSWORD",
    "Capacity",
    "Condition",
    "Doorway",
    "Drain",
    "Entry",
    "HubPage",
    "HubPerson",
    "InvitationView",
    "Invited",
    "JupyterHubProvider",
    "Key",
    "MemberView",
    "Node",
    "OpenNotebook",
    "Outlook",
    "Presence",
    "Present",
    "Program",
    "Programs",
    "ProviderHandle",
    "ProviderOrder",
    "Registered",
    "ResultFile",
    "ResultList",
    "ResultRequest",
    "Said",
    "Server",
    "ServerState",
    "SessionHub",
    "SessionNotebooks",
    "SessionProvider",
    "SessionRequest",
    "SessionResults",
    "SessionService",
    "SessionView",
    "Software",
    "TimeRequest",
    "Who",
]
