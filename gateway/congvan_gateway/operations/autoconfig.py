"""Mail servers that a domain publishes as an autoconfiguration file (Mozilla's ``config-v1.1.xml``), asked over HTTPS only.

A file that came in the clear could name anybody's server, and the mailbox's password goes to the server that is named.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from lxml import etree

_SECONDS = 5.0
_MOST = 64 * 1024
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z", re.IGNORECASE)
_PLACES = ("https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={address}",
           "https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml")  # fmt: skip

#: ``fetch(url)``: the octets of an answer, None where there is none.
Fetch = Callable[[str], bytes | None]


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """A redirect that leaves HTTPS is an answer that nobody follows."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        return super().redirect_request(req, fp, code, msg, headers, newurl) if newurl.startswith("https://") else None


def fetch(url: str) -> bytes | None:
    """Over HTTPS with the system's anchors, at most 64 KiB; None for every failure and for a redirect elsewhere than HTTPS."""
    try:
        with urllib.request.build_opener(_HttpsOnly).open(url, timeout=_SECONDS) as answer:
            data: bytes = answer.read(_MOST + 1)
    except (OSError, ValueError):
        return None
    return data if len(data) <= _MOST else None


def published(address: str, kind: str, ask: Fetch) -> Iterator[tuple[str, int, bool]]:
    """``(host, port, implicit TLS)`` of the servers of ``kind`` (``imap`` or ``smtp``), in the file's order.

    Servers without TLS are passed over; a file that cannot be read names none.
    """
    domain = address.rpartition("@")[2].lower()
    if not _HOST.match(domain):
        return
    for place in _PLACES:
        data = ask(place.format(domain=domain, address=quote(address)))
        found = list(_servers(data, domain, kind)) if data else []
        if found:
            yield from found
            return


def _servers(data: bytes, domain: str, kind: str) -> Iterator[tuple[str, int, bool]]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return
    for server in list(root.iter("incomingServer", "outgoingServer"))[:20]:
        if server.get("type") != kind:
            continue
        host = (server.findtext("hostname") or "").strip().replace("%EMAILDOMAIN%", domain)
        port, security = (server.findtext("port") or "").strip(), (server.findtext("socketType") or "").strip().upper()
        if security not in ("SSL", "STARTTLS") or not _HOST.match(host) or not re.fullmatch(r"[1-9]\d{0,4}", port):
            continue
        yield host.lower(), int(port), security == "SSL"
