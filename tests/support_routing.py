"""An installation without servers for tests of routes and couriers: agencies, a clock that is set, couriers by name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from congvan_core.agencies.recipients import resolve_recipient
from congvan_core.documents.model import DocumentMetadata, FileRef, FileRole, LegalValue, Party, Urgency
from congvan_core.documents.store import StoredFile, insert_document
from congvan_core.storage.schema import contact_point, event
from congvan_gateway.dispatch.issuing import add_recipient
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.routing import keeping
from congvan_gateway.routing.model import Table
from congvan_gateway.settings import Settings
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Outcome, OutgoingMail, Stage

OWN, WARD, COMMUNE, FIRM = "H24.90", "H24.91.07", "H24.92.01", "D01.0001"
#: 2026-11-23 is a Monday; 09:30 in Vietnam.
MORNING = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


@dataclass
class SetClock:
    """A clock that stands still until it is moved."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


def open_installation(folder: Path, **sections: dict[str, Any]) -> tuple[App, SetClock]:
    """Our agency, two of the city, and a firm."""
    clock = SetClock()
    app = open_app(Settings(base=folder, **sections), clock=clock)  # type: ignore[arg-type]
    found_agency(app, code=OWN, name="Sở Thử Nghiệm", address="vanthu@own.example.vn", own=True)
    found_agency(app, code=WARD, name="UBND phường Thử", address="vanthu@ward.example.vn", own=False)
    found_agency(app, code=COMMUNE, name="UBND xã Thử", address="vanthu@commune.example.vn", own=False, gateway=False)
    found_agency(app, code=FIRM, name="Công ty Thử", address="hop@firm.example.vn", own=False, kind="organisation")
    return app, clock


def put_table(app: App, data: dict[str, Any]) -> int:
    """A table in force at once."""
    with app.database.write() as connection:
        version = keeping.draft(connection, app.settings, Table.from_json(data), actor="thử", at=app.clock())
        keeping.activate(connection, app.settings, version, actor="thử", at=app.clock())
    return version


def send_to(app: App, *codes: str, urgency: Urgency = Urgency.NORMAL, size: int = 1000, number: str = "12") -> str:
    """An issued document in the outbox, sealed with a body that nobody reads; its id."""
    at = app.clock()
    data = f"%PDF {number} ".encode().ljust(size, b"x")
    blob = app.blobs.put_bytes(data)
    meta = DocumentMetadata(
        document_id=f"{OWN},2026/11/23,{number}/QĐ-STN",
        number=number,
        symbol="QĐ-STN",
        issued_on=date(2026, 11, 23),
        subject="thử tuyến",
        author=Party(OWN, "Sở Thử Nghiệm"),
        urgency=urgency,
        files=(FileRef("12.pdf", role=FileRole.MAIN),),
    )
    body = app.blobs.put_bytes(b"Content-Type: text/plain\r\n\r\nthan thu " + number.encode())
    with app.database.write() as connection:
        agency = connection.execute(select(contact_point.c.id).where(contact_point.c.code == OWN)).scalar_one()
        document_id = insert_document(
            connection, agency_id=agency, direction="outgoing", metadata=meta,
            files=[StoredFile("12.pdf", blob.sha256, size, FileRole.MAIN)],
            legal_value=LegalValue.PENDING_REGISTRATION, channel="email", state="issued", at=at,
        )  # fmt: skip
        for code in codes:
            to = resolve_recipient(connection, code, at.date())
            add_recipient(connection, app, agency_id=agency, document_id=document_id, to=to, urgency=urgency, at=at)
        connection.execute(
            update(outbox)
            .where(outbox.c.document_id == document_id)
            .values(
                state="queued",
                headers="Subject: thu\r\n",
                body_sha256=body.sha256,
                next_attempt_at=datetime(2020, 1, 1, tzinfo=UTC),
            )
        )
    return document_id


def due_now(app: App) -> None:
    """Every waiting mail may leave at once (the lease clock is the database's)."""
    with app.database.write() as connection:
        connection.execute(
            update(outbox)
            .where(outbox.c.state.in_(("queued", "deferred", "unknown")))
            .values(next_attempt_at=datetime(2020, 1, 1, tzinfo=UTC))
        )


def events(app: App, kind: str) -> list[dict[str, Any]]:
    """The data of every journal event of a kind."""
    import json

    with app.database.read() as connection:
        rows = connection.execute(select(event.c.data).where(event.c.kind == kind).order_by(event.c.id)).scalars()
        return [json.loads(text) for text in rows]


@dataclass
class Scripted:
    """Answers as it is told, the last answer for ever; remembers everything."""

    answers: list[Outcome] = field(default_factory=lambda: [Accepted(stage=Stage.FINAL, code=250)])
    carried: list[OutgoingMail] = field(default_factory=list)

    async def deliver(self, mail: OutgoingMail) -> Outcome:
        self.carried.append(mail)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def close(self) -> None:
        return


def down() -> Deferred:
    return Deferred(stage=Stage.CONNECT, text="connection refused")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
