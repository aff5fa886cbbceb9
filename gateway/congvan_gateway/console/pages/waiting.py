"""Văn bản chờ kiểm tra: the list, grouped by cause and sender, urgent first; one decision for a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select
from starlette.responses import Response

from congvan_core.agencies.lookup import bodies_of
from congvan_core.documents.text import fold
from congvan_core.errors import CongvanError, InputError
from congvan_core.findings import CATALOGUE, Finding
from congvan_core.ids import VIETNAM
from congvan_core.registers.books import all_books
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.rights import rows_of, visible_agencies
from congvan_gateway.main import App
from congvan_gateway.quarantine import acts
from congvan_gateway.quarantine.person import Person
from congvan_gateway.quarantine.queue import WAITING
from congvan_gateway.storage.schema import message

_MOST = 500


@dataclass(slots=True)
class Group:
    """Mails held for the same cause from the same sender. ``reason`` is the finding in words."""

    key: str
    reason: str
    sender: str
    code: str
    rows: list[Row[Any]] = field(default_factory=list)

    @property
    def urgent(self) -> bool:
        return any(row.urgency for row in self.rows)


def show(ask: Ask) -> Response:
    mine = ask.account.agencies
    words = ask.query("tim")
    with ask.app.database.read() as connection:
        rows = waiting_rows(connection, mine)
        numbers = next_numbers(connection, mine, ask.now)
        found = [row for row in rows if matches(row, words)]
        groups = grouped(connection, found, ask.lang)
    fragment = ask.request.headers.get("x-fragment") == "rows"
    return ask.render(
        "waiting_rows.html" if fragment else "waiting.html",
        groups=groups, count=len(found), all=len(rows), words_asked=words, numbers=numbers,
        limit=lambda row: limit_of(row, ask.app, ask.now), most=_MOST,
    )  # fmt: skip


def waiting_rows(connection: Connection, agencies: Sequence[str] | None) -> list[Row[Any]]:
    """What waits, urgent first, then the oldest."""
    return list(
        connection.execute(
            select(*(c for c in message.c if c.name not in ("envelope", "report")))
            .where(message.c.state.in_(WAITING), rows_of(agencies, message.c.agency_id))
            .order_by(message.c.urgency.desc(), message.c.received_at, message.c.id)
            .limit(_MOST)
        )
    )


def matches(row: Row[Any], words: str) -> bool:
    """Every word occurs in sender, number, subject; with and without accents. A sealed mail shows no subject."""
    if not words:
        return True
    text = row.from_address or row.mail_from or ""
    if row.state != "sealed":
        text += f" {row.subject or ''} {row.number or ''}/{row.symbol or ''} {row.from_code or ''}"
    text = fold(text)
    return all(word in text for word in fold(words).split())


def grouped(connection: Connection, rows: Sequence[Row[Any]], lang: str) -> list[Group]:
    """Groups in the order of their most pressing mail; the cause in words comes from the first mail's report."""
    groups: dict[str, Group] = {}
    for row in rows:
        # Nothing is wrong with a mail without codes: a clerk's word is what it waits for.
        code = (row.codes or ["ORIGIN-AUTOMATIC-OFF" if row.kind in ("package", "document") else ""])[0]
        sender = row.from_address or row.mail_from or "?"
        key = f"{row.state == 'sealed'}|{code}|{row.from_code or sender}"
        groups.setdefault(key, Group(key, "", sender, code)).rows.append(row)
    first = [group.rows[0].id for group in groups.values()]
    found = connection.execute(select(message.c.id, message.c.report).where(message.c.id.in_(first)))
    reports = {row.id: row.report for row in found}
    for group in groups.values():
        row = group.rows[0]
        group.reason = cause(group.code, reports.get(row.id), lang) or row.last_error or ""
    return list(groups.values())


def cause(code: str, report: dict[str, Any] | None, lang: str) -> str:
    """The sentence of what holds a mail, with its evidence where the report has it."""
    for item in (report or {}).get("findings", []):
        if item.get("code") == code and code in CATALOGUE:
            return Finding.from_json(item).message(lang)
    return Finding(code).message(lang) if code in CATALOGUE else ""


def next_numbers(connection: Connection, agencies: Sequence[str] | None, at: datetime) -> list[tuple[str, str, bool]]:
    """(body, next số đến, whether QLVBĐH gives it) of every book that the next arrival may take."""
    year = at.astimezone(VIETNAM).year
    out = []
    for point in visible_agencies(connection, agencies):
        bodies = bodies_of(connection, point.id, at.astimezone(VIETNAM).date())
        books = {b.body_code: b for b in all_books(connection, point.id, direction="incoming", year=year, series="")}
        for code, name in [(b.code, b.name) for b in bodies] or [(point.code, point.name)]:
            there = books.get(code)
            out.append((name, str(there.next_number) if there else "1", bool(there and there.authority == "external")))
    return out[:12]


def limit_of(row: Row[Any], app: App, at: datetime) -> int | None:
    """Minutes left to look at an urgent mail (negative: late); None for an ordinary one."""
    if not row.urgency:
        return None
    end = row.received_at + timedelta(minutes=app.settings.delivery.urgent_warn_minutes)
    return int((end - at).total_seconds() // 60)


def act_on_many(ask: Ask) -> Response:
    """One decision for the mails that were ticked; each is done by itself, and each failure is named."""
    items = ask.form.texts("item")[:_MOST]
    act, reason = ask.form.text("act", 20), ask.form.text("reason", 1000)
    if not items:
        raise InputError("Chưa chọn thư nào; hãy đánh dấu ở đầu dòng rồi chọn việc")
    if act not in ("release", "information", "discard"):
        raise InputError("Không rõ việc cần làm")
    if act == "discard" and not reason:
        raise InputError("Loại khỏi danh sách phải nêu lý do")
    done, failed = [], []
    for item in items:
        try:
            done.append(act_on_one(ask, item, act, reason if act == "discard" else ""))
        except CongvanError as error:
            failed.append(f"{item[:12]}…: {error.message}")
    verb = {"release": "Đã tiếp nhận", "information": "Đã vào sổ để biết", "discard": "Đã loại"}[act]
    numbers = [n.register_number for n in done if n.register_number]
    notice = f"{verb} {len(done)} thư" + (f", số đến {numbers[0]} đến {numbers[-1]}" if len(numbers) > 1 else
                                          f", số đến {numbers[0]}" if numbers else "")  # fmt: skip
    if failed:
        notice += f". Không làm được {len(failed)} thư: " + "; ".join(failed[:3])
    return ask.go("/cho-kiem-tra", notice)


def act_on_one(ask: Ask, item: str, act: str, reason: str) -> acts.Outcome:
    """One act in this person's name, after the row was checked to be theirs. Raises as ``quarantine.acts``."""
    from congvan_gateway.console.pages.review import load

    row = load(ask, item)
    person = Person(ask.account.name, ask.account.position, ask.account.telephone)
    if act == "release":
        return acts.release(ask.app, row.id, person, reason=reason or None)
    if act == "information":
        return acts.release(ask.app, row.id, person, for_information=True, reason=reason or None)
    if act == "refuse":
        return acts.refuse(ask.app, row.id, person, reason=reason)
    return acts.discard(ask.app, row.id, person, reason=reason)
