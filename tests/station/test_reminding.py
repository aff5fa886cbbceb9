"""Silence has consequences: two reminders in office hours, a clerk who telephones, an operator who mends.

Quy chế Điều 20.2.d.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from congvan_core.agencies.recipients import resolve_recipient
from congvan_core.documents.finding_again import resolve_document
from congvan_core.documents.model import DocumentMetadata, LegalValue, Urgency
from congvan_core.documents.store import insert_document
from congvan_core.errors import ConfigurationError, InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import event
from congvan_gateway.dispatch.faults import close_fault
from congvan_gateway.dispatch.following import track_json
from congvan_gateway.dispatch.issuing import add_recipient
from congvan_gateway.dispatch.recording_calls import record_call
from congvan_gateway.dispatch.reminding import follow_up, report_fault
from congvan_gateway.dispatch.sealing_receipts import seal_receipts
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.operations.gateway_key import make_gateway_key
from congvan_gateway.receipts.matching import by_message_ids
from congvan_gateway.settings import Keys, Operations, Settings
from congvan_gateway.storage.schema import outbox, recipient

#: A Monday morning.
START = datetime(2026, 11, 30, 9, 0, tzinfo=VIETNAM)


@dataclass
class Desk:
    """An office with one document sent to one recipient, and a clock that is turned by hand."""

    app: App
    document_id: str
    moment: datetime = START

    def later(self, **time: float) -> None:
        self.moment += timedelta(**time)

    def letters(self) -> list[Any]:
        with self.app.database.read() as connection:
            kinds = ("reminder", "notice")
            return list(
                connection.execute(select(outbox).where(outbox.c.kind.in_(kinds)).order_by(outbox.c.created_at))
            )

    def state(self, state: str) -> None:
        with self.app.database.write() as connection:
            connection.execute(update(recipient).values(state=state, since=self.moment))

    def row(self) -> Any:
        with self.app.database.read() as connection:
            return connection.execute(select(recipient)).one()


@pytest.fixture(params=["plain", "gateway", "urgent"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    make_gateway_key(tmp_path / "keys", agency_name="Sở A", address="vanthu@a.example.vn", at=START)
    settings = Settings(
        keys=Keys(gateway="keys/gateway.p12", password_file="keys/gateway.pass"),
        operations=Operations(operator="van.hanh@a.example.vn"),
        base=tmp_path,
    )
    app = open_app(settings)
    found_agency(app, code="H24.90", name="Sở A", address="vanthu@a.example.vn", telephone="0225 3000", actor="test")
    gateway = request.param == "gateway"
    found_agency(app, code="H24.92", name="Xã C", address="vt@c.example.vn", own=False, gateway=gateway, actor="test")
    made = Desk(app, "")
    app.clock = lambda: made.moment
    urgency = Urgency.EXPRESS if request.param == "urgent" else Urgency.NORMAL
    with app.database.write() as connection:
        agency = connection.execute(select(_points().c.id).where(_points().c.own)).scalar_one()
        meta = DocumentMetadata(
            number="67", symbol="SA-VP", issued_on=date(2026, 11, 30), subject="rà soát", urgency=urgency
        )
        made.document_id = insert_document(
            connection, agency_id=agency, direction="outgoing", metadata=meta, files=[], legal_value=LegalValue.UNDECIDED,
            legal_reason="", channel="email", channel_reason=None, state="issued", verification={}, policy_version="",
            remark=None, at=START,
        )  # fmt: skip
        to = resolve_recipient(connection, "H24.92", START.date())
        add_recipient(connection, app, agency_id=agency, document_id=made.document_id, to=to, urgency=urgency, at=START)
        connection.execute(update(recipient).values(state="accepted"))
    yield made
    app.close()


def _points() -> Any:
    from congvan_core.storage.schema import contact_point

    return contact_point


@pytest.mark.parametrize("desk", ["plain"], indirect=True)
def test_two_reminders_in_office_hours_then_a_clerk(desk: Desk) -> None:
    assert follow_up(desk.app) == 0
    desk.later(hours=10)  # 19:00: overdue, but the office is closed
    assert follow_up(desk.app) == 0
    desk.later(hours=14)
    assert follow_up(desk.app) == 1
    (first,) = desk.letters()
    assert (first.kind, first.rcpt_to, first.mail_from) == ("reminder", "vt@c.example.vn", "vanthu@a.example.vn")
    assert "67/SA-VP" in first.content["subject"] and first.recipient_id is None
    assert seal_receipts(desk.app) == 1 and follow_up(desk.app) == 0
    desk.later(days=1, hours=1)
    assert follow_up(desk.app) == 1
    desk.later(days=1, hours=1)
    assert follow_up(desk.app) == 1 and follow_up(desk.app) == 0
    last = desk.letters()[-1]
    assert (last.kind, last.rcpt_to) == ("notice", "vanthu@a.example.vn")
    assert "gọi điện" in str(last.content["paragraphs"]) and "nhắc 2 lần" in str(last.content["paragraphs"])
    # Sealed, and an answer to the reminder finds its recipient.
    assert seal_receipts(desk.app) == 2
    sealed = desk.letters()[0]
    assert sealed.state == "queued" and f"In-Reply-To: <{desk.row().message_id}>" in sealed.headers
    with desk.app.database.read() as connection:
        (found,) = by_message_ids(connection, None, [f"<{first.message_id}>"])
    assert found.id == desk.row().id


@pytest.mark.parametrize("desk", ["gateway"], indirect=True)
def test_a_silent_gateway_is_a_clerks_matter_at_once(desk: Desk) -> None:
    desk.later(hours=5)
    assert follow_up(desk.app) == 1
    assert [letter.kind for letter in desk.letters()] == ["notice"]
    desk.later(days=5)
    assert follow_up(desk.app) == 0


@pytest.mark.parametrize("desk", ["urgent"], indirect=True)
def test_urgent_documents_do_not_wait_for_the_office(desk: Desk) -> None:
    desk.moment = datetime(2026, 11, 30, 23, 0, tzinfo=VIETNAM)
    assert follow_up(desk.app) == 1
    assert desk.letters()[0].urgency == int(Urgency.EXPRESS)


@pytest.mark.parametrize("desk", ["plain"], indirect=True)
def test_failures_go_to_the_operator_once_and_again_on_request(desk: Desk) -> None:
    desk.state("failed")
    assert follow_up(desk.app) == 1 and follow_up(desk.app) == 0
    (notice,) = desk.letters()
    assert notice.rcpt_to == "van.hanh@a.example.vn" and "Báo sự cố" in notice.content["subject"]
    desk.later(minutes=2)
    assert report_fault(desk.app, desk.document_id, "H24.92", actor="Lê Sổ", note="đã thử lại hai lần") == 1
    assert "đã thử lại hai lần" in str(desk.letters()[-1].content["paragraphs"])
    desk.app.settings.operations.__dict__["operator"] = None
    with pytest.raises(ConfigurationError):
        report_fault(desk.app, desk.document_id, None, actor="Lê Sổ")


def track(desk: Desk) -> dict[str, Any]:
    with desk.app.database.read() as connection:
        return track_json(
            connection, resolve_document(connection, desk.document_id, direction="outgoing"), desk.app.clock()
        )


@pytest.mark.parametrize("desk", ["plain"], indirect=True)
def test_the_operators_answer_is_linked(desk: Desk, tmp_path: Path) -> None:
    desk.state("failed")
    assert follow_up(desk.app) == 1 and seal_receipts(desk.app) == 1
    notice = desk.letters()[0]

    def answer(sender: str, **more: str) -> dict[str, Any]:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, "vanthu@a.example.vn", "Re: Báo sự cố"
        mail["In-Reply-To"] = f"<{notice.message_id}>"
        for name, value in more.items():
            mail[name.replace("_", "-")] = value
        mail.set_content("Máy chủ của xã C đã chạy lại, đề nghị gửi lại.")
        path = tmp_path / "tra-loi.eml"
        path.write_bytes(mail.as_bytes())
        return take_in_file(desk.app, path, sender=sender, recipients=["vanthu@a.example.vn"])

    ticket = answer("van.hanh@a.example.vn", Auto_Submitted="auto-replied")
    assert (ticket["state"], ticket["document_id"]) == ("ignored", desk.document_id)
    said = answer("van.hanh@a.example.vn")
    assert (said["state"], said["document_id"]) == ("held", desk.document_id)
    assert "REPORT-OPERATOR-ANSWER" in {f["code"] for f in said["findings"]}
    stranger = answer("ai.do@khac.example.vn")
    assert stranger["document_id"] is None
    fault = track(desk)["recipients"][0]["fault"]
    assert (fault["operator"], fault["state"]) == ("van.hanh@a.example.vn", "answered")
    assert [(a["message"], a["final"]) for a in fault["answers"]] == [
        (ticket["message"], False),
        (said["message"], True),
    ]
    desk.later(minutes=5)
    assert report_fault(desk.app, desk.document_id, "H24.92", actor="Lê Sổ") == 1
    again = track(desk)["recipients"][0]["fault"]
    assert (again["state"], len(again["answers"])) == ("queued", 2), "a new report waits for an answer of its own"
    with pytest.raises(InputError):
        close_fault(desk.app, desk.document_id, None, actor="Lê Sổ", note=" ")
    with pytest.raises(NotFoundError):
        close_fault(desk.app, desk.document_id, "H24.99", actor="Lê Sổ", note="xong")
    assert close_fault(desk.app, desk.document_id, "H24.92", actor="Lê Sổ", note="máy chủ đã chạy lại") == 1
    with pytest.raises(RefusedError):
        close_fault(desk.app, desk.document_id, None, actor="Lê Sổ", note="xong")
    ended = track(desk)["recipients"][0]["fault"]
    assert (ended["state"], ended["closed"]["by"], ended["closed"]["note"]) == (
        "closed", "Lê Sổ", "máy chủ đã chạy lại",
    )  # fmt: skip
    with desk.app.database.read() as connection:
        told = connection.execute(select(event.c.actor).where(event.c.kind == "fault.closed")).scalars().all()
    assert told == ["Lê Sổ"]
    desk.later(minutes=5)
    assert report_fault(desk.app, desk.document_id, "H24.92", actor="Lê Sổ") == 1
    opened = track(desk)["recipients"][0]["fault"]
    assert (opened["state"], opened["closed"]) == ("queued", None), "what is reported again is open again"
    kept = desk.letters()[0].content["answers"]
    assert [(a["message"], a["final"]) for a in kept] == [(ticket["message"], False), (said["message"], True)]


@pytest.mark.parametrize("desk", ["plain"], indirect=True)
def test_a_telephone_call_closes_the_follow_up_as_recorded(desk: Desk) -> None:
    with pytest.raises(InputError):
        record_call(desk.app, desk.document_id, None, said=" ", register_number=None, actor="Lê Sổ")
    said = "bà Hoa, văn thư xã C, 9 giờ, 0225 3111"
    assert record_call(desk.app, desk.document_id, None, said=said, register_number="15", actor="Lê Sổ") == "received"
    row = desk.row()
    assert (row.confirmation, row.register_number) == ("recorded", "15")
    desk.later(days=3)
    assert follow_up(desk.app) == 0
