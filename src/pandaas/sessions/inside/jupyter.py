"""Inside the sandbox: makes a notebook that opens the session's datasets, then becomes JupyterLab on a unix socket.

Nobody reaches the socket but the platform, which has asked for the session's cookie before; so JupyterLab asks nothing.
"""

import json
import os
import re
import sys
import tempfile

_INTRODUCTION = """# {title}

This notebook sees the datasets below, read-only, your home folder, and the folder *results*; it has no network.
What you save in *results* can be registered as a dataset, with these as its inputs."""

_HDF5 = """import h5py, hdf5plugin
import numpy as np
import matplotlib.pyplot as plt

file = h5py.File({file!r}, "r")
file.visititems(lambda name, item: print(name, getattr(item, "shape", "")) if name.count("/") < 4 else None)"""

_PLOT = """data = file[{path!r}]
print(data.shape, data.dtype)
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


def main(arguments):
    with open(arguments[1], encoding="utf-8") as stream:
        told = json.load(stream)
    os.chdir(told["home"])
    os.environ.pop("MPLBACKEND", None)
    short = tempfile.mkdtemp(prefix="pandaas-")  # names of sockets may have 107 bytes only
    os.symlink(told["run"], os.path.join(short, "run"))
    place = os.path.join(told["home"], "sessions", told["session"])
    os.makedirs(place, exist_ok=True)
    link(told["results"], os.path.join(place, "results"))
    first = notebook(told, place)
    configuration = os.path.join(short, "jupyter.json")
    with open(configuration, "w", encoding="utf-8") as stream:
        json.dump(settings(told, short, os.path.relpath(first, told["home"])), stream)
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", "--config=" + configuration])


def settings(told, short, first):
    server = {
        "sock": os.path.join(short, "run", "http.sock"),
        "sock_mode": "0600",
        "allow_remote_access": True,
        "allow_root": True,
        "open_browser": False,
        "quit_button": False,
        "root_dir": told["home"],
        "default_url": "/lab/tree/" + first,
        "websocket_ping_interval": 30000,
        "shutdown_no_activity_timeout": 0,
    }
    lab = {
        "news_url": None,
        "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "extension_manager": "readonly",
    }
    return {
        "ServerApp": server,
        "LabApp": lab,
        "IdentityProvider": {"token": ""},
        "KernelManager": {"transport": "ipc"},
        "TerminalManager": {"shell_command": ["/bin/bash"]},
    }


def notebook(told, place):
    """The notebook that opens the datasets; one that is there is kept as the person left it."""
    titles = [dataset["title"] for dataset in told["datasets"]]
    name = re.sub(r"[^A-Za-z0-9 ._-]+", "_", titles[0] if titles else "Notebook").strip(" ._")[:60] or "Notebook"
    path = os.path.join(place, name + ".ipynb")
    if os.path.exists(path):
        return path
    cells = [cell("markdown", _INTRODUCTION.format(title=titles[0] if len(titles) == 1 else "Your data"))]
    for dataset in told["datasets"]:
        cells += cells_of(dataset)
    if not told["datasets"]:
        cells.append(cell("code", "import numpy as np\nimport matplotlib.pyplot as plt"))
    content = {
        "cells": [{**one, "id": "cell-%d" % number} for number, one in enumerate(cells)],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=1)
    return path


def cells_of(dataset):
    files = dataset["files"] or dataset["attachments"]
    yield cell("markdown", "## %s\n\n`%s`, version %s" % (dataset["title"], dataset["pid"], dataset["version"]))
    if not files:
        return
    if is_hdf5(files[0]):
        yield cell("code", _HDF5.format(file=files[0]))
        array = default_array(dataset)
        if array is not None:
            zeros = ", ".join(["0"] * max(len(array["shape"]) - 2, 1))
            if "," not in zeros:
                zeros += ","
            yield cell("code", _PLOT.format(path=array["path"], zeros=zeros, title=dataset["title"]))
    else:
        yield cell("code", _OTHER.format(file=files[0]))


def default_array(dataset):
    arrays = [one for one in dataset["arrays"] if one["shape"]]
    return next((one for one in arrays if one["is_default"]), arrays[0] if arrays else None)


def is_hdf5(path):
    try:
        with open(path, "rb") as stream:
            return stream.read(8) == b"\x89HDF\r\n\x1a\n"
    except OSError:
        return False


def cell(kind, source):
    made = {"cell_type": kind, "metadata": {}, "source": source}
    return {**made, "outputs": [], "execution_count": None} if kind == "code" else made


def link(target, name):
    if not os.path.lexists(name):
        os.symlink(target, name)


if __name__ == "__main__":
    main(sys.argv)
