"""A person's acts on what waits: release, refuse, discard. Each is one transaction, safe to repeat, and in the journal."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from congvan_core.errors import ConflictError, InputError, RefusedError, TemporaryError
from congvan_core.journal.writing import clean
from congvan_core.storage.database import database_time
from congvan_gateway.judgement.acting import act, tell
from congvan_gateway.judgement.looking import look
from congvan_gateway.judgement.registration import Standing
from congvan_gateway.judgement.sandbox import SandboxError
from congvan_gateway.judgement.verdict import Judged, judge
from congvan_gateway.main import App
from congvan_gateway.quarantine import joined, sealing, second_person
from congvan_gateway.quarantine.arrangement import load
from congvan_gateway.quarantine.person import Person
from congvan_gateway.quarantine.queue import find_item
from congvan_gateway.quarantine.second_person import SecondPersonError
from congvan_gateway.receipts import answering
from congvan_gateway.storage.schema import message

OPEN = ("held", "conflict", "unreadable")
#: Closed by a person or by itself; a clerk may still take it into the register, by the same lease as any other.
CLOSED = ("refused", "ignored")
_LEASE = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The mail's new state; ``register_number`` where it was registered (now or before)."""

    item: str
    state: str
    document_id: str | None = None
    register_number: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "item": self.item,
            "state": self.state,
            "document_id": self.document_id,
            "register_number": self.register_number,
        }


def release(
    app: App, item: str, person: Person, *, for_information: bool = False, reason: str | None = None
) -> Outcome:
    """Checked again, registered and receipted in one act. Repeating it gives the same answer.

    Raises RefusedError for what is sealed or recommended for refusal (unless for information, or with a reason),
    SecondPersonError where somebody else must agree (``person.agreed_by``),
    ConflictError where someone else is at it, TemporaryError where it cannot be checked now.
    """
    with app.database.read() as connection:
        several = len(load(connection, find_item(connection, item).id).groups) > 1
    if several:
        from congvan_gateway.quarantine.splitting import release_each

        made = release_each(app, item, person, reason=reason, for_information=for_information)
        return made[0]
    with claimed(app, item, done=("registered", "duplicate"), states=OPEN + CLOSED) as row:
        if row.state in ("registered", "duplicate"):
            return outcome_of(app, row.id)
        seen = look(app, row)
        with app.database.write() as connection:
            still_ours(connection, row)
            judged = judge(connection, app, row, seen)
            if not judged.decision.sealed:
                may_register(connection, app, row, judged, person, reason=reason, for_information=for_information)
            standing = Standing(person.name, remark=reason, for_information=for_information)
            state = act(connection, app, row, judged, standing)
        if state == "sealed":
            # A marking that only this look found (a better OCR, a joined file): closed at once, as on arrival.
            sealing.shred(app, row, [a.sha256 for a in seen.attachments])
    return outcome_of(app, row.id)


def may_register(
    connection: Connection, app: App, row: Row[Any], judged: Judged, person: Person, *, reason: str | None,
    for_information: bool,
) -> None:  # fmt: skip
    """Raises RefusedError for what is no document, or recommended for refusal without a person's reason;
    SecondPersonError where it needs somebody else's word as well."""
    if judged.seen.kind not in ("package", "document"):
        raise RefusedError("Thư này không có văn bản để vào sổ; hãy loại khỏi danh sách hoặc chuyển người vận hành")
    if judged.decision.recommended == "refuse" and not (for_information or reason):
        codes = ", ".join(judged.decision.because)
        raise RefusedError(
            f"Thư này được đề nghị từ chối ({codes}); chỉ vào sổ để biết, để tham khảo, hoặc khi nêu rõ lý do"
        )
    against = judged.decision.recommended == "refuse" and not for_information
    if against and not person.agreed_by and second_person.asked_for(connection, app, row.agency_id):
        raise SecondPersonError("Thư được đề nghị từ chối; tiếp nhận cần người thứ hai xác nhận tại trang làm việc")


def refuse(app: App, item: str, person: Person, *, reason: str, clause: str = "khoản 5 Điều 4") -> Outcome:
    """Status 02 in a named person's responsibility; it leaves only where the origin is proved.

    Raises InputError where the reason, the person's position or telephone is missing.
    """
    if not reason.strip():
        raise InputError("Từ chối tiếp nhận phải nêu lý do (khoản 5 Điều 4)")
    if not person.name or not person.position or not person.telephone:
        raise InputError(
            "Từ chối tiếp nhận phải ghi họ tên, chức vụ và điện thoại của người chịu trách nhiệm (khoản 5 Điều 4)"
        )
    with claimed(app, item, done=("registered", "duplicate", "refused", "ignored")) as row:
        if row.state == "refused":
            return outcome_of(app, row.id)
        if row.state == "ignored":
            raise ConflictError("Thư này đã được loại khỏi danh sách, không từ chối được nữa")
        if row.state in ("registered", "duplicate"):
            raise ConflictError("Văn bản đã vào sổ, không từ chối được nữa")
        seen = look(app, row)
        with app.database.write() as connection:
            still_ours(connection, row)
            judged = judge(connection, app, row, seen)
            if judged.decision.sealed:
                act(connection, app, row, judged, None)
            else:
                answering.refused(connection, app, row, seen, judged.origin, person, reason=reason, clause=clause)
                _decide(connection, app, row, "refused", person, reason)
        if judged.decision.sealed:
            sealing.shred(app, row, [a.sha256 for a in seen.attachments])
    return outcome_of(app, row.id)


