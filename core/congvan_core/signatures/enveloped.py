"""What a .p7m envelops (RFC 5652 5.2), found without copying it: a document of 200 MB lies in it as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from congvan_core.documents.sniff_asn1 import element, is_signed_data
from congvan_core.errors import UnreadableError
from congvan_core.signatures.cms_reading import SignedMessage, decode, read

#: Beyond this the content is not taken out to be read for its words; its signatures are verified all the same.
MAX_TAKEN = 96 << 20
#: Envelopes within envelopes that are opened.
MAX_ENVELOPES = 3
_HEAD = 4096
#: ContentInfo, its type, [0], SignedData, version, digest algorithms, encapsulated content, its type, [0], the octets.
_SHAPE = (0x30, 0x06, 0xA0, 0x30, 0x02, 0x31, 0x30, 0x06, 0xA0, 0x04)
_PASSED = (0x02, 0x06, 0x31)


def read_enveloping(data: Any, size: int) -> tuple[SignedMessage, bytes | None]:
    """The SignedData and its content, None where it is detached. Raises UnreadableError where it is none.

    The usual encoding (DER) is cut in two, so that the ASN.1 library never sees, and never copies, the content.
    """
    cut = _cut(data, size)
    if cut is None:
        data = decode(bytes(data[:size]))
        cut = _cut(data, len(data))
    if cut is None:
        message = read(data)
        return message, message.content
    shell, start, end = cut
    message = read(shell)
    message.content = bytes(data[start:end])
    return message, message.content


def unwrapped(source: bytes | Path, name: str) -> tuple[bytes | Path, str, str]:
    """What lies in a .p7m, also in one within another; its name; and the limit that left it unopened, empty for none.

    Any other file comes back as it is.
    """
    for _ in range(MAX_ENVELOPES):
        if _size(source) > MAX_TAKEN and is_signed_data(decode(_head(source))):
            return source, name, f"{MAX_TAKEN >> 20} MB"
        inner = enveloped(source, name)
        if inner is None:
            return source, name, ""
        source, name = inner
    return source, name, f"{MAX_ENVELOPES} lớp" if is_signed_data(decode(_head(source))) else ""


def enveloped(source: bytes | Path, name: str) -> tuple[bytes, str] | None:
    """Content and name of what a .p7m holds; None for any other file, for a detached signature, for a larger one."""
    if _size(source) > MAX_TAKEN or not is_signed_data(decode(_head(source))):
        return None
    data = source if isinstance(source, bytes) else source.read_bytes()
    try:
        _, content = read_enveloping(data, len(data))
    except UnreadableError:
        return None
    return None if content is None else (content, inner_name(name))


def inner_name(name: str) -> str:
    """``x.pdf.p7m`` envelops ``x.pdf``."""
    return name[:-4] if name.lower().endswith((".p7m", ".p7s")) else name


def _size(source: bytes | Path) -> int:
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def _head(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        return source[:_HEAD]
    with source.open("rb") as file:
        return file.read(_HEAD)


def _cut(data: Any, size: int) -> tuple[bytes, int, int] | None:
    """The SignedData without its content, and where that stands; None where lengths are indefinite or it is split."""
    if not is_signed_data(bytes(data[:64])):
        return None
    places: list[tuple[int, int]] = []
    at = 0
    for tag in _SHAPE:
        found = element(data, at, tag)
        if found is None or sum(found) > size:
            return None
        places.append(found)
        at = sum(found) if tag in _PASSED else found[0]
    outer, oid, wrapped, signed, _, algorithms, encap, kind, _, content = places
    if not sum(content) == sum(encap) <= sum(signed) <= sum(wrapped) <= sum(outer):
        return None  # split content, something behind it, lengths that contradict each other
    before = bytes(data[signed[0] : sum(algorithms)])
    bare = _der(0x30, bytes(data[encap[0] : sum(kind)]))
    after = bytes(data[sum(encap) : sum(signed)])
    shell = _der(0x30, bytes(data[outer[0] : sum(oid)]) + _der(0xA0, _der(0x30, before + bare + after)))
    return shell, content[0], sum(content)


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content
