"""`pandaas search`: find datasets."""

from __future__ import annotations

from typing import Annotated

import typer

from pandaas.cli.output import Json, emit, size_text, table
from pandaas.cli.remote import TokenFile, Url, connected


def register(app: typer.Typer) -> None:
    app.command("search")(search)


def search(
    query: Annotated[
        list[str] | None, typer.Argument(help="Free text and field:value terms, for example technique:SAXS silica.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to print.")] = 20,
    sort: Annotated[str | None, typer.Option(help="relevance, newest, oldest, title or size.")] = None,
    facets: Annotated[bool, typer.Option("--facets", help="Print the counts per facet as well.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Find datasets by text and terms; prints identifiers for the other commands."""
    with connected(url, token_file) as client:
        results = client.search(" ".join(query or []), sort=sort)
        found = results[:limit]
        cards = [dataset.card for dataset in found]
        answer = {"total": len(results), "took_ms": results.took_ms, "facets": results.facets, "results": cards}

        def text() -> None:
            rows = [
                (d.pid, d.title, "/".join(d.techniques), d.proposal, d.start_time, size_text(d.size)) for d in found
            ]
            hint = f"Nothing found. Without '{results.suggestion}' there is more." if results.suggestion else None
            columns = ("Dataset", "Title", "Technique", "Proposal", "Measured", "Size")
            table(columns, rows, empty=hint or "Nothing found.")
            if found:
                print(f"\n{len(found)} of {len(results)} datasets, {results.took_ms:.0f} ms")
            if facets:
                for name, counts in results.facets.items():
                    print(f"{name}: " + ", ".join(f"{value} ({count})" for value, count in counts.items()))

        emit(answer, json, text)
