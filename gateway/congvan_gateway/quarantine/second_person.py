"""Acts of high risk wait for a second person: who asked, why, and who agreed or did not.

High risk is what the judgement advises against: taking into the register what is recommended for refusal.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from congvan_core.errors import ConflictError, InputError, RefusedError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_gateway.console.accounts import account_of
from congvan_gateway.console.desk_schema import second_look
from congvan_gateway.console.rights import Account, Right
from congvan_gateway.console.schema import account
from congvan_gateway.main import App


class SecondPersonError(RefusedError):
    """The judgement advises against this act: somebody else must agree first. Nothing was done."""


def risky(row: Row[Any], act: str) -> bool:
    """Whether an act goes against the judgement. For information only binds nobody (khoản 2 Điều 10)."""
    return act in ("release", "each") and row.recommended == "refuse"


def deciders(connection: Connection, agency_id: str | None) -> list[Account]:
    """The people who may decide about a mail of this agency."""
    rows = connection.execute(select(account).where(account.c.active)).all()
    people = [account_of(one) for one in rows]
    return [
        one for one in people if one.may(Right.DECIDE) and (one.agencies is None or (agency_id or "") in one.agencies)
    ]


def asked_for(connection: Connection, app: App, agency_id: str | None) -> bool:
    """Whether acts of high risk wait for somebody else. Where one person works alone there is nobody to wait for."""
    return app.settings.console.second_person and len(deciders(connection, agency_id)) > 1


def needed(connection: Connection, app: App, row: Row[Any], act: str) -> bool:
    """Whether this act on this mail waits for somebody else."""
    return risky(row, act) and asked_for(connection, app, row.agency_id)


def ask_in_name_of(app: App, row: Row[Any], act: str, reason: str, name: str) -> None:
    """As :func:`ask`, for a command or a program: ``name`` is the log-in or the name of somebody who may decide.

    Raises RefusedError for anybody else.
    """
    with app.database.read() as connection:
        found = [a for a in deciders(connection, row.agency_id) if name in (a.login, a.name)]
    if len(found) != 1:
        raise RefusedError(
            "Thư được đề nghị từ chối: tiếp nhận cần hai người có tài khoản; hãy nêu tên đăng nhập của người đề nghị"
        )
    ask(app, row, act, reason, found[0])


def pending(connection: Connection, message_id: str) -> Row[Any] | None:
    """The act that waits for a second person."""
    return connection.execute(
        select(second_look)
        .where(second_look.c.message_id == message_id, second_look.c.state == "asked")
        .order_by(second_look.c.asked_at.desc())
        .limit(1)
    ).one_or_none()


def waiting_ids(connection: Connection) -> set[str]:
    """Mails with an act that waits."""
    return set(connection.execute(select(second_look.c.message_id).where(second_look.c.state == "asked")).scalars())


def ask(app: App, row: Row[Any], act: str, reason: str, who: Account) -> None:
    """Keep the act until somebody else agrees. Raises InputError without a reason, ConflictError where one waits."""
    if not reason.strip():
        raise InputError("Thư được đề nghị từ chối: phải nêu lý do vẫn tiếp nhận, để người thứ hai xem")
    at = app.clock()
    with app.database.write() as connection:
        if pending(connection, row.id) is not None:
            raise ConflictError("Đã có đề nghị đang chờ người thứ hai xác nhận")
        connection.execute(
            insert(second_look).values(
                id=new_id(), message_id=row.id, act=act, reason=clean(reason, 1000), state="asked", asked_by=who.id,
                asked_name=who.name, asked_at=at,
            )
        )  # fmt: skip
        append(connection, agency_id=row.agency_id or "", actor=who.signature, kind="message.second_asked",
               subject=f"message:{row.id}", data={"act": act, "reason": reason[:500]}, at=at)  # fmt: skip


def agree(app: App, row: Row[Any], who: Account) -> Row[Any]:
    """The second person agrees: what was asked, closed; the caller does it. Raises RefusedError for the one who asked."""
    return _close(app, row, who, "confirmed", "")


def decline(app: App, row: Row[Any], who: Account, answer: str) -> None:
    """The second person does not agree, with a reason; the mail goes on waiting. The one who asked takes it back so."""
    if not answer.strip():
        raise InputError("Không đồng ý phải nêu lý do")
    _close(app, row, who, "declined", answer)


def reopen(app: App, asked: Row[Any]) -> None:
    """What was agreed could not be done: it waits again."""
    with app.database.write() as connection:
        connection.execute(
            update(second_look)
            .where(second_look.c.id == asked.id, second_look.c.state == "confirmed")
            .values(state="asked", decided_by=None, decided_name=None, decided_at=None)
        )


def _close(app: App, row: Row[Any], who: Account, state: str, answer: str) -> Row[Any]:
    at = app.clock()
    with app.database.write() as connection:
        asked = pending(connection, row.id)
        if asked is None:
            raise ConflictError("Không còn đề nghị nào chờ xác nhận")
        if asked.asked_by == who.id and state == "confirmed":
            raise RefusedError("Người đề nghị không tự xác nhận được; cần một người khác")
        moved = connection.execute(
            update(second_look)
            .where(second_look.c.id == asked.id, second_look.c.state == "asked")
            .values(state=state, decided_by=who.id, decided_name=who.name, decided_at=at, answer=clean(answer, 1000) or None)
        ).rowcount  # fmt: skip
        if not moved:
            raise ConflictError("Đề nghị này vừa được người khác xử lý")
        append(connection, agency_id=row.agency_id or "", actor=who.signature, kind=f"message.second_{state}",
               subject=f"message:{row.id}", data={"asked_by": asked.asked_name, "answer": answer[:500] or None}, at=at)  # fmt: skip
    return asked
