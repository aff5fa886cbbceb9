"""The limits and switches of a door: everything that a stranger could use without end has an end here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoorPolicy:
    """Sizes in octets, times in seconds, 0 = no limit. The defaults suit an agency's own gateway."""

    #: Name in the greeting and in replies; never a program name or version.
    hostname: str = "localhost"
    #: Words after the host name in the greeting.
    banner: str = "ESMTP"
    #: Largest message; told in EHLO (RFC 1870).
    max_size: int = 200 * 1024 * 1024
    #: RFC 5321 4.5.3.1.8 asks for at least 100.
    max_recipients: int = 1000
    #: Longest line of a message. RFC 5321 4.5.3.1.6 says 1000, but real programs send more and genuine
    #: documents must not be turned away for it.
    max_line: int = 1024 * 1024
    #: Longest command line without the CRLF; RFC 5321 4.5.3.1.4 says 512, ESMTP parameters add to it.
    max_command: int = 4096
    max_connections: int = 500
    max_connections_per_ip: int = 50
    #: New connections and accepted MAIL commands per IP and minute.
    connections_per_minute: int = 300
    mails_per_minute: int = 600
    #: Networks that the per-IP limits do not concern (the agency's own relay, this machine).
    exempt_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    #: Commands in one session; commands that bring no mail (NOOP, RSET, VRFY …) between two mails; bad commands.
    max_commands: int = 100_000
    max_idle_commands: int = 100
    max_errors: int = 20
    #: Waiting for the next whole command, and for the next octets of a message (RFC 5321 4.5.3.2.7: 5 minutes).
    idle_timeout: float = 300.0
    data_timeout: float = 180.0
    #: Slowest message, octets per second averaged, looked at once ``min_rate_after`` seconds have passed.
    min_rate: int = 200
    min_rate_after: float = 60.0
    session_timeout: float = 3600.0
    tls_handshake_timeout: float = 30.0
    #: 530 to everything but EHLO, NOOP, STARTTLS, QUIT until TLS is up (RFC 3207 4).
    require_tls: bool = False
    #: Doors for submission by our own people only.
    require_auth: bool = False
    offer_auth: bool = False
    auth_without_tls: bool = False
    #: Extensions that are off until what stands behind them answers.
    dsn: bool = False
    chunking: bool = False
    binarymime: bool = False
    smtputf8: bool = True
    priority: bool = False
    deliver_by: bool = False
    #: Longest time that FUTURERELEASE may ask for, seconds; 0: not offered.
    hold_longest: int = 0
    #: REQUIRETLS: only where nothing of a mail leaves here in plain text.
    require_tls_promise: bool = False
    limits: bool = False
