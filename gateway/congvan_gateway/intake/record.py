"""One mail as a record on disk: a checksummed head, the envelope, the octets (or the name of their own file).

Layout, big-endian::

    mark 8 | kind 1 | reserved 3 | envelope length 4 | body length 8 | SHA-256 of the body 32 | CRC-32 4
    envelope (JSON) | body

A journal begins with ``journal_header``: a fixed word and its own random mark, which every record in it repeats. So
after damage the next record can be found by its mark, and no stranger can put a forged record into the body of a mail:
the mark is not known outside. A single-mail file has one record at offset 0 with the mark ``SINGLE``.

The CRC covers everything before it and the envelope; the body is covered by its digest. A record that was torn by a
power cut therefore fails one of the two. Kind 1 carries the body; kind 2 names a file beside it, already synced.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from congvan_core.errors import UnreadableError
from congvan_mailbox.smtp.envelope import Envelope

SINGLE = b"CVmail 1"
_HEADER = b"congvan intake journal1\n"
MARK_SIZE = 8
JOURNAL_START = len(_HEADER) + MARK_SIZE
INLINE, BESIDE = 1, 2
_HEAD = struct.Struct(">8sB3xIQ32s")
_CRC = struct.Struct(">I")
HEAD_SIZE = _HEAD.size + _CRC.size
#: An envelope of ten thousand recipients stays below this.
MAX_ENVELOPE = 16 * 1024 * 1024
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class RecordHead:
    """The head of a record, read back; sizes in octets."""

    kind: int
    envelope_size: int
    body_size: int
    sha256: bytes
    crc: int

    @property
    def record_size(self) -> int:
        """The whole record in its file."""
        return HEAD_SIZE + self.envelope_size + (self.body_size if self.kind == INLINE else 0)


def journal_header(mark: bytes) -> bytes:
    """The first ``JOURNAL_START`` octets of a journal; ``mark`` is 8 random octets."""
    return _HEADER + mark


def journal_mark(file: BinaryIO) -> bytes | None:
    """The mark of a journal, None when its header is not whole (nothing was ever promised in it)."""
    file.seek(0)
    raw = file.read(JOURNAL_START)
    return raw[len(_HEADER) :] if len(raw) == JOURNAL_START and raw.startswith(_HEADER) else None


def encode_head(mark: bytes, kind: int, envelope: bytes, body_size: int, sha256: bytes) -> bytes:
    """The head of a record for this envelope and body (size in octets, digest as 32 octets)."""
    head = _HEAD.pack(mark, kind, len(envelope), body_size, sha256)
    return head + _CRC.pack(zlib.crc32(envelope, zlib.crc32(head)))


def decode_head(mark: bytes, raw: bytes) -> RecordHead:
    """Read ``HEAD_SIZE`` octets. Raises UnreadableError; the CRC is compared once the envelope is there."""
    if len(raw) < HEAD_SIZE:
        raise UnreadableError("bản ghi bị cắt ngang ở phần đầu")
    found, kind, envelope_size, body_size, sha256 = _HEAD.unpack_from(raw)
    (crc,) = _CRC.unpack_from(raw, _HEAD.size)
    if found != mark or kind not in (INLINE, BESIDE) or envelope_size > MAX_ENVELOPE:
        raise UnreadableError("không phải là đầu của một bản ghi thư đến")
    return RecordHead(kind, envelope_size, body_size, sha256, crc)


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record found whole in a file: its place, its envelope, where its body begins."""

    offset: int
    head: RecordHead
    envelope: Envelope

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + self.head.record_size

    @property
    def body_offset(self) -> int:
        """Where an inline body begins."""
        return self.offset + HEAD_SIZE + self.head.envelope_size


def read_record(file: BinaryIO, mark: bytes, offset: int, *, check_body: bool) -> RawRecord:
    """The record at ``offset``. Raises UnreadableError when it is not whole.

    ``check_body`` also hashes an inline body (a body in its own file is checked by whoever opens it).
    """
    file.seek(offset)
    raw = file.read(HEAD_SIZE)
    head = decode_head(mark, raw)
    envelope_raw = file.read(head.envelope_size)
    if len(envelope_raw) < head.envelope_size or zlib.crc32(envelope_raw, zlib.crc32(raw[: _HEAD.size])) != head.crc:
        raise UnreadableError("phong bì của bản ghi thư đến bị hỏng hoặc bị cắt ngang")
    try:
        envelope = Envelope.from_json(envelope_raw)
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableError("phong bì của bản ghi thư đến không đọc được") from error
    if check_body and head.kind == INLINE:
        digest, left = hashlib.sha256(), head.body_size
        while left:
            block = file.read(min(left, _BLOCK))
            if not block:
                raise UnreadableError("nội dung của bản ghi thư đến bị cắt ngang")
            digest.update(block)
            left -= len(block)
        if digest.digest() != head.sha256:
            raise UnreadableError("nội dung của bản ghi thư đến không khớp mã băm")
    return RawRecord(offset, head, envelope)
