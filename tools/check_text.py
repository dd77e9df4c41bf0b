"""Checks on the files under version control that no linter makes.

- No package registry is named: where packages come from is the setting of each machine. The hosts are kept here as
  fingerprints, so that this file doesn't name them either.
- No lock records download addresses.
- Python modules stay below 500 lines, unless they only declare.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST_MODULE = 500
_HOST = re.compile(rb"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_BINARY = {".png", ".jpg", ".ico", ".h5", ".nxs", ".woff2", ".npy", ".cbf", ".edf", ".tif", ".tiff", ".gz", ".zip"}
# SHA-256 of each registry's host name, first 16 characters.
REGISTRIES = {
    "a4aa2ac280bb8d1a",
    "6af40d8f60238faa",
    "8b5bb5eb9d758455",
    "8743857e3ea00fd1",
    "3ca29e55be4befa4",
    "87d14f070cb96869",
    "e680c440a2e92079",
    "1ba4e37997a2e986",
    "2e97613f5a81eaa4",
    "4b602daf23ba2974",
    "789e46d79514e280",
    "00a7dc5a0cc38858",
    "51c6b9f69c48a75b",
    "4db460c55b85212e",
}


def main() -> int:
    problems = [problem for file in tracked() for problem in problems_of(file)]
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


def tracked() -> list[Path]:
    """Files under version control, and new ones that would be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def problems_of(file: Path) -> Iterator[str]:
    name = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
    if file.suffix in _BINARY:
        return
    content = file.read_bytes()
    hosts = sorted(set(registries_in(content)))
    if hosts:
        yield f"{name}: names a package registry ({', '.join(hosts)})"
    if file.name == "package-lock.json" and b'"resolved"' in content:
        yield f"{name}: records download addresses; set omit-lockfile-registry-resolved in web/.npmrc"
    lines = content.count(b"\n")
    if file.suffix == ".py" and lines > LONGEST_MODULE and b"def " in content:
        yield f"{name}: {lines} lines; does it hold two things?"


def registries_in(content: bytes) -> Iterator[str]:
    for match in _HOST.finditer(content):
        host = match[0].decode().lower()
        labels = host.split(".")
        for at in range(len(labels) - 1):
            if fingerprint(".".join(labels[at:])) in REGISTRIES:
                yield host


def fingerprint(host: str) -> str:
    return hashlib.sha256(host.encode()).hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
