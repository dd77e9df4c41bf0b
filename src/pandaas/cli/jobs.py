"""`pandaas jobs`: list, watch, cancel and repeat jobs."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandaas.cli.output import ExitCode, Json, emit, report, table
from pandaas.cli.remote import TokenFile, Url, connected
from pandaas.model import InvalidInput, JobState, PandaasError

if TYPE_CHECKING:
    from pandaas.client import Job

JobId = Annotated[str, typer.Argument(help="Identifier of the job.")]
_FOLLOW_S = 0.5


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="List, watch, cancel and repeat jobs.", no_args_is_help=True)
    for name, command in (("list", list_jobs), ("show", show), ("log", log), ("wait", wait)):
        group.command(name)(command)
    group.command("cancel")(cancel)
    group.command("retry")(retry)
    app.add_typer(group, name="jobs")


def list_jobs(
    state: Annotated[list[str] | None, typer.Option(help="Only jobs in this state; may be repeated.")] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="All jobs you may see, not only yours.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most rows to print.")] = 20,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List the latest jobs."""
    for one in state or ():
        if one not in set(JobState):
            raise InvalidInput(
                f"'{one}' is no state of a job.", remedy=f"Use one of {', '.join(JobState)}.", field="--state"
            )
    with connected(url, token_file) as client:
        jobs = client.jobs(state=state or (), mine=not everyone, limit=limit)
        rows = [_row(job.record) for job in jobs]
        columns = ("Job", "Recipe", "State", "Person", "Started", "Result")
        emit([job.record for job in jobs], json, lambda: table(columns, rows, empty="No jobs."))


def show(job: JobId, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """Show one job: state, inputs, parameters, resources, results."""
    with connected(url, token_file) as client:
        record = client.job(job).record
        emit(record, json, lambda: _print_job(record))


def log(
    job: JobId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Print what the job has printed."""
    with connected(url, token_file) as client:
        found = client.job(job)
        offset = 0
        while True:
            over = found.ended
            while piece := found.log_from(offset):
                text, offset = piece
                if not text:
                    break
                sys.stdout.write(text)
                sys.stdout.flush()
            if over or not follow:
                return
            time.sleep(_FOLLOW_S)
            found.refresh()


def wait(
    job: JobId,
    timeout: Annotated[float | None, typer.Option(help="Give up waiting after so many seconds.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Wait until the job has ended; ends with 1 when it has no result."""
    with connected(url, token_file) as client:
        finish([client.job(job)], wait=True, as_json=json, timeout=timeout)


def cancel(job: JobId, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """Cancel a job."""
    with connected(url, token_file) as client:
        record = client.job(job).cancel().record
        emit(record, json, lambda: print(_cancelled(record)))


def retry(
    job: JobId,
    wait: Annotated[bool, typer.Option(help="Wait for the result, or return at once.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Run a job again with the same recipe version, inputs and parameters."""
    with connected(url, token_file) as client:
        finish([client.job(job).retry()], wait=wait, as_json=json)


def _cancelled(record: dict[str, Any]) -> str:
    """The end follows within a moment; until then the job says that it is being cancelled."""
    ended = JobState(record["state"]).is_final
    return f"{record['id']}: {record['state']}" + ("" if ended else ", being cancelled")


def finish(jobs: Sequence[Job], *, wait: bool, as_json: bool, timeout: float | None = None) -> None:
    """Wait for jobs where asked to, print what became of them, and end with 1 when one has no result."""
    if wait:
        for job in jobs:
            try:
                job.wait(progress=not as_json, timeout=timeout, check=False)
            except TimeoutError as error:
                report(PandaasError(str(error)))
                raise typer.Exit(ExitCode.FAILED) from error
            except KeyboardInterrupt:
                print(f"The job runs on; `pandaas jobs wait {job.id}` waits for it again.", file=sys.stderr)
                raise
    emit([job.record for job in jobs], as_json, lambda: _print_ends(jobs))
    if wait and any(job.state is not JobState.SUCCEEDED for job in jobs):
        raise typer.Exit(ExitCode.FAILED)


def _print_ends(jobs: Sequence[Job]) -> None:
    for job in jobs:
        record = job.record
        results = ", ".join(card["pid"] for card in record["outputs"])
        print(f"{job.id}  {job.state}" + (f"  result: {results}" if results else ""))
        for warning in job.warnings:
            print(f"  warning: {warning}")
        if record.get("failure"):
            print(f"  {record['failure']} {record.get('remedy') or ''}".rstrip())


def _row(record: dict[str, Any]) -> tuple[object, ...]:
    started = record.get("started") or record["created"]
    results = [card["pid"] for card in record["outputs"]]
    when = datetime.fromisoformat(started)
    return record["id"], record["recipe"], record["state"], record["person"], when, results


def _print_job(record: dict[str, Any]) -> None:
    keys = ("id", "recipe", "recipe_version", "state", "phase", "message", "person", "proposal", "created", "ended")
    rows = [(key.replace("_", " "), record.get(key)) for key in keys]
    queue = record.get("queue")
    if queue:
        rows.append(("place in the queue", f"{queue['place']} of {queue['of']}" if queue["place"] else None))
        rows += [("waits because", queue["reason"]), ("expected start", queue["expected_start"])]
    rows += [(f"input {entry['slot']}", f"{entry['pid']}  {entry['title']}") for entry in record["inputs"]]
    rows += [(name, value) for name, value in record.get("parameters", {}).items()]
    used = (
        "engine",
        "engine_reason",
        "environment",
        "isolation",
        "cores",
        "gpus",
        "wall_s",
        "cpu_s",
        "max_rss_mb",
        "exit_code",
    )
    rows += [(key.replace("_", " "), record.get(key)) for key in used if key != "gpus" or record.get(key)]
    rows += [("result", card["pid"]) for card in record["outputs"]]
    rows += [("warning", warning) for warning in record.get("warnings", [])]
    rows += [("failure", record.get("failure")), ("remedy", record.get("remedy"))]
    table(("", ""), [row for row in rows if row[1] not in (None, "")])
