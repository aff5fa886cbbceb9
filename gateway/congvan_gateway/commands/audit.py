"""`congvan audit`: checks the journal and names the first fault; the records of the checks of what is stored."""

from __future__ import annotations

import argparse
from pathlib import Path

from congvan_gateway.commands.console_io import add_config, add_output, open_app, print_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    verify = acts.add_parser("verify", help="kiểm tra chuỗi nhật ký")
    add_config(verify)
    add_output(verify)
    fixity = acts.add_parser("fixity", help="biên bản các lần đọc lại, đối chiếu mọi tệp lưu trữ")
    fixity.add_argument("-o", dest="output", type=Path, metavar="TỆP", help="in ra .pdf, .docx, .xlsx hoặc .csv")
    fixity.add_argument("--now", action="store_true", help="đọc lại hết ngay bây giờ")
    add_config(fixity)
    add_output(fixity)


def run(args: argparse.Namespace) -> int:
    if args.act == "fixity":
        return _fixity(args)
    from congvan_core.journal.verifying import verify_all
    from congvan_gateway.operations.head_proof import check_proof

    app = open_app(args)
    try:
        with app.database.read() as connection:
            results = verify_all(connection, now=app.clock(), check_proof=check_proof)
    finally:
        app.close()
    intact = all(result.intact for result in results)
    if args.json:
        print_json({"intact": intact, "journals": [result.as_json() for result in results]})
    else:
        for result in results:
            say(f"{result.agency_id or '(hệ thống)'}: {result.sentence}")
    return 0 if intact else 1


def _fixity(args: argparse.Namespace) -> int:
    from congvan_gateway.operations.daily import check_all
    from congvan_gateway.operations.fixity import fixity_paper, record_json, records
    from congvan_gateway.operations.printing import write_paper

    app = open_app(args)
    try:
        if args.now:
            check_all(app)
        with app.database.read() as connection:
            found = [record_json(row) for row in records(connection)]
            if args.output is not None:
                say(write_paper(args.output, fixity_paper(connection, at=app.clock())))
    finally:
        app.close()
    if args.json:
        print_json(found)
    elif args.output is None:
        for one in found:
            say(f"{one['finished_at']}: {one['checked']} tệp, {one['bytes']} byte, {len(one['faults'])} sai hỏng")
    return 1 if found and (found[0]["faults"] or found[0]["signed"] is False) else 0
