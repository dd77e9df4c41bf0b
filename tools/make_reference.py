"""Writes the generated reference pages, or with `--check` compares them: command line, configuration, HTTP overview.

The pages come from the program itself, so a command or setting without a description fails here.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from pandaas.cli import build
from pandaas.cli.output import ExitCode
from pandaas.cli.reference import settings_reference

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs/reference"


def main() -> int:
    pages = {"cli.md": cli_page(), "configuration.md": configuration_page(), "http-api.md": http_page()}
    stale = []
    for name, text in pages.items():
        file = REFERENCE / name
        if "--check" not in sys.argv[1:]:
            file.write_text(text, "utf-8")
        elif not file.is_file() or file.read_text("utf-8") != text:
            stale.append(f"docs/reference/{name}")
    if stale:
        print(f"Not current: {', '.join(stale)}. Run `make reference`.", file=sys.stderr)
    return 1 if stale else 0


# --- command line -------------------------------------------------------------------------------------------------


def cli_page() -> str:
    root = typer.main.get_command(build())
    lines = [
        "# Command line",
        "",
        "One program, `pandaas`, serves and administers. Commands that talk to a running service take its",
        "address from `--url` or `PANDAAS_URL` and the token from `--token-file` or `PANDAAS_TOKEN`; the others work on",
        "`PANDAAS_HOME` of this computer. `--json` prints for programs; `pandaas --install-completion` adds completion to",
        "your shell.",
        "",
        "## Exit codes",
        "",
        "| code | meaning |",
        "|---|---|",
        *(f"| {int(code)} | {meaning} |" for code, meaning in EXIT_MEANINGS.items()),
        "",
        "## Commands",
    ]
    for path, command in _commands(root, ()):
        lines += ["", f"### pandaas {' '.join(path)}", "", *_command_lines(path, command)]
    return "\n".join(lines) + "\n"


EXIT_MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.FAILED: "the work was done and failed: a job, a verification, a check",
    ExitCode.USAGE: "wrong use, or an input that can't be used",
    ExitCode.NOT_FOUND: "not found, or nothing that you may see",
    ExitCode.NOT_ALLOWED: "sign in, or ask someone who may",
    ExitCode.CONFLICT: "changed in the meantime",
    ExitCode.UNAVAILABLE: "not available now; try again later",
    ExitCode.INTERRUPTED: "interrupted from the keyboard",
}


def _commands(group: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        here = (*path, name)
        if hasattr(command, "commands"):
            yield from _commands(command, here)
        else:
            yield here, command


def _command_lines(path: tuple[str, ...], command: Any) -> Iterator[str]:
    text = inspect.cleandoc(command.help or "")
    if not text:
        raise SystemExit(f"`pandaas {' '.join(path)}` has no description.")
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and not p.hidden and p.name != "help"]
    usage = " ".join([*path, *(_argument(p) for p in arguments)]) + (" [options]" if options else "")
    yield from (f"`pandaas {usage}`", "", re.sub(r"(?<!\n)\n(?!\n)", " ", text))
    if arguments or options:
        yield from ("", "| | |", "|---|---|")
    for parameter in (*arguments, *options):
        if not parameter.help:
            raise SystemExit(f"`pandaas {' '.join(path)}`: {parameter.name} has no description.")
        names = [f"`{_argument(parameter)}`"] if parameter in arguments else [f"`{name}`" for name in _names(parameter)]
        yield f"| {', '.join(names)} | {parameter.help}{_default(parameter)} |".replace("\n", " ")


def _argument(parameter: Any) -> str:
    name = parameter.name.upper()
    many = "…" if parameter.nargs == -1 else ""
    return f"{name}{many}" if parameter.required else f"[{name}{many}]"


def _names(parameter: Any) -> list[str]:
    return [*parameter.opts, *parameter.secondary_opts]


def _default(parameter: Any) -> str:
    shown = parameter.default
    if shown is None or shown is False or shown == () or callable(shown) or parameter.required or shown == []:
        return ""
    return f" Default: `{'yes' if shown is True else shown}`."


# --- configuration ------------------------------------------------------------------------------------------------


def configuration_page() -> str:
    lines = [
        "# Configuration",
        "",
        "One tree of settings, read from a TOML file and from variables; a variable wins over the file. The file is the one",
        "that `PANDAAS_CONFIG` names, else `pandaas.toml` in `PANDAAS_HOME`. A name that is no setting is an error.",
        "`pandaas config show` prints what is in force, `pandaas config schema --json` the JSON Schema.",
        "",
        "`PANDAAS_HOME` is the folder for database, results, uploads, environments and logs: the variable, else `.demo/` of",
        "the checkout that the program is installed from if it exists, else `~/.pandaas`. A variable holds a list as TOML or",
        "JSON: `PANDAAS_RUNTIME__RECIPE_FOLDERS='[\"/srv/recipes\"]'`. An example for a facility is in `deploy/pandaas.toml`.",
    ]
    sections: dict[str, list[str]] = {}
    for entry in settings_reference():
        if not entry.description:
            raise SystemExit(f"The setting {entry.name} has no description.")
        section, _, name = entry.name.rpartition(".")
        cells = (f"`{name}`", entry.type.replace("|", "or"), entry.default, entry.description.replace("|", "\\|"))
        sections.setdefault(section or "general", []).append("| " + " | ".join(cells) + " |")
    for section, rows in sections.items():
        lines += ["", f"## {section}", "", "| setting | type | default | meaning |", "|---|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


# --- HTTP ---------------------------------------------------------------------------------------------------------


def http_page() -> str:
    document = json.loads((REFERENCE / "openapi.json").read_text("utf-8"))
    lines = [
        "# HTTP interface",
        "",
        "Everything that the page does, it does through this interface. The whole description is served at",
        "`/api/openapi.json`. Programs send `Authorization: Bearer <token>`; a browser's cookie additionally needs the header",
        "`X-PaNDAaS: 1` and a matching `Origin` on everything that changes something. Errors are problem details (RFC 9457)",
        "with `detail`, `remedy` and `field`. What you may not see answers 404.",
        "",
        "Every dataset is also a Zarr store below `/zarr/{pid}`, and by an address with its own key below",
        "`/c/{key}/zarr/{pid}`: see [Open data in other programs](../how-to/open-in-other-programs.md).",
        "",
        "Arrays come as bytes in C order with `X-Shape`, `X-Dtype` and an `ETag`; `selection` is written as in NumPy:",
        "`0,:,::4`. Detector frames stored in Bitshuffle chunks come as they are stored, in a tenth of the bytes, to who asks",
        "for `.../data` with `Accept: application/vnd.pandaas.bitshuffle-lz4` (or `-zstd`): 8 bytes with the decoded size and 4",
        "with that of a block (big-endian), then the blocks, each after 4 bytes of length.",
        "",
        "Images larger than the screen come in tiles, volumes in bricks: `.../pyramid` tells the levels, each with half the values",
        "of the one before along every axis shown, and `.../tile?level=2&row=0&column=1&frame=3` gives a part of one. `method` is",
        "`max` (small peaks survive) or `mean`; masked pixels and sentinels don't count. Values are 32-bit floating point with NaN",
        "where nothing was measured; with `low` and `high` they are whole numbers of 8 bits (or `bits=16`): 0 where nothing was",
        "measured, from 1 for `low` to the largest for `high`. With the `Accept` above they come in one Bitshuffle chunk.",
    ]
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            text = (operation.get("description") or operation.get("summary") or "").split("\n\n")[0].replace("\n", " ")
            row = f"| `{method.upper()} {path}` | {text.replace('|', chr(92) + '|')} |"
            by_tag.setdefault((operation.get("tags") or ["other"])[0], []).append(row)
    for tag, rows in by_tag.items():
        lines += ["", f"## {tag}", "", "| request | |", "|---|---|", *rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
