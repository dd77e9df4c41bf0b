"""`pandaas view` as a process: what it opens, what it never serves, how it starts and stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import h5py
import httpx
import numpy as np
import pytest
import zarr

import pandaas
from pandaas.testing.platform import program
from pandaas.testing.view import RunningView, running_view

pytestmark = pytest.mark.integration
SECRET = 20_000 + np.arange(8)
STRANGE = ["with space & more?.h5", "per%2Fcent#.h5", "größe.h5", "new\nline.h5", "no UTF-8 \udcff.h5", "tree", "-x.h5"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `data` to view, and `secret` beside it."""
    root = tmp_path_factory.mktemp("view").resolve()
    data, secret = root / "data", root / "secret"
    (data / "run").mkdir(parents=True)
    secret.mkdir()
    with h5py.File(secret / "secret.h5", "w") as file:
        file["secret"] = SECRET
    (secret / "raw.bin").write_bytes(SECRET.tobytes())
    with h5py.File(data / "run" / "scan.nxs", "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        entry["title"] = "A scan"
        group = entry.create_group("data")
        group.attrs.update({"NX_class": "NXdata", "signal": "counts"})
        group["counts"] = np.arange(60).reshape(3, 4, 5)
    for name in STRANGE:
        with h5py.File(os.fsencode(data / "run" / name), "w") as file:
            file["x"] = np.arange(5)
    with h5py.File(data / "hostile.h5", "w") as file:
        file["own"] = np.arange(8)
        file["up"] = h5py.ExternalLink("../secret/secret.h5", "/secret")
        file["absolute"] = h5py.ExternalLink(str(secret / "secret.h5"), "/secret")
        file["symbolic"] = h5py.ExternalLink("out/secret.h5", "/secret")
        file["allowed"] = h5py.ExternalLink("run/scan.nxs", "/entry/data/counts")
        file["hidden"] = h5py.ExternalLink(".hidden.h5", "/secret")
        layout = h5py.VirtualLayout((8,), SECRET.dtype)
        layout[...] = h5py.VirtualSource("../secret/secret.h5", "secret", (8,))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("raw", (8,), SECRET.dtype, external=[("../secret/raw.bin", 0, SECRET.nbytes)])
    with h5py.File(data / ".hidden.h5", "w") as file:
        file["secret"] = SECRET
    (data / "out").symlink_to(secret)
    (data / "out.h5").symlink_to(secret / "secret.h5")
    (data / "README.md").write_text("A folder.")
    return root


@pytest.fixture(scope="module")
def view(world: Path) -> Iterator[RunningView]:
    with running_view(world / "data") as running:
        yield running


@pytest.fixture(scope="module")
def client(view: RunningView) -> Iterator[httpx.Client]:
    with view.client() as found:
        yield found


def values(client: httpx.Client, file: str, path: str) -> httpx.Response:
    return client.get("/h5grove/data/", params={"file": file, "path": path})


def test_a_file_is_seen_by_all_three_ways(view: RunningView, client: httpx.Client) -> None:
    name = "run/scan.nxs"
    expected = np.arange(60).reshape(3, 4, 5)
    record = client.get(f"/api/v1/datasets/{quote(name, safe='')}").json()
    assert record["title"] == "A scan"
    assert record["plot"]["signal"] == "/entry/data/counts"
    assert values(client, name, "/entry/data/counts").json() == expected.tolist()
    with pandaas.connect(view.url, token=view.key) as remote:
        np.testing.assert_array_equal(remote.dataset(name)["/entry/data/counts"][1], expected[1])
    tree = client.get(f"/api/v1/datasets/{quote(name, safe='')}/tree", params={"path": "/entry/data"}).json()
    assert [child["is_default"] for child in tree["children"]] == [True]


def test_files_of_any_name_open(client: httpx.Client) -> None:
    entries = client.get("/api/v1/view/folder", params={"address": "run"}).json()["entries"]
    assert len(entries) == len(STRANGE) + 1
    for entry in entries:
        address = quote(entry["address"], safe="")
        path = "/entry/data/counts" if entry["name"] == "scan.nxs" else "/x"
        answer = client.get(f"/api/v1/datasets/{address}/data", params={"path": path, "format": "json"})
        assert answer.status_code == 200, entry["name"]
        assert client.get("/api/v1/view/state", params={"address": entry["address"]}).json()["kind"] == "file"


@pytest.mark.parametrize(
    "file",
    [
        "../secret/secret.h5",
        "run/../../secret/secret.h5",
        "out/secret.h5",
        "out.h5",
        ".hidden.h5",
        "/etc/passwd",
        "run/scan.nxs/../../out.h5",
        "..%2fsecret%2fsecret.h5",
        "run/scan.nxs\0",
        "nothing.h5",
    ],
)
def test_no_address_leads_out(client: httpx.Client, file: str) -> None:
    for url in (
        f"/h5grove/meta/?file={quote(file, safe='')}&path=/",
        f"/h5grove/data/?file={quote(file, safe='')}&path=/secret",
        f"/api/v1/datasets/{quote(file, safe='')}",
        f"/api/v1/datasets/{quote(file, safe='')}/tree",
        f"/api/v1/datasets/{quote(file, safe='')}/data?path=/secret",
        f"/api/v1/view/state?address={quote(file, safe='')}",
        f"/api/v1/view/folder?address={quote(file, safe='')}",
    ):
        assert client.get(url).status_code == 404, url


@pytest.mark.parametrize("path", ["/up", "/absolute", "/symbolic", "/hidden", "/virtual", "/raw"])
def test_no_link_inside_a_file_leads_out(client: httpx.Client, path: str) -> None:
    for answer in (
        values(client, "hostile.h5", path),
        client.get("/api/v1/datasets/hostile.h5/data", params={"path": path}),
        client.get("/api/v1/datasets/hostile.h5/stats", params={"path": path}),
    ):
        # To the sandboxed reader a virtual source outside isn't there: HDF5 gives fill values for it.
        assert answer.status_code == 404 or path == "/virtual"
        assert b"2000" not in answer.content
        assert SECRET.tobytes() not in answer.content


def test_a_stack_is_gone_through_frame_by_frame(client: httpx.Client) -> None:
    counts = np.arange(60).reshape(3, 4, 5)
    base, ask = f"/api/v1/datasets/{quote('run/scan.nxs', safe='')}", {"path": "/entry/data/counts"}
    answer = client.get(f"{base}/series", params=ask | {"along": 0, "selection": ":,1:3,2"})
    assert (answer.headers["x-next"], answer.headers["x-asked"], answer.headers["x-shape"]) == ("3", "3", "[3, 4]")
    found = np.frombuffer(answer.content).reshape(3, 4)
    chosen = counts[:, 1:3, 2]
    np.testing.assert_array_equal(found.T, [chosen.sum(1), [2, 2, 2], chosen.min(1), chosen.max(1)])

    line = {"along": 0, "rows": 1, "columns": 2, "line": "0.5,1.5,4.5,1.5"}
    answer = client.get(f"{base}/profiles", params=ask | line)
    np.testing.assert_array_equal(np.frombuffer(answer.content, "f4").reshape(3, 5), counts[:, 1, :])
    assert client.get(f"{base}/profiles", params=ask | line | {"line": "1,2"}).status_code == 422


def test_links_within_the_folder_are_followed(client: httpx.Client) -> None:
    assert values(client, "hostile.h5", "/own").json() == list(range(8))
    assert len(values(client, "hostile.h5", "/allowed").json()) == 3


def test_nothing_can_be_changed(client: httpx.Client) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for url in (
            "/api/v1/datasets/hostile.h5",
            "/api/v1/view",
            "/h5grove/data/",
            "/api/v1/datasets/hostile.h5/masks",
        ):
            assert client.request(method, url, headers={"x-pandaas": "1"}).status_code in {404, 405}


def test_nothing_without_the_key(view: RunningView) -> None:
    for url in ("/api/v1/view", "/api/v1/view/folder", "/h5grove/meta/?file=hostile.h5", "/"):
        assert httpx.get(view.url + url).status_code == 401
    assert httpx.get(f"{view.url}/api/v1/view", headers={"host": "evil.example"}).status_code == 422


def test_what_holds_no_data_says_so(client: httpx.Client) -> None:
    answer = client.get("/api/v1/datasets/README.md")
    assert answer.status_code == 422
    assert "accompanies data" in answer.json()["detail"]
    assert client.get("/api/v1/datasets/run").json()["detail"] == "'run' is a folder."


def test_a_file_that_changes_is_read_anew(client: httpx.Client, world: Path) -> None:
    file = world / "data" / "changing.h5"
    with h5py.File(file, "w") as written:
        written["x"] = np.zeros(3)
    before = client.get("/api/v1/datasets/changing.h5").json()
    tag = client.get("/api/v1/datasets/changing.h5/data?path=/x").headers["etag"]
    with h5py.File(file, "w") as written:
        written["y"] = np.ones(4)
    os.utime(file, (2e9, 2e9))
    assert client.get("/api/v1/view/state?address=changing.h5").json()["version"] != before["version"]
    after = client.get("/api/v1/datasets/changing.h5").json()
    assert [array["path"] for array in after["arrays"]] == ["/y"]
    answer = client.get("/api/v1/datasets/changing.h5/data?path=/y", headers={"if-none-match": tag})
    assert answer.status_code == 200
    file.unlink()


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A master file with a data file beside it, and a file that doesn't belong to them."""
    folder = tmp_path_factory.mktemp("series").resolve()
    with h5py.File(folder / "x_data_000001.h5", "w") as file:
        file["entry/data/data"] = np.arange(24).reshape(2, 3, 4)
    with h5py.File(folder / "x_master.h5", "w") as file:
        file.create_group("entry").attrs["NX_class"] = "NXentry"
        file["entry/data/data_000001"] = h5py.ExternalLink("x_data_000001.h5", "/entry/data/data")
    with h5py.File(folder / "other.h5", "w") as file:
        file["x"] = SECRET
    return folder


def test_a_file_given_alone_is_shown_with_the_files_that_belong_to_it(series: Path) -> None:
    with running_view(series / "x_master.h5") as view, view.client() as client:
        assert client.get("/api/v1/view").json()["start"] == "x_master.h5"
        assert values(client, "x_master.h5", "/entry/data/data_000001").json()[1][2][3] == 23
        for other in ("x_data_000001.h5", "other.h5", "x_master.h5/../other.h5"):
            assert client.get("/h5grove/meta/", params={"file": other}).status_code == 404


def test_the_whole_file_system_may_be_viewed(series: Path) -> None:
    """The reader's own folders must not be covered by it."""
    with running_view("/") as view, view.client() as client:
        assert values(client, str(series / "other.h5"), "/x").json() == SECRET.tolist()
        tree = client.get(f"/api/v1/datasets/{quote(str(series / 'other.h5')[1:], safe='')}/tree")
        assert tree.json()["children"][0]["name"] == "x"


def test_several_paths_and_a_port_that_is_taken(series: Path, world: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8000))
            taken.listen()
        except OSError:
            pass  # another program has it, which is as good
        with running_view(series / "other.h5", world / "data", options=("--no-key",)) as view, view.client() as client:
            assert not view.url.endswith(":8000")
            assert "Port 8000 is taken by another program" in "".join(view.output)
            assert [e["name"] for e in client.get("/api/v1/view/folder").json()["entries"]] == ["other.h5", "data"]
            assert values(client, "other.h5", "/x").json() == SECRET.tolist()
            assert values(client, "data/hostile.h5", "/own").status_code == 200


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_once_and_leaves_nothing(
    series: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: signal.Signals
) -> None:
    home = tmp_path / "temporary"
    home.mkdir()
    monkeypatch.setenv("TMPDIR", str(home))
    with running_view(series / "other.h5") as view:
        with view.client() as client:
            assert values(client, "other.h5", "/x").status_code == 200
        assert [found.name.startswith("pandaas-view-") for found in home.glob("pandaas-view-*")] == [True]
        view.process.send_signal(sent)
        assert view.process.wait(15) == 0
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["/nowhere/at.h5"], 2, "'/nowhere/at.h5' doesn't exist. Check the path."),
        ([], 2, "Missing argument 'PATH"),
        (["/dev/null"], 2, "neither a file nor a folder"),
        (["."], 6, "can't be used"),
        ([".", "--no-key", "--host", "0.0.0.0"], 2, "Without a key everybody who reaches 0.0.0.0"),
    ],
)
def test_wrong_use_is_explained(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [*program(), "view", *arguments, "--no-browser", "--port", port]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_files_are_zarr_stores(view: RunningView, client: httpx.Client) -> None:
    counts = zarr.open_array(f"{view.url}/c/{view.key}/zarr/run/scan.nxs/entry/data/counts", mode="r")
    np.testing.assert_array_equal(counts[1:, ::2], np.arange(60).reshape(3, 4, 5)[1:, ::2])
    chunk = client.get("/zarr/run/scan.nxs/entry/data/counts/c/0/0/0")
    assert (chunk.status_code, chunk.headers["cache-control"]) == (200, "private, no-cache")
    group = zarr.open_group(f"{view.url}/c/{view.key}/zarr/run/scan.nxs", mode="r")
    assert group["entry/data"].attrs["signal"] == "counts"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/zarr/run/nothing.nxs/entry/zarr.json", 404),
        ("/zarr/run/nothing.nxs/entry/data/c/0", 403),
        ("/zarr/run/zarr.json", 404),
        ("/zarr/../secret/secret.h5/secret/c/0", 403),
        ("/zarr/out/secret.h5/secret/c/0", 403),
        ("/zarr/.hidden.h5/secret/c/0", 403),
        ("/zarr/hostile.h5/up/c/0", 422),
        ("/zarr/hostile.h5/nothing/zarr.json", 404),
    ],
)
def test_no_zarr_key_leads_out_or_gives_zeros(client: httpx.Client, address: str, status: int) -> None:
    answer = client.get(address.replace("..", "%2e%2e"))
    assert answer.status_code == status
    assert SECRET.tobytes() not in answer.content


@pytest.mark.parametrize("capability", ["wrong", "", "%20", "zarr"])
def test_a_zarr_address_with_a_wrong_key_is_refused(view: RunningView, capability: str) -> None:
    answer = httpx.get(f"{view.url}/c/{capability}/zarr/run/scan.nxs/zarr.json")
    assert answer.status_code == 401
    other = httpx.get(f"{view.url}/c/{view.key}/api/v1/view")
    assert other.status_code == 401


def test_pages_of_other_sites_read_no_store(view: RunningView) -> None:
    address = f"{view.url}/c/{view.key}/zarr/run/scan.nxs/zarr.json"
    assert httpx.get(address, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert httpx.get(address, headers={"host": "evil.example"}).status_code == 422
