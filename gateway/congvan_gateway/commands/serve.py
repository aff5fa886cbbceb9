"""`congvan serve`: run the program."""

from __future__ import annotations

import argparse

from congvan_gateway.commands.console_io import add_config, open_app


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "--role", action="append", default=[], metavar="VAI-TRÒ", help="chỉ chạy vai trò này (lặp lại được)"
    )
    parser.add_argument("--plain-logs", action="store_true", help="nhật ký cho người đọc thay vì JSON")


def run(args: argparse.Namespace) -> int:
    import structlog

    from congvan_gateway.operations.logs import configure
    from congvan_gateway.operations.serving import run_server
    from congvan_gateway.settings import masked

    app = open_app(args)
    configure(app.settings.operations.log_level, plain=args.plain_logs)
    structlog.get_logger("congvan").info("serve.settings", settings=masked(app.settings))
    return run_server(app, args.role)
