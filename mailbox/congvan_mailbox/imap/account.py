"""A mailbox account as the settings name it, and what may go wrong with it.

MailboxError (TemporaryError)   the server said NO or BAD, or something that cannot be understood
├── LinkLost                    the connection ended or stood still; connect again
└── LogInRefused                user name, password or token are not accepted; an operator mends it
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from congvan_core.errors import ConfigurationError, TemporaryError


class MailboxError(TemporaryError):
    """The server refused a command or broke the protocol."""


class LinkLost(MailboxError):
    """The connection ended, or nothing came within the time."""


class LogInRefused(MailboxError):
    """The server does not accept who we say we are."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where a mailbox is and how to enter. ``tls``: none | starttls | implicit.

    ``secret`` gives the password, ``token`` an access token (XOAUTH2); they are asked at every log-in, so that a
    renewed token is used. ``timeout``: seconds without any octet from the server.
    """

    host: str
    port: int
    tls: str
    username: str
    secret: Callable[[], str | None]
    token: Callable[[], str | None] = lambda: None
    ca_file: str | None = None
    timeout: float = 30.0

    @property
    def name(self) -> str:
        """``user@host``: what the account is called in the database and in logs."""
        return f"{self.username.lower()}@{self.host.lower()}"

    def tls_context(self) -> ssl.SSLContext:
        """Verifies chain and name. Raises ConfigurationError where the CA file does not load."""
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"Không nạp được CA cho IMAP ({self.ca_file}): {error}") from error
