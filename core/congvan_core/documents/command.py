"""``congvan filename``: the name of a file by Điều 8.3."""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime

from congvan_core.documents import filename, number
from congvan_core.errors import CongvanError, InputError

HELP = "in tên tệp theo khoản 3 Điều 8 Quy chế"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``congvan filename``."""
    parser.add_argument(
        "--symbol", required=True, help="ký hiệu (QĐ-UBND, kèm --number) hoặc cả số, ký hiệu (12/QĐ-UBND)"
    )
    parser.add_argument("--number", help="số văn bản, khi --symbol chỉ ghi ký hiệu")
    parser.add_argument("--date", required=True, help="ngày ban hành: 2026-11-22 hoặc 22/11/2026")
    parser.add_argument("--subject", required=True, help="trích yếu nội dung")
    parser.add_argument("--ext", default="pdf", help="đuôi tệp, mặc định pdf")


def parse_date(text: str) -> date:
    """``2026-11-22``, ``22/11/2026`` or ``22-11-2026``; raises :class:`InputError`."""
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    raise InputError(f"Ngày “{text[:40]}” không đọc được; ví dụ đúng: 2026-11-22 hoặc 22/11/2026.")


def run(args: argparse.Namespace) -> int:
    """Prints the name; 0 done, 2 where an option cannot be used."""
    try:
        value = number.from_parts(args.symbol, args.number)
        name = filename.build(value, parse_date(args.date), args.subject, args.ext)
    except CongvanError as error:
        sys.stderr.write(f"congvan filename: {error.message}\n")
        return error.exit_code
    sys.stdout.write(f"{name}\n")
    return 0
