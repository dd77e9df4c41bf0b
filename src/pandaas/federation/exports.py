"""What is known of a dataset's making, in forms that other programs read: RO-Crate 1.1 and W3C PROV-JSON.

Sources: https://www.researchobject.org/ro-crate/specification/1.1/ and https://www.w3.org/submissions/prov-json/. Both say
only what the asker may see: they are made from the record and the graph as the catalogue gives them to her.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pandaas.catalogue import FileInfo, Provenance, ProvenanceNode, Record, Techniques
from pandaas.model import Parameter

_MOST_PARAMETERS = 200
_SPDX = re.compile(r"[A-Za-z0-9.+-]{1,64}")
METADATA = "ro-crate-metadata.json"


class Exports:
    """`base` is the platform's address without a slash at its end."""

    def __init__(self, base: str, record: Record, graph: Provenance, techniques: Techniques) -> None:
        self._base = base
        self._record = record
        self._graph = graph
        self._techniques = techniques

    # --- RO-Crate -------------------------------------------------------------------------------------------------

    def ro_crate(self, now: datetime) -> dict[str, Any]:
        """The metadata of a crate whose files stay at their web addresses (`ro-crate-metadata.json`)."""
        files = [self._file(file) for file in self._record.files if not file.missing]
        tools = {one["@id"]: one for one in (_software(node) for node in self._makers())}
        actions = [self._action(node) for node in self._makers()]
        related = [
            self._related(node) for node in self._graph.nodes if node.type == "dataset" and not self._is_root(node)
        ]
        terms = [self._term(iri) for iri in self._record.card.techniques]
        values = [_value(number, one) for number, one in enumerate(self._record.parameters[:_MOST_PARAMETERS])]
        licence = _licence(self._record.licence)
        parts = [*files, licence, *terms, *values, *actions, *tools.values(), *related]
        root = self._root(now, licence, files, terms, values, actions)
        head = {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        }
        return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": [head, root, *parts]}

    def _root(self, now: datetime, licence: dict[str, Any], *groups: list[dict[str, Any]]) -> dict[str, Any]:
        files, terms, values, actions = groups
        card, record = self._record.card, self._record
        released = record.release_time if record.release_time and record.release_time <= now else card.created
        root = {
            "@id": "./",
            "@type": "Dataset",
            "name": card.title,
            "description": record.description
            or f"{card.title}, of proposal {card.proposal} at {card.facility or 'a facility'}.",
            "identifier": card.pid,
            "url": self._page(card.pid),
            "version": str(card.version),
            "dateCreated": (card.start_time or card.created).isoformat(),
            "datePublished": released.isoformat(),
            "license": _to(licence),
            "hasPart": [_to(one) for one in files],
            "about": [_to(one) for one in terms],
            "variableMeasured": [_to(one) for one in values],
            "mentions": [_to(one) for one in actions],
            "isBasedOn": [{"@id": self._identity(source)} for source in self._direct_sources()],
        }
        return {key: value for key, value in root.items() if value not in ([], "")}

    def _file(self, file: FileInfo) -> dict[str, Any]:
        made = {
            "@id": f"{self._base}/api/v1/datasets/{self._record.pid}/files/{file.id}/content",
            "@type": "File",
            "name": file.name,
            "contentSize": str(file.size),
            "dateModified": file.modified.isoformat(),
            "encodingFormat": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        }
        return made | ({"sha256": file.sha256} if file.sha256 else {})

    def _action(self, node: ProvenanceNode) -> dict[str, Any]:
        inputs = [edge.source for edge in self._graph.edges if edge.target == node.id]
        results = [edge.target for edge in self._graph.edges if edge.source == node.id]
        made: dict[str, Any] = {
            "@id": f"#{node.id}",
            "@type": "CreateAction",
            "name": node.title,
            "instrument": {"@id": _software(node)["@id"]},
            "object": [{"@id": self._identity(one)} for one in dict.fromkeys(inputs)],
            "result": [{"@id": self._identity(one)} for one in dict.fromkeys(results)],
        }
        if node.type == "session" and node.detail:
            made["description"] = f"In a {node.detail}"
        if node.time:
            made["endTime"] = node.time.isoformat()
        return {key: value for key, value in made.items() if value != []}

    def _related(self, node: ProvenanceNode) -> dict[str, Any]:
        made = {"@id": self._page(node.id), "@type": "CreativeWork", "name": node.title, "identifier": node.id}
        return made | ({"dateCreated": node.time.isoformat()} if node.time else {})

    def _term(self, iri: str) -> dict[str, Any]:
        return {
            "@id": iri,
            "@type": "DefinedTerm",
            "name": self._techniques.label(iri),
            "termCode": iri.rsplit("/", 1)[-1],
        }

    # --- PROV -----------------------------------------------------------------------------------------------------

    def w3c_prov(self) -> dict[str, Any]:
        """The graph as a PROV-JSON document."""
        makers = {node.id: f"{node.type}:{node.id}" for node in self._makers()}
        entities = {
            f"dataset:{node.id}": {"prov:label": node.title, "prov:type": node.detail or "dataset"}
            for node in self._graph.nodes
            if node.type == "dataset"
        }
        activities = {makers[node.id]: _activity(node) for node in self._makers()}
        used, generated, derived = [], [], []
        inputs: dict[str, list[str]] = {}
        for edge in self._graph.edges:
            if edge.target in makers:
                role = {"prov:role": edge.label}
                used.append({"prov:activity": makers[edge.target], "prov:entity": f"dataset:{edge.source}"} | role)
                inputs.setdefault(edge.target, []).append(edge.source)
        for edge in self._graph.edges:
            if edge.source in makers:
                generated.append({"prov:entity": f"dataset:{edge.target}", "prov:activity": makers[edge.source]})
                derived += [(edge.target, one) for one in inputs.get(edge.source, ())]
            elif edge.target not in makers:
                derived.append((edge.target, edge.source))
        links = [
            {"prov:generatedEntity": f"dataset:{result}", "prov:usedEntity": f"dataset:{source}"}
            for result, source in dict.fromkeys(derived)
        ]
        made = {
            "prefix": {
                "dataset": f"{self._base}/datasets/",
                "job": f"{self._base}/jobs/",
                "session": f"{self._base}/sessions/",
            },
            "entity": entities,
            "activity": activities,
            "used": _numbered("u", used),
            "wasGeneratedBy": _numbered("g", generated),
            "wasDerivedFrom": _numbered("d", links),
        }
        return {key: value for key, value in made.items() if value}

    # --- both -----------------------------------------------------------------------------------------------------

    def _makers(self) -> list[ProvenanceNode]:
        return [node for node in self._graph.nodes if node.type != "dataset"]

    def _direct_sources(self) -> list[str]:
        """Datasets one step before this one, with or without a job or session between."""
        makers = {node.id for node in self._makers()}
        before = [edge.source for edge in self._graph.edges if edge.target == self._record.pid]
        through = [edge.source for edge in self._graph.edges if edge.target in makers & set(before)]
        return list(dict.fromkeys([*(one for one in before if one not in makers), *through]))

    def _is_root(self, node: ProvenanceNode) -> bool:
        return node.id == self._record.pid

    def _identity(self, pid: str) -> str:
        return "./" if pid == self._record.pid else self._page(pid)

    def _page(self, pid: str) -> str:
        return f"{self._base}/datasets/{pid}"


