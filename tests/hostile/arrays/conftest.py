"""A small world of three datasets: mine, yours (which I may not read) and a file that belongs to nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pytest

from pandaas.arrays import ArrayService
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, DatasetFiles, NotFound, Principal

SECRET = 20_000 + np.arange(8)


@dataclass
class World:
    """`folder/mine` is mine; `folder/yours` holds another team's files."""

    folder: Path
    readable: set[Path] = field(default_factory=set)
    asked: list[Path] = field(default_factory=list)

    @property
    def mine(self) -> Path:
        return self.folder / "mine"

    @property
    def yours(self) -> Path:
        return self.folder / "yours"

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        path = self.mine / pid
        if pid != Path(pid).name or (not path.is_symlink() and not path.exists()):
            raise NotFound(f"There is no dataset {pid}.")
        return DatasetFiles(pid, 1, path, "", "/", frozenset({path.absolute()}))

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        self.asked.append(path)
        return path in self.readable


@pytest.fixture(scope="package")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile").resolve()


def start_service(root: Path, sandbox: str) -> ArrayService:
    settings = load_settings(
        home=root / "home",
        runtime={"sandbox": sandbox},
        arrays={"workers": 1, "memory_mb": 2048},
        server={"request_timeout_s": 20, "max_response_mb": 64},
        ingest={"workers": 1, "file_timeout_s": 20},
    )
    return ArrayService(settings, folders=[root])


@pytest.fixture(scope="package")
def unconfined(root: Path) -> Iterator[ArrayService]:
    """Without bubblewrap: the rules about links must hold by themselves."""
    made = start_service(root, "none")
    yield made
    made.close()


@pytest.fixture
def world(root: Path) -> World:
    made = World(root / f"world{len(list(root.iterdir()))}")
    made.mine.mkdir(parents=True)
    made.yours.mkdir()
    with h5py.File(made.yours / "secret.h5", "w") as file:
        file["secret"] = SECRET
        file["group/deep"] = SECRET
    (made.yours / "secret.txt").write_text("TOP SECRET PLAIN TEXT")
    return made


@pytest.fixture
def service(unconfined: ArrayService, world: World) -> ArrayService:
    unconfined.resolver = world
    return unconfined


Read = Callable[[str, str], np.ndarray]


@pytest.fixture
def read(service: ArrayService) -> Read:
    return lambda pid, path: service.read(ANONYMOUS, pid, path)
