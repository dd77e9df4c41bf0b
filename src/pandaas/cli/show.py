"""`pandaas show` and `pandaas download`: one dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandaas.cli.output import Json, emit, size_text, table
from pandaas.cli.remote import TokenFile, Url, connected

if TYPE_CHECKING:
    from pandaas.client import Dataset

Pid = Annotated[str, typer.Argument(help="Identifier of the dataset.")]


def register(app: typer.Typer) -> None:
    app.command("show")(show)
    app.command("download")(download)


def show(
    pid: Pid,
    path: Annotated[str | None, typer.Option("--path", help="Inner path: print what lies below it.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Show a dataset: what, when, where, its parameters, arrays and files; or its contents with --path."""
    with connected(url, token_file) as client:
        dataset = client.dataset(pid)
        if path is not None:
            tree = dataset.tree(path)
            emit(tree, json, lambda: _print_tree(tree, 0))
            return
        files = dataset.files
        shown = [{"id": f.id, "name": f.name, "size": f.size, "sha256": f.sha256, "missing": f.missing} for f in files]
        emit(dataset.record | {"files": shown}, json, lambda: _print_dataset(dataset, shown))


def download(
    pid: Pid,
    folder: Annotated[Path, typer.Argument(help="Where to put the files.")] = Path(),
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Download the files of a dataset; goes on where an interrupted download stopped, and compares checksums."""
    from pandaas.client import byte_bar

    with connected(url, token_file) as client, byte_bar(pid, shown=not json) as progress:
        paths = client.dataset(pid).download(folder, progress=progress)
    emit(paths, json, lambda: print(*paths, sep="\n"))


def _print_dataset(dataset: Dataset, files: list[dict[str, Any]]) -> None:
    record = dataset.record
    print(f"{dataset.title}\n")
    rows = [
        ("identifier", f"{dataset.pid}, version {dataset.version}"),
        ("state", f"{dataset.kind}, {dataset.state}"),
        ("release", _release(dataset)),
        ("licence", record.get("licence")),
        ("measured", dataset.start_time),
        ("instrument", " ".join(filter(None, (record["facility"], dataset.instrument)))),
        ("technique", ", ".join(technique["label"] for technique in record["techniques"])),
        ("proposal", f"{dataset.proposal} {record.get('proposal_title', '')}"),
        ("sample", dataset.sample),
        ("size", size_text(dataset.size)),
    ]
    table(("", ""), [row for row in rows if row[1]])
    if dataset.parameters:
        print()
        table(("Parameter", "Value", "Unit"), [(p.name, p.value, p.unit) for p in dataset.parameters.values()])
    if dataset.arrays:
        print()
        arrays = [(a.path, "×".join(map(str, a.shape)), a.dtype, a.unit) for a in dataset.arrays]
        table(("Array", "Shape", "Type", "Unit"), arrays)
    if files:
        print()
        table(
            ("File", "Size", ""), [(f["name"], size_text(f["size"]), "missing" if f["missing"] else "") for f in files]
        )


def _release(dataset: Dataset) -> str:
    day = f"{dataset.release_time:%d %B %Y}" if dataset.release_time else None
    if dataset.open:
        return f"open since {day}" if day else "open"
    return f"becomes open on {day}" if day else "not open, no date is set"


def _print_tree(node: dict[str, Any], level: int) -> None:
    shape = "×".join(map(str, node.get("shape") or ())) if node["kind"] == "dataset" else ""
    parts = [node["name"] or "/", node.get("nx_class"), node.get("dtype"), shape, node.get("unit"), node.get("target")]
    print("  " * level + "  ".join(str(part) for part in parts if part))
    for child in node.get("children") or []:
        _print_tree(child, level + 1)
