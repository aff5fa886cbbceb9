"""A private Postfix as the peer: its own configuration, queue and log on the measured disk; every mail is held."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

_LIBEXEC = Path("/usr/lib/postfix/sbin")
_SERVICES = """\
127.0.0.1:{port} inet n - n - 100 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - 20 smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def missing() -> str | None:
    """Why Postfix cannot be measured here, or None."""
    if not (_LIBEXEC / "smtpd").exists() or shutil.which("smtp-source") is None:
        return "Postfix is not installed"
    return None if os.geteuid() == 0 else "Postfix starts only for root"


def free_port() -> int:
    """A TCP port that is free on 127.0.0.1 now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class HoldingPostfix:
    """``with HoldingPostfix(folder) as postfix``: takes every mail and parks it. ``relay`` is where released mail goes."""

    def __init__(self, folder: Path, *, relay: int | None = None) -> None:
        self.home = folder / "postfix"
        self.port = free_port()
        self._relay = relay

    def __enter__(self) -> HoldingPostfix:
        home = self.home
        for name in ("etc", "queue", "data"):
            (home / name).mkdir(parents=True)
        for parent in (home, *list(home.parents)[:2]):
            with contextlib.suppress(OSError):
                parent.chmod(parent.stat().st_mode | 0o055)
        shutil.chown(home / "data", "postfix")
        (home / "etc/main.cf").write_text("".join(f"{key} = {value}\n" for key, value in self._parameters().items()))
        (home / "etc/master.cf").write_text(_SERVICES.format(port=self.port))
        for name in ("dynamicmaps.cf", "postfix-files"):
            with contextlib.suppress(OSError):
                shutil.copy(Path("/etc/postfix") / name, home / "etc" / name)
        self._run("postfix", "start")
        wait_for_port(self.port)
        return self

    def __exit__(self, *details: object) -> None:
        with contextlib.suppress(subprocess.SubprocessError):
            self._run("postfix", "stop")
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The master process."""
        return int((self.home / "queue/pid/master.pid").read_text())

    def purge(self) -> None:
        """Remove every mail."""
        self._run("postsuper", "-d", "ALL")

    def release(self) -> None:
        """Let all held mail leave."""
        self._run("postsuper", "-H", "ALL")
        self._run("postqueue", "-f")

    def waiting(self) -> int:
        """Mails that have not left yet."""
        names = ("incoming", "active", "deferred", "hold")
        return sum(len(files) for name in names for _, _, files in os.walk(self.home / "queue" / name))

    def _run(self, program: str, *arguments: str) -> None:
        command = [program, "-c", str(self.home / "etc"), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=120)

    def _parameters(self) -> dict[str, str]:
        home = self.home
        return {
            "compatibility_level": "3.6", "config_directory": f"{home}/etc", "queue_directory": f"{home}/queue",
            "data_directory": f"{home}/data", "daemon_directory": str(_LIBEXEC), "command_directory": "/usr/sbin",
            "meta_directory": f"{home}/etc", "shlib_directory": "/usr/lib/postfix", "mail_owner": "postfix",
            "setgid_group": "postdrop", "myhostname": "bench.test", "mydestination": "",
            "local_transport": "error:5.1.1 nobody here", "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "loopback-only", "inet_protocols": "ipv4", "maillog_file": f"{home}/maillog",
            "maillog_file_prefixes": "/", "message_size_limit": "250000000", "mailbox_size_limit": "0",
            "virtual_mailbox_limit": "0", "alias_maps": "", "smtp_host_lookup": "native",
            "smtpd_peername_lookup": "no", "smtpd_client_connection_count_limit": "0", "in_flow_delay": "0",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "smtpd_client_restrictions": "check_client_access static:HOLD",
            "default_transport": "smtp" if self._relay else "discard",
            "relayhost": f"[127.0.0.1]:{self._relay}" if self._relay else "",
            "smtp_tls_security_level": "none",
        }  # fmt: skip


def wait_for_port(port: int) -> None:
    """Returns once something listens. Raises TimeoutError."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


def smtp_source(port: int, *, size: int, sessions: int, count: int) -> float:
    """Postfix's own load: ``count`` mails of ``size`` octets, a new connection each; seconds."""
    start = time.perf_counter()
    subprocess.run(
        ["smtp-source", "-s", str(sessions), "-m", str(count), "-l", str(size), "-C", "20", "-f", "a@somauthu.test",
         "-t", "vanthu@thidiem.test", f"127.0.0.1:{port}"],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return time.perf_counter() - start
