"""Publications: datasets that are cited together, drafted by `client.draft_publication`, changed, published and cited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pandaas.client.datasets import Dataset
from pandaas.client.transport import Transport

Citation = Literal["text", "bibtex", "ris", "csl", "datacite", "schema.org"]

_A_PAGE = 100


class Publication:
    """A draft of yours, or what is published; it changes only by the methods here."""

    def __init__(self, transport: Transport, record: dict[str, Any]) -> None:
        self._transport = transport
        self._record = record

    @classmethod
    def load(cls, transport: Transport, pid: str) -> Publication:
        return cls(transport, transport.json("GET", f"/publications/{pid}"))

    @property
    def pid(self) -> str:
        return str(self._record["pid"])

    @property
    def state(self) -> str:
        """draft, published or withdrawn."""
        return str(self._record["state"])

    @property
    def title(self) -> str:
        return str(self._record["title"])

    @property
    def doi(self) -> str | None:
        """None until one is registered; `record["doi_state"]` says what it waits for."""
        found: str | None = self._record["doi"]
        return found

    @property
    def url(self) -> str:
        """The landing page."""
        return str(self._record["url"])

    @property
    def record(self) -> dict[str, Any]:
        """All that the service says of it, as of the last call."""
        return self._record

    def datasets(self) -> Iterator[Dataset]:
        """Its datasets in their order, as far as you may see them; asked for in pages."""
        offset = 0
        while True:
            params = {"limit": _A_PAGE, "offset": offset}
            page = self._transport.json("GET", f"/publications/{self.pid}", **params)["datasets"]
            yield from (Dataset(self._transport, record) for record in page)
            if len(page) < _A_PAGE:
                return
            offset += len(page)

    def refresh(self) -> Publication:
        self._record = self._transport.json("GET", f"/publications/{self.pid}")
        return self

    def change(
        self,
        *,
        title: str | None = None,
        abstract: str | None = None,
        creators: Sequence[Mapping[str, str]] | None = None,
        keywords: Sequence[str] | None = None,
        related: Sequence[Mapping[str, str]] | None = None,
        licence: str | None = None,
        publisher: str | None = None,
    ) -> Publication:
        """Change a draft, or amend what is published (its licence stays then). What isn't given stays as it is.

        `creators` are in the order of the citation: name, and where known affiliation and orcid; `related` are doi and
        relation in DataCite's words, for example `{"doi": "10.1107/…", "relation": "IsCitedBy"}`.
        """
        given: dict[str, Any] = {"title": title, "abstract": abstract, "licence": licence, "publisher": publisher}
        lists = {"creators": creators, "keywords": keywords, "related": related}
        given |= {name: None if value is None else list(value) for name, value in lists.items()}
        body = {name: value for name, value in given.items() if value is not None}
        self._record = self._transport.json("PATCH", f"/publications/{self.pid}", body=body)
        return self

    def publish(self) -> Publication:
        """Show it to everyone, for good. It opens no data."""
        return self._act("published")

    def withdraw(self, reason: str) -> Publication:
        """For operators: a page with the reason remains."""
        return self._act("withdrawn", {"reason": reason})

    def register_again(self) -> Publication:
        """Have a DOI that waits or was refused sent again."""
        return self._act("doi")

    def discard(self) -> None:
        """Throw a draft away."""
        self._transport.json("DELETE", f"/publications/{self.pid}")

    def citation(self, form: Citation = "text") -> str:
        """The citation in words, or the text for a reference manager (BibTeX, RIS) or a program (the others are JSON)."""
        return self._transport.request("GET", f"/publications/{self.pid}/citation", params={"format": form}).text

    def __repr__(self) -> str:
        return f"<Publication {self.pid} {self.state} '{self.title}'>"

    def _act(self, verb: str, body: dict[str, Any] | None = None) -> Publication:
        self._record = self._transport.json("POST", f"/publications/{self.pid}/{verb}", body=body)
        return self
