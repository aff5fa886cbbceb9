"""Parameters of Content-Type and Content-Disposition: RFC 2045, RFC 2231, and what mailers write instead."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from unidecode import unidecode

from congvan_mailbox.message import charset, words

_PARAM = re.compile(rb"""\s*;\s*([^\s=;]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)""", re.S)
_CONTINUED = re.compile(r"^(.+?)\*(\d{1,4})(\*?)$")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'+\-.^_`{|}~]+\Z")
_MAX_SECTIONS = 500
#: Parameters written in quotes even where a token would do, as every other mailer does.
_QUOTED = ("name", "filename", "boundary", "protocol", "hp")


@dataclass(frozen=True, slots=True)
class Value:
    """A structured header value: ``main`` in lower case, ``params`` decoded, keys in lower case.

    ``doubtful`` lists parameters given twice with different values: readers would disagree on them.
    """

    main: str
    params: dict[str, str] = field(default_factory=dict)
    doubtful: tuple[str, ...] = ()
    raw: dict[str, bytes] = field(default_factory=dict)


def parse(raw: bytes) -> Value:
    """Read one unfolded header value; never raises. The extended form (``name*``) wins (RFC 6266 4.3)."""
    main, _, _ = raw.partition(b";")
    plain: dict[str, bytes] = {}
    extended: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    doubtful: list[str] = []
    for match in _PARAM.finditer(raw, len(main)):
        name = match[1].decode("ascii", "replace").lower()
        value = _unquote(match[2])
        continued = _CONTINUED.match(name)
        if continued:
            numbered = sections.setdefault(continued[1], {})
            number = int(continued[2])
            if number in numbered:
                doubtful.append(continued[1])
            elif len(numbered) < _MAX_SECTIONS:
                numbered[number] = (value, bool(continued[3]))
        elif name.endswith("*"):
            if name[:-1] in extended:
                doubtful.append(name[:-1])
            extended.setdefault(name[:-1], _extended(value))
        else:
            if name in plain and plain[name] != value:
                doubtful.append(name)
            plain.setdefault(name, value)
    params = {name: words.decode_words(value) for name, value in plain.items()}
    for name, numbered in sections.items():
        if 0 in numbered:
            extended.setdefault(name, _joined(numbered))
    for name, text in extended.items():
        if name in params and not same_but_for_letters(params[name], text):
            doubtful.append(name)
        params[name] = text
    return Value(main.strip().decode("ascii", "replace").lower(), params, tuple(dict.fromkeys(doubtful)), plain)


def same_but_for_letters(one: str, other: str) -> bool:
    """Whether two forms of one name differ only as an ASCII fallback differs from its original."""
    a, b = _fold(one), _fold(other)
    return a == b or (a.rpartition(".")[2] == b.rpartition(".")[2] and min(len(a), len(b)) > 8 and _prefix(a, b))


def _prefix(a: str, b: str) -> bool:
    a, b = a.rpartition(".")[0] or a, b.rpartition(".")[0] or b
    return a.startswith(b) or b.startswith(a)


def _fold(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "", unidecode(unicodedata.normalize("NFC", name)).lower())


def _unquote(value: bytes) -> bytes:
    value = value.strip()
    if len(value) >= 2 and value[:1] == value[-1:] == b'"':
        return re.sub(rb"\\(.)", rb"\1", value[1:-1], flags=re.S)
    return value.strip(b'"')


def _extended(value: bytes) -> str:
    declared, mark, rest = value.partition(b"'")
    _, second, text = rest.partition(b"'")
    if not (mark and second):
        return charset.guess(unquote_to_bytes(value))
    return charset.decode(unquote_to_bytes(text), declared.decode("ascii", "replace") or "utf-8")


def _joined(numbered: dict[int, tuple[bytes, bool]]) -> str:
    declared = ""
    out = b""
    for number in range(len(numbered)):
        if number not in numbered:
            break
        value, encoded = numbered[number]
        if number == 0 and encoded and value.count(b"'") >= 2:
            first, _, rest = value.partition(b"'")
            declared = first.decode("ascii", "replace")
            value = rest.partition(b"'")[2]
        out += unquote_to_bytes(value) if encoded else value
    return charset.decode(out, declared) if declared else words.decode_words(out)


def ascii_name(name: str, limit: int = 56) -> str:
    """A fallback of ASCII letters for readers that know no other, the extension kept, at most ``limit`` characters."""
    text = re.sub(r"[^A-Za-z0-9._\- ()\[\]]+", "_", unidecode(unicodedata.normalize("NFC", name))).strip() or "tep"
    if len(text) <= limit:
        return text
    stem, dot, extension = text.rpartition(".")
    if not dot or len(extension) > 12:
        return text[:limit].rstrip()
    return stem[: limit - len(extension) - 1].rstrip(" -_.") + "." + extension


def format_params(first: str, params: dict[str, str]) -> str:
    """``first`` and its parameters, one to a line (CRLF SP), no line over 76; long or Vietnamese values by RFC 2231."""
    lines = [first]
    for name, value in params.items():
        words.refuse_injection(value, name)
        lines.extend(_format_param(name, value))
    return ";\r\n ".join(lines)


def _format_param(name: str, value: str) -> list[str]:
    room = 76 - len(name) - 3
    if _TOKEN.match(value) and len(value) <= room and name not in _QUOTED:
        return [f"{name}={value}"]
    if value.isascii():
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        if len(quoted) + 2 <= room and "=?" not in value:
            return [f'{name}="{quoted}"']
    if value.isascii() and _TOKEN.match(value):
        size = room - 8
        pieces = [value[i : i + size] for i in range(0, len(value), size)]
        return [f'{name}*{i}="{piece}"' for i, piece in enumerate(pieces)]
    units = [quote(c, safe="!#$&+-.^_`{|}~") for c in value]
    if len("".join(units)) + 8 <= room:
        return [f"{name}*=utf-8''{''.join(units)}"]
    pieces, current = [], "utf-8''"
    for unit in units:
        if len(current) + len(unit) > room - 8:
            pieces.append(current)
            current = ""
        current += unit
    pieces.append(current)
    return [f"{name}*{i}*={piece}" for i, piece in enumerate(pieces)]
