"""`congvan track`: where each recipient of a document stands."""

from __future__ import annotations

import argparse

from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, read_as, say

STATES = {
    "queued": "chờ gửi",
    "sending": "đang gửi",
    "deferred": "tạm hoãn, sẽ gửi lại",
    "unknown": "chưa rõ kết quả, chờ bằng chứng",
    "accepted": "máy chủ đã nhận chuyển",
    "delivered": "đã vào hộp thư",
    "arrived": "đã đến",
    "received": "đã tiếp nhận",
    "refused": "từ chối tiếp nhận",
    "failed": "không gửi được",
    "recalled": "đã thu hồi",
}
STRENGTHS = {
    "proved": "thông báo có chữ ký",
    "confirmed": "đã xác nhận",
    "recorded": "ghi nhận thủ công",
    "claimed": "chưa chứng thực",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="VĂN-BẢN", help="mã văn bản hoặc 12/QĐ-UBND")
    parser.add_argument("--to", metavar="MÃ", help="chỉ nơi nhận này (với --report-fault, --close-fault, --record)")
    parser.add_argument(
        "--report-fault", metavar="NỘI-DUNG", help="báo sự cố cho đơn vị vận hành (điểm d khoản 2 Điều 20)"
    )
    parser.add_argument("--close-fault", metavar="ĐÃ-XỬ-LÝ", help="đóng báo sự cố: đã xử lý thế nào")
    parser.add_argument("--record", metavar="AI-XÁC-NHẬN", help="ghi lại xác nhận qua điện thoại: ai, lúc nào, số gọi")
    parser.add_argument("--register-number", metavar="SỐ", help="số đến mà bên nhận đọc qua điện thoại")
    parser.add_argument("--by", metavar="NGƯỜI", help="người ghi, người xem: tên đăng nhập")
    add_config(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from congvan_core.documents.finding_again import resolve_document
    from congvan_gateway.dispatch import faults
    from congvan_gateway.dispatch.following import track_json

    app = open_app(args)
    try:
        with app.database.write() as connection:
            row = resolve_document(connection, args.document, direction="outgoing")
            read_as(connection, args, row.id, app.clock())
        if args.report_fault:
            from congvan_gateway.dispatch.reminding import report_fault

            report_fault(app, row.id, args.to, actor=actor(args), note=args.report_fault)
        if args.close_fault is not None:
            faults.close_fault(app, row.id, args.to, actor=actor(args), note=args.close_fault)
        if args.record:
            from congvan_gateway.dispatch.recording_calls import record_call

            record_call(app, row.id, args.to, said=args.record, register_number=args.register_number, actor=actor(args))
        with app.database.read() as connection:
            row = resolve_document(connection, row.id, direction="outgoing")
            result = track_json(connection, row, app.clock())
    finally:
        app.close()
    if args.json:
        print_json(result)
        return 0
    say(f"{result['number']}/{result['symbol']} ngày {result['date']}: {result['subject']}")
    for item in result["recipients"]:
        line = f"  {item['code'] or ''} {item['address']}: {STATES[item['state']]}"
        proof = item["proof"]
        if item["confirmation"]:
            line += f" ({STRENGTHS[item['confirmation']]})"
        if proof and proof["register_number"]:
            line += f", số đến {proof['register_number']}"
        if item["overdue"]:
            line += ", QUÁ HẠN XÁC NHẬN"
        if item["reason"]:
            line += f" [{item['reason']}]"
        say(line)
        if fault := item["fault"]:
            answered = f", trả lời lúc {fault['answers'][-1]['time']}" if fault["answers"] else ""
            closed = f" lúc {fault['closed']['time']}: {fault['closed']['note']}" if fault["closed"] else ""
            say(
                f"    Báo sự cố lúc {fault['reported_at']} tới {fault['operator']}: {faults.WORDS[fault['state']]}{closed}{answered}"
            )
    return 0
