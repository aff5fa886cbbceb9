"""What the server in front of us found about a mail's origin (RFC 8601), where its word may be believed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from congvan_gateway.judgement.model import Inspection
from congvan_mailbox.authentication.front import from_trusted_front

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
