"""The n-D data service: one reader per format, slices, statistics, previews, geometry. It knows no catalogue.

What is offered here is imported when it is first asked for: reader processes and `pandaas view` should start fast.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandaas.arrays.export import Export
    from pandaas.arrays.names import is_attachment, is_zarr
    from pandaas.arrays.reader import ENTRY_POINTS, Contents, Reader, ReaderRegistry
    from pandaas.arrays.reduced import BRICK, TILE, Cell
    from pandaas.arrays.service import ArrayService
    from pandaas.arrays.through import Stack, Through, profiles, series
    from pandaas.arrays.values import Abandoned, FileIdentity, Geometry, Node, ScanResult, StoredBytes
    from pandaas.arrays.virtual_zarr import Key, parse_key

__all__ = [
    "BRICK",
    "ENTRY_POINTS",
    "TILE",
    "Abandoned",
    "ArrayService",
    "Cell",
    "Contents",
    "Export",
    "FileIdentity",
    "Geometry",
    "Key",
    "Node",
    "Reader",
    "ReaderRegistry",
    "ScanResult",
    "Stack",
    "StoredBytes",
    "Through",
    "is_attachment",
    "is_zarr",
    "parse_key",
    "profiles",
    "series",
]
_MODULES = {
    "export": ("Export",),
    "names": ("is_attachment", "is_zarr"),
    "reader": ("ENTRY_POINTS", "Contents", "Reader", "ReaderRegistry"),
    "reduced": ("BRICK", "TILE", "Cell"),
    "service": ("ArrayService",),
    "through": ("Stack", "Through", "profiles", "series"),
    "values": ("Abandoned", "FileIdentity", "Geometry", "Node", "ScanResult", "StoredBytes"),
    "virtual_zarr": ("Key", "parse_key"),
}


def __getattr__(name: str) -> Any:
    module = next((module for module, names in _MODULES.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
