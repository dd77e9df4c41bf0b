"""A long queue of small jobs whose runs are counted: each result says how often its job's code was started."""

from __future__ import annotations

import h5py
from sqlalchemy import delete

from pandaas.db.tables import Lease
from pandaas.testing.workshop import Workshop

COUNTED = """
import numpy as np
from pandaas import sdk
def run(inputs, parameters, output):
    with open(output / 'runs', 'a') as stream: stream.write('x')
    runs = len(open(output / 'runs').read())
    plot = sdk.Plot('runs', sdk.Field('runs', np.array([runs, runs])), [sdk.Field('n', np.arange(2))])
    sdk.write_result(title='Runs', process={'program': 't', 'version': '1', 'parameters': {}}, plots=[plot])
"""

LEADER = """
import json, sys, threading
from pathlib import Path
from pandaas.testing.workshop import Workshop
Workshop(Path(sys.argv[1]), fresh=False, runtime=json.loads(sys.argv[2])).jobs.run_reconciler(threading.Event())
"""
"""A process that leads the jobs of a home, with these settings of the runtime."""


def runs_of(workshop: Workshop, job_id: str) -> int:
    with h5py.File(workshop.home / "results" / job_id / "result.nxs") as stream:
        return int(stream["entry/runs/runs"][0])


def let_leases_go(workshop: Workshop) -> None:
    """A killed leader's lease runs out after 30 s; tests don't wait for that."""
    with workshop.database.session() as session:
        session.execute(delete(Lease))
