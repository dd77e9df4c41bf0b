"""A process that leads a workshop's jobs and chains as the platform does, to be killed at any moment.

It is forked from a process that has imported everything, so that starting one costs no more than a fork.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import delete

from pandaas.db.tables import Lease
from pandaas.testing.workshop import Workshop


@contextmanager
def leader(workshop: Workshop, *, chains: bool = False) -> Iterator[None]:
    """Lead the workshop; at the end the process is killed with its children, and its leases let go.

    A killed leader's leases run out after 30 s; tests don't wait for that.
    """
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["__main__", __name__])
    process = forks.Process(target=_lead, args=(str(workshop.home), chains), daemon=True)
    process.start()
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)
        process.kill()
        process.join()
        with workshop.database.session() as session:
            session.execute(delete(Lease))


def _lead(home: str, chains: bool) -> None:
    os.setsid()
    made = Workshop(Path(home), fresh=False)
    stop = threading.Event()
    if not chains:
        made.jobs.run_reconciler(stop)
        return
    threading.Thread(target=made.jobs.run_reconciler, args=(stop,), daemon=True).start()
    made.chains.keep(stop)
