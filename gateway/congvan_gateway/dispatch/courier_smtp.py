"""The courier that speaks SMTP: to a smarthost, or to the hosts that the recipient's domain names."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import random
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from congvan_core.errors import CongvanError, NotFoundError, RefusedError, TemporaryError
from congvan_gateway.dispatch.courier_pool import ConnectionPool, PoolLimits
from congvan_mailbox.smtp.client import SmtpClient, Stop
from congvan_mailbox.smtp.client_options import ClientOptions
from congvan_mailbox.smtp.mta_sts import StsPolicies
from congvan_mailbox.smtp.outcome import Deferred, Outcome, OutgoingMail, Refused, Stage, Unknown
from congvan_mailbox.smtp.resolver import DnsResolver, Resolver, mail_hosts
from congvan_mailbox.smtp.tls_policy import TlsMode
from congvan_mailbox.smtp.transaction import AfterDot, send

log = logging.getLogger("congvan.smtp.courier")

#: Stages at which the next host or address may do better than this one.
_BEFORE_MAIL = frozenset({Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.TLS, Stage.AUTH})
_MAX_ADDRESSES = 4


@dataclass(frozen=True, slots=True)
class Hop:
    """Where to go: a smarthost by name, or with ``host`` None the MX of the recipient's domain."""

    host: str | None = None
    port: int = 25
    options: ClientOptions = field(default_factory=ClientOptions)


