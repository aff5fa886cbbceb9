"""The intake folder as the worker sees it: the records of every journal and single file, in order of arrival."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from congvan_core.errors import ConflictError, UnreadableError
from congvan_gateway.intake.disk import Disk, is_held
from congvan_gateway.intake.record import INLINE, MAGIC, read_record
from congvan_mailbox.smtp.envelope import Envelope

_BLOCK = 1 << 20
_JOURNALS = (".mail", ".journal")


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
                f"Không mở được nội dung thư {self.envelope.id}: {error.strerror}", path=self.body_path
            ) from error
        file.seek(self.body_offset)
        return file

    def chunks(self) -> Iterator[bytes]:
        """The octets in pieces of at most a megabyte, checked against the digest at the end (UnreadableError)."""
        digest, left = hashlib.sha256(), self.size
        with self.open() as file:
            while left:
                block = file.read(min(left, _BLOCK))
                if not block:
                    break
                digest.update(block)
                left -= len(block)
                yield block
        if left or digest.hexdigest() != self.sha256:
            raise UnreadableError(f"Nội dung thư {self.envelope.id} không khớp mã băm đã ghi", path=self.body_path)

    def read(self) -> bytes:
        """All octets at once, checked; for small mails."""
        return b"".join(self.chunks())


def journals(folder: str) -> list[str]:
    """Names of all journals and single-mail files, oldest first (their names begin with a time-ordered id)."""
    return sorted(name for name in os.listdir(folder) if name.endswith(_JOURNALS))


def records(folder: str, after: Mapping[str, int] | None = None) -> Iterator[IntakeRecord]:
    """Every record behind the positions in ``after`` (journal name -> ``next_offset`` of the last stored record).

    Safe while doors write: a record that is only half there yet ends its journal for now. A damaged record in the
    middle of a journal is skipped to the next whole one (``damaged`` names such places); nothing is removed.
    """
    for name in journals(folder):
        yield from journal_records(folder, name, (after or {}).get(name, 0))


def journal_records(folder: str, name: str, start: int = 0) -> Iterator[IntakeRecord]:
    """The records of one journal from ``start`` on."""
    path = os.path.join(folder, name)
    try:
        file = open(path, "rb")  # noqa: SIM115
    except FileNotFoundError:
        return  # retired meanwhile
    with file:
        offset = start
        size = os.fstat(file.fileno()).st_size
        while offset < size:
            try:
                raw = read_record(file, offset, check_body=True)
            except UnreadableError:
                following = next_whole_record(file, offset + 1, size)
                if following is None:
                    return
                offset = following
                continue
            inline = raw.head.kind == INLINE
            yield IntakeRecord(
                folder=folder,
                journal=name,
                offset=offset,
                next_offset=raw.end,
                envelope=raw.envelope,
                sha256=raw.head.sha256.hex(),
                size=raw.head.body_size,
                body_path=path if inline else os.path.join(folder, beside_name(raw.envelope.id)),
                body_offset=raw.body_offset if inline else 0,
                beside=not inline,
            )
            offset = raw.end


def beside_name(intake_id: str) -> str:
    """The file of a mail too large for the journal. Raises UnreadableError for an id that is no plain name."""
    if not intake_id.isalnum():
        raise UnreadableError("mã thư đến trong bản ghi không hợp lệ")
    return f"{intake_id}.body"


def next_whole_record(file: BinaryIO, start: int, size: int) -> int | None:
    """The offset of the next record that is whole, or None: what tells damage in the middle from a torn tail."""
    position, carry = start, b""
    while position < size:
        file.seek(position)
        block = carry + file.read(_BLOCK)
        base = position - len(carry)
        found = block.find(MAGIC)
        while found >= 0:
            with contextlib.suppress(UnreadableError):
                read_record(file, base + found, check_body=True)
                return base + found
            found = block.find(MAGIC, found + 1)
        position = base + len(block)
        carry = block[-3:]
        if len(block) <= 3:
            break
    return None


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found at the start: torn tails cut (journal -> offset), damaged journals, files swept."""

    cut: dict[str, int]
    damaged: dict[str, int]
    swept: tuple[str, ...]


def recover(folder: str, *, disk: Disk | None = None) -> Recovery:
    """At start: cut torn tails, sweep what was never answered; files that a living door holds are left alone.

    A torn tail is what stands behind the last whole record with no whole record after it: it was being written when
    the power went, so nobody was told 250. It is kept aside as ``NAME.torn-OFFSET`` all the same.
    """
    disk = disk or Disk()
    cut: dict[str, int] = {}
    damaged: dict[str, int] = {}
    swept: list[str] = []
    for name in journals(folder):
        path = os.path.join(folder, name)
        if not name.endswith(".journal") or is_held(path):
            continue
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            offset = 0
            while offset < size:
                try:
                    offset = read_record(file, offset, check_body=True).end
                except UnreadableError:
                    following = next_whole_record(file, offset + 1, size)
                    if following is None:
                        break
                    damaged.setdefault(name, offset)
                    offset = following
            if offset < size:
                file.seek(offset)
                tail = file.read(size - offset)
                if tail.strip(b"\0"):
                    with open(f"{path}.torn-{offset}", "wb") as aside:
                        aside.write(tail)
                disk.truncate(path, offset)
                cut[name] = offset
    for name in os.listdir(folder):
        if name.endswith(".part") and not is_held(os.path.join(folder, name)):
            disk.remove(os.path.join(folder, name))
            swept.append(name)
    return Recovery(cut, damaged, tuple(swept))


def retire(folder: str, journal: str, upto: int, *, disk: Disk | None = None) -> None:
    """Delete a journal whose every record is in the blob store and the database; ``upto`` is the last position.

    Raises ConflictError when the journal goes on behind ``upto``, or its door may still append: then a record would
    be lost.
    """
    disk = disk or Disk()
    path = os.path.join(folder, journal)
    if is_held(path):
        raise ConflictError(f"Nhật ký tiếp nhận {journal} đang được ghi; không xóa.")
    beside = []
    offset = 0
    for record in journal_records(folder, journal):
        offset = record.next_offset
        if record.beside:
            beside.append(record.body_path)
    try:
        size = os.path.getsize(path)
    except FileNotFoundError:
        return
    if upto != size or offset != size:
        raise ConflictError(f"Nhật ký tiếp nhận {journal} còn bản ghi sau vị trí {upto}; không xóa.", size=size)
    disk.remove(path)
    disk.sync_folder(folder)  # first the names of the records, then their files: never a record without its file
    for body in beside:
        disk.remove(body)
