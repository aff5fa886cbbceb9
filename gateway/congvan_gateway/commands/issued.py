"""`congvan issued`: after issuing: bản lưu, đăng tải, sao y, and exactly the issued bytes (Điều 20.1.b, 13.3; NĐ 30 Điều 25)."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from congvan_gateway.commands.console_io import (
    actor,
    add_config,
    add_output,
    open_app,
    print_json,
    read_as,
    say,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from congvan_core.documents.store import StoredDocument
    from congvan_gateway.main import App

#: As typed -> as printed on the copy (NĐ 30/2020 Điều 25).
_FORMS = {"sao-y": "SAO Y", "sao-luc": "SAO LỤC", "trich-sao": "TRÍCH SAO"}
_ACTS: dict[str, tuple[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "show": ("bản lưu, các lần đăng tải của một văn bản", ()),
    "file": ("lấy đúng tệp đã phát hành, để in hoặc đăng", (
        ("-o", {"dest": "output", "type": Path, "required": True, "metavar": "TỆP"}),)),
    "keep": ("ghi bản lưu đã in, đóng dấu và ai giữ", (
        ("--holder", {"default": "Văn thư", "metavar": "NGƯỜI", "help": "đơn vị, người nhận bản lưu"}),)),
    "publish": ("ghi việc đăng tải trên cổng thông tin", (
        ("--address", {"required": True, "metavar": "https://…"}),
        ("--on", {"metavar": "NGÀY", "help": "ngày đăng; mặc định: hôm nay"}))),
    "withdraw": ("ghi việc gỡ khỏi cổng thông tin", (("--address", {"required": True, "metavar": "https://…"}),)),
    "copy": ("lập bản sao y, sao lục, trích sao từ bản quét; rồi: congvan draft number, seal, issue", (
        ("scan", {"type": Path, "metavar": "TỆP.pdf", "help": "bản quét màu, từ 200 dpi, tỷ lệ 100 %"}),
        ("--form", {"required": True, "choices": tuple(_FORMS)}),
        ("--short", {"required": True, "metavar": "TÊN-VIẾT-TẮT", "help": "của cơ quan sao, trong ký hiệu: UBND"}),
        ("--allowed-by", {"required": True, "metavar": "NGƯỜI", "help": "người cho phép sao (Điều 27)"}),
        ("--to", {"action": "append", "required": True, "metavar": "MÃ"}),
        ("--subject", {"default": "", "metavar": "TRÍCH-YẾU"}), ("--body", {"metavar": "MÃ", "help": "cơ quan sao, khi có nhiều"}))),
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    for name, (text, arguments) in _ACTS.items():
        sub = acts.add_parser(name, help=text, description=text)
        sub.add_argument("document", metavar="VĂN-BẢN", help="mã hoặc 12/QĐ-UBND")
        for flag, options in arguments:
            sub.add_argument(flag, **options)
        sub.add_argument("--by", metavar="NGƯỜI", help="người làm: tên đăng nhập, họ tên hoặc mã")
        add_config(sub)
        add_output(sub)


def run(args: argparse.Namespace) -> int:
    from congvan_core.documents.finding_again import resolve_document

    app = open_app(args)
    try:
        with app.database.write() as connection:
            row = resolve_document(connection, args.document, direction=None if args.act == "copy" else "outgoing")
            read_as(connection, args, row.id, app.clock())
        if args.act == "file":
            return _file(app, args, row)
        if args.act == "copy":
            made = _copy(app, args, row)
            print_json({"draft": made}) if args.json else say(f"Đã lập bản sao {made}, chờ cấp số")
            return 0
        if args.act != "show":
            with app.database.write() as connection:
                _CHANGES[args.act](connection, args, row, app)
        return _show(app, args, row)
    finally:
        app.close()


def _file(app: App, args: argparse.Namespace, row: StoredDocument) -> int:
    from congvan_core.errors import InputError, NotFoundError, os_reason

    if row.main_sha256 is None or not app.blobs.exists(row.main_sha256):
        raise NotFoundError("Văn bản không có tệp chính")
    try:
        args.output.write_bytes(app.blobs.read(row.main_sha256))
    except OSError as error:
        raise InputError(f"Không ghi được {args.output}: {os_reason(error)}") from error
    told = {"file": str(args.output), "sha256": row.main_sha256}
    print_json(told) if args.json else say(f"Đã ghi {args.output}, SHA-256 {row.main_sha256}")
    return 0


def _keep(connection: Connection, args: argparse.Namespace, row: StoredDocument, app: App) -> None:
    from congvan_core.errors import InputError
    from congvan_core.workflow.numbering_and_seal import keep_archive_copy

    if not args.holder.strip():
        raise InputError("Ghi đơn vị hoặc người nhận bản lưu.")
    keep_archive_copy(connection, row.id, args.holder, actor=actor(args), at=app.clock())


def _publish(connection: Connection, args: argparse.Namespace, row: StoredDocument, app: App) -> None:
    from congvan_core.errors import InputError
    from congvan_core.ids import VIETNAM
    from congvan_core.workflow.publishing import publish

    at = app.clock()
    try:
        on = date.fromisoformat(args.on) if args.on else at.astimezone(VIETNAM).date()
    except ValueError:
        raise InputError(f"Ngày “{args.on}” không phải ngày (viết 2026-12-01).") from None
    publish(connection, row.id, args.address, on, by=actor(args), at=at)


def _withdraw(connection: Connection, args: argparse.Namespace, row: StoredDocument, app: App) -> None:
    from congvan_core.errors import NotFoundError
    from congvan_core.workflow.publishing import publications, withdraw_publication

    there = [one for one in publications(connection, row.id) if one.address == args.address and not one.withdrawn_at]
    if not there:
        raise NotFoundError("Văn bản không được đăng ở địa chỉ này, hoặc đã gỡ.")
    withdraw_publication(connection, there[-1].id, by=actor(args), at=app.clock())


_CHANGES = {"keep": _keep, "publish": _publish, "withdraw": _withdraw}


def _copy(app: App, args: argparse.Namespace, row: StoredDocument) -> str:
    from congvan_core.documents.text import nfc
    from congvan_core.errors import InputError, os_reason
    from congvan_core.workflow.copies import begin_copy
    from congvan_core.workflow.desk_person import first_unit
    from congvan_gateway.drafting.people import bodies_here, named_actor

    clerk, at = named_actor(app, actor(args)), app.clock()
    try:
        data = args.scan.read_bytes()
    except OSError as error:
        raise InputError(f"Không đọc được {args.scan}: {os_reason(error)}") from error
    if b"%PDF-" not in data[:1024]:
        raise InputError("Bản quét phải là tệp PDF: màu, tối thiểu 200 dpi, tỷ lệ 100 % (NĐ 30/2020 Phụ lục I).")
    stored = app.blobs.put_bytes(data)
    with app.database.write() as connection:
        bodies = [code for code, _ in bodies_here(app, connection, clerk.agency_id) if args.body in (None, code)]
        if len(bodies) != 1:
            raise InputError("Hãy nêu cơ quan sao bằng --body MÃ")
        return begin_copy(
            connection, clerk, first_unit(connection, clerk.agency_id, at), form=_FORMS[args.form], body_code=bodies[0],  # type: ignore[arg-type]
            body_short=nfc(args.short), subject=nfc(args.subject) or f"Sao {row.subject or ''}", recipients=args.to,
            allowed_by=nfc(args.allowed_by), stored=stored, name=args.scan.name, at=at, copied_id=row.id,
        )  # fmt: skip


def _show(app: App, args: argparse.Namespace, row: StoredDocument) -> int:
    from congvan_core.ids import iso_vn
    from congvan_core.registers.entries import entries_of
    from congvan_core.workflow.publishing import publications

    with app.database.read() as connection:
        kept = [one.copy_holder for one in entries_of(connection, row.id) if one.copy_holder]
        published = [
            {"address": one.address, "on": one.published_on.isoformat(), "sha256": one.sha256, "by": one.by,
             "withdrawn_at": iso_vn(one.withdrawn_at)}
            for one in publications(connection, row.id)
        ]  # fmt: skip
    if args.json:
        print_json({"document_id": row.id, "archive_copy": kept[0] if kept else None, "published": published})
        return 0
    say(f"{row.number_symbol} {row.subject or ''}")
    say(f"  Bản lưu: {kept[0] if kept else 'chưa ghi'}")
    for one in published:
        say(f"  Đăng {one['on']} {one['address']}{' (đã gỡ)' if one['withdrawn_at'] else ''}")
    return 0
