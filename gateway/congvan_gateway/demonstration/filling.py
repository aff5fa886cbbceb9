"""Filling a demonstration: directory, people, documents in their registers, handling, receivers, dossiers, the journal.

The same seed and the same last day give the same city; everything is marked, and nothing is filled into real data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, func, insert, select

from congvan_core.agencies.editing import add_body, add_contact_point, add_mailbox
from congvan_core.calendar import WorkingCalendar, clock_start
from congvan_core.documents.model import FileRole, Urgency
from congvan_core.documents.sample_pdf import date_words
from congvan_core.documents.store import number_key
from congvan_core.documents.text import fold
from congvan_core.documents.types import ADMINISTRATIVE
from congvan_core.errors import ConflictError
from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import canonical
from congvan_core.storage.schema import (
    arrival,
    blob,
    book,
    contact_point,
    document,
    document_file,
    entry,
    event,
    setting,
)  # fmt: skip
from congvan_core.workflow import organisation
from congvan_core.workflow.schema import handling, unit
from congvan_gateway.demonstration import phrases
from congvan_gateway.demonstration.city import UNITS, CityAgency, agencies
from congvan_gateway.demonstration.drafts import fill_drafts
from congvan_gateway.demonstration.quick_pdf import QuickPdf
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message, recipient

MARK = "demonstration"
#: The agencies that this installation serves: a department, another, a phường, an xã.
OWN = ("H24.01", "H24.02", "H24.91.008", "H24.91.057")
_BATCH = 500
_ACTOR = "congvan demo-data"
#: How often each type occurs; what is not named occurs too, rarely.
_WEIGHTS = {
    "Công văn": 40,
    "Báo cáo": 12,
    "Quyết định": 10,
    "Giấy mời": 9,
    "Thông báo": 7,
    "Kế hoạch": 7,
    "Tờ trình": 6,
}


@dataclass(frozen=True, slots=True)
class Filled:
    """What was made."""

    agencies: int
    documents: int
    bytes: int


def is_demonstration(connection: Connection) -> bool:
    return connection.execute(select(setting.c.value).where(setting.c.name == MARK)).scalar_one_or_none() is not None


def require_empty(connection: Connection) -> None:
    """Raises ConflictError where the installation holds anything that this program's demonstration did not make."""
    if is_demonstration(connection):
        raise ConflictError("Dữ liệu trình diễn đã được tạo ở đây; hãy chọn thư mục khác.")
    for table in (document, message, entry, contact_point):
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            raise ConflictError("Cơ sở dữ liệu này có dữ liệu thật: không trộn dữ liệu trình diễn vào.")


def fill(app: App, *, documents: int, seed: int, until: date, tell: Callable[[str], None] = lambda _: None) -> Filled:
    """Make the city and so many documents in its own agencies' registers. Raises ConflictError (see require_empty)."""
    rng = Random(seed)  # noqa: S311  invented data, the same every time
    city = agencies()
    at = datetime.combine(until, time(8), VIETNAM)
    with app.database.write() as connection:
        require_empty(connection)
        connection.execute(
            insert(setting).values(name=MARK, value={"seed": seed, "documents": documents}, updated_at=at)
        )
        points = _directory(connection, city, at)
        staff = {code: _staff(connection, points[code], rng, at) for code in OWN}
    tell(f"Danh bạ: {len(city)} cơ quan, trong đó {len(OWN)} cơ quan của hệ thống này")
    printer, calendar = QuickPdf(), WorkingCalendar()
    maker = _Maker(rng, city, points, staff, printer, calendar, until)
    done = size = 0
    for batch in _batches(maker.documents(documents)):
        for made in batch:
            _put_blob(app, made.sha256, made.pdf)
            size += len(made.pdf)
        with app.database.write() as connection:
            for table in (document, document_file, entry, arrival, handling, recipient, event):
                rows = [row for made in batch for row in made.rows.get(table.name, ())]
                if table is document_file:
                    connection.execute(insert(blob), [made.blob for made in batch])
                if table is entry:
                    maker.keep_books(connection)
                if rows:
                    connection.execute(insert(table), rows)
        done += len(batch)
        tell(f"{done} / {documents} văn bản")
    with app.database.write() as connection:
        _dossiers(connection, rng, points, until, at)
    drafted = fill_drafts(app, rng, staff, tuple(one.code for one in city if one.code not in OWN))
    tell(f"{drafted} dự thảo ở mọi bước")
    return Filled(len(city), done, size)


