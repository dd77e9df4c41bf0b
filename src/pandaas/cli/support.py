"""`pandaas support`: ask for help, read and answer requests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pandaas.cli.output import Json, emit, table
from pandaas.cli.remote import TokenFile, Url, connected

RequestId = Annotated[str, typer.Argument(help="Identifier of the request, such as h-….")]
Pictures = Annotated[list[Path] | None, typer.Option("--picture", help="PNG or JPEG file to send with it, at most 2.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Ask for help, read and answer requests for help.", no_args_is_help=True)
    group.command("list")(list_requests)
    group.command("show")(show)
    group.command("ask")(ask)
    group.command("reply")(reply)
    group.command("take")(take)
    group.command("close")(close)
    group.command("reopen")(reopen)
    app.add_typer(group, name="support")


def list_requests(
    inbox: Annotated[bool, typer.Option("--inbox", help="Those that you may answer, for staff.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Of the inbox: those that you look after.")] = False,
    unassigned: Annotated[
        bool, typer.Option("--unassigned", help="Of the inbox: those that nobody has taken.")
    ] = False,
    state: Annotated[list[str] | None, typer.Option(help="open, waiting, answered or closed; may be repeated.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List requests, what changed last first."""
    whose = "mine" if mine else "unassigned" if unassigned else "all"
    with connected(url, token_file) as client:
        found = client.help.list(inbox=inbox or whose != "all", whose=whose, state=state or ())
        columns = ("Request", "Subject", "State", "Of", "Looked after by", "Changed", "New")
        emit(found, json, lambda: table(columns, [_row(one) for one in found], empty="No requests."))


def show(request: RequestId, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """Print a request with all that was sent and said."""
    with connected(url, token_file) as client:
        found = client.help.get(request)
        emit(found, json, lambda: print(_told(found)))


def ask(
    subject: Annotated[str, typer.Argument(help="What it is about, in a few words.")],
    text: Annotated[str, typer.Option(help="What you did, what happened, what you expected; Markdown.")],
    job: Annotated[str | None, typer.Option(help="Job it is about.")] = None,
    session: Annotated[str | None, typer.Option(help="Session it is about.")] = None,
    dataset: Annotated[list[str] | None, typer.Option("--dataset", help="Pid of a dataset it is about.")] = None,
    instrument: Annotated[str | None, typer.Option(help="Whose staff shall help, where no dataset says it.")] = None,
    with_log: Annotated[
        bool, typer.Option("--with-log", help="Send the end of the log of the job or session too.")
    ] = False,
    picture: Pictures = None,
    person: Annotated[list[str] | None, typer.Option("--person", help="User name of a further reader.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Send without asking; else what is sent is shown first.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Ask for help. What will be sent is shown before it is sent."""
    with connected(url, token_file) as client:
        first = dataset[0] if dataset else None
        draft = client.help.draft(job=job, session=session, dataset=None if job or session else first)
        facts = {one["name"]: one["value"] for one in draft["facts"]}
        log = draft["log"] if with_log else None
        if not yes:
            _show_before(draft, dataset or [], facts, log)
            typer.confirm("Send this?", abort=True, err=True)
        found = client.help.ask(
            subject, text, job=job, session=session, datasets=dataset or (), instrument=instrument, facts=facts, log=log,
            pictures=picture or (), people=person or (),
        )  # fmt: skip
        emit(found, json, lambda: print(f"Sent: {client.url}/support/{found['id']}"))


def reply(
    request: RequestId,
    text: Annotated[str, typer.Argument(help="What you say, in Markdown.")],
    ask_back: Annotated[
        bool, typer.Option("--ask-back", help="As staff: it is a question; the request waits for its person.")
    ] = False,
    picture: Pictures = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Write to a request; what staff write answers it."""
    with connected(url, token_file) as client:
        state = "waiting" if ask_back else "answered"
        found = client.help.reply(request, text, state=state, pictures=picture or ())
        emit(found, json, lambda: print(f"{found['subject']}: {found['state']}"))


def take(
    request: RequestId,
    user: Annotated[str | None, typer.Option(help="Give it to this member of the staff instead of yourself.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Say that you look after a request; for staff."""
    with connected(url, token_file) as client:
        me = client.who_am_i() or {}
        found = client.help.assign(request, user or me.get("user"))
        emit(found, json, lambda: print(f"{found['assigned']} looks after it."))


def close(request: RequestId, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """Close a request that is settled."""
    with connected(url, token_file) as client:
        found = client.help.close(request)
        emit(found, json, lambda: print(f"Closed: {found['subject']}"))


def reopen(request: RequestId, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """Open a closed request again."""
    with connected(url, token_file) as client:
        found = client.help.reopen(request)
        emit(found, json, lambda: print(f"Open again: {found['subject']}"))


def _show_before(draft: dict[str, Any], pids: list[str], facts: dict[str, str], log: str | None) -> None:
    typer.echo(f"It goes to {', '.join(draft['told']) or 'the operators'}. With your text are sent:", err=True)
    for name, value in facts.items():
        typer.echo(f"  {name}: {value}", err=True)
    if pids:
        typer.echo(f"  Datasets: {', '.join(pids)} (their names show only to those who may see them)", err=True)
    if log:
        typer.echo("  Log:\n" + "\n".join(f"    {line}" for line in log.splitlines()), err=True)


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    new = str(one["unread"]) if one["unread"] else ""
    return one["id"], one["subject"], one["state"], one["person"], one["assigned"] or "", one["changed"][:16], new


def _told(one: dict[str, Any]) -> str:
    lines = [f"{one['subject']} ({one['state']}), of {one['person']}"]
    lines += [f"{fact['name']}: {fact['value']}" for fact in one["facts"]]
    lines += [f"Dataset: {dataset['title']} ({dataset['pid']})" for dataset in one["datasets"]]
    if one["log"]:
        lines += ["", "Log:", one["log"]]
    for message in one["messages"]:
        who = f"{message['author']}{', staff' if message['as_staff'] else ''}"
        lines += ["", f"{message['created'][:16]} {who}:", message["text"]]
        lines += [f"[picture {picture['name']}]" for picture in message["pictures"]]
    return "\n".join(lines)
