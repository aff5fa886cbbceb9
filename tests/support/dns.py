"""A DNS server on loopback that answers what it was told: the world's names, without the world."""

from __future__ import annotations

import socket
import threading
from typing import Any

import dns.asyncresolver
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset


class DnsServer:
    """Answers over UDP from a table; an unknown name is NXDOMAIN, a name set to ``fail`` is SERVFAIL.

    with DnsServer() as dns:
        dns.add("a.example.vn", "MX", "10 mail.a.example.vn.")
        dns.resolver().resolve("a.example.vn", "MX")
    """

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], list[str]] = {}
        self._failing: set[str] = set()
        self._silent: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, name="dns", daemon=True)

    def add(self, name: str, kind: str, *values: str) -> None:
        """Records in zone-file form (``10 mail.example.vn.``); a TXT value is given bare and split into 255 octets."""
        if kind == "TXT":
            values = tuple(" ".join(f'"{v[i : i + 255]}"' for i in range(0, len(v), 255)) for v in values)
        self._records.setdefault((_key(name), kind), []).extend(values)

    def remove(self, name: str, kind: str) -> None:
        self._records.pop((_key(name), kind), None)

    def fail(self, name: str) -> None:
        """From now on SERVFAIL for this name: the zone's servers are in trouble."""
        self._failing.add(_key(name))

    def silence(self, name: str) -> None:
        """From now on no answer at all for this name."""
        self._silent.add(_key(name))

    def mend(self, name: str) -> None:
        self._failing.discard(_key(name))
        self._silent.discard(_key(name))

    def resolver(self, lifetime: float = 2.0) -> dns.resolver.Resolver:
        """A blocking resolver that asks only this server."""
        return self._set_up(dns.resolver.Resolver(configure=False), lifetime)

    def async_resolver(self, lifetime: float = 2.0) -> dns.asyncresolver.Resolver:
        """An asynchronous resolver that asks only this server."""
        return self._set_up(dns.asyncresolver.Resolver(configure=False), lifetime)

    def _set_up(self, resolver: Any, lifetime: float) -> Any:
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self.port
        resolver.lifetime = lifetime
        return resolver

    def __enter__(self) -> DnsServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", ("127.0.0.1", self.port))  # an empty datagram ends the thread
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(4096)
            if not data:
                return
            answer = self._answer(dns.message.from_wire(data))
            if answer is not None:
                self._socket.sendto(answer.to_wire(max_size=65535), peer)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name, kind = _key(question.name.to_text()), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self._silent:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA | dns.flags.RA
        if name in self._failing:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif values := self._records.get((name, kind)):
            reply.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, values))
        elif alias := self._records.get((name, "CNAME")):
            reply.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", "CNAME", alias))
            target = dns.name.from_text(alias[0])
            if values := self._records.get((_key(alias[0]), kind)):
                reply.answer.append(dns.rrset.from_text_list(target, 60, "IN", kind, values))
        elif not any(known == name or known.endswith("." + name) for known, _ in self._records):
            reply.set_rcode(dns.rcode.NXDOMAIN)  # RFC 8020: not where a name below it exists
        return reply


def _key(name: str) -> str:
    return name.rstrip(".").lower()
