"""What a worker of a job does: run one command of it under a supervisor of its own, and say how it ended.

Sent to Dask's workers by value, so that they need nothing of PaN-DAaS imported; standard library only. A try has a folder of its own, so
that a repetition after the loss of a worker never meets what the first one left.
"""

from __future__ import annotations

from typing import Any


def run_in_folder(place: str, piece: dict[str, Any], supervisor: dict[str, Any]) -> dict[str, Any]:
    """Run `piece` below `place`; returns `{"folder": path, "exit": record or None}`.

    `piece`: {"spec": what the supervisor reads, "job": content of job.json or None, "uid": n or None}, in which @TRY@ stands
    for the folder of this try. `supervisor`: {"argv": […], "env": {…}}.
    """
    import ctypes
    import json
    import os
    import signal
    import subprocess
    import uuid

    def with_parent() -> None:
        """The supervisor is asked to end when its worker is killed (PR_SET_PDEATHSIG)."""
        ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)

    folder = f"{place}/{uuid.uuid4().hex[:12]}"
    os.makedirs(f"{folder}/output")  # noqa: PTH103 - no more imports than needed
    os.chmod(folder, 0o755)  # noqa: PTH101, S103 - passed through by the job's account
    if piece["uid"] is not None and os.geteuid() == 0:
        os.chown(f"{folder}/output", piece["uid"], piece["gid"])
    written = json.dumps(piece).replace("@TRY@", folder)
    piece = json.loads(written)
    for name, content in (("job.json", piece["job"]), ("spec.json", piece["spec"])):
        if content is not None:
            with open(f"{folder}/{name}", "w", encoding="utf-8") as stream:  # noqa: PTH123
                json.dump(content, stream)
            os.chmod(f"{folder}/{name}", 0o644)  # noqa: PTH101
    running = subprocess.Popen(
        [*supervisor["argv"], folder],
        env=supervisor["env"],
        stdin=subprocess.DEVNULL,
        preexec_fn=with_parent,  # noqa: PLW1509 - a worker runs one task at a time
    )
    while True:
        try:
            running.wait(1)
            break
        except subprocess.TimeoutExpired:
            if any(os.path.exists(f"{place}/../{name}") for name in ("exit.json", "cancel", "lost")):  # noqa: PTH110 - ended without us
                running.terminate()
    try:
        with open(f"{folder}/exit.json", encoding="utf-8") as stream:  # noqa: PTH123
            return {"folder": folder, "exit": json.load(stream)}
    except FileNotFoundError:
        return {"folder": folder, "exit": None}


def run_or_be_lost(place: str, piece: dict[str, Any], supervisor: dict[str, Any]) -> dict[str, Any]:
    """The same for Dask, which tries elsewhere after an error: `ChildProcessError` where the supervisor or the work was ended by
    nobody of ours, as a scheduler does that takes the worker away."""
    import os

    told = run_in_folder(place, piece, supervisor)
    record = told["exit"]
    over = any(os.path.exists(f"{place}/../{name}") for name in ("exit.json", "cancel", "lost"))  # noqa: PTH110
    ended = record is None or record["reason"] == "cancelled" or (record["reason"] == "exit" and record["signal"] == 15)
    if ended and not over:
        raise ChildProcessError("it was ended from outside")
    return told
