"""The demo's home and accounts: where it lies, who signs in, and that there is only one of it."""

from __future__ import annotations

import fcntl
import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pandaas.config import Settings, bundled, default_home, load_settings
from pandaas.model import Conflict

ACCOUNTS: tuple[dict[str, str], ...] = (
    {"user": "alice", "name": "Alice Moreau", "role": "visitor", "affiliation": "Institute of Structural Biology",
     "description": "Visiting scientist; leads the public SAXS proposal"},
    {"user": "bob", "name": "Bob Lindqvist", "role": "visitor", "affiliation": "Nordic Coatings",
     "description": "Industry user with data of his company"},
    {"user": "carol", "name": "Carol Okafor", "role": "visitor", "affiliation": "University of the Coast",
     "description": "Visiting scientist; her data are under embargo"},
    {"user": "iris", "name": "Iris Tanaka", "role": "instrument_staff", "affiliation": "Demo Light Source",
     "description": "Instrument scientist"},
    {"user": "otto", "name": "Otto Brandt", "role": "operator", "affiliation": "Demo Light Source",
     "description": "Operator of the platform"},
)  # fmt: skip


def password_of(user: str) -> str:
    return f"{user}-demo"


def manifest() -> dict[str, Any]:
    """What `demo/manifest.toml` says: facility, instruments, proposals and files."""
    file = bundled("demo") / "manifest.toml"
    return tomllib.loads(file.read_text("utf-8"))


def prepare_home(port: int | None = None) -> Settings:
    """The demo's settings; its home (`.demo` in a checkout) and configuration file are made on first use."""
    home = default_home()
    checkout = Path(__file__).parents[4]
    if "PANDAAS_HOME" not in os.environ and (checkout / "pyproject.toml").is_file():
        home = checkout / ".demo"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.chmod(0o700)
    file = home / "pandaas.toml"
    if not file.is_file():
        if (home / "pandaas.sqlite").exists():
            raise Conflict(
                f"{home} holds a platform that is not a demo.",
                remedy="Set PANDAAS_HOME to an empty folder for the demo.",
                field="PANDAAS_HOME",
            )
        file.write_text(_configuration(home), "utf-8")
    settings = load_settings(home=home, server={"port": port} if port is not None else {})
    if not settings.demo.enabled:
        raise Conflict(
            f"{file} does not describe a demo.",
            remedy="Set PANDAAS_HOME to an empty folder for the demo, or use `pandaas serve`.",
            field="demo.enabled",
        )
    return settings


def describe(settings: Settings) -> dict[str, Any]:
    """Address, home and sign-ins, as `pandaas demo --info --json` prints them."""
    found = manifest()
    accounts = [
        {"user": account["user"], "password": password_of(account["user"]), "role": account["role"],
         "description": account["description"],
         "proposals": [p["name"] for p in found["proposals"] if account["user"] in _team(p)]}
        for account in ACCOUNTS
    ]  # fmt: skip
    url = _running_address(settings) or f"http://{settings.server.host}:{settings.server.port}"
    return {"url": url, "home": str(settings.home), "accounts": accounts}


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the home for this demo; a second one is refused."""
    with (settings.home / "demo.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(
                "This demo is running already.",
                remedy=f"It answers at {_running_address(settings) or 'its address'}; stop it with Ctrl-C there.",
            ) from error
        yield


def is_running(settings: Settings) -> bool:
    try:
        with only_one(settings):
            return False
    except Conflict:
        return True


def announce(settings: Settings, url: str) -> None:
    """Note where the running demo answers, for `--info` and for programs beside it."""
    (settings.home / "address").write_text(url, "utf-8")


def _running_address(settings: Settings) -> str | None:
    try:
        return (settings.home / "address").read_text("utf-8").strip() or None
    except OSError:
        return None


def _team(proposal: dict[str, Any]) -> dict[str, str]:
    return {member["user"]: member["role"] for member in proposal.get("team", [])}


def _configuration(home: Path) -> str:
    found = manifest()
    facility = found["facility"]
    lines = [
        "# Written by `pandaas demo`; every field is explained by `pandaas config schema`.",
        f"[demo]\nenabled = true\n\n[facility]\nid = {_quoted(facility['id'])}\nname = {_quoted(facility['name'])}",
        f'[[storage]]\nname = "demo"\npath = {_quoted(str(home / "data"))}',
    ]
    for instrument in found["instruments"]:
        technique = f"technique = {_quoted(instrument['technique'])}\n" if instrument.get("technique") else ""
        lines.append(
            f"[[facility.instruments]]\nid = {_quoted(instrument['name'])}\n"
            f"title = {_quoted(instrument['title'])}\n{technique}"
        )
    return "\n\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
