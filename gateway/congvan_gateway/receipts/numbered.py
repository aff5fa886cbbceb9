"""The receipt 03 that waits for the số đến of another authority (QLVBĐH): frozen at registration, sent with the number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from congvan_core.documents.model import LegalValue
from congvan_core.documents.store import jsonable
from congvan_core.errors import ConflictError, NotFoundError
from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import append
from congvan_core.registers.entries import entries_of, give_external_number
from congvan_gateway.main import App
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.receipts import wording
from congvan_mailbox.receipts.content import ReceiptContent
from congvan_mailbox.receipts.wording import Exchange, Letter, Times

#: The outbox state of a receipt that has no number yet; neither the sealer nor a courier takes it.
WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Registered:
    """What the letter of a 03 says, but for the number and the moment of registration."""

    exchange: Exchange
    arrived_at: datetime
    clock_starts_at: datetime | None
    legal_value: LegalValue
    automatic_since: date | None = None
    forwarded_author: str = ""

    def letter(self, number: str, registered_at: datetime) -> Letter:
        times = Times(self.arrived_at, registered_at, self.clock_starts_at)
        if self.legal_value is LegalValue.FOR_INFORMATION:
            return wording.for_information(self.exchange, times, number, automatic_since=self.automatic_since)
        return wording.registered(
            self.exchange,
            times,
            number,
            signature="undecided" if self.legal_value is LegalValue.UNDECIDED else "valid",
            legal_value=self.legal_value,
            automatic_since=self.automatic_since,
            forwarded_author=self.forwarded_author,
        )

    def to_json(self) -> dict[str, Any]:
        frozen: dict[str, Any] = jsonable(asdict(self))
        return frozen

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Registered:
        said = dict(data["exchange"])
        said["issued_on"] = _day(said.get("issued_on"))
        starts = data.get("clock_starts_at")
        return cls(
            Exchange(**said),
            datetime.fromisoformat(data["arrived_at"]),
            datetime.fromisoformat(starts) if starts else None,
            LegalValue(data["legal_value"]),
            _day(data.get("automatic_since")),
            str(data.get("forwarded_author") or ""),
        )


def described(number: str) -> str:
    """The status packet's own sentence."""
    return f"Đã vào sổ văn bản đến, số đến {number}"


def give_number(app: App, document_id: str, number_text: str, *, actor: str, given_at: datetime | None = None) -> str:
    """Store the số đến that QLVBĐH gave to a waiting document and let its 03 go, in one transaction; the entry's id.

    Raises NotFoundError, ConflictError where the document waits for no number or the number is taken, InputError.
    """
    at = app.clock()
    with app.database.write() as connection:
        entries = entries_of(connection, document_id)
        waiting = next((e for e in entries if e.state == "waiting"), None)
        if waiting is None:
            if not entries:
                raise NotFoundError(f"Văn bản {document_id} chưa vào sổ nào")
            numbers = ", ".join(e.number_text for e in entries if e.number_text)
            raise ConflictError(f"Văn bản này không chờ số đến{f' (số {numbers})' if numbers else ''}")
        give_external_number(connection, waiting.id, number_text=number_text, given_at=given_at or at, actor=actor)
        let_go(connection, app, document_id, number_text.strip(), given_at or at, actor)
    return str(waiting.id)


def let_go(
    connection: Connection, app: App, document_id: str, number: str, registered_at: datetime, actor: str
) -> None:
    """The 03 of this document may be sealed and sent, with the number it waited for; in the caller's transaction."""
    rows = connection.execute(
        select(outbox)
        .where(outbox.c.document_id == document_id, outbox.c.kind == "receipt_03", outbox.c.state == WAITING)
        .with_for_update()
    ).all()
    at = app.clock()
    for row in rows:
        connection.execute(
            update(outbox)
            .where(outbox.c.id == row.id)
            .values(
                content=jsonable(_numbered(row, number, registered_at, at)),
                state="to_seal",
                give_up_at=at + timedelta(hours=app.settings.delivery.give_up_hours),
                created_at=at,
            )
        )
        append(
            connection,
            agency_id=row.agency_id,
            actor=actor,
            kind="receipt.03",
            subject=f"document:{document_id}",
            data={"to": row.rcpt_to, "message": row.message_row_id, "register_number": number},
            at=at,
        )


def _numbered(row: Row[Any], number: str, registered_at: datetime, at: datetime) -> dict[str, Any]:
    letter = Registered.from_json(row.content["waiting"]).letter(number, registered_at)
    data = {key: value for key, value in row.content.items() if key != "waiting"}
    data["status"] = dict(data["status"]) | {
        "register_number": number,
        "registered_at": registered_at.astimezone(VIETNAM).replace(microsecond=0).isoformat(),
        "description": described(number),
        "at": at.astimezone(VIETNAM).replace(microsecond=0).isoformat(),
    }
    data["subject"], data["paragraphs"] = letter.subject, [list(p) for p in letter.paragraphs]
    data["date"] = at.astimezone(VIETNAM).replace(microsecond=0).isoformat()
    ReceiptContent.from_json(data)  # what the sealer will read
    return data


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
