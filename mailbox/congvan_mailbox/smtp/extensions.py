"""Parameters of MAIL that few servers take: each is written only where the hop's EHLO offers it."""

from __future__ import annotations

from collections.abc import Mapping

from congvan_mailbox.smtp.outcome import OutgoingMail

#: RFC 2852 4.1: the by-time has at most nine digits.
_BY_LONGEST = 999_999_999


def mail_parameters(mail: OutgoingMail, extensions: Mapping[str, str]) -> list[str]:
    """The words behind ``MAIL FROM:<…>`` that this mail wishes and this hop understands."""
    out = []
    if mail.priority and "MT-PRIORITY" in extensions:
        out.append(f"MT-PRIORITY={max(-9, min(9, mail.priority))}")  # RFC 6710 4.1
    if mail.require_tls_onward and "REQUIRETLS" in extensions:
        out.append("REQUIRETLS")  # RFC 8689 4.2.1
    if mail.deliver_by is not None and "DELIVERBY" in extensions:
        shortest = extensions["DELIVERBY"].split(" ")[0]
        least = int(shortest) if shortest.isascii() and shortest.isdigit() and len(shortest) <= 9 else 0
        # Mode N: told when it is late, never returned for it; a time below the server's minimum would be refused.
        if max(least, 1) <= mail.deliver_by <= _BY_LONGEST:
            out.append(f"BY={mail.deliver_by};N")
    if mail.hold_for is not None:
        out.append(f"HOLDFOR={mail.hold_for}")  # RFC 4865 4; asked of nobody who does not offer it
    return out


def may_hold(mail: OutgoingMail, extensions: Mapping[str, str]) -> bool:
    """Whether the hop takes the mail for so long a time: ``FUTURERELEASE LONGEST LATEST`` (RFC 4865 4)."""
    longest = extensions.get("FUTURERELEASE", "").split(" ")[0]
    return mail.hold_for is None or (longest.isascii() and longest.isdigit() and mail.hold_for <= int(longest[:9]))


def session_limit(extensions: Mapping[str, str], name: str) -> int | None:
    """A limit that the server declares of itself (RFC 9422): ``MAILMAX``, ``RCPTMAX``; None where it declares none."""
    for word in extensions.get("LIMITS", "").split():
        key, _, value = word.partition("=")
        if key.upper() == name and value.isascii() and value.isdigit() and 0 < len(value) <= 6 and int(value):
            return int(value)
    return None
