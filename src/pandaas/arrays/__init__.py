"""The n-D data service: one reader per format, slices, statistics, previews, geometry. It knows no catalogue.

`ArrayService` and what it needs are imported when they are first asked for: reader processes import this package too,
and should start fast.
"""

import importlib
from typing import TYPE_CHECKING, Any

from pandaas.arrays.reader import ENTRY_POINTS, Contents, Reader, ReaderRegistry
from pandaas.arrays.values import Abandoned, FileIdentity, Geometry, Node, ScanResult, StoredBytes

if TYPE_CHECKING:
    from pandaas.arrays.scanning import is_attachment, is_zarr
    from pandaas.arrays.service import ArrayService
    from pandaas.arrays.virtual_zarr import Key, parse_key

__all__ = [
    "ENTRY_POINTS",
    "Abandoned",
    "ArrayService",
    "Contents",
    "FileIdentity",
    "Geometry",
    "Key",
    "Node",
    "Reader",
    "ReaderRegistry",
    "ScanResult",
    "StoredBytes",
    "is_attachment",
    "is_zarr",
    "parse_key",
]
_MODULES = {
    "ArrayService": "service",
    "Key": "virtual_zarr",
    "is_attachment": "scanning",
    "is_zarr": "scanning",
    "parse_key": "virtual_zarr",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
