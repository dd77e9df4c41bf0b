"""`pandaas search`: find datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pandaas.cli.output import Json, emit, size_text, table
from pandaas.cli.remote import TokenFile, Url, connected
from pandaas.model import InvalidInput, technique

_FACETS = ("facility", "instrument", "technique", "proposal", "year", "kind")


def register(app: typer.Typer) -> None:
    app.command("search")(search)


def search(
    query: Annotated[
        list[str] | None, typer.Argument(help="Free text and field:value terms, for example technique:SAXS silica.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to print.")] = 20,
    sort: Annotated[str | None, typer.Option(help="relevance, newest, oldest, title or size.")] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="FACET=VALUE, as on the page: technique=SAXS (its kinds included), year=2025."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Save all results instead: a file that ends in .csv, .json or .parquet.")
    ] = None,
    column: Annotated[list[str] | None, typer.Option(help="With --save: a parameter as column, with its unit.")] = None,
    facets: Annotated[bool, typer.Option("--facets", help="Print the counts per facet as well.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Find datasets by text and terms; prints identifiers for the other commands."""
    with connected(url, token_file) as client:
        results = client.search(" ".join(query or []), sort=sort, **_chosen(filters or []))
        if save is not None:
            path = results.save(save, columns=column or [])
            emit({"saved": str(path), "total": len(results)}, json, lambda: print(f"{len(results)} datasets in {path}"))
            return
        found = results[:limit]
        cards = [dataset.card for dataset in found]
        answer = {"total": len(results), "took_ms": results.took_ms, "facets": results.facets, "results": cards}

        def text() -> None:
            rows = [
                (d.pid, d.title, "/".join(d.techniques), d.proposal, d.start_time, size_text(d.size)) for d in found
            ]
            hint = f"Nothing found. {results.suggestion}" if results.suggestion else None
            for note in results.notes:
                print(note)
            columns = ("Dataset", "Title", "Technique", "Proposal", "Measured", "Size")
            table(columns, rows, empty=hint or "Nothing found.")
            if found:
                print(f"\n{len(found)} of {len(results)} datasets, {results.took_ms:.0f} ms")
            if facets:
                for name, counts in results.facets.items():
                    print(f"{name}: " + ", ".join(f"{value} ({count})" for value, count in counts.items()))

        emit(answer, json, text)


def _chosen(filters: list[str]) -> dict[str, Any]:
    """FACET=VALUE as the client takes them; several values of one facet are alternatives."""
    chosen: dict[str, Any] = {}
    for text in filters:
        facet, equals, value = text.partition("=")
        if facet not in _FACETS or not equals or not value:
            raise InvalidInput(f"'{text}' is no filter.", remedy=f"Give one of {', '.join(_FACETS)}, '=' and a value.")
        if facet == "technique" and (known := technique(value)) is not None:
            value = known.iri
        chosen.setdefault(facet, []).append(value)
    return chosen
