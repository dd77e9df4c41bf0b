"""Inside the sandbox: makes a notebook that opens the session's datasets, then becomes JupyterLab on a unix socket.

The notebook's kernel starts at once, so that it is there when the page has loaded; the page finds it by the notebook's name.

Nobody reaches the socket but the platform, which has asked for the session's cookie before; so JupyterLab asks nothing.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_INTRODUCTION = """# {title}

This notebook sees the datasets below, read-only, your home folder, and the folder *results*; it has no network."""

_HDF5 = """import numpy as np
import matplotlib.pyplot as plt
from pandaas.sdk import opened

dataset = opened()[{number}]  # dataset.open() is its file, with h5py
for array in dataset.arrays:
    print(array.path, array.shape, array.dtype, array.unit or "")"""

_PLOT = """data = dataset[{path!r}]
print(data.shape, data.dtype, data.unit or "")
frame = data[({zeros})] if data.ndim > 2 else data[()]
if frame.ndim == 2:
    shown = np.where(frame < np.iinfo(frame.dtype).max if frame.dtype.kind in "ui" else np.isfinite(frame), frame, 0).astype(float)
    low, high = np.percentile(shown, [1, 99.5])
    plt.figure(figsize=(7, 6)); plt.imshow(shown, vmin=low, vmax=max(high, low + 1e-12), origin="upper"); plt.colorbar()
else:
    plt.figure(figsize=(7, 4)); plt.plot(np.atleast_1d(frame))
plt.title({title!r});"""

_OTHER = """import fabio
import numpy as np
import matplotlib.pyplot as plt

path = {file!r}
try:
    image = fabio.open(path)
    print(image.header)
    plt.figure(figsize=(7, 6)); plt.imshow(image.data, vmin=np.percentile(image.data, 1), vmax=np.percentile(image.data, 99.5)); plt.colorbar()
except Exception as reason:  # no image: show how it begins
    print(reason)
    print(open(path, "rb").read(2000).decode("utf-8", "replace"))"""


_LEFT_OUT = (
    "@jupyterlab/apputils-extension:announcements",
    "@jupyterlab/extensionmanager-extension",
    "@jupyterlab/lsp-extension",
    "@jupyterlab/fileeditor-extension:language-server",  # these two need that one
    "@jupyterlab/notebook-extension:language-server",
)


def main(arguments: list[str]) -> None:
    told = json.loads(Path(arguments[1]).read_text("utf-8"))
    os.chdir(told["home"])
    os.environ.pop("MPLBACKEND", None)
    os.environ["PYTHONPATH"], os.environ["PANDAAS_SESSION"] = told["sdk"], told["told"]  # of kernels
    short = Path(tempfile.mkdtemp(prefix="pandaas-"))  # names of sockets may have 107 bytes only
    (short / "run").symlink_to(told["run"])
    os.environ["JUPYTER_RUNTIME_DIR"] = str(short / "kernels")  # of the kernels' sockets
    leave_out(short)
    place = Path(told["home"]) / "sessions" / told["session"]
    place.mkdir(parents=True, exist_ok=True)
    link(told["results"], place / "results")
    first = notebook(told, place).relative_to(told["home"])
    configuration = short / "jupyter.json"
    configuration.write_text(json.dumps(settings(told, short, str(first))), "utf-8")
    become_jupyterlab(configuration, first)


def become_jupyterlab(configuration: Path, first: Path) -> None:
    from jupyterlab.labapp import LabApp  # type: ignore[import-not-found]  # of the session's environment

    sys.argv = ["jupyter-lab"]
    server = LabApp.initialize_server(argv=[f"--config={configuration}"])
    named = {"path": str(first), "name": first.name, "type": "notebook", "kernel_name": "python3"}
    server.io_loop.add_callback(server.session_manager.create_session, **named)
    server.start()


def settings(told: dict[str, Any], short: Path, first: str) -> dict[str, Any]:
    address = f"/lab/workspaces/{told['session']}/tree/{first}"  # its own tabs: in the default one those of all earlier ones open
    server = {
        "sock": str(short / "run" / "http.sock"),
        "sock_mode": "0600",
        "allow_remote_access": True,
        "allow_root": True,
        "open_browser": False,
        "quit_button": False,
        "root_dir": told["home"],
        "default_url": address,
        "websocket_ping_interval": 30000,
        "shutdown_no_activity_timeout": 0,
        "jpserver_extensions": {"jupyter_lsp": False},
        "tornado_settings": {"page_config_data": {"buildAvailable": False, "buildCheck": False}},
    }
    lab = {
        "default_url": address,
        "news_url": None,
        "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "extension_manager": "readonly",
    }
    return {
        "ServerApp": server,
        "LabApp": lab,
        "IdentityProvider": {"token": ""},
        "KernelManager": {"transport": "ipc"},
    }


def leave_out(short: Path) -> None:
    """Parts of JupyterLab that find nothing here, but ask the server while the page loads: language servers, extensions to
    install, announcements. A person's own `labconfig/page_config.json` counts more."""
    folder = short / "config"
    (folder / "labconfig").mkdir(parents=True)
    told = {"disabledExtensions": dict.fromkeys(_LEFT_OUT, True)}
    (folder / "labconfig/page_config.json").write_text(json.dumps(told), "utf-8")
    os.environ["JUPYTER_CONFIG_PATH"] = str(folder)


