"""What the routes of `pandaas view` work with: the array service over a shelf of files instead of the catalogue."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from pandaas.arrays import ArrayService
from pandaas.config import Settings, load_settings
from pandaas.model import DatasetFiles, InvalidInput, PandaasError, Principal
from pandaas.server.view.records import Records, main_dataset, version_of
from pandaas.server.view.shelf import Place, Shelf

_ANY = ""  # the reader is found by name and first bytes


class ViewServices:
    """The `Resolver` and `DataServices` of a shelf; whoever was let in may see all of it."""

    def __init__(self, settings: Settings, shelf: Shelf) -> None:
        self.shelf = shelf
        self.arrays = ArrayService(settings, self, folders=self.shelf.folders, few_processes=True)
        self.records = Records(self.arrays)

    @classmethod
    def of(cls, shelf: Shelf, home: Path) -> ViewServices:
        """With the limits of readers as configured; no storage but the shelf, and nothing of a platform's home."""
        return cls(load_settings(home=home).model_copy(update={"home": home, "storage": ()}), shelf)

    def files(self, principal: Principal, pid: str) -> DatasetFiles:  # noqa: ARG002
        place = self.file(pid)
        return DatasetFiles(pid, version_of(place.real), place.real, _ANY, "/", self._belonging(place), growing=True)

    def may_read_path(self, principal: Principal, path: Path) -> bool:  # noqa: ARG002
        try:
            return self.shelf.holds(path.resolve(strict=True))
        except (OSError, RuntimeError, ValueError):
            return False

    def default_signal(self, principal: Principal, pid: str) -> str | None:  # noqa: ARG002
        result = self.records.known(self.file(pid).real)
        plot = main_dataset(result.datasets).plot if result and result.datasets else None
        return plot.signal if plot else None

    def file(self, address: str) -> Place:
        """The file at `address`. Raises `NotFound`, `InvalidInput` for a folder."""
        place = self.shelf.place(address)
        if place.is_folder:
            raise InvalidInput(f"'{place.name or 'This'}' is a folder.", remedy="Open a file in it.", field="file")
        return place

    def warm_up(self) -> None:
        """Start in the background what the first picture needs: reader processes, and what a file given alone says."""
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()

    def close(self) -> None:
        self.arrays.close()

    def _warm_up(self) -> None:
        only = self.shelf.only
        with suppress(PandaasError):  # whoever asks for it is told what is wrong
            if only is not None and not only.is_folder:
                self.records.scan(only.path)
            self.arrays.warm_up("structure", "data")

    def _belonging(self, place: Place) -> frozenset[Path]:
        """The file; with one that was given alone also those beside or below it that it links to, as its reader says."""
        if place.root is None or place.root.is_folder:
            return frozenset({place.real})
        try:
            datasets = self.records.scan(place.real).datasets
        except (PandaasError, OSError):
            return frozenset({place.real})
        related = {file for dataset in datasets for file in dataset.files if not file.name.startswith(".")}
        return frozenset({place.real} | related)
