"""A private Postfix on a loopback port: Debian's programs with their own configuration, queue and log (needs root)."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_LIBEXEC = Path("/usr/lib/postfix/sbin")
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def missing_postfix() -> str | None:
    """Why Postfix cannot be started here, or None."""
    if not (_LIBEXEC / "smtpd").exists():
        return "Debian's package postfix is not installed"
    return None if os.geteuid() == 0 else "Postfix needs root to start"


def free_port() -> int:
    """A TCP port that is free on 127.0.0.1 now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class PostfixInstance:
    """Start it with ``with PostfixInstance(...) as postfix``; everything is gone afterwards.

    ``routes`` maps a domain to where its mail goes: "maildir", "discard", "hold", "smtp:[127.0.0.1]:PORT",
    "lmtp:inet:127.0.0.1:PORT", "lmtp:unix:/path", "error:5.1.1 text". ``relay`` is the port on 127.0.0.1 for all other
    domains. ``mailboxes`` limits the known addresses of the "maildir" domains. ``hold`` parks every mail in the queue.
    ``dsn`` False hides the extension. ``parameters`` are further lines of main.cf.
    """

    def __init__(
        self,
        *,
        hostname: str = "mta.test",
        port: int | None = None,
        routes: Mapping[str, str] | None = None,
        relay: int | None = None,
        mailboxes: Sequence[str] | None = None,
        hold: bool = False,
        dsn: bool = True,
        size_limit: int = 250_000_000,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self.hostname = hostname
        self.port = port or free_port()
        self._routes = dict(routes or {})
        self._relay = relay
        self._mailboxes = mailboxes
        self._hold = hold
        self._dsn = dsn
        self._size_limit = size_limit
        self._parameters = dict(parameters or {})
        self.home = Path()

    def __enter__(self) -> PostfixInstance:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Write the configuration, start the master, wait for the port."""
        reason = missing_postfix()
        if reason:
            raise RuntimeError(reason)
        self.home = Path(tempfile.mkdtemp(prefix="congvan-postfix-"))
        self.home.chmod(0o755)
        self._configure()
        self._postfix("start")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        log = self.log()
        self.stop()
        raise RuntimeError(f"Postfix did not start:\n{log}")

    def stop(self) -> None:
        """Stop the master and remove all files."""
        pid = self._master_pid()
        subprocess.run(["postfix", "-c", self.config, "stop"], capture_output=True, timeout=30, check=False)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)

    def restart(self) -> None:
        """Stop and start the master; queue and mailboxes stay."""
        self._postfix("stop")
        self._postfix("start")

    def halt(self) -> None:
        """Stop the master only: the port refuses connections until ``resume``."""
        self._postfix("stop")

    def resume(self) -> None:
        """Start the master again after ``halt``."""
        self._postfix("start")

    # --- acts -------------------------------------------------------------------------------------------------------

    @property
    def config(self) -> str:
        """The configuration folder, for ``postqueue -c`` and the like."""
        return str(self.home / "etc")

    def flush(self) -> None:
        """Try all deferred mail now."""
        subprocess.run(["postqueue", "-c", self.config, "-f"], check=True, capture_output=True, timeout=30)

    def release(self) -> None:
        """Release all held mail."""
        subprocess.run(["postsuper", "-c", self.config, "-H", "ALL"], check=True, capture_output=True, timeout=30)
        self.flush()

    def set(self, **parameters: str) -> None:
        """Change main.cf and reload."""
        for key, value in parameters.items():
            subprocess.run(["postconf", "-c", self.config, "-e", f"{key}={value}"], check=True, timeout=30)
        self._postfix("reload")

    # --- sights -----------------------------------------------------------------------------------------------------

    def queue(self) -> list[Path]:
        """The files of all queued mails (incoming, active, deferred, hold)."""
        found: list[Path] = []
        for name in ("maildrop", "incoming", "active", "deferred", "hold"):
            found += [path for path in (self.home / "queue" / name).rglob("*") if path.is_file()]
        return found

    def mails(self, address: str) -> list[bytes]:
        """What has arrived in a mailbox, oldest first, with Postfix's own LF line ends."""
        user, _, domain = address.lower().partition("@")
        box = self.home / "mail" / domain / user / "new"
        return [path.read_bytes() for path in sorted(box.iterdir(), key=_arrival)] if box.exists() else []

    def wait_for_mails(self, address: str, count: int = 1, seconds: float = 30.0) -> list[bytes]:
        """Wait until a mailbox has at least ``count`` mails; AssertionError with the log otherwise."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.mails(address)
            if len(found) >= count:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{address}: {len(self.mails(address))} of {count} mails\n{self.log()[-4000:]}")

    def log(self) -> str:
        """The mail log."""
        path = self.home / "maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    # --- configuration ----------------------------------------------------------------------------------------------

    def _postfix(self, verb: str) -> None:
        done = subprocess.run(
            ["postfix", "-c", self.config, verb], capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise RuntimeError(f"postfix {verb}: {done.stdout}{done.stderr}")

    def _master_pid(self) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            return int((self.home / "queue/pid/master.pid").read_text())
        return None

    def _configure(self) -> None:
        home = self.home
        for name in ("etc", "queue", "data", "mail"):
            (home / name).mkdir()
        shutil.chown(home / "data", "postfix")
        shutil.chown(home / "mail", "nobody")
        for name in ("dynamicmaps.cf", "postfix-files"):
            with contextlib.suppress(OSError):
                shutil.copy(Path("/etc/postfix") / name, home / "etc" / name)
        maildirs = [domain for domain, where in self._routes.items() if where == "maildir"]
        (home / "etc/transport").write_text("".join(_transports(self._routes)))
        (home / "etc/mailboxes").write_text(self._mailbox_table(maildirs))
        lines = {
            "compatibility_level": "3.6",
            "config_directory": f"{home}/etc",
            "queue_directory": f"{home}/queue",
            "data_directory": f"{home}/data",
            "daemon_directory": str(_LIBEXEC),
            "command_directory": "/usr/sbin",
            "meta_directory": f"{home}/etc",
            "shlib_directory": "/usr/lib/postfix",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "myhostname": self.hostname,
            "mydestination": "",
            "local_transport": "error:5.1.1 no local mail here",
            "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "loopback-only",
            "inet_protocols": "ipv4",
            "maillog_file": f"{home}/maillog",
            "maillog_file_prefixes": "/",
            "message_size_limit": str(self._size_limit),
            "mailbox_size_limit": "0",
            "virtual_mailbox_limit": "0",
            "alias_maps": "",
            "smtp_host_lookup": "native",
            "lmtp_host_lookup": "native",
            "smtpd_peername_lookup": "no",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_client_connection_rate_limit": "0",
            "in_flow_delay": "0",
            "minimal_backoff_time": "2s",
            "maximal_backoff_time": "4s",
            "queue_run_delay": "2s",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "transport_maps": f"regexp:{home}/etc/transport",
            "virtual_mailbox_domains": " ".join(maildirs),
            "virtual_mailbox_base": f"{home}/mail",
            "virtual_mailbox_maps": f"regexp:{home}/etc/mailboxes",
            "virtual_uid_maps": "static:65534",
            "virtual_gid_maps": "static:65534",
            "virtual_minimum_uid": "1",
            "default_transport": "smtp" if self._relay else "error:5.1.2 no route in this test",
        }
        if self._relay:
            lines["relayhost"] = f"[127.0.0.1]:{self._relay}"
        if self._hold:
            lines["smtpd_client_restrictions"] = "check_client_access static:HOLD"
        if not self._dsn:
            lines["smtpd_discard_ehlo_keywords"] = "dsn, silent-discard"
        lines |= self._parameters
        (home / "etc/main.cf").write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
        (home / "etc/master.cf").write_text(_MASTER.format(port=self.port))

    def _mailbox_table(self, maildirs: Sequence[str]) -> str:
        if self._mailboxes is not None:
            rows = [
                f"/^{re.escape(user)}@{re.escape(domain)}$/ {domain}/{user}/\n"
                for user, _, domain in (one.lower().partition("@") for one in self._mailboxes)
            ]
        else:
            rows = [f"/^([^@]+)@{re.escape(domain)}$/ {domain}/${{1}}/\n" for domain in maildirs]
        return "".join(rows)


def _transports(routes: Mapping[str, str]) -> Iterator[str]:
    for domain, where in routes.items():
        pattern = f"/@{re.escape(domain)}$/"
        if where == "hold":
            where = "retry:4.0.0 held by the test"
        if where != "maildir":
            yield f"{pattern} {where}{':' if where == 'discard' else ''}\n"


def _arrival(path: Path) -> tuple[int, str]:
    return path.stat().st_mtime_ns, path.name
