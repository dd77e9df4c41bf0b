"""The programs that the benchmark of sessions starts: one answers requests and echoes, one has windows; and the platform itself."""

from __future__ import annotations

import time
from pathlib import Path

PASSWORD = "alice-benchmark-1"
ECHO = """
import sys, uvicorn
BODY = b"x" * 1024
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1024"), (b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": BODY})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
uvicorn.run(app, uds=sys.argv[1], log_level="warning", lifespan="off", access_log=False)
"""
WINDOWS = """
wm geometry . 900x700+20+20
canvas .c -width 64 -height 64 -bg white; place .c -x 5 -y 5
set black 0
bind . <KeyPress> { set black [expr !$black]; .c configure -bg [expr {$black ? "black" : "white"}] }
toplevel .w -bg gray80; wm overrideredirect .w 1; wm geometry .w 500x400+100+100
for {set i 0} {$i < 18} {incr i} { label .w.l$i -text "A line of text in a window, number $i, with [expr {$i * 7919}] in it" -bg gray80; pack .w.l$i -anchor w }
bind .w <Button-1> { set ::x [expr {%X - [winfo x .w]}]; set ::y [expr {%Y - [winfo y .w]}] }
bind .w <B1-Motion> { wm geometry .w +[expr {%X - $::x}]+[expr {%Y - $::y}] }
focus -force .
"""


def serve(home: Path, port: int) -> None:
    """The platform with one person, one dataset and two programs more; until SIGTERM."""
    import h5py
    import numpy as np
    import uvicorn

    from pandaas.access import FACILITY
    from pandaas.config import load_settings
    from pandaas.db import upgrade
    from pandaas.model import Role, TeamRole
    from pandaas.server import build_services, close_services, create_app
    from pandaas.server.run import listen

    (home / "data").mkdir()
    (home / "doors").mkdir()
    with h5py.File(home / "data" / "scan.h5", "w") as file:
        data = file.create_group("entry/data")
        file["entry"].attrs["NX_class"] = "NXentry"
        data.attrs["NX_class"], data.attrs["signal"] = "NXdata", "data"
        data["data"] = np.random.default_rng(0).poisson(20, (20, 1000, 1000)).astype("u4")
    for name, kind, command, more in (
        ("echo", "app", '["{python}", "-I", "{app}/echo.py", "{socket}"]', 'environment = "platform"\n'),
        ("windows", "desktop", '["/usr/bin/wish", "{app}/windows.tcl"]', ""),
    ):
        folder = home / "apps" / name
        folder.mkdir(parents=True)
        text = f'title = "{name}"\nsummary = "x"\nkind = "{kind}"\ncommand = {command}\nmemory_mb = 1024\n{more}'
        (folder / "app.toml").write_text(text, "utf-8")
    (home / "apps/echo/echo.py").write_text(ECHO, "utf-8")
    (home / "apps/windows/windows.tcl").write_text(WINDOWS, "utf-8")
    settings = load_settings(
        home=home,
        storage=[{"name": "data", "path": str(home / "data")}],
        facility={"id": "test", "name": "Benchmark"},
        sessions={"app_folders": [str(home / "apps")], "most_of_one": 9, "nginx_doors": str(home / "doors")},
        log={"level": "warning"},
    )
    upgrade(settings)
    services = build_services(settings)
    for name in ("platform", "notebook"):
        services.runtime.environments.ensure(name)
    alice = services.identity.create_person("alice", "Alice", Role.VISITOR, PASSWORD)
    services.access.create_proposal(FACILITY, "P-1", "A proposal")
    services.access.set_member(FACILITY, "P-1", alice, TeamRole.PRINCIPAL_INVESTIGATOR)
    services.catalogue.ingest(FACILITY, [home / "data" / "scan.h5"], proposal="P-1")
    listener = listen("127.0.0.1", port)
    uvicorn.Server(uvicorn.Config(create_app(settings, services=services), log_config=None, lifespan="on")).run(
        [listener]
    )
    services.sessions.end_all(FACILITY)
    time.sleep(2)
    close_services(services)
