"""Giải quyết văn bản đến (Điều 18): Trình, phân công, ý kiến, chuyển tiếp, hoàn thành; Phiếu giải quyết and the stamp ĐẾN."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, func, or_, select
from starlette.responses import Response

from congvan_core.calendar import clock_start
from congvan_core.documents.finding_again import resolve_document
from congvan_core.documents.model import Urgency
from congvan_core.dossiers.keeping import dossiers_of, list_dossier
from congvan_core.dossiers.listing import dossiers
from congvan_core.dossiers.rights import may_open, require_open, visible_to
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError, TemporaryError
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import contact_point, document, entry
from congvan_core.workflow import handling
from congvan_core.workflow.handling import Assignment
from congvan_core.workflow.moves import HANDLING_MOVES, HandlingState
from congvan_core.workflow.organisation import Actor, acting
from congvan_core.workflow.schema import draft, handling_supporter, person, unit
from congvan_core.workflow.schema import handling as handlings
from congvan_gateway.console import registry
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.pages.document import load
from congvan_gateway.drafting.digitising import CHANNELS, digitise
from congvan_gateway.drafting.handling_prints import entry_of, sheet_of, stamp_of
from congvan_gateway.drafting.keys import key_choices, opened
from congvan_gateway.drafting.people import actor_of, meet_everybody, people_of, units_of
from congvan_gateway.routing.office import office_calendar

_PAGE = 100
_OPEN = tuple(state.value for state in HandlingState if state is not HandlingState.DONE)


def show(ask: Ask) -> Response:
    """What waits: the clerk's to present, the leader's to assign, the officer's to do; overdue and urgent first."""
    me = actor_of(ask.app, ask.account, ask.query("cq", 32) or None)
    which = ask.query("loc", 12) or "mine"
    with ask.app.database.read() as connection:
        state = func.coalesce(handlings.c.state, HandlingState.REGISTERED.value)
        statement = (
            select(
                document.c.id, document.c.number, document.c.symbol, document.c.subject, document.c.author_name,
                document.c.urgency, document.c.issued_on, document.c.created_at, state.label("state"),
                handlings.c.due_at, handlings.c.lead_unit_id, handlings.c.lead_person_id, handlings.c.finished_at,
                entry.c.number_text, unit.c.name.label("unit"), person.c.full_name.label("officer"),
            )
            .outerjoin(handlings, handlings.c.document_id == document.c.id)
            .outerjoin(entry, and_(entry.c.document_id == document.c.id, entry.c.state != "struck"))
            .outerjoin(unit, unit.c.id == handlings.c.lead_unit_id)
            .outerjoin(person, person.c.id == handlings.c.lead_person_id)
            .where(
                document.c.agency_id == me.agency_id, document.c.direction == "incoming",
                visible_to(connection, ask.account.login),
            )
        )  # fmt: skip
        if which == "done":
            statement = statement.where(handlings.c.state == HandlingState.DONE.value)
        else:
            statement = statement.where(state.in_(_OPEN))
        if which == "late":
            statement = statement.where(handlings.c.due_at < ask.now)
        if which == "mine":
            statement = statement.where(_mine(me, state))
        rows = connection.execute(
            statement.order_by(
                document.c.urgency.desc(),
                handlings.c.due_at.is_(None),
                handlings.c.due_at,
                document.c.created_at.desc(),
            ).limit(_PAGE)
        ).all()
    return ask.render(
        "handling_list.html", rows=rows, which=which, who=me, states={s.value: s.vi for s in HandlingState}
    )


def _mine(me: Actor, state: Any) -> Any:
    units = [one for _, one in me.positions if one]
    wanted = [handlings.c.lead_person_id == me.id]
    if "clerk" in me.roles:
        wanted.append(state == HandlingState.REGISTERED.value)
    if me.roles & {"leader", "unit_head"}:
        wanted.append(and_(state == HandlingState.PRESENTED.value, handlings.c.leader_id == me.id))
    if "unit_head" in me.roles or "officer" in me.roles:
        supports = select(handling_supporter.c.handling_id).where(
            or_(
                and_(handling_supporter.c.unit_id.in_(units), handling_supporter.c.person_id.is_(None)),
                handling_supporter.c.person_id == me.id,
            )
        )
        own = and_(handlings.c.lead_unit_id.in_(units), handlings.c.lead_person_id.is_(None))
        wanted += [own, handlings.c.id.in_(supports)]
    return or_(*wanted)


def _load(ask: Ask) -> tuple[Actor, Row[Any], Row[Any]]:
    row = load(ask)
    if row.direction != "incoming":
        raise NotFoundError("Không có văn bản đến này")
    me = actor_of(ask.app, ask.account, row.agency_id)
    with ask.app.database.write() as connection:
        return me, row, handling.of_document(connection, row.id)


