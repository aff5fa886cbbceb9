"""Where a domain takes its mail: MX records, their addresses, the null MX (RFC 5321 5.1, RFC 7505)."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Sequence
from typing import Any, Protocol

from congvan_core.errors import NotFoundError, RefusedError, TemporaryError
from congvan_mailbox.smtp.tls_policy import Tlsa


class Resolver(Protocol):
    """The DNS as far as mail needs it."""

    async def mx(self, domain: str) -> Sequence[tuple[int, str]]:
        """Preference and host of each MX record, () where the domain has none. Raises NotFoundError, TemporaryError."""

    async def addresses(self, host: str) -> Sequence[str]:
        """IPv4 and IPv6 addresses, () where there are none. Raises NotFoundError, TemporaryError."""

    async def tlsa(self, host: str, port: int) -> Sequence[Tlsa]:
        """TLSA records, only where the answer was proved by DNSSEC; else (). Raises TemporaryError."""


async def mail_hosts(domain: str, resolver: Resolver, rng: random.Random, limit: int = 8) -> list[str]:
    """The hosts to try in order; those of equal preference shuffled (RFC 5321 5.1).

    Without MX the domain itself is the host. Raises RefusedError for a null MX, TemporaryError when DNS does not
    answer, NotFoundError when the domain does not exist.
    """
    records = list(await resolver.mx(domain))
    if not records:
        return [domain]
    if any(host in (".", "") for _, host in records):
        raise RefusedError(f"Miền {domain} công bố không nhận thư (null MX, RFC 7505).")
    rng.shuffle(records)
    records.sort(key=lambda record: record[0])
    return [host.rstrip(".") for _, host in records[:limit]]


class DnsResolver:
    """The system's name servers, by dnspython. ``lifetime`` is seconds for one question with all its repeats."""

    def __init__(self, lifetime: float = 10.0, nameservers: Sequence[str] | None = None, port: int = 53) -> None:
        self._lifetime = lifetime
        self._nameservers = nameservers
        self._port = port
        self._resolver: Any = None

    async def _ask(self, name: str, kind: str, *, secure: bool = False) -> list[Any]:
        import dns.asyncresolver
        import dns.exception
        import dns.flags
        import dns.name
        import dns.resolver

        if self._resolver is None:
            resolver = dns.asyncresolver.Resolver(configure=self._nameservers is None)
            if self._nameservers is not None:
                resolver.nameservers = list(self._nameservers)
                resolver.port = self._port
            resolver.lifetime = self._lifetime
            resolver.cache = dns.resolver.LRUCache(10_000)
            resolver.use_edns(0, dns.flags.DO, 1232)
            self._resolver = resolver
        try:
            ascii_name = dns.name.from_text(name, idna_codec=dns.name.IDNA_2008_Practical)
            answer = await self._resolver.resolve(ascii_name, kind, search=False)
        except dns.resolver.NoAnswer:
            return []
        except dns.resolver.NXDOMAIN as error:
            raise NotFoundError(f"Tên miền {name} không tồn tại.") from error
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, UnicodeError) as error:
            raise NotFoundError(f"Tên miền {name} không hợp lệ.") from error
        except dns.exception.DNSException as error:
            raise TemporaryError(f"Không hỏi được DNS về {name} ({kind}): {error}") from error
        if secure and not answer.response.flags & dns.flags.AD:
            return []
        return list(answer)

    async def mx(self, domain: str) -> Sequence[tuple[int, str]]:
        """Preference and host of each MX record."""
        return [(int(one.preference), one.exchange.to_text()) for one in await self._ask(domain, "MX")]

    async def addresses(self, host: str) -> Sequence[str]:
        """IPv4 and IPv6 addresses, IPv4 first: in the offices' networks it is the one that works.

        With the system's name servers the hosts file counts too, as for every other program.
        """
        if _is_literal(host):
            return [host.strip("[]").removeprefix("IPv6:")]
        if self._nameservers is None:
            return await _system_addresses(host)
        found = [one.address for one in await self._ask(host, "A")]
        try:
            found += [one.address for one in await self._ask(host, "AAAA")]
        except TemporaryError:
            if not found:
                raise
        return found

    async def txt(self, name: str) -> Sequence[str]:
        """TXT records, the strings of each joined."""
        return [b"".join(one.strings).decode("utf-8", "replace") for one in await self._ask(name, "TXT")]

    async def tlsa(self, host: str, port: int) -> Sequence[Tlsa]:
        """TLSA records of a DNSSEC-proved answer. Only meaningful behind a validating resolver on this machine."""
        try:
            answers = await self._ask(f"_{port}._tcp.{host}", "TLSA", secure=True)
        except NotFoundError:
            return []
        return [Tlsa(one.usage, one.selector, one.mtype, bytes(one.cert)) for one in answers]


async def _system_addresses(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_NONAME:
            raise NotFoundError(f"Không có máy chủ tên {host}.") from error
        raise TemporaryError(f"Không hỏi được địa chỉ của {host}: {error.strerror}") from error
    except UnicodeError as error:
        raise NotFoundError(f"Tên máy chủ {host} không hợp lệ.") from error
    found.sort(key=lambda one: one[0] != socket.AF_INET)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _is_literal(host: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(host.strip("[]").removeprefix("IPv6:"))
    except ValueError:
        return False
    return True
