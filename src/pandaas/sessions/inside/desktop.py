"""Inside the sandbox: a screen on a unix socket, a window manager, and the session's program in it.

The program's modules are imported while the screen starts, unless this process was forked from one that has them. The screen
ends with this process. A program that is closed can be started again from the menu (right button); `window`
in the run folder tells the platform that there is something to be seen.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import shlex
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

_SCREEN_S = 20
_MANAGER_S = 20
_WINDOW_S = 120
_PASSWORDS = bytes.fromhex("06220ba5b927ab493b33820a27ba4dd0")
"""Two passwords as vncpasswd writes them: "full", which nobody needs, and "viewonly", whose connections get no clipboard."""
_RC = """<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
<theme><name>Clearlooks</name><titleLayout>NLIMC</titleLayout></theme>
<desktops><number>1</number></desktops>
<applications><application class="*"><maximized>yes</maximized></application>
<application type="dialog"><maximized>no</maximized></application></applications>
<mouse><context name="Root"><mousebind button="Right" action="Press"><action name="ShowMenu"><menu>root-menu</menu></action></mousebind></context>
<context name="Titlebar"><mousebind button="Left" action="Drag"><action name="Move"/></mousebind>
<mousebind button="Left" action="DoubleClick"><action name="ToggleMaximize"/></mousebind></context>
<context name="Frame"><mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/></mousebind></context>
<context name="Client"><mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/></mousebind></context>
<context name="Close"><mousebind button="Left" action="Click"><action name="Close"/></mousebind></context>
<context name="Maximize"><mousebind button="Left" action="Click"><action name="ToggleMaximize"/></mousebind></context>
<context name="Iconify"><mousebind button="Left" action="Click"><action name="Iconify"/></mousebind></context>
<context name="BRCorner"><mousebind button="Left" action="Drag"><action name="Resize"/></mousebind></context></mouse>
<keyboard><keybind key="A-Tab"><action name="NextWindow"/></keybind></keyboard>
<menu><file>{menu}</file></menu>
</openbox_config>
"""
_MENU = """<?xml version="1.0" encoding="UTF-8"?>
<openbox_menu xmlns="http://openbox.org/3.4/menu"><menu id="root-menu" label="Session">
<item label="{title}"><action name="Execute"><command>{command}</command></action></item>
<item label="Terminal"><action name="Execute"><command>xterm</command></action></item>
</menu></openbox_menu>
"""


def main(arguments: list[str]) -> int:
    told = json.loads(Path(arguments[1]).read_text("utf-8"))
    os.chdir(told["home"])
    short = Path(tempfile.mkdtemp(prefix="pandaas-"))  # names of sockets may have 107 bytes only
    (short / "run").symlink_to(told["run"])
    environment = dict(os.environ, **surroundings(short, told))
    environment.pop("MPLBACKEND", None)
    Path("/tmp/.X11-unix").mkdir(mode=0o1777, exist_ok=True)  # noqa: S108 - a private one
    program = made(told, environment)
    screen = subprocess.Popen(screen_command(short, told), env=environment)
    display = Display()
    if not wait_for(display.open, _SCREEN_S, screen):
        sys.stdout.write("the screen did not start\n")
        return 1
    subprocess.Popen(window_manager(short, told), env=environment)
    wait_for((short / "managed").exists, _MANAGER_S, screen)  # windows that come while it starts stay hidden for ever
    program.start()
    shown = wait_for(lambda: display.windows() > 0 or bool(program.poll()), _WINDOW_S, screen)
    if shown and program.poll():
        sys.stdout.write(f"the program ended before it showed a window (exit code {program.returncode})\n")
        return 1
    (Path(told["run"]) / "window").touch()
    while screen.poll() is None:
        program.poll()
        time.sleep(0.5)
    if screen.returncode:
        sys.stdout.write(f"its screen broke down (exit code {screen.returncode})\n")
    return 1 if screen.returncode else 0


class Started:
    """The program as its command starts it, when its screen is there."""

    def __init__(self, told: dict[str, Any], environment: dict[str, str]) -> None:
        self._told, self._environment = told, environment
        self.returncode: int | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._told["command"], env=self._environment, cwd=self._told["results"])

    def poll(self) -> int | None:
        self.returncode = self._process.poll()
        return self.returncode


class Forked:
    """The program `{python} -m module …` in a fork of this process, which imports what it needs and then waits for the screen."""

    def __init__(self, told: dict[str, Any], environment: dict[str, str]) -> None:
        self.returncode: int | None = None
        waiting, self._go = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._go)
            become(told, environment, waiting)
        os.close(waiting)

    def start(self) -> None:
        os.write(self._go, b"1")
        os.close(self._go)

    def poll(self) -> int | None:
        if self.returncode is None:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode


def made(told: dict[str, Any], environment: dict[str, str]) -> Started | Forked:
    command = told["command"]
    own = len(command) > 2 and command[:2] == [sys.executable, "-m"] and told.get("imports")
    return Forked(told, environment) if own else Started(told, environment)


def become(told: dict[str, Any], environment: dict[str, str], waiting: int) -> NoReturn:
    """In the fork: the program, with the modules that are there. Never returns."""
    code = 1
    try:
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(told["results"])
        for module in told["imports"]:
            with suppress(Exception):  # the program meets and tells it
                import_module(module)
        find_own_settings()
        if os.read(waiting, 1):
            os.close(waiting)
            sys.argv = [told["command"][2], *told["command"][3:]]
            runpy.run_module(told["command"][2], run_name="__main__", alter_sys=True)
            code = 0
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else 0 if asked.code is None else 1
    except BaseException:  # noqa: BLE001 - nothing may return from the fork
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def find_own_settings() -> None:
    """Matplotlib remembers from its import that there was no home."""
    matplotlib = sys.modules.get("matplotlib")
    for name in ("get_configdir", "get_cachedir"):
        clear = getattr(getattr(matplotlib, name, None), "cache_clear", None)
        if clear is not None:
            clear()


def surroundings(short: Path, told: dict[str, Any]) -> dict[str, str]:
    runtime = short / "xdg"
    runtime.mkdir(mode=0o700)
    return {
        "DISPLAY": ":1",
        "XDG_RUNTIME_DIR": str(runtime),
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "QT_QPA_PLATFORM": "xcb",
        "QT_X11_NO_MITSHM": "1",
        "PANDAAS_RESULTS": told["results"],
    }


def screen_command(short: Path, told: dict[str, Any]) -> list[str]:
    passwords = short / "passwords"
    passwords.write_bytes(_PASSWORDS)
    return [
        "/usr/bin/Xvnc", ":1", "-geometry", "1280x800", "-depth", "24",
        "-SecurityTypes", "None,VncAuth", "-PasswordFile", str(passwords), "-rfbport", "-1", "-rfbunixpath", str(short / "run" / "rfb.sock"),
        "-rfbunixmode", "0600", "-AlwaysShared", "-nolisten", "tcp", "-nolisten", "local", "-desktop", told["title"],
        "-FrameRate", "60", "-Log", "*:stderr:10",
    ]  # fmt: skip


def window_manager(short: Path, told: dict[str, Any]) -> list[str]:
    menu, configuration = short / "menu.xml", short / "rc.xml"
    command = escaped(shlex.join(told["command"]))
    menu.write_text(_MENU.format(title=escaped(told["title"]), command=command), "utf-8")
    configuration.write_text(_RC.format(menu=menu), "utf-8")
    ready = shlex.join(["/usr/bin/touch", str(short / "managed")])
    return ["/usr/bin/openbox", "--config-file", str(configuration), "--sm-disable", "--startup", ready]


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def wait_for(condition: Callable[[], bool], seconds: float, screen: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and screen.poll() is None:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Display:
    """The few calls of Xlib that tell whether a window is shown."""

    def __init__(self) -> None:
        self._x = ctypes.CDLL("libX11.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XDefaultRootWindow.restype = self._x.XInternAtom.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p()

    def open(self) -> bool:
        if Path("/tmp/.X11-unix/X1").exists():  # noqa: S108 - a private one
            self._display = ctypes.c_void_p(self._x.XOpenDisplay(b":1"))
        return bool(self._display)

    def windows(self) -> int:
        """How many windows the window manager has."""
        atom = self._x.XInternAtom(self._display, b"_NET_CLIENT_LIST", 0)
        root = self._x.XDefaultRootWindow(self._display)
        kind, form, values = ctypes.c_ulong(), ctypes.c_int(), ctypes.c_void_p()
        count, rest = ctypes.c_ulong(), ctypes.c_ulong()
        self._x.XGetWindowProperty(
            self._display, ctypes.c_ulong(root), ctypes.c_ulong(atom), ctypes.c_long(0), ctypes.c_long(64), 0,
            ctypes.c_ulong(0), *map(ctypes.byref, (kind, form, count, rest, values)),
        )  # fmt: skip
        if values:
            self._x.XFree(values)
        return count.value


if __name__ == "__main__":
    sys.exit(main(sys.argv))
