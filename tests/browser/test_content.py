"""What users put into files is shown or saved, never executed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import httpx
import numpy as np
import pytest
from playwright.sync_api import Page

import pandaas
from pandaas.testing.axe import wait_until_settled
from pandaas.testing.platform import RunningPlatform

EVIL = "<img src=x onerror='window.ran=1'><script>window.ran=1</script><svg onload='window.ran=1'></svg>"
PAGE = f"<!doctype html><title>ran</title><script>document.title='ran'</script># {EVIL}\n"


@pytest.fixture(scope="module")
def datasets(demo: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two datasets full of scripts: HDF5, and column text that is a web page to whoever guesses by the bytes."""
    folder: Path = tmp_path_factory.mktemp("evil")
    with h5py.File(folder / "evil.h5", "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update(NX_class="NXentry", default="data", note=EVIL)
        entry["title"], entry["definition"], entry["notes"] = EVIL, EVIL, EVIL
        data = entry.create_group("data")
        data.attrs.update(NX_class="NXdata", signal="y", axes=["x"], title=EVIL)
        data["x"], data["y"] = np.arange(9.0), np.arange(9.0)
        data["y"].attrs.update(units=EVIL, long_name=EVIL)
    rows = "".join(f"{x} {x * x}\n" for x in range(1, 40))
    (folder / "page.dat").write_text(f"# {PAGE}{rows}")
    with pandaas.connect(demo.url, token=demo.token("alice")) as client:
        return {name: client.upload(folder / name)[0].pid for name in ("evil.h5", "page.dat")}


@pytest.mark.parametrize("tab", ["", "?tab=metadata", "?tab=files", "?tab=history"])
def test_texts_of_a_file_are_shown_as_texts(
    demo: RunningPlatform, datasets: dict[str, str], sign_in: Callable[[str], Page], tab: str
) -> None:
    page = sign_in("alice")
    page.goto(f"{demo.url}/datasets/{datasets['evil.h5']}{tab}")
    page.get_by_role("heading", level=1).filter(has_text="onerror").wait_for()
    wait_until_settled(page)
    assert page.evaluate("window.ran") is None


@pytest.mark.parametrize("name", ["evil.h5", "page.dat"])
def test_a_files_address_in_a_tab_saves_it(
    demo: RunningPlatform, datasets: dict[str, str], sign_in: Callable[..., Page], name: str
) -> None:
    with httpx.Client(base_url=demo.url, headers={"authorization": f"Bearer {demo.token('alice')}"}) as client:
        (file,) = client.get(f"/api/v1/datasets/{datasets[name]}/files").json()
    page = sign_in("alice", "/")
    before = page.url
    with page.expect_download() as download:
        page.evaluate(
            "address => { location.href = address }",
            f"/api/v1/datasets/{datasets[name]}/files/{file['id']}/content",
        )
    assert download.value.suggested_filename == name
    assert page.url == before
    assert page.title() != "ran"


def test_scripts_in_an_answer_of_the_interface_do_not_run(
    demo: RunningPlatform, datasets: dict[str, str], sign_in: Callable[[str], Page]
) -> None:
    page = sign_in("alice")
    for address in ("attr/?path=/entry&file=", "data/?format=json&path=/entry/title&file="):
        page.goto(f"{demo.url}/h5grove/{address}{datasets['evil.h5']}")
        assert "onerror" in page.content()
        assert page.evaluate("window.ran") is None
