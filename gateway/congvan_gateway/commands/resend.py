"""`congvan resend`: a deliberate further sending (điểm c khoản 2 Điều 20); the receiver never registers it twice."""

from __future__ import annotations

import argparse

from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="VĂN-BẢN", help="mã văn bản hoặc 12/QĐ-UBND")
    parser.add_argument(
        "--to", action="append", default=[], metavar="MÃ", help="chỉ nơi nhận này; mặc định: nơi chưa xác nhận"
    )
    parser.add_argument("--reason", required=True, metavar="LÝ-DO", help="lỗi kỹ thuật, hoặc bên nhận đề nghị")
    parser.add_argument("--by", metavar="NGƯỜI")
    add_config(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from congvan_gateway.dispatch.resending import resend

    app = open_app(args)
    try:
        sent = resend(app, args.document, to=args.to, reason=args.reason, actor=actor(args))
    finally:
        app.close()
    if args.json:
        print_json(sent.to_json())
    else:
        say(f"Gửi lại {sent.number}/{sent.symbol} tới {len(sent.recipients)} nơi nhận")
        for item in sent.recipients:
            say(f"  {item['code'] or ''} {item['address']}: lần gửi {item['sending']}")
    return 0
