"""The intake folder as the worker sees it: the records of every journal and single file, in order of arrival."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from congvan_core.errors import UnreadableError, os_reason
from congvan_gateway.intake.record import INLINE, JOURNAL_START, SINGLE, RawRecord, journal_mark, read_record
from congvan_mailbox.smtp.envelope import Envelope

_BLOCK = 1 << 20
_SINGLE, _JOURNAL = ".mail", ".journal"


@dataclass(frozen=True, slots=True)
class IntakeRecord:
    """One mail that was answered with 250 (or was about to be): insert its row under (``journal``, ``offset``).

    ``next_offset`` is what to remember as the position in ``journal`` once the row is stored.
    """

    folder: str
    journal: str
    offset: int
    next_offset: int
    envelope: Envelope
    sha256: str
    size: int
    body_path: str
    body_offset: int
    beside: bool

    def open(self) -> BinaryIO:
        """The file that holds the octets, at their beginning; read exactly ``size``. Raises UnreadableError."""
        try:
            file = open(self.body_path, "rb")  # noqa: SIM115
        except OSError as error:
            raise UnreadableError(
                f"Không mở được nội dung thư {self.envelope.id}: {os_reason(error)}", path=self.body_path
            ) from error
        file.seek(self.body_offset)
        return file

    def chunks(self) -> Iterator[bytes]:
        """The octets in pieces of at most a megabyte; who stores them compares their digest with ``sha256``."""
        left = self.size
        with self.open() as file:
            while left and (block := file.read(min(left, _BLOCK))):
                left -= len(block)
                yield block

    def read(self) -> bytes:
        """All octets at once, for small mails. Raises UnreadableError where they are not what was hashed."""
        octets = b"".join(self.chunks())
        if hashlib.sha256(octets).hexdigest() != self.sha256:
            raise UnreadableError(f"Nội dung thư {self.envelope.id} không khớp mã băm đã ghi", path=self.body_path)
        return octets


def journals(folder: str) -> list[str]:
    """Names of all journals and single-mail files, oldest first (``disk.arrival_name``)."""
    return sorted(name for name in os.listdir(folder) if name.endswith((_SINGLE, _JOURNAL)))


def records(folder: str, after: Mapping[str, int] | None = None) -> Iterator[IntakeRecord]:
    """Every record behind the positions in ``after`` (journal name -> ``next_offset`` of the last stored record).

    Safe while doors write: a record that is only half there yet ends its journal for now. A damaged record in the
    middle of a journal is skipped to the next whole one (``damaged`` names such places); nothing is removed.
    """
    for name in journals(folder):
        yield from journal_records(folder, name, (after or {}).get(name, 0))


def journal_records(folder: str, name: str, start: int = 0, *, check_bodies: bool = True) -> Iterator[IntakeRecord]:
    """The records of one journal from ``start`` on.

    Without ``check_bodies`` a record counts as whole once the file is as long as its head says: enough behind a living
    door, whose file only grows, for a caller that hashes the octets itself when it stores them.
    """
    path = os.path.join(folder, name)
    try:
        file = open(path, "rb")  # noqa: SIM115
    except FileNotFoundError:
        return  # retired meanwhile
    with file:
        for raw in _whole_records(file, name, start, check_bodies):
            inline = raw.head.kind == INLINE
            yield IntakeRecord(
                folder=folder,
                journal=name,
                offset=raw.offset,
                next_offset=raw.end,
                envelope=raw.envelope,
                sha256=raw.head.sha256.hex(),
                size=raw.head.body_size,
                body_path=path if inline else os.path.join(folder, beside_name(raw.envelope.id)),
                body_offset=raw.body_offset if inline else 0,
                beside=not inline,
            )


def _whole_records(file: BinaryIO, name: str, start: int, check: bool) -> Iterator[RawRecord]:
    """The records that are whole, over damage in the middle, up to a tail that is not."""
    if name.endswith(_SINGLE):
        with contextlib.suppress(UnreadableError):
            if start == 0:
                yield read_record(file, SINGLE, 0, check_body=check)
        return
    mark = journal_mark(file)
    if mark is None:
        return
    offset = max(start, JOURNAL_START)
    size = os.fstat(file.fileno()).st_size
    while offset < size:
        try:
            raw = read_record(file, mark, offset, check_body=check)
            if raw.end > os.fstat(file.fileno()).st_size:
                return  # being written
        except UnreadableError:
            following = next_whole_record(file, mark, offset + 1, size)
            if following is None:
                return
            offset = following
        else:
            yield raw
            offset = raw.end


def beside_name(intake_id: str) -> str:
    """The file of a mail too large for the journal. Raises UnreadableError for an id that is no plain name."""
    if not intake_id.isalnum():
        raise UnreadableError("mã thư đến trong bản ghi không hợp lệ")
    return f"{intake_id}.body"


def next_whole_record(file: BinaryIO, mark: bytes, start: int, size: int) -> int | None:
    """The offset of the next record that is whole, or None: what tells damage in the middle from a torn tail."""
    position, carry = start, b""
    while position < size:
        file.seek(position)
        read = file.read(_BLOCK)
        if not read:
            break
        block = carry + read
        base = position - len(carry)
        found = block.find(mark)
        while found >= 0:
            with contextlib.suppress(UnreadableError):
                read_record(file, mark, base + found, check_body=True)
                return base + found
            found = block.find(mark, found + 1)
        position += len(read)
        carry = block[-(len(mark) - 1) :]
    return None
