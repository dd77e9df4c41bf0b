"""People and proposals from the user office: read, compared, shown, applied."""

from pandaas.access.office.difference import Change, Plan
from pandaas.access.office.feed import Feed
from pandaas.access.office.service import Office, OfficeRunView
from pandaas.access.office.sources import FileSource, OfficeSource, source_of

__all__ = ["Change", "Feed", "FileSource", "Office", "OfficeRunView", "OfficeSource", "Plan", "source_of"]
