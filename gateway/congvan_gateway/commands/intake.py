"""`congvan intake`: hand raw messages to the gateway as if they had arrived."""

from __future__ import annotations

import argparse
from pathlib import Path

from congvan_gateway.commands.console_io import add_config, add_output, open_app, print_json, say, warn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("messages", metavar="THƯ.eml", type=Path, nargs="+")
    parser.add_argument(
        "--from", dest="sender", metavar="ĐỊA-CHỈ", help="người gửi trên phong bì (mặc định: Return-Path/From)"
    )
    parser.add_argument(
        "--rcpt", action="append", default=[], metavar="ĐỊA-CHỈ", help="người nhận (mặc định: Delivered-To/To/Cc)"
    )
    add_config(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from congvan_gateway.intake.files import take_in_file

    app = open_app(args)
    worst = 0
    rank = {4: 4, 1: 3, 3: 2, 0: 0}
    try:
        for path in args.messages:
            result = take_in_file(app, path, sender=args.sender, recipients=args.rcpt)
            code = result.pop("exit")
            worst = code if rank[code] > rank[worst] else worst
            if args.json:
                print_json(result)
            elif result.get("message"):
                number = f", số đến {result['register_number']}" if result["register_number"] else ""
                say(f"{path}: {result['state']}{number} ({result['message']})")
                for finding in result["findings"]:
                    if finding["severity"] != "info":
                        say(f"  - {finding['message']} [{finding['code']}]")
            else:
                warn(f"{path}: {result['findings'][0]['message']}")
    finally:
        app.close()
    return worst
