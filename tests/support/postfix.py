"""A real Postfix on loopback with a queue of its own: the mail server of one side, or of a provider."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from support.authority import TlsAuthority
from support.process import ServerProcess, free_port, server_folder, wait_until
from support.programs import require

_SERVICES = """
pickup unix n - n 1 1 pickup
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
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class PostfixInstance:
    """Takes mail for any domain on ``port`` and carries it where :meth:`route` says; an unknown domain bounces.

        postfix.route("b.example.vn", "smtp:[127.0.0.1]:2525")      # or lmtp:inet:127.0.0.1:2424, or discard:
        postfix.answer("x@b.example.vn", "450 4.2.0 full")           # what RCPT says for this recipient

    What is deferred is tried again within seconds. Killed and started again, it keeps its queue. With ``sasl`` (the
    socket of a Dovecot) only those who log in may send, as at a provider's submission port.
    """

    def __init__(
        self,
        hostname: str = "localhost",
        *,
        authority: TlsAuthority | None = None,
        sasl: Path | None = None,
        **parameters: object,
    ) -> None:
        self.folder = server_folder("postfix")
        self.port = free_port()
        self.hostname = hostname
        self._etc = self.folder / "etc"
        self._log = self.folder / "maillog"
        self._etc.mkdir()
        for part in ("queue", "data"):
            (self.folder / part).mkdir()
        owner = pwd.getpwnam("postfix")
        os.chown(self.folder / "data", owner.pw_uid, owner.pw_gid)
        for name in ("dynamicmaps.cf", "postfix-files"):
            if os.path.exists(f"/etc/postfix/{name}"):
                shutil.copy(f"/etc/postfix/{name}", self._etc / name)
        self._routes: dict[str, str] = {}
        self._answers: dict[str, str] = {}
        self._server = ServerProcess(["/usr/lib/postfix/sbin/master", "-c", str(self._etc), "-d"], self._log)
        self._write(authority, sasl, {k: str(v) for k, v in parameters.items()})
        self._table("transport", self._routes)
        self._table("answers", self._answers)

    # --- running ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._run("postfix", "check")
        (self.folder / "queue" / "pid" / "master.pid").unlink(missing_ok=True)
        self._server.start([self.port])

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        """kill -9 of the master and all its daemons; the queue stays."""
        self._server.kill()

    def close(self) -> None:
        self._server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> PostfixInstance:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- what it does with mail ---------------------------------------------------------------------------------------

    def route(self, domain: str, transport: str) -> None:
        """Mail for this domain (or address) goes there from now on."""
        self._routes[domain] = transport
        self._table("transport", self._routes)

    def answer(self, address: str, reply: str | None) -> None:
        """RCPT for this address is answered so (``550 5.1.1 no such user``); None: as usual again.

        A session that is open keeps its old answers.
        """
        if reply is None:
            self._answers.pop(address, None)
        else:
            self._answers[address] = reply
        self._table("answers", self._answers)

    def queue(self) -> list[dict[str, Any]]:
        """What waits: one map per mail as ``postqueue -j`` gives it (queue_name, sender, recipients, …)."""
        out = self._run("postqueue", "-j")
        return [json.loads(line) for line in out.splitlines() if line.strip()]

    def flush(self) -> None:
        """Try everything again now."""
        self._run("postqueue", "-f")

    def wait_empty(self, timeout: float = 30.0) -> None:
        """Until nothing waits any more."""
        wait_until(lambda: not self.queue(), "an empty queue", timeout)

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    # --- configuration ------------------------------------------------------------------------------------------------

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [require(program), "-c", str(self._etc), *arguments], capture_output=True, text=True, timeout=60
        )
        if done.returncode != 0:
            raise AssertionError(f"{program} {' '.join(arguments)}: {done.stderr or done.stdout}\n{self.log()[-2000:]}")
        return done.stdout

    def _table(self, name: str, entries: dict[str, str]) -> None:
        path = self._etc / name
        path.write_text("".join(f"{key}\t{value}\n" for key, value in entries.items()))
        self._run("postmap", f"hash:{path}")
        if self._server.running:
            # The address resolver would notice a changed table only when a new client asks it.
            os.kill(self._server.pid, signal.SIGHUP)

    def _write(self, authority: TlsAuthority | None, sasl: Path | None, more: dict[str, str]) -> None:
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": f"{self.folder}/queue",
            "data_directory": f"{self.folder}/data",
            "daemon_directory": "/usr/lib/postfix/sbin",
            "command_directory": "/usr/sbin",
            "meta_directory": str(self._etc),
            "shlib_directory": "/usr/lib/postfix",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "maillog_file": str(self._log),
            "maillog_file_prefixes": "/",
            "myhostname": self.hostname,
            "mydestination": "",
            "local_recipient_maps": "",
            "alias_maps": "",
            "relay_domains": "static:ALL",
            "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "transport_maps": f"hash:{self._etc}/transport",
            "default_transport": "error:5.1.2 no route to this domain",
            "relay_transport": "error:5.1.2 no route to this domain",
            "smtpd_recipient_restrictions": f"check_recipient_access hash:{self._etc}/answers, permit",
            "message_size_limit": "300000000",
            "mailbox_size_limit": "0",
            # A test does not wait five minutes.
            "queue_run_delay": "1s",
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "3s",
            "in_flow_delay": "0",
            "smtpd_error_sleep_time": "0",
            "smtp_host_lookup": "native",
            "lmtp_host_lookup": "native",
            "smtpd_peername_lookup": "no",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_client_connection_rate_limit": "0",
            "smtpd_forbid_bare_newline": "normalize",
        }
        if authority is not None:
            chain, key = authority.issue(self.hostname, "localhost", "127.0.0.1")
            settings |= {
                "smtpd_tls_security_level": "may",
                "smtpd_tls_cert_file": str(chain),
                "smtpd_tls_key_file": str(key),
                "smtp_tls_security_level": "may",
                "smtp_tls_CAfile": str(authority.ca_file),
            }
        if sasl is not None:
            settings |= {
                "smtpd_sasl_auth_enable": "yes",
                "smtpd_sasl_type": "dovecot",
                "smtpd_sasl_path": str(sasl),
                "smtpd_tls_auth_only": "yes" if authority is not None else "no",
                "smtpd_recipient_restrictions": f"check_recipient_access hash:{self._etc}/answers,"
                " permit_sasl_authenticated, reject",
            }
        settings |= more
        main = self._etc / "main.cf"
        main.write_text("".join(f"{k} = {v}\n" for k, v in settings.items()))
        os.utime(main, (0, 0))  # every program of Postfix waits until this file is two seconds old
        (self._etc / "master.cf").write_text(f"127.0.0.1:{self.port} inet n - n - - smtpd{_SERVICES}")
