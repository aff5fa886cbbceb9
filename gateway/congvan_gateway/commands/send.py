"""`congvan send`: issue and send documents that are already signed."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from congvan_core.errors import InputError
from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say, warn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("main", metavar="VĂN-BẢN", type=Path, help="tệp văn bản chính đã ký số")
    parser.add_argument(
        "enclosures", metavar="PHỤ-LỤC", type=Path, nargs="*", help="phụ lục, bản dự thảo cuối, gói .edxml"
    )
    parser.add_argument(
        "--to",
        action="append",
        default=[],
        metavar="MÃ-ĐỊA-CHỈ-NHÓM",
        help="nơi nhận: mã, địa chỉ hoặc tên nhóm (lặp lại được)",
    )
    parser.add_argument("--number", metavar="SỐ")
    parser.add_argument("--symbol", metavar="KÝ-HIỆU", help="QĐ-UBND hoặc cả 12/QĐ-UBND")
    parser.add_argument("--date", metavar="NGÀY", help="ngày ban hành, 2026-11-22 hoặc 22/11/2026")
    parser.add_argument("--subject", metavar="TRÍCH-YẾU")
    parser.add_argument("--type", metavar="TÊN-LOẠI")
    parser.add_argument("--urgency", metavar="MỨC-ĐỘ", help="thường, khẩn, thượng khẩn, hỏa tốc")
    parser.add_argument("--due", metavar="NGÀY", help="hạn trả lời")
    parser.add_argument("--agency", metavar="MÃ", help="cơ quan của đơn vị, khi có nhiều")
    parser.add_argument("--body", metavar="MÃ", help="tác giả, khi đầu mối phục vụ nhiều tác giả")
    parser.add_argument("--series", default="", metavar="SERI", help="sổ riêng theo loại")
    parser.add_argument("--accept-undecided", metavar="LÝ-DO", help="gửi dù chưa kết luận được chữ ký số")
    parser.add_argument("--for-information", metavar="LÝ-DO", help="gửi văn bản chưa ký số để biết, để tham khảo")
    parser.add_argument("--late-reason", metavar="LÝ-DO", help="lý do gửi muộn (điểm a khoản 1 Điều 6)")
    parser.add_argument("--channel-reason", metavar="LÝ-DO", help="vì sao gửi qua thư (khoản 4 Điều 13)")
    parser.add_argument("--by", metavar="NGƯỜI", help="người gửi")
    add_config(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from congvan_core.documents import urgency
    from congvan_core.documents.text import nfc
    from congvan_core.ids import VIETNAM
    from congvan_gateway.dispatch import pacing
    from congvan_gateway.dispatch.issuing import send
    from congvan_gateway.dispatch.recipient_groups import spread
    from congvan_gateway.dispatch.request import SendRequest, read_files

    if not args.to:
        raise InputError("Thiếu nơi nhận (--to MÃ hoặc ĐỊA-CHỈ)")
    app = open_app(args)
    try:
        files, packet = read_files(args.main, args.enclosures)
        with app.database.read() as connection:
            to = spread(connection, args.to, app.clock().astimezone(VIETNAM).date())
        request = SendRequest(
            files=files,
            to=tuple(to),
            number=args.number,
            symbol=nfc(args.symbol) if args.symbol else None,
            issued_on=parse_day(args.date, "--date"),
            subject=args.subject,
            type_name=args.type,
            urgency=urgency.parse(args.urgency) if args.urgency else None,
            due_on=parse_day(args.due, "--due"),
            agency=args.agency,
            body=args.body,
            series=args.series,
            accept_undecided=args.accept_undecided,
            for_information=args.for_information,
            late_reason=args.late_reason,
            channel_reason=args.channel_reason,
            actor=actor(args),
            packet=packet,
        )
        sent = send(app, request)
        with app.database.read() as connection:
            ahead = pacing.forecast(connection, app.settings.delivery, app.clock())
    finally:
        app.close()
    for sentence in sent.warnings:
        warn(f"Lưu ý: {sentence}")
    if args.json:
        print_json(sent.to_json())
    else:
        say(
            f"Đã phát hành {sent.number}/{sent.symbol}, mã {sent.document_id}; {len(sent.recipients)} nơi nhận đang chờ gửi:"
        )
        for item in sent.recipients:
            say(f"  {item['code'] or ''} {item['address']}")
        if ahead.done_at is not None:
            say(f"Nhà cung cấp giới hạn số thư gửi: {ahead.words}")
        say(f"Theo dõi: congvan track {sent.document_id}")
    return 0


def parse_day(text: str | None, option: str) -> date | None:
    """2026-11-22, 22/11/2026 or 22-11-2026. Raises InputError."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    parts = text.replace("-", "/").split("/")
    try:
        day, month, year = (int(p) for p in parts)
        return date(year, month, day)
    except ValueError:
        raise InputError(f"{option}: '{text}' không phải là ngày; viết 2026-11-22 hoặc 22/11/2026") from None
