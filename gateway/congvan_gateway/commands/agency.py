"""`congvan agency`: the directory."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from congvan_core.errors import InputError, os_reason
from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say
from congvan_gateway.main import App


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    listing = acts.add_parser("list", help="liệt kê")
    add = acts.add_parser("add", help="thêm cơ quan hoặc khóa của cơ quan")
    add.add_argument("code", metavar="MÃ")
    add.add_argument("--name", metavar="TÊN")
    add.add_argument("--address", metavar="HỘP-THƯ")
    add.add_argument("--kind", choices=("state", "organisation", "citizen"), default="state")
    add.add_argument("--own", action="store_true", help="cơ quan của đơn vị")
    add.add_argument("--gateway", action="store_true", help="nơi đó có cổng văn bản, trả lời bằng thông báo có chữ ký")
    add.add_argument("--telephone")
    add.add_argument("--key", type=Path, metavar="PEM", help="chứng thư của khóa cổng văn bản")
    add.add_argument("--certificate", type=Path, metavar="PEM", help="chứng thư số của cơ quan trên văn bản")
    add.add_argument("--check", metavar="HỘP-THƯ", help="hộp thư kiểm tra: trả lời kết quả kiểm tra, không vào sổ")
    add.add_argument("--automatic", metavar="NGƯỜI-CHO-PHÉP", help="cho phép tự động vào sổ (cơ quan của đơn vị)")
    imports = acts.add_parser("import", help="nhập danh bạ (CSV, XLSX, JSON)")
    imports.add_argument("file", type=Path)
    imports.add_argument("--preview", action="store_true", help="chỉ xem thay đổi")
    exports = acts.add_parser("export", help="xuất danh bạ")
    exports.add_argument("--format", choices=("csv", "json"), default="csv")
    exports.add_argument("-o", "--output", type=Path)
    for act in (listing, add, imports, exports):
        act.add_argument("--by", metavar="NGƯỜI")
        add_config(act)
        add_output(act)


def run(args: argparse.Namespace) -> int:
    app = open_app(args)
    try:
        return {"list": _list, "add": _add, "import": _import, "export": _export}[args.act](app, args)
    finally:
        app.close()


def _list(app: App, args: argparse.Namespace) -> int:
    from congvan_core.agencies.listing import rows

    with app.database.read() as connection:
        found = rows(connection)
    if args.json:
        print_json([{k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()} for row in found])
        return 0
    for row in found:
        say(f"{row['code']}  {row['name']}  {row['address'] or ''}")
    return 0


def _add(app: App, args: argparse.Namespace) -> int:
    from cryptography import x509

    from congvan_core.agencies.editing import add_mailbox
    from congvan_core.agencies.lookup import by_code
    from congvan_core.ids import VIETNAM
    from congvan_core.registers.instructions import give_instruction
    from congvan_gateway.operations.founding import found_agency

    def certificate(path: Path | None) -> x509.Certificate | None:
        if path is None:
            return None
        try:
            data = path.read_bytes()
            return x509.load_pem_x509_certificate(data) if b"BEGIN" in data else x509.load_der_x509_certificate(data)
        except (OSError, ValueError) as error:
            raise InputError(f"Không đọc được chứng thư {path}") from error

    with app.database.read() as connection:
        known = by_code(connection, args.code, app.clock().astimezone(VIETNAM).date())
    if known is None and not (args.name and args.address):
        raise InputError(f"Cơ quan mới {args.code} cần --name và --address")
    point = found_agency(
        app,
        code=args.code,
        name=args.name or "",
        address=args.address or "",
        own=args.own,
        gateway=args.gateway or args.key is not None,
        kind=args.kind,
        certificate=certificate(args.key),
        document_certificate=certificate(args.certificate),
        telephone=args.telephone,
        actor=actor(args),
    )
    if args.check:
        with app.database.write() as connection:
            add_mailbox(connection, point.id, args.check, role="check", actor=actor(args), test_environment=True)
    if args.automatic:
        with app.database.write() as connection:
            give_instruction(connection, point.id, given_by=args.automatic, at=app.clock())
    say(f"{point.raw_code}  {point.name}")
    return 0


def _import(app: App, args: argparse.Namespace) -> int:
    from congvan_core.agencies import importing

    try:
        data = args.file.read_bytes()
    except OSError as error:
        raise InputError(f"Không đọc được {args.file}: {os_reason(error)}") from error
    lines = importing.read_lines(data, args.file.name)
    with app.database.write() as connection:
        if args.preview:
            result = importing.preview(connection, lines, test_environment=True)
        else:
            result = importing.apply(connection, lines, actor=actor(args), at=app.clock(), test_environment=True)
    for row, sentence in result.errors:
        say(f"dòng {row}: {sentence}")
    if args.json:
        print_json(
            {
                "rows": result.rows,
                "changes": len(result.changes),
                "unchanged": result.unchanged,
                "errors": [{"row": row, "message": sentence} for row, sentence in result.errors],
            }
        )
    else:
        verb = "sẽ thay đổi" if args.preview else "đã thay đổi"
        say(f"{result.rows} dòng, {verb} {len(result.changes)} mục, {len(result.errors)} lỗi")
    return 1 if result.errors else 0


def _export(app: App, args: argparse.Namespace) -> int:
    from congvan_core.agencies import listing

    with app.database.read() as connection:
        data = listing.export_json(connection) if args.format == "json" else listing.export_csv(connection)
    if args.output is None:
        sys.stdout.buffer.write(data)
    else:
        args.output.write_bytes(data)
        say(f"Đã xuất {args.output}")
    return 0
