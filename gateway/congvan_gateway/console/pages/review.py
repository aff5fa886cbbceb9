"""The review card of one mail: what is known of it, what would be registered, which acts there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select
from starlette.responses import Response

from congvan_core.documents.finding_again import Candidate
from congvan_core.documents.store import StoredDocument
from congvan_core.dossiers.rights import may_open, require_open
from congvan_core.errors import CongvanError, NotFoundError
from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import append
from congvan_core.storage.schema import event
from congvan_gateway.console import card, looking, proposals
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.limits import Limits, end_of_day
from congvan_gateway.console.pages.waiting import left_in_words, next_numbers
from congvan_gateway.console.rights import require_row, rows_of
from congvan_gateway.judgement.duplicates import register_number
from congvan_gateway.quarantine import arrangement, reopening, second_person
from congvan_gateway.quarantine.queue import find_item
from congvan_gateway.receipts.asking_again import answerable
from congvan_gateway.routing.office import office_calendar
from congvan_gateway.storage.schema import message

#: A discarded mail may be taken back this long.
_OPEN = ("held", "conflict", "unreadable")
_RESEND = (
    "tệp văn bản không mở được",
    "tệp văn bản không còn chữ ký số (đã in, quét hoặc xuất lại sau khi ký)",
    "thư thiếu phụ lục nêu trong văn bản",
    "số, ký hiệu hoặc ngày trong tệp và trên trang không thống nhất",
)


@dataclass(frozen=True, slots=True)
class Twin:
    """A registered document that this mail may repeat, with its số đến."""

    document: StoredDocument
    by: frozenset[str]
    number: str | None


def load(ask: Ask, item: str) -> Row[Any]:
    """The mail, where this person may see it. Raises NotFoundError, RefusedError where its document is closed to them."""
    with ask.app.database.read() as connection:
        row = find_item(connection, item)
        if row.document_id is not None:  # the mail says what its document says
            require_open(connection, "document", row.document_id, ask.account.login)
    require_row(ask.account.agencies, row.agency_id, "thư")
    return row


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    row = load(ask, ask.path("item"))
    if ask.request.method == "GET":
        _viewed(ask, row)
    sealed, is_open = row.state == "sealed", row.state in _OPEN
    others = looking.look(ask.app.database, row.id, ask.account, ask.now) if is_open else []
    report = {} if sealed else row.report or {}
    with ask.app.database.read() as connection:
        keys = card.unknown_keys(connection, row)
        asked = second_person.pending(connection, row.id) if is_open else None
        values: dict[str, Any] = {
            "history": connection.execute(
                select(event).where(event.c.subject == f"message:{row.id}").order_by(event.c.id.desc()).limit(50)
            ).all(),
            "numbers": next_numbers(connection, ask.account.agencies, ask.now),
            "sender": card.directory_entry(connection, row, ask.now),
            "limit": Limits(ask.app, connection, ask.now).of(row),
            "asked": asked,
            "second": second_person.needed(connection, ask.app, row, "release"),
            "twins": [
                _twin(connection, c)
                for c in card.possible_twins(connection, row)
                if may_open(connection, "document", c.document.id, ask.account.login)
            ],
            "siblings": _siblings(connection, ask, row) if is_open else [],
            "followers": arrangement.followers(connection, row.id),
            "may_undo": reopening.may_reopen(connection, row, ask.now),
            **_onward(connection, ask, row),
        }
        arranged = arrangement.load(connection, row.id)
    files = card.files(report)
    fields = proposals.fields(row)
    documents = _documents(files, arranged.groups, report)
    parts = len(arranged.groups) if arranged.groups else len(report.get("proposals") or [])
    return ask.render(
        "review.html",
        status=status, row=row, sealed=sealed, report=report, wrong=wrong, keys=keys, others=others, fields=fields,
        groups=card.grouped_findings(report, ask.lang) if report else [], files=files, documents=documents, parts=parts,
        candidates=len(documents) > 1 or bool(values["siblings"]), joined_to=arranged.joined_to,
        arranged=bool(arranged.groups or values["followers"]),
        unsure=any(f.missing or f.disputed or f.guessed for f in fields) and row.kind in ("package", "document"),
        advice=card.advice(row, keys) if asked is None else ("", "Một người đề nghị tiếp nhận thư được khuyên từ chối; "
        "người thứ hai xem lý do và các phát hiện rồi quyết định."),
        sentences=card.refusals(row), resend_sentences=_RESEND, answer_to=answerable(row), open=is_open,
        left=left_in_words(ask), tomorrow=end_of_day(office_calendar(None), ask.now, days=1).astimezone(VIETNAM).date(),
        form=ask.form, **values,
    )  # fmt: skip


def _twin(connection: Connection, found: Candidate) -> Twin:
    return Twin(found.document, found.by, register_number(connection, found.document.id))


def _onward(connection: Connection, ask: Ask, row: Row[Any]) -> dict[str, Any]:
    """Where the clerk goes next, urgent first, and how many wait besides this one."""
    waiting = (message.c.state.in_(_OPEN), message.c.id != row.id, rows_of(ask.account.agencies, message.c.agency_id))
    following = connection.execute(
        select(message.c.id).where(*waiting)
        .order_by(message.c.urgency.desc(), message.c.received_at, message.c.id).limit(1)
    ).scalar_one_or_none()  # fmt: skip
    return {
        "following": following,
        "remaining": connection.execute(select(func.count()).where(*waiting)).scalar_one(),
    }


def _siblings(connection: Connection, ask: Ask, row: Row[Any]) -> list[Row[Any]]:
    """Other waiting mails of the same sender to the same mailbox, of the same days: what one document was spread over."""
    if not row.from_address:
        return []
    near = timedelta(days=2)
    return list(
        connection.execute(
            select(message.c.id, message.c.subject, message.c.received_at)
            .where(
                message.c.state.in_(("held", "unreadable")), message.c.id != row.id,
                message.c.from_address == row.from_address, message.c.agency_id == row.agency_id,
                message.c.received_at.between(row.received_at - near, row.received_at + near),
                rows_of(ask.account.agencies, message.c.agency_id),
            )
            .order_by(message.c.received_at)
            .limit(10)
        )
    )  # fmt: skip


def _documents(files: list[dict[str, Any]], groups: Any, report: dict[str, Any]) -> list[dict[str, Any]]:
    """The files that may be parted, each with the number of its document as it stands now."""
    shown = [f for f in files if f.get("role") in ("main", "enclosure", "final_draft")]
    proposed = groups or [[p["sha256"], *p.get("enclosures", [])] for p in report.get("proposals") or []]
    place = {sha: at for at, group in enumerate(proposed, 1) for sha in group}
    return [{**f, "group": place.get(f["sha256"], 1)} for f in shown]


def _text(ask: Ask, row: Row[Any]) -> str:
    try:
        return ask.desk.pictures.text(row.raw_sha256)
    except (CongvanError, ValueError) as error:
        return f"(Không đọc được phần chữ của thư: {error})"


def _sources(ask: Ask, row: Row[Any]) -> dict[str, dict[str, str]]:
    report = row.report or {}
    main = next((f for f in report.get("attachments", []) if f.get("role") == "main"), None)
    page: dict[str, str] = {}
    if main is not None and main.get("format") == "pdf":
        try:
            page = ask.desk.pictures.says(main["sha256"])
        except (CongvanError, ValueError, KeyError):
            page = {}
    return card.sources(report, main, page)


def reading(ask: Ask) -> Response:
    """What the mail says and what each source says: read in the worker, fetched by the card after it is shown."""
    row = load(ask, ask.path("item"))
    if row.state == "sealed":
        ask.desk.pictures.forget()
        raise NotFoundError("Thư đã niêm phong")
    return ask.render("reading.html", text=_text(ask, row), says=_sources(ask, row), row=row)


def _viewed(ask: Ask, row: Row[Any]) -> None:
    """Who saw what, once per person and mail."""
    subject, actor = f"message:{row.id}", ask.account.signature
    with ask.app.database.read() as connection:
        seen = connection.execute(
            select(event.c.id)
            .where(event.c.subject == subject, event.c.kind == "message.viewed", event.c.actor == actor)
            .limit(1)
        ).first()
    if seen is None:
        with ask.app.database.write() as connection:
            append(connection, agency_id=row.agency_id or "", actor=actor, kind="message.viewed", subject=subject,
                   data={}, at=ask.now)  # fmt: skip


def reopen(ask: Ask) -> Response:
    """Take a discard or a refusal back while it is fresh and nobody was told."""
    row = load(ask, ask.path("item"))
    reopening.reopen(ask.app, row.id, actor=ask.account.signature)
    return ask.go(f"/cho-kiem-tra/{row.id}", "Đã đưa thư trở lại danh sách chờ kiểm tra")


def picture(ask: Ask) -> Response:
    """One page as PNG: of a file of this mail only, and never of a sealed one."""
    row = load(ask, ask.path("item"))
    sha = ask.path("sha")
    known = {f.get("sha256") for f in (row.report or {}).get("attachments", [])}
    if row.state == "sealed" or sha not in known:
        raise NotFoundError("Không có tệp này để xem trước")
    return card.picture_answer(ask, sha, int(ask.request.path_params["page"]))
