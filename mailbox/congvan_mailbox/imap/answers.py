"""The server's answers in our words: fetched mails, searches, folders, response codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from congvan_mailbox.imap.names import decode_name

#: One answer: lines and literals in turn; a literal stands at every odd place.
Answer = tuple[bytes, ...]

_UID = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)", re.IGNORECASE)
_FLAGS = re.compile(rb"\bFLAGS \(([^)]*)\)", re.IGNORECASE)
_DATE = re.compile(rb'\bINTERNALDATE "([^"]+)"', re.IGNORECASE)
_FETCH = re.compile(rb"\d+ FETCH \(", re.IGNORECASE)
_BODY = re.compile(rb"\bBODY\[[^\]]*\](?:<\d+>)? $", re.IGNORECASE)
_QUOTED_BODY = re.compile(rb'\bBODY\[[^\]]*\](?:<\d+>)? ("((?:[^"\\]|\\.)*)"|NIL)', re.IGNORECASE)
_LIST = re.compile(rb'LIST \(([^)]*)\) (?:"((?:[^"\\]|\\.)*)"|NIL) (.*)$', re.IGNORECASE | re.DOTALL)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MOMENT = re.compile(r"\s*(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one FETCH answer told; ``size`` in octets as the server counts, ``at`` the INTERNALDATE, aware."""

    uid: int
    size: int | None = None
    flags: frozenset[str] | None = None
    at: datetime | None = None
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of LIST: decoded name, hierarchy separator, attributes (``\\Sent`` …, lower case)."""

    name: str
    separator: str
    attributes: frozenset[str]

    @property
    def selectable(self) -> bool:
        return not self.attributes & {"\\noselect", "\\nonexistent"}


@dataclass(frozen=True, slots=True)
class Selected:
    """A folder that was opened. ``keywords``: all flags known in it; ``keeps_keywords``: new ones may be made."""

    name: str
    uidvalidity: int
    uidnext: int | None
    exists: int
    keywords: frozenset[str]
    keeps_keywords: bool
    writable: bool


def moment(text: str) -> datetime | None:
    """An INTERNALDATE (RFC 3501 date-time), None where it is none."""
    match = _MOMENT.match(text)
    if match is None or match[2].lower() not in _MONTHS:
        return None
    offset = timedelta(hours=int(match[8]), minutes=int(match[9])) * (-1 if match[7] == "-" else 1)
    try:
        return datetime(
            int(match[3]), _MONTHS.index(match[2].lower()) + 1, int(match[1]), int(match[4]), int(match[5]),
            min(int(match[6]), 59), tzinfo=timezone(offset),
        )  # fmt: skip
    except ValueError:
        return None


def uid_of(answer: Answer) -> int | None:
    """The UID of a FETCH answer, None of every other answer."""
    if not _FETCH.match(answer[0]):
        return None
    uid = _UID.search(b" ".join(answer[0::2]))
    return int(uid[1]) if uid else None


def fetched(answers: Sequence[Answer]) -> Iterator[Fetched]:
    """The FETCH answers that name a UID. Unsolicited ones (flags only) come along; the caller picks by UID."""
    for answer in answers:
        if not _FETCH.match(answer[0]):
            continue
        text = b" ".join(answer[0::2])
        uid = _UID.search(text)
        if uid is None:
            continue
        size, flags, date = _SIZE.search(text), _FLAGS.search(text), _DATE.search(text)
        body: bytes | None = None
        for index in range(1, len(answer), 2):
            if _BODY.search(answer[index - 1]):
                body = answer[index]
                break
        else:
            short = _QUOTED_BODY.search(text)
            if short is not None:  # a server may send a short body as a quoted string, an empty one as NIL
                body = b"" if short[2] is None else re.sub(rb"\\(.)", rb"\1", short[2])
        yield Fetched(
            uid=int(uid[1]),
            size=int(size[1]) if size else None,
            flags=frozenset(flags[1].decode("utf-8", "replace").split()) if flags else None,
            at=moment(date[1].decode("ascii", "replace")) if date else None,
            body=body,
        )


def searched(answers: Sequence[Answer]) -> list[int]:
    """The numbers of SEARCH answers, sorted, each once; ESEARCH's ranges (RFC 4731) are understood too."""
    found: set[int] = set()
    for answer in answers:
        line = answer[0]
        upper = line[:8].upper()
        if upper.startswith(b"SEARCH"):
            found.update(int(word) for word in line.split()[1:] if word.isdigit())
        elif upper.startswith(b"ESEARCH"):
            match = re.search(rb"\bALL ([\d:,]+)", line, re.IGNORECASE)
            for part in match[1].split(b",") if match else ():
                low, _, high = part.partition(b":")
                first, last = sorted((int(low), int(high or low)))
                found.update(range(first, last + 1))
    return sorted(found)


def folders(answers: Sequence[Answer]) -> list[Folder]:
    """The folders of LIST answers; names may be atoms, quoted strings or literals."""
    out: list[Folder] = []
    for answer in answers:
        match = _LIST.match(answer[0])
        if match is None:
            continue
        rest = match[3].strip()
        if len(answer) > 1:
            raw = answer[1]
        elif rest.startswith(b'"'):
            raw = re.sub(rb"\\(.)", rb"\1", rest[1:-1])
        else:
            raw = rest
        separator = re.sub(rb"\\(.)", rb"\1", match[2] or b"").decode("ascii", "replace")
        attributes = frozenset(match[1].decode("ascii", "replace").lower().split())
        out.append(Folder(decode_name(raw.decode("utf-8", "replace")), separator, attributes))
    return out


def code(text: bytes, name: str) -> list[bytes] | None:
    """The words of a response code: ``code(b"[COPYUID 1 2 3] done", "COPYUID")`` gives three; None where absent."""
    match = re.search(rb"\[" + name.encode() + rb"(?: ([^\]]*))?\]", text, re.IGNORECASE)
    return None if match is None else (match[1] or b"").split()


def selected(name: str, answers: Sequence[Answer], done: bytes) -> Selected | None:
    """What SELECT or EXAMINE told; None without a UIDVALIDITY (such a folder cannot be read exactly once)."""
    keywords: set[str] = set()
    uidvalidity = uidnext = None
    exists = 0
    keeps = False
    for answer in answers:
        line = answer[0]
        if found := code(line, "UIDVALIDITY"):
            uidvalidity = int(found[0])
        elif found := code(line, "UIDNEXT"):
            uidnext = int(found[0])
        elif b"PERMANENTFLAGS" in line.upper():
            match = re.search(rb"PERMANENTFLAGS \(([^)]*)\)", line, re.IGNORECASE)
            if match:
                words = match[1].decode("ascii", "replace").split()
                keeps = "\\*" in words
                keywords.update(words)
        elif line.upper().startswith(b"FLAGS ("):
            keywords.update(line[7:].rstrip(b")").decode("ascii", "replace").split())
        elif match := re.match(rb"(\d+) EXISTS", line, re.IGNORECASE):
            exists = int(match[1])
    if uidvalidity is None:
        return None
    return Selected(name, uidvalidity, uidnext, exists, frozenset(keywords), keeps, b"[READ-ONLY]" not in done.upper())


def compact(uids: Sequence[int]) -> str:
    """A UID set in ascending order, runs written as ranges."""
    parts: list[str] = []
    ordered = sorted(set(uids))
    start = 0
    for index in range(1, len(ordered) + 1):
        if index == len(ordered) or ordered[index] != ordered[index - 1] + 1:
            first, last = ordered[start], ordered[index - 1]
            parts.append(str(first) if first == last else f"{first}:{last}")
            start = index
    return ",".join(parts)
