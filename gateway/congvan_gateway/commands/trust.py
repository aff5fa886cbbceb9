"""`congvan trust`: anchors, intermediate certificates and revocation lists of the installation."""

from __future__ import annotations

import argparse
from pathlib import Path

from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say

_KINDS = {"anchor": "gốc", "intermediate": "cấp trên", "other": "khác", "crl": "danh sách thu hồi"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    for name, text in (
        ("list", "liệt kê chứng thư số tin cậy"),
        ("add", "thêm chứng thư gốc, chứng thư cấp trên hoặc danh sách thu hồi"),
        ("remove", "bỏ một chứng thư theo dấu vân tay"),
    ):
        act = acts.add_parser(name, help=text, description=text)
        if name == "add":
            act.add_argument("files", metavar="TỆP", nargs="+", type=Path)
            act.add_argument(
                "--fingerprint", metavar="SHA-256", help="dấu vân tay đã đối chiếu với công bố của cơ quan cấp"
            )
        if name == "remove":
            act.add_argument("fingerprint", metavar="SHA-256")
        if name != "list":
            act.add_argument("--by", metavar="HỌ-TÊN", help="người quyết định")
        add_config(act)
        add_output(act)


def run(args: argparse.Namespace) -> int:
    from congvan_gateway.operations import trusting

    app = open_app(args)
    try:
        if args.act == "list":
            found = trusting.items(app.trust_folder)
        elif args.act == "add":
            found = []
            for path in args.files:
                found += trusting.add(app, path, actor=actor(args), expected=args.fingerprint)
        else:
            found = trusting.remove(app, args.fingerprint, actor=actor(args))
    finally:
        app.close()
    if args.json:
        print_json([item.to_json() for item in found])
        return 0
    if not found:
        say("Chưa có chứng thư số tin cậy nào; mọi chữ ký số sẽ ở trạng thái chưa kết luận.")
    for item in found:
        official = f"; là {item.known_as}" if item.known_as else ""
        use = f"; dùng cho: {', '.join(item.purposes)}" if item.purposes else ""
        say(f"[{_KINDS[item.kind]}] {item.name}{official}{use}")
        say(f"    SHA-256 {item.sha256}{f'; hết hạn {item.not_after:%d/%m/%Y}' if item.not_after else ''}")
    return 0
