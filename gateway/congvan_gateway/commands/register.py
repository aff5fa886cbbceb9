"""`congvan register`: the registers of incoming and outgoing documents (NĐ 30/2020 Phụ lục IV)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from congvan_core.agencies.lookup import own_agencies
from congvan_core.errors import InputError, NotFoundError
from congvan_core.registers.books import Book, all_books
from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say
from congvan_gateway.main import App

_BOOKS = ("incoming", "outgoing")
_FORMS = ("xlsx", "docx", "pdf", "csv", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    for name, text in (
        ("list", "liệt kê sổ"),
        ("add", "nhập văn bản nhận qua kênh khác (giấy, USB, Zalo, QLVBĐH)"),
        ("strike", "hủy số"),
        ("export", "xuất sổ"),
    ):
        act = acts.add_parser(name, help=text, description=text)
        act.add_argument(
            "--book", choices=_BOOKS, default="incoming" if name == "add" else None, required=name != "add"
        )
        act.add_argument("--year", type=int)
        act.add_argument("--series", default="")
        act.add_argument("--body", metavar="MÃ", help="tác giả, khi có nhiều")
        act.add_argument("--by", metavar="NGƯỜI")
        add_config(act)
        add_output(act)
        if name == "export":
            act.add_argument("--format", choices=_FORMS, default="xlsx")
            act.add_argument("-o", "--output", type=Path, metavar="TỆP")
        if name == "strike":
            act.add_argument("--number", required=True)
            act.add_argument("--reason", required=True)
        if name == "add":
            act.add_argument("--channel", required=True, choices=("paper", "usb", "zalo", "qlvbdh"))
            act.add_argument("--symbol", required=True, metavar="12/QĐ-UBND")
            act.add_argument("--number")
            act.add_argument("--date", required=True)
            act.add_argument("--author", required=True, metavar="TÁC-GIẢ")
            act.add_argument("--subject", required=True)
            act.add_argument("--remark")
    given = acts.add_parser("number", help="ghi số đến do QLVBĐH cấp cho văn bản đang chờ; sau đó mới báo 03")
    given.add_argument("document", metavar="VĂN-BẢN", help="mã văn bản hoặc 12/QĐ-UBND")
    given.add_argument("--number", required=True, metavar="SỐ-ĐẾN")
    given.add_argument("--by", metavar="NGƯỜI")
    add_config(given)
    add_output(given)
    who = acts.add_parser("authority", help="ai cấp số cho một sổ: chương trình này (own) hoặc QLVBĐH (external)")
    who.add_argument("authority", choices=("own", "external"))
    who.add_argument("--book", choices=_BOOKS, required=True)
    who.add_argument("--year", type=int)
    who.add_argument("--series", default="")
    who.add_argument("--body", metavar="MÃ", help="tác giả, khi có nhiều")
    who.add_argument("--by", metavar="NGƯỜI")
    add_config(who)
    add_output(who)
    sent = acts.add_parser("hand-sent", help="văn bản gửi thủ công từ hộp thư, chờ vào sổ đi")
    sent.add_argument("--take", metavar="MỤC", help="vào sổ đi theo số đã ghi trên văn bản")
    sent.add_argument("--dismiss", metavar="MỤC", help="không phải văn bản của cơ quan")
    sent.add_argument("--number", help="số, khi chưa đọc được")
    sent.add_argument("--symbol", help="ký hiệu, khi chưa đọc được")
    sent.add_argument("--reason", default="", help="lý do bỏ qua")
    sent.add_argument("--by", metavar="NGƯỜI")
    add_config(sent)
    add_output(sent)


def run(args: argparse.Namespace) -> int:
    app = open_app(args)
    try:
        acts = {"list": _list, "export": _export, "strike": _strike, "add": _add, "hand-sent": _hand_sent}
        acts |= {"number": _number, "authority": _authority}
        return acts[args.act](app, args)
    finally:
        app.close()


def _books(app: App, args: argparse.Namespace) -> list[Book]:
    with app.database.read() as connection:
        found = [
            book
            for agency in own_agencies(connection)
            for book in all_books(connection, agency.id)
            if book.direction == args.book
            and (args.year is None or book.year == args.year)
            and (not args.series or book.series == args.series)
            and (args.body is None or book.body_code == args.body)
        ]
    return sorted(found, key=lambda b: (b.year, b.body_code, b.series))


def _list(app: App, args: argparse.Namespace) -> int:
    from congvan_core.dossiers.rights import hidden_from
    from congvan_core.registers.listing import lines

    rows: list[dict[str, object]] = []
    for book in _books(app, args):
        with app.database.read() as connection:
            rows.extend(line.as_json() for line in lines(connection, book, hidden=hidden_from(connection, actor(args))))
    if args.json:
        print_json(rows)
        return 0
    for row in rows:
        say("  ".join(str(value) for value in row.values() if value not in (None, "")))
    return 0


def _one_book(app: App, args: argparse.Namespace) -> Book:
    found = _books(app, args)
    if not found:
        raise NotFoundError("Chưa có sổ này")
    if len(found) > 1:
        names = "; ".join(f"{b.year} {b.body_code} {b.series}".strip() for b in found)
        raise InputError(f"Có nhiều sổ, hãy nêu --year, --series hoặc --body: {names}")
    return found[0]


def _export(app: App, args: argparse.Namespace) -> int:
    from congvan_core.dossiers.rights import hidden_from
    from congvan_core.registers.exporting import export_register

    book = _one_book(app, args)
    with app.database.read() as connection:
        data = export_register(
            connection, book, args.format, at=app.clock(), hidden=hidden_from(connection, actor(args))
        )
    if args.output is None:
        sys.stdout.buffer.write(data)
    else:
        args.output.write_bytes(data)
        say(f"Đã xuất {args.output}")
    return 0


def _strike(app: App, args: argparse.Namespace) -> int:
    from congvan_core.registers.entries import find_entry, strike

    book = _one_book(app, args)
    with app.database.write() as connection:
        row = find_entry(connection, book.id, args.number)
        strike(connection, row.id, reason=args.reason, actor=actor(args), at=app.clock())
    say(f"Đã hủy số {args.number}; số không dùng lại")
    return 0


def _number(app: App, args: argparse.Namespace) -> int:
    from congvan_core.documents.finding_again import resolve_document
    from congvan_gateway.receipts.numbered import give_number

    with app.database.read() as connection:
        row = resolve_document(connection, args.document, direction="incoming")
    give_number(app, row.id, args.number, actor=actor(args))
    if args.json:
        print_json({"document_id": row.id, "number": args.number.strip()})
    else:
        say(f"Đã ghi số đến {args.number.strip()} do QLVBĐH cấp")
    return 0


def _authority(app: App, args: argparse.Namespace) -> int:
    from congvan_core.agencies.lookup import bodies_of
    from congvan_core.registers.books import BookKey, set_authority
    from congvan_core.registers.numbering import vietnam_year

    year = args.year or vietnam_year(app.clock())
    with app.database.write() as connection:
        bodies = [
            (point.id, body.code) for point in own_agencies(connection) for body in bodies_of(connection, point.id)
        ]
        chosen = [b for b in bodies if args.body in (None, b[1])]
        if len(chosen) != 1:
            raise InputError(
                "Nêu --body: đúng một cơ quan ban hành của đơn vị: " + ", ".join(code for _, code in bodies)
            )
        key = BookKey(*chosen[0], args.book, args.series)
        there = set_authority(connection, key, year, args.authority, actor=actor(args))
    if args.json:
        print_json({"body": there.body_code, "book": args.book, "year": year, "authority": there.authority})
    else:
        say(
            f"Sổ năm {year} của {there.body_code}: "
            + ("QLVBĐH cấp số" if args.authority == "external" else "chương trình này cấp số")
        )
    return 0


def _add(app: App, args: argparse.Namespace) -> int:
    from congvan_core.documents.model import DocumentMetadata, Party
    from congvan_core.documents.number import from_parts
    from congvan_core.registers.other_channels import register_by_hand
    from congvan_gateway.commands.send import parse_day
    from congvan_gateway.dispatch.request import types_name
    from congvan_gateway.judgement.registering import handling_clock, receiving_body

    value = from_parts(args.symbol, args.number)
    with app.database.write() as connection:
        own = own_agencies(connection)
        if not own:
            raise InputError("Chưa có cơ quan nào của đơn vị trong danh bạ")
        meta = DocumentMetadata(
            number=value.number,
            symbol=value.notation,
            issued_on=parse_day(args.date, "--date"),
            type_name=types_name(value),
            subject=args.subject,
            author=Party(name=args.author),
        )
        at = app.clock()
        received = register_by_hand(
            connection,
            agency_id=own[0].id,
            body_code=args.body or receiving_body(connection, own[0], meta),
            channel=args.channel,
            metadata=meta,
            arrived_at=at,
            clock_starts_at=handling_clock(own[0], at, meta),
            actor=actor(args),
            series=args.series,
            remark=args.remark,
        )
    made = received.entry
    if args.json:
        print_json({"number": made.number_text, "year": made.book.year})
    else:
        say(f"Đã vào sổ văn bản đến, số đến {made.number_text}")
    return 0


def _hand_sent(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.dispatch import hand_sent

    if args.take:
        document_id = hand_sent.take(app, args.take, actor=actor(args), number=args.number, symbol=args.symbol)
        print_json({"document_id": document_id}) if args.json else say(f"Đã vào sổ văn bản đi: {document_id}")
        return 0
    if args.dismiss:
        hand_sent.dismiss(app, args.dismiss, actor=actor(args), reason=args.reason)
        return 0
    rows = hand_sent.offered(app)
    if args.json:
        print_json(rows)
        return 0
    for row in rows:
        number = "/".join(v for v in (row["number"], row["symbol"]) if v) or "chưa rõ số"
        say(f"{row['item']}  {row['sent_at']}  {number}  {row['subject']}  -> {', '.join(row['to'])}")
    return 0
