"""`congvan dossier`: the yearly list, filling, closing, hand-over, destruction, export, rights and freezing."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, own_agency, print_json, say

if TYPE_CHECKING:
    from congvan_gateway.main import App

_DOSSIER = ("dossier", {"metavar": "HỒ-SƠ", "help": "01.TCCB, 2026/01.TCCB hoặc mã"})
_DOCUMENT = ("document", {"metavar": "VĂN-BẢN", "help": "mã, hoặc 12/QĐ-UBND"})
_ACTS: dict[str, tuple[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "list": ("danh mục hồ sơ của một năm", (
        ("--year", {"type": int, "metavar": "NĂM"}), ("--due", {"action": "store_true", "help": "sắp đến hạn nộp lưu"}),
        ("-o", {"dest": "output", "type": Path, "metavar": "TỆP", "help": "in ra .pdf, .docx, .xlsx hoặc .csv"}))),
    "show": ("các văn bản trong hồ sơ, theo thời gian", (_DOSSIER,)),
    "add": ("thêm vào danh mục", (
        ("title", {"metavar": "TÊN"}), ("--unit", {"required": True, "metavar": "MÃ", "help": "đơn vị, ví dụ TCCB"}),
        ("--year", {"type": int, "metavar": "NĂM"}), ("--notation", {"metavar": "SỐ-KÝ-HIỆU"}),
        ("--retention", {"metavar": "THỜI-HẠN", "default": "10", "help": "số năm, hoặc vinh-vien"}),
        ("--keeper", {"metavar": "TÊN", "help": "người lập hồ sơ"}))),
    "approve": ("ghi việc người đứng đầu duyệt danh mục", (
        ("--year", {"type": int, "metavar": "NĂM"}), ("--approver", {"required": True, "metavar": "TÊN"}),
        ("--basis", {"default": "", "metavar": "VĂN-BẢN"}))),
    "put": ("đưa văn bản vào hồ sơ (không chép lại)", (_DOSSIER, _DOCUMENT)),
    "take-out": ("rút văn bản đưa nhầm", (_DOSSIER, _DOCUMENT, ("--reason", {"required": True, "metavar": "LÝ-DO"}))),
    "close": ("kết thúc hồ sơ", (_DOSSIER, ("--construction", {"action": "store_true", "help": "hồ sơ công trình: 03 tháng"}))),
    "extend": ("giữ lại quá hạn nộp lưu", (
        _DOSSIER, ("--until", {"required": True, "metavar": "NGÀY"}), ("--consent", {"required": True, "metavar": "VĂN-BẢN"}))),
    "hand-over": ("nộp vào lưu trữ cơ quan", (_DOSSIER, ("--to", {"required": True, "metavar": "TÊN"}))),
    "destroy": ("hủy hồ sơ hết thời hạn bảo quản, có biên bản", (
        _DOSSIER, ("--decision", {"required": True, "metavar": "QUYẾT-ĐỊNH"}),
        ("--witness", {"action": "append", "default": [], "metavar": "TÊN"}))),
    "export": ("xuất hồ sơ: .zip (gói nộp lưu: tệp, XML, mục lục), .pdf (mọi văn bản theo thời gian) hoặc .xml", (
        _DOSSIER, ("-o", {"dest": "output", "type": Path, "required": True, "metavar": "TỆP"}))),
    "limit": ("chỉ những người này được xem (không nêu ai: bỏ giới hạn)", (
        ("subject", {"metavar": "HỒ-SƠ|VĂN-BẢN"}), ("--people", {"nargs": "*", "default": [], "metavar": "TÀI-KHOẢN"}),
        ("--basis", {"required": True, "metavar": "CĂN-CỨ"}))),
    "confirm-limit": ("xác nhận thay đổi quyền xem", (("subject", {"metavar": "HỒ-SƠ|VĂN-BẢN"}),)),
    "freeze": ("phong tỏa theo lệnh", (("subject", {"metavar": "HỒ-SƠ|VĂN-BẢN"}), ("--basis", {"required": True, "metavar": "LỆNH"}))),
    "lift": ("gỡ phong tỏa theo lệnh", (("subject", {"metavar": "HỒ-SƠ|VĂN-BẢN"}), ("--basis", {"required": True, "metavar": "LỆNH"}))),
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    for name, (text, arguments) in _ACTS.items():
        sub = acts.add_parser(name, help=text, description=text)
        for flag, options in arguments:
            sub.add_argument(flag, **options)
        sub.add_argument("--agency", metavar="MÃ", help="cơ quan của đơn vị, khi có nhiều")
        sub.add_argument("--by", metavar="TÊN", help="người thực hiện")
        add_config(sub)
        add_output(sub)


def run(args: argparse.Namespace) -> int:
    app = open_app(args)
    try:
        if args.act in ("list", "show", "export", "destroy"):
            return {"list": _list, "show": _show, "export": _export, "destroy": _destroy}[args.act](app, args)
        with app.database.write() as connection:
            told = _CHANGES[args.act](connection, args, own_agency(connection, args), app.clock())
        print_json({"done": told}) if args.json else say(told)
        return 0
    finally:
        app.close()


def _year(args: argparse.Namespace, at: datetime) -> int:
    from congvan_core.ids import VIETNAM

    return int(args.year or at.astimezone(VIETNAM).year)


def _dossier(connection: Any, args: argparse.Namespace, agency: Any) -> Any:
    from congvan_core.dossiers.listing import by_notation

    return by_notation(connection, [agency.id], args.dossier)


def _document(connection: Any, args: argparse.Namespace, agency: Any) -> Any:
    from congvan_core.documents.finding_again import resolve_document

    return resolve_document(connection, args.document, agency_id=agency.id)


def _subject(connection: Any, args: argparse.Namespace, agency: Any) -> str:
    from congvan_core.documents.finding_again import resolve_document
    from congvan_core.dossiers.listing import by_notation
    from congvan_core.errors import NotFoundError

    try:
        return f"dossier:{by_notation(connection, [agency.id], args.subject).id}"
    except NotFoundError:
        return f"document:{resolve_document(connection, args.subject, agency_id=agency.id).id}"


def _add(connection: Any, args: argparse.Namespace, agency: Any, at: datetime) -> str:
    from congvan_core.dossiers.keeping import get, list_dossier
    from congvan_core.errors import InputError

    given = args.retention.strip().lower()
    if given not in ("vinh-vien", "vĩnh viễn") and not (given.isascii() and given.isdigit()):
        raise InputError("Thời hạn bảo quản là số năm, hoặc vinh-vien")
    made = list_dossier(
        connection, agency.id, _year(args, at), args.unit, args.title, keeper=args.keeper or actor(args),
        retention_years=int(given) if given.isdigit() else None, actor=actor(args), at=at, notation=args.notation,
    )  # fmt: skip
    return f"Đã thêm hồ sơ {get(connection, made).notation}"


def _approve(connection: Any, args: argparse.Namespace, agency: Any, at: datetime) -> str:
    from congvan_core.dossiers.listing import approve_list

    year = _year(args, at)
    approve_list(connection, agency.id, year, args.approver, actor=actor(args), at=at, basis=args.basis)
    return f"Danh mục hồ sơ năm {year} đã được {args.approver} duyệt"


def _put(connection: Any, args: argparse.Namespace, agency: Any, at: datetime) -> str:
    from congvan_core.dossiers.keeping import put_in

    row = _dossier(connection, args, agency)
    place = put_in(connection, row.id, _document(connection, args, agency).id, actor=actor(args), at=at)
    return f"Văn bản thứ {place} của hồ sơ {row.notation}"


def _take_out(connection: Any, args: argparse.Namespace, agency: Any, at: datetime) -> str:
    from congvan_core.dossiers.keeping import take_out

    row = _dossier(connection, args, agency)
    take_out(connection, row.id, _document(connection, args, agency).id, args.reason, actor=actor(args), at=at)
    return f"Đã rút khỏi hồ sơ {row.notation}"


def _close(connection: Any, args: argparse.Namespace, agency: Any, at: datetime) -> str:
    from congvan_core.dossiers.keeping import close, get

    row = _dossier(connection, args, agency)
    close(connection, row.id, actor=actor(args), at=at, construction=args.construction)
    due = get(connection, row.id).transfer_due
    return f"Đã kết thúc hồ sơ {row.notation}" + (f"; nộp lưu trước {due:%d/%m/%Y}" if due else "; không phải nộp lưu")


def _extend(connection: Any, args: argparse.Namespace, agency: Any, at: datetime) -> str:
    from congvan_core.dossiers.keeping import extend
    from congvan_core.errors import InputError
    from congvan_gateway.commands.send import parse_day

    until = parse_day(args.until, "--until")
    if until is None:
        raise InputError("Thiếu ngày")
    row = _dossier(connection, args, agency)
    extend(connection, row.id, until, args.consent, actor=actor(args), at=at)
    return f"Hồ sơ {row.notation} được giữ đến {until:%d/%m/%Y}"


def _hand_over(connection: Any, args: argparse.Namespace, agency: Any, at: datetime) -> str:
    from congvan_core.dossiers.keeping import hand_over

    row = _dossier(connection, args, agency)
    hand_over(connection, row.id, args.to, actor=actor(args), at=at)
    return f"Đã nộp lưu hồ sơ {row.notation}; từ nay chỉ đọc"


def _limit(connection: Any, args: argparse.Namespace, agency: Any, at: datetime) -> str:
    from congvan_core.dossiers.rights import limit_access

    limit_access(connection, _subject(connection, args, agency), args.people, args.basis, actor=actor(args), at=at)
    return f"Chỉ {', '.join(args.people)} được xem; chờ xác nhận" if args.people else "Đã bỏ giới hạn xem"


def _confirm(connection: Any, args: argparse.Namespace, agency: Any, at: datetime) -> str:
    from congvan_core.dossiers.rights import confirm_access

    confirm_access(connection, _subject(connection, args, agency), actor=actor(args), at=at)
    return "Đã xác nhận thay đổi quyền xem"


def _freeze(connection: Any, args: argparse.Namespace, agency: Any, at: datetime) -> str:
    from congvan_core.dossiers.rights import freeze

    freeze(connection, _subject(connection, args, agency), args.basis, actor=actor(args), at=at)
    return "Đã phong tỏa: không thay đổi, không hủy được"


def _lift(connection: Any, args: argparse.Namespace, agency: Any, at: datetime) -> str:
    from congvan_core.dossiers.rights import lift

    lift(connection, _subject(connection, args, agency), args.basis, actor=actor(args), at=at)
    return "Đã gỡ phong tỏa"


_CHANGES: dict[str, Callable[[Any, argparse.Namespace, Any, datetime], str]] = {
    "add": _add, "approve": _approve, "put": _put, "take-out": _take_out, "close": _close, "extend": _extend,
    "hand-over": _hand_over, "limit": _limit, "confirm-limit": _confirm, "freeze": _freeze, "lift": _lift,
}  # fmt: skip


def _list(app: App, args: argparse.Namespace) -> int:
    from congvan_core.dossiers.keeping import due_soon
    from congvan_core.dossiers.listing import cells, dossiers
    from congvan_core.dossiers.rights import closed_dossiers
    from congvan_core.ids import VIETNAM
    from congvan_gateway.operations.dossier_prints import list_paper
    from congvan_gateway.operations.printing import write_paper

    with app.database.read() as connection:
        agency = own_agency(connection, args)
        if args.output is not None:
            say(
                write_paper(
                    args.output,
                    list_paper(connection, agency, _year(args, app.clock()), at=app.clock(), login=actor(args)),
                )
            )
            return 0
        closed = closed_dossiers(connection, actor(args))
        rows = [one for one in dossiers(connection, [agency.id], year=args.year) if one.id not in closed]
        if args.due:
            due = {one.id for one in due_soon(connection, agency.id, app.clock().astimezone(VIETNAM).date())}
            rows = [one for one in rows if one.id in due]
    if args.json:
        keys = ("id", "year", "notation", "title", "retention_years", "keeper", "state", "documents")
        print_json([{key: getattr(row, key) for key in keys} | {
            "transfer_due": row.transfer_due.isoformat() if row.transfer_due else None} for row in rows])  # fmt: skip
        return 0
    for row in rows:
        say(f"{row.year}  " + "  ".join(str(one) for one in cells(row) if one not in (None, "")))
    return 0


def _show(app: App, args: argparse.Namespace) -> int:
    from congvan_core.documents.store import number_symbol
    from congvan_core.dossiers.keeping import documents_in
    from congvan_core.dossiers.listing import note_view
    from congvan_core.dossiers.rights import hidden_from, require_open

    with app.database.write() as connection:
        row = _dossier(connection, args, own_agency(connection, args))
        require_open(connection, "dossier", row.id, actor(args))
        hidden = hidden_from(connection, actor(args))
        held = [one for one in documents_in(connection, row.id) if one.id not in hidden]
        note_view(connection, row.id, actor=actor(args), at=app.clock())
    found = [
        {"ordinal": one.ordinal, "document_id": one.id, "number_symbol": number_symbol(one.number, one.symbol),
         "date": one.issued_on.isoformat() if one.issued_on else None, "subject": one.subject} for one in held
    ]  # fmt: skip
    if args.json:
        print_json({"id": row.id, "notation": row.notation, "title": row.title, "state": row.state, "documents": found})
        return 0
    say(f"{row.notation} năm {row.year}: {row.title}")
    for line in found:
        say(f"  {line['ordinal']:>3}  {line['number_symbol']}  {line['date'] or ''}  {line['subject'] or ''}")
    return 0


def _export(app: App, args: argparse.Namespace) -> int:
    from congvan_core.dossiers.exporting import dossier_xml
    from congvan_core.dossiers.package import dossier_package
    from congvan_core.dossiers.rights import require_whole
    from congvan_core.journal.writing import append
    from congvan_gateway.operations.dossier_copy import reading_copy

    with app.database.read() as connection:
        agency = own_agency(connection, args)
        row = _dossier(connection, args, agency)
        require_whole(connection, row.id, actor(args))
        form = args.output.suffix.lower().lstrip(".")
        if form == "xml":
            data = dossier_xml(connection, row.id, organ_id=agency.raw_code)
        elif form != "pdf":
            made = dossier_package(
                connection, app.blobs, row.id, organ_id=agency.raw_code, organ_name=agency.name, at=app.clock()
            )
    files = 1
    if form in ("pdf", "xml"):
        args.output.write_bytes(reading_copy(app, row.id) if form == "pdf" else data)
    else:
        made.write(args.output)
        files = sum(1 for _ in made)
    with app.database.write() as connection:
        append(connection, agency_id=agency.id, actor=actor(args), kind="dossier.exported", subject=f"dossier:{row.id}",
               at=app.clock(), data={"files": files, "form": form})  # fmt: skip
    say(f"Đã xuất {args.output}: {files} tệp")
    return 0


def _destroy(app: App, args: argparse.Namespace) -> int:
    from congvan_core.dossiers.keeping import destroy
    from congvan_gateway.operations.destroying import destroy_contents

    with app.database.write() as connection:
        row = _dossier(connection, args, own_agency(connection, args))
        alone = destroy(connection, row.id, args.decision, args.witness, actor=actor(args), at=app.clock())
    gone = destroy_contents(app, alone, args.decision, actor=actor(args))
    say(f"Đã hủy hồ sơ {row.notation}: {len(alone)} văn bản, {gone} tệp; dòng trong danh mục và biên bản còn giữ")
    return 0
