"""The doors as the gateway runs them: mail for our mailboxes, nobody else's; durable in the intake folder."""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path

from congvan_core.errors import ConfigurationError, os_reason
from congvan_gateway.intake.journal import JournalStore
from congvan_gateway.intake.recording import own_mailbox
from congvan_gateway.main import App
from congvan_mailbox.smtp.door import DoorServer, Endpoint
from congvan_mailbox.smtp.handler import ACCEPTED, UNKNOWN_MAILBOX, Decision, SessionFacts
from congvan_mailbox.smtp.policy import DoorPolicy
from congvan_mailbox.smtp.store import IntakeStore

#: How long an answer of the directory is believed by the door, seconds.
_REMEMBER = 10.0
_REMEMBER_MOST = 10_000
#: What FUTURERELEASE may ask for at most (RFC 4865), seconds: a week.
_HOLD_LONGEST = 7 * 86_400


class OwnMailboxes:
    """Asks the directory whether a mailbox is ours; answers are remembered for a few seconds."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._known: dict[str, tuple[float, bool]] = {}

    async def rcpt(self, address: str, session: SessionFacts) -> Decision:
        key = address.lower()
        known = self._known.get(key)
        if known is None or known[0] < time.monotonic():
            ours = await asyncio.to_thread(self._ask, key)
            if len(self._known) >= _REMEMBER_MOST:
                self._known.clear()
            known = self._known[key] = (time.monotonic() + _REMEMBER, ours)
        return ACCEPTED if known[1] else UNKNOWN_MAILBOX

    def _ask(self, address: str) -> bool:
        with self._app.database.read() as connection:
            return own_mailbox(connection, address) is not None

    async def authenticate(self, user: str, password: str, session: SessionFacts) -> bool:
        return False


def spool_folder(app: App) -> Path:
    """The intake folder, made where it is missing. Raises ConfigurationError."""
    folder = app.settings.path(app.settings.storage.spool)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"Không tạo được thư mục thư đến {folder}: {os_reason(error)}") from error
    return folder


def open_store(app: App) -> JournalStore:
    """Where arriving mail is made durable: one journal of this process, its syncs shared by all sessions."""
    return JournalStore(str(spool_folder(app)))


def smtp_door(app: App, store: IntakeStore) -> DoorServer:
    settings = app.settings.smtp
    policy = DoorPolicy(
        hostname=settings.hostname,
        max_size=settings.max_size,
        max_recipients=settings.max_recipients,
        max_connections=settings.max_connections,
        max_connections_per_ip=settings.max_connections_per_peer,
        mails_per_minute=settings.rate_per_minute,
        idle_timeout=settings.idle_seconds,
        session_timeout=settings.session_seconds,
        dsn=settings.dsn,
        exempt_networks=("127.0.0.0/8", "::1/128", *app.settings.origin.front_peers),
        chunking=True,
        binarymime=True,
        priority=True,
        deliver_by=True,
        hold_longest=_HOLD_LONGEST,
        limits=True,
        require_tls_promise=True,  # answers to such a mail ask the same of their way (dispatch/switching.py)
    )
    return DoorServer(OwnMailboxes(app), store, policy, [Endpoint(settings.host, settings.port)], tls_context=_tls(app))


def lmtp_door(app: App, store: IntakeStore) -> DoorServer:
    settings = app.settings
    policy = DoorPolicy(
        hostname=settings.smtp.hostname,
        max_size=settings.smtp.max_size,
        max_recipients=settings.smtp.max_recipients,
        dsn=settings.smtp.dsn,
    )
    endpoint = Endpoint(settings.lmtp.host, settings.lmtp.port)
    return DoorServer(OwnMailboxes(app), store, policy, [endpoint], name="lmtp", lmtp=True)


def _tls(app: App) -> ssl.SSLContext | None:
    settings = app.settings.smtp
    if not settings.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(
            app.settings.path(settings.tls_certificate),
            app.settings.path(settings.tls_key) if settings.tls_key else None,
        )
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"Không nạp được chứng thư TLS {settings.tls_certificate}: {error}") from error
    return context
