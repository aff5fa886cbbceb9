"""Finding a mailbox's servers from its address: published records (RFC 6186, RFC 8314) and files first, then usual names."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from congvan_core.errors import CongvanError
from congvan_gateway.operations.autoconfig import Fetch, published
from congvan_mailbox.authentication.names import Resolver

_SECONDS = 3.0
#: Service, default port, TLS; the first that answers is taken.
_IMAP = (("_imaps._tcp", 993, "implicit"), ("_imap._tcp", 143, "starttls"))
_SUBMISSION = (("_submissions._tcp", 465, "implicit"), ("_submission._tcp", 587, "verify"))
#: Providers whose servers have other names than their customers' domains; recognised by the MX.
_PROVIDERS = (
    ("google.com", "imap.gmail.com", "smtp.gmail.com"),
    ("outlook.com", "outlook.office365.com", "smtp.office365.com"),
    ("zoho.com", "imap.zoho.com", "smtp.zoho.com"),
)


@dataclass(frozen=True, slots=True)
class MailServer:
    """``tls``: implicit, starttls (IMAP) or verify (submission with STARTTLS)."""

    host: str
    port: int
    tls: str


def answers(host: str, port: int) -> bool:
    """Whether something listens there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), _SECONDS):
        return True
    return False


def find_imap(
    address: str, resolver: Resolver, listens: Callable[[str, int], bool] = answers, ask: Fetch | None = None
) -> MailServer | None:
    """The server that the mailbox is read from, None where none is found. ``ask`` fetches a published file."""
    return _find(address, resolver, listens, ask, "imap", _IMAP, ("imap", "mail"), 1)


def find_submission(
    address: str, resolver: Resolver, listens: Callable[[str, int], bool] = answers, ask: Fetch | None = None
) -> MailServer | None:
    """The server that takes its mail for sending."""
    return _find(address, resolver, listens, ask, "smtp", _SUBMISSION, ("smtp", "mail"), 2)


def _find(
    address: str,
    resolver: Resolver,
    listens: Callable[[str, int], bool],
    ask: Fetch | None,
    kind: str,
    services: tuple[tuple[str, int, str], ...],
    names: tuple[str, ...],
    column: int,
) -> MailServer | None:
    domain = address.rpartition("@")[2].lower()
    for service, _, tls in services:
        for host, port in _published(f"{service}.{domain}", resolver):
            if listens(host, port):
                return MailServer(host, port, tls)
    for host, port, implicit in published(address, kind, ask) if ask is not None else ():
        if listens(host, port):
            return MailServer(host, port, services[0][2] if implicit else services[1][2])
    for host in _usual(domain, resolver, names, column):
        for _, port, tls in services:
            if listens(host, port):
                return MailServer(host, port, tls)
    return None


def _published(name: str, resolver: Resolver) -> list[tuple[str, int]]:
    """SRV records by priority; a target "." says that there is no such service (RFC 6186 3.4)."""
    found: list[tuple[int, int, str, int]] = []
    for value in _ask(resolver, name, "SRV"):
        words = value.split()
        if len(words) == 4 and all(w.isdigit() for w in words[:3]) and words[3] != ".":
            found.append((int(words[0]), -int(words[1]), words[3].rstrip("."), int(words[2])))
    return [(host, port) for _, _, host, port in sorted(found)]


def _usual(domain: str, resolver: Resolver, names: tuple[str, ...], column: int) -> Iterator[str]:
    exchangers = [value.split()[-1].rstrip(".").lower() for value in sorted(_ask(resolver, domain, "MX"))]
    for provider in _PROVIDERS:
        if any(host.endswith(provider[0]) for host in exchangers):
            yield provider[column]
    for name in names:
        yield f"{name}.{domain}"
    yield from exchangers[:3]


def _ask(resolver: Resolver, name: str, kind: str) -> list[str]:
    try:
        return list(resolver.lookup(name, kind, _SECONDS))
    except CongvanError:
        return []
