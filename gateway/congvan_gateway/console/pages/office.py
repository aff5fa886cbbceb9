"""Cơ cấu: units, people with positions and certificates, delegation in time, pictures of signatures, dated lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from congvan_core.documents.text import nfc
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import append
from congvan_core.workflow.departures import checked_fingerprints, end_appointment, end_delegation, leave
from congvan_core.workflow.document_lists import KINDS, add_line, end_line, lines_of
from congvan_core.workflow.organisation import add_person, add_unit, appoint, delegate
from congvan_core.workflow.schema import appointment, delegation, document_list, person
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.pages.sending import day_of
from congvan_gateway.console.rights import visible_agencies
from congvan_gateway.drafting.people import bodies_here, meet_everybody, people_of, units_of
from congvan_gateway.drafting.pictures import keep_picture

#: The roles of a position, in the order of the form.
ROLE_WORDS = {
    "clerk": "Văn thư", "officer": "Chuyên viên", "unit_head": "Lãnh đạo đơn vị", "leader": "Lãnh đạo cơ quan",
}  # fmt: skip
FORM_WORDS = {
    "TM": "TM. (thay mặt tập thể)", "KT": "KT. (ký thay)", "TL": "TL. (thừa lệnh)", "TUQ": "TUQ. (thừa ủy quyền)",
    "Q": "Q. (quyền cấp trưởng)",
}  # fmt: skip


def _agency(ask: Ask) -> str:
    with ask.app.database.read() as connection:
        own = visible_agencies(connection, ask.account.agencies)
    wanted = ask.form.text("agency", 32) or ask.query("cq", 32)
    chosen = next((point.id for point in own if wanted in ("", point.id)), None)
    if chosen is None:
        raise RefusedError("Chưa có cơ quan nào để đặt cơ cấu.")
    return chosen


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    agency_id = _agency(ask)
    meet_everybody(ask.app, agency_id)
    on = ask.now.astimezone(VIETNAM).date()
    with ask.app.database.read() as connection:
        own = visible_agencies(connection, ask.account.agencies)
        people = connection.execute(
            select(person).where(person.c.agency_id == agency_id).order_by(person.c.active.desc(), person.c.full_name)
        ).all()
        held: dict[str, list[Any]] = {}
        for row in connection.execute(select(appointment).order_by(appointment.c.id)):
            held.setdefault(row.person_id, []).append(row)
        values: dict[str, Any] = {
            "units": units_of(connection, agency_id),
            "delegations": connection.execute(
                select(delegation).where(delegation.c.agency_id == agency_id).order_by(delegation.c.valid_from.desc())
            ).all(),
            "lists": lines_of(connection, agency_id),
            "working": people_of(connection, agency_id, on=on),
            "bodies": bodies_here(ask.app, connection, agency_id),
        }
    names = {one.id: one.full_name for one in people}
    return ask.render("office.html", status=status, wrong=wrong, agency_id=agency_id, own=own, people=people, held=held,
                      names=names, roles=ROLE_WORDS, forms=FORM_WORDS, kinds=KINDS, today=on, form=ask.form, **values)  # fmt: skip


def act(ask: Ask) -> Response:
    done = _ACTS.get(ask.form.text("act", 20))
    try:
        if done is None:
            raise InputError("Không rõ việc cần làm")
        agency_id = _agency(ask)
        notice = done(ask, agency_id)
    except (InputError, RefusedError, ConflictError, NotFoundError) as error:
        return show(ask, wrong=error.message, status=status_of(error))
    return ask.go(f"/quan-tri/co-cau?cq={agency_id}", notice)


def _unit(ask: Ask, agency_id: str) -> str:
    with ask.app.database.write() as connection:
        add_unit(connection, agency_id, nfc(ask.form.text("code", 20)), nfc(ask.form.text("name", 200)),
                 actor=ask.account.signature, at=ask.now)  # fmt: skip
    return "Đã thêm đơn vị"


def _person(ask: Ask, agency_id: str) -> str:
    """A person without an account: known by name and by certificates only."""
    prints = checked_fingerprints(ask.form.text("certificates", 4000).split())
    with ask.app.database.write() as connection:
        add_person(connection, agency_id, nfc(ask.form.text("name", 100)), actor=ask.account.signature, at=ask.now,
                   certificates=prints)  # fmt: skip
    return "Đã thêm người"


def _mine(ask: Ask, agency_id: str, name: str) -> str:
    """A person of this agency, by the form's field. Raises InputError."""
    wanted = ask.form.text(name, 32)
    with ask.app.database.read() as connection:
        there = connection.execute(
            select(person.c.id).where(person.c.id == wanted, person.c.agency_id == agency_id)
        ).scalar_one_or_none()
    if there is None:
        raise InputError("Hãy chọn người của cơ quan.")
    return str(there)


