"""Mail addresses as reports write them: typed, xtext or UTF-8 coded, in brackets, with comments, or half broken."""

from __future__ import annotations

import contextlib
import re

_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_UTF8_CHAR = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_TYPE = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*;\s*(.*)$", re.DOTALL)
_PREFIX = re.compile(r"^(?:smtp|mailto|rfc822|to|rcpt to)\s*:\s*", re.IGNORECASE)
#: A local part (atoms, or a quoted string) and a domain or an address literal.
ADDRESS = re.compile(
    r"(?:\"[^\"\r\n]{1,64}\"|[^\s\"<>()\[\]{}:;,@|`\\…«»“”‘’'（）：，。、；【】][^\s\"<>()\[\]{}:;,@|`\\…«»“”（）：，。、；【】]{0,127})"
    r"@(?:\[[0-9A-Fa-f:.IPv]{3,60}\]|[\w-]+(?:\.[\w-]+)*\.?)"
)
_TRAIL = ".,;:!?'\"`)>]}*_"


def decode_xtext(value: str) -> str:
    """RFC 3461 4: ``+2B`` is ``+``; UTF-8 octets are joined."""
    if "+" not in value:
        return value
    raw = _XTEXT.sub(lambda m: chr(int(m.group(1), 16)), value)
    try:
        return raw.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return raw


def decode_unicode(value: str) -> str:
    r"""RFC 6533 3: ``\x{110}`` is ``Đ`` in utf-8-addr-xtext and utf-8-addr-unitext."""

    def char(match: re.Match[str]) -> str:
        number = int(match.group(1), 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else match.group(0)

    return _UTF8_CHAR.sub(char, value)


def typed_address(value: str | None, xtext: bool = False) -> str | None:
    """The address of a ``rfc822; user@host`` field (RFC 3464 2.3.1, 2.3.2; RFC 6533 3), cleaned; None if there is none.

    ``xtext`` says that an ORCPT form may still be coded: decoded only where that gives an address.
    """
    if not value or not value.strip():
        return None
    match = _TYPE.match(value)
    kind, text = (match.group(1).lower(), match.group(2)) if match and "@" not in match.group(1) else ("rfc822", value)
    text = text.strip()
    if kind.startswith("x400") or text.upper().startswith(("IMCEAEX-", "X400:")):
        return text.strip("<> ") or None
    if kind.startswith("utf-8"):
        text = decode_unicode(text)
    if xtext and re.search(r"\+(?:2B|3D|40|20|C3|C4|E1)", text):
        text = decode_xtext(text)
    return clean_address(text) or (text.strip("<>() \t") or None)


def clean_address(text: str) -> str | None:
    """One bare address out of ``Name <a@b>``, ``<a@b>``, ``SMTP:a@b``, ``a@b (comment)``; None where none is there."""
    text = text.strip().strip("\u200b\ufeff")
    angle = re.search(r"<\s*(?:smtp:|mailto:)?\s*([^<>\s]+@[^<>\s]+|\"[^\"]+\"@[^<>\s]+)\s*>", text, re.IGNORECASE)
    if angle:
        text = angle.group(1)
    text = _PREFIX.sub("", text.strip("<> \t'\""))
    if text.startswith("@") and ":" in text:
        text = text.split(":", 1)[1]  # RFC 5321 4.1.1.3: a source route is read past
    match = ADDRESS.search(text)
    if match is None:
        return None
    found = match.group(0).rstrip(_TRAIL if not match.group(0).endswith("]") else ".,;:")
    local, _, domain = found.rpartition("@")
    if not local or not domain or len(local) > 128 or len(domain) > 255:
        return None
    return f"{local}@{domain.lower() if domain.isascii() else domain}"


def addresses_in(text: str) -> list[str]:
    """Every address of a text in order, without repetition (compared by :func:`same_address`)."""
    out: list[str] = []
    seen: set[str] = set()
    for match in ADDRESS.finditer(text):
        found = clean_address(match.group(0))
        if found and key_of(found) not in seen:
            seen.add(key_of(found))
            out.append(found)
    return out


def key_of(address: str) -> str:
    """The form in which two addresses are compared: case folded, no final dot, domain in its ASCII form."""
    local, _, domain = address.strip().rstrip(".").rpartition("@")
    if not domain.isascii():
        with contextlib.suppress(UnicodeError):
            domain = domain.encode("idna").decode("ascii")
    return f"{local}@{domain}".casefold()


def same_address(one: str, other: str) -> bool:
    return key_of(one) == key_of(other)