def one(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    me, row, there = _load(ask)
    meet_everybody(ask.app, me.agency_id)
    state = HandlingState(there.state)
    with ask.app.database.read() as connection:
        values: dict[str, Any] = {
            "opinions": handling.opinions(connection, row.id),
            "support": handling.supporters(connection, there.id),
            "dossiers": [
                one
                for one in dossiers(connection, [me.agency_id], state="open")
                if may_open(connection, "dossier", one.id, ask.account.login)
            ],
            "held_in": dossiers_of(connection, row.id),
            "units": units_of(connection, me.agency_id),
            "people": people_of(connection, me.agency_id, on=ask.today),
            "leaders": people_of(connection, me.agency_id, "leader", "unit_head", on=ask.today),
            "entry": entry_of(connection, row.id),
            "names": {
                p.id: p.full_name for p in connection.execute(select(person).where(person.c.agency_id == me.agency_id))
            },
            "unit_names": {u.id: u.name for u in units_of(connection, me.agency_id)},
            "answer": registry_row(connection, there.answer_id),
            "drafts": connection.execute(select(draft).where(draft.c.answers_id == row.id)).all(),
            "files": registry.files_of(connection, row.id),
        }
    values["supporting"] = {one.unit_id for one in values["support"] if one.person_id is None}
    values["helping"] = {one.person_id for one in values["support"] if one.person_id is not None}
    by_hand = "clerk" in me.roles and row.channel in CHANNELS
    main = next((one for one in values["files"] if one.role == "main"), None)
    allowed = {act for act, moves in HANDLING_MOVES.items() if state in moves} & _rights(me, there)
    if "clerk" in me.roles or "leader" in me.roles or handling.works_on(me, there):
        allowed.add("file")
    return ask.render("handling.html", status=status, wrong=wrong, row=row, there=there, state=state, who=me, can=allowed,
                      proposed=_proposed(ask, row), form=ask.form, by_hand=by_hand, main=main,
                      keys=key_choices(ask.app) if by_hand else [], **values)  # fmt: skip


def _rights(me: Actor, there: Row[Any]) -> set[str]:
    out = set()
    if "clerk" in me.roles:
        out.add("present")
    if handling.may_assign(me, there):
        out |= {"assign", "forward"}
    if handling.works_on(me, there):
        out |= {"begin", "forward", "finish"}
    if me.roles & {"leader"}:
        out.add("finish")
    return out


def registry_row(connection: Any, document_id: str | None) -> Any:
    if document_id is None:
        return None
    return connection.execute(select(document).where(document.c.id == document_id)).one_or_none()


def _proposed(ask: Ask, row: Row[Any]) -> datetime:
    """A deadline to begin with: the sender's, else five working days from the start of the clock; urgent: one."""
    if row.due_on is not None and row.due_on > ask.now.astimezone(VIETNAM).date():
        return datetime(row.due_on.year, row.due_on.month, row.due_on.day, 17, tzinfo=VIETNAM)
    with ask.app.database.read() as connection:
        point = connection.execute(select(contact_point).where(contact_point.c.id == row.agency_id)).one()
    calendar = office_calendar(point.settings)
    begins = clock_start(calendar, ask.now, Urgency(row.urgency)).counted_from
    return handling.due_in_working_days(calendar, begins, 1 if row.urgency else 5)


def act(ask: Ask) -> Response:
    me, row, there = _load(ask)
    done = _ACTS.get(ask.form.text("act", 20))
    try:
        if done is None:
            raise InputError("Không rõ việc cần làm")
        if ask.form.text("state", 20) != there.state:
            raise ConflictError("Văn bản vừa được người khác xử lý sau khi bạn mở trang; hãy xem lại rồi quyết định.")
        notice = done(ask, me, row)
    except (InputError, RefusedError, ConflictError, NotFoundError, TemporaryError) as error:
        return one(ask, wrong=error.message, status=status_of(error))
    return ask.go(f"/giai-quyet/{row.id}", notice)


def _present(ask: Ask, me: Actor, row: Row[Any]) -> str:
    with ask.app.database.write() as connection:
        leader = _person(connection, me, ask.form.text("leader", 32), ask.now)
        handling.present(connection, row.id, leader, by=me, at=ask.now)
        if ask.form.has("text"):
            handling.give_opinion(connection, row.id, ask.form.text("text", 2000), by=me, at=ask.now)
    return f"Đã trình {leader.full_name}"


def _assign(ask: Ask, me: Actor, row: Row[Any]) -> str:
    form = ask.form
    with ask.app.database.write() as connection:
        officer = form.text("person", 32)
        if officer:
            _person(connection, me, officer, ask.now)
        for one in form.texts("helper"):
            _person(connection, me, one, ask.now)
        _units(connection, me, [form.text("unit", 32), *form.texts("support")])
        wanted = Assignment(
            form.text("unit", 32), officer or None, tuple(u for u in form.texts("support") if u != form.text("unit", 32)),
            moment_of(form.text("due", 30)), form.text("text", 2000), tuple(form.texts("helper")),
            moment_of(form.text("support_due", 30)),
        )  # fmt: skip
        handling.assign(connection, row.id, wanted, by=me, at=ask.now)
    return "Đã phân công; trạng thái 04 sẽ báo cho nơi gửi"


def _forward(ask: Ask, me: Actor, row: Row[Any]) -> str:
    with ask.app.database.write() as connection:
        _units(connection, me, [ask.form.text("unit", 32)])
        officer = ask.form.text("person", 32)
        if officer:
            _person(connection, me, officer, ask.now)
        handling.forward(
            connection, row.id, to_unit_id=ask.form.text("unit", 32), to_person_id=officer or None, by=me, at=ask.now
        )
    return "Đã chuyển tiếp"


def _opinion(ask: Ask, me: Actor, row: Row[Any]) -> str:
    with ask.app.database.write() as connection:
        handling.give_opinion(connection, row.id, ask.form.text("text", 2000), by=me, at=ask.now)
    return "Đã ghi ý kiến"


def _finish(ask: Ask, me: Actor, row: Row[Any]) -> str:
    form = ask.form
    with ask.app.database.write() as connection:
        there = handling.of_document(connection, row.id)
        chosen = _dossier(ask, connection, me, there)
        if not (chosen or there.dossier or form.has("without")):
            raise InputError(
                "Văn bản chưa được đưa vào hồ sơ công việc nào (khoản 3 Điều 18). Chọn hoặc mở hồ sơ, hoặc đánh dấu vẫn hoàn thành."
            )
        if form.has("answer"):
            answer = resolve_document(connection, form.text("answer", 60), agency_id=me.agency_id, direction="outgoing")
            handling.link_answer(connection, row.id, answer.id, by=me, at=ask.now)
        warnings = handling.finish(
            connection, row.id, form.text("text", 1000), by=me, at=ask.now, dossier=chosen or None
        )
    return " ".join(["Đã hoàn thành; trạng thái 06 sẽ báo cho nơi gửi.", *warnings])


def _file(ask: Ask, me: Actor, row: Row[Any]) -> str:
    with ask.app.database.write() as connection:
        chosen = _dossier(ask, connection, me, handling.of_document(connection, row.id))
        if not chosen:
            raise InputError("Hãy chọn hồ sơ, hoặc ghi tên hồ sơ mới.")
        warnings = handling.put_in_dossier(connection, row.id, chosen, by=me, at=ask.now)
    return " ".join(["Đã đưa văn bản vào hồ sơ.", *warnings])


def _dossier(ask: Ask, connection: Any, me: Actor, there: Row[Any]) -> str:
    """The dossier chosen, or a new one under the title given, of the unit in the lead (khoản 3 Điều 18)."""
    title = ask.form.text("new_dossier", 500)
    if not title:
        chosen = ask.form.text("dossier", 40)
        known = {one.notation: one.id for one in dossiers(connection, [me.agency_id])} if chosen else {}
        held = known.get(chosen.upper(), chosen)
        if held in known.values():
            require_open(connection, "dossier", held, ask.account.login)
        return chosen
    year = ask.now.astimezone(VIETNAM).year
    codes = {one.id: one.code for one in units_of(connection, me.agency_id)}
    unit_id = there.lead_unit_id or next((one for _, one in me.positions if one), None)
    code = "".join(each for each in codes.get(unit_id or "", "VT").upper() if each.isalnum() or each == "-")[:15]
    return list_dossier(
        connection, me.agency_id, year, code, title, keeper=me.full_name,
        retention_years=ask.form.number("retention") or None, actor=me.full_name, at=ask.now,
    )  # fmt: skip


def _digitise(ask: Ask, me: Actor, row: Row[Any]) -> str:
    uploads = ask.form.files.get("scan", [])
    with opened(ask.app, ask.form.text("key", 300), ask.form.text("pin", 200)) as key:
        digitise(ask.app, row.id, me, key, uploads[0].data if uploads else None)
    return "Đã ký số bản số hóa; giá trị theo bản giấy"


_ACTS: dict[str, Callable[[Ask, Actor, Row[Any]], str]] = {
    "present": _present, "assign": _assign, "forward": _forward, "opinion": _opinion, "finish": _finish,
    "file": _file, "digitise": _digitise,
}  # fmt: skip


def _person(connection: Any, me: Actor, person_id: str, at: datetime) -> Actor:
    if person_id not in {one.id for one in people_of(connection, me.agency_id, on=at.astimezone(VIETNAM).date())}:
        raise InputError("Hãy chọn người của cơ quan.")
    return acting(connection, person_id, at)


def _units(connection: Any, me: Actor, wanted: list[str]) -> None:
    if not set(wanted) <= {one.id for one in units_of(connection, me.agency_id)}:
        raise InputError("Hãy chọn đơn vị của cơ quan.")


def moment_of(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)
    except ValueError:
        raise InputError("Thời hạn giải quyết không phải là ngày giờ.") from None


def stamp(ask: Ask) -> Response:
    """Dấu ĐẾN on an empty page, to be printed onto the paper."""
    _, row, _ = _load(ask)
    return _printed(stamp_of(ask.app, row.id), "dau-den")


def sheet(ask: Ask) -> Response:
    """Phiếu giải quyết văn bản đến (NĐ 30/2020 Phụ lục IV)."""
    _, row, _ = _load(ask)
    return _printed(sheet_of(ask.app, row.id), "phieu-giai-quyet")


def _printed(data: bytes, name: str) -> Response:
    return Response(
        data, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}.pdf"'}
    )
