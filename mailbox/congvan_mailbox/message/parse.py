"""The byte-exact reader: a scan for boundaries over the raw bytes, nothing re-serialised, nothing lost."""

from __future__ import annotations

import re

from congvan_core.findings import Finding
from congvan_mailbox.message import decode, params, tnef
from congvan_mailbox.message.headers import Headers, parse_headers
from congvan_mailbox.message.limits import DEFAULT_LIMITS, Limits
from congvan_mailbox.message.part import Message, Part

_TAIL = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_NESTED = ("message/rfc822", "message/global")


def parse_message(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Read a mail. Never raises on its content: what cannot be read is kept as bytes and named in the findings.

    The cost is one search per boundary and level; contents are decoded only when asked for.
    """
    reader = _Reader(limits)
    root = reader.part(raw, 0, len(raw), "1", 0, "text/plain")
    reader.look_at_lines(root)
    reader.look_at_root(root)
    return Message(raw, root, tuple(reader.findings))


class _Reader:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.findings: list[Finding] = []
        self.count = 0
        self.unpacked = 0
        self.full = False

    def note(self, code: str, path: str = "", **evidence: object) -> None:
        """Report each kind of oddity a few times at most: ten thousand bad parts are one fact."""
        if sum(f.code == code for f in self.findings[-200:]) < 5 and len(self.findings) < 200:
            self.findings.append(Finding(code, {"part": path, **evidence} if path else evidence))

    def look_at_lines(self, root: Part) -> None:
        """Line ends of everything but base64, where they mean nothing (and where most of a mail's bytes are)."""
        feeds = returns = pairs = 0
        for part in root.walk():
            if part.source != "mime":
                continue
            whole = part.is_leaf and part.encoding != "base64"
            piece = part.buffer[part.start : part.end if whole else min(part.body_start, part.end)]
            feeds += piece.count(b"\n")
            returns += piece.count(b"\r")
            pairs += piece.count(b"\r\n")
        if returns > pairs:
            self.note("MIME-BARE-CR", count=returns - pairs)
        if feeds > pairs and pairs:
            self.note("MIME-MIXED-LINE-ENDS", count=feeds - pairs)

    def look_at_root(self, root: Part) -> None:
        for name in ("From", "Sender", "Subject", "Date", "Message-ID", "To", "Content-Type"):
            count = root.headers.count(name)
            if count > 1:
                self.note("MIME-SEVERAL-FROM" if name == "From" else "MIME-HEADER-TWICE", header=name, count=count)
        if not root.headers.fields:
            self.note("MIME-NO-HEADERS")

    def part(
        self, buffer: bytes, start: int, end: int, path: str, depth: int, default_type: str, source: str = "mime"
    ) -> Part:
        self.count += 1
        head_end, body = self._split(buffer, start, end)
        block = buffer[start : min(head_end, start + self.limits.header + 1)]
        headers = parse_headers(block, self.limits) if block else Headers()
        for defect in headers.defects[:3]:
            self.note("MIME-HEADER-DAMAGED", path, defect=defect)
        part = Part(buffer, start, body, end, headers, path=path, default_type=default_type, source=source)
        self._look_at(part)
        kind = part.media_type
        if kind.startswith("multipart/") or kind in _NESTED:
            if depth >= self.limits.depth:
                self.note("MIME-TOO-DEEP", path, limit=self.limits.depth)
            elif kind in _NESTED:
                self._message(part, depth)
            else:
                self._multipart(part, depth)
        else:
            self._extract(part)
        return part

    def _split(self, buffer: bytes, start: int, end: int) -> tuple[int, int]:
        """Where the headers end and where the body starts."""
        if buffer[start : start + 2] == b"\r\n":
            return start, min(start + 2, end)
        if buffer[start : start + 1] == b"\n":
            return start, min(start + 1, end)
        for stop in (min(end, start + self.limits.header), end):
            crlf = buffer.find(b"\n\r\n", start, stop)
            lf = buffer.find(b"\n\n", start, crlf if crlf >= 0 else stop)
            if lf >= 0:
                return lf + 1, lf + 2
            if crlf >= 0:
                return crlf + 1, crlf + 3
        return end, end

    def _look_at(self, part: Part) -> None:
        if part.encoding not in decode.KNOWN:
            self.note("MIME-ENCODING-UNKNOWN", part.path, encoding=part.encoding[:40])
        doubtful = [*part.disposition.doubtful, *part.params.doubtful]
        one, other = part.disposition.params.get("filename"), part.params.params.get("name")
        if one and other and not params.same_but_for_letters(one, other):
            doubtful.append("name")
        if doubtful:
            self.note("MIME-PARAMETER-TWICE", part.path, parameters=doubtful[:5])
        if part.deceptive_name:
            self.note("MIME-NAME-DECEPTIVE", part.path, name=part.filename)

    def _multipart(self, part: Part, depth: int) -> None:
        boundary = part.params.raw.get("boundary")
        if boundary is None:
            boundary = part.params.params.get("boundary", "").encode("utf-8", "surrogateescape")
        boundary = boundary.rstrip()
        if not boundary:
            self.note("MIME-NO-BOUNDARY", part.path)
            return
        if part.encoding not in decode.IDENTITY:
            self.note("MIME-MULTIPART-ENCODED", part.path, encoding=part.encoding[:40])
        inner_type = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        buffer, end = part.buffer, part.end
        opened = -1
        closed = False
        for line, after, closing in _delimiters(buffer, part.body_start, end, b"--" + boundary):
            if opened >= 0 and not self._child(part, opened, max(opened, line), depth, inner_type):
                return
            opened = after
            if closing:
                closed = True
                break
        if opened < 0:
            self.note("MIME-BOUNDARY-NOT-FOUND", part.path)
        elif not closed:
            self.note("MIME-UNCLOSED", part.path)
            self._child(part, opened, end, depth, inner_type)

    def _child(self, part: Part, start: int, end: int, depth: int, inner_type: str) -> bool:
        if self.count >= self.limits.parts:
            if not self.full:
                self.full = True
                self.note("MIME-TOO-MANY-PARTS", part.path, limit=self.limits.parts)
            return False
        path = f"{part.path}.{len(part.children) + 1}"
        part.children.append(self.part(part.buffer, start, end, path, depth + 1, inner_type, part.source))
        return True

    def _message(self, part: Part, depth: int) -> None:
        if self.count >= self.limits.parts:
            return
        path = f"{part.path}.1"
        if part.encoding in decode.IDENTITY:
            child = self.part(part.buffer, part.body_start, part.end, path, depth + 1, "text/plain", part.source)
        else:
            # not allowed (RFC 2046 5.2.1) but seen; the inner mail then has a buffer of its own
            self.note("MIME-MESSAGE-ENCODED", part.path, encoding=part.encoding[:40])
            inner = part.decode()
            child = self.part(inner, 0, len(inner), path, depth + 1, "text/plain", part.source)
        part.children.append(child)

    def _extract(self, part: Part) -> None:
        """Files hidden in forms older than MIME: winmail.dat and uuencoded text."""
        if part.media_type in tnef.TYPES or part.filename.lower() == "winmail.dat":
            found = tnef.attachments(part.decode(), self.limits.unpacked - self.unpacked)
            if found is None:
                self.note("MIME-TNEF-UNREADABLE", part.path)
            for name, content in found or ():
                self._virtual(part, name, content, "tnef")
        elif part.media_type == "text/plain" and part.disposition.main != "attachment":
            size = part.end - part.body_start
            if size <= self.limits.text_scan and part.buffer.find(b"begin ", part.body_start, part.end) >= 0:
                for raw_name, content, _, _ in decode.uuencoded(part.decode()):
                    self._virtual(part, decode_name(raw_name), content, "uuencode")

    def _virtual(self, part: Part, name: str, content: bytes, source: str) -> None:
        self.unpacked += len(content)
        if self.count >= self.limits.parts or self.unpacked > self.limits.unpacked:
            self.note("MIME-TOO-MANY-PARTS", part.path, limit=self.limits.parts)
            return
        self.count += 1
        path = f"{part.path}/{source}{len(part.extracted) + 1}"
        part.extracted.append(
            Part(
                b"",
                0,
                0,
                0,
                Headers(),
                path=path,
                default_type="application/octet-stream",
                source=source,
                content=content,
                name=name,
            )
        )


def decode_name(raw: bytes) -> str:
    """A file name of undeclared encoding."""
    from congvan_mailbox.message import words

    return words.decode_words(raw).strip()


def _delimiters(buffer: bytes, start: int, end: int, token: bytes) -> list[tuple[int, int, bool]]:
    """Delimiter lines (RFC 2046 5.1.1): (end of the content before it, start of what follows, closing?)."""
    found: list[tuple[int, int, bool]] = []
    position = start
    while (at := buffer.find(token, position, end)) >= 0:
        position = at + len(token)
        if at > start and buffer[at - 1] != 0x0A:
            continue
        tail = _TAIL.match(buffer, position, end)
        if tail is None:
            continue
        before = at
        if at > start:
            before = at - 2 if at - 2 >= start and buffer[at - 2] == 0x0D else at - 1
        closing = tail[1] is not None
        found.append((before, tail.end(), closing))
        position = tail.end()
        if closing:
            break
    return found
