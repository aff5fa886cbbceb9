"""MTA-STS (RFC 8461): a domain says over HTTPS that its mail hosts have certificates, and which hosts these are."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from congvan_core.errors import NotFoundError, TemporaryError, UnreadableError

_ID = re.compile(r"v=STSv1\s*;(?:.*;)?\s*id=([A-Za-z0-9]{1,32})\s*(?:;.*)?", re.DOTALL)
_MAX_POLICY = 64 * 1024  # RFC 8461 3.3
_MAX_AGE = 31_557_600  # RFC 8461 3.2: a year
_MAX_DOMAINS = 10_000
_PAUSE = 300.0  # RFC 8461 3.3: between two tries of what could not be fetched


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """``mode`` is "enforce", "testing" or "none"; ``mx`` are host names or ``*.domain`` patterns; age in seconds."""

    mode: str
    mx: tuple[str, ...]
    max_age: int

    def allows(self, host: str) -> bool:
        """Whether a mail host is one of the policy's (RFC 8461 4.1): a star stands for exactly one label."""
        name = host.lower().rstrip(".")
        return any(name == one or (one.startswith("*.") and name.partition(".")[2] == one[2:]) for one in self.mx)


def parse_policy(text: str) -> StsPolicy:
    """Read ``mta-sts.txt``. Raises UnreadableError; unknown keys are ignored (RFC 8461 3.2)."""
    if len(text) > _MAX_POLICY:
        raise UnreadableError("chính sách MTA-STS quá dài")
    found: dict[str, str] = {}
    hosts: list[str] = []
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        key, value = key.strip(), value.strip()
        if colon and key == "mx":
            hosts.append(value.lower().rstrip("."))
        elif colon:
            found.setdefault(key, value)
    age = found.get("max_age", "")
    mode = found.get("mode", "")
    if found.get("version") != "STSv1" or mode not in ("enforce", "testing", "none"):
        raise UnreadableError("chính sách MTA-STS thiếu phiên bản hoặc chế độ")
    if not (age.isascii() and age.isdigit()) or len(age) > 10 or (mode != "none" and not hosts):
        raise UnreadableError("chính sách MTA-STS thiếu thời hạn hoặc máy chủ thư")
    return StsPolicy(mode, tuple(hosts), min(int(age), _MAX_AGE))


def policy_id(records: Sequence[str]) -> str | None:
    """The id in the TXT records of ``_mta-sts.DOMAIN``; None where there is not exactly one (RFC 8461 3.1)."""
    ours = [record for record in records if record.startswith("v=STSv1")]
    match = _ID.fullmatch(ours[0].strip()) if len(ours) == 1 else None
    return match[1] if match else None


@dataclass(frozen=True, slots=True)
class KnownPolicy:
    """A policy as it is kept: the id of its DNS record, the policy, until when it counts (seconds since 1970)."""

    id: str
    policy: StsPolicy
    until: float


class StsMemory(Protocol):
    """Where policies outlive the process (RFC 8461 3.1, 10.2: a restart must not open the door to a downgrade)."""

    def load(self, domain: str) -> KnownPolicy | None:
        """What was kept last, also when its time is over."""

    def keep(self, domain: str, known: KnownPolicy) -> None:
        """Put it in the place of what was kept."""


class StsPolicies:
    """The policies of the domains we send to, fetched when their id changes, believed until their age is over.

    ``txt`` gives TXT records of a name; ``fetch`` the body of ``https://mta-sts.DOMAIN/.well-known/mta-sts.txt`` by
    verified HTTPS without following redirects (RFC 8461 3.3). Both raise NotFoundError or TemporaryError. A policy
    that is known stays in force when DNS or HTTPS are away: that is what protects against an attacker who blocks them.
    ``memory`` keeps them over a restart; it is asked once for each domain. What cannot be fetched is asked again after
    five minutes (RFC 8461 3.3).
    """

    def __init__(
        self,
        txt: Callable[[str], Awaitable[Sequence[str]]],
        fetch: Callable[[str], Awaitable[str]],
        clock: Callable[[], float] = time.time,
        memory: StsMemory | None = None,
    ) -> None:
        self._txt = txt
        self._fetch = fetch
        self._clock = clock
        self._memory = memory
        self._known: OrderedDict[str, KnownPolicy | None] = OrderedDict()
        self._failed: dict[str, float] = {}

    async def policy(self, domain: str) -> StsPolicy | None:
        """The policy in force for a domain, None where there is none."""
        known = await self._recall(domain)
        if known is not None and known.until < self._clock():
            known = None
        try:
            found = policy_id(await self._txt(f"_mta-sts.{domain}"))
            if found is not None and (known is None or known.id != found) and self._may_fetch(domain):
                known = await self._renew(domain, found)
        except (NotFoundError, TemporaryError, UnreadableError):
            pass  # what is known stays; what is not known cannot be demanded (RFC 8461 5.1)
        return known.policy if known else None

    async def _renew(self, domain: str, found: str) -> KnownPolicy:
        self._failed[domain] = self._clock() + _PAUSE  # until it has come
        policy = parse_policy(await self._fetch(domain))
        known = KnownPolicy(found, policy, self._clock() + policy.max_age)
        del self._failed[domain]
        self._remember(domain, known)
        if self._memory is not None:
            await asyncio.to_thread(self._memory.keep, domain, known)
        return known

    async def _recall(self, domain: str) -> KnownPolicy | None:
        if domain not in self._known and self._memory is not None:
            self._remember(domain, await asyncio.to_thread(self._memory.load, domain))
        return self._known.get(domain)

    def _remember(self, domain: str, known: KnownPolicy | None) -> None:
        self._known[domain] = known
        self._known.move_to_end(domain)
        if len(self._known) > _MAX_DOMAINS:
            self._known.popitem(last=False)

    def _may_fetch(self, domain: str) -> bool:
        if len(self._failed) > _MAX_DOMAINS:
            self._failed.clear()
        return self._failed.get(domain, 0.0) <= self._clock()
