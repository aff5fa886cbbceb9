"""`congvan route`: routing tables, tried before they are switched on and rolled back with one act."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from congvan_core.errors import InputError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say, warn
from congvan_gateway.main import App

_HEALTH = {"open": "đang ngắt", "half_open": "đang thăm dò"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    listing = acts.add_parser("list", help="bảng đang dùng, các phiên bản, sức khỏe đường gửi")
    listing.add_argument("--version", dest="table", type=int, metavar="N", help="xem phiên bản này")
    explains = acts.add_parser("explain", help="nơi nhận này đi theo dòng nào, vì sao, rồi sao nữa")
    explains.add_argument("code", metavar="MÃ")
    explains.add_argument("--urgency", default="thường", metavar="ĐỘ-KHẨN")
    explains.add_argument("--size", type=int, metavar="BYTE")
    explains.add_argument("--at", metavar="LÚC", help="vào lúc này thay cho bây giờ, ví dụ 2026-11-22T23:00")
    tests = acts.add_parser("test", help="thử một bảng trên các thư đã gửi, chưa bật")
    tests.add_argument("file", nargs="?", type=Path, metavar="TỆP", help="TOML hoặc XLSX; không có thì dùng --version")
    tests.add_argument("--version", dest="table", type=int, metavar="N")
    tests.add_argument("--days", type=int, default=30, metavar="NGÀY")
    imports = acts.add_parser("import", help="nhập bảng (TOML, XLSX); bật ngay với --activate")
    imports.add_argument("file", type=Path, metavar="TỆP")
    imports.add_argument("--note", default="", metavar="GHI-CHÚ")
    imports.add_argument("--activate", action="store_true", help="bật ngay sau khi nhập")
    exports = acts.add_parser("export", help="xuất bảng đang dùng hoặc một phiên bản")
    exports.add_argument("--version", dest="table", type=int, metavar="N")
    exports.add_argument("--format", choices=("toml", "xlsx"), default="toml")
    exports.add_argument("-o", "--output", type=Path)
    activates = acts.add_parser("activate", help="bật một phiên bản")
    activates.add_argument("table", type=int, metavar="N")
    back = acts.add_parser("rollback", help="quay lại bảng dùng trước đó")
    for act in (listing, explains, tests, imports, exports, activates, back):
        act.add_argument("--by", metavar="NGƯỜI")
        add_config(act)
        add_output(act)


def run(args: argparse.Namespace) -> int:
    app = open_app(args)
    acts = {
        "list": _list, "explain": _explain, "test": _test, "import": _import, "export": _export,
        "activate": _activate, "rollback": _rollback,
    }  # fmt: skip
    try:
        return acts[args.act](app, args)
    except RefusedError as error:
        if args.json and "faults" in error.details:
            print_json({"faults": error.details["faults"]})
        raise
    finally:
        app.close()


def _list(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.routing import keeping
    from congvan_gateway.routing.asking import health
    from congvan_gateway.routing.model import BUILT_IN

    with app.database.read() as connection:
        kept = keeping.get(connection, args.table) if args.table is not None else keeping.active(connection)
        known = keeping.versions(connection)
        table = kept.table
        ways = [*(table.transports if table else ()), BUILT_IN]
        ill = health(connection, ways)
    rows: list[dict[str, Any]] = table.to_json().get("routes", []) if table else []
    if args.json:
        print_json({"table_version": kept.version, "rows": rows, "transports": ways, "versions": known, "health": ill})
        return 0
    if table is None:
        say("Chưa có bảng định tuyến; mọi thư đi theo mục [delivery] của cấu hình.")
    else:
        say(f"Bảng định tuyến phiên bản {kept.version}")
        for number, row in enumerate(rows, 1):
            match = ", ".join(f"{key}={value}" for key, value in (row.get("match") or {}).items()) or "mọi nơi nhận"
            say(f"  {number}. {row['name']}: {match} -> {', '.join(row.get('transports') or ()) or '(theo mẫu)'}")
    for item in ill:
        say(
            f"  ! {item['destination']} {_HEALTH.get(item['state'], item['state'])} từ {item['since']} ({item['because']})"
        )
    for item in known:
        say(f"  phiên bản {item['version']}: {item['state']}, {item['rows']} dòng, {item['created_by']}")
    return 0


def _explain(app: App, args: argparse.Namespace) -> int:
    from congvan_core.documents import urgency
    from congvan_gateway.routing.asking import explain
    from congvan_gateway.routing.deciding import channel_vi

    level = urgency.read(args.urgency)
    if level is None:
        raise InputError(f"Không có độ khẩn '{args.urgency}'")
    with app.database.read() as connection:
        result = explain(connection, app, args.code, urgency=level, size=args.size, at=_moment(args.at))
    if args.json:
        print_json(result)
        return 0
    to = result["recipient"]
    say(f"{to['code']} {to['name']} <{to['address']}>")
    say(f"Dòng: {result['row']} (bảng phiên bản {result['table_version']})")
    say(f"Vì sao: {result['because']}")
    for item in result["skipped"]:
        say(f"  bỏ qua '{item['row']}': {item['because']}")
    say("Đường gửi: " + " → ".join(result["transports"]))
    for step in result["next"]:
        say(f"  - {step}")
    channel = result["channel"]
    say(
        f"Kênh trong danh bạ: {channel_vi(channel['channel'])}; lý do (khoản 4 Điều 13): {channel['reason'] or 'chưa ghi'}"
    )
    if channel["review_due"]:
        say(f"  ! Đến hạn xem xét lại kênh ({channel['review_on']})")
    for item in result["health"]:
        say(f"  ! {item['destination']} {_HEALTH.get(item['state'], item['state'])}: {item['because']}")
    return 0


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"Thời điểm '{text}' không đọc được; viết như 2026-11-22T23:00") from error
    return at if at.tzinfo else at.replace(tzinfo=VIETNAM)


def _test(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.routing import keeping
    from congvan_gateway.routing.asking import try_on_past

    with app.database.read() as connection:
        if args.file is not None:
            table = _read(connection, args.file)
        elif args.table is not None:
            kept = keeping.get(connection, args.table)
            assert kept.table is not None
            table = kept.table
        else:
            raise InputError("Nêu tệp bảng định tuyến hoặc --version")
        keeping.check(table, app.settings)
        trial = try_on_past(connection, app, table, days=args.days)
    if args.json:
        print_json({"faults": [], **trial.to_json()})
        return 0
    say(f"Bảng hợp lệ. {trial.mails} thư trong {args.days} ngày qua, {trial.changed} thư sẽ đi khác:")
    for row, count in trial.by_row.most_common():
        say(f"  {row}: {count}")
    for item in trial.changes[:20]:
        say(
            f"  {item['to']}: {' → '.join(item['before']['transports'])} thành {' → '.join(item['after']['transports'])}"
        )
    return 0


def _read(connection: Any, path: Path) -> Any:
    from congvan_gateway.routing import forms, keeping

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"Không đọc được {path}: {error.strerror}") from error
    return forms.from_file(data, path.name, keeping.active(connection).table)


def _import(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.routing import keeping

    with app.database.write() as connection:
        table = _read(connection, args.file)
        version = keeping.draft(connection, app.settings, table, actor=actor(args), at=app.clock(), note=args.note)
        if args.activate:
            keeping.activate(connection, app.settings, version, actor=actor(args), at=app.clock())
    if args.json:
        print_json({"table_version": version, "active": args.activate, "rows": len(table.routes)})
    else:
        say(
            f"Đã nhập bảng phiên bản {version}"
            + (" và bật" if args.activate else f"; bật bằng: congvan route activate {version}")
        )
    return 0


def _export(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.routing import forms, keeping

    with app.database.read() as connection:
        kept = keeping.get(connection, args.table) if args.table is not None else keeping.active(connection)
    if kept.table is None:
        raise InputError("Chưa có bảng định tuyến nào để xuất")
    data = forms.to_toml(kept.table) if args.format == "toml" else forms.to_xlsx(kept.table)
    if args.format == "xlsx" and (kept.table.groups or kept.table.transports):
        warn("Bảng tính chỉ có các dòng; nhóm và đường gửi nằm trong bản TOML")
    if args.output is None:
        sys.stdout.buffer.write(data)
    else:
        args.output.write_bytes(data)
    return 0


def _activate(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.routing import keeping

    with app.database.write() as connection:
        kept = keeping.activate(connection, app.settings, args.table, actor=actor(args), at=app.clock())
    return _said(args, kept.version)


def _rollback(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.routing import keeping

    with app.database.write() as connection:
        kept = keeping.roll_back(connection, app.settings, actor=actor(args), at=app.clock())
    return _said(args, kept.version)


def _said(args: argparse.Namespace, version: int) -> int:
    if args.json:
        print_json({"table_version": version})
    else:
        say(f"Đang dùng bảng phiên bản {version}" if version else "Không còn bảng nào được bật; dùng cấu hình")
    return 0
