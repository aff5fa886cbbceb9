"""`congvan evidence`: makes the evidence file of a document, or checks one (no settings, no database needed)."""

from __future__ import annotations

import argparse
from pathlib import Path

from congvan_core.errors import InputError
from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, read_as, say

_EXIT = {"valid": 0, "invalid": 1, "indeterminate": 3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "document", metavar="VĂN-BẢN", help="mã văn bản hoặc 12/QĐ-UBND; 'verify' để kiểm tra một hồ sơ"
    )
    parser.add_argument("file", metavar="TỆP", nargs="?", type=Path, help="hồ sơ cần kiểm tra (sau 'verify')")
    parser.add_argument("-o", "--output", metavar="TỆP", type=Path, help="tệp zip sẽ lập")
    parser.add_argument("--to", metavar="MÃ-HOẶC-ĐỊA-CHỈ", help="chỉ lập cho một nơi nhận")
    parser.add_argument(
        "--trust", action="append", default=[], metavar="ĐƯỜNG-DẪN", help="chứng thư tin cậy khi kiểm tra"
    )
    parser.add_argument("--by", metavar="NGƯỜI", help="người lập hồ sơ")
    add_config(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    if args.document == "verify":
        if args.file is None:
            raise InputError("Thiếu tệp hồ sơ chứng cứ: congvan evidence verify TỆP")
        return _verify(args)
    if args.file is not None:
        raise InputError("Chỉ nêu một văn bản; tệp kết quả đặt sau -o")
    if args.output is None:
        raise InputError("Thiếu tệp kết quả: congvan evidence VĂN-BẢN -o TỆP.zip")
    return _make(args)


def _make(args: argparse.Namespace) -> int:
    from congvan_core.documents.finding_again import resolve_document
    from congvan_gateway.evidence.collecting import collect

    app = open_app(args)
    try:
        with app.database.write() as connection:
            read_as(connection, args, resolve_document(connection, args.document).id, app.clock())
        bundle = collect(app, args.document, to=args.to, actor=actor(args))
        bundle.write(args.output)
        parts = sum(1 for _ in bundle)
    finally:
        app.close()
    if args.json:
        print_json({"file": str(args.output), "parts": parts, "size": args.output.stat().st_size})
    else:
        say(f"Đã lập hồ sơ chứng cứ {args.output} ({parts} tệp). Kiểm tra: congvan evidence verify {args.output}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from congvan_core.evidence.checking import check_evidence
    from congvan_core.signatures.trust_store import TrustStore

    report = check_evidence(args.file, trust=TrustStore.load(args.trust) if args.trust else None)
    if args.json:
        print_json(report.to_json())
        return _EXIT[report.outcome]
    for check in report.checks:
        say(f"{ {True: 'ĐÚNG', False: 'SAI', None: 'CHƯA RÕ'}[check.ok]:<8} {check.message}")
    for one in report.documents:
        say(f"  {one['file']}: {_WORDS.get(one['outcome'], one['outcome'])}")
    for value in report.seal_fingerprints[:1]:
        say(f"Khóa đã ký hồ sơ (SHA-256, đối chiếu với danh bạ): {value}")
    return _EXIT[report.outcome]


_WORDS = {
    "valid": "chữ ký hợp lệ",
    "invalid": "chữ ký không hợp lệ",
    "indeterminate": "chữ ký chưa kết luận",
    "unsigned": "không có chữ ký số",
}
