"""What a sender may wish for its mail by parameters of MAIL that few speak: offered, read, and carried in the envelope.

Each is offered only where the policy turns it on, and the policy turns on only what stands behind it: MT-PRIORITY
(RFC 6710), DELIVERBY (RFC 2852), FUTURERELEASE (RFC 4865), REQUIRETLS (RFC 8689), LIMITS (RFC 9422).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from congvan_mailbox.smtp.policy import DoorPolicy

#: Keys of ``Envelope.extra``.
PRIORITY, DELIVER_BY, HOLD_UNTIL, REQUIRE_TLS = "priority", "deliver_by", "hold_until", "require_tls"
NAMES = frozenset({"MT-PRIORITY", "BY", "HOLDFOR", "HOLDUNTIL", "REQUIRETLS"})

_PRIORITY = re.compile(r"0|-?[1-9]")
_BY = re.compile(r"([+-]?[0-9]{1,9});([NRnr])([Tt]?)")
_FOR = re.compile(r"[1-9][0-9]{0,8}")
#: Internet date-time (RFC 3339 5.6), as RFC 4865 4 asks; xtext could not change it.
_UNTIL = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)")


def offered(policy: DoorPolicy, *, tls: bool, trusted: bool, at: datetime) -> list[str]:
    """The EHLO lines. REQUIRETLS is offered under TLS only (RFC 8689 2), FUTURERELEASE to our own relays only: it is
    an extension of submission (RFC 4865 2).
    """
    words = []
    if policy.priority:
        words.append("MT-PRIORITY")
    if policy.deliver_by:
        words.append("DELIVERBY")
    if policy.hold_longest and trusted:
        latest = (at + timedelta(seconds=policy.hold_longest)).astimezone(UTC)
        words.append(f"FUTURERELEASE {policy.hold_longest} {latest:%Y-%m-%dT%H:%M:%SZ}")
    if policy.require_tls_promise and tls:
        words.append("REQUIRETLS")
    if policy.limits and policy.max_recipients:
        words.append(f"LIMITS RCPTMAX={policy.max_recipients}")
    return words


def refusal(params: Mapping[str, str], policy: DoorPolicy, *, tls: bool, trusted: bool, at: datetime) -> str | None:
    """The reply that refuses these parameters of MAIL, None where every wish among them can be kept."""
    for key in params.keys() & NAMES:
        value = params[key]
        if key == "MT-PRIORITY" and policy.priority:
            if not _PRIORITY.fullmatch(value):
                return "501 5.5.4 MT-PRIORITY is -9 to 9"
        elif key == "BY" and policy.deliver_by:
            match = _BY.fullmatch(value)
            if not match or (match[2] in "Rr" and int(match[1]) <= 0):  # RFC 2852 4.1.1
                return "501 5.5.4 BY is SECONDS;N or SECONDS;R"
        elif key in ("HOLDFOR", "HOLDUNTIL") and policy.hold_longest and trusted:
            if "HOLDFOR" in params and "HOLDUNTIL" in params:
                return "501 5.5.4 HOLDFOR or HOLDUNTIL, not both"
            until = _release(params, at)
            if until is None or until > at + timedelta(seconds=policy.hold_longest):
                return f"501 5.5.4 {key} is malformed or longer than {policy.hold_longest} s"
        elif key == "REQUIRETLS" and policy.require_tls_promise:
            if value or not tls:
                return "501 5.5.4 REQUIRETLS takes no value" if value else "530 5.7.10 REQUIRETLS needs TLS"
        else:
            return f"555 5.5.4 {key} not supported"
    return None


def carried(params: Mapping[str, str], at: datetime, *, trusted: bool) -> dict[str, str]:
    """The wishes as the envelope keeps them. A stranger's priority counts as none (RFC 6710 leaves it to policy)."""
    out: dict[str, str] = {}
    if trusted and params.get("MT-PRIORITY", "0") != "0":
        out[PRIORITY] = params["MT-PRIORITY"]
    if "BY" in params:
        out[DELIVER_BY] = params["BY"].upper()
    until = _release(params, at)
    if until is not None:
        out[HOLD_UNTIL] = until.isoformat()
    if "REQUIRETLS" in params:
        out[REQUIRE_TLS] = "1"
    return out


def expired(params: Mapping[str, str], began: datetime, at: datetime) -> bool:
    """Whether a mail that is to be returned when late (mode R) is late already (RFC 2852 4.1.4)."""
    match = _BY.fullmatch(params.get("BY", ""))
    return match is not None and match[2] in "Rr" and (at - began).total_seconds() > int(match[1])


def _release(params: Mapping[str, str], at: datetime) -> datetime | None:
    if _FOR.fullmatch(params.get("HOLDFOR", "")):
        return at + timedelta(seconds=int(params["HOLDFOR"]))
    if not _UNTIL.fullmatch(params.get("HOLDUNTIL", "")):
        return None
    try:
        return datetime.fromisoformat(params["HOLDUNTIL"].upper())
    except ValueError:
        return None
