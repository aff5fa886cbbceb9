"""One part of a message: where its bytes lie, what its headers say, its content decoded on request."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator

from congvan_core.findings import Finding
from congvan_mailbox.message import charset, decode, params
from congvan_mailbox.message.headers import Headers

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f]")
#: Characters that change how a name is read on a screen: "‮" makes gpj.exe look like exe.jpg.
_DECEPTIVE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

#: Decoded contents up to this many octets are kept: what a part holds is asked for by several readers of one mail.
_KEPT = 24 << 20


class Part:
    """A node of the MIME tree over one buffer.

    ``start:end`` is the whole part (its headers too), ``start:body_start`` its headers with the blank line,
    ``body_start:end`` its body, all as offsets into ``buffer``. Parts taken out of winmail.dat, uuencoded text or an
    encoded attached message have a buffer or ``content`` of their own and say so in ``source``.
    """

    __slots__ = (
        "body_start",
        "buffer",
        "children",
        "content",
        "damaged",
        "decoded",
        "digested",
        "disposition",
        "encoding",
        "end",
        "extracted",
        "headers",
        "media_type",
        "name",
        "params",
        "path",
        "source",
        "start",
    )

    def __init__(
        self,
        buffer: bytes,
        start: int,
        body_start: int,
        end: int,
        headers: Headers,
        *,
        path: str = "",
        default_type: str = "text/plain",
        source: str = "mime",
        content: bytes | None = None,
        name: str = "",
    ) -> None:
        self.buffer = buffer
        self.start, self.body_start, self.end = start, body_start, end
        self.headers = headers
        self.path = path
        self.source = source
        self.content = content
        self.damaged = False  # known only after decoding
        self.digested: tuple[str, int] | None = None
        self.decoded: bytes | None = None
        self.children: list[Part] = []
        self.extracted: list[Part] = []
        declared = headers.value("Content-Type")
        self.params = declared
        if headers.count("Content-Type") == 0:
            self.media_type = default_type
        elif declared.main.count("/") == 1 and " " not in declared.main.strip():
            self.media_type = declared.main.strip()
        else:
            self.media_type = "text/plain"  # RFC 2045 5.2
        self.disposition = headers.value("Content-Disposition")
        self.encoding = (headers.raw("Content-Transfer-Encoding") or b"").decode("ascii", "replace").strip().lower()
        self.name = name or self.disposition.params.get("filename") or declared.params.get("name") or ""

    @property
    def raw(self) -> bytes:
        """The part as it lies in the mail, byte for byte."""
        return self.buffer[self.start : self.end]

    @property
    def body(self) -> bytes:
        return self.buffer[self.body_start : self.end]

    @property
    def filename(self) -> str:
        """The name without folders, control characters and invisible marks (NFC); empty where none is given."""
        name = unicodedata.normalize("NFC", _DECEPTIVE.sub("", _UNSAFE.sub("", self.name)))
        name = re.split(r"[/\\]", name)[-1].strip()
        return "" if name in (".", "..") else name[:255]

    @property
    def deceptive_name(self) -> bool:
        return bool(_DECEPTIVE.search(self.name))

    @property
    def content_id(self) -> str:
        """The Content-ID without its brackets."""
        raw = self.headers.raw("Content-ID") or b""
        return raw.decode("utf-8", "replace").strip().removeprefix("<").removesuffix(">").strip()

    @property
    def is_multipart(self) -> bool:
        return self.media_type.startswith("multipart/") and bool(self.children)

    @property
    def is_message(self) -> bool:
        return self.media_type in ("message/rfc822", "message/global") and bool(self.children)

    @property
    def is_leaf(self) -> bool:
        return not (self.is_multipart or self.is_message)

    def walk(self) -> Iterator[Part]:
        """This part and everything in it, in reading order."""
        stack = [self]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.children + part.extracted))

    def decode_into(self, write: Callable[[bytes], object]) -> bool:
        """Hand the decoded content to ``write`` in pieces of about a megabyte; False where it was damaged."""
        if self.content is not None:
            write(self.content)
            return True
        # A view: a large body is never held a second time.
        body = memoryview(self.buffer)[self.body_start : self.end]
        sound = decode.decode_into(body if self.encoding == "base64" else bytes(body), self.encoding, write)
        self.damaged = not sound
        return sound

    def decode(self) -> bytes:
        """The decoded content as one value."""
        if self.content is None and self.encoding in decode.IDENTITY:
            return self.body
        if self.decoded is not None:
            return self.decoded
        pieces: list[bytes] = []
        self.decode_into(pieces.append)
        whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if len(whole) <= _KEPT:
            self.decoded = whole
        return whole

    def digest(self) -> tuple[str, int]:
        """SHA-256 (lower-case hex) and size of the decoded content, without holding it whole; computed once."""
        if self.digested is not None:
            return self.digested
        if self.end - self.body_start <= _KEPT:
            whole = self.decode()  # it will be asked for again
            self.digested = hashlib.sha256(whole).hexdigest(), len(whole)
            return self.digested
        sha, size = hashlib.sha256(), 0

        def take(piece: bytes) -> None:
            nonlocal size
            sha.update(piece)
            size += len(piece)

        self.decode_into(take)
        self.digested = sha.hexdigest(), size
        return self.digested

    def text(self, limit: int = 1 << 20) -> str:
        """Readable text of a text part (HTML without its tags), at most ``limit`` bytes of it. NFC."""
        text = charset.decode(self.decode()[:limit], self.params.params.get("charset", "utf-8"))
        if self.media_type == "text/html":
            from html import unescape

            text = unescape(without_tags(text))
        return text.replace("\r\n", "\n")


_OPAQUE = re.compile(r"(?:script|style)\b", re.I)
_END_OF_OPAQUE = {"script": re.compile("</script", re.I), "style": re.compile("</style", re.I)}


def without_tags(html: str) -> str:
    """HTML without its tags, comments, scripts and styles. Linear in its length, whatever a stranger leaves open."""
    out: list[str] = []
    position = 0
    while (at := html.find("<", position)) >= 0:
        out.append(html[position:at])
        opaque = _OPAQUE.match(html, at + 1)
        comment = html.startswith("<!--", at)
        if opaque:
            closed = _END_OF_OPAQUE[opaque[0].lower()].search(html, at)
            end = html.find(">", closed.end()) if closed else -1
        else:
            end = html.find("-->" if comment else ">", at + 1)
        if end < 0:
            # Never closed: what follows belongs to it, and no second search is made.
            return " ".join(out) + ("" if comment or opaque else " " + html[at + 1 :].replace("<", " "))
        position = end + (3 if comment else 1)
    out.append(html[position:])
    return " ".join(out)


class Message:
    """A mail that was read: the tree, and what was odd about it.

    ``outer`` is set where the mail was taken out of an encrypted or opaque envelope: the headers it travelled under.
    """

    __slots__ = ("findings", "outer", "raw", "root")

    def __init__(self, raw: bytes, root: Part, findings: tuple[Finding, ...], outer: Headers | None = None) -> None:
        self.raw, self.root, self.findings, self.outer = raw, root, findings, outer

    @property
    def headers(self) -> Headers:
        return self.outer or self.root.headers

    @property
    def message_id(self) -> str:
        """The Message-ID with its brackets; empty where there is none."""
        found = self.headers.message_ids("Message-ID")
        return found[0] if found else ""

    def walk(self) -> Iterator[Part]:
        return self.root.walk()

    def leaves(self) -> Iterator[Part]:
        """Every part with content of its own, those of attached mails too."""
        return (p for p in self.walk() if p.is_leaf)

    def attachments(self) -> list[Part]:
        """Leaves that are files: named, marked as attachment, extracted, or of no text type."""
        return [p for p in self.leaves() if is_attachment(p)]

    def body_text(self, limit: int = 1 << 20) -> str:
        """What a person reads first: the first plain text, else the first HTML without its tags."""
        texts = [p for p in self.leaves() if not is_attachment(p) and p.media_type.startswith("text/")]
        for wanted in ("text/plain", "text/html"):
            for part in texts:
                if part.media_type == wanted:
                    return part.text(limit)
        return texts[0].text(limit) if texts else ""


def is_attachment(part: Part) -> bool:
    """Whether a leaf is a file rather than words of the mail itself."""
    if part.source != "mime" or part.disposition.main == "attachment" or part.name:
        return True
    return not part.media_type.startswith(("text/", "multipart/", "message/"))


__all__ = ["Message", "Part", "is_attachment", "params"]
