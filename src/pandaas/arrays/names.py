"""What the name of a file, or what lies in a folder, says without opening anything."""

from __future__ import annotations

import fnmatch
from pathlib import Path

_ATTACHMENTS = (
    "readme*",
    "licen[sc]e*",
    "*.md",
    "*.rst",
    "*.poni",
    "*.geom",
    "karabo_data_map*.json",
    "*.cfg",
    "*.conf",
    "*.ini",
    "*.yaml",
    "*.yml",
    "*.toml",
    "*.md5",
    "*.sha256",
    "*.pdf",
)
_ZARR_MARKS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")


def is_zarr(path: Path) -> bool:
    return path.is_dir() and any((path / mark).is_file() for mark in _ZARR_MARKS)


def is_attachment(path: Path) -> bool:
    """README, licence, configuration, PONI, checksums: they accompany data and hold none."""
    name = path.name.lower()
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _ATTACHMENTS)