def discard(app: App, item: str, person: Person, *, reason: str) -> Outcome:
    """Not a document: leaves the queue, is kept, is never answered. Raises InputError without a reason."""
    if not reason.strip():
        raise InputError("Loại khỏi danh sách phải nêu lý do")
    with claimed(app, item, done=("registered", "duplicate", "refused", "ignored")) as row:
        if row.state == "ignored":
            return outcome_of(app, row.id)
        if row.state == "refused":
            raise ConflictError("Văn bản đã bị từ chối tiếp nhận và đã báo bên gửi, không loại được nữa")
        if row.state in ("registered", "duplicate"):
            raise ConflictError("Văn bản đã vào sổ, không loại được; hãy hủy số trong sổ nếu vào nhầm")
        with app.database.write() as connection:
            still_ours(connection, row)
            _decide(connection, app, row, "ignored", person, reason)
    return outcome_of(app, row.id)


@contextmanager
def claimed(
    app: App, item: str, *, done: tuple[str, ...] = (), states: tuple[str, ...] = OPEN, version: int | None = None
) -> Iterator[Row[Any]]:
    """The mail, taken for one act and given back whatever happens. In a state of ``done`` it is given as it is.

    ``version``: what the person saw; raises ConflictError where the row has changed since, or another is at it,
    RefusedError where it is sealed, TemporaryError where it cannot be read now.
    """
    row = _claim(app, item, done=done, states=states)
    try:
        if version is not None and row.version != version:
            raise ConflictError("Thư này đã thay đổi sau khi bạn mở trang; hãy xem lại")
        yield row
    except SandboxError as error:
        _give_back(app, row)
        raise TemporaryError(error.message) from error
    except BaseException:
        _give_back(app, row)
        raise


def _claim(app: App, item: str, *, done: tuple[str, ...], states: tuple[str, ...]) -> Row[Any]:
    """Take the mail for this act; whoever comes second is told. In a state of ``done`` it is given as it is."""
    with app.database.write() as connection:
        known = find_item(connection, item)
        if known.state in done:
            return known
        if known.state == "sealed":
            raise RefusedError("Thư đã niêm phong vì có thể mang dấu chỉ độ mật; chỉ hai người có tên mới mở hoặc hủy")
        if known.state == "joined":
            head = load(connection, known.id).joined_to or "?"
            raise ConflictError(f"Thư này đã được gộp với thư {head}; hãy xử lý thư đó hoặc tách ra trước")
        at = database_time(connection)
        row = connection.execute(
            update(message)
            .where(message.c.id == known.id, message.c.state.in_(states))
            .where((message.c.lease_until.is_(None)) | (message.c.lease_until < at))
            .values(lease_token=secrets.token_hex(16), lease_until=at + _LEASE)
            .returning(*message.c)
        ).one_or_none()
        if row is None:
            raise ConflictError("Thư này đang được người khác hoặc hệ thống xử lý; hãy thử lại sau ít phút")
        return row


def still_ours(connection: Connection, row: Row[Any]) -> None:
    token = connection.execute(
        select(message.c.lease_token).where(message.c.id == row.id).with_for_update()
    ).scalar_one()
    if token != row.lease_token:
        raise ConflictError("Thư này vừa được người khác xử lý")


def _give_back(app: App, row: Row[Any]) -> None:
    with app.database.write() as connection:
        connection.execute(
            update(message)
            .where(message.c.id == row.id, message.c.lease_token == row.lease_token)
            .values(lease_token=None, lease_until=None)
        )


def _decide(connection: Connection, app: App, row: Row[Any], state: str, person: Person, reason: str) -> None:
    at = app.clock()
    connection.execute(
        update(message)
        .where(message.c.id == row.id)
        .values(
            state=state,
            lease_token=None,
            lease_until=None,
            next_try_at=None,
            decided_by=clean(person.name, 200),
            decided_at=at,
            decision=state,
            decision_reason=clean(reason, 1000),
            version=message.c.version + 1,
        )
    )
    data = {"reason": reason, "position": person.position, "telephone": person.telephone}
    tell(connection, row, f"message.{state}", data, at, actor=person.name)
    joined.settle(connection, app, row, state, actor=person.name)


def outcome_of(app: App, item: str) -> Outcome:
    from congvan_gateway.judgement.duplicates import register_number

    with app.database.read() as connection:
        row = connection.execute(select(message).where(message.c.id == item)).one()
        number = register_number(connection, row.document_id) if row.document_id else None
    return Outcome(row.id, row.state, row.document_id, number)
