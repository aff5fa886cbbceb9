"""The header block of a message or part: raw bytes kept, text decoded on request, lines written safely."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

from congvan_core.errors import InputError
from congvan_mailbox.message import params, words
from congvan_mailbox.message.addresses import Address, AddressList, format_address, parse_addresses
from congvan_mailbox.message.limits import DEFAULT_LIMITS, Limits

_NAME = re.compile(rb"[\x21-\x39\x3b-\x7e]{1,200}")
_FOLD = re.compile(rb"\r?\n(?=[ \t])|[\r\n]+")
_MSGID = re.compile(r"<[^<>\s]{1,995}>")


@dataclass(frozen=True, slots=True)
class Field:
    """One header as it stands: ``name`` as written, ``raw`` its value bytes with folds, without the line end."""

    name: str
    raw: bytes

    @property
    def value(self) -> bytes:
        """The value on one line (RFC 5322 2.2.3: a line break before a blank is removed, the blank stays)."""
        return _FOLD.sub(b"", self.raw).strip()


class Headers:
    """The fields of one block, in order. Reading never raises."""

    __slots__ = ("defects", "fields")

    def __init__(self, fields: Iterable[Field] = (), defects: Iterable[str] = ()) -> None:
        self.fields = tuple(fields)
        self.defects = tuple(defects)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def all(self, name: str) -> list[Field]:
        """Every field of that name, in order."""
        wanted = name.lower()
        return [f for f in self.fields if f.name.lower() == wanted]

    def count(self, name: str) -> int:
        return len(self.all(name))

    def raw(self, name: str) -> bytes | None:
        """The unfolded bytes of the first field of that name."""
        found = self.all(name)
        return found[0].value if found else None

    def text(self, name: str) -> str:
        """The decoded text (NFC) of the first field of that name, empty where there is none."""
        raw = self.raw(name)
        return "" if raw is None else words.decode_words(raw).strip()

    def addresses(self, name: str) -> AddressList:
        """Addresses of every field of that name, joined: two From headers give two addresses, not the first one's."""
        found: list[Address] = []
        defects: list[str] = []
        for one in self.all(name):
            parsed = parse_addresses(one.value)
            found.extend(parsed.addresses)
            defects.extend(parsed.defects)
        return AddressList(tuple(found), tuple(defects))

    def value(self, name: str) -> params.Value:
        """The first field of that name read as ``main; name=value …``."""
        return params.parse(self.raw(name) or b"")

    def message_ids(self, name: str) -> tuple[str, ...]:
        """Message identifiers in angle brackets, as written (Message-ID, In-Reply-To, References)."""
        raw = self.raw(name)
        return () if raw is None else tuple(_MSGID.findall(raw.decode("utf-8", "replace"))[:200])

    def date(self, name: str = "Date") -> datetime | None:
        """The moment a Date header names, aware; None where it names none."""
        raw = self.raw(name)
        if not raw:
            return None
        try:
            moment = parsedate_to_datetime(raw.decode("ascii", "replace")[:200])
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        return moment.astimezone() if moment.tzinfo is None else moment


def parse_headers(block: bytes, limits: Limits = DEFAULT_LIMITS) -> Headers:
    """Read a header block (without the blank line that ends it). Lines that are no headers are named as defects."""
    defects: list[str] = []
    if len(block) > limits.header:
        block = block[: limits.header]
        defects.append("header too long")
    fields: list[Field] = []
    name: str | None = None
    parts: list[bytes] = []
    for line in block.split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            if name is not None:
                parts.append(line)
            elif line.strip():
                defects.append("continuation without header")
            continue
        if name is not None:
            fields.append(Field(name, b"\n".join(parts).rstrip(b"\r")))
            name = None
        if not line.strip(b"\r"):
            continue
        found = _NAME.match(line)
        after = line[found.end() :].lstrip(b" \t") if found else b""
        if found is None or after[:1] != b":":
            if not (line.startswith((b"From ", b">From ")) and not fields):
                defects.append("line is no header")
            continue
        if len(fields) >= limits.fields:
            defects.append("too many headers")
            break
        if line[found.end() : found.end() + 1] != b":":
            defects.append("blank before colon")
        name, parts = found[0].decode("ascii"), [after[1:]]
    if name is not None:
        fields.append(Field(name, b"\n".join(parts).rstrip(b"\r")))
    return Headers(fields, defects)


def text_line(name: str, value: str) -> bytes:
    """``Name: value`` with CRLF; text that is not plain short ASCII becomes encoded words (RFC 2047).

    Raises InputError where the value holds a line break or control character.
    """
    words.refuse_injection(value, name)
    value = unicodedata.normalize("NFC", value).strip(" \t")  # trailing blanks do not survive the way
    if words.is_plain(value) and len(name) + 2 + len(value) <= 76:
        return f"{name}: {value}\r\n".encode("ascii")
    return f"{name}: {words.encode_words(value, len(name) + 2).lstrip()}\r\n".encode("ascii")


def address_line(name: str, people: Iterable[Address | tuple[str, str]]) -> bytes:
    """``Name: phrase <addr>, …`` with CRLF, one address to a line after the first."""
    out = f"{name}: "
    for number, person in enumerate(people):
        display, addr = (person.name, person.addr) if isinstance(person, Address) else person
        if number:
            out += ",\r\n "
        out += format_address(display, addr, 1 if number else len(name) + 2).removeprefix("\r\n " if number else "")
    return (_no_blank_ends(out) + "\r\n").encode("utf-8")


def structured_line(name: str, first: str, parameters: dict[str, str] | None = None) -> bytes:
    """``Name: first; a=b; …`` with CRLF, each parameter on its own line."""
    words.refuse_injection(first, name)
    if not first.isascii():
        raise InputError(f"{name}: chỉ nhận ký tự ASCII")
    glue = " " if len(name) + len(first) <= 73 else "\r\n "
    return f"{name}:{glue}{params.format_params(first, parameters or {})}\r\n".encode("ascii")


def raw_line(name: str, value: str) -> bytes:
    """``Name: value`` of ASCII that must stand as it is (identifiers, dates); folded once after the name if long."""
    words.refuse_injection(value, name)
    if not value.isascii():
        raise InputError(f"{name}: chỉ nhận ký tự ASCII")
    glue = " " if len(name) + 2 + len(value) <= 76 else "\r\n "
    return f"{name}:{glue}{value}\r\n".encode("ascii")


def date_line(name: str, moment: datetime) -> bytes:
    """A Date header (RFC 5322 3.3) with the moment's own offset; raises InputError for a moment without zone."""
    if moment.tzinfo is None:
        raise InputError("Thời điểm không có múi giờ")
    return f"{name}: {format_datetime(moment)}\r\n".encode("ascii")


def _no_blank_ends(text: str) -> str:
    return re.sub(r"[ \t]+\r\n", "\r\n", text)
