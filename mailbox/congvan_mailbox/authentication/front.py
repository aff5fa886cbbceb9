"""Authentication-Results of a front server that we trust (RFC 8601), and the removal of copies that strangers wrote.

A field counts only by its place: our servers write theirs on top, above the trace of the hop before. ``hops`` is the
number of Received fields that our own servers add. Only fields count above the ``hops``-th of them; a front that
writes its result just below its own Received (some large providers do) needs ``below=True``, and then must itself
remove forged copies (RFC 8601 5), because nothing in the mail tells its field from a stranger's there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from congvan_core.findings import Finding
from congvan_mailbox.authentication.authenticate import findings_of, identify
from congvan_mailbox.authentication.policy import aligned_mechanisms
from congvan_mailbox.authentication.results import ArcResult, AuthResults, DkimResult, DmarcResult, SpfResult
from congvan_mailbox.authentication.sender import MAX_HEADER, raw_fields

_TRACE = frozenset(
    {
        b"received-spf",
        b"authentication-results",
        b"arc-seal",
        b"arc-message-signature",
        b"arc-authentication-results",
        b"return-path",
        b"delivered-to",
    }
)
MAX_FIELDS = 20


def from_trusted_front(raw: bytes, authserv_ids: Collection[str], *, hops: int = 1, below: bool = False) -> AuthResults:
    """What the trusted servers found. A trusted id in an untrusted place is a finding and counts for nothing.

    ``authserv_ids`` are compared without case. Never raises; a field that cannot be parsed counts for nothing.
    """
    wanted = {i.lower() for i in authserv_ids}
    fields = raw_fields(raw)
    out = AuthResults(source="front")
    identify(fields, out)
    trusted, forged = _sort(fields, wanted, hops, below)
    if forged:
        out.findings.append(Finding("ORIGIN-RESULTS-FORGED", {"count": forged}))
    seen: set[str] = set()
    for value in trusted[:MAX_FIELDS]:
        name = _authserv_id(value)
        if name:
            out.source = f"front:{name}"
        for entry in _parse(value):
            _take(entry, out, seen)
    if out.from_domain:
        out.aligned_by = aligned_mechanisms(out.from_domain, out.spf, out.dkim, None)
        if not out.aligned_by and out.dmarc.result == "pass":
            out.aligned_by = ("dmarc",)
        if out.dmarc.result == "fail":
            out.aligned_by = ()  # the front knows the domain's own rule (strict alignment); ours is the relaxed one
    out.aligned = bool(out.aligned_by)
    out.findings.extend(findings_of(out))
    return out


def strip_forged(
    raw: bytes, authserv_ids: Collection[str] | None = None, *, hops: int = 0, below: bool = False
) -> bytes:
    """``raw`` without the Authentication-Results that bear one of our ids in an untrusted place; other bytes stay.

    ``None`` removes every Authentication-Results there (RFC 8601 5 allows it). ``hops`` 0: the mail comes straight
    from a stranger, no field is ours.
    """
    end = re.search(rb"\r?\n\r?\n", raw[:MAX_HEADER])
    stop = end.start() if end else min(len(raw), MAX_HEADER)
    wanted = None if authserv_ids is None else {i.lower() for i in authserv_ids}
    head, kept = raw[:stop], []
    pieces = re.split(rb"(\r?\n)(?![ \t])", head)
    limit, received = _boundary([p.split(b":", 1)[0].strip().lower() for p in pieces[::2]], hops, below), 0
    removed = False
    for index in range(0, len(pieces), 2):
        piece = pieces[index]
        name = piece.split(b":", 1)[0].strip().lower()
        received += name == b"received"
        if (
            name == b"authentication-results"
            and index // 2 >= limit
            and (wanted is None or _authserv_id(piece.split(b":", 1)[1]) in wanted)
        ):
            removed = True
            continue
        kept.append((piece, pieces[index + 1] if index + 1 < len(pieces) else b""))
    if not removed:
        return raw
    text = b"".join(p + e for p, e in kept)
    if kept and kept[-1][1]:
        text = text[: -len(kept[-1][1])]  # the removed field was the last one; its line end goes with it
    return text + raw[stop:] if kept else raw[stop:].lstrip(b"\r\n")


def _boundary(names: list[bytes], hops: int, below: bool) -> int:
    """The index of the first field that a stranger may have written."""
    if hops <= 0:
        return 0
    received = 0
    for index, name in enumerate(names):
        if name == b"received":
            received += 1
            if received == hops:
                if not below:
                    return index
                after = index + 1
                while after < len(names) and (names[after] in _TRACE or names[after].startswith(b"x-")):
                    after += 1
                return after
    return 0  # fewer Received fields than our own servers write: nothing here is surely theirs


def _sort(fields: list[tuple[bytes, bytes]], wanted: set[str], hops: int, below: bool) -> tuple[list[bytes], int]:
    limit = _boundary([n.lower() for n, _ in fields], hops, below)
    trusted, forged = [], 0
    for index, (name, value) in enumerate(fields):
        if name.lower() != b"authentication-results" or _authserv_id(value) not in wanted:
            continue
        if index < limit:
            trusted.append(value)
        else:
            forged += 1
    return trusted, forged


def _authserv_id(value: bytes) -> str:
    text = re.sub(r"\s+", " ", value.decode("utf-8", "replace")).strip()
    for _ in range(4):
        text = re.sub(r"^\([^()]*\)\s*", "", text)
    match = re.match(r'"?([^\s;"()]+)"?', text)
    return match.group(1).lower() if match else ""


def _parse(value: bytes) -> Iterator[Any]:
    import authres

    text = re.sub(r"\s*\r?\n\s*", " ", value.decode("utf-8", "replace")).strip()
    try:
        header = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {text}")
    except Exception:  # authres raises its own tree and, on odd input, others; the field then says nothing
        return
    yield from header.results[:50]


def _take(entry: Any, out: AuthResults, seen: set[str]) -> None:
    """One method's result; the topmost field of a method counts, DKIM may have several."""
    method, result = str(entry.method).lower(), str(entry.result).lower()
    properties = {(p.type, p.name): p.value for p in entry.properties}
    if method == "spf" and "spf" not in seen:
        sender = properties.get(("smtp", "mailfrom")) or properties.get(("smtp", "helo")) or ""
        scope = "mailfrom" if ("smtp", "mailfrom") in properties else "helo"
        out.spf = SpfResult(result, sender.rpartition("@")[2].strip("<>").lower() or None, scope)
    elif method == "dkim" and len(out.dkim) < MAX_FIELDS:
        identity = properties.get(("header", "i"))
        domain = properties.get(("header", "d")) or (identity.rpartition("@")[2] if identity else None)
        out.dkim.append(
            DkimResult(result, domain.lower() if domain else None, properties.get(("header", "s")), identity)
        )
    elif method == "dmarc" and "dmarc" not in seen:
        about = (properties.get(("header", "from")) or "").lower()
        if out.from_domain and about and about.rpartition("@")[2] != out.from_domain:
            return  # speaks of another From than the one in the mail
        out.dmarc = DmarcResult(result, properties.get(("policy", "dmarc")), about or None)
    elif method == "arc" and "arc" not in seen:
        out.arc = ArcResult(result)
    seen.add(method)
