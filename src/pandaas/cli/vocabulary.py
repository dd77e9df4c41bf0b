"""`pandaas vocabulary`: the techniques (PaNET) by which data are tagged and found."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.cli.facility import facility
from pandaas.cli.output import Json, emit, table
from pandaas.model import NotFound

if TYPE_CHECKING:
    from pandaas.catalogue import Techniques, TechniqueTerm


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The vocabulary of experimental techniques (PaNET).", no_args_is_help=True)
    group.command("load")(load)
    group.command("show")(show)
    group.command("list")(list_)
    group.command("search")(search)
    app.add_typer(group, name="vocabulary")


def load(
    file: Annotated[Path, typer.Argument(help="PaNET as OWL in RDF/XML, as its CSV source, or as resolved JSON.")],
    as_json: Json = False,
) -> None:
    """Take the techniques of a file in place of those loaded before; a file that can't be used changes nothing."""
    from pandaas.access import FACILITY
    from pandaas.catalogue import Vocabulary

    with facility() as local:
        techniques = Vocabulary(local.database, local.access).load(FACILITY, file)
    emit(
        _release(techniques),
        as_json,
        lambda: print(f"{len(techniques)} techniques from '{techniques.release.source}'."),
    )


def show(
    name: Annotated[str | None, typer.Argument(help="IRI, number, label or synonym of a technique.")] = None,
    as_json: Json = False,
) -> None:
    """Show which vocabulary is in use, or one technique with what is broader and narrower."""
    techniques = _techniques()
    if name is None:
        found = _release(techniques)
        emit(found, as_json, lambda: table(("", ""), list(found.items())))
        return
    iris = techniques.named(name)
    if not iris:
        similar = ", ".join(f"'{term.label}'" for term in techniques.search(name, 5))
        raise NotFound(f"There is no technique '{name[:100]}'.", remedy=f"Did you mean {similar}?" if similar else None)
    for iri in iris:
        one = _term(techniques, techniques.terms[iri])
        emit(one, as_json, partial(table, ("", ""), list(one.items())))


def list_(
    under: Annotated[str | None, typer.Option("--under", help="Only this technique and what is narrower.")] = None,
    as_json: Json = False,
) -> None:
    """List all techniques, as a tree where people read it; a technique with several parents stands below each."""
    techniques = _techniques()
    starts = techniques.roots() if under is None else techniques.named(under)
    if not starts:
        raise NotFound(f"There is no technique '{(under or '')[:100]}'.", remedy="Try `pandaas vocabulary search`.")
    known = techniques.terms if under is None else techniques.narrower_of(starts)
    emit(
        [_term(techniques, term) for iri, term in techniques.terms.items() if iri in known],
        as_json,
        lambda: _tree(techniques, starts, 0),
    )


def search(
    text: Annotated[str, typer.Argument(help="Words of a label or synonym.")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    as_json: Json = False,
) -> None:
    """Find techniques by words of their names, best first."""
    techniques = _techniques()
    found = techniques.search(text, limit)
    emit(
        [_term(techniques, term) for term in found],
        as_json,
        lambda: table(("label", "synonyms", "iri"), [(term.label, term.synonyms, term.iri) for term in found]),
    )


def _techniques() -> Techniques:
    from pandaas.catalogue import Vocabulary

    with facility() as local:
        return Vocabulary(local.database, local.access).techniques()


def _release(techniques: Techniques) -> dict[str, object]:
    release = techniques.release
    return {
        "source": release.source,
        "version": release.version,
        "loaded": release.loaded,
        "techniques": len(techniques),
    }


def _term(techniques: Techniques, term: TechniqueTerm) -> dict[str, object]:
    return {
        "iri": term.iri,
        "label": term.label,
        "synonyms": list(term.synonyms),
        "definition": term.definition,
        "broader": [techniques.label(iri) for iri in term.parents],
        "narrower": [techniques.label(iri) for iri in techniques.children(term.iri)],
    }


def _tree(techniques: Techniques, iris: tuple[str, ...], depth: int) -> None:
    for iri in iris:
        print("  " * depth + techniques.label(iri))
        _tree(techniques, techniques.children(iri), depth + 1)