def notebook(told: dict[str, Any], place: Path) -> Path:
    """The notebook that opens the datasets; one that is there is kept as the person left it."""
    titles = [dataset["title"] for dataset in told["datasets"]]
    name = re.sub(r"[^A-Za-z0-9 ._-]+", "_", titles[0] if titles else "Notebook").strip(" ._")[:60] or "Notebook"
    path = place / f"{name}.ipynb"
    if path.exists():
        return path
    cells = [cell("markdown", _INTRODUCTION.format(title=titles[0] if len(titles) == 1 else "Your data"))]
    files = 0
    for dataset in told["datasets"]:
        cells += cells_of(dataset, files)
        files += bool(dataset["files"])
    if not told["datasets"]:
        cells.append(cell("code", "import numpy as np\nimport matplotlib.pyplot as plt"))
    content = {
        "cells": [{**one, "id": f"cell-{number}"} for number, one in enumerate(cells)],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content, indent=1), "utf-8")
    return path


def cells_of(dataset: dict[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """Cells that open the dataset, by its number among those that have files, and plot its default array."""
    files = dataset["files"] or dataset["attachments"]
    yield cell("markdown", f"## {dataset['title']}\n\n`{dataset['pid']}`, version {dataset['version']}")
    if not files:
        return
    if not is_hdf5(Path(files[0])):
        yield cell("code", _OTHER.format(file=files[0]))
        return
    yield cell("code", _HDF5.format(number=number))
    array = default_array(dataset)
    if array is not None:
        zeros = ", ".join(["0"] * max(len(array["shape"]) - 2, 1)) + ","
        yield cell("code", _PLOT.format(path=array["path"], zeros=zeros, title=dataset["title"]))


def default_array(dataset: dict[str, Any]) -> dict[str, Any] | None:
    arrays: list[dict[str, Any]] = [one for one in dataset["arrays"] if one["shape"]]
    return next((one for one in arrays if one["is_default"]), arrays[0] if arrays else None)


def is_hdf5(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(8) == b"\x89HDF\r\n\x1a\n"
    except OSError:
        return False


def cell(kind: str, source: str) -> dict[str, Any]:
    made = {"cell_type": kind, "metadata": {}, "source": source}
    return {**made, "outputs": [], "execution_count": None} if kind == "code" else made


def link(target: str, name: Path) -> None:
    if not os.path.lexists(name):
        name.symlink_to(target)


if __name__ == "__main__":
    main(sys.argv)
