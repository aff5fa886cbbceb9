"""Documents that wait for the số đến of QLVBĐH: placed in a folder for it, its numbers read back from the same place.

The program gives no number where another authority does (khoản 2 Điều 4); 03 leaves only with the number that came back.
What is handed over is remembered by the journal, so that what QLVBĐH took away is not placed again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, exists, select

from congvan_core.documents.finding_again import resolve_document
from congvan_core.documents.store import files_of
from congvan_core.documents.text import fold
from congvan_core.errors import ConflictError, CongvanError, InputError, UnreadableError
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.journal.writing import append
from congvan_core.registers.entries import entries_of
from congvan_core.storage.schema import arrival, document, event
from congvan_core.storage.sheets import read_table
from congvan_gateway.dispatch.courier_folder import MAIL_NAME, place, safe_name
from congvan_gateway.main import App
from congvan_gateway.receipts.numbered import give_number
from congvan_gateway.routing import keeping
from congvan_gateway.storage.schema import message

log = structlog.get_logger("congvan")
#: The sheet beside the files of a document: what QLVBĐH's clerk would type.
FACTS = "van-ban.json"
_MOST, _MOST_ROWS, _REST = 5_000_000, 5_000, 2.0
_DONE, _HELD = ".da-nhan", ".giu-lai"
#: Headings of a sheet of numbers, without accents: the document (its id or identifier), its số đến, when it was given.
_COLUMNS = {"document": ("ma van ban", "document"), "number": ("so den", "number"), "time": ("thoi gian", "time")}


def step(app: App) -> int:
    """Place what waits, read what came back; returns how much was done. One bad item stops no other."""
    with app.database.read() as connection:
        table = keeping.active(connection).table
    done = 0
    for name, way in (table.transports if table else {}).items():
        if way.kind != "folder" or not way.numbers:
            continue
        try:
            if way.out:
                done += _place_waiting(app, name, app.settings.path(way.out))
            if way.inbox:
                done += read_numbers(app, name, app.settings.path(way.inbox))
        except OSError as error:
            log.warning("handover.waiting", way=name, error=str(error))
    return done


def _place_waiting(app: App, name: str, out: Path) -> int:
    with app.database.read() as connection:
        told = exists().where(event.c.kind == "document.handed_over", event.c.subject == "document:" + document.c.id)
        rows = connection.execute(
            select(document)
            .where(document.c.direction == "incoming", document.c.state == "waiting_number", ~told)
            .order_by(document.c.urgency.desc(), document.c.created_at)
            .limit(50)
        ).all()
        contents = [(row, dict(_files(connection, app, row))) for row in rows]
    for row, files in contents:
        place(out, row.id, files)
        with app.database.write() as connection:
            append(
                connection, agency_id=row.agency_id, actor="congvan", kind="document.handed_over",
                subject=f"document:{row.id}", data={"to": name, "files": sorted(files)}, at=app.clock(),
            )  # fmt: skip
    return len(contents)


def _files(connection: Connection, app: App, row: Any) -> Iterator[tuple[str, bytes]]:
    taken: dict[str, bytes] = {FACTS: b"", MAIL_NAME: b""}
    for file in files_of(connection, row.id):
        name = safe_name(file.name, taken)
        taken[name] = b""
        yield name, app.blobs.read(file.sha256)
    raw = connection.execute(
        select(message.c.raw_sha256)
        .join(arrival, arrival.c.message_id == message.c.id)
        .where(arrival.c.document_id == row.id)
        .order_by(arrival.c.arrived_at)
        .limit(1)
    ).scalar_one_or_none()
    if raw is not None:
        yield MAIL_NAME, app.blobs.read(raw)
    facts = {
        "document": row.id, "identifier": row.identifier, "author_code": row.author_code, "author": row.author_name,
        "number": row.number, "symbol": row.symbol, "date": row.issued_on.isoformat() if row.issued_on else None,
        "type": row.type_name, "subject": row.subject, "urgency": row.urgency,
        "arrived_at": iso_vn(row.created_at),
    }  # fmt: skip
    yield FACTS, json.dumps(facts, ensure_ascii=False, indent=1).encode()


# --- numbers come back ------------------------------------------------------------------------------------------------


def read_numbers(app: App, name: str, inbox: Path) -> int:
    """Sheets (.csv, .xlsx) and ``.json`` with numbers; what was read is moved away, what is wrong is told beside it."""
    if not inbox.is_dir():
        return 0
    done = 0
    for item in sorted(inbox.iterdir())[:100]:
        if item.is_symlink() or not item.is_file() or item.name.startswith("."):
            continue
        if item.suffix.lower() not in (".csv", ".xlsx", ".json") or time.time() - item.stat().st_mtime < _REST:
            continue
        faults: list[str] = []
        try:
            if item.stat().st_size > _MOST:
                raise UnreadableError(f"Tệp {item.name} quá lớn")
            for given in _rows(item.read_bytes(), item.name):
                done += _give(app, name, given, faults)
        except CongvanError as error:
            faults.append(error.message)
        _move(item, inbox / (_HELD if faults else _DONE), faults)
    return done


def _give(app: App, name: str, given: dict[str, Any], faults: list[str]) -> int:
    """One number; the same one again changes nothing."""
    said, number = str(given.get("document") or "").strip(), str(given.get("number") or "").strip()
    try:
        with app.database.read() as connection:
            there = resolve_document(connection, said, direction="incoming")
            known = {one.number_text for one in entries_of(connection, there.id)}
        if number in known:
            return 0
        give_number(app, there.id, number, actor=f"QLVBĐH ({name})", given_at=_moment(given.get("time"), app))
    except (CongvanError, ConflictError) as error:
        faults.append(f"{said[:80]}: {error.message}")
        return 0
    return 1


def _rows(data: bytes, name: str) -> list[dict[str, Any]]:
    if name.lower().endswith(".json"):
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise UnreadableError(f"Tệp {name} không phải JSON: {error}") from error
        listed = found if isinstance(found, list) else [found]
        return [one for one in listed[:_MOST_ROWS] if isinstance(one, dict)]
    table = read_table(data, name)
    head = next((i for i, row in enumerate(table[:20]) if "so den" in {fold(str(c or "")) for c in row}), None)
    if head is None:
        raise InputError(f"Tệp {name} không có dòng tiêu đề với cột 'Mã văn bản' và 'Số đến'")
    words = [fold(str(cell or "")) for cell in table[head]]
    places = {key: words.index(word) for key, names in _COLUMNS.items() for word in names if word in words}
    if "document" not in places:
        raise InputError(f"Tệp {name} không có cột 'Mã văn bản'")
    out = []
    for row in table[head + 1 : head + 1 + _MOST_ROWS]:
        one = {key: row[place] if place < len(row) else None for key, place in places.items()}
        given = one.get("number")
        if isinstance(given, float) and given.is_integer():
            one["number"] = int(given)
        if any(value not in (None, "") for value in one.values()):
            out.append(one)
    return out


def _moment(value: Any, app: App) -> datetime | None:
    """The time that the other system gave; never later than now, never a guess."""
    if value in (None, ""):
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise InputError(f"thời gian '{str(value)[:40]}' không đọc được (ISO 8601)") from error
    found = found if found.tzinfo else found.replace(tzinfo=VIETNAM)
    if found > app.clock():
        raise InputError(f"thời gian {iso_vn(found)} ở tương lai")
    return found


def _move(item: Path, target: Path, faults: list[str]) -> None:
    target.mkdir(exist_ok=True)
    goal, number = target / item.name, 1
    while goal.exists():
        number += 1
        goal = target / f"{number}-{item.name}"
    item.rename(goal)
    if faults:
        goal.with_name(goal.name + ".loi.txt").write_text("\n".join(faults) + "\n", encoding="utf-8")
