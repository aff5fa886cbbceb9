"""`congvan stats`: figures of a quarter or a year, in real time, on screen, as JSON or xlsx."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from congvan_core.errors import ConflictError
from congvan_gateway.commands.console_io import add_config, add_output, open_app, print_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--year", type=int, metavar="NĂM", help="mặc định: năm nay")
    parser.add_argument("--quarter", type=int, choices=(1, 2, 3, 4), metavar="QUÝ", help="mặc định: cả năm")
    parser.add_argument("--agency", metavar="MÃ", help="một cơ quan của đơn vị")
    parser.add_argument("--xlsx", metavar="TỆP", type=Path, help="ghi bảng tính")
    add_config(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from congvan_core.ids import VIETNAM
    from congvan_gateway.operations.exchange_figures import exchange_figures

    app = open_app(args)
    try:
        year = args.year or app.clock().astimezone(VIETNAM).year
        found = exchange_figures(app, year=year, quarter=args.quarter, agency=args.agency)
    finally:
        app.close()
    if args.xlsx:
        _write(args.xlsx, found)
    if args.json:
        print_json(found)
        return 0
    for agency in found["agencies"]:
        say(f"{agency['name']} ({agency['code']}), {_title(found)}, tính lúc {found['counted_at']}")
        for group, name, value in rows(agency):
            say(f"  {group:<28} {name:<44} {value:>8}")
    if found["report_due"]:
        say(f"Báo cáo năm gửi trước ngày 15/12/{found['year']} (điểm k khoản 1 Điều 24).")
    return 0


def _title(found: dict[str, Any]) -> str:
    return f"quý {found['quarter']} năm {found['year']}" if found["quarter"] else f"năm {found['year']}"


_GROUPS = {
    "incoming": "Văn bản đến",
    "outgoing": "Văn bản đi",
    "handling": "Giải quyết văn bản đến",
    "recipients": "Nơi nhận",
    "arrivals": "Thư đến",
}
_NAMES = {
    "registered": "đã vào sổ", "waiting_number": "chờ số của QLVBĐH", "struck": "đã hủy số", "by_type": "theo loại",
    "by_channel": "theo kênh", "by_urgency": "theo độ khẩn", "by_legal_value": "theo giá trị pháp lý",
    "by_author": "theo tác giả", "automatic": "cách vào sổ", "timeliness": "thời hạn gửi", "by_state": "theo trạng thái",
    "by_confirmation": "theo xác nhận", "by_transport": "theo đường gửi", "sendings": "lượt gửi", "resent": "gửi lại",
    "on_time": "đúng hạn", "late": "muộn", "done_on_time": "xong đúng hạn", "done_late": "xong quá hạn",
    "done_without_deadline": "xong, không có hạn", "open_in_time": "đang làm, trong hạn",
    "open_overdue": "đang làm, quá hạn", "open_without_deadline": "đang làm, không có hạn",
}  # fmt: skip


def rows(agency: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    """(group, figure, number), in the order of the page."""
    for key, group in _GROUPS.items():
        for name, value in agency[key].items():
            if isinstance(value, dict):
                for inner, number in value.items():
                    yield group, f"{_NAMES.get(name, name)}: {_NAMES.get(inner, inner)}", number
            else:
                yield group, _NAMES.get(name, name), value


def _write(path: Path, found: dict[str, Any]) -> None:
    from congvan_core.storage.sheets import write_xlsx

    lines = [(agency["code"], agency["name"], *row) for agency in found["agencies"] for row in rows(agency)]
    data = write_xlsx(
        f"Thống kê {_title(found)}",
        ["Mã cơ quan", "Cơ quan", "Nhóm", "Chỉ tiêu", "Số lượng"],
        lines,
        widths=[14, 40, 26, 46, 12],
        above=[f"Thống kê gửi, nhận và giải quyết văn bản điện tử, {_title(found)}"],
        below=[f"Tính lúc {found['counted_at']} từ sổ, nhật ký và bằng chứng gửi, nhận."],
    )
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise ConflictError(f"Tệp {path} đã có; hãy chọn tên khác.") from None
