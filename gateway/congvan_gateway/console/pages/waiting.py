"""Văn bản chờ kiểm tra: the list, grouped by cause and sender, urgent first; one decision for a group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Row, select
from starlette.responses import Response

from congvan_core.agencies.lookup import bodies_of
from congvan_core.documents.text import fold
from congvan_core.errors import CongvanError, InputError
from congvan_core.findings import CATALOGUE, Finding
from congvan_core.ids import VIETNAM
from congvan_core.registers.books import all_books
from congvan_gateway.console import looking
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.english import say
from congvan_gateway.console.limits import Limit, Limits
from congvan_gateway.console.rights import rows_of, visible_agencies
from congvan_gateway.quarantine import acts, second_person
from congvan_gateway.quarantine.person import Person
from congvan_gateway.quarantine.queue import WAITING
from congvan_gateway.quarantine.reopening import lately_discarded, reopen
from congvan_gateway.storage.schema import message

_MOST = 500
#: Each is checked again before it is registered: more would keep the clerk waiting for minutes.
_MOST_AT_ONCE = 100


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

    @property
    def _good(self) -> list[str]:
        return [
            row.id for row in self.rows
            if row.state == "held" and row.recommended != "refuse" and row.kind in ("package", "document")
        ]  # fmt: skip

    @property
    def releasable(self) -> int:
        """How many of them one decision may take into the register."""
        return len(self._good[:_MOST_AT_ONCE])

    @property
    def ids(self) -> str:
        """Those mails, as the group's button brings them back."""
        return ",".join(self._good[:_MOST_AT_ONCE])


def show(ask: Ask) -> Response:
    mine = ask.account.agencies
    words = ask.query("tim")
    with ask.app.database.read() as connection:
        rows = waiting_rows(connection, mine)
        limits = Limits(ask.app, connection, ask.now)
        found = [row for row in rows if matches(row, words)]
        late = [row for row in found if limits.of(row).late]
        if ask.query("loc", 10) == "late":
            found = late
        groups = grouped(connection, found, ask.lang)
        fragment = ask.request.headers.get("x-fragment") == "rows"
        numbers = [] if fragment else next_numbers(connection, mine, ask.now)
        second = second_person.waiting_ids(connection)
    return ask.render(
        "waiting_rows.html" if fragment else "waiting.html",
        groups=groups, count=len(found), all=len(rows), words_asked=words, numbers=numbers, late=len(late),
        which=ask.query("loc", 10), limit=limits.of, left=left_in_words(ask), most=_MOST, second=second,
        elsewhere=looking.open_elsewhere(ask.app.database, [row.id for row in found], ask.account, ask.now),
    )  # fmt: skip


def left_in_words(ask: Ask) -> Callable[[Limit], str]:
    """How a person says what is left of a limit: minutes for an urgent mail, the hour for the others."""
    english = ask.lang == "en"

    def told(text: str, **values: object) -> str:
        return (say(text) if english else text).format(**values)

    def left(limit: Limit) -> str:
        if limit.late:
            gap = -limit.minutes
            if gap < 120:
                return told("quá {n} phút", n=gap)
            return told("quá {n} giờ", n=gap // 60) if gap < 2880 else told("quá {n} ngày", n=gap // 1440)
        if limit.urgent or limit.minutes < 60:
            return told("còn {n} phút", n=limit.minutes)
        end = limit.end.astimezone(VIETNAM)
        day = end.date()
        today = ask.now.astimezone(VIETNAM).date()
        when = f"{end:%H:%M}" if day == today else f"{end:%H:%M} {end.day:02d}/{end.month}"
        return told("hạn {when}", when=when)

    return left


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


def act_on_many(ask: Ask) -> Response:
    """One decision for the mails that were ticked; each is done by itself, and each failure is named."""
    # A group's own button brings the mails that were shown in it; the ticked ones count for the buttons below the list.
    group = [one for one in ask.form.text("group", 30_000).split(",") if one.isalnum()]
    items, began = (group or ask.form.texts("item"))[:_MOST_AT_ONCE], ask.now
    act, reason = ask.form.text("act", 20), ask.form.text("reason", 1000)
    if not items:
        raise InputError("Chưa chọn thư nào; hãy đánh dấu ở đầu dòng rồi chọn việc")
    if group:
        act = "release"
    if act not in ("release", "information", "discard"):
        raise InputError("Không rõ việc cần làm")
    if act == "discard" and not reason:
        raise InputError("Loại khỏi danh sách phải nêu lý do")
    done, failed = [], []
    for item in items:
        try:
            done.append(act_on_one(ask, item, act, reason if act == "discard" else ""))
        except CongvanError as error:
            failed.append(f"{_named(ask, item)}: {error.message}")
    numbers = [n.register_number for n in done if n.register_number]
    told = (
        f", số đến {numbers[0]} đến {numbers[-1]}" if len(numbers) > 1 else f", số đến {numbers[0]}" if numbers else ""
    )
    notice = {"release": f"Đã tiếp nhận {len(done)} thư{told}", "information": f"Đã vào sổ để biết {len(done)} thư{told}",
              "discard": f"Đã loại {len(done)} thư"}[act]  # fmt: skip
    if failed:
        named = "; ".join(failed[:3])
        notice = f"{notice}. Không làm được {len(failed)} thư: {named}"
    if act == "discard" and done:
        return ask.go("/cho-kiem-tra", notice, undo=f"/cho-kiem-tra/lay-lai?luc={quote(began.isoformat())}")
    return ask.go("/cho-kiem-tra", notice)


def take_back(ask: Ask) -> Response:
    """The undo of a bulk discard: what this person has discarded since then waits again."""
    try:
        since = datetime.fromisoformat(ask.query("luc", 40))
    except ValueError:
        raise InputError("Không rõ việc cần làm") from None
    if since.tzinfo is None:
        raise InputError("Không rõ việc cần làm")
    with ask.app.database.read() as connection:
        items = lately_discarded(connection, ask.account.agencies, ask.account.name, since, ask.now)
    for item in items[:_MOST_AT_ONCE]:
        reopen(ask.app, item, actor=ask.account.signature)
    return ask.go("/cho-kiem-tra", f"Đã đưa {len(items)} thư trở lại danh sách chờ kiểm tra")


def _named(ask: Ask, item: str) -> str:
    """A mail as a person knows it: by its number, else by its subject."""
    from congvan_gateway.console.pages.review import load

    try:
        row = load(ask, item)
    except CongvanError:
        return item[:12]
    if row.state == "sealed":
        return "thư niêm phong"
    return f"{row.number}/{row.symbol}" if row.number and row.symbol else (row.subject or "thư không tiêu đề")[:60]


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