def _appoint(ask: Ask, agency_id: str) -> str:
    who, unit_id = _mine(ask, agency_id, "person"), ask.form.text("unit", 32)
    with ask.app.database.write() as connection:
        if unit_id and unit_id not in {one.id for one in units_of(connection, agency_id)}:
            raise InputError("Hãy chọn đơn vị của cơ quan.")
        appoint(
            connection, who, nfc(ask.form.text("position", 100)), [r for r in ask.form.texts("role") if r in ROLE_WORDS],
            actor=ask.account.signature, at=ask.now, unit_id=unit_id or None,
            valid_from=day_of(ask.form.text("from", 10), "Ngày bắt đầu"), valid_to=day_of(ask.form.text("to", 10), "Ngày kết thúc"),
        )  # fmt: skip
    return "Đã giao chức vụ"


def _end_appointment(ask: Ask, agency_id: str) -> str:
    on = ask.now.astimezone(VIETNAM).date()
    with ask.app.database.write() as connection:
        end_appointment(
            connection, agency_id, ask.form.text("appointment", 32), on, actor=ask.account.signature, at=ask.now
        )
    return "Chức vụ kết thúc vào cuối hôm nay"


def _leave(ask: Ask, agency_id: str) -> str:
    with ask.app.database.write() as connection:
        leave(connection, agency_id, ask.form.text("person", 32), actor=ask.account.signature, at=ask.now)
    return "Đã ghi nhận thôi làm việc; chức vụ và giao quyền đã kết thúc"


def _delegate(ask: Ask, agency_id: str) -> str:
    giver, taker = _mine(ask, agency_id, "giver"), _mine(ask, agency_id, "taker")
    begins, ends = day_of(ask.form.text("from", 10), "Từ ngày"), day_of(ask.form.text("to", 10), "Đến hết ngày")
    start = datetime.combine(begins, time.min, VIETNAM) if begins else ask.now
    until = datetime.combine(ends, time(23, 59, 59), VIETNAM) if ends else None
    with ask.app.database.write() as connection:
        delegate(
            connection, giver, taker, ask.form.text("form", 4), valid_from=start, valid_to=until,
            actor=ask.account.signature, at=ask.now, matter=ask.form.text("matter", 500) or None,
            basis=ask.form.text("basis", 300) or None,
        )  # fmt: skip
    return "Đã giao quyền ký"


def _end_delegation(ask: Ask, agency_id: str) -> str:
    with ask.app.database.write() as connection:
        end_delegation(connection, agency_id, ask.form.text("delegation", 32), actor=ask.account.signature, at=ask.now)
    return "Đã chấm dứt giao quyền ký"


def _picture(ask: Ask, agency_id: str) -> str:
    uploads = ask.form.files.get("picture", [])
    if len(uploads) != 1:
        raise InputError("Hãy chọn một tệp PNG nền trong suốt.")
    owner = ask.form.text("owner", 60)
    with ask.app.database.read() as connection:
        codes = {f"body:{code}" for code, _ in bodies_here(ask.app, connection, agency_id)}
    if owner not in codes:
        owner = f"person:{_mine(ask, agency_id, 'person')}"
    keep_picture(ask.app, owner, uploads[0].data)
    with ask.app.database.write() as connection:
        append(connection, agency_id=agency_id, actor=ask.account.signature, kind="picture.kept", subject=owner[:100],
               at=ask.now, data={})  # fmt: skip
    return "Đã lưu hình chữ ký, con dấu"


def _list(ask: Ask, agency_id: str) -> str:
    begins = day_of(ask.form.text("from", 10), "Có hiệu lực từ") or ask.now.astimezone(VIETNAM).date()
    with ask.app.database.write() as connection:
        add_line(
            connection, agency_id, ask.form.text("kind", 12), nfc(ask.form.text("what", 300)), valid_from=begins,
            by=ask.account.signature, at=ask.now, basis=ask.form.text("basis", 300),
            valid_to=day_of(ask.form.text("to", 10), "Đến hết ngày"),
        )  # fmt: skip
    return "Đã thêm vào danh mục"


def _end_list(ask: Ask, agency_id: str) -> str:
    with ask.app.database.write() as connection:
        there = connection.execute(
            select(document_list.c.id).where(
                document_list.c.id == ask.form.text("line", 32), document_list.c.agency_id == agency_id
            )
        ).scalar_one_or_none()
        if there is None:
            raise InputError("Không có dòng danh mục này.")
        end_line(connection, there, ask.now.astimezone(VIETNAM).date(), by=ask.account.signature, at=ask.now)
    return "Dòng danh mục hết hiệu lực vào cuối hôm nay"


_ACTS: dict[str, Callable[[Ask, str], str]] = {
    "unit": _unit, "person": _person, "appoint": _appoint, "end_appointment": _end_appointment, "delegate": _delegate,
    "end_delegation": _end_delegation, "leave": _leave, "picture": _picture, "list": _list, "end_list": _end_list,
}  # fmt: skip
