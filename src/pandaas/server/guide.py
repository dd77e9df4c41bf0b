"""The documentation as the page shows it: Markdown files that travel with the program."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from pandaas.config import bundled
from pandaas.model import NotFound
from pandaas.server.schemas import HelpEntry, HelpPage

Section = Literal["tutorials", "how-to", "reference", "explanation"]
SECTIONS: tuple[Section, ...] = get_args(Section)
_IMAGES = {".png": "image/png", ".svg": "image/svg+xml"}


@cache
def index() -> list[HelpEntry]:
    """All pages by section in the order of a reader: tutorials first."""
    return [
        _entry(section, file, file.read_text("utf-8"))
        for section in SECTIONS
        for file in sorted((bundled("docs") / section).rglob("*.md"))
        if file.name != "index.md"
    ]


def page(path: str) -> HelpPage:
    """One page by its path without `.md`, for example `tutorials/first-analysis`."""
    known = {entry.path: entry for entry in index()}
    entry = known.get(path.removesuffix(".md").strip("/"))
    if entry is None:
        raise NotFound(f"There is no help page '{path[:200]}'.", remedy="Choose one from the list of topics.")
    text = (bundled("docs") / f"{entry.path}.md").read_text("utf-8")
    return HelpPage(**entry.model_dump(), markdown=text)


def image(path: str) -> tuple[Path, str]:
    """The file and media type of a picture in the documentation."""
    root = (bundled("docs") / "images").resolve()
    file = (root / path).resolve() if "\x00" not in path else root
    if not file.is_relative_to(root) or not file.is_file() or file.suffix not in _IMAGES:
        raise NotFound(f"There is no picture '{path[:200]}'.")
    return file, _IMAGES[file.suffix]


def _entry(section: Section, file: Path, text: str) -> HelpEntry:
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    title = heading.group(1).strip() if heading else file.stem.replace("-", " ").capitalize()
    body = text[heading.end() :] if heading else text
    first = next((part for part in body.split("\n\n") if part.strip() and part.strip()[0] not in "#>|`-!"), "")
    summary = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", " ".join(first.split())).replace("**", "").replace("`", "")
    path = file.relative_to(bundled("docs")).with_suffix("").as_posix()
    return HelpEntry(path=path, title=title, section=section, summary=summary[:300])
