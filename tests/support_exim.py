"""A private Exim as another agency's relay: unpacked from its Debian package, never installed beside Postfix.

Debian's two mail servers exclude each other as packages, not as programs. The package is fetched and unpacked once into
a folder; its compiled-in user is given to it alone, in a mount namespace of its own.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from support.process import ServerProcess, free_port, server_folder
from support.samples import unavailable

_PACKAGES = ("exim4-daemon-light", "libidn12")
_UNPACKED = Path(tempfile.gettempdir()) / f"congvan-exim-{os.getuid()}"

_CONFIG = """\
primary_hostname = exim.test
spool_directory = {home}/spool
log_file_path = {home}/log/%slog
exim_path = {program}
deliver_drop_privilege
tls_advertise_hosts =
keep_environment = LD_LIBRARY_PATH
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
host_lookup =
rfc1413_hosts =
message_size_limit = 60M
dsn_advertise_hosts = *
smtp_accept_max = 100
queue_run_max = 10
acl_smtp_rcpt = accept
acl_smtp_data = accept

begin routers
out:
  driver = manualroute
  route_list = {routes}
  self = send
  transport = out

begin transports
out:
  driver = smtp
  allow_localhost
  hosts_try_fastopen =

begin retry
* * F,1h,1s
"""


def programs() -> Path:
    """The folder with Exim's programs; the test is skipped with the reason (fails with ``CI=true``) where there is none."""
    program = _UNPACKED / "usr/sbin/exim4"
    if os.getuid() != 0:
        unavailable("exim needs root: its compiled-in user is given to it in a namespace of its own")
    if not shutil.which("unshare") or not shutil.which("dpkg"):
        unavailable("exim needs unshare (util-linux) and dpkg")
    with open(f"{_UNPACKED}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _unpack()
    if not program.exists():
        unavailable(f"exim is missing (apt-get download {' '.join(_PACKAGES)} failed)")
    return _UNPACKED


def _unpack() -> None:
    folder = Path(tempfile.mkdtemp(prefix="congvan-exim-deb-"))
    try:
        for package in _PACKAGES:
            subprocess.run(["apt-get", "download", package], cwd=folder, capture_output=True, timeout=120, check=False)
        for deb in folder.glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(deb), str(_UNPACKED)], capture_output=True, timeout=60, check=True)
        program = _UNPACKED / "usr/sbin/exim4"
        if program.exists():
            program.chmod(0o755)  # not setuid: it keeps its libraries' path, and delivers over SMTP without privileges
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class EximInstance:
    """Relays mail for each domain to a port of 127.0.0.1; tries again every second."""

    def __init__(self, routes: dict[str, int]) -> None:
        self.port = free_port()
        self.home = server_folder("exim")
        folder = programs()
        for name in ("spool", "log"):
            (self.home / name).mkdir()
            os.chown(self.home / name, 8, 8)  # mail
        route_list = " ; ".join(f"{domain} 127.0.0.1::{port}" for domain, port in routes.items())
        self.config = self.home / "exim.conf"
        program = folder / "usr/sbin/exim4"
        self.config.write_text(_CONFIG.format(home=self.home, port=self.port, routes=route_list, program=program))
        for source, line in (("passwd", "Debian-exim:x:8:8::/:/bin/false"), ("group", "Debian-exim:x:8:")):
            (self.home / source).write_text(Path(f"/etc/{source}").read_text() + line + "\n")
        libraries = ":".join(str(p.parent) for p in folder.glob("usr/lib/*/libidn.so.12"))
        script = (
            f"mount --bind {self.home}/passwd /etc/passwd && mount --bind {self.home}/group /etc/group && "
            f"exec {program} -C {self.config} -bdf -q1s -oP {self.home}/pid"
        )
        env = {**os.environ, "LD_LIBRARY_PATH": libraries}
        self._process = ServerProcess(["unshare", "-m", "sh", "-c", script], self.home / "out.log", env)

    def __enter__(self) -> EximInstance:
        self._process.start([self.port])
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()

    def log(self) -> str:
        """What it wrote of every mail."""
        path = self.home / "log" / "mainlog"
        return path.read_text(errors="replace") if path.exists() else ""
