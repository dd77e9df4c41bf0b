"""Where an inner path leads: links are followed one by one, and out of a file only with permission.

libhdf5 follows external links, virtual sources and external raw storage by itself and asks nobody. So nothing here lets
it: paths are walked link by link, and before a dataset with virtual or external storage is opened, every file that
libhdf5 could open for it is worked out and asked for (search order: H5Pset_elink_prefix, H5Pset_virtual_prefix in the HDF5
reference manual).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import h5py
from h5py import h5d, h5l, h5o, h5p

from pandaas.arrays.limits import storage_failed
from pandaas.arrays.reader import Contents
from pandaas.arrays.values import FileIdentity
from pandaas.model import NotFound, PandaasError, UnreadableFile

_MAX_HOPS = 64
_MAX_PARTS = 20_000
_MAX_SOURCES = 100_000
_MAX_STORAGE_DEPTH = 8
_MAX_OTHERS = 256
_PATTERN = re.compile(rb"%(?:%|[0-9]*b)")
_HIDDEN = "its target file is missing or may not be read by you"


class NeedsFile(Exception):
    """Going on needs files that nobody has allowed or denied yet."""

    def __init__(self, paths: set[str]) -> None:
        super().__init__(", ".join(sorted(paths)))
        self.paths = paths


class Unresolved(PandaasError):
    """A link that leads nowhere, or where this principal may not go; `target` is what the link says."""

    status = 404
    title = "This link can't be followed"

    def __init__(self, reason: str, target: str = "") -> None:
        super().__init__(f"The link can't be followed: {reason}.")
        self.reason = reason
        self.target = target


_handles: dict[tuple[int, int], list[tuple[FileIdentity, h5py.File]]] = {}


@dataclass
class Permission:
    """The real paths that this request may open; `needed`, `touched` and `names` are filled while it runs.

    `names` are the paths as links say them, existing or not: what stands behind can be exchanged at any time.
    """

    allowed: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    needed: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    missing: bool = False  # a link's file wasn't there

    def ask(self, paths: set[str], target: str = "") -> None:
        """Return when all of `paths` are allowed; raise `Unresolved` when one is denied, else `NeedsFile`."""
        if paths & self.denied:
            raise Unresolved(_HIDDEN, target)
        missing = paths - self.allowed
        if missing:
            self.needed |= missing
            raise NeedsFile(missing)
        self.touched |= paths


@dataclass(frozen=True)
class Place:
    """An object and the file it lies in. `path` is the inner path in that file."""

    file: h5py.File
    folder: Path
    object: h5py.Group | h5py.Dataset | h5py.Datatype
    real: str


@dataclass(frozen=True)
class LinkTarget:
    """What a link says: `file` is None for a soft link."""

    file: str | None
    path: str

    def __str__(self) -> str:
        return self.path if self.file is None else f"{self.file}:{self.path}"


class Navigator:
    """Finds objects in `contents` under `permission`."""

    def __init__(self, contents: Contents, permission: Permission) -> None:
        self.contents = contents
        self.permission = permission

    def root(self) -> Place:
        return _root(self.contents.file, self.contents.path)

    def find(self, path: str) -> Place:
        """The object at `path`, through any links.

        Raises `NotFound`, `Unresolved` (a link leads nowhere or where it may not) or `NeedsFile`.
        """
        return self._walk(self.root(), _split(path), _MAX_HOPS, path)

    def link_at(self, path: str) -> LinkTarget | None:
        """What the last link of `path` says if it is a soft or external one; None for an ordinary object."""
        parts = _split(path)
        if not parts:
            return None
        parent = self._walk(self.root(), parts[:-1], _MAX_HOPS, path)
        if not isinstance(parent.object, h5py.Group):
            raise _not_found(path)
        return link_of(parent.object, parts[-1])

    def child(self, parent: Place, name: bytes) -> Place:
        """The object behind one link of a group."""
        return self._walk(parent, [name], _MAX_HOPS, name.decode("utf-8", "replace"))

    def _walk(self, start: Place, parts: list[bytes], hops: int, path: str) -> Place:
        here = start
        waiting = list(reversed(parts))
        while waiting:
            name = waiting.pop()
            if not isinstance(here.object, h5py.Group):
                raise _not_found(path)
            kind = _link_type(here.object, name)
            if kind is None:
                raise _not_found(path)
            if kind == h5l.TYPE_HARD:
                here = self._open(here, name, path)
                continue
            hops -= 1
            target = link_of(here.object, name)
            if target is None:
                raise Unresolved("it is of a kind that only its own program follows")
            if hops < 0:
                raise Unresolved("it leads in a circle", str(target))
            if target.file is not None:
                here = self._other_file(here, target)
            elif target.path.startswith("/"):
                here = _root(here.file, Path(here.real))
            waiting.extend(reversed(_split(target.path)))
            if len(waiting) > _MAX_PARTS:
                raise Unresolved("it leads too deep", str(target))
        return here

    def _open(self, here: Place, name: bytes, path: str) -> Place:
        """Open a hard link. Datasets open with their external storage beside their file."""
        try:
            object_id = h5o.open(here.object.id, name)
            if isinstance(object_id, h5d.DatasetID):
                if object_id.get_create_plist().get_external_count() > 0:
                    object_id = None  # HDF5 opens a dataset with one prefix at a time
                    object_id = h5d.open(here.object.id, name, _dataset_access())
                found: h5py.Group | h5py.Dataset | h5py.Datatype = h5py.Dataset(object_id, readonly=True)
            elif isinstance(object_id, h5py.h5g.GroupID):
                found = h5py.Group(object_id)
            else:
                found = h5py.Datatype(object_id)
        except KeyError as error:
            raise storage_failed(_named(path), error) or _not_found(path) from None
        except (OSError, RuntimeError, ValueError) as error:
            damaged = UnreadableFile(f"'{path[:200]}' is damaged: {_first_line(error)}.")
            raise storage_failed(_named(path), error) or damaged from error
        return Place(here.file, here.folder, found, here.real)

    def _other_file(self, here: Place, target: LinkTarget) -> Place:
        candidates = self._real(_candidates(target.file or "", here.folder))
        if not candidates:
            self.permission.missing = True
            raise Unresolved(_HIDDEN, str(target))
        real = candidates[0]
        self.permission.ask({real}, str(target))
        return _root(self.other(real, str(target)), Path(real))

    def _real(self, names: Iterable[Path]) -> list[str]:
        """The real paths of those files that exist. Names that could lead elsewhere later are noted."""
        found: dict[str, None] = {}
        nowhere = str(Path.cwd())
        for name in names:
            text = str(name)
            real = os.path.realpath(text) if _exists(name) else None
            if real is not None:
                found[real] = None
            if real != text and not text.startswith(nowhere):
                self.permission.names.add(text)
        return list(found)

    def sources(self, place: Place, name: bytes) -> list[str]:
        """The real paths of the files that the source of a virtual dataset can mean: none, or mostly one."""
        return [place.real] if name == b"." else self._real(_all_candidates(name, place))

    def inside(self, place: Place, real: str, inner: bytes) -> Place:
        """The object at a path in a file that was allowed; `NotFound` where there is none."""
        start = _root(place.file if real == place.real else self.other(real), Path(real))
        return _StrictNavigator(self.contents, self.permission)._walk(start, _split(os.fsdecode(inner)), _MAX_HOPS, "")

    def other(self, real: str, target: str = "") -> h5py.File:
        """Another HDF5 file, kept open for the next time. `real` must have been allowed."""
        if real == str(self.contents.path) and self.contents.on_disk:
            return self.contents.file
        others = self.contents.others
        try:
            identity = FileIdentity.of(Path(real))
        except OSError:
            self.permission.missing = True
            raise Unresolved(_HIDDEN, target) from None
        known = others.pop(real, None)
        if known is not None and (known[0] != identity or not known[1].id.valid):
            known[1].close()
            known = None
        if known is None:
            known = (identity, open_hdf5(Path(real), target))
            while len(others) >= _MAX_OTHERS:
                others.pop(next(iter(others)))[1].close()
        others[real] = known
        return known[1]

    def allow_storage(self, place: Place) -> None:
        """Make sure that everything libhdf5 will open to read this dataset may be read.

        Raises `Unresolved` or `NeedsFile` like `find`.
        """
        if not isinstance(place.object, h5py.Dataset) or not _reaches_out(place.object):
            return
        key = (place.real, h5o.get_info(place.object.id).addr)
        known = self.contents.storage.get(key)
        if known is not None and all(identity.still_holds() for identity in known):
            self.permission.names |= {identity.path for identity in known if identity.is_name}
            self.permission.ask({identity.path for identity in known if not identity.is_name} - {place.real})
            return
        reached: set[str] = set()
        before = set(self.permission.names)
        self._reach(place, reached, _MAX_STORAGE_DEPTH)
        if self.permission.missing:  # what appears later must be asked for
            return
        names = self.permission.names - before
        try:
            files = [FileIdentity.of(Path(path)) for path in reached | {place.real}]
        except OSError as error:
            raise Unresolved(_HIDDEN) from error
        self.contents.storage[key] = (*files, *map(FileIdentity.behind, names))

    def _reach(self, place: Place, reached: set[str], depth: int) -> None:
        """Add all files that reading `place` opens to `reached`, asking for each before it is looked into."""
        if depth <= 0:
            raise Unresolved("its virtual sources are nested too deep")
        creation = place.object.id.get_create_plist()
        raw = list(_raw_files(creation))
        outside = {os.path.realpath(place.folder / name) for name in raw}  # those that don't exist are asked for too
        outside.update(self._real(base / name for name in raw for base in (place.folder, Path.cwd())))
        sources = list(_virtual_sources(creation))
        for file_name, _ in sources:
            if file_name != b".":
                found = self._real(_all_candidates(file_name, place))
                self.permission.missing |= not found or bool(_PATTERN.search(file_name))  # more can come
                outside.update(found)
        self.permission.ask(outside)
        reached |= outside
        for file_name, inner in dict.fromkeys(sources):
            places = (
                [_root(place.file, Path(place.real))]
                if file_name == b"."
                else [_root(self.other(real), Path(real)) for real in self._real(_all_candidates(file_name, place))]
            )
            for start in places:
                self._reach_source(start, inner, reached, depth)

    def _reach_source(self, start: Place, inner: bytes, reached: set[str], depth: int) -> None:
        if _PATTERN.search(inner):
            raise Unresolved("its virtual sources have names with a pattern inside the file")
        # libhdf5 looks for the files of external links in more places than we do: all of them must be allowed.
        strict = _StrictNavigator(self.contents, self.permission)
        try:
            source = strict._walk(start, _split(inner.decode("utf-8", "surrogateescape")), _MAX_HOPS, "")
        except NotFound:
            return  # libhdf5 gives the fill value
        reached |= strict.crossed
        if isinstance(source.object, h5py.Dataset) and _reaches_out(source.object):
            self._reach(source, reached, depth - 1)


class _StrictNavigator(Navigator):
    """Asks for every file that libhdf5 might open for an external link, not only the first; remembers them."""

    def __init__(self, contents: Contents, permission: Permission) -> None:
        super().__init__(contents, permission)
        self.crossed: set[str] = set()

    def _other_file(self, here: Place, target: LinkTarget) -> Place:
        candidates = self._real(_all_candidates(os.fsencode(target.file or ""), here))
        self.permission.ask(set(candidates), str(target))
        if len(candidates) > 1:
            raise Unresolved("its target file is ambiguous", str(target))
        self.crossed |= set(candidates)
        return super()._other_file(here, target)


def open_hdf5(path: Path, target: str = "") -> h5py.File:
    """Open an HDF5 file by its real path, without locking, making sure that it is the file meant.

    libhdf5 shares everything it has cached between handles of one file. So handles from before the file changed are
    closed first; who still holds one opens it again.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unresolved("its target is no regular file", target)
        identity = FileIdentity.of(path)
        handles = _handles.setdefault((identity.device, identity.inode), [])
        for known, handle in handles:
            if known != identity:
                handle.close()
        handles[:] = [(known, handle) for known, handle in handles if handle.id.valid]
        file = _open(path)
        handles.append((identity, file))
    except (OSError, RuntimeError, ValueError) as error:
        raise UnreadableFile(
            f"{path.name} can't be read as HDF5: {_first_line(error)}.",
            remedy="Copy it again, or repair it with h5clear.",
        ) from error
    opened = Path(f"/proc/self/fd/{file.id.get_vfd_handle()}")
    if opened.exists() and not opened.samefile(path):
        file.close()
        raise Unresolved("its target file changed while it was opened", target)
    return file


