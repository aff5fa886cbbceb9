"""A person's acts on what waits: release, refuse, discard. Each is one transaction, safe to repeat, and in the journal."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from congvan_core.errors import ConflictError, InputError, RefusedError, TemporaryError
from congvan_core.journal.writing import clean
from congvan_core.storage.database import database_time
from congvan_gateway.judgement.acting import act, tell
from congvan_gateway.judgement.authenticity import evaluated
from congvan_gateway.judgement.inspection import inspect_blob
from congvan_gateway.judgement.registration import Standing
from congvan_gateway.judgement.sandbox import SandboxError
from congvan_gateway.judgement.verdict import judge, mail_context
from congvan_gateway.main import App
from congvan_gateway.quarantine.person import Person
from congvan_gateway.quarantine.queue import find_item
from congvan_gateway.receipts import answering
from congvan_gateway.storage.schema import message

_OPEN = ("held", "conflict", "unreadable")
#: Closed by a person or by itself; a clerk may still take it into the register, by the same lease as any other.
_CLOSED = ("refused", "ignored")
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
    ConflictError where someone else is at it, TemporaryError where it cannot be checked now.
    """
    row = _claim(app, item, done=("registered", "duplicate"), states=_OPEN + _CLOSED)
    if row.state in ("registered", "duplicate"):
        return _outcome(app, row.id)
    try:
        seen = app.sandbox.run(inspect_blob, row.raw_sha256, mail_context(app, row))
        evaluated(app, row, seen)
        with app.database.write() as connection:
            _still_ours(connection, row)
            judged = judge(connection, app, row, seen)
            if judged.decision.recommended == "refuse" and not (for_information or reason):
                codes = ", ".join(judged.decision.because)
                raise RefusedError(
                    f"Thư này được đề nghị từ chối ({codes}); chỉ vào sổ để biết, để tham khảo, hoặc khi nêu rõ lý do"
                )
            if seen.kind not in ("package", "document"):
                raise RefusedError(
                    "Thư này không có văn bản để vào sổ; hãy loại khỏi danh sách hoặc chuyển người vận hành"
                )
            act(connection, app, row, judged, Standing(person.name, remark=reason, for_information=for_information))
    except SandboxError as error:
        _give_back(app, row)
        raise TemporaryError(error.message) from error
    except BaseException:
        _give_back(app, row)
        raise
    return _outcome(app, row.id)


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
    row = _claim(app, item, done=("registered", "duplicate", "refused", "ignored"))
    if row.state == "refused":
        return _outcome(app, row.id)
    if row.state == "ignored":
        raise ConflictError("Thư này đã được loại khỏi danh sách, không từ chối được nữa")
    if row.state in ("registered", "duplicate"):
        raise ConflictError("Văn bản đã vào sổ, không từ chối được nữa")
    try:
        seen = app.sandbox.run(inspect_blob, row.raw_sha256, mail_context(app, row))
        evaluated(app, row, seen)
        with app.database.write() as connection:
            _still_ours(connection, row)
            judged = judge(connection, app, row, seen)
            answering.refused(connection, app, row, seen, judged.origin, person, reason=reason, clause=clause)
            _decide(connection, app, row, "refused", person, reason)
    except SandboxError as error:
        _give_back(app, row)
        raise TemporaryError(error.message) from error
    except BaseException:
        _give_back(app, row)
        raise
    return _outcome(app, row.id)


def discard(app: App, item: str, person: Person, *, reason: str) -> Outcome:
    """Not a document: leaves the queue, is kept, is never answered. Raises InputError without a reason."""
    if not reason.strip():
        raise InputError("Loại khỏi danh sách phải nêu lý do")
    row = _claim(app, item, done=("registered", "duplicate", "refused", "ignored"))
    if row.state == "ignored":
        return _outcome(app, row.id)
    if row.state == "refused":
        raise ConflictError("Văn bản đã bị từ chối tiếp nhận và đã báo bên gửi, không loại được nữa")
    if row.state in ("registered", "duplicate"):
        raise ConflictError("Văn bản đã vào sổ, không loại được; hãy hủy số trong sổ nếu vào nhầm")
    try:
        with app.database.write() as connection:
            _still_ours(connection, row)
            _decide(connection, app, row, "ignored", person, reason)
    except BaseException:
        _give_back(app, row)
        raise
    return _outcome(app, row.id)


def _claim(app: App, item: str, *, done: tuple[str, ...], states: tuple[str, ...] = _OPEN) -> Row[Any]:
    """Take the mail for this act; whoever comes second is told. In a state of ``done`` it is given as it is."""
    with app.database.write() as connection:
        known = find_item(connection, item)
        if known.state in done:
            return known
        if known.state == "sealed":
            raise RefusedError("Thư đã niêm phong vì có thể mang dấu chỉ độ mật; chỉ hai người có tên mới mở hoặc hủy")
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


def _still_ours(connection: Connection, row: Row[Any]) -> None:
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


def _outcome(app: App, item: str) -> Outcome:
    from congvan_gateway.judgement.duplicates import register_number

    with app.database.read() as connection:
        row = connection.execute(select(message).where(message.c.id == item)).one()
        number = register_number(connection, row.document_id) if row.document_id else None
    return Outcome(row.id, row.state, row.document_id, number)
