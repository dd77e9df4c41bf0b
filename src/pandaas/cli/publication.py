"""`pandaas publication`: datasets that are cited together."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandaas.cli.output import Json, emit, size_text, table
from pandaas.cli.remote import TokenFile, Url, connected
from pandaas.model import InvalidInput

if TYPE_CHECKING:
    from pandaas.client import Publication

Pid = Annotated[str, typer.Argument(help="Identifier of the publication.")]
_WORDS = ("title", "abstract", "licence", "publisher")
_LISTS = ("creators", "keywords", "related")
_FIELDS = (*_WORDS, *_LISTS)


class Form(StrEnum):
    TEXT = "text"
    BIBTEX = "bibtex"
    RIS = "ris"
    CSL = "csl"
    DATACITE = "datacite"
    SCHEMA_ORG = "schema.org"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Datasets that are cited together.", no_args_is_help=True)
    for name, command in (
        ("list", list_publications),
        ("show", show),
        ("draft", draft),
        ("change", change),
        ("publish", publish),
        ("cite", cite),
        ("discard", discard),
        ("withdraw", withdraw),
        ("register", register_doi),
    ):
        group.command(name)(command)
    app.add_typer(group, name="publication")


def list_publications(
    dataset: Annotated[str | None, typer.Option(help="Only those that this dataset is in.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List your drafts and what is published, newest first."""
    with connected(url, token_file) as client:
        found = [one.record for one in client.publications(dataset)]
        rows = [(one["pid"], one["state"], one["title"], one["count"], one["doi"] or "") for one in found]
        emit(found, json, lambda: table(("Publication", "State", "Title", "Datasets", "DOI"), rows, empty="None."))


def show(pid: Pid, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """Show one publication: who, what, how it is cited."""
    with connected(url, token_file) as client:
        _told(client.publication(pid), as_json=json)


def draft(
    datasets: Annotated[list[str] | None, typer.Argument(help="Datasets that you lead.")] = None,
    collection: Annotated[int | None, typer.Option(help="The datasets of this collection instead.")] = None,
    title: Annotated[str | None, typer.Option(help="Default: from the collection or the data.")] = None,
    abstract: Annotated[str | None, typer.Option(help="What the data show.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Begin a publication, filled with what is known. Only you see it until it is published."""
    if not datasets and collection is None:
        raise InvalidInput("Nothing to publish.", remedy="Name datasets, or a collection.", field="datasets")
    with connected(url, token_file) as client:
        made = client.draft_publication(datasets or (), collection=collection, title=title, abstract=abstract)
        _told(made, as_json=json)


def change(
    pid: Pid,
    file: Annotated[
        Path | None, typer.Argument(help=f"TOML or JSON file with any of: {', '.join(_FIELDS)} (as --json shows them).")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Another title.")] = None,
    abstract: Annotated[str | None, typer.Option(help="Another text.")] = None,
    keyword: Annotated[list[str] | None, typer.Option(help="A keyword; may be repeated, replaces all.")] = None,
    licence: Annotated[str | None, typer.Option(help="SPDX identifier; only of a draft.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Change a draft, or amend what is published. Creators and related papers come from a file."""
    given: dict[str, Any] = _read(file) if file else {}
    options = {"title": title, "abstract": abstract, "keywords": keyword or None, "licence": licence}
    given |= {name: value for name, value in options.items() if value is not None}
    if not given:
        raise InvalidInput("Nothing to change.", remedy="Give a file or an option, see --help.", field="file")
    with connected(url, token_file) as client:
        _told(client.publication(pid).change(**given), as_json=json)


def publish(
    pid: Pid,
    confirm: Annotated[str, typer.Option("--confirm", help="The identifier again: it is shown to everyone, for good.")],
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Show it to everyone, for good, and have a DOI registered where DOIs are configured. It opens no data."""
    if confirm != pid:
        raise InvalidInput("--confirm repeats the identifier.", field="confirm")
    with connected(url, token_file) as client:
        _told(client.publication(pid).publish(), as_json=json)


def cite(
    pid: Pid,
    form: Annotated[Form, typer.Option("--format", help="Words, a reference manager's file, or metadata.")] = Form.TEXT,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Print the citation."""
    with connected(url, token_file) as client:
        print(client.publication(pid).citation(form.value))


def discard(pid: Pid, url: Url = None, token_file: TokenFile = None) -> None:
    """Throw a draft away; the data stay."""
    with connected(url, token_file) as client:
        client.publication(pid).discard()
        print(f"{pid} is gone.")


def withdraw(
    pid: Pid,
    reason: Annotated[str, typer.Option(help="Shown on the page that remains.")],
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """For operators: withdraw what is published; a page with the reason remains."""
    with connected(url, token_file) as client:
        _told(client.publication(pid).withdraw(reason), as_json=json)


def register_doi(pid: Pid, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """Have a DOI that waits or was refused sent again."""
    with connected(url, token_file) as client:
        _told(client.publication(pid).register_again(), as_json=json)


def _told(publication: Publication, *, as_json: bool) -> None:
    emit(publication.record, as_json, lambda: _print(publication.record))


def _print(page: dict[str, Any]) -> None:
    print(f"{page['pid']}  {page['state']}  {page['title']}")
    if page["reason"]:
        print(f"Withdrawn: {page['reason']}")
    if page["creators"]:
        print(f"By {'; '.join(one['name'] for one in page['creators'])}")
    print(f"{page['count']} datasets, {size_text(page['size'])}, {page['open']} of them open; {page['licence']}")
    if page["doi_state"] not in {"none", "registered"}:
        print(f"DOI {page['doi_state']}" + (f": {page['doi_note']}" if page["doi_note"] else ""))
    print(page["citation"])


def _read(file: Path) -> dict[str, Any]:
    import json as json_module

    try:
        text = file.read_text("utf-8")
        found = json_module.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (UnicodeDecodeError, ValueError) as error:
        raise InvalidInput(f"{file} can't be read: {error}.", remedy="It is TOML, or JSON.", field="file") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{file} is no table.", remedy=f"It may hold {', '.join(_FIELDS)}.", field="file")
    unknown = sorted(set(found) - set(_FIELDS))
    if unknown:
        remedy = f"What can be changed: {', '.join(_FIELDS)}."
        raise InvalidInput(f"{file}: unknown {', '.join(unknown)}.", remedy=remedy, field="file")
    for name, value in found.items():
        if not isinstance(value, str if name in _WORDS else list):
            kind = "a text" if name in _WORDS else "a list"
            raise InvalidInput(
                f"{file}: {name} is {kind}.", remedy="See `pandaas publication show --json`.", field=name
            )
    return found
