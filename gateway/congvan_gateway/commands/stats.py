"""`congvan stats`: figures of a quarter or a year in real time, and the reports of NĐ 30 Phụ lục IV and VI, printed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, own_agency, print_json, say

if TYPE_CHECKING:
    from congvan_gateway.main import App


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--year", type=int, metavar="NĂM", help="mặc định: năm nay")
    parser.add_argument("--quarter", type=int, choices=(1, 2, 3, 4), metavar="QUÝ", help="mặc định: cả năm")
    parser.add_argument("--agency", metavar="MÃ", help="một cơ quan của đơn vị")
    parser.add_argument("--xlsx", metavar="TỆP", type=Path, help="ghi bảng tính")
    parser.add_argument(
        "-o", dest="output", metavar="TỆP", type=Path, help="in báo cáo ra .pdf, .docx, .xlsx hoặc .csv"
    )
    parser.add_argument(
        "--report",
        metavar="BÁO-CÁO",
        choices=("theo-doi", "qua-han", "van-ban-di"),
        help="thay vì số liệu: sổ theo dõi giải quyết (theo-doi), quá hạn (qua-han), phát hành văn bản đi (van-ban-di)",
    )
    parser.add_argument("--by", metavar="NGƯỜI", help="người xem: tên đăng nhập, để xét quyền xem")
    add_config(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from congvan_core.ids import VIETNAM
    from congvan_core.statistics.words import rows_of_figures, title_of_period
    from congvan_gateway.operations.exchange_figures import exchange_figures
    from congvan_gateway.operations.printing import write_paper
    from congvan_gateway.operations.reports import figures_paper

    app = open_app(args)
    try:
        year = args.year or app.clock().astimezone(VIETNAM).year
        if args.report:
            return _report(app, args, year)
        found = exchange_figures(app, year=year, quarter=args.quarter, agency=args.agency)
        for path in (args.output, args.xlsx):
            if path is not None:
                with app.database.read() as connection:
                    paper = figures_paper(connection, found, at=app.clock())
                told = write_paper(path, paper)
                if not args.json:
                    say(told)
    finally:
        app.close()
    if args.json:
        print_json(found)
        return 0
    for agency in () if args.output or args.xlsx else found["agencies"]:
        say(f"{agency['name']} ({agency['code']}), {title_of_period(found)}, tính lúc {found['counted_at']}")
        for group, name, value in rows_of_figures(agency):
            say(f"  {group:<28} {name:<44} {value:>8}")
    if found["report_due"]:
        say(f"Báo cáo năm gửi trước ngày 15/12/{found['year']} (điểm k khoản 1 Điều 24).")
    return 0


def _report(app: App, args: argparse.Namespace, year: int) -> int:
    from congvan_core.storage.sheets import plain
    from congvan_gateway.operations.printing import write_paper
    from congvan_gateway.operations.reports import report_paper

    with app.database.read() as connection:
        paper = report_paper(
            connection, own_agency(connection, args), args.report, year, at=app.clock(), login=actor(args)
        )
    if args.output is not None:
        say(write_paper(args.output, paper))
    elif args.json:
        print_json([dict(zip(paper.headings, map(plain, row), strict=True)) for row in paper.rows])
    else:
        for row in paper.rows:
            say("  ".join(plain(value) for value in row if value not in (None, "")))
        say(*paper.after[:1])
    return 0
