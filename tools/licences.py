"""Third-party licences, read from the locks: which there are, and that none is one we may not ship.

    python tools/licences.py            check, and that docs/reference/third-party-licences.md is current
    python tools/licences.py --write    write that page

Looked at: every package of requirements/platform.lock that is installed here, and every package that the page's bundle
is built from. GPL, AGPL and unknown licences fail; what is allowed nevertheless stands in `ALLOWED` with its reason.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/reference/third-party-licences.md"
FREE = re.compile(
    r"\b(MIT|BSD|Apache|ISC|0BSD|Python|PSF|CNRI|Zlib|MPL|Mozilla|HPND|CC0|CC-BY-4\.0|CC BY 4\.0|Unlicense|BlueOak|OFL|SIL|LGPL"
    r"|Public Domain|UPL|BSL-1\.0)",
    re.IGNORECASE,
)
COPYLEFT = re.compile(r"(?<!L)\b(AGPL|GPL|Affero|GNU General Public)|\bSSPL\b|\bBUSL", re.IGNORECASE)
# Package → why it may be used although its licence reads otherwise, or is not declared in a form we understand.
ALLOWED = {
    "hdf5plugin": "declares no licence field; its text is the MIT licence, its filters are permissive",
}


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    licence: str
    where: str
    url: str = ""

    @property
    def problem(self) -> str | None:
        """Why this package may not be shipped, or None."""
        if self.name in ALLOWED:
            return None
        if not self.licence:
            return f"{self.name} {self.version} ({self.where}): no licence is declared"
        choices = re.split(r"\s+OR\s+", self.licence.strip("() "))
        if any(FREE.search(choice) and not COPYLEFT.search(choice) for choice in choices):
            return None
        return f"{self.name} {self.version} ({self.where}): {self.licence}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the page")
    wanted = parser.parse_args()
    packages = [*python_packages(), *page_packages()]
    problems = [package.problem for package in packages if package.problem]
    text = _page(packages)
    if wanted.write:
        PAGE.write_text(text, "utf-8")
    elif not PAGE.is_file() or PAGE.read_text("utf-8") != text:
        problems.append(f"{PAGE.relative_to(ROOT)} is not current: run `make licences`.")
    for problem in problems:
        print(f"Licence: {problem}", file=sys.stderr)
    print(f"{len(packages)} third-party packages, {len(problems)} problems")
    return 1 if problems else 0


def python_packages() -> Iterator[Package]:
    """The platform's locked packages, as far as they are installed on this kind of machine."""
    lock = (ROOT / "requirements/platform.lock").read_text("utf-8")
    for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for other systems only (its marker says so)
        yield Package(name, found.version, _declared(found.metadata), "Python", _home(found.metadata))


def _declared(metadata: object) -> str:
    """The licence a package declares: its SPDX expression, else its classifiers, else the first line of its text."""
    get, get_all = metadata.get, metadata.get_all  # type: ignore[attr-defined]  # email.message.Message
    if expression := get("License-Expression"):
        return str(expression)
    classifiers = [str(line) for line in get_all("Classifier") or [] if str(line).startswith("License ::")]
    named = [line.split(" :: ")[-1] for line in classifiers if line.count("::") >= 2]
    if named:
        return ", ".join(named)
    text = str(get("License") or "").strip()
    return text.splitlines()[0][:80] if text else ""


def _home(metadata: object) -> str:
    lines = metadata.get_all("Project-URL") or []  # type: ignore[attr-defined]  # email.message.Message
    urls = {str(line).split(",", 1)[0].strip().lower(): str(line).split(",", 1)[1].strip() for line in lines}
    home = str(metadata.get("Home-page") or "")  # type: ignore[attr-defined]  # email.message.Message
    keys = ("source", "repository", "source code", "homepage", "github", "code")
    return next((urls[key] for key in keys if key in urls), home)


def page_packages() -> Iterator[Package]:
    """What the page's bundle is built from: everything in its lock that is not for development only."""
    file = ROOT / "web/package-lock.json"
    if not file.is_file():
        return
    seen = set()
    for path, entry in sorted(json.loads(file.read_text("utf-8"))["packages"].items()):
        name = path.rpartition("node_modules/")[2]
        if not name or entry.get("dev") or (name, entry["version"]) in seen:
            continue
        seen.add((name, entry["version"]))
        yield Package(name, entry["version"], str(entry.get("license", "")), "page")


def _page(packages: list[Package]) -> str:
    lines = [
        "# Third-party licences",
        "",
        "What PaN-DAaS is built on and ships with. `make licences` writes this page from the locks; a licence that is GPL,",
        "AGPL or unknown fails the checks. Analysis codes run in environments of their own and are not listed here.",
    ]
    for where, title in (("Python", "The platform (Python)"), ("page", "The page (JavaScript)")):
        lines += ["", f"## {title}", "", "| package | version | licence |", "|---|---|---|"]
        chosen = sorted((p for p in packages if p.where == where), key=lambda p: (p.name.lower(), p.version))
        lines += [f"| {_linked(p)} | {p.version} | {p.licence} |" for p in chosen]
    notes = [f"- `{name}`: {reason}" for name, reason in sorted(ALLOWED.items())]
    lines += ["", "## Notes", "", *notes, "- `psycopg` (LGPL-3.0) is used as a separate, replaceable library.", ""]
    return "\n".join(lines)


def _linked(package: Package) -> str:
    return f"[{package.name}]({package.url})" if package.url.startswith("http") else package.name


if __name__ == "__main__":
    sys.exit(main())
