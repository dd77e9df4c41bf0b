"""A dataset: its record, its arrays by inner path, its files, and the check that a result can be made again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pandaas.client import lazily
from pandaas.client.arrays import Array
from pandaas.client.transfer import RemoteFile, download_all
from pandaas.client.transport import Transport
from pandaas.model import ArrayInfo, ArrayKind, NotFound, Parameter


@dataclass(frozen=True)
class Verification:
    """How a re-executed result compares with the registered one. `equal` None: not compared yet."""

    job: str
    state: str
    equal: bool | None = None
    bit_equal: bool | None = None
    largest_relative_difference: float | None = None
    tolerance: float | None = None
    reason: str | None = None
    differences: tuple[str, ...] = field(default_factory=tuple)


class Dataset:
    """One dataset. What stands on its card is there at once, the whole record is fetched when it is asked for.

    `dataset["/entry/data/data"]` gives a lazy `Array`; a path that doesn't exist is a `KeyError`.
    """

    def __init__(self, transport: Transport, card: dict[str, Any]) -> None:
        self._transport = transport
        self._card = card
        self._record: dict[str, Any] | None = card if "parameters" in card else None

    @classmethod
    def load(cls, transport: Transport, pid: str) -> Dataset:
        return cls(transport, transport.json("GET", f"/datasets/{pid}"))

    @property
    def pid(self) -> str:
        return str(self._card["pid"])

    @property
    def version(self) -> int:
        return int(self._card["version"])

    @property
    def title(self) -> str:
        return str(self._card["title"])

    @property
    def kind(self) -> str:
        """`raw`, `derived` (a result), `calibration` or `mask`."""
        return str(self._card["kind"])

    @property
    def state(self) -> str:
        return str(self._card["state"])

    @property
    def format(self) -> str:
        return str(self._card["format"])

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return int(self._card["size"])

    @property
    def instrument(self) -> str | None:
        return self._card.get("instrument")

    @property
    def proposal(self) -> str:
        return str(self._card["proposal"])

    @property
    def sample(self) -> str | None:
        return self._card.get("sample")

    @property
    def techniques(self) -> tuple[str, ...]:
        """Short labels, for example `("SAXS",)`."""
        return tuple(technique["short"] for technique in self._card["techniques"])

    @property
    def start_time(self) -> datetime | None:
        text = self._card.get("start_time")
        return datetime.fromisoformat(text) if text else None

    @property
    def open(self) -> bool:
        """Anyone may read it."""
        return bool(self._card.get("open"))

    @property
    def release_time(self) -> datetime | None:
        """When it becomes, or became, open; None where no date is set or it is never released."""
        text = self._card.get("release_time")
        return datetime.fromisoformat(text) if text else None

    @property
    def card(self) -> dict[str, Any]:
        """What a list shows of the dataset, as the service gives it."""
        return self._card

    @property
    def record(self) -> dict[str, Any]:
        """The whole record as the service gives it."""
        if self._record is None:
            self._record = self._transport.json("GET", f"/datasets/{self.pid}")
        return self._record

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Measured and set quantities by name, with unit and SI value."""
        return {entry["name"]: Parameter(**entry) for entry in self.record["parameters"]}

    @property
    def arrays(self) -> tuple[ArrayInfo, ...]:
        """The arrays that were found when the dataset was registered; `tree()` shows everything."""
        return tuple(_array_info(entry) for entry in self.record["arrays"])

    @property
    def files(self) -> tuple[RemoteFile, ...]:
        entries = self._transport.json("GET", f"/datasets/{self.pid}/files")
        return tuple(RemoteFile.of(self._transport, self.pid, entry) for entry in entries)

    def __getitem__(self, path: str) -> Array:
        """The array at an inner path. `KeyError` when there is none (a group has no values: see `tree`)."""
        try:
            node = self._node(path, depth=0)
        except NotFound as error:
            raise KeyError(path) from error
        if node["kind"] != "dataset":
            raise KeyError(f"{path} is a {node['kind'].replace('_', ' ')}, not an array")
        return Array(self._transport, self.pid, node)

    def __contains__(self, path: object) -> bool:
        try:
            self[str(path)]
        except KeyError:
            return False
        return True

    @property
    def default(self) -> Array:
        """The array of the default plot. `KeyError` when the dataset has none."""
        plot = self.record.get("plot")
        if not plot:
            raise KeyError(f"{self.pid} has no default plot")
        return self[plot["signal"]]

    def xarray(self, path: str | None = None, chunks: Any = None) -> Any:
        """An NXdata group as `xarray.Dataset`: signal, further signals and errors on its axes. Needs the extra `xarray`.

        Without `path` it is the group of the default plot. `KeyError` for what is no NXdata group. Values are read when
        they are computed.
        """
        if path is None:
            path = self.default.path.rpartition("/")[0] or "/"
        try:
            node = self._node(path, depth=1)
        except NotFound as error:
            raise KeyError(path) from error
        if not (node.get("attributes") or {}).get("signal"):
            raise KeyError(f"{path} is no NXdata group with a signal; {self.pid}[path].xarray() takes single arrays")
        return lazily.as_dataset(node, self.__getitem__, chunks)

    def tree(self, path: str = "/", depth: int = 10) -> dict[str, Any]:
        """The contents below `path`: nested dictionaries with name, path, kind, shape, dtype, unit, attributes."""
        return self._node(path, depth)

    def download(
        self, folder: str | Path = ".", *, progress: Callable[[int, int], None] | None = None
    ) -> tuple[Path, ...]:
        """Save all files below `folder`, going on where an earlier call stopped; every checksum is compared.

        `progress` is called with the bytes done and the bytes in all.
        """
        return download_all(self.files, Path(folder), progress)

    def history(self) -> list[dict[str, Any]]:
        """What happened to this dataset, oldest first."""
        entries: list[dict[str, Any]] = self._transport.json("GET", f"/datasets/{self.pid}/history")
        return entries

    def provenance(self) -> dict[str, Any]:
        """The graph of datasets and jobs that it came from and that came from it: `nodes` and `edges`."""
        graph: dict[str, Any] = self._transport.json("GET", f"/datasets/{self.pid}/provenance")
        return graph

    def verify(self, *, timeout: float | None = None) -> Verification:
        """Run the job that made this result again and compare. `TimeoutError` when it takes longer than `timeout` s."""
        found = self._transport.json("POST", f"/datasets/{self.pid}/verify")
        deadline = None if timeout is None else time.monotonic() + timeout
        while found["equal"] is None and found["state"] not in ("failed", "cancelled", "lost"):
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"The verification of {self.pid} still runs as job {found['job']}.")
            time.sleep(0.5)
            found = self._transport.json("GET", f"/datasets/{self.pid}/verify") or found
        return Verification(**{**found, "differences": tuple(found.get("differences") or ())})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and (other.pid, other.version) == (self.pid, self.version)

    def __hash__(self) -> int:
        return hash((self.pid, self.version))

    def __repr__(self) -> str:
        return f"<Dataset {self.pid} '{self.title}'>"

    def _node(self, path: str, depth: int) -> dict[str, Any]:
        inner = path if path.startswith("/") else f"/{path}"
        node: dict[str, Any] = self._transport.json("GET", f"/datasets/{self.pid}/tree", path=inner, depth=depth)
        return node


def _array_info(entry: dict[str, Any]) -> ArrayInfo:
    chunks = entry.get("chunks")
    return ArrayInfo(
        path=entry["path"],
        shape=tuple(entry["shape"]),
        dtype=entry["dtype"],
        kind=ArrayKind(entry["kind"]),
        unit=entry.get("unit"),
        chunks=tuple(chunks) if chunks else None,
        compression=entry.get("compression"),
        nbytes=entry["nbytes"],
        is_default=entry["is_default"],
    )
