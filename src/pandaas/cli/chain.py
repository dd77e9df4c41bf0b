"""`pandaas chain`: recipes composed into chains: save, share, run, restart, and let them run by themselves."""

from __future__ import annotations

import json as json_module
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandaas.cli.output import ExitCode, Json, emit, table
from pandaas.cli.remote import TokenFile, Url, connected
from pandaas.model import InvalidInput

if TYPE_CHECKING:
    from pandaas.client import ChainRun

ChainId = Annotated[str, typer.Argument(help="Identifier of the chain, for example saxs.")]
RunId = Annotated[str, typer.Argument(help="Identifier of the run.")]
AttachmentId = Annotated[int, typer.Argument(help="Number of the attachment, see `pandaas chain attached`.")]
Parameter = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", help="STEP.NAME=VALUE, the value as JSON or text; may be repeated."),
]
_POLL_S = 0.5


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Recipes composed into chains, and runs of them.", no_args_is_help=True)
    for name, command in (
        ("list", list_chains),
        ("show", show),
        ("save", save),
        ("share", share),
        ("run", run),
        ("runs", runs),
        ("status", status),
        ("restart", restart),
        ("cancel", cancel),
        ("series", series),
        ("attach", attach),
        ("attached", attached),
        ("found", found),
        ("backlog", backlog),
        ("again", again),
        ("detach", detach),
    ):
        group.command(name)(command)
    app.add_typer(group, name="chain")