def _open(path: Path) -> h5py.File:
    """A file that is still being written (single writer, multiple readers) is said to be open for write; it can be read."""
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        if "already open for write" not in str(error):
            raise
        return h5py.File(path, "r", locking=False, libver="latest", swmr=True)


def link_of(group: h5py.Group, name: bytes) -> LinkTarget | None:
    """What a soft or external link says; None for a hard link and for kinds that HDF5 doesn't define."""
    kind = _link_type(group, name)
    if kind == h5l.TYPE_SOFT:
        return LinkTarget(None, os.fsdecode(group.id.links.get_val(name)))
    if kind == h5l.TYPE_EXTERNAL:
        file, path = group.id.links.get_val(name)
        return LinkTarget(os.fsdecode(file), os.fsdecode(path))
    return None


def _link_type(group: h5py.Group, name: bytes) -> int | None:
    """H5L_TYPE of a link, None where there is none."""
    if not group.id.links.exists(name):
        return None
    kind: int = group.id.links.get_info(name).type
    return kind


def _root(file: h5py.File, path: Path) -> Place:
    return Place(file, path.parent, file["/"], str(path))


def _split(path: str) -> list[bytes]:
    parts = [os.fsencode(part) for part in path.split("/") if part not in ("", ".")]
    if len(parts) > _MAX_PARTS:
        raise NotFound("The path inside the file is too long.", field="path")
    return parts


