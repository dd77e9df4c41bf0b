"""From the catalogue's values to what goes over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from pandaas.access import ProposalView
from pandaas.catalogue import (
    Assessment,
    Card,
    FileInfo,
    HistoryLine,
    IngestReport,
    ProposalContents,
    Provenance,
    QuarantineEntry,
    Record,
    SearchResult,
    Techniques,
    UploadStatus,
    ValidDataset,
)
from pandaas.db.tables import Person
from pandaas.model import Principal
from pandaas.server import present_values
from pandaas.server.present_values import technique, techniques
from pandaas.server.schemas import (
    DatasetCard,
    DatasetOut,
    FacetValue,
    FileOut,
    FindingOut,
    HistoryEntry,
    MemberOut,
    PersonOut,
    ProposalOut,
    ProvenanceOut,
    QualityOut,
    QuarantineOut,
    RelationEdge,
    RelationNode,
    SearchOut,
    UnderstoodTerm,
    UploadOut,
    ValidityOut,
    VersionOut,
)
from pandaas.server.services import Services


def card(values: Card) -> DatasetCard:
    return DatasetCard.model_validate(_card_fields(values))


def cards(values: Iterable[Card]) -> list[DatasetCard]:
    return [card(one) for one in values]


def dataset(record: Record) -> DatasetOut:
    fields = _card_fields(record.card) | {
        "description": record.description,
        "end_time": record.end_time,
        "licence": record.licence,
        "proposal_title": record.proposal_title,
        "definitions": list(record.definitions),
        "parameters": [present_values.parameter(one) for one in record.parameters],
        "arrays": [present_values.array(one) for one in record.arrays],
        "plot": present_values.plot(record.plot),
        "unread": list(record.unread),
        "extra": record.extra,
        "entry_path": record.entry_path,
        "file_count": len(record.files),
        "source_note": record.source_note,
        "missing_since": record.missing_since,
        "job": record.job,
        "session": record.session,
        "replaces": record.replaces,
        "replaced_by": record.replaced_by,
        "versions": [VersionOut(**asdict(one)) for one in record.versions],
        "may_write": record.may_write,
        "may_analyse": record.may_analyse,
        "client_path": record.client_path,
    }
    return DatasetOut.model_validate(fields)


def person(row: Person) -> PersonOut:
    return PersonOut.model_validate(
        {name: getattr(row, name) for name in ("id", "user", "name", "affiliation", "role")}
    )


def proposal(platform: Services, asker: Principal, view: ProposalView) -> ProposalOut:
    return proposals(platform, asker, [view])[0]


def proposals(platform: Services, asker: Principal, views: Sequence[ProposalView]) -> list[ProposalOut]:
    """Proposals with what this person may see in them; a few queries however many there are."""
    contents = platform.catalogue.contents(asker, [view.proposal.id for view in views])
    terms = platform.catalogue.vocabulary.techniques()
    return [_proposal(view, contents[view.proposal.id], terms) for view in views]


def files(values: Iterable[FileInfo]) -> list[FileOut]:
    return [FileOut(**asdict(one)) for one in values]


def provenance(graph: Provenance) -> ProvenanceOut:
    return ProvenanceOut(
        nodes=[RelationNode(**asdict(one)) for one in graph.nodes],
        edges=[RelationEdge(**asdict(one)) for one in graph.edges],
    )


def quality(found: Assessment | None) -> QualityOut:
    if found is None:
        return QualityOut(score=None, findings=[], schemas=[])
    findings = [FindingOut.model_validate(asdict(one)) for one in found.findings]
    return QualityOut(score=found.score, findings=findings, schemas=list(found.schemas))


def history(lines: Iterable[HistoryLine]) -> list[HistoryEntry]:
    return [HistoryEntry(**asdict(one)) for one in lines]


def search(result: SearchResult) -> SearchOut:
    return SearchOut(
        total=result.total,
        took_ms=result.took_ms,
        understood=[UnderstoodTerm(**vars(one)) for one in result.understood],
        facets={name: [FacetValue(**vars(one)) for one in values] for name, values in result.facets.items()},
        results=cards(result.results),
        suggestion=result.suggestion,
    )


def validity(values: ValidDataset) -> ValidityOut:
    return ValidityOut(
        dataset=card(values.card),
        purpose=values.purpose,
        start=values.start,
        end=values.end,
        valid_now=values.valid_now,
    )


def upload(status: UploadStatus) -> UploadOut:
    return UploadOut(
        id=status.id,
        name=status.name,
        size=status.size,
        offset=status.offset,
        state=status.state,
        detail=status.detail,
        datasets=list(status.datasets),
        quarantine=list(status.quarantine),
    )


def retried(entry_id: int, report: IngestReport) -> UploadOut:
    """What became of a quarantined file that was tried again."""
    failed = report.quarantined
    return UploadOut(
        id=str(entry_id),
        name=failed[0].name if failed else "",
        size=report.bytes,
        offset=report.bytes,
        state="failed" if failed else "complete",
        detail=failed[0].reason if failed else None,
        datasets=[one.pid for one in report.datasets],
        quarantine=[one.id for one in failed],
    )


def quarantine(entry: QuarantineEntry) -> QuarantineOut:
    return QuarantineOut(**asdict(entry))


def _proposal(view: ProposalView, contents: ProposalContents, terms: Techniques) -> ProposalOut:
    row = view.proposal
    fields = {
        name: getattr(row, name)
        for name in ("name", "title", "summary", "type", "facility", "start_time", "end_time", "release_time")
    }
    return ProposalOut.model_validate(
        {
            **fields,
            "instrument": view.instrument,
            "release_set": row.release_set,
            "open": view.is_open,
            "may_read": view.may_read,
            "may_decide": view.may_decide,
            "embargo_years": view.policy.embargo_years,
            "licence": view.policy.licence if view.policy.releases else None,
            "invoiced": view.policy.invoiced,
            "dataset_count": contents.count,
            "techniques": techniques(contents.techniques, terms),
            "last_dataset": card(contents.last) if contents.last else None,
            "my_role": view.my_role,
            "may_write": view.may_write,
            "may_manage": view.may_manage,
            "members": [MemberOut(person=person(one.person), role=one.role.value) for one in view.members],
        }
    )


def _card_fields(values: Card) -> dict[str, object]:
    fields = dict(vars(values))
    del fields["proposal_type"]
    labels = fields.pop("technique_labels")
    fields["techniques"] = [technique(iri, label) for iri, label in zip(values.techniques, labels, strict=True)]
    fields["main_shape"] = list(values.main_shape) if values.main_shape is not None else None
    return fields