def _activity(node: ProvenanceNode) -> dict[str, Any]:
    said: dict[str, Any] = {"prov:label": node.title}
    if node.type == "session" and node.detail:
        said["prov:type"] = node.detail
    return said | ({"prov:endTime": node.time.isoformat()} if node.time else {})


def _software(node: ProvenanceNode) -> dict[str, Any]:
    name = node.title.removesuffix(node.version).strip()
    leads = "recipe" if node.type == "job" else "program"
    made = {"@id": f"#{leads}-{re.sub('[^A-Za-z0-9._-]', '-', node.title)}", "@type": "SoftwareApplication"}
    made["name"] = name or node.title
    return made | ({"softwareVersion": node.version} if node.version else {})


def _licence(name: str | None) -> dict[str, Any]:
    if name and _SPDX.fullmatch(name):
        return {"@id": f"https://spdx.org/licenses/{name}", "@type": "CreativeWork", "name": name}
    return {"@id": "#licence", "@type": "CreativeWork", "name": name or "No licence is stated"}


def _value(number: int, parameter: Parameter) -> dict[str, Any]:
    made = {"@id": f"#parameter-{number}", "@type": "PropertyValue", "name": parameter.name, "value": parameter.value}
    return made | ({"unitText": parameter.unit} if parameter.unit else {})


def _to(one: dict[str, Any]) -> dict[str, Any]:
    return {"@id": one["@id"]}


def _numbered(letter: str, rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"_:{letter}{number}": row for number, row in enumerate(rows, start=1)}