def _put_blob(app: App, sha256: str, pdf: bytes) -> None:
    """Straight to its place: what a power cut takes from a demonstration is made again."""
    path: Path = app.blobs.path(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(pdf)
        path.chmod(0o444)


def _directory(connection: Connection, city: list[CityAgency], at: datetime) -> dict[str, str]:
    points = {}
    for one in city:
        own = one.code in OWN
        point = add_contact_point(
            connection, one.code, one.name, actor=_ACTOR, at=at, own=own, telephone="0225 3000 000"
        )
        add_body(connection, point.id, one.code, one.name, actor=_ACTOR, at=at)
        add_mailbox(connection, point.id, one.address, actor=_ACTOR, at=at, gateway=own, test_environment=True)
        points[one.code] = point.id
    return points


def _staff(connection: Connection, agency_id: str, rng: Random, at: datetime) -> dict[str, Any]:
    """Units with a head and two officers each, a leader, a clerk; ids by what they are."""
    units = [organisation.add_unit(connection, agency_id, code, name, actor=_ACTOR, at=at) for code, name in UNITS]
    found: dict[str, Any] = {"agency_id": agency_id, "units": units, "officers": [], "heads": {}}

    def hire(position: str, role: str, unit_id: str | None) -> str:
        made = organisation.add_person(connection, agency_id, phrases.person(rng), actor=_ACTOR, at=at)
        organisation.appoint(connection, made, position, [role], actor=_ACTOR, at=at, unit_id=unit_id)
        return made

    found["leader"] = hire("Thủ trưởng cơ quan", "leader", None)
    found["clerk"] = hire("Văn thư", "clerk", units[0])
    for each in units:
        found["heads"][each] = hire("Trưởng đơn vị", "unit_head", each)
        found["officers"] += [(each, hire("Chuyên viên", "officer", each)) for _ in range(2)]
    return found


@dataclass(slots=True)
class _Made:
    sha256: str
    pdf: bytes
    blob: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]]


