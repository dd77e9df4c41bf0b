"""Inside the sandbox: a screen on a unix socket, a window manager, and the session's program in it.

The screen ends with this process. A program that is closed can be started again from the menu (right button); `window`
in the run folder tells the platform that there is something to be seen.
"""

import ctypes
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time

_SCREEN_S = 20
_WINDOW_S = 120
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


def main(arguments):
    with open(arguments[1], encoding="utf-8") as stream:
        told = json.load(stream)
    os.chdir(told["home"])
    short = tempfile.mkdtemp(prefix="pandaas-")  # names of sockets may have 107 bytes only
    os.symlink(told["run"], os.path.join(short, "run"))
    environment = dict(os.environ, **surroundings(short, told))
    environment.pop("MPLBACKEND", None)
    screen = subprocess.Popen(screen_command(short, told), env=environment)
    if not wait_for(lambda: os.path.exists("/tmp/.X11-unix/X1") and connect(), _SCREEN_S, screen):
        print("the screen did not start", flush=True)
        return 1
    subprocess.Popen(window_manager(short, told), env=environment)
    if told["command"]:
        subprocess.Popen(told["command"], env=environment, cwd=told["results"])
    if wait_for(has_window, _WINDOW_S, screen) or screen.poll() is None:
        with open(os.path.join(told["run"], "window"), "w"):
            pass
    while screen.poll() is None:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    return 0


def surroundings(short, told):
    runtime = os.path.join(short, "xdg")
    os.mkdir(runtime, 0o700)
    return {
        "DISPLAY": ":1",
        "XDG_RUNTIME_DIR": runtime,
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "QT_QPA_PLATFORM": "xcb",
        "QT_X11_NO_MITSHM": "1",
        "PANDAAS_RESULTS": told["results"],
    }


def screen_command(short, told):
    return [
        "/usr/bin/Xvnc", ":1", "-geometry", "1280x800", "-depth", "24",
        "-SecurityTypes", "None", "-rfbport", "-1", "-rfbunixpath", os.path.join(short, "run", "rfb.sock"),
        "-rfbunixmode", "0600", "-AlwaysShared", "-nolisten", "tcp", "-nolisten", "local", "-desktop", told["title"],
        "-FrameRate", "30",
    ]  # fmt: skip


def window_manager(short, told):
    menu, configuration = os.path.join(short, "menu.xml"), os.path.join(short, "rc.xml")
    with open(menu, "w", encoding="utf-8") as stream:
        stream.write(
            _MENU.format(title=escaped(told["title"]), command=escaped(shlex.join(told["command"]) or "xterm"))
        )
    with open(configuration, "w", encoding="utf-8") as stream:
        stream.write(_RC.format(menu=menu))
    return ["/usr/bin/openbox", "--config-file", configuration, "--sm-disable"]


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def wait_for(condition, seconds, screen):
    end = time.monotonic() + seconds
    while time.monotonic() < end and screen.poll() is None:
        if condition():
            return True
        time.sleep(0.05)
    return False


class _X:
    """The few calls of Xlib that tell whether a window is shown."""

    def __init__(self):
        self.library = ctypes.CDLL("libX11.so.6")
        self.library.XOpenDisplay.restype = ctypes.c_void_p
        self.library.XDefaultRootWindow.restype = ctypes.c_ulong
        self.library.XInternAtom.restype = ctypes.c_ulong
        self.display = self.library.XOpenDisplay(b":1")

    def clients(self):
        """How many windows the window manager has."""
        display = ctypes.c_void_p(self.display)
        atom = self.library.XInternAtom(display, b"_NET_CLIENT_LIST", 0)
        kind, form = ctypes.c_ulong(), ctypes.c_int()
        count, rest, values = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_void_p()
        root = ctypes.c_ulong(self.library.XDefaultRootWindow(display))
        self.library.XGetWindowProperty(
            display, root, ctypes.c_ulong(atom), ctypes.c_long(0), ctypes.c_long(64), 0, ctypes.c_ulong(0),
            ctypes.byref(kind), ctypes.byref(form), ctypes.byref(count), ctypes.byref(rest), ctypes.byref(values),
        )  # fmt: skip
        if values:
            self.library.XFree(values)
        return count.value


_x = None


def connect():
    global _x
    found = _X()
    if found.display:
        _x = found
    return _x is not None


def has_window():
    return _x.clients() > 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.exit(main(sys.argv))
