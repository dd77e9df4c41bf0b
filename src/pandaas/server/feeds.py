"""Saved searches as Atom feeds (RFC 4287)."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from pandaas.catalogue import Feed
from pandaas.server import snippets

_ATOM = "http://www.w3.org/2005/Atom"


def atom(feed: Feed, url: str, address: str) -> bytes:
    """The feed as XML; `address` is where it lies itself."""
    root = Element("feed", xmlns=_ATOM)
    SubElement(root, "id").text = f"urn:pandaas:saved-search:{feed.id}"
    SubElement(root, "title").text = _storable(feed.name)
    SubElement(root, "updated").text = feed.updated.isoformat()
    SubElement(SubElement(root, "author"), "name").text = _storable(feed.owner)
    SubElement(root, "link", rel="self", href=address)
    SubElement(root, "link", rel="alternate", href=snippets.address(feed.query, url, "/search"))
    for card in feed.entries:
        entry = SubElement(root, "entry")
        SubElement(entry, "id").text = f"urn:pandaas:dataset:{card.pid}"
        SubElement(entry, "title").text = _storable(card.title)
        SubElement(entry, "updated").text = card.created.isoformat()
        SubElement(entry, "link", rel="alternate", href=f"{url}/datasets/{card.pid}")
        about = (card.sample, card.instrument, card.proposal, card.start_time and card.start_time.isoformat())
        SubElement(entry, "summary").text = _storable(" · ".join(part for part in about if part))
    text: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def _storable(text: str) -> str:
    """Without what XML can't hold."""
    return "".join(c if c >= " " and c not in "\ufffe\uffff" else " " for c in text)
