"""Dự thảo: what waits for this person, the clerk's list "Văn bản đã ký duyệt", a new draft, several signed with one PIN."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, or_, select
from starlette.datastructures import FormData
from starlette.responses import Response

from congvan_core.agencies.lookup import listing
from congvan_core.documents import urgency
from congvan_core.documents.model import Urgency
from congvan_core.documents.text import nfc
from congvan_core.documents.types import ADMINISTRATIVE, NORMATIVE
from congvan_core.errors import InputError, RefusedError, TemporaryError, UnreadableError
from congvan_core.ids import VIETNAM
from congvan_core.workflow import drafts
from congvan_core.workflow.follow_on import Concern, follow_on, read_concern, target_of
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.schema import draft, draft_signer, person
from congvan_gateway.console import registry
from congvan_gateway.console.desk import Ask, Form, status_of
from congvan_gateway.console.pages.sending import day_of
from congvan_gateway.dispatch.following import recipients_of
from congvan_gateway.drafting.acts import sign_many
from congvan_gateway.drafting.keys import expiry_words, key_choices, opened
from congvan_gateway.drafting.people import actor_of, bodies_here, meet_everybody, people_of, units_of
from congvan_gateway.drafting.preparing import take_file

_PAGE = 200


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    me = actor_of(ask.app, ask.account, ask.query("cq", 32) or None)
    with ask.app.database.read() as connection:
        rows = _seen(connection, me)
    mine = [row for row in rows if _waits_for(row, me)]
    other = [row for row in rows if row not in mine]
    groups = [
        ("Chờ tôi", [row for row in mine if row.state != DraftState.SIGNED.value]),
        ("Văn bản đã ký duyệt", [row for row in mine if row.state == DraftState.SIGNED.value]),
        *((state.vi, [row for row in other if row.state == state.value]) for state in DraftState),
    ]
    signable = [row.id for row in mine if row.state == DraftState.LEADER_REVIEW.value]
    return ask.render(
        "drafts.html", status=status, wrong=wrong, who=me, groups=[(name, some) for name, some in groups if some],
        signable=signable, keys=key_choices(ask.app) if signable else [],
    )  # fmt: skip


def _seen(connection: Connection, me: Actor) -> list[Row[Any]]:
    """The drafts that this person may read, urgent first; of the issued ones the newest."""
    statement = (
        select(draft, person.c.full_name.label("drafter"))
        .join(person, person.c.id == draft.c.drafter_id)
        .where(draft.c.agency_id == me.agency_id)
    )
    if "leader" not in me.roles:
        units = [unit for _, unit in me.positions if unit and "unit_head" in me.roles]
        signing = select(draft_signer.c.draft_id).where(draft_signer.c.person_id == me.id)
        allowed = [draft.c.drafter_id == me.id, draft.c.unit_id.in_(units), draft.c.id.in_(signing)]
        if me.roles & {"clerk", "auditor"}:
            early = (DraftState.DRAFT.value, DraftState.UNIT_REVIEW.value, DraftState.LEADER_REVIEW.value)
            allowed.append(draft.c.state.not_in(early))
        statement = statement.where(or_(*allowed))
    order = (draft.c.urgency.desc(), draft.c.updated_at.desc())
    closed = (DraftState.ISSUED.value, DraftState.CANCELLED.value)
    open_ones = connection.execute(statement.where(draft.c.state.not_in(closed)).order_by(*order).limit(1000)).all()
    done = connection.execute(
        statement.where(draft.c.state.in_(closed)).order_by(draft.c.updated_at.desc()).limit(_PAGE)
    ).all()
    turns: dict[str, str] = {}
    waiting = connection.execute(
        select(draft_signer.c.draft_id, draft_signer.c.person_id)
        .where(draft_signer.c.signed_at.is_(None), draft_signer.c.draft_id.in_([row.id for row in open_ones]))
        .order_by(draft_signer.c.ordinal)
    )
    for one in waiting:
        turns.setdefault(one.draft_id, one.person_id)
    return [_Line(row, turns.get(row.id)) for row in (*open_ones, *done)]  # type: ignore[misc]


class _Line:
    """A row of the list that also knows whose turn it is to sign."""

    def __init__(self, row: Row[Any], signer: str | None) -> None:
        self._row, self.signer = row, signer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)

    @property
    def words(self) -> str:
        return DraftState(self._row.state).vi


def _waits_for(row: Any, me: Actor) -> bool:
    state = DraftState(row.state)
    if state is DraftState.DRAFT:
        return bool(row.drafter_id == me.id)
    if state is DraftState.UNIT_REVIEW:
        return me.heads(row.unit_id) and ("unit_head" in me.roles or row.drafter_id != me.id)
    if state is DraftState.LEADER_REVIEW:
        return bool(row.signer == me.id)
    return "clerk" in me.roles and state not in (DraftState.ISSUED, DraftState.CANCELLED)


def act(ask: Ask) -> Response:
    """Ký duyệt of several documents with one PIN entry."""
    me = actor_of(ask.app, ask.account, ask.query("cq", 32) or None)
    chosen = ask.form.texts("item")[:50]
    try:
        if not chosen:
            raise InputError("Hãy chọn văn bản để ký")
        with opened(ask.app, ask.form.text("key", 300), ask.form.text("pin", 200)) as key:
            done = sign_many(ask.app, chosen, me, key)
            ending = expiry_words(key, ask.app)
    except (InputError, RefusedError, TemporaryError) as error:
        return show(ask, wrong=error.message, status=status_of(error))
    failed = [one.wrong for one in done if one.wrong]
    if failed:
        return show(ask, wrong=f"Đã ký {len(done) - len(failed)}/{len(done)} văn bản. " + " ".join(dict.fromkeys(failed)),
                    status=409)  # fmt: skip
    return ask.go("/du-thao", f"Đã ký duyệt {len(done)} văn bản. {ending}".strip())


def new(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    me = actor_of(ask.app, ask.account, ask.query("cq", 32) or None)
    meet_everybody(ask.app, me.agency_id)
    on = ask.now.astimezone(VIETNAM).date()
    with ask.app.database.read() as connection:
        values: dict[str, Any] = {
            "bodies": bodies_here(ask.app, connection, me.agency_id),
            "units": units_of(connection, me.agency_id),
            "people": people_of(connection, me.agency_id, on=ask.today),
            "leaders": people_of(connection, me.agency_id, "leader", "unit_head", on=ask.today),
            "agencies": [a for a in listing(connection, on) if not a.contact_point.own][:1500],
        }
    mine = next((unit for _, unit in me.positions if unit), "")
    answers = ask.form.text("answers", 32) or ask.query("tra-loi", 32)
    form = ask.form
    if ask.query("ve", 32) and not wrong:
        form = _about(ask, me, {one.code for one in values["agencies"]}, values)
    concerns = form.text("concerns", 10)
    return ask.render(
        "draft_new.html", status=status, wrong=wrong, form=form, types=ADMINISTRATIVE + NORMATIVE, mine=mine,
        answers=answers, asked=set(form.texts("to")), concern=Concern(concerns).vi if concerns in set(Concern) else "",
        **values,
    )  # fmt: skip


_CONCERNS = {"dinh-chinh": Concern.CORRECT, "thay-the": Concern.REPLACE, "thu-hoi": Concern.RECALL}


def _about(ask: Ask, me: Actor, listed: set[str], values: dict[str, Any]) -> Form:
    """The form as it begins for a document that is corrected, replaced or recalled: everybody who has it is told."""
    concern = _CONCERNS.get(ask.query("viec", 12))
    if concern is None:
        raise InputError("Việc với văn bản đã phát hành phải là đính chính, thay thế hoặc thu hồi.")
    with ask.app.database.read() as connection:
        there = registry.document_row(connection, ask.account.agencies, ask.query("ve", 32), ask.account.login)
        units = {one.id: one.code for one in values["units"]}
        unit = next((units[u] for _, u in me.positions if u in units), "")
        made = follow_on(connection, there.id, concern, agency_id=me.agency_id, unit_code=unit)
        to = list(dict.fromkeys(one.code or one.address for one in recipients_of(connection, there.id)))
    signer = next((one.id for one in values["leaders"] if one.full_name.casefold() == made.signer_name.casefold()), "")
    given = [("type", made.type_name), ("symbol", made.symbol), ("subject", made.subject), ("body", made.body_code),
             ("signer1", signer), ("concerns", concern.value), ("concerns_id", made.document_id),
             ("more", "\n".join(one for one in to if one not in listed))]  # fmt: skip
    return Form(FormData([*given, *(("to", one) for one in to if one in listed)]))


def make(ask: Ask) -> Response:
    try:
        made = _make(ask)
    except (InputError, RefusedError, TemporaryError, UnreadableError) as error:
        return new(ask, wrong=error.message, status=status_of(error))
    return ask.go(f"/du-thao/{made}", "Đã tạo dự thảo")


def _make(ask: Ask) -> str:
    form, me = ask.form, actor_of(ask.app, ask.account)
    lines = [line.strip() for line in form.text("more", 20_000).splitlines()]
    signers = tuple(
        (who, form.text(f"form{n}", 4)) for n in range(1, 6) if (who := form.text(f"signer{n}", 32))
    )  # fmt: skip
    _known(ask, me, signers, form.text("unit", 32))
    plan = drafts.Plan(
        body_code=form.text("body", 35),
        type_name=nfc(form.text("type", 100)),
        symbol=nfc(form.text("symbol", 60)).lstrip("/"),
        subject=nfc(form.text("subject", 1000)),
        recipients=tuple(dict.fromkeys([*form.texts("to"), *filter(None, lines)]))[:500],
        signers=signers,
        urgency=urgency.parse(form.text("urgency", 20)) if form.has("urgency") else Urgency.NORMAL,
        answers_id=form.text("answers", 32) or None,
        due_on=day_of(form.text("due", 10), "Hạn trả lời"),
        concerns=read_concern(form.text("concerns", 10)).value if form.has("concerns_id") else None,
        concerns_id=form.text("concerns_id", 32) or None,
    )
    uploads = form.files.get("file", [])
    ready = take_file(ask.app, uploads[0].name, uploads[0].data) if uploads else None
    with ask.app.database.write() as connection:
        made = drafts.begin(connection, me, form.text("unit", 32), plan, at=ask.now)
        if ready is not None:
            drafts.add_version(connection, made, me, ready[0], ready[1], at=ask.now)
    return made


def _known(ask: Ask, me: Actor, signers: tuple[tuple[str, str], ...], unit_id: str) -> None:
    """The form's people, units, bodies and the document answered are this agency's."""
    from congvan_core.documents.store import get_document

    with ask.app.database.read() as connection:
        people = {one.id for one in people_of(connection, me.agency_id, on=ask.today)}
        units = {one.id for one in units_of(connection, me.agency_id)}
        bodies = {code for code, _ in bodies_here(ask.app, connection, me.agency_id)}
        if concerned := ask.form.text("concerns_id", 32):
            registry.document_row(connection, ask.account.agencies, concerned, ask.account.login)
            target_of(connection, concerned, me.agency_id)
        answered = ask.form.text("answers", 32)
        if answered and get_document(connection, answered).agency_id != me.agency_id:
            raise InputError("Không có văn bản đến này để trả lời.")
    if any(who not in people for who, _ in signers) or unit_id not in units or ask.form.text("body", 35) not in bodies:
        raise InputError("Người ký, đơn vị hoặc tác giả không thuộc cơ quan này; hãy chọn lại.")
