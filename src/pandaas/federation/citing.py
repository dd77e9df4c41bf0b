"""A publication as it is cited: in words, and for BibTeX, RIS, CSL and schema.org."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pandaas.federation.datacite import parted

if TYPE_CHECKING:
    from pandaas.federation.publications import PublicationView

_BIBTEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "$": r"\$",
}


def in_words(view: PublicationView) -> str:
    """As DataCite recommends: creators (year): title. Publisher. Identifier."""
    names = [_short(one["name"]) for one in view.creators]
    return f"{'; '.join(names)} ({_when(view).year}): {view.title}. {view.publisher}. {view.identifier}"


def bibtex(view: PublicationView) -> str:
    authors = " and ".join(_comma(one["name"]) for one in view.creators)
    first = re.sub(r"[^a-z]", "", parted(view.creators[0]["name"])[0].lower()) if view.creators else "data"
    fields = {"author": authors, "title": view.title, "year": str(_when(view).year), "publisher": view.publisher}
    told = [f"  {name} = {{{_escaped(text)}}}" for name, text in fields.items()]
    told += [f"  doi = {{{view.doi}}}"] if view.doi else []
    told += [f"  url = {{{view.identifier}}}"]
    return f"@dataset{{{first or 'data'}_{view.pid},\n" + ",\n".join(told) + "\n}\n"


def ris(view: PublicationView) -> str:
    lines = [("TY", "DATA"), *(("AU", _comma(one["name"])) for one in view.creators)]
    lines += [("TI", view.title), ("PY", str(_when(view).year)), ("PB", view.publisher)]
    lines += [("DO", view.doi)] if view.doi else []
    lines += [("UR", view.identifier), *(("KW", word) for word in view.keywords), ("AB", view.abstract), ("ER", "")]
    return "".join(f"{tag}  - {' '.join(text.split())}\r\n" for tag, text in lines)


def csl(view: PublicationView) -> dict[str, Any]:
    when = _when(view)
    authors = [dict(zip(("family", "given"), parted(one["name"]), strict=True)) for one in view.creators]
    made: dict[str, Any] = {
        "id": view.pid,
        "type": "dataset",
        "title": view.title,
        "author": authors,
        "publisher": view.publisher,
    }
    made |= {"issued": {"date-parts": [[when.year, when.month, when.day]]}, "URL": view.identifier}
    return made | ({"abstract": view.abstract} if view.abstract else {}) | ({"DOI": view.doi} if view.doi else {})


def schema_org(view: PublicationView) -> dict[str, Any]:
    made: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": view.identifier,
        "name": view.title,
        "description": view.abstract or view.title,
        "creator": [_person(one) for one in view.creators],
        "publisher": {"@type": "Organization", "name": view.publisher},
        "datePublished": _when(view).date().isoformat(),
        "license": f"https://spdx.org/licenses/{view.licence}.html",
        "keywords": [*view.keywords, *view.technique_labels],
        "url": view.url,
        "hasPart": [
            {"@type": "Dataset", "name": card.title, "url": view.dataset_url(card.pid)} for card in view.datasets
        ],
    }
    return {key: value for key, value in made.items() if value != []}


def _person(values: Mapping[str, str]) -> dict[str, Any]:
    family, given = parted(values["name"])
    made: dict[str, Any] = {"@type": "Person", "name": f"{given} {family}".strip(), "familyName": family}
    made |= {"givenName": given} if given else {}
    made |= {"@id": f"https://orcid.org/{values['orcid']}"} if values.get("orcid") else {}
    if values.get("affiliation"):
        made["affiliation"] = {"@type": "Organization", "name": values["affiliation"]}
    return made


def _when(view: PublicationView) -> datetime:
    return view.published or view.changed


def _comma(name: str) -> str:
    family, given = parted(name)
    return f"{family}, {given}" if given else family


def _short(name: str) -> str:
    family, given = parted(name)
    letters = " ".join(f"{part[0]}." for part in given.split() if part)
    return f"{family}, {letters}" if letters else family


def _escaped(text: str) -> str:
    return "".join(_BIBTEX.get(letter, letter) for letter in " ".join(text.split()))