class SmtpCourier:
    """Delivers over SMTP, reusing sessions; see ``transaction.send`` for how replies are judged.

    ``route`` gives the hop for a recipient's domain, so that a routing table can stand behind it. ``deadline`` is the
    hard end of an attempt in seconds: choose it shorter than the lease.

    ::

        courier = SmtpCourier(lambda domain: Hop("smtp.tinh.gov.vn", 587, options))
        outcome = await courier.deliver(OutgoingMail("vt@a.gov.vn", "vt@b.gov.vn", raw))
    """

    def __init__(
        self,
        route: Callable[[str], Hop],
        *,
        resolver: Resolver | None = None,
        limits: PoolLimits | None = None,
        deadline: float = 240.0,
        sts: StsPolicies | None = None,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._route = route
        self._resolver = resolver or DnsResolver()
        self._pool = ConnectionPool(limits or PoolLimits(), clock)
        self._deadline = deadline
        self._sts = sts
        self._rng = rng or random.Random()  # noqa: S311  spreads load, keeps no secret

    def hop(self, domain: str) -> Hop:
        """Where mail for this domain goes first, and how."""
        return self._route(domain)

    async def deliver(self, mail: OutgoingMail) -> Outcome:
        """One attempt for one recipient; never raises but for cancellation before the final dot."""
        try:
            async with asyncio.timeout(self._deadline):
                return await self._deliver(mail)
        except AfterDot:
            return Unknown(stage=Stage.FINAL, text="the attempt's time was over before the last reply came")
        except TimeoutError:
            return Deferred(stage=Stage.DATA, text=f"the attempt took longer than {self._deadline:g} s")
        except (OSError, CongvanError) as error:
            log.warning("attempt for %s failed: %s", mail.recipient, error)
            return Deferred(stage=Stage.LOCAL, text=str(error), operator=True)
        except Exception as error:
            log.exception("attempt for %s failed by a surprise", mail.recipient)
            return Deferred(stage=Stage.LOCAL, text=f"{type(error).__name__}: {error}", operator=True)

    async def close(self) -> None:
        """QUIT all kept sessions."""
        await self._pool.close()

    async def sweep(self) -> None:
        """QUIT sessions that were idle for too long; call it now and then."""
        await self._pool.sweep()

    # --- where to ---------------------------------------------------------------------------------------------------

    async def _deliver(self, mail: OutgoingMail) -> Outcome:
        domain = mail.recipient.rpartition("@")[2].lower()
        hop = self._route(domain)
        key: Hashable = (hop.host or domain, hop.port, hop.options)
        async with self._pool.slot(key):
            kept = self._pool.take(key)
            if kept is not None:
                outcome = await self._over_kept(key, kept, mail)
                if outcome is not None:
                    return outcome
            try:
                hosts = [hop.host] if hop.host else await mail_hosts(domain, self._resolver, self._rng)
            except NotFoundError as error:
                return Deferred(stage=Stage.RESOLVE, enhanced="5.1.2", text=error.message, operator=True)
            except TemporaryError as error:
                return Deferred(stage=Stage.RESOLVE, enhanced="4.4.3", text=error.message)
            except RefusedError as error:
                return Refused(stage=Stage.RESOLVE, code=556, enhanced="5.1.10", text=error.message)
            if self._sts is not None and hop.host is None and hop.options.tls.mode is TlsMode.OPPORTUNISTIC:
                policy = await self._sts.policy(domain)
                if policy is not None and policy.mode == "enforce":
                    hop = _verified(hop)
                    hosts = [host for host in hosts if policy.allows(host)]
                    if not hosts:
                        text = f"không máy chủ nhận thư nào của {domain} có trong chính sách MTA-STS của miền đó"
                        return Deferred(stage=Stage.TLS, enhanced="4.7.5", text=text, operator=True)
            return await self._try_hosts(key, hop, hosts, mail)

    async def _try_hosts(self, key: Hashable, hop: Hop, hosts: list[str], mail: OutgoingMail) -> Outcome:
        last: Outcome = Deferred(stage=Stage.RESOLVE, enhanced="4.4.4", text="no host has an address", operator=True)
        for host in hosts:
            try:
                addresses = await self._resolver.addresses(host)
            except (NotFoundError, TemporaryError) as error:
                last = Deferred(stage=Stage.RESOLVE, enhanced="4.4.3", text=error.message, host=host)
                continue
            options = await self._options_for(hop, host)
            for address in list(addresses)[:_MAX_ADDRESSES]:
                last = await self._try_address(key, SmtpClient(host, address, hop.port, options), mail)
                if not (isinstance(last, Deferred) and last.stage in _BEFORE_MAIL):
                    return last
        return last

    async def _options_for(self, hop: Hop, host: str) -> ClientOptions:
        """DANE needs the host's own records (RFC 7672 2.2); without usable ones the mail waits."""
        policy = hop.options.tls
        if policy.mode is not TlsMode.DANE or policy.tlsa:
            return hop.options
        records = tuple(await self._resolver.tlsa(host, hop.port))
        return dataclasses.replace(hop.options, tls=dataclasses.replace(policy, tlsa=records))

    # --- one session ------------------------------------------------------------------------------------------------

    async def _over_kept(self, key: Hashable, client: SmtpClient, mail: OutgoingMail) -> Outcome | None:
        """Over a kept session; None when it had died meanwhile and nothing was offered: then a fresh one is due."""
        try:
            outcome = await send(client, mail)
        except Stop as stop:
            return None if stop.outcome.stage in (Stage.MAIL, Stage.RCPT) else stop.outcome
        except BaseException:
            client.cut()
            raise
        if isinstance(outcome, Deferred) and outcome.code == 421 and outcome.stage is Stage.MAIL:
            return None
        await self._give_back(key, client)
        return outcome

    async def _try_address(self, key: Hashable, client: SmtpClient, mail: OutgoingMail) -> Outcome:
        try:
            await client.open()
        except Stop as stop:
            if self._may_fall_back(client, stop.outcome) and not mail.require_tls:
                return await self._try_address(key, _in_plain_text(client), mail)
            return stop.outcome
        except BaseException:
            client.cut()
            raise
        try:
            outcome = await send(client, mail)
        except Stop as stop:
            return stop.outcome
        except BaseException:
            client.cut()
            raise
        await self._give_back(key, client)
        return outcome

    async def _give_back(self, key: Hashable, client: SmtpClient) -> None:
        """The outcome is known; nothing that happens to the session afterwards may change it."""
        with contextlib.suppress(Exception):
            await self._pool.give(key, client)

    @staticmethod
    def _may_fall_back(client: SmtpClient, outcome: Outcome) -> bool:
        """Opportunistic TLS that fails is no TLS (RFC 3207 4.1 leaves it to the client; RFC 7435)."""
        options = client.options
        return (
            outcome.stage is Stage.TLS
            and options.tls.mode is TlsMode.OPPORTUNISTIC
            and not options.implicit_tls
            and options.credentials is None
        )


def _verified(hop: Hop) -> Hop:
    """The same hop where only a verified host will do (RFC 8461 4.2)."""
    tls = dataclasses.replace(hop.options.tls, mode=TlsMode.VERIFIED, because="mta-sts")
    return dataclasses.replace(hop, options=dataclasses.replace(hop.options, tls=tls))


def _in_plain_text(client: SmtpClient) -> SmtpClient:
    options = client.options
    plain = dataclasses.replace(options, tls=dataclasses.replace(options.tls, mode=TlsMode.NONE))
    return SmtpClient(client.host, client.address, client.port, plain)
