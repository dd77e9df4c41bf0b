"""`pandaas session`: start, list, extend and stop notebooks and desktops; `pandaas app`: the programs there are."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from pandaas.cli.output import Json, emit, table
from pandaas.cli.remote import TokenFile, Url, connected
from pandaas.cli.session_operation import register_operation
from pandaas.model import InvalidInput, Unavailable

SessionId = Annotated[str, typer.Argument(help="Identifier of the session.")]
_LOOK_S = 0.5


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Start, list, extend and stop notebooks and desktops.", no_args_is_help=True)
    group.command("list")(list_sessions)
    group.command("start")(start)
    group.command("extend")(extend)
    register_operation(group)
    for name, command in (("stop", stop), ("hibernate", hibernate), ("resume", resume)):
        group.command(name)(command)
    group.command("results")(results)
    group.command("register")(register_files)
    group.command("share")(share)
    group.command("unshare")(unshare)
    group.command("members")(members)
    group.command("invite")(invite)
    app.add_typer(group, name="session")


def list_sessions(
    everyone: Annotated[bool, typer.Option("--all", "--everyone", help="Everybody's, for operators.")] = False,
    alive: Annotated[bool, typer.Option("--alive", help="Only those that run or start.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List sessions, the newest first."""
    with connected(url, token_file) as client:
        found = client.sessions(mine=not everyone, alive=alive)
        rows = [_row(one) for one in found]
        columns = ("Session", "Program", "State", "Person", "Node", "Memory", "Last active", "Runs until")
        emit(found, json, lambda: table(columns, rows, empty="No sessions."))