def list_chains(url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """List the chains that you may use."""
    with connected(url, token_file) as client:
        chains = client.chains()
        rows = [
            (
                one["id"],
                one["title"],
                " → ".join(step["name"] for step in one["steps"]),
                one["sharing"],
                one["attached"],
            )
            for one in chains
        ]
        emit(
            chains, json, lambda: table(("Chain", "Title", "Steps", "Shared", "Runs by itself at"), rows, empty="None.")
        )


def show(chain: ChainId, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """Show one chain: inputs, steps, what is wrong with it. With --json its `definition` can be saved as another."""
    with connected(url, token_file) as client:
        page = client.chain(chain)
        emit(page, json, lambda: _print_chain(page))


def save(
    file: Annotated[Path, typer.Argument(help="TOML or JSON file: title, inputs, steps.")],
    chain: Annotated[str | None, typer.Option("--as", help="Save it as a new version of this chain of yours.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Keep a chain. It is checked: what is wrong is told with step and field. It is private until you share it."""
    definition = _read(file)
    with connected(url, token_file) as client:
        page = client.save_chain(definition, chain)
        emit(page, json, lambda: print(f"{page['id']}  version {page['number']}  {page['title']}"))


def share(
    chain: ChainId,
    team: Annotated[str | None, typer.Option(help="Share it with the team of this proposal.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="For everybody; instrument staff may do this.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Say who may use a chain of yours; without an option nobody else."""
    if team and publish:
        raise InvalidInput("Either a team or everybody.", remedy="Leave one option out.", field="--team")
    sharing = "published" if publish else "team" if team else "private"
    with connected(url, token_file) as client:
        page = client.share_chain(chain, sharing, team)
        emit(page, json, lambda: print(f"{page['id']}: {page['sharing']}"))


def run(
    chain: ChainId,
    datasets: Annotated[list[str], typer.Argument(help="Datasets for the main input: a run for each.")],
    given: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="NAME=PID[,PID…] for another input; may be repeated.")
    ] = None,
    parameter: Parameter = None,
    fill: Annotated[
        bool, typer.Option(help="Propose datasets for inputs that are left out, or leave them empty.")
    ] = True,
    proposal: Annotated[str | None, typer.Option(help="Where the results go. Default: where the input is.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait for the results, or return at once.")] = True,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Run a chain on datasets. Ends with 1 when a step fails."""
    inputs = {name: text.split(",") for name, text in (_pair(one, "--input") for one in given or ())}
    with connected(url, token_file) as client:
        runs_ = client.run_chain(
            chain, datasets, inputs=inputs, parameters=_parameters(parameter), proposal=proposal, fill=fill
        )
        _finish(runs_, wait=wait, as_json=json)


def runs(
    chain: Annotated[str | None, typer.Option(help="Only of this chain.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most rows to print.")] = 20,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List the latest runs that you may see."""
    with connected(url, token_file) as client:
        found_ = [one.record for one in client.chain_runs(chain=chain, limit=limit)]
        rows = [(one["id"], one["chain"], one["state"], _about(one), one["person"], one["result"]) for one in found_]
        emit(found_, json, lambda: table(("Run", "Chain", "State", "Data", "Person", "Result"), rows, empty="No runs."))


def status(
    run: RunId,
    wait: Annotated[bool, typer.Option(help="Wait for its end.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Show a run: its steps, their jobs, what failed."""
    with connected(url, token_file) as client:
        _finish([client.chain_run(run)], wait=wait, as_json=json)


def restart(
    run: RunId,
    first: Annotated[
        list[str] | None, typer.Option("--from", help="Run this step again although it has a result; may be repeated.")
    ] = None,
    parameter: Parameter = None,
    wait: Annotated[bool, typer.Option(help="Wait for its end.")] = True,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Go on from the failed step; the results of the others are used again."""
    with connected(url, token_file) as client:
        again_ = client.chain_run(run).restart(_parameters(parameter), tuple(first or ()))
        _finish([again_], wait=wait, as_json=json)


def cancel(run: RunId, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """Cancel a run with its running steps."""
    with connected(url, token_file) as client:
        record = client.chain_run(run).cancel().record
        emit(record, json, lambda: print(f"{record['id']}: being cancelled"))


def series(
    run: Annotated[str | None, typer.Option(help="The series that this run belongs to.")] = None,
    chain: Annotated[str | None, typer.Option(help="All runs of this chain.")] = None,
    attachment: Annotated[int | None, typer.Option(help="All runs of this attachment.")] = None,
    step: Annotated[str | None, typer.Option(help="Results of this step. Default: the last.")] = None,
    quantity: Annotated[list[str] | None, typer.Option(help="Only this scalar; may be repeated.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Print the scalars of a series' results over its measurements."""
    with connected(url, token_file) as client:
        name = client.chain_run(run).record["series"] if run else None
        if not (name or chain or attachment):
            raise InvalidInput("Which series?", remedy="Give --run, --chain or --attachment.", field="--run")
        found_ = client.chain_series(chain=chain, series=name, attachment=attachment, step=step)
        names = quantity or [one["name"] for one in found_["results"] if one["varies"]][:6]
        rows = [
            (one["dataset"], one["title"], one["state"], *(_number(one["found"].get(name)) for name in names))
            for one in found_["rows"]
        ]
        emit(found_, json, lambda: table(("Dataset", "Title", "State", *names), rows, empty="No runs."))


def attach(
    instrument: Annotated[str, typer.Argument(help="Name of the instrument.")],
    chain: ChainId,
    technique: Annotated[list[str] | None, typer.Option(help="PaNET IRI that data must have; may be repeated.")] = None,
    title: Annotated[str, typer.Option(help="Pattern of titles, with * and ?.")] = "",
    file: Annotated[str, typer.Option(help="Pattern of file names, with * and ?.")] = "",
    data_format: Annotated[list[str] | None, typer.Option("--format", help="File format; may be repeated.")] = None,
    parameter: Parameter = None,
    at_once: Annotated[int, typer.Option(min=1, help="Most runs at the same time.")] = 2,
    per_day: Annotated[int | None, typer.Option(min=1, help="Most runs in 24 hours.")] = None,
    core_hours: Annotated[float | None, typer.Option(help="Most core hours in 24 hours.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Let a published chain run by itself on every new measurement of an instrument; for its staff."""
    predicate = {"techniques": technique or [], "formats": data_format or [], "title": title, "file": file}
    with connected(url, token_file) as client:
        rows = client.attach_chain(
            instrument,
            chain,
            predicate=predicate,
            parameters=_parameters(parameter),
            at_once=at_once,
            per_day=per_day,
            core_hours_per_day=core_hours,
        )
        emit(rows, json, lambda: _print_attachments(rows))


def attached(
    instrument: Annotated[str, typer.Argument(help="Name of the instrument.")],
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List what runs by itself on an instrument's data."""
    with connected(url, token_file) as client:
        rows = client.attachments(instrument)
        emit(rows, json, lambda: _print_attachments(rows))


def found(
    attachment: AttachmentId,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most rows to print.")] = 50,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """What an attachment found, what ran, what failed and why."""
    with connected(url, token_file) as client:
        page = client.automatic_runs(attachment, limit=limit)
        rows = [(one["dataset"], one["title"], one["state"], one["run"], one["reason"]) for one in page["runs"]]
        emit(page, json, lambda: table(("Dataset", "Title", "State", "Run", "Why"), rows, empty="Nothing yet."))


def backlog(
    attachment: AttachmentId,
    last: Annotated[int, typer.Option(min=1, max=1000, help="How many of the latest measurements to look at.")] = 50,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Run on measurements too that were there before."""
    with connected(url, token_file) as client:
        answer = client.change_attachment(attachment, "backlog", last=last)
        emit(answer, json, lambda: print(f"{answer['count']} runs were noted."))


def again(
    attachment: AttachmentId,
    datasets: Annotated[list[str] | None, typer.Argument(help="Only these datasets.")] = None,
    since: Annotated[str | None, typer.Option(help="Measured from this time on (ISO 8601 with zone).")] = None,
    until: Annotated[str | None, typer.Option(help="Measured before this time.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Run once more on what was run on, after a calibration was corrected."""
    more = {"datasets": datasets or [], "since": since, "until": until}
    with connected(url, token_file) as client:
        answer = client.change_attachment(attachment, "again", **more)
        emit(answer, json, lambda: print(f"{answer['count']} runs were noted."))


def detach(attachment: AttachmentId, url: Url = None, token_file: TokenFile = None) -> None:
    """Let a chain run by itself no more; what runs goes on, results stay."""
    with connected(url, token_file) as client:
        client.detach_chain(attachment)


def _finish(runs_: list[ChainRun], *, wait: bool, as_json: bool) -> None:
    for one in runs_ if wait else ():
        while one.refresh().state == "running":
            time.sleep(_POLL_S)
    emit([one.record for one in runs_], as_json, lambda: _print_runs(runs_))
    if wait and any(one.state != "succeeded" for one in runs_):
        raise typer.Exit(ExitCode.FAILED)


def _print_runs(runs_: list[ChainRun]) -> None:
    for one in runs_:
        _print_run(one.record)


def _print_run(record: dict[str, Any]) -> None:
    print(f"{record['id']}  {record['chain']} (version {record['number']})  {record['state']}  {_about(record)}")
    for one in record["inputs"]:
        if one["reason"]:
            print(f"  {one['name']}: {one['title']}. {one['reason']}")
    rows = [
        (step["name"], step["recipe"], step["state"], step["job"], step["result"], step["failure"])
        for step in record["steps"]
    ]
    table(("Step", "Recipe", "State", "Job", "Result", "Failure"), rows)


def _print_chain(page: dict[str, Any]) -> None:
    print(f"{page['title']} ({page['id']}, version {page['number']}, {page['sharing']})\n{page['summary']}\n")
    inputs = [
        (one["name"], one["title"], "" if one["optional"] else "needed", one["accepts"]) for one in page["inputs"]
    ]
    table(("Input", "Title", "", "Takes"), inputs)
    print()
    steps = [
        (step["name"], step["recipe"], ", ".join(f"{slot} ← {' + '.join(of)}" for slot, of in step["inputs"].items()),
         json_module.dumps(step["parameters"]) if step["parameters"] else "")
        for step in page["steps"]
    ]  # fmt: skip
    table(("Step", "Recipe", "Inputs", "Parameters"), steps)
    for one in page["findings"]:
        print(f"{'mistake' if one['serious'] else 'remark'}: {one['message']} {one['remedy']}")


def _print_attachments(rows: list[dict[str, Any]]) -> None:
    shown = [
        (one["id"], one["chain"], one["number"], "on" if one["enabled"] else "off", one["waiting"], one["used_today"])
        for one in rows
    ]
    table(("Number", "Chain", "Version", "State", "Waiting", "Runs of 24 h"), shown, empty="Nothing runs by itself.")


def _read(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        text = file.read_text("utf-8")
        tree = json_module.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"{file} can't be read: {error}.", remedy="Give a TOML or JSON file.", field="file"
        ) from error
    found_ = tree.get("definition", tree) if isinstance(tree, dict) else tree
    if not isinstance(found_, dict):
        raise InvalidInput(f"{file} holds no chain.", remedy="It has title, inputs and steps.", field="file")
    return found_


def _parameters(given: list[str] | None) -> dict[str, dict[str, Any]]:
    found_: dict[str, dict[str, Any]] = {}
    for one in given or ():
        name, text = _pair(one, "--parameter")
        step, dot, field = name.partition(".")
        if not dot or not field:
            raise InvalidInput(f"'{one}' names no step.", remedy="Write STEP.NAME=VALUE.", field="--parameter")
        found_.setdefault(step, {})[field] = _value(text)
    return found_


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidInput(f"'{text}' is no NAME=VALUE.", remedy="Write it so.", field=option)
    return name, value


def _value(text: str) -> Any:
    try:
        return json_module.loads(text)
    except ValueError:
        return text


def _about(record: dict[str, Any]) -> str:
    return next((one["title"] for one in record["inputs"]), "")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"
