"""A letter as the report readers see it: a tree of parts cut from raw bytes, tolerant of every broken form.

The standard library's parser is not used for the tree: it splits ``message/delivery-status`` into messages of its own,
cuts a disposition notification at the wrong place, and never opens a ``message/rfc822`` that was base64 encoded.
Nothing here raises on bad input; sizes, depth and counts are limited, because a stranger writes them.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.header import decode_header

#: A stranger's letter is read only so deep and so wide.
MAX_DEPTH = 12
MAX_PARTS = 400
#: Bytes of one header section and of one text part that are looked at.
MAX_HEADER_BYTES = 256 * 1024
MAX_TEXT_BYTES = 512 * 1024

_HEADER_LINE = re.compile(rb"^([!-9;-~]+)[ \t]*:[ \t]?(.*)$", re.DOTALL)
_END_OF_HEADER = re.compile(rb"\r?\n[ \t]*\r?\n|\r[ \t]*\r")
_LINE = re.compile(rb"\r\n|\n|\r")
_PARAM = re.compile(r';\s*([\w!#$&+^*.-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)')
_UNQUOTE = re.compile(r"\\(.)")
_CHARSETS = {
    "unicode-1-1-utf-7": "utf-7",
    "ks_c_5601-1987": "cp949",
    "x-sjis": "shift_jis",
    "iso-8859-8-i": "iso-8859-8",
    "windows-1258": "cp1258",
    "gb2312": "gb18030",
    "x-gbk": "gb18030",
    "utf8": "utf-8",
    "utf-8mb4": "utf-8",
}


@dataclass(slots=True)
class Part:
    """One MIME part: its headers in order (unfolded, not yet RFC 2047 decoded), its body still transfer-encoded."""

    headers: list[tuple[str, str]]
    body: bytes
    media_type: str = "text/plain"
    params: dict[str, str] = field(default_factory=dict)
    children: list[Part] = field(default_factory=list)

    def raw(self, name: str) -> str | None:
        """The first header of that name, unfolded, undecoded."""
        wanted = name.lower()
        return next((v for n, v in self.headers if n.lower() == wanted), None)

    def all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [decode_words(v) for n, v in self.headers if n.lower() == wanted]

    def get(self, name: str, default: str = "") -> str:
        """The first header of that name with encoded words read (RFC 2047), else ``default``."""
        value = self.raw(name)
        return default if value is None else decode_words(value)

    def walk(self) -> Iterator[Part]:
        """This part and all below it, in order, including those inside an enclosed message."""
        yield self
        for child in self.children:
            yield from child.walk()

    def own(self) -> Iterator[Part]:
        """Like :meth:`walk`, but an enclosed message (``message/rfc822``) is yielded and not entered."""
        yield self
        if self.media_type not in ENCLOSED:
            for child in self.children:
                yield from child.own()

    def content(self, limit: int | None = None) -> bytes:
        """The body without its transfer encoding; damaged encodings give what can be read."""
        return decode_transfer(
            self.body if limit is None else self.body[: limit * 2], self.raw("Content-Transfer-Encoding")
        )

    def text(self) -> str:
        """The body as text with ``\\n`` line ends, whatever charset it really is in."""
        data = self.content(MAX_TEXT_BYTES)[:MAX_TEXT_BYTES]
        return decode_text(data, self.params.get("charset")).replace("\r\n", "\n").replace("\r", "\n")

    @property
    def filename(self) -> str:
        disposition = parse_params(self.raw("Content-Disposition") or "")[1]
        return decode_words(disposition.get("filename") or self.params.get("name") or "")

    @property
    def is_attachment(self) -> bool:
        return (self.raw("Content-Disposition") or "").strip().lower().startswith("attachment")


#: Forms of an enclosed message: the whole of it, or its headers only (RFC 3462, RFC 6522, RFC 6532, RFC 6533).
ENCLOSED = frozenset({"message/rfc822", "message/global", "message/news"})
ENCLOSED_HEADERS = frozenset(
    {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers", "text/rfc822-header"}
)


def decode_transfer(body: bytes, encoding: str | None) -> bytes:
    """RFC 2045 6; an unknown encoding is taken as none."""
    name = (encoding or "").split(";")[0].strip().strip('"').lower()
    if name == "base64":
        clean = re.sub(rb"[^A-Za-z0-9+/]", b"", body.split(b"=\n\n")[0])
        try:
            return binascii.a2b_base64(clean[: len(clean) - len(clean) % 4] + _pad(clean))
        except (binascii.Error, ValueError):
            return body
    if name in ("quoted-printable", "quotedprintable"):
        return quopri.decodestring(body)
    return body


def _pad(clean: bytes) -> bytes:
    rest = clean[len(clean) - len(clean) % 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


def decode_text(data: bytes, charset: str | None) -> str:
    """Text of bytes whose charset label may be missing or a lie: the label, UTF-8, Windows-1252."""
    label = (charset or "").strip().strip("\"'").lower()
    label = _CHARSETS.get(label, label)
    if data[:3] == b"\xef\xbb\xbf":
        data, label = data[3:], "utf-8"
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff") and len(data) % 2 == 0:
        label = "utf-16"
    tries = (
        ["utf-8"]
        if label in ("", "us-ascii", "ascii", "utf-8", "unknown-8bit", "x-unknown", "iso-8859-1")
        else [label, "utf-8"]
    )
    for name in tries:
        try:
            return data.decode(name)
        except (LookupError, ValueError):
            continue
    try:
        return (
            data.decode(label or "utf-8", "replace")
            if label not in ("", "us-ascii", "ascii", "iso-8859-1")
            else data.decode("cp1252", "replace")
        )
    except (LookupError, ValueError):
        return data.decode("cp1252", "replace")


def decode_words(value: str) -> str:
    """A header value with encoded words (RFC 2047) read; raw eight-bit text is kept as it was understood."""
    if "=?" not in value:
        return value.strip()
    try:
        pieces = decode_header(value)
    except Exception:  # the standard library raises several kinds on damaged words; the raw value is still evidence
        return value.strip()
    out = []
    for chunk, charset in pieces:
        out.append(chunk if isinstance(chunk, str) else decode_text(chunk, charset))
    return re.sub(r"[\r\n]+[ \t]*", " ", "".join(out)).strip()


def parse_params(value: str) -> tuple[str, dict[str, str]]:
    """``text/plain; charset="x"`` as (lower-case value, parameters); RFC 2231 pieces joined and decoded."""
    head = value.split(";", 1)[0].strip().lower()
    if "/" in head:
        head = head.split(None, 1)[0]  # "text/plain charset=x": a semicolon is missing
    found: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAM.finditer(value[:8192]):
        name, raw = match.group(1).lower(), match.group(2)
        text = _UNQUOTE.sub(r"\1", raw[1:-1]) if raw[:1] == '"' else raw
        if "*" not in name:
            found.setdefault(name, text)
            continue
        base, _, rest = name.partition("*")
        number = rest.rstrip("*")
        pieces.setdefault(base, []).append(
            (int(number) if number.isdigit() and len(number) < 5 else 0, name.endswith("*"), text)
        )
    for base, parts in pieces.items():
        found[base] = _join_2231(sorted(parts))
    return head, found


def _join_2231(parts: list[tuple[int, bool, str]]) -> str:
    charset, data = "utf-8", b""
    for position, (_, encoded, text) in enumerate(parts):
        if encoded and position == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        raw = text.encode("utf-8", "surrogateescape")
        data += re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]), raw) if encoded else raw
    return decode_text(data, charset)


def split_headers(block: bytes) -> list[tuple[str, str]]:
    """The fields of a header block in order; lines that are no field and continue none are dropped."""
    out: list[tuple[str, list[bytes]]] = []
    for line in _LINE.split(block[:MAX_HEADER_BYTES]):
        if line[:1] in (b" ", b"\t"):
            if out and line.strip():
                out[-1][1].append(line.strip())
            continue
        match = _HEADER_LINE.match(line)
        if match:
            out.append((match.group(1).decode("ascii"), [match.group(2).strip()]))
    return [(name, decode_text(b" ".join(p for p in value if p), None)) for name, value in out]


def cut(raw: bytes) -> tuple[bytes, bytes]:
    """Header block and body of a message or part."""
    if raw[:1] == b"\n":
        return b"", raw[1:]
    if raw[:2] == b"\r\n":
        return b"", raw[2:]
    match = _END_OF_HEADER.search(raw, 0, 4 * MAX_HEADER_BYTES)
    if match is None:
        return raw[: 4 * MAX_HEADER_BYTES], raw[4 * MAX_HEADER_BYTES :]
    return raw[: match.start()], raw[match.end() :]


def read_letter(raw: bytes) -> Part:
    """The tree of a message. Any bytes give a tree; an mbox ``From `` line before the headers is skipped."""
    if raw[:5] in (b"From ", b">From"):
        raw = raw[raw.find(b"\n") + 1 :]
    budget = [MAX_PARTS]
    return _read(raw.lstrip(b"\r\n") if raw[:1] in (b"\r", b"\n") else raw, 0, budget, "text/plain")


def _read(raw: bytes, depth: int, budget: list[int], default: str) -> Part:
    budget[0] -= 1
    head, body = cut(raw)
    headers = split_headers(head)
    part = Part(headers, body)
    declared = part.raw("Content-Type")
    part.media_type, part.params = parse_params(declared) if declared else (default, {})
    if "/" not in part.media_type:
        part.media_type = default
    if depth >= MAX_DEPTH or budget[0] <= 0:
        return part
    if part.media_type.startswith("multipart/"):
        inner = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        for piece in split_multipart(body, part.params.get("boundary", "")):
            if budget[0] <= 0:
                break
            part.children.append(_read(piece, depth + 1, budget, inner))
        if part.children:
            part.body = b""  # the parts hold it; a second copy of a large mail would be one too many
    elif part.media_type in ENCLOSED:
        part.children.append(_read(part.content().lstrip(b"\r\n"), depth + 1, budget, "text/plain"))
    return part


def split_multipart(body: bytes, boundary: str) -> list[bytes]:
    """The bodies between the delimiters (RFC 2046 5.1.1); a missing closing delimiter ends at the end of the data."""
    mark = boundary.encode("utf-8", "surrogateescape").rstrip()
    if not mark:
        # A report without its boundary parameter: the first line that starts with two hyphens is taken for it.
        found = re.search(rb"(?m)^--([^\s-][^\r\n]{4,80})\r?\nContent-", body)
        if found is None:
            return []
        mark = found.group(1)
    # By ``find``: a pattern tried at every byte of a large mail would take seconds.
    line = b"--" + mark
    tail = re.compile(rb"(--)?[ \t]*(?:\r\n|\n|\r|\Z)")
    pieces: list[bytes] = []
    start, place = -1, body.find(line)
    while place >= 0 and len(pieces) <= MAX_PARTS:
        match = tail.match(body, place + len(line))
        if match is not None and (place == 0 or body[place - 1 : place] in (b"\n", b"\r")):
            if start >= 0:
                pieces.append(_trim(body[start:place]))
            if match.group(1):
                start = -1
                break
            start = match.end()
        place = body.find(line, place + len(line))
    if start >= 0 and start < len(body):
        pieces.append(body[start:])
    return pieces


def _trim(piece: bytes) -> bytes:
    if piece.endswith(b"\r\n"):
        return piece[:-2]
    return piece[:-1] if piece[-1:] in (b"\n", b"\r") else piece
