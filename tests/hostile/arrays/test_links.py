"""A link out of a dataset's own files leads nowhere, unless the same person may read what is there."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from pandaas.arrays import ArrayService
from pandaas.model import ANONYMOUS, NotFound, PandaasError

from .conftest import SECRET, Read, World, start_service

pytestmark = pytest.mark.integration


def _refuses(read: Read, pid: str, path: str) -> None:
    try:
        values = read(pid, path)
    except PandaasError:
        return
    assert not np.isin(SECRET, values).any()
    assert b"TOP SECRET" not in np.asarray(values).tobytes()


def _targets(world: World) -> list[str]:
    """Ways to write the same file: absolute, by `..`, by a symbolic link."""
    link = world.mine / "innocent.h5"
    link.symlink_to(world.yours / "secret.h5")
    return [str(world.yours / "secret.h5"), "../yours/secret.h5", "innocent.h5", f"{world.mine}/../yours/secret.h5"]


def test_external_links(world: World, service: ArrayService, read: Read) -> None:
    with h5py.File(world.mine / "a.h5", "w") as file:
        for index, target in enumerate(_targets(world)):
            file[f"link{index}"] = h5py.ExternalLink(target, "/secret")
            file[f"group{index}"] = h5py.ExternalLink(target, "/group")
        file["chain"] = h5py.SoftLink("/link0")
    for index in range(4):
        with pytest.raises(NotFound):
            read("a.h5", f"/link{index}")
        with pytest.raises(NotFound):
            read("a.h5", f"/group{index}/deep")
        with pytest.raises(NotFound):
            service.attributes(ANONYMOUS, "a.h5", f"/group{index}")
    with pytest.raises(NotFound):
        read("a.h5", "/chain")
    nodes = service.tree(ANONYMOUS, "a.h5", "/", 3).children or ()
    assert {node.kind for node in nodes} == {"unresolved"}
    assert world.yours / "secret.h5" in world.asked


def test_external_links_show_as_links_in_h5grove(world: World, service: ArrayService) -> None:
    with h5py.File(world.mine / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink(str(world.yours / "secret.h5"), "/secret")
    meta = service.h5grove_meta(ANONYMOUS, "a.h5", "/")
    assert meta["children"] == [
        {
            "kind": "external_link",
            "name": "link",
            "target_file": str(world.yours / "secret.h5"),
            "target_path": "/secret",
        }
    ]
    with pytest.raises(NotFound):
        service.h5grove_meta(ANONYMOUS, "a.h5", "/link", "all")
    assert service.paths(ANONYMOUS, "a.h5") == ["/", "/link"]


def test_a_link_to_what_i_may_read_is_followed(world: World, service: ArrayService, read: Read) -> None:
    world.readable.add(world.yours / "secret.h5")
    with h5py.File(world.mine / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("../yours/secret.h5", "/secret")
    np.testing.assert_array_equal(read("a.h5", "/link"), SECRET)
    node = service.tree(ANONYMOUS, "a.h5", "/", 1).children[0]  # type: ignore[index]
    assert (node.kind, node.shape) == ("dataset", (8,))


def test_a_right_that_ends_is_felt_at_once(world: World, service: ArrayService, read: Read) -> None:
    world.readable.add(world.yours / "secret.h5")
    with h5py.File(world.mine / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("../yours/secret.h5", "/secret")
    read("a.h5", "/link")
    before = service.etag(ANONYMOUS, "a.h5", "/link", None, "bin")
    world.readable.clear()
    assert service.etag(ANONYMOUS, "a.h5", "/link", None, "bin") != before
    with pytest.raises(NotFound):
        read("a.h5", "/link")


def test_a_linked_file_that_changes_while_the_service_is_down_gets_another_tag(
    root: Path, world: World, service: ArrayService, read: Read
) -> None:
    world.readable.add(world.yours / "secret.h5")
    with h5py.File(world.mine / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("../yours/secret.h5", "/secret")
    given = {service.etag(ANONYMOUS, "a.h5", "/link", None, "bin")}
    read("a.h5", "/link")
    given.add(service.etag(ANONYMOUS, "a.h5", "/link", None, "bin"))
    with h5py.File(world.yours / "secret.h5", "a") as file:
        file["secret"][0] = 1
    again = start_service(root, "none")
    try:
        again.resolver = world
        assert again.etag(ANONYMOUS, "a.h5", "/link", None, "bin") not in given
    finally:
        again.close()


def test_a_tag_tells_of_every_file_that_any_part_of_the_array_came_from(world: World, service: ArrayService) -> None:
    parts = [world.yours / f"part{number}.h5" for number in range(2)]
    world.readable.update(parts)
    layout = h5py.VirtualLayout((2, 3), "i4")
    for number, part in enumerate(parts):
        with h5py.File(part, "w") as file:
            file["data"] = np.full(3, number, "i4")
        layout[number] = h5py.VirtualSource(f"../yours/{part.name}", "data", (3,))
    with h5py.File(world.mine / "a.h5", "w") as file:
        file.create_virtual_dataset("all", layout)
    for selection in ("0", "1"):
        service.read(ANONYMOUS, "a.h5", "/all", selection)
    before = service.etag(ANONYMOUS, "a.h5", "/all", "0", "bin")
    with h5py.File(parts[0], "a") as file:
        file["data"][0] = 5
    service.attributes(ANONYMOUS, "a.h5", "/all")
    assert service.etag(ANONYMOUS, "a.h5", "/all", "0", "bin") != before


def test_soft_links_in_a_circle_end(world: World, service: ArrayService, read: Read) -> None:
    with h5py.File(world.mine / "a.h5", "w") as file:
        file["one"] = h5py.SoftLink("/two")
        file["two"] = h5py.SoftLink("/one")
        file["self"] = h5py.SoftLink("self")
        for index in range(200):
            file[f"chain{index}"] = h5py.SoftLink(f"/chain{index + 1}")
        file["tree/up"] = h5py.SoftLink("/tree")
        file["tree/value"] = 1
    for path in ("/one", "/self", "/chain0"):
        with pytest.raises(NotFound):
            read("a.h5", path)
    assert read("a.h5", "/tree/up/up/up/value") == 1
    assert {node.kind for node in service.tree(ANONYMOUS, "a.h5", "/", 4).children or ()} == {"unresolved", "group"}


def test_external_links_in_a_circle_end(world: World, read: Read) -> None:
    with h5py.File(world.mine / "a.h5", "w") as file:
        file["x"] = h5py.ExternalLink("b.h5", "/x")
    with h5py.File(world.mine / "b.h5", "w") as file:
        file["x"] = h5py.ExternalLink("a.h5", "/x")
    world.readable |= {world.mine / "a.h5", world.mine / "b.h5"}
    with pytest.raises(NotFound):
        read("a.h5", "/x")


def _virtual(path: Path, *sources: tuple[str, str]) -> None:
    layout = h5py.VirtualLayout((len(sources), 8), np.int64)
    for index, (file_name, inner) in enumerate(sources):
        layout[index] = h5py.VirtualSource(file_name, inner, (8,))
    with h5py.File(path, "w") as file:
        file["own"] = np.arange(8)
        file.create_virtual_dataset("virtual", layout, fillvalue=-1)


def test_virtual_sources(world: World, read: Read) -> None:
    for target in _targets(world):
        _virtual(world.mine / "a.h5", (target, "/secret"))
        _refuses(read, "a.h5", "/virtual")


def test_virtual_sources_within_the_file_and_to_readable_files_work(world: World, read: Read) -> None:
    world.readable.add(world.yours / "secret.h5")
    _virtual(world.mine / "a.h5", (".", "/own"), ("../yours/secret.h5", "/secret"))
    np.testing.assert_array_equal(read("a.h5", "/virtual"), [np.arange(8), SECRET])


def test_a_virtual_source_behind_an_external_link(world: World, read: Read) -> None:
    with h5py.File(world.mine / "between.h5", "w") as file:
        file["way"] = h5py.ExternalLink(str(world.yours / "secret.h5"), "/secret")
        file["group"] = h5py.ExternalLink("../yours/secret.h5", "/group")
        file["soft"] = h5py.SoftLink("/way")
    world.readable.add(world.mine / "between.h5")
    for inner in ("/way", "/group/deep", "/soft"):
        _virtual(world.mine / "a.h5", ("between.h5", inner))
        _refuses(read, "a.h5", "/virtual")


def test_a_virtual_source_that_is_virtual_itself(world: World, read: Read) -> None:
    _virtual(world.mine / "between.h5", (str(world.yours / "secret.h5"), "/secret"))
    world.readable.add(world.mine / "between.h5")
    layout = h5py.VirtualLayout((1, 8), np.int64)
    layout[...] = h5py.VirtualSource("between.h5", "/virtual", (1, 8))
    with h5py.File(world.mine / "a.h5", "w") as file:
        file.create_virtual_dataset("virtual", layout)
    _refuses(read, "a.h5", "/virtual")


def test_a_virtual_source_in_the_same_file_behind_an_external_link(world: World, read: Read) -> None:
    _virtual(world.mine / "a.h5", (".", "/way"))
    with h5py.File(world.mine / "a.h5", "a") as file:
        file["way"] = h5py.ExternalLink("../yours/secret.h5", "/secret")
    _refuses(read, "a.h5", "/virtual")


def test_virtual_sources_with_patterns(world: World, read: Read) -> None:
    with h5py.File(world.yours / "part0.h5", "w") as file:
        file["data"] = SECRET
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    space = h5py.h5s.create_simple((0, 8), (h5py.h5s.UNLIMITED, 8))
    space.select_hyperslab((0, 0), (h5py.h5s.UNLIMITED, 1), (1, 1), (1, 8))
    source = h5py.h5s.create_simple((8,))
    creation.set_virtual(space, b"../yours/part%b.h5", b"/data", source)
    with h5py.File(world.mine / "a.h5", "w", libver="latest") as file:
        whole = h5py.h5s.create_simple((1, 8), (h5py.h5s.UNLIMITED, 8))
        h5py.h5d.create(file.id, b"virtual", h5py.h5t.NATIVE_INT64, whole, creation)
    _refuses(read, "a.h5", "/virtual")


def test_external_raw_storage(world: World, read: Read) -> None:
    for target in (str(world.yours / "secret.txt"), "../yours/secret.txt", "/etc/hostname"):
        (world.mine / "a.h5").unlink(missing_ok=True)
        with h5py.File(world.mine / "a.h5", "w") as file:
            file.create_dataset("raw", (21,), "S1", external=[(target, 0, 21)])
        with pytest.raises(PandaasError):
            read("a.h5", "/raw")


def test_external_raw_storage_that_i_may_read(world: World, read: Read) -> None:
    (world.mine / "raw.bin").write_bytes(np.arange(5, dtype="<i4").tobytes())
    world.readable.add(world.mine / "raw.bin")
    with h5py.File(world.mine / "a.h5", "w") as file:
        file.create_dataset("raw", (5,), "<i4", external=[("raw.bin", 0, 20)])
    np.testing.assert_array_equal(read("a.h5", "/raw"), np.arange(5))


def test_a_dataset_that_is_a_symbolic_link(world: World, read: Read) -> None:
    (world.mine / "link.h5").symlink_to(world.yours / "secret.h5")
    (world.mine / "relative.h5").symlink_to("../yours/secret.h5")
    for pid in ("link.h5", "relative.h5"):
        with pytest.raises(NotFound):
            read(pid, "/secret")


@pytest.mark.parametrize("pid", ["../yours/secret.h5", "..", ".", "/etc/passwd", "a/../../yours/secret.h5", "", "\0"])
def test_an_identifier_is_no_path(world: World, read: Read, pid: str) -> None:
    with pytest.raises((PandaasError, ValueError)):
        read(pid, "/secret")


@pytest.mark.parametrize("path", ["../../secret", "/..", "/./../x", "//", "/own/..", "x" * 5000, "/a" * 5000])
def test_an_inner_path_stays_inside(world: World, service: ArrayService, path: str) -> None:
    with h5py.File(world.mine / "a.h5", "w") as file:
        file["own"] = 1
    try:
        node = service.tree(ANONYMOUS, "a.h5", path, 0)
    except PandaasError:
        return
    assert node.kind == "group"


def test_references_are_told_not_followed(world: World, service: ArrayService, read: Read) -> None:
    with h5py.File(world.mine / "a.h5", "w") as file:
        file["own"] = np.arange(9)
        objects = file.create_dataset("objects", (1,), h5py.ref_dtype)
        objects[0] = file["own"].ref
        regions = file.create_dataset("regions", (1,), h5py.regionref_dtype)
        regions[0] = file["own"].regionref[2:4]
        file.attrs["reference"] = file["own"].ref
    assert "reference" in str(read("a.h5", "/objects")[0])
    assert "reference" in str(read("a.h5", "/regions")[0])
    assert "reference" in str(service.attributes(ANONYMOUS, "a.h5")["reference"])


def test_a_zarr_store_with_links_outside(world: World, service: ArrayService, read: Read) -> None:
    zarr = pytest.importorskip("zarr")
    store = world.mine / "a.zarr"
    array = zarr.create_array(
        store, shape=(21,), chunks=(21,), dtype="u1", compressors=None, filters=None, zarr_format=2
    )
    array[:] = 7
    (store / "0").unlink()
    (store / "0").symlink_to(world.yours / "secret.txt")
    _refuses(read, "a.zarr", "/data")


def test_a_scan_takes_only_files_beside_into_the_dataset(world: World, service: ArrayService) -> None:
    with h5py.File(world.mine / "x_data_000001.h5", "w") as file:
        file["entry/data/data"] = np.arange(12).reshape(3, 4)
    with h5py.File(world.mine / "x_master.h5", "w") as file:
        file["entry/data/data_000001"] = h5py.ExternalLink("x_data_000001.h5", "/entry/data/data")
        file["entry/data/data_000002"] = h5py.ExternalLink("../yours/secret.h5", "/secret")
    results = {r.path.name: r for r in service.scan([world.mine], roots=[world.folder])}
    dataset = results["x_master.h5"].datasets[0]
    assert dataset.files == (world.mine / "x_master.h5", world.mine / "x_data_000001.h5")
    assert any("secret.h5" in note for note in dataset.unread)
    assert results["x_data_000001.h5"].datasets == ()
    assert results["x_data_000001.h5"].error is None


def test_a_scan_follows_no_symbolic_link_out_of_the_roots(world: World, service: ArrayService) -> None:
    (world.mine / "link.h5").symlink_to(world.yours / "secret.h5")
    result = next(iter(service.scan([world.mine / "link.h5"], roots=[world.mine])))
    assert result.error is not None
    assert result.datasets == ()


def test_the_sandbox_hides_everything_but_the_data(world: World, root: Path) -> None:
    service = start_service(root, "auto")
    service.resolver = world
    try:
        if "bubblewrap" not in service.level:
            pytest.skip("bubblewrap doesn't work here")
        with h5py.File(world.mine / "a.h5", "w") as file:
            file["own"] = 1
        assert service.read(ANONYMOUS, "a.h5", "/own") == 1
        (outer,) = service.worker_pids()
        inner = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()[0]
        seen = {line.split()[4] for line in Path(f"/proc/{inner}/mountinfo").read_text().splitlines()}
        assert str(root) in seen
        assert not seen & {"/root", "/home", "/var", "/etc"}
        assert not os.path.samefile(f"/proc/{inner}/ns/net", "/proc/self/ns/net")
    finally:
        service.close()


@pytest.mark.parametrize("kind", ["external", "virtual", "raw"])
def test_a_name_that_is_made_to_lead_elsewhere_later(
    world: World, service: ArrayService, read: Read, kind: str
) -> None:
    """What was found harmless once is looked at again: the name can be a symbolic link by now."""
    name = world.mine / "source.h5"
    with h5py.File(world.mine / "harmless.h5", "w") as file:
        file["secret"] = np.arange(8)
    (world.mine / "harmless.txt").write_text("harmless")
    world.readable |= {world.mine / "harmless.h5", world.mine / "harmless.txt"}
    suffix = "txt" if kind == "raw" else "h5"
    name.symlink_to(world.mine / f"harmless.{suffix}")
    with h5py.File(world.mine / "a.h5", "w") as file:
        if kind == "external":
            file["d"] = h5py.ExternalLink("source.h5", "/secret")
        elif kind == "virtual":
            layout = h5py.VirtualLayout((8,), "i8")
            layout[:] = h5py.VirtualSource("source.h5", "secret", (8,))
            file.create_virtual_dataset("d", layout)
        else:
            file.create_dataset("d", (8,), "u1", external=[("source.h5", 0, 8)])
    first = read("a.h5", "/d")
    tag = service.etag(ANONYMOUS, "a.h5", "/d", None, "bin")
    assert service.etag(ANONYMOUS, "a.h5", "/d", None, "bin") == tag
    name.unlink()
    name.symlink_to(world.yours / f"secret.{suffix}")
    assert service.etag(ANONYMOUS, "a.h5", "/d", None, "bin") != tag
    with pytest.raises(PandaasError):
        read("a.h5", "/d")
    name.unlink()
    name.symlink_to(world.mine / f"harmless.{suffix}")
    np.testing.assert_array_equal(read("a.h5", "/d"), first)


def test_structure_behind_a_name_that_leads_elsewhere_later(world: World, service: ArrayService) -> None:
    name = world.mine / "source.h5"
    for number in (1, 2):
        with h5py.File(world.mine / f"{number}.h5", "w") as file:
            file["secret"] = np.arange(number)
    world.readable |= {world.mine / "1.h5", world.mine / "2.h5"}
    name.symlink_to(world.mine / "1.h5")
    with h5py.File(world.mine / "a.h5", "w") as file:
        file["d"] = h5py.ExternalLink("source.h5", "/secret")
    assert service.tree(ANONYMOUS, "a.h5", "/d").shape == (1,)
    name.unlink()
    name.symlink_to(world.mine / "2.h5")
    assert service.tree(ANONYMOUS, "a.h5", "/d").shape == (2,)
