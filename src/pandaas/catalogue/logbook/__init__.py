"""The logbook of a proposal: Markdown entries with pictures and linked datasets, never released with the data."""

from pandaas.catalogue.logbook.book import Logbook
from pandaas.catalogue.logbook.values import Entry, EntryPage, Image, Revision, TextPart

__all__ = ["Entry", "EntryPage", "Image", "Logbook", "Revision", "TextPart"]
