"""The second reader: the standard library over the same bytes; where the two differ, somebody may be deceived."""

from __future__ import annotations

import hashlib
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message as StandardMessage
from email.policy import Compat32
from typing import Any, cast

from congvan_core.findings import Finding
from congvan_mailbox.message import charset
from congvan_mailbox.message.folded import Folded
from congvan_mailbox.message.limits import DEFAULT_LIMITS, Limits
from congvan_mailbox.message.parse import parse_message
from congvan_mailbox.message.part import Message, Part

#: Media type, name, content (None where it is a mail of its own, whose parts are compared, or is the same octets in an
#: encoding that is read in one way only).
_Leaf = tuple[str, str, bytes | None]


class _Raw(Compat32):
    """The old policy, giving header values as they stand, undecoded bytes as surrogates."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


def compare_readers(raw: bytes, message: Message | None = None, limits: Limits = DEFAULT_LIMITS) -> list[Finding]:
    """MIME-READERS-DISAGREE where the two readers see other parts, names or contents; empty where they agree.

    Mails over ``limits.second_reader`` bytes or with too many parts are not compared, and the finding says so: the
    standard library holds a mail several times in memory.
    """
    message = message or parse_message(raw, limits)
    stopped = {"MIME-TOO-MANY-PARTS", "MIME-TOO-DEEP"} & {f.code for f in message.findings}
    head = message.root.body_start - message.root.start  # the standard library takes minutes over endless headers
    if len(raw) > limits.second_reader or head > limits.header or stopped:
        return [Finding("MIME-NOT-COMPARED", {"size": len(raw), "limit": limits.second_reader})]
    try:
        mine = [p for p in message.leaves() if p.source == "mime"]
        folded = Folded(raw, [(p.body_start, p.end) for p in mine if p.encoding == "base64" and p.buffer is raw])
        second = message_from_bytes(folded.skeleton, policy=_Raw())
        leaves = _standard_leaves(second)
        theirs = [_theirs(p, folded, mine[n] if len(leaves) == len(mine) else None, raw) for n, p in enumerate(leaves)]
    except (ValueError, LookupError, TypeError, IndexError, AttributeError, RecursionError) as error:
        return [Finding("MIME-READERS-DISAGREE", {"what": "unreadable", "reason": type(error).__name__})]
    if len(mine) != len(theirs):
        return [Finding("MIME-READERS-DISAGREE", {"what": "parts", "first": len(mine), "second": len(theirs)})]
    for part in mine:
        if not part.media_type.startswith("message/"):
            part.decode()  # only now it is known what is damaged
    findings = [
        Finding("MIME-CONTENT-DAMAGED", {"part": p.path}, p.filename or None) for p in message.leaves() if p.damaged
    ][:10]
    for number, (part, other) in enumerate(zip(mine, theirs, strict=True), 1):
        for what, a, b in _differences(part, other):
            findings.append(Finding("MIME-READERS-DISAGREE", {"what": what, "part": number, "first": a, "second": b}))
        if len(findings) >= 10:
            break
    return findings


def _differences(part: Part, other: _Leaf) -> list[tuple[str, str, str]]:
    """What the two readers see differently in one part: (what, ours, theirs), contents by their digests."""
    kind, name, content = other
    found = []
    if part.media_type != kind:
        found.append(("media type", part.media_type, kind))
    if part.name.strip() != name:
        found.append(("name", part.name.strip(), name))
    if content is not None and not part.media_type.startswith("message/") and part.decode() != content:
        found.append(("content", part.digest()[0], hashlib.sha256(content).hexdigest()))
    return found


def _standard_leaves(message: StandardMessage) -> list[StandardMessage]:
    found: list[StandardMessage] = []
    stack = [message]
    while stack:
        part = stack.pop()
        payload = part.get_payload()
        kind = part.get_content_type()
        opens = kind.startswith("multipart/") or kind in ("message/rfc822", "message/global")
        if isinstance(payload, list) and opens:
            stack.extend(p for p in reversed(payload) if isinstance(p, StandardMessage))
        else:
            found.append(part)
    return found


def _theirs(part: StandardMessage, folded: Folded, mine: Part | None = None, raw: bytes = b"") -> _Leaf:
    kind = part.get_content_type()
    name = _name(part, "content-disposition", "filename") or _name(part, "content-type", "name")
    if isinstance(part.get_payload(), list) or kind.startswith("message/"):
        return kind, name, None
    text = part._payload  # type: ignore[attr-defined]  # get_payload() would decode raw octets by a guess
    if isinstance(text, str):
        here = mine is not None and mine.buffer is raw and _base64(part, mine)
        if mine is not None and here and folded.is_base64(text, mine.body_start, mine.end):
            return kind, name, None
        part.set_payload(folded.unfold(text))
    content = part.get_payload(decode=True)
    return kind, name, content if isinstance(content, bytes) else b""


def _base64(part: StandardMessage, mine: Part) -> bool:
    """Both readers take the body for base64."""
    return mine.encoding == "base64" and str(part.get("Content-Transfer-Encoding", "")).lower() == "base64"


def _name(part: StandardMessage, header: str, parameter: str) -> str:
    plain = extended = ""
    for key, value in cast(list[tuple[str, Any]], part.get_params([], header)):
        if key.lower() != parameter:
            continue
        if isinstance(value, tuple):
            declared, _, text = value
            extended = charset.decode(str(text).encode("latin-1", "surrogateescape"), declared or "utf-8")
        elif not plain:
            plain = str(value)
    if extended:
        return extended.strip()
    out = ""
    try:
        words: list[tuple[str | bytes, str | None]] = list(decode_header(plain))
    except HeaderParseError:  # damaged base64 in an encoded word: the name stands as it was written
        words = [(plain, None)]
    for piece, declared in words:
        data = piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogateescape")
        out += charset.decode(data, declared) if declared else charset.guess(data)
    return charset.repair(_unfolded(out)).strip()


def _unfolded(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")
