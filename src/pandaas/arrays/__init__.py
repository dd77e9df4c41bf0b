"""The n-D data service: one reader per format, slices, statistics, previews, geometry. It knows no catalogue."""

from pandaas.arrays.lanes import Abandoned
from pandaas.arrays.reader import ENTRY_POINTS, Contents, Reader, ReaderRegistry
from pandaas.arrays.service import ArrayService
from pandaas.arrays.values import FileIdentity, Geometry, Node, ScanResult

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
]
