"""The intake folder at start and at a journal's end: torn tails cut, leftovers swept, stored mail retired."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from congvan_core.errors import ConflictError, UnreadableError
from congvan_gateway.intake.disk import Disk, is_held
from congvan_gateway.intake.folder import journal_records, journals, next_whole_record
from congvan_gateway.intake.record import JOURNAL_START, journal_mark, read_record

#: A file of a large mail that no journal names is left of a mail that was never answered; it is swept after a day.
_ORPHAN_AGE = 86400.0


@dataclass(slots=True)
class Recovery:
    """What was found: torn tails cut and damage in the middle (journal -> offset), files swept."""

    cut: dict[str, int] = field(default_factory=dict)
    damaged: dict[str, int] = field(default_factory=dict)
    swept: list[str] = field(default_factory=list)


def recover(folder: str, *, disk: Disk | None = None, clock: Callable[[], float] = time.time) -> Recovery:
    """At start: cut torn tails, sweep what was never answered; files that a living door holds are left alone.

    A torn tail is what stands behind the last whole record with no whole record after it: it was being written when
    the power went, so nobody was told 250. It is kept aside as ``NAME.torn-OFFSET`` all the same.
    """
    disk = disk or Disk()
    found = Recovery()
    named: set[str] = set()
    # Bodies before journals: one that is finished while we read is young, and its age keeps it.
    bodies = [name for name in os.listdir(folder) if name.endswith(".body")]
    for name in journals(folder):
        path = os.path.join(folder, name)
        if name.endswith(".journal") and not is_held(path):
            _mend(path, name, disk, found)
        named.update(
            os.path.basename(one.body_path) for one in journal_records(folder, name, check_bodies=False) if one.beside
        )
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.endswith(".part") and not is_held(path):
            disk.remove(path)
            found.swept.append(name)
    for name in bodies:
        path = os.path.join(folder, name)
        if name not in named and not is_held(path) and _age(path, clock) > _ORPHAN_AGE:
            disk.remove(path)
            found.swept.append(name)
    return found


def _mend(path: str, name: str, disk: Disk, found: Recovery) -> None:
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        end, damaged = _end_of_records(file, size)
        if damaged is not None:
            found.damaged[name] = damaged
        if end >= size:
            return
        file.seek(end)
        tail = file.read(size - end)
    if tail.strip(b"\0"):
        with open(f"{path}.torn-{end}", "wb") as aside:
            aside.write(tail)
    disk.truncate(path, end)
    found.cut[name] = end


def _end_of_records(file: BinaryIO, size: int) -> tuple[int, int | None]:
    """Where the last whole record ends, and where the first damage before it begins."""
    mark = journal_mark(file)
    if mark is None:
        return 0, None
    offset, damaged = JOURNAL_START, None
    while offset < size:
        try:
            offset = read_record(file, mark, offset, check_body=True).end
        except UnreadableError:
            following = next_whole_record(file, mark, offset + 1, size)
            if following is None:
                break
            damaged = offset if damaged is None else damaged
            offset = following
    return offset, damaged


def retire(folder: str, journal: str, upto: int, *, disk: Disk | None = None) -> None:
    """Delete a journal whose every record is in the blob store and the database; ``upto`` is the last position.

    Raises ConflictError when the journal goes on behind ``upto``, or its door may still append: then a record would
    be lost. A damaged journal is never deleted by itself (ConflictError): a person looks at it first.
    """
    disk = disk or Disk()
    path = os.path.join(folder, journal)
    if is_held(path):
        raise ConflictError(f"Nhật ký tiếp nhận {journal} đang được ghi; không xóa.")
    try:
        size = os.path.getsize(path)
    except FileNotFoundError:
        return
    beside, expected = [], 0
    for record in journal_records(folder, journal):
        if record.offset != max(expected, JOURNAL_START if journal.endswith(".journal") else 0):
            raise ConflictError(f"Nhật ký tiếp nhận {journal} bị hỏng trước vị trí {record.offset}; không tự xóa.")
        expected = record.next_offset
        if record.beside:
            beside.append(record.body_path)
    empty = not expected and size <= JOURNAL_START and journal.endswith(".journal")
    if not empty and (upto != size or expected != size):
        raise ConflictError(f"Nhật ký tiếp nhận {journal} còn dữ liệu sau vị trí {upto}; không xóa.", size=size)
    disk.remove(path)
    disk.sync_folder(folder)  # first the names of the records, then their files: never a record without its file
    for body in beside:
        disk.remove(body)


def _age(path: str, clock: Callable[[], float]) -> float:
    try:
        return clock() - os.path.getmtime(path)
    except FileNotFoundError:
        return 0.0