def _batches(source: Iterator[_Made]) -> Iterator[list[_Made]]:
    batch: list[_Made] = []
    for one in source:
        batch.append(one)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class _Maker:
    """Documents in the order of their time, numbered without gaps per book as the registers ask."""

    def __init__(self, rng: Random, city: list[CityAgency], points: dict[str, str], staff: dict[str, Any],
                 printer: QuickPdf, calendar: WorkingCalendar, until: date) -> None:  # fmt: skip
        self.rng, self.city, self.points, self.staff = rng, city, points, staff
        self.printer, self.calendar, self.until = printer, calendar, until
        self.by_code = {one.code: one for one in city}
        self.leaders = {one.code: phrases.person(rng) for one in city}
        self.books: dict[tuple[str, str, int], dict[str, Any]] = {}
        self.given: dict[tuple[str, int], int] = {}
        self.turn = 0
        self.types = [one.name for one in ADMINISTRATIVE]
        self.weights = [_WEIGHTS.get(name, 1) for name in self.types]
        self.marks = {one.name: one.abbreviation for one in ADMINISTRATIVE}

    def documents(self, count: int) -> Iterator[_Made]:
        days = [self.until - timedelta(days=back) for back in range(540, 0, -1)]
        days = [day for day in days if self.calendar.is_working_day(day)]
        for number in range(count):
            self.turn = number
            day = days[number * len(days) // count]
            step = number - (number * len(days) // count) * count // len(days)
            moment = datetime.combine(day, time(7, 35), VIETNAM) + timedelta(
                minutes=step * 2 % 540, seconds=number % 60
            )
            yield self._one(moment.astimezone(UTC))

    def _id(self, at: datetime) -> str:
        return f"{int(at.timestamp() * 1000):012x}7{self.rng.getrandbits(76):019x}"

    def _one(self, at: datetime) -> _Made:
        rng = self.rng
        own = self.by_code[rng.choice(OWN)]
        incoming = rng.random() < 0.62
        type_name = rng.choices(self.types, self.weights)[0]
        if self.turn < len(self.types):
            type_name = self.types[self.turn]  # every type of NĐ 30 Điều 7 at least once
        author = rng.choice([one for one in rng.sample(self.city, 3) if one.code != own.code]) if incoming else own
        day = at.astimezone(VIETNAM).date()
        issued = day - timedelta(days=rng.choice((0, 0, 1, 1, 2, 4)) if incoming else 0)
        mark = self.marks[type_name]
        symbol = f"{mark}-{author.mark}" if mark else f"{author.mark}-{rng.choice(UNITS)[0]}"
        entry_number = self._next(own, "incoming" if incoming else "outgoing", day.year, at)
        number = str(self._printed(author, issued.year) if incoming else entry_number)
        subject, topic = phrases.subject(rng, type_name, issued.year)
        urgency = rng.choices((0, 1, 2, 3), (88, 8, 3, 1))[0]
        receivers = (
            [own] if incoming else rng.sample([one for one in self.city if one.code != own.code], rng.randint(1, 5))
        )
        signer = self.leaders[author.code]
        pdf = self.printer.make(
            author.name, f"{int(number):02d}/{symbol}", date_words(issued, "Hải Phòng"), f"{type_name.upper()} {subject}",
            phrases.page(rng, topic, issued.year), (author.leader, signer), [one.name for one in receivers],
        )  # fmt: skip
        sha256 = hashlib.sha256(pdf).hexdigest()
        document_id, agency_id = self._id(at), self.points[own.code]
        plain = fold(f"{number}/{symbol} {subject} {type_name} {author.name} {author.code} {signer}")
        rows: dict[str, list[dict[str, Any]]] = {
            "document": [{
                "id": document_id, "agency_id": agency_id, "direction": "incoming" if incoming else "outgoing",
                "identifier": f"{author.code}.{issued.year}.{number}", "author_code": author.code, "author_name": author.name,
                "number": number, "symbol": symbol, "number_key": number_key(number, symbol), "issued_on": issued,
                "type_name": type_name, "subject": subject, "urgency": urgency, "signer_position": author.leader,
                "signer_name": signer, "pages": 1, "main_sha256": sha256, "legal_value": "for_information",
                "legal_reason": "dữ liệu trình diễn, không có giá trị pháp lý", "channel": rng.choices(
                    ("email", "paper", "axis"), (80, 15, 5))[0] if incoming else "email",
                "late_reason": "chờ đủ chữ ký" if not incoming and rng.random() < 0.05 else None,
                "state": "registered" if incoming else "issued", "created_at": at, "search_text": plain,
            }],
            "document_file": [{
                "id": self._id(at), "document_id": document_id, "ordinal": 0, "role": FileRole.MAIN.value,
                "name": f"{number}-{symbol}.pdf".replace("/", "-"), "sha256": sha256, "size": len(pdf),
                "media_type": "application/pdf", "format": "pdf",
            }],
        }  # fmt: skip
        self._register(rows, own, document_id, entry_number, at, incoming, urgency, receivers)
        return _Made(sha256, pdf, {"sha256": sha256, "size": len(pdf), "stored_at": at}, rows)

    def _register(self, rows: dict[str, list[dict[str, Any]]], own: CityAgency, document_id: str, number: int,
                  at: datetime, incoming: bool, urgency: int, receivers: list[CityAgency]) -> None:  # fmt: skip
        rng, agency_id = self.rng, self.points[own.code]
        day = at.astimezone(VIETNAM).date()
        held = self.books[(own.code, "incoming" if incoming else "outgoing", day.year)]
        entry_id = self._id(at)
        clock = clock_start(self.calendar, at, Urgency(urgency)).starts_at if incoming else None
        rows["entry"] = [{
            "id": entry_id, "book_id": held["id"], "agency_id": agency_id, "number": number, "number_text": str(number),
            "document_id": document_id, "state": "active", "arrived_at": at if incoming else None, "registered_at": at,
            "clock_starts_at": clock, "source": "gateway", "registered_by": "Văn thư", "copies": None if incoming else 1,
            "recipients_text": None if incoming else "; ".join(one.name for one in receivers),
            "copy_holder": None if incoming else "Văn thư", "transferred_on": day,
        }]  # fmt: skip
        data = {"document": document_id, "number": str(number), "year": day.year}
        rows["event"] = [{"agency_id": agency_id, "at": at, "actor": "Văn thư", "kind": "entry.registered",
                          "subject": f"entry:{entry_id}", "data": canonical(data)}]  # fmt: skip
        if not incoming:
            rows["recipient"] = [self._receiver(agency_id, document_id, one, at, urgency) for one in receivers]
            return
        rows["arrival"] = [
            {"id": self._id(at), "document_id": document_id, "channel": "email", "arrived_at": at, "first": True}
        ]
        if rng.random() < 0.85:
            rows["handling"] = [self._handling(own, document_id, at)]

    def _handling(self, own: CityAgency, document_id: str, at: datetime) -> dict[str, Any]:
        rng, staff = self.rng, self.staff[own.code]
        unit_id, officer = rng.choice(staff["officers"])
        due = self.calendar.closing(self.calendar.add_working_days(at.astimezone(VIETNAM).date(), rng.randint(2, 15)))
        finished: datetime | None = due - timedelta(hours=rng.randint(1, 40))
        if rng.random() < 0.12:
            finished = due + timedelta(hours=rng.randint(2, 90))
        now = datetime.combine(self.until, time(8), VIETNAM)
        if finished is not None and (finished > now or rng.random() < 0.02):
            finished = None
        finished = max(finished, at + timedelta(hours=1)) if finished else None
        return {
            "id": self._id(at), "document_id": document_id, "agency_id": self.points[own.code],
            "state": "done" if finished else rng.choice(("assigned", "in_progress")), "leader_id": staff["leader"],
            "presented_at": at, "lead_unit_id": unit_id, "lead_person_id": officer, "assigned_at": at + timedelta(minutes=30),
            "due_at": due, "finished_at": finished, "result": "Đã tham mưu, trả lời" if finished else None,
        }  # fmt: skip

    def _receiver(self, agency_id: str, document_id: str, to: CityAgency, at: datetime, urgency: int) -> dict[str, Any]:
        rng = self.rng
        state = rng.choices(("received", "arrived", "accepted", "failed", "refused"), (90, 4, 3, 2, 1))[0]
        done = at + timedelta(minutes=rng.randint(1, 300))
        return {
            "id": self._id(at), "agency_id": agency_id, "document_id": document_id, "code": to.code, "name": to.name,
            "address": to.address, "sending": 1, "message_id": f"{self._id(at)}@demo.test", "envid": self._id(at),
            "state": state, "since": done, "confirmation": "proved" if state == "received" else None, "attempts": 1,
            "warn_at": at + timedelta(hours=24), "sent_at": done if state in ("received", "arrived") else None,
            "received_at": done if state == "received" else None, "urgency": urgency, "created_at": at,
            "register_number": str(rng.randint(1, 4000)) if state == "received" else None,
        }  # fmt: skip

    def _next(self, own: CityAgency, direction: str, year: int, at: datetime) -> int:
        held = self.books.setdefault((own.code, direction, year), {
            "id": self._id(at), "agency_id": self.points[own.code], "body_code": own.code, "year": year,
            "direction": direction, "series": "", "last_number": 0, "new": True,
        })  # fmt: skip
        held["last_number"] += 1
        held["last_time"] = at
        return int(held["last_number"])

    def _printed(self, author: CityAgency, year: int) -> int:
        """The author's own numbers go up by themselves."""
        last = self.given.get((author.code, year), 0) + self.rng.randint(1, 4)
        self.given[(author.code, year)] = last
        return last

    def keep_books(self, connection: Connection) -> None:
        for held in self.books.values():
            values = {key: held[key] for key in ("last_number", "last_time")}
            if held.pop("new", False):
                connection.execute(insert(book).values(**{k: v for k, v in held.items() if k != "new"}))
            else:
                connection.execute(book.update().where(book.c.id == held["id"]).values(**values))


def _dossiers(connection: Connection, rng: Random, points: dict[str, str], until: date, at: datetime) -> None:
    """A list of each year for each own agency; the earlier year's dossiers are closed."""
    from congvan_core.dossiers import keeping
    from congvan_core.dossiers.listing import approve_list

    for code in OWN:
        agency_id = points[code]
        names = dict(connection.execute(select(unit.c.code, unit.c.name).where(unit.c.agency_id == agency_id)).all())
        for year in (until.year - 1, until.year):
            opened = datetime(year, 1, 5, 8, tzinfo=VIETNAM)
            made = [
                keeping.list_dossier(
                    connection, agency_id, year, unit_code, f"Hồ sơ {what} năm {year}", keeper=str(names[unit_code]),
                    retention_years=kept, actor=_ACTOR, at=opened,
                )
                for unit_code, what, kept in (
                    ("TCCB", "tuyển dụng, nâng ngạch công chức", 20), ("TCCB", "thi đua, khen thưởng", 10),
                    ("KHTC", "quyết toán ngân sách", None), ("CCHC", "cải cách hành chính", 5),
                    ("VP", "hội nghị, họp giao ban", 5), ("VHXH", "chính sách xã hội", 10),
                )
            ]  # fmt: skip
            approve_list(
                connection, agency_id, year, "Thủ trưởng cơ quan", actor=_ACTOR, at=opened, basis="Quyết định đầu năm"
            )
            inside = connection.execute(
                select(document.c.id)
                .where(document.c.agency_id == agency_id, document.c.issued_on >= date(year, 1, 1),
                       document.c.issued_on < date(year + 1, 1, 1))
                .order_by(document.c.id).limit(240)
            ).scalars().all()  # fmt: skip
            for place, document_id in enumerate(inside):
                if rng.random() < 0.4:
                    keeping.put_in(connection, made[place % len(made)], document_id, actor=_ACTOR, at=at)
            if year < until.year:
                for one in made[:4]:
                    if keeping.documents_in(connection, one):
                        keeping.close(
                            connection, one, actor=_ACTOR, at=min(at, opened + timedelta(days=rng.randint(345, 400)))
                        )
