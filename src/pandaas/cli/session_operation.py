"""`pandaas session nodes`, `message`, `drain`, `more-time`, `requests`: what operators and staff do with others' sessions."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pandaas.cli.output import Json, emit, table
from pandaas.cli.remote import TokenFile, Url, connected
from pandaas.model import InvalidInput


def register_operation(group: typer.Typer) -> None:
    group.command("nodes")(nodes)
    group.command("message")(message)
    group.command("drain")(drain)
    group.command("more-time")(more_time)
    group.command("requests")(requests)


def nodes(url: Url = None, token_file: TokenFile = None, json: Json = False) -> None:
    """List the computers that sessions run on; for operators."""
    with connected(url, token_file) as client:
        found = client.session_nodes()
        columns = ("Computer", "Sessions", "Memory used", "Memory promised", "Drained until", "Why")
        emit(found, json, lambda: table(columns, [_node(one) for one in found]))


def message(
    text: Annotated[str, typer.Argument(help="What to say; it is shown until it was read.")],
    session: Annotated[str | None, typer.Option(help="In this session.")] = None,
    node: Annotated[str | None, typer.Option(help="In all sessions on this computer.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Say something in a session, or in all on a computer; for operators."""
    if (session is None) == (node is None):
        raise InvalidInput("To whom?", remedy="Give either --session or --node.", field="session")
    with connected(url, token_file) as client:
        count = 1
        if session is not None:
            client.message_session(session, text)
        elif node is not None:
            count = client.message_node(node, text)
        emit({"sessions": count}, json, lambda: print(f"Shown in {count} session{'' if count == 1 else 's'}."))


def drain(
    node: Annotated[str | None, typer.Argument(help="The computer; left out: the only one there is.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; the people concerned read it.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Until what runs hibernates; else as the facility has set.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Take a computer out of service: no session starts there, those that run hibernate after a warning. For operators."""
    if reason is None and not undo:
        raise InvalidInput("Say why: the people concerned read it.", remedy="Add --reason.", field="reason")
    with connected(url, token_file) as client:
        name = node or _only(client.session_nodes())
        if undo or reason is None:
            client.undrain_node(name)
        else:
            client.drain_node(name, reason, minutes=minutes)
        drained = next((one["drain"] for one in client.session_nodes() if one["name"] == name), None)
        words = f"what runs hibernates at {drained['until']}" if drained else "sessions start there"
        emit({"node": name, "drain": drained}, json, lambda: print(f"{name}: {words}."))


def more_time(
    session: Annotated[str, typer.Argument(help="Identifier of the session.")],
    hours: Annotated[float, typer.Argument(min=0.1, help="Hours beyond its end.")],
    reason: Annotated[str, typer.Option(help="Why; staff read it.")],
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Ask staff for more time than the rules give to a session of yours."""
    with connected(url, token_file) as client:
        found = client.ask_for_more_time(session, hours, reason)
        emit(found, json, lambda: print("Asked; you get a notice when staff have answered."))


def requests(
    grant: Annotated[int | None, typer.Option(help="Number of a request to grant.")] = None,
    refuse: Annotated[int | None, typer.Option(help="Number of a request to refuse.")] = None,
    answer: Annotated[str, typer.Option(help="Words for the session's person.")] = "",
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List requests for more time that wait for your answer; answer one."""
    if grant is not None and refuse is not None:
        raise InvalidInput("One at a time.", remedy="Give either --grant or --refuse.", field="grant")
    with connected(url, token_file) as client:
        chosen = grant if grant is not None else refuse
        if chosen is not None:
            client.answer_time_request(chosen, grant=grant is not None, answer=answer)
        found = client.time_requests()
        columns = ("Number", "Session", "Person", "Hours", "Ends", "Why")
        emit(found, json, lambda: table(columns, [_request(one) for one in found], empty="No requests."))


def _only(found: list[dict[str, Any]]) -> str:
    if len(found) != 1:
        raise InvalidInput(
            "There are several computers.", remedy="Name one; `pandaas session nodes` lists them.", field="node"
        )
    return str(found[0]["name"])


def _node(one: dict[str, Any]) -> tuple[str, ...]:
    drained = one["drain"] or {"until": "", "reason": ""}
    used, promised = f"{one['used_mb']:.0f} MB", f"{one['promised_mb']} MB"
    return one["name"], str(one["running"]), used, promised, drained["until"][:16], drained["reason"]


def _request(one: dict[str, Any]) -> tuple[str, ...]:
    ends = (one["expires"] or "")[:16]
    return str(one["id"]), one["session"], one["person"], f"{one['hours']:g}", ends, one["reason"]
