"""Signs that a mail runs in a circle: our own traces in it, or too many hops (RFC 5321 6.3, RFC 3834 2)."""

from __future__ import annotations

import re
from collections.abc import Collection

from congvan_mailbox.reports.addresses import addresses_in, key_of
from congvan_mailbox.reports.letter import read_letter

#: RFC 5321 6.3 asks for a large threshold, normally at least 100; real paths rarely have more than 20.
MAX_HOPS = 60
#: A mail may pass our own host a few times honestly (content filter, alias, second door).
MAX_OWN_HOPS = 4


def loop_sign(raw: bytes, own_hosts: Collection[str], own_mailboxes: Collection[str] = ()) -> str | None:
    """``hops``, ``own_hops`` or ``delivered_before`` where the mail has been here before; None for an ordinary mail.

    ``own_hosts`` are names that our servers write into Received; ``own_mailboxes`` addresses that they write into
    Delivered-To or X-Loop. Call it on the bytes as they arrived, before own trace fields are added.
    """
    letter = read_letter(raw)
    received = [v for n, v in letter.headers if n.lower() == "received"]
    if len(received) > MAX_HOPS:
        return "hops"
    hosts = {h.lower().rstrip(".") for h in own_hosts}
    own = sum(
        1 for v in received if (m := re.search(r"\bby\s+([^\s;()]+)", v)) and m.group(1).lower().rstrip(".") in hosts
    )
    if own > MAX_OWN_HOPS:
        return "own_hops"
    mailboxes = {key_of(m) for m in own_mailboxes}
    before = [key_of(a) for n in ("Delivered-To", "X-Loop") for v in letter.all(n) for a in addresses_in(v)]
    return "delivered_before" if any(b in mailboxes for b in before) else None
