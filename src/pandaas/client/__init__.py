"""The Python client: `pandaas.connect(url, token=…)`.

    client = pandaas.connect("https://data.example.org", token="pandaas_…")
    dataset = client.search("technique:SAXS")[0]
    frame = dataset["/entry/data/data"][0]                  # a NumPy array; only this frame travels
    job = client.run("saxs-integrate", dataset, npt=1000)
    curve = job.wait().result

Imports stay light: httpx and NumPy, none of the platform's own libraries. Errors are those of `pandaas.model`.
"""

from pandaas.client.arrays import Array
from pandaas.client.chains import ChainRun
from pandaas.client.connection import Client, connect
from pandaas.client.datasets import Dataset, Verification
from pandaas.client.help import HelpDesk
from pandaas.client.jobs import Job, JobFailed
from pandaas.client.login import Code, log_in, log_out
from pandaas.client.progress import byte_bar
from pandaas.client.publications import Publication
from pandaas.client.search import Results
from pandaas.client.transfer import RemoteFile

__all__ = [
    "Array",
    "ChainRun",
    "Client",
    "Code",
    "Dataset",
    "HelpDesk",
    "Job",
    "JobFailed",
    "Publication",
    "RemoteFile",
    "Results",
    "Verification",
    "byte_bar",
    "connect",
    "log_in",
    "log_out",
]
