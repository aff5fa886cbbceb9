"""`congvan calendar`: days off, swapped days and closures of an agency, from a file; deadlines and their warnings."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, own_agency, print_json, say

if TYPE_CHECKING:
    from congvan_gateway.main import App

_MOST = 2000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    show = acts.add_parser("show", help="ngày nghỉ và ngày làm việc hoán đổi của một năm")
    show.add_argument("--year", type=int, metavar="NĂM")
    load = acts.add_parser("import", help="nhập tệp CSV hoặc Excel: ngày, nghi|lam, lý do, văn bản")
    load.add_argument("file", metavar="TỆP", type=Path)
    load.add_argument("--look", action="store_true", help="chỉ xem thời hạn nào sẽ đổi")
    warnings = acts.add_parser("warnings", help="nhắc hạn đang mở: sắp đến hạn, quá hạn, báo lên lãnh đạo")
    for one in (show, load, warnings):
        one.add_argument("--agency", metavar="MÃ", help="cơ quan của đơn vị, khi có nhiều")
        one.add_argument("--by", metavar="TÊN", help="người thực hiện")
        add_config(one)
        add_output(one)


def run(args: argparse.Namespace) -> int:
    app = open_app(args)
    try:
        return {"show": _show, "import": _import, "warnings": _warnings}[args.act](app, args)
    finally:
        app.close()


def read_days(path: Path) -> list[dict[str, Any]]:
    """The days of a file: date, off or working, reason, notice. Raises UnreadableError that names the line and why."""
    from congvan_core.documents.text import fold, squeeze
    from congvan_core.errors import UnreadableError, os_reason
    from congvan_core.storage.sheets import read_table

    try:
        table = read_table(path.read_bytes(), path.name)
    except OSError as error:
        raise UnreadableError(f"Không đọc được {path}: {os_reason(error)}") from error
    found: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(table, 1):
        cells = [squeeze(str(one)) if one is not None and not isinstance(one, date) else one for one in row] + [""] * 4
        if not any(cells) or (number == 1 and fold(str(cells[0])) in ("ngay", "day", "date")):
            continue
        day = _day(cells[0], path, number)
        kind = fold(str(cells[1]))
        if kind not in ("nghi", "off", "lam", "lam viec", "working"):
            raise UnreadableError(
                f"{path.name}, dòng {number}: cột 2 phải là 'nghi' hoặc 'lam', không phải {str(cells[1])[:20]!r}"
            )
        if not cells[2]:
            raise UnreadableError(f"{path.name}, dòng {number}: thiếu lý do")
        if day.isoformat() in found:
            raise UnreadableError(f"{path.name}, dòng {number}: ngày {day:%d/%m/%Y} có hai lần")
        found[day.isoformat()] = {
            "day": day.isoformat(), "working": kind not in ("nghi", "off"), "reason": str(cells[2])[:300],
            "source": str(cells[3] or "")[:300],
        }  # fmt: skip
    if not found or len(found) > _MOST:
        raise UnreadableError(f"{path.name}: cần từ 1 đến {_MOST} ngày")
    return list(found.values())


def _day(value: Any, path: Path, number: int) -> date:
    import re
    from datetime import datetime

    from congvan_core.errors import UnreadableError

    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", str(value))
    try:
        made = date(int(match[3]), int(match[2]), int(match[1])) if match else date.fromisoformat(str(value))
    except ValueError:
        made = None
    if made is None or not 2000 <= made.year <= 2200:
        raise UnreadableError(f"{path.name}, dòng {number}: ngày không hợp lệ {str(value)[:20]!r}; ví dụ: 22/11/2026")
    return made


def _import(app: App, args: argparse.Namespace) -> int:
    from congvan_core.agencies.editing import update_entry
    from congvan_core.calendar.warnings import moved_deadlines
    from congvan_core.ids import iso_vn
    from congvan_gateway.operations.deadlines import calendar_changed
    from congvan_gateway.routing.office import office_calendar

    days = read_days(args.file)
    at = app.clock()
    for one in days:
        one |= {"changed_by": actor(args), "changed_at": iso_vn(at), "hours": []}
    with app.database.write() as connection:
        agency = own_agency(connection, args)
        settings = dict(agency.settings or {})
        kept = {one["day"]: one for one in [*settings.get("day_changes", ()), *days]}
        after = {**settings, "day_changes": [kept[day] for day in sorted(kept)]}
        before, new = office_calendar(settings), office_calendar(after)
        if args.look:
            moved = len(moved_deadlines(connection, agency.id, before, new))
        else:
            update_entry(connection, "contact_point", agency.id, actor=actor(args), at=at, settings=after)
            moved = calendar_changed(connection, agency.id, before, new, by=actor(args), at=at)
    if args.json:
        print_json({"days": len(days), "moved_deadlines": moved, "kept": not args.look})
    else:
        say(
            f"{'Sẽ ghi' if args.look else 'Đã ghi'} {len(days)} ngày; {moved} thời hạn đang mở thay đổi (giá trị cũ được giữ)"
        )
    return 0


def _show(app: App, args: argparse.Namespace) -> int:
    from datetime import timedelta

    from congvan_core.ids import VIETNAM
    from congvan_gateway.routing.office import office_calendar

    with app.database.read() as connection:
        calendar = office_calendar(own_agency(connection, args).settings)
    year = args.year or app.clock().astimezone(VIETNAM).year
    day, rows = date(year, 1, 1), []
    while day.year == year:
        working = calendar.is_working_day(day)
        if working != (day.weekday() < 5) or day in calendar.changes:
            change = calendar.changes.get(day)
            why = change.reason if change else calendar.why_off(day) or "ngày làm việc hoán đổi"
            rows.append(
                {"day": day.isoformat(), "working": working, "reason": why, "source": change.source if change else ""}
            )
        day += timedelta(days=1)
    if args.json:
        print_json(rows)
    else:
        for row in rows:
            say(
                f"{row['day']}  {'làm việc' if row['working'] else 'nghỉ    '}  {row['reason']}  {row['source']}".rstrip()
            )
    return 0


def _warnings(app: App, args: argparse.Namespace) -> int:
    from congvan_core.calendar.warnings import open_warnings
    from congvan_core.ids import iso_vn
    from congvan_gateway.operations.deadlines import warn

    warn(app, at_once=True)
    with app.database.read() as connection:
        rows = open_warnings(connection, None if args.agency is None else [own_agency(connection, args).id])
    words = {"soon": "sắp đến hạn", "overdue": "quá hạn", "escalated": "báo lên lãnh đạo"}
    if args.json:
        print_json([{"subject": r.subject, "level": r.level, "due_at": iso_vn(r.due_at), "told": r.told} for r in rows])
    else:
        for r in rows:
            say(f"{words[r.level]:<16}  {iso_vn(r.due_at)}  {r.subject}  {', '.join(r.told)}")
    return 0
