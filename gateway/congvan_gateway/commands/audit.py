"""`congvan audit verify`: checks the journal and names the first fault."""

from __future__ import annotations

import argparse

from congvan_gateway.commands.console_io import add_config, add_output, open_app, print_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    verify = acts.add_parser("verify", help="kiểm tra chuỗi nhật ký")
    add_config(verify)
    add_output(verify)


def run(args: argparse.Namespace) -> int:
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
