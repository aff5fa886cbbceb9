"""Postfix as a provider has it (log-in, TLS) and as a failing network sees it (killed, rerouted, refusing)."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.authority import TlsAuthority
from support.process import listens, server_folder, wait_until
from support_postfix import PostfixInstance


class ProviderPostfix(PostfixInstance):
    """A :class:`PostfixInstance` whose behaviour can be changed while it runs.

        postfix.route("b.example.vn", "smtp:[127.0.0.1]:2525")      # or lmtp:inet:127.0.0.1:2424, or discard:
        postfix.answer("x@b.example.vn", "450 4.2.0 full")           # what RCPT says for this recipient

    With ``authority`` it offers STARTTLS as ``localhost``; with ``sasl`` (the socket of a Dovecot) only those who log
    in may send, as at a provider's submission port. Killed and resumed, it keeps its queue.
    """

    def __init__(
        self,
        *,
        authority: TlsAuthority | None = None,
        sasl: Path | None = None,
        parameters: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self._tables = server_folder("postfix-tables")
        self._answers: dict[str, str] = {}
        rules = f"check_recipient_access texthash:{self._tables}/answers"
        own = {
            "smtpd_recipient_restrictions": f"{rules}, permit",
            "smtpd_error_sleep_time": "0",
            "queue_run_delay": "1s",
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "3s",
        }
        if authority is not None:
            chain, key = authority.issue("localhost", "127.0.0.1")
            own |= {
                "smtpd_tls_security_level": "may",
                "smtpd_tls_cert_file": str(chain),
                "smtpd_tls_key_file": str(key),
                "smtp_tls_security_level": "may",
                "smtp_tls_CAfile": str(authority.ca_file),
            }
        if sasl is not None:
            own |= {
                "smtpd_sasl_auth_enable": "yes",
                "smtpd_sasl_type": "dovecot",
                "smtpd_sasl_path": str(sasl),
                "smtpd_tls_auth_only": "yes" if authority is not None else "no",
                "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
                "smtpd_recipient_restrictions": f"{rules}, permit_sasl_authenticated, reject",
            }
        self._write_answers()
        super().__init__(parameters=own | dict(parameters or {}), **more)

    def start(self) -> None:
        atexit.register(self.stop)
        super().start()

    def route(self, where: str, transport: str) -> None:
        """Mail for this domain or address goes there from now on."""
        self._routes = {where: transport, **{k: v for k, v in self._routes.items() if k != where}}
        rows = []
        for name, target in self._routes.items():
            pattern = name.replace(".", "\\.")
            rows.append(f"/{'^' if '@' in name else '@'}{pattern}$/ {target}\n")
        (self.home / "etc" / "transport").write_text("".join(rows))
        self._postfix("reload")

    def answer(self, address: str, reply: str | None) -> None:
        """RCPT for this address is answered so (``550 5.1.1 no such user``) in sessions to come; None: as usual."""
        if reply is None:
            self._answers.pop(address, None)
        else:
            self._answers[address] = reply
        self._write_answers()
        self._postfix("reload")

    def waiting(self) -> list[dict[str, Any]]:
        """What waits: one map per mail as ``postqueue -j`` gives it (queue_name, sender, recipients, …)."""
        out = subprocess.run(["postqueue", "-c", self.config, "-j"], check=True, capture_output=True, timeout=30).stdout
        return [json.loads(line) for line in out.splitlines() if line.strip()]

    def kill(self) -> None:
        """kill -9 of the master and all its daemons; the queue stays. ``resume`` starts it again."""
        pid = self._master_pid()
        assert pid is not None and os.getpgid(pid) == pid, "the master leads a group of its own"
        os.killpg(pid, signal.SIGKILL)
        wait_until(lambda: not listens(self.port), "the port to close")

    def resume(self) -> None:
        super().resume()
        wait_until(lambda: listens(self.port), "Postfix to listen again")

    def _write_answers(self) -> None:
        (self._tables / "answers").write_text("".join(f"{k} {v}\n" for k, v in self._answers.items()))

    def _configure(self) -> None:
        super()._configure()
        os.utime(self.home / "etc" / "main.cf", (0, 0))  # every program of Postfix waits until it is two seconds old