def _dataset_access() -> h5p.PropDAID:
    access = h5p.create(h5p.DATASET_ACCESS)
    access.set_efile_prefix(b"${ORIGIN}")
    return access


def _reaches_out(dataset: h5py.Dataset) -> bool:
    creation = dataset.id.get_create_plist()
    return bool(creation.get_layout() == h5d.VIRTUAL or creation.get_external_count() > 0)


def _virtual_sources(creation: h5p.PropDCID) -> Iterator[tuple[bytes, bytes]]:
    if creation.get_layout() != h5d.VIRTUAL:
        return
    count = creation.get_virtual_count()
    if count > _MAX_SOURCES:
        raise Unresolved(f"it has {count} virtual sources")
    for index in range(count):
        yield os.fsencode(creation.get_virtual_filename(index)), os.fsencode(creation.get_virtual_dsetname(index))


def _raw_files(creation: h5p.PropDCID) -> Iterator[str]:
    """The files of external raw storage: relative names lie beside the HDF5 file, or where the process stands."""
    for index in range(creation.get_external_count()):
        yield os.fsdecode(creation.get_external(index)[0])


def _candidates(name: str, folder: Path) -> list[Path]:
    """The file that an external link means: itself, or beside the file the link is in."""
    return [Path(name)] if name.startswith("/") else [folder / name]


