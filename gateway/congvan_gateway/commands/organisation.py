"""`congvan organisation`: units, people, positions and delegation in time; every change in the journal (NĐ 30/2020 Điều 13)."""

from __future__ import annotations

import argparse
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, own_agency, print_json, say

if TYPE_CHECKING:
    from sqlalchemy import Connection

_PERSON = ("person", {"metavar": "NGƯỜI", "help": "họ tên, tên đăng nhập hoặc mã"})
_FROM = ("--from", {"dest": "valid_from", "metavar": "NGÀY", "help": "từ ngày, 2026-12-01"})
_TO = ("--to", {"dest": "valid_to", "metavar": "NGÀY", "help": "đến hết ngày"})
_PRINTS = ("--certificate", {"action": "append", "default": [], "metavar": "SHA-256", "help": "dấu vân tay chứng thư số; lặp lại được"})  # fmt: skip
_ACTS: dict[str, tuple[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "show": ("đơn vị, người, chức vụ, giao quyền ký", (
        ("--on", {"metavar": "NGÀY", "help": "ai giữ chức vụ gì vào ngày này (mặc định: hôm nay)"}),)),
    "unit": ("thêm đơn vị", (
        ("code", {"metavar": "MÃ"}), ("name", {"metavar": "TÊN"}), ("--parent", {"metavar": "MÃ", "help": "đơn vị cấp trên"}))),
    "person": ("thêm người", (
        ("name", {"metavar": "HỌ-TÊN"}), ("--account", {"metavar": "TÊN-ĐĂNG-NHẬP", "help": "tài khoản của người này"}), _PRINTS)),
    "certificates": ("chứng thư số được biết là của một người (không nêu: bỏ hết)", (_PERSON, _PRINTS)),
    "appoint": ("giao chức vụ và vai trò", (
        _PERSON, ("position", {"metavar": "CHỨC-VỤ", "help": "như in trên văn bản: PHÓ CHỦ TỊCH"}),
        ("--role", {"action": "append", "required": True, "dest": "roles", "metavar": "VAI-TRÒ",
                    "help": "clerk, officer, unit_head, leader; lặp lại được"}),
        ("--unit", {"metavar": "MÃ", "help": "không nêu: lãnh đạo cơ quan"}), _FROM, _TO)),
    "end-position": ("kết thúc một chức vụ", (
        ("id", {"metavar": "MÃ"}), ("--last-day", {"metavar": "NGÀY", "help": "mặc định: hôm nay"}))),
    "leave": ("ghi một người thôi làm việc: chức vụ và giao quyền kết thúc", (_PERSON,)),
    "delegate": ("giao quyền ký TM., KT., TL., TUQ., Q.", (
        ("giver", {"metavar": "NGƯỜI-GIAO"}), ("taker", {"metavar": "NGƯỜI-NHẬN"}),
        ("--form", {"required": True, "metavar": "TM|KT|TL|TUQ|Q"}), _FROM, _TO,
        ("--matter", {"metavar": "VIỆC", "help": "không nêu: mọi việc"}), ("--basis", {"metavar": "VĂN-BẢN", "help": "căn cứ giao quyền"}))),
    "end-delegation": ("chấm dứt giao quyền ký", (("id", {"metavar": "MÃ"}),)),
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
        if args.act == "show":
            return _show(app, args)
        with app.database.write() as connection:
            made, told = _change(connection, args, own_agency(connection, args).id, app.clock())
        print_json({"id": made, "done": told}) if args.json else say(f"{told} ({made})")
        return 0
    finally:
        app.close()


def _day(text: str | None, what: str) -> date | None:
    from congvan_core.errors import InputError

    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(f"{what} “{text}” không phải ngày (viết 2026-12-01).") from None


def _unit_id(connection: Connection, agency_id: str, code: str | None) -> str | None:
    from congvan_core.errors import NotFoundError
    from congvan_gateway.drafting.people import units_of

    if code is None:
        return None
    units = {one.code: str(one.id) for one in units_of(connection, agency_id)}
    if code not in units:
        raise NotFoundError(f"Không có đơn vị mã {code}; các đơn vị: {', '.join(units) or 'chưa có'}.")
    return units[code]


def _change(connection: Connection, args: argparse.Namespace, agency_id: str, at: datetime) -> tuple[str, str]:
    """The id of what was made or ended, and the sentence."""
    from congvan_core.documents.text import nfc
    from congvan_core.ids import VIETNAM
    from congvan_core.workflow import departures, organisation
    from congvan_gateway.drafting.people import account_id_of, person_of

    by = actor(args)
    if args.act == "unit":
        parent = _unit_id(connection, agency_id, args.parent)
        code, name = nfc(args.code), nfc(args.name)
        made = organisation.add_unit(connection, agency_id, code, name, actor=by, at=at, parent_id=parent)
        return made, f"Đã thêm đơn vị {code} {name}"
    if args.act == "person":
        account_id = account_id_of(connection, agency_id, args.account) if args.account else None
        prints = departures.checked_fingerprints(args.certificate)
        name = nfc(args.name)
        made = organisation.add_person(
            connection, agency_id, name, actor=by, at=at, account_id=account_id, certificates=prints
        )
        return made, f"Đã thêm {name}"
    if args.act == "end-position":
        last = _day(args.last_day, "Ngày") or at.astimezone(VIETNAM).date()
        departures.end_appointment(connection, agency_id, args.id, last, actor=by, at=at)
        return args.id, f"Chức vụ kết thúc vào cuối ngày {last:%d/%m/%Y}"
    if args.act == "end-delegation":
        departures.end_delegation(connection, agency_id, args.id, actor=by, at=at)
        return args.id, "Đã chấm dứt giao quyền ký"
    if args.act == "delegate":
        giver, taker = (person_of(connection, agency_id, name) for name in (args.giver, args.taker))
        begins, ends = _day(args.valid_from, "Từ ngày"), _day(args.valid_to, "Đến hết ngày")
        form = args.form.strip(".").upper()
        made = organisation.delegate(
            connection, giver.id, taker.id, form, actor=by, at=at, matter=args.matter, basis=args.basis,
            valid_from=datetime.combine(begins, time.min, VIETNAM) if begins else at,
            valid_to=datetime.combine(ends, time(23, 59, 59), VIETNAM) if ends else None,
        )  # fmt: skip
        return made, f"{giver.full_name} giao quyền ký {form}. cho {taker.full_name}"
    there = person_of(connection, agency_id, args.person)
    if args.act == "leave":
        departures.leave(connection, agency_id, there.id, actor=by, at=at)
        return there.id, f"Đã ghi {there.full_name} thôi làm việc"
    if args.act == "certificates":
        departures.set_certificates(connection, agency_id, there.id, args.certificate, actor=by, at=at)
        return there.id, f"Đã ghi chứng thư số của {there.full_name}"
    made = organisation.appoint(
        connection, there.id, nfc(args.position), args.roles, actor=by, at=at,
        unit_id=_unit_id(connection, agency_id, args.unit),
        valid_from=_day(args.valid_from, "Từ ngày"), valid_to=_day(args.valid_to, "Đến hết ngày"),
    )  # fmt: skip
    return made, f"Đã giao chức vụ {nfc(args.position)} cho {there.full_name}"


def _show(app: Any, args: argparse.Namespace) -> int:
    from congvan_core.ids import VIETNAM
    from congvan_core.workflow.departures import delegations_of
    from congvan_gateway.drafting.people import everybody, units_of

    on = _day(args.on, "Ngày") or app.clock().astimezone(VIETNAM).date()
    with app.database.read() as connection:
        agency = own_agency(connection, args)
        rows = units_of(connection, agency.id)
        codes = {one.id: one.code for one in rows}
        units = [{"code": one.code, "name": one.name, "parent": codes.get(one.parent_id)} for one in rows]
        people = everybody(connection, agency.id, on)
        delegations = delegations_of(connection, agency.id)
    if args.json:
        print_json({"agency": agency.code, "on": on.isoformat(), "units": units, "people": people,
                    "delegations": delegations})  # fmt: skip
        return 0
    say(agency.name)
    for one in units:
        say(f"  {one['code']}  {one['name']}")
    for who in people:
        held = [p for p in who["positions"] if p["now"]]
        words = "; ".join(f"{p['position']} ({', '.join(p['roles'])}) {p['id']}" for p in held)
        say(f"  {who['name']}: {words or 'không giữ chức vụ'}{'' if who['active'] else ' · đã thôi làm việc'}")
    for given in delegations:
        until = f" đến {given['to']}" if given["to"] else ""
        say(f"  {given['giver']} → {given['taker']} {given['form']}. từ {given['from']}{until} {given['id']}")
    return 0