def start(
    program: Annotated[str, typer.Argument(help="Program to start; `pandaas app list` names them.")],
    dataset: Annotated[list[str] | None, typer.Argument(help="Pids of the datasets it sees.")] = None,
    hours: Annotated[float | None, typer.Option(min=0.1, help="How long it runs unless it is extended.")] = None,
    memory_mb: Annotated[int | None, typer.Option("--memory-mb", min=128, help="Memory it may use, in MB.")] = None,
    engine: Annotated[str | None, typer.Option(help="Where it runs: local, or slurm where that is offered.")] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="With a GPU, where sessions get one.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Start a program on datasets and wait until it can be used; it is opened in the browser, on its page."""
    with connected(url, token_file) as client:
        found = client.start_session(program, dataset or (), hours=hours, memory_mb=memory_mb, engine=engine, gpu=gpu)
        while found["state"] in {"requested", "starting"}:
            time.sleep(_LOOK_S)
            found = client.session(found["id"])
        if found["state"] != "ready":
            raise Unavailable(f"The session {found['state']}: {found['reason']}", remedy=found["remedy"])
        emit(found, json, lambda: print(f"Ready: {client.url}/sessions/{found['id']}"))


def stop(
    session: SessionId,
    reason: Annotated[
        str | None,
        typer.Option(help="For operators: let anybody's session hibernate after some minutes, and say why."),
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="How many; else as the facility has set.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="For operators: take that order back.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """End a session; your home and your results are kept. With --reason an operator lets it hibernate, after a warning."""
    if reason is None and minutes is not None:
        raise InvalidInput("Only an order of operators has a time.", remedy="Add --reason.", field="minutes")
    if reason is None and not undo:
        _act(session, "end", "Ending", url, token_file, json)
        return
    with connected(url, token_file) as client:
        if undo or reason is None:
            found = client.let_session_go_on(session)
        else:
            found = client.stop_session(session, reason, minutes=minutes)
        words = f"Hibernates at {found['stop_at']}" if found["stop_at"] else "Goes on"
        emit(found, json, lambda: print(f"{words}: {found['title']}"))


def hibernate(session: SessionId, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """Stop its program, keep what is needed to go on."""
    _act(session, "hibernate", "Going to sleep", url, token_file, json)


def resume(session: SessionId, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """Start a hibernated session again, on the same data."""
    _act(session, "resume", "Starting", url, token_file, json)


def extend(
    session: SessionId,
    hours: Annotated[float, typer.Argument(min=0.1, help="Hours to add.")],
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Give a running session more time."""
    with connected(url, token_file) as client:
        found = client.change_session(session, "extend", hours=hours)
        emit(found, json, lambda: print(f"It runs until {found['expires']}."))


def results(
    session: SessionId,
    automatic: Annotated[
        bool | None,
        typer.Option("--automatic/--no-automatic", help="Finished NeXus results register themselves, or don't."),
    ] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List the files in a session's results folder; switch whether finished results register themselves."""
    with connected(url, token_file) as client:
        if automatic is not None:
            client.set_automatic_results(session, automatic)
        found = client.session_results(session)
        columns = ("File", "Bytes", "Written", "Dataset")
        rows = [(one["name"], str(one["size"]), one["modified"][:16], _standing(one)) for one in found]
        emit(found, json, lambda: table(columns, rows, empty="No files."))


def register_files(
    session: SessionId,
    file: Annotated[list[str], typer.Argument(help="Files of the results folder, one dataset each.")],
    title: Annotated[str, typer.Option(help="Title of the result; of several files each adds its name.")],
    attach: Annotated[list[str] | None, typer.Option("--attach", help="Further file that goes with the one.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is, in words.")] = None,
    sample: Annotated[str | None, typer.Option(help="Sample, where the inputs don't say it.")] = None,
    technique: Annotated[list[str] | None, typer.Option("--technique", help="IRI of a technique.")] = None,
    proposal: Annotated[str | None, typer.Option(help="Where it goes; else to the inputs' proposal.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Register files of a session's results folder as datasets made from the session's."""
    more = {"description": description, "sample": sample, "techniques": technique, "proposal": proposal}
    with connected(url, token_file) as client:
        done = client.register_results(session, file, title, attachments=attach or (), **more)
        rows = [(one["file"], one["dataset"], "" if one["is_new"] else "was registered before") for one in done]
        emit(done, json, lambda: table(("File", "Dataset", ""), rows))


def _standing(one: dict[str, Any]) -> str:
    if one["problem"]:
        return str(one["problem"])
    if one["set_aside"]:
        return f"not registered by itself: {one['set_aside']}"
    how = " (written since)" if one["changed"] else " (by itself)" if one["automatic"] else ""
    return f"{one['dataset'] or ''}{how}"


def share(
    session: SessionId,
    user: Annotated[str, typer.Argument(help="User name of the person to let in.")],
    full: Annotated[bool, typer.Option("--full", help="She works along, with all that you may do in it.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Let a person into a session of yours, to watch or, with --full, to work along."""
    with connected(url, token_file) as client:
        found = client.share_session(session, user, may="full" if full else "view")
        words = "work along" if full else "watch"
        emit(found, json, lambda: print(f"{user} may {words}: {client.url}/sessions/{session}"))


def unshare(
    session: SessionId,
    user: Annotated[str, typer.Argument(help="User name of the person to take out.")],
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Take a person out of a session of yours; she is out within seconds."""
    with connected(url, token_file) as client:
        client.unshare_session(session, user)
        emit({"session": session, "user": user}, json, lambda: print(f"{user} is out."))


def invite(
    session: SessionId,
    label: Annotated[str, typer.Argument(help="For whom it is; you find it by that later.")],
    full: Annotated[bool, typer.Option("--full", help="To work along; else to watch.")] = False,
    guests: Annotated[bool, typer.Option("--guests", help="Also without an account, where this is allowed.")] = False,
    hours: Annotated[float, typer.Option(min=0.1, help="How long it works.")] = 24,
    people: Annotated[int, typer.Option(min=1, max=20, help="For how many people.")] = 1,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Make a link that lets a colleague into a session of yours; it is shown only now."""
    with connected(url, token_file) as client:
        may = "full" if full else "view"
        address = client.invite_to_session(session, label, may=may, guests=guests, hours=hours, most=people)
        emit({"address": address}, json, lambda: print(address))


def members(session: SessionId, url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """List whom a session of yours lets in, and who asks to join."""
    with connected(url, token_file) as client:
        found = client.session_sharing(session)
        columns = ("User name", "Name", "As", "May", "Until")
        rows = [_member(one) for one in found["members"]]
        rows += [("", one["label"], "invited", one["may"], one["expires"][:16]) for one in found["invitations"]]
        emit(found, json, lambda: table(columns, rows, empty="Nobody else."))


def _member(one: dict[str, Any]) -> tuple[str, ...]:
    may = "asks to watch" if one["waits"] else (one["may"] if one["works"] else "nothing: may not see the data")
    return one["user"], one["name"], one["role"], may, (one["until"] or "")[:16]


def _act(session: str, verb: str, words: str, url: str | None, token_file: Any, json: bool) -> None:
    with connected(url, token_file) as client:
        found = client.change_session(session, verb)
        emit(found, json, lambda: print(f"{words}: {found['title']}"))


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        one["id"],
        one["program_title"],
        one["state"],
        one["person"],
        one["node"] or "",
        f"{one['memory_used_mb'] or 0:.0f} of {one['memory_mb']} MB" if one["state"] == "ready" else "",
        (one["last_active"] or "")[:16],
        (min(one["stop_at"] or one["expires"] or "", one["expires"] or ""))[:16],
    )
