"""HDF5 and everything that is HDF5 inside: NeXus, NXcanSAS, DXchange, openPMD, EIGER; also compressed with xz."""

from __future__ import annotations

import io
import lzma
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401 - registers the compression filters

from pandaas.arrays.links import open_hdf5
from pandaas.arrays.reader import Contents
from pandaas.model import UnreadableFile

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_XZ = b"\xfd7zXZ\x00"
_ENDINGS = (".h5", ".hdf5", ".hdf", ".nxs", ".nx5", ".nexus", ".cxi", ".pbr", ".he5", ".h4", ".nxs.ngv")
_MAX_UNPACKED = 512 * 1024 * 1024


class Hdf5Reader:
    name = "hdf5"
    formats = frozenset({"hdf5", "nexus", "nxcansas", "dxchange", "openpmd", "eiger", "raw-series"})

    def claims(self, path: Path, head: bytes) -> int:
        if head.startswith(_SIGNATURE):
            return 100
        named = path.name.lower().endswith((*_ENDINGS, ".h5.xz", ".hdf5.xz", ".nxs.xz"))
        if head.startswith(_XZ):
            return 90 if named else 0
        # A user block before the signature is a power of two long, 512 at least.
        at = 512
        while at < len(head):
            if head[at : at + 8] == _SIGNATURE:
                return 95
            at *= 2
        return 20 if named else 0

    def open(self, path: Path) -> Contents:
        with path.open("rb") as stream:
            packed = stream.read(len(_XZ)) == _XZ
        if packed:
            buffer = unpack(path, lzma.open)
            return Contents(path, "hdf5", _from_memory(path, buffer), closers=[buffer.close])
        return Contents(path, "hdf5", open_hdf5(path), on_disk=True)


def unpack(path: Path, opener: object, limit: int = _MAX_UNPACKED) -> io.BytesIO:
    """The contents of a compressed file in memory, refused when they are larger than `limit` bytes."""
    buffer = io.BytesIO()
    try:
        with opener(path, "rb") as stream:  # type: ignore[operator]
            while block := stream.read(1 << 20):
                buffer.write(block)
                if buffer.tell() > limit:
                    raise UnreadableFile(
                        f"{path.name} unpacks to more than {limit >> 20} MB.", remedy="Unpack it before registering it."
                    )
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise UnreadableFile(f"{path.name} can't be unpacked: {error}.", remedy="Copy it again.") from error
    buffer.seek(0)
    return buffer


def _from_memory(path: Path, buffer: io.BytesIO) -> h5py.File:
    try:
        return h5py.File(buffer, "r")
    except (OSError, RuntimeError, ValueError) as error:
        raise UnreadableFile(f"{path.name} holds no HDF5 file that can be read.") from error
