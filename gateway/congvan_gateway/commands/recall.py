"""`congvan recall`: ask a sent document back, issue an order about it, or decide what others ask of us."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from congvan_core.errors import InputError
from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say
from congvan_gateway.main import App


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", nargs="?", metavar="VĂN-BẢN", help="văn bản đã gửi: mã hoặc 12/QĐ-UBND")
    parser.add_argument("--reason", default="", metavar="LÝ-DO")
    parser.add_argument("--to", action="append", default=[], metavar="MÃ", help="chỉ những nơi nhận này")
    parser.add_argument(
        "--kind", choices=("take_back", "recall", "update", "replace"), default="take_back",
        help="take_back: lấy lại (mặc định); các loại khác cần --order",
    )  # fmt: skip
    parser.add_argument(
        "--order", type=Path, nargs="+", metavar="TỆP", help="văn bản thu hồi, bản mới hoặc văn bản thay thế đã ký số"
    )
    parser.add_argument("--number", metavar="SỐ")
    parser.add_argument("--symbol", metavar="KÝ-HIỆU")
    parser.add_argument("--subject", metavar="TRÍCH-YẾU")
    parser.add_argument("--accept-undecided", metavar="LÝ-DO")
    parser.add_argument("--waiting", action="store_true", help="các yêu cầu đang chờ lãnh đạo quyết định")
    parser.add_argument("--agree", metavar="MÃ-YÊU-CẦU", help="đồng ý một yêu cầu đến")
    parser.add_argument("--decline", metavar="MÃ-YÊU-CẦU", help="không đồng ý một yêu cầu đến")
    parser.add_argument("--by", metavar="NGƯỜI")
    add_config(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    app = open_app(args)
    try:
        if args.waiting:
            return _waiting(app, args)
        if args.agree or args.decline:
            return _decide(app, args)
        if not args.document:
            raise InputError("Nêu văn bản cần thu hồi, hoặc --waiting, --agree, --decline")
        return _order(app, args) if args.order or args.kind != "take_back" else _take_back(app, args)
    finally:
        app.close()


def _take_back(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.recall.asking import take_back

    result = take_back(app, args.document, reason=args.reason, actor=actor(args), to=args.to)
    if args.json:
        print_json(result)
        return 0
    for item in result["recipients"]:
        told = "đã gửi yêu cầu lấy lại" if item["asked"] else "chưa rời hệ thống, đã hủy gửi"
        say(f"  {item['code'] or ''} {item['address']}: {told}")
    return 0


def _order(app: App, args: argparse.Namespace) -> int:
    from congvan_core.documents.text import nfc
    from congvan_gateway.dispatch.request import SendRequest, read_files
    from congvan_gateway.recall.ordering import issue_order
    from congvan_gateway.recall.states import Kind

    if not args.order:
        raise InputError("Thu hồi, cập nhật, thay thế cần --order TỆP (văn bản đã ký số)")
    files, packet = read_files(args.order[0], args.order[1:])
    request = SendRequest(
        files=files, to=tuple(args.to), number=args.number, symbol=nfc(args.symbol) if args.symbol else None,
        subject=args.subject, accept_undecided=args.accept_undecided, actor=actor(args), packet=packet,
    )  # fmt: skip
    sent = issue_order(app, request, Kind(args.kind), [args.document], reason=args.reason)
    if args.json:
        print_json(sent.to_json())
    else:
        say(f"Đã phát hành {sent.number}/{sent.symbol} tới {len(sent.recipients)} nơi nhận")
    return 0


def _waiting(app: App, args: argparse.Namespace) -> int:
    from congvan_core.ids import iso_vn
    from congvan_gateway.recall.receiving import waiting

    with app.database.read() as connection:
        rows = waiting(connection)
    found: list[dict[str, Any]] = [
        {
            "id": row.id, "kind": row.kind, "identifier": row.identifier, "document_id": row.document_id,
            "order": row.order_text, "reason": row.reason, "asked_at": iso_vn(row.asked_at),
        }
        for row in rows
    ]  # fmt: skip
    if args.json:
        print_json(found)
        return 0
    for item in found:
        say(f"  {item['id']} {item['kind']} {item['identifier']}: {item['reason'] or ''} ({item['order']})")
    return 0


def _decide(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.recall.effects import destroy
    from congvan_gateway.recall.receiving import decide

    agree = bool(args.agree)
    result = decide(app, args.agree or args.decline, agree=agree, actor=actor(args), reason=args.reason)
    if agree:
        destroy(app)
    if args.json:
        print_json(result)
    else:
        say("Đã đồng ý và thực hiện" if agree else "Đã trả lời không đồng ý")
    return 0
