"""The Debian packages that tests with real servers and a real browser need, installed where we may.

Root or passwordless sudo installs what is missing; without either, the tests that need it skip and say so. nginx is
only unpacked below `.cache/debian`, so that no web server starts on the machine; sshd is installed only where no service
manager would start it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNPACKED = ROOT / ".cache/debian"
# What is looked for → the package that holds it.
INSTALLED = {
    "/usr/bin/chromium": "chromium",
    "/usr/lib/postgresql/*/bin/initdb": "postgresql",
    "/usr/bin/bwrap": "bubblewrap",
    "/usr/bin/xmlsec1": "xmlsec1",
    "/usr/sbin/slurmctld": "slurmctld",
    "/usr/sbin/slurmd": "slurmd",
    "/usr/sbin/slurmdbd": "slurmdbd",
    "/usr/sbin/slurmrestd": "slurmrestd",
    "/usr/bin/sbatch": "slurm-client",
    "/usr/lib/*/slurm-wlm/select_cons_tres.so": "slurm-wlm-basic-plugins",
    "/usr/lib/*/slurm-wlm/auth_jwt.so": "slurm-wlm-jwt-plugin",
    "/usr/sbin/munged": "munge",
    "/usr/sbin/mariadbd": "mariadb-server",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core",
    "/usr/lib/*/faketime/libfaketimeMT.so.1": "libfaketime",
    "/usr/bin/Xvnc": "tigervnc-standalone-server",  # this and the rest: desktops
    "/usr/bin/openbox": "openbox",
    "/usr/bin/xterm": "xterm",
    "/usr/lib/*/libEGL.so.1": "libegl1",
    "/usr/lib/*/libGL.so.1": "libgl1",
    "/usr/lib/*/libOpenGL.so.0": "libopengl0",
    "/usr/lib/*/libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "/usr/lib/*/libxcb-cursor.so.0": "libxcb-cursor0",
    "/usr/lib/*/libxcb-icccm.so.4": "libxcb-icccm4",
    "/usr/lib/*/libxcb-image.so.0": "libxcb-image0",
    "/usr/lib/*/libxcb-keysyms.so.1": "libxcb-keysyms1",
    "/usr/lib/*/libxcb-render-util.so.0": "libxcb-render-util0",
    "/usr/lib/*/libxcb-xinerama.so.0": "libxcb-xinerama0",
}
SSHD = {"/usr/sbin/sshd": "openssh-server"}  # would let others in from everywhere if something started it
SERVICE_MANAGER = Path("/run/systemd/system")
NGINX = UNPACKED / "usr/sbin/nginx"


def install_missing() -> list[str]:
    """Install what is missing; returns a line for each thing that still is."""
    wanted = INSTALLED if SERVICE_MANAGER.exists() else INSTALLED | SSHD
    missing = [package for pattern, package in wanted.items() if not _there(pattern)]
    if not shutil.which("apt-get"):
        return [f"{package} is missing and this is no Debian; its tests will skip." for package in missing]
    fresh_lists = False
    if missing:
        become = _become_root()
        if become is None:
            return [f"{package} is missing (needs root to install); its tests will skip." for package in missing]
        print(f"[set-up] Debian packages: {', '.join(missing)} …", flush=True)
        fresh_lists = _apt(*become, "apt-get", "update", "-qq")
        _apt(*become, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)
    problems = [f"{package} could not be installed." for pattern, package in wanted.items() if not _there(pattern)]
    if not shutil.which("nginx") and not Path("/usr/sbin/nginx").exists() and not NGINX.exists():
        problems += _unpack_nginx(fresh_lists)
    return problems


def _unpack_nginx(fresh_lists: bool) -> list[str]:
    print("[set-up] nginx, unpacked below .cache/debian …", flush=True)
    UNPACKED.mkdir(parents=True, exist_ok=True)
    if not _apt("apt-get", "download", "-qq", "nginx", folder=UNPACKED) and not fresh_lists:
        become = _become_root()
        if become is not None:
            _apt(*become, "apt-get", "update", "-qq")
            _apt("apt-get", "download", "-qq", "nginx", folder=UNPACKED)
    for archive in UNPACKED.glob("nginx_*.deb"):
        _apt("dpkg", "-x", archive.name, ".", folder=UNPACKED)
    return [] if NGINX.exists() else ["nginx could not be fetched; its test will skip."]


def _there(pattern: str) -> bool:
    return any(Path("/").glob(pattern.lstrip("/")))


def _become_root() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n", "env", "DEBIAN_FRONTEND=noninteractive"]
    return None


def _apt(*command: str, folder: Path = ROOT) -> bool:
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    # apt's own sandbox user can't write below a private folder; quiet about it, loud about the rest
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stderr[-2000:], flush=True)
    return done.returncode == 0
