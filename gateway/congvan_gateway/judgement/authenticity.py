"""What the server in front of us found about a mail's origin (RFC 8601), where its word may be believed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from congvan_core.storage.blobs import BlobStore
from congvan_gateway.judgement.model import Inspection
from congvan_mailbox.authentication.authenticate import authenticate
from congvan_mailbox.authentication.front import from_trusted_front
from congvan_mailbox.authentication.names import Resolver, SystemResolver
from congvan_mailbox.authentication.results import AuthResults

if TYPE_CHECKING:
    from sqlalchemy import Row

    from congvan_gateway.main import App

#: Said of every mail by the judgement of origin itself.
_OF_OTHERS = frozenset({"ORIGIN-FROM-MISSING", "ORIGIN-FROM-MULTIPLE", "ORIGIN-FROM-SEVERAL"})


def read_front(seen: Inspection, raw: bytes, authserv_ids: Iterable[str], *, hops: int, below: bool) -> None:
    """Fill ``seen.authentication``: spf, dkim, dmarc, arc, and ``trusted`` and ``aligned``, by which origin is proved.

    Without a field of a trusted server in its place nothing is known, and ``trusted`` stays False.
    """
    ids = [i for i in authserv_ids if i]
    if not ids:
        return
    results = from_trusted_front(raw, ids, hops=hops, below=below)
    seen.authentication = results.to_json() | {"trusted": results.source.startswith("front:")}
    seen.findings.extend(f for f in results.findings if f.code not in _OF_OTHERS)


def evaluate(seen: Inspection, raw: bytes, *, client_ip: str | None, helo: str, mail_from: str, dns: Resolver) -> None:
    """Our own evaluation of SPF, DKIM, DMARC and ARC, where this door saw the client itself."""
    _take(seen, authenticate(raw, client_ip=client_ip, helo=helo, mail_from=mail_from, dns=dns))


def _take(seen: Inspection, results: AuthResults) -> None:
    seen.authentication = results.to_json() | {"trusted": True}
    known = {f.code for f in seen.findings}
    seen.findings.extend(f for f in results.findings if f.code not in _OF_OTHERS and f.code not in known)


def ask_for_blob(
    sha256: str, blobs: str, client_ip: str | None, helo: str, mail_from: str, dns: Resolver
) -> AuthResults:
    """As :func:`evaluate` for a stored mail; runs in a limited worker, as a stranger's signatures are read."""
    raw = BlobStore(blobs).read(sha256)
    return authenticate(raw, client_ip=client_ip, helo=helo, mail_from=mail_from, dns=dns)


def evaluated(app: App, row: Row[Any], seen: Inspection, dns: Resolver | None = None) -> None:
    """Evaluate where the settings ask for it and no trusted server in front has spoken."""
    if not app.settings.origin.evaluate or row.door not in ("smtp", "lmtp") or seen.authentication.get("trusted"):
        return
    envelope = row.envelope or {}
    blobs = str(app.settings.path(app.settings.storage.blobs))
    given = (row.raw_sha256, blobs, envelope.get("peer_ip"), envelope.get("helo") or "", row.mail_from)
    _take(seen, app.sandbox.run(ask_for_blob, *given, dns or SystemResolver(app.settings.origin.resolvers)))


def front_speaks(door: str, envelope: Mapping[str, Any] | None, peers: Iterable[str]) -> bool:
    """Whether a front server stands between strangers and the door by which this mail came.

    A mailbox's provider does, and a local Postfix; of others on the network only those that the settings name:
    anybody may write a field with our server's name on top of his own mail.
    """
    if door in ("imap", "file"):
        return True
    peer = (envelope or {}).get("peer_ip")
    if peer is None:
        return door == "lmtp"  # a unix socket
    try:
        address = ipaddress.ip_address(str(peer).partition("%")[0])
    except ValueError:
        return False
    if address.is_loopback:
        return True
    for given in peers:
        try:
            if address in ipaddress.ip_network(given, strict=False):
                return True
        except ValueError:
            continue
    return False
