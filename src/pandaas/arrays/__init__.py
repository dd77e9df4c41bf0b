"""The n-D data service: one reader per format, slices, statistics, previews, geometry. It knows no catalogue.

`ArrayService` is imported when it is first asked for: reader processes import this package too, and should start fast.
"""

from typing import TYPE_CHECKING, Any

from pandaas.arrays.reader import ENTRY_POINTS, Contents, Reader, ReaderRegistry
from pandaas.arrays.values import Abandoned, FileIdentity, Geometry, Node, ScanResult, StoredBytes

if TYPE_CHECKING:
    from pandaas.arrays.service import ArrayService

__all__ = [
    "ENTRY_POINTS",
    "Abandoned",
    "ArrayService",
    "Contents",
    "FileIdentity",
    "Geometry",
    "Node",
    "Reader",
    "ReaderRegistry",
    "ScanResult",
    "StoredBytes",
]


def __getattr__(name: str) -> Any:
    if name == "ArrayService":
        from pandaas.arrays.service import ArrayService

        return ArrayService
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
