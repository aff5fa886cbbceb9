"""`congvan handle`: the handling of arrivals from the command line (Điều 18); statuses 04, 05, 06 follow by themselves."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

from congvan_core.errors import InputError, os_reason
from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, read_as, say
from congvan_gateway.main import App


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", metavar="VIỆC", required=True)
    for name, text in (
        ("list", "các văn bản đến và bước giải quyết"), ("show", "xem việc giải quyết một văn bản"), ("present", "trình lãnh đạo"),
        ("assign", "phân công đơn vị, người, thời hạn"), ("forward", "chuyển tiếp"), ("opinion", "ghi ý kiến"),
        ("finish", "hoàn thành"), ("sheet", "phiếu giải quyết văn bản đến (PDF)"), ("stamp", "dấu ĐẾN (PDF)"),
    ):  # fmt: skip
        one = acts.add_parser(name, help=text, description=text)
        add_config(one)
        add_output(one)
        one.add_argument("--by", metavar="NGƯỜI", help="người làm: tên đăng nhập, họ tên hoặc mã")
        if name == "list":
            one.add_argument("--late", action="store_true", help="chỉ văn bản quá hạn")
            continue
        one.add_argument("document", metavar="VĂN-BẢN", help="mã hoặc 12/QĐ-UBND")
        if name == "present":
            one.add_argument("--leader", required=True, metavar="NGƯỜI")
        if name in ("assign", "forward"):
            one.add_argument("--unit", required=True, metavar="MÃ", help="mã đơn vị chủ trì")
            one.add_argument("--person", metavar="NGƯỜI")
        if name == "assign":
            one.add_argument(
                "--support", action="append", default=[], metavar="MÃ", help="đơn vị phối hợp; lặp lại được"
            )
            one.add_argument(
                "--helper", action="append", default=[], metavar="NGƯỜI", help="người phối hợp; lặp lại được"
            )
            one.add_argument("--due", metavar="NGÀY-GIỜ", help="thời hạn, 2026-11-30T17:00")
            one.add_argument("--support-due", metavar="NGÀY-GIỜ", help="thời hạn phối hợp; không nêu: như chủ trì")
        if name in ("assign", "opinion", "finish"):
            one.add_argument("--text", default="", metavar="NỘI-DUNG")
        if name == "finish":
            one.add_argument("--dossier", metavar="HỒ-SƠ", help="số, ký hiệu hồ sơ, ví dụ 01.VP: đưa văn bản vào ngay")
            one.add_argument("--answer", metavar="VĂN-BẢN", help="văn bản đi trả lời văn bản này")
        if name in ("sheet", "stamp"):
            one.add_argument("-o", "--output", type=Path, required=True, metavar="TỆP")


def run(args: argparse.Namespace) -> int:
    app = open_app(args)
    try:
        if args.act == "list":
            return _list(app, args)
        document_id = _document(app, args.document)
        with app.database.write() as connection:
            read_as(connection, args, document_id, app.clock())
        if args.act in ("sheet", "stamp"):
            return _print(app, args, document_id)
        warnings = _act(app, args, document_id) if args.act != "show" else []
        return _tell(app, args, document_id, warnings)
    finally:
        app.close()


def _document(app: App, wanted: str) -> str:
    from congvan_core.documents.finding_again import resolve_document

    with app.database.read() as connection:
        return resolve_document(connection, wanted, direction="incoming").id


def _list(app: App, args: argparse.Namespace) -> int:
    from sqlalchemy import select

    from congvan_core.dossiers.rights import visible_to
    from congvan_core.ids import iso_vn
    from congvan_core.storage.schema import document
    from congvan_core.workflow.schema import handling

    statement = (
        select(
            document.c.id, document.c.number, document.c.symbol, document.c.subject, handling.c.state, handling.c.due_at
        )
        .outerjoin(handling, handling.c.document_id == document.c.id)
        .where(document.c.direction == "incoming")
        .order_by(handling.c.due_at.is_(None), handling.c.due_at, document.c.created_at.desc())
        .limit(1000)
    )
    with app.database.read() as connection:
        statement = statement.where(visible_to(connection, actor(args)))
    if args.late:
        statement = statement.where(handling.c.due_at < app.clock(), handling.c.state != "done")
    with app.database.read() as connection:
        found = [
            {
                "document_id": row.id, "number": row.number, "symbol": row.symbol, "subject": row.subject,
                "state": row.state or "registered", "due_at": iso_vn(row.due_at),
            }
            for row in connection.execute(statement)
        ]  # fmt: skip
    if args.json:
        print_json(found)
    else:
        for one in found:
            say(
                f"  {one['document_id']} {one['state']} {one['number'] or ''}/{one['symbol'] or ''} {one['subject'] or ''} {one['due_at'] or ''}"
            )
    return 0


def _act(app: App, args: argparse.Namespace, document_id: str) -> list[str]:
    from congvan_core.documents.finding_again import resolve_document
    from congvan_core.workflow import handling
    from congvan_core.workflow.handling import Assignment
    from congvan_gateway.drafting.people import named_actor, units_of

    who, at = named_actor(app, actor(args)), app.clock()
    other = next(
        (named_actor(app, name) for name in (getattr(args, "leader", None), getattr(args, "person", None)) if name),
        None,
    )
    helpers = [named_actor(app, name) for name in getattr(args, "helper", [])]
    with app.database.write() as connection:
        units = {one.code: one.id for one in units_of(connection, who.agency_id)}
        for code in (getattr(args, "unit", None), *getattr(args, "support", [])):
            if code and code not in units:
                raise InputError(f"Không có đơn vị mã {code}; các đơn vị: {', '.join(units) or 'chưa có'}.")
        if args.act == "present" and other is not None:
            handling.present(connection, document_id, other, by=who, at=at)
        elif args.act == "assign":
            wanted = Assignment(
                units[args.unit],
                other.id if other else None,
                tuple(units[code] for code in args.support),
                _moment(args.due),
                args.text,
                tuple(one.id for one in helpers),
                _moment(args.support_due),
            )
            handling.assign(connection, document_id, wanted, by=who, at=at)
        elif args.act == "forward":
            handling.forward(
                connection,
                document_id,
                to_unit_id=units[args.unit],
                to_person_id=other.id if other else None,
                by=who,
                at=at,
            )
        elif args.act == "opinion":
            handling.give_opinion(connection, document_id, args.text, by=who, at=at)
        else:
            if args.answer:
                answer = resolve_document(connection, args.answer, agency_id=who.agency_id, direction="outgoing")
                handling.link_answer(connection, document_id, answer.id, by=who, at=at)
            return handling.finish(connection, document_id, args.text, by=who, at=at, dossier=args.dossier)
    return []


def _moment(text: str | None) -> datetime | None:
    from congvan_core.ids import VIETNAM

    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"Thời hạn “{text}” không phải ngày giờ (2026-11-30T17:00).") from None
    return found.replace(tzinfo=VIETNAM) if found.tzinfo is None else found


def _tell(app: App, args: argparse.Namespace, document_id: str, warnings: list[str]) -> int:
    from congvan_core.ids import iso_vn
    from congvan_core.workflow import handling
    from congvan_core.workflow.moves import HandlingState

    with app.database.write() as connection:
        row = handling.of_document(connection, document_id)
        said = handling.opinions(connection, document_id)
    told: dict[str, Any] = {
        "document_id": document_id, "state": row.state, "state_words": HandlingState(row.state).vi,
        "lead_unit_id": row.lead_unit_id, "lead_person_id": row.lead_person_id, "instruction": row.instruction,
        "due_at": iso_vn(row.due_at), "dossier": row.dossier, "answer_id": row.answer_id,
        "opinions": [{"by": o.by, "at": iso_vn(o.at), "text": o.text} for o in said], "warnings": warnings,
    }  # fmt: skip
    if args.json:
        print_json(told)
        return 0
    say(f"{told['state_words']}{', hạn ' + told['due_at'] if told['due_at'] else ''}")
    for item in told["opinions"]:
        say(f"  {item['by']}: {item['text']}")
    for sentence in warnings:
        say(f"Lưu ý: {sentence}")
    return 0


def _print(app: App, args: argparse.Namespace, document_id: str) -> int:
    from congvan_gateway.drafting.handling_prints import sheet_of, stamp_of

    data = (sheet_of if args.act == "sheet" else stamp_of)(app, document_id)
    try:
        args.output.write_bytes(data)
    except OSError as error:
        raise InputError(f"Không ghi được {args.output}: {os_reason(error)}") from error
    say(f"Đã ghi {args.output} ({len(data)} byte)")
    return 0
