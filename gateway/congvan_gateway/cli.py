"""The command line: picks the command and imports only that, so that `verify` starts fast.

Exit codes: 0 done or yes; 1 the answer is no; 2 usage or configuration; 3 cannot tell; 4 input unreadable.
An error is one sentence on stderr, never a traceback.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

#: name -> (module with ``add_arguments(parser)`` and ``run(args) -> int``, what it does)
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("congvan_gateway.commands.init", "tạo thư mục dữ liệu mới với congvan.toml có chú thích"),
    "serve": ("congvan_gateway.commands.serve", "chạy hệ thống (mọi vai trò hoặc những vai trò nêu tên)"),
    "demo": ("congvan_gateway.commands.demo", "trình diễn: gửi, kiểm tra, vào sổ, thông báo tiếp nhận"),
    "demo-data": ("congvan_gateway.commands.demo_data", "tạo một thành phố trình diễn với bao nhiêu văn bản tùy ý"),
    "send": ("congvan_gateway.commands.send", "phát hành và gửi văn bản đã ký số"),
    "track": ("congvan_gateway.commands.track", "theo dõi từng nơi nhận của một văn bản"),
    "resend": ("congvan_gateway.commands.resend", "gửi lại (không bao giờ vào sổ hai lần)"),
    "recall": (
        "congvan_gateway.commands.recall",
        "lấy lại, thu hồi, cập nhật, thay thế văn bản đã gửi; quyết định yêu cầu đến",
    ),
    "status": ("congvan_gateway.commands.status", "báo trạng thái xử lý (04, 05, 06) cho nơi gửi"),
    "verify": ("congvan_core.signatures.command", "kiểm tra chữ ký số của tệp văn bản"),
    "inspect": ("congvan_gateway.commands.inspect", "xem và đánh giá thư, không thay đổi gì"),
    "intake": ("congvan_gateway.commands.intake", "đưa thư thô vào hệ thống như thể vừa đến"),
    "quarantine": ("congvan_gateway.commands.quarantine", "văn bản chờ kiểm tra"),
    "route": ("congvan_gateway.commands.route", "bảng định tuyến"),
    "draft": ("congvan_gateway.commands.draft", "dự thảo: trình, duyệt, ký, cấp số, phát hành"),
    "issued": ("congvan_gateway.commands.issued", "sau phát hành: bản lưu, đăng tải, sao y, đúng tệp đã phát hành"),
    "handle": ("congvan_gateway.commands.handle", "giải quyết văn bản đến: trình, phân công, ý kiến, hoàn thành"),
    "bridge": ("congvan_gateway.commands.bridge", "cầu nối ký số trên máy người ký"),
    "agency": ("congvan_gateway.commands.agency", "danh bạ cơ quan"),
    "register": ("congvan_gateway.commands.register", "sổ đăng ký văn bản đến, đi"),
    "organisation": ("congvan_gateway.commands.organisation", "đơn vị, người, chức vụ, giao quyền ký"),
    "account": ("congvan_gateway.commands.account", "người dùng trang làm việc"),
    "audit": ("congvan_gateway.commands.audit", "kiểm tra nhật ký"),
    "trust": ("congvan_gateway.commands.trust", "chứng thư số tin cậy"),
    "policy": ("congvan_gateway.commands.policy", "bảng chính sách: mỗi phát hiện dẫn tới cách xử lý nào"),
    "filename": ("congvan_core.documents.command", "tên tệp theo khoản 3 Điều 8"),
    "calendar": ("congvan_gateway.commands.calendar", "ngày nghỉ, ngày làm bù của cơ quan; nhắc hạn"),
    "search": ("congvan_gateway.commands.search", "tìm văn bản trong mọi trường và toàn văn"),
    "dossier": ("congvan_gateway.commands.dossier", "hồ sơ: danh mục, lập, kết thúc, nộp lưu, hủy, xuất, quyền xem"),
    "evidence": ("congvan_gateway.commands.evidence", "lập hoặc kiểm tra hồ sơ chứng cứ gửi, nhận"),
    "backup": ("congvan_gateway.commands.backup", "sao lưu, kiểm tra bản sao lưu, phục hồi"),
    "stats": ("congvan_gateway.commands.stats", "thống kê gửi, nhận, giải quyết theo quý, năm"),
    "doctor": ("congvan_gateway.commands.doctor", "kiểm tra cấu hình và cách sửa"),
}


class Parser(argparse.ArgumentParser):
    """Usage errors in one sentence, exit 2."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {_vietnamese(message)} (xem: {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def _vietnamese(message: str) -> str:
    for english, vietnamese in (
        ("the following arguments are required:", "thiếu tham số:"),
        ("unrecognized arguments:", "tham số lạ:"),
        ("invalid choice:", "giá trị không hợp lệ:"),
        ("expected one argument", "cần một giá trị"),
        ("expected at least one argument", "cần ít nhất một giá trị"),
        ("not allowed with argument", "không dùng cùng tham số"),
        ("argument ", "tham số "),
    ):
        message = message.replace(english, vietnamese)
    return message


def build_parser(name: str | None = None) -> Parser:
    """The parser; with ``name`` only that command's arguments are loaded."""
    parser = Parser(prog="congvan", description="Công Văn: cổng thư cho văn bản điện tử của cơ quan nhà nước")
    parser.add_argument("--version", action="store_true", help="in phiên bản")
    commands = parser.add_subparsers(dest="command", metavar="LỆNH", parser_class=Parser)
    for command, (module, text) in COMMANDS.items():
        sub = commands.add_parser(command, help=text, description=text)
        if command == name:
            importlib.import_module(module).add_arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = next((a for a in arguments if not a.startswith("-")), None)
    if name is None and "--version" in arguments:
        from congvan_core import __version__

        print(f"congvan {__version__}")
        return 0
    parser = build_parser(name if name in COMMANDS else None)
    try:
        args = parser.parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    if not args.command:
        parser.print_help()
        return 2
    return _run(args)


def _run(args: argparse.Namespace) -> int:
    from congvan_core.errors import CongvanError

    module = importlib.import_module(COMMANDS[args.command][0])
    try:
        return int(module.run(args))
    except CongvanError as error:
        print(f"congvan {args.command}: {error.message}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing more to say, and no message at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("CONGVAN_DEBUG"):
            raise
        print(
            f"congvan {args.command}: lỗi của chương trình ({type(error).__name__}: {(str(error).splitlines() or [''])[0]}); "
            "chạy lại với CONGVAN_DEBUG=1 để lấy chi tiết gửi đơn vị vận hành",
            file=sys.stderr,
        )
        return 2


if __name__ == "__main__":
    sys.exit(main())
