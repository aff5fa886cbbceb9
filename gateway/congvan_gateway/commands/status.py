"""`congvan status`: tell the sender of a received document how far the work has come."""

from __future__ import annotations

import argparse

from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="VĂN-BẢN", help="văn bản đến: mã hoặc 12/QĐ-UBND")
    parser.add_argument(
        "code", choices=("04", "05", "06"), metavar="TRẠNG-THÁI", help="04 phân công, 05 đang xử lý, 06 hoàn thành"
    )
    parser.add_argument("--note", default="", metavar="NỘI-DUNG")
    parser.add_argument("--by", metavar="NGƯỜI")
    add_config(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from congvan_gateway.receipts.working import tell_work

    app = open_app(args)
    try:
        told = tell_work(app, args.document, args.code, actor=actor(args), note=args.note)
    finally:
        app.close()
    if args.json:
        print_json({"told": told, "status": args.code})
    else:
        say("Đã báo cho nơi gửi" if told else "Trạng thái này đã được báo trước đó")
    return 0
