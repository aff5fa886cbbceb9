"""The name service as the checks see it: a protocol to be faked in tests, a real one, and a budget around either."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from congvan_core.errors import TemporaryError


class DnsFailure(TemporaryError):
    """The name service did not answer in time, or answered that it cannot (SERVFAIL, REFUSED)."""


class Resolver(Protocol):
    """One question at a time.

    ``lookup`` gives the values of a name: TXT with its strings joined, A and AAAA as text, MX as ``"10 host"``,
    PTR as a host. A name or type that does not exist gives an empty sequence. Raises :class:`DnsFailure`.
    """

    def lookup(self, name: str, kind: str, timeout: float) -> Sequence[str]: ...


def _server(given: str) -> Any:
    """``192.0.2.53``, ``192.0.2.53:5353``, ``[2001:db8::53]:5353``, ``2001:db8::53``."""
    from dns.nameserver import Do53Nameserver

    host, _, port = given.rpartition(":")
    if host and port.isdigit() and (host.startswith("[") or ":" not in host):
        return Do53Nameserver(host.strip("[]"), int(port))
    return Do53Nameserver(given.strip("[]"))


class SystemResolver:
    """The resolver of this machine, by dnspython. ``servers`` (``address`` or ``address:port``) replaces the
    configured ones."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        self._servers = list(servers)

    def lookup(self, name: str, kind: str, timeout: float) -> Sequence[str]:
        import dns.exception
        import dns.name
        import dns.resolver

        resolver = dns.resolver.Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers = [_server(given) for given in self._servers]
        try:
            answer = resolver.resolve(name, kind, lifetime=timeout, search=False)
        except (
            dns.resolver.NXDOMAIN,
            dns.resolver.NoAnswer,
            dns.name.LabelTooLong,
            dns.name.EmptyLabel,
            dns.name.NameTooLong,
        ):
            return []
        except dns.exception.DNSException as error:
            raise DnsFailure(f"Không tra được {kind} của {name}: {error}", name=name, kind=kind) from error
        out: list[str] = []
        for value in answer:
            if kind == "TXT":
                out.append(b"".join(value.strings).decode("utf-8", "surrogateescape"))
            elif kind == "MX":
                out.append(f"{value.preference} {value.exchange.to_text(True)}")
            elif kind == "PTR":
                out.append(value.target.to_text(True))
            else:
                out.append(value.to_text())
        return out


class Budget:
    """A resolver that remembers answers for one mail and stops after ``questions`` or ``seconds``."""

    def __init__(
        self,
        inner: Resolver,
        *,
        timeout: float,
        seconds: float,
        questions: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner, self._timeout, self._clock = inner, timeout, clock
        self._until, self._left = clock() + seconds, questions
        self._known: dict[tuple[str, str], Sequence[str] | DnsFailure] = {}

    def lookup(self, name: str, kind: str) -> Sequence[str]:
        """As :meth:`Resolver.lookup`; raises :class:`DnsFailure` when the budget is spent."""
        key = (name.rstrip(".").lower(), kind)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._ask(*key)
        if isinstance(known, DnsFailure):
            raise known
        return known

    def _ask(self, name: str, kind: str) -> Sequence[str] | DnsFailure:
        left = self._until - self._clock()
        if self._left <= 0 or left <= 0:
            return DnsFailure(f"Đã hết hạn mức tra tên miền cho một thư ({name})", name=name, kind=kind)
        self._left -= 1
        try:
            return list(self._inner.lookup(name, kind, min(self._timeout, left)))
        except DnsFailure as error:
            return error
