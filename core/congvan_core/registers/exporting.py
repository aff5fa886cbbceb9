"""A register as a file: xlsx, CSV, JSON, PDF; every column, every line, with the journal's head (Điều 24)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from congvan_core.agencies.lookup import by_code, contact_point_by_id
from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.journal.chain import Head
from congvan_core.journal.sealing import head
from congvan_core.registers.books import Book
from congvan_core.registers.columns import columns_of, title_of
from congvan_core.registers.listing import Line, lines_with_numbered
from congvan_core.storage.sheets import write_csv, write_xlsx


@dataclass(frozen=True, slots=True)
class RegisterPrint:
    """What a printed register says of itself. ``body_name`` is the issuing body, ``agency_name`` its contact point."""

    book: Book
    body_name: str
    agency_name: str
    head: Head
    printed_at: datetime

    @property
    def title(self) -> str:
        return title_of(self.book.direction)

    @property
    def subtitle(self) -> str:
        series = f" – loại sổ {self.book.series}" if self.book.series else ""
        return f"Năm {self.book.year}{series}"

    @property
    def foot(self) -> str:
        """The journal's head on every page: who changes an old line contradicts this print."""
        when = self.printed_at.astimezone(VIETNAM)
        return (
            f"In lúc {when.hour:02d} giờ {when.minute:02d} phút ngày {when:%d/%m/%Y}. "
            f"Đầu nhật ký: {self.head.index}:{self.head.hash}"
        )


def describe(connection: Connection, of: Book, *, at: datetime) -> RegisterPrint:
    """The heading of a print of this book."""
    agency = by_code(connection, of.body_code, at.astimezone(VIETNAM).date())
    point = contact_point_by_id(connection, of.agency_id)
    return RegisterPrint(of, agency.name if agency else of.body_code, point.name, head(connection, of.agency_id), at)


def export_register(
    connection: Connection, of: Book, form: str, *, at: datetime, hidden: Collection[str] = ()
) -> bytes:
    """The whole book as ``xlsx``, ``docx``, ``csv``, ``json`` or ``pdf``; ``hidden`` as :func:`lines`. Raises InputError for
    another form."""
    writer = _WRITERS.get(form)
    if writer is None:
        raise InputError(f"Dạng xuất sổ không hợp lệ: {form!r}; dùng một trong: {', '.join(_WRITERS)}")
    return writer(describe(connection, of, at=at), lines_with_numbered(connection, of, hidden=hidden))


def _json(about: RegisterPrint, rows: Iterable[Line]) -> bytes:
    whole = {
        "title": about.title,
        "body": {"code": about.book.body_code, "name": about.body_name},
        "year": about.book.year,
        "direction": about.book.direction,
        "series": about.book.series,
        "printed_at": iso_vn(about.printed_at),
        "journal_head": {"index": about.head.index, "hash": about.head.hash},
        "columns": [{"key": column.key, "heading": column.heading} for column in columns_of(about.book.direction)],
        "rows": [line.as_json() for line in rows],
    }
    return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()


def _csv(about: RegisterPrint, rows: Iterable[Line]) -> bytes:
    columns = columns_of(about.book.direction)
    return write_csv(
        [column.heading for column in columns], ([line.cells[column.key] for column in columns] for line in rows)
    )


def _xlsx(about: RegisterPrint, rows: Iterable[Line]) -> bytes:
    columns = columns_of(about.book.direction)
    return write_xlsx(
        f"{about.title.capitalize()} {about.book.year}",
        [column.heading for column in columns],
        ([line.cells[column.key] for column in columns] for line in rows),
        widths=[column.width * 1.3 for column in columns],
        above=[about.title, f"{about.body_name} – {about.subtitle}"],
        below=[about.foot],
    )


def _pdf(about: RegisterPrint, rows: Iterable[Line]) -> bytes:
    from congvan_core.registers.printing import register_pdf

    return register_pdf(about, rows)


def _docx(about: RegisterPrint, rows: Iterable[Line]) -> bytes:
    from congvan_core.storage.papers import Paper, print_paper

    columns, every = columns_of(about.book.direction), list(rows)
    paper = Paper(
        about.title,
        [column.heading for column in columns],
        [[line.cells[column.key] for column in columns] for line in every],
        [column.width for column in columns],
        name=about.body_name,
        under=(about.subtitle,),
        foot=about.foot,
        struck=frozenset(number for number, line in enumerate(every) if line.state == "struck"),
        after=(f"Tổng số: {len(every)} dòng.",),
    )
    return print_paper(paper, "docx")


_WRITERS: dict[str, Callable[[RegisterPrint, Iterable[Line]], bytes]] = {
    "xlsx": _xlsx,
    "docx": _docx,
    "csv": _csv,
    "json": _json,
    "pdf": _pdf,
}