def _all_candidates(name: bytes, place: Place) -> list[Path]:
    """Every file that libhdf5 might open under `name`, including where it looks when the first fails."""
    text = os.fsdecode(name)
    folder = place.folder
    wanted = [folder / text, Path(place.real).parent / text, Path.cwd() / text]
    if text.startswith("/"):
        wanted += [base / Path(text).name for base in (folder, Path(place.real).parent, Path.cwd())]
    if _PATTERN.search(name):
        wanted = [found for path in wanted for found in _matching(path)]
    return list(dict.fromkeys(wanted))


def _matching(path: Path) -> list[Path]:
    """The files that a name with `%b` in it stands for. Only the last part of the path may hold the pattern."""
    if _PATTERN.search(os.fsencode(path.parent)):
        raise Unresolved("its virtual sources have a pattern in the name of a folder")
    pieces = re.split(r"(%%|%[0-9]*b)", path.name)
    pattern = "".join("%" if p == "%%" else "[0-9]+" if re.fullmatch("%[0-9]*b", p) else re.escape(p) for p in pieces)
    try:
        return [entry for entry in path.parent.iterdir() if re.fullmatch(pattern, entry.name)]
    except OSError:
        return []


def _named(path: str) -> str:
    return f"'{path[:200]}'"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _not_found(path: str) -> NotFound:
    return NotFound(f"There is nothing at '{path[:200]}'.", field="path")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
