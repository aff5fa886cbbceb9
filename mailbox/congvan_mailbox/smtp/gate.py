"""Who is at the door and how often: counts of sessions and of rates per address, bounded in memory."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from congvan_mailbox.smtp.policy import DoorPolicy

#: Addresses remembered for rates; beyond it the longest unseen is forgotten.
_MAX_REMEMBERED = 20_000


class _Bucket:
    """A token bucket: ``per_minute`` tokens, refilled evenly."""

    __slots__ = ("moment", "tokens")

    def __init__(self, tokens: float, moment: float) -> None:
        self.tokens = tokens
        self.moment = moment


class Rates:
    """Token buckets by address."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def allow(self, address: str) -> bool:
        """Take one token; False when there is none."""
        if not self._per_minute:
            return True
        now = self._clock()
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = _Bucket(float(self._per_minute), now)
            if len(self._buckets) > _MAX_REMEMBERED:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(address)
        refill = (now - bucket.moment) * self._per_minute / 60.0
        bucket.tokens = min(float(self._per_minute), bucket.tokens + refill)
        bucket.moment = now
        if bucket.tokens < 1.0:
            return False
        bucket.tokens -= 1.0
        return True


class Gate:
    """The counts behind ``DoorPolicy``'s limits on connections and rates, shared by the doors of one process."""

    def __init__(self, policy: DoorPolicy, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._exempt_networks = [ipaddress.ip_network(text, strict=False) for text in policy.exempt_networks]
        self._exempt: OrderedDict[str, bool] = OrderedDict()
        self._per_ip: Counter[str] = Counter()
        self._connections = Rates(policy.connections_per_minute, clock)
        self._mails = Rates(policy.mails_per_minute, clock)
        self.total = 0

    def enter(self, address: str | None) -> str | None:
        """Count a new session in; a reason in words when it must be turned away. Pair each call with ``leave``."""
        self.total += 1
        if address is not None:
            self._per_ip[address] += 1
        if self._policy.max_connections and self.total > self._policy.max_connections:
            return "too many connections"
        if address is None or self._is_exempt(address):
            return None
        if self._policy.max_connections_per_ip and self._per_ip[address] > self._policy.max_connections_per_ip:
            return "too many connections from your address"
        if not self._connections.allow(_rate_key(address)):
            return "connecting too often"
        return None

    def leave(self, address: str | None) -> None:
        """Count a session out."""
        self.total -= 1
        if address is not None:
            self._per_ip[address] -= 1
            if self._per_ip[address] <= 0:
                del self._per_ip[address]

    def may_send(self, address: str | None) -> bool:
        """Whether one more mail from this address is within its rate."""
        return address is None or self._is_exempt(address) or self._mails.allow(_rate_key(address))

    def trusts(self, address: str | None) -> bool:
        """Whether this is one of the agency's own relays (or a local socket), whose word on priority counts."""
        return address is None or self._is_exempt(address)

    def _is_exempt(self, address: str) -> bool:
        known = self._exempt.get(address)
        if known is None:
            try:
                parsed = ipaddress.ip_address(address.partition("%")[0])
            except ValueError:
                return False
            if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
                parsed = parsed.ipv4_mapped
            known = any(parsed.version == net.version and parsed in net for net in self._exempt_networks)
            self._exempt[address] = known
            if len(self._exempt) > _MAX_REMEMBERED:
                self._exempt.popitem(last=False)
        return known


def _rate_key(address: str) -> str:
    """IPv6 peers own whole /64 networks: count those, not single addresses."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(address.partition("%")[0] + "/64", strict=False))
    except ValueError:
        return address
