"""Sealing and what ends it: two named people release a false alarm or destroy a secret, each with a printable record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from congvan_core.errors import ConfigurationError, ConflictError, InputError, RefusedError
from congvan_core.ids import iso_vn
from congvan_core.journal.writing import clean
from congvan_core.storage import blobs as blob_rows
from congvan_core.storage.schema import blob, setting
from congvan_gateway.main import App
from congvan_gateway.quarantine import arrangement, joined
from congvan_gateway.quarantine.person import Person
from congvan_gateway.quarantine.queue import find_item
from congvan_gateway.quarantine.sealed_store import SealedStore
from congvan_gateway.storage.schema import message, outbox
from congvan_mailbox.smime.decrypt import Recipient

_NAME = "seal:"
_RECORD = select(setting.c.value).where(setting.c.name == bindparam("named"))
_NOT_LEFT = ("waiting", "to_seal", "queued", "deferred")


def store_of(app: App) -> SealedStore:
    """The installation's sealed store, with the two named persons of the settings, else the gateway's key."""
    settings = app.settings
    persons = [settings.path(p) for p in settings.keys.sealed_to]
    return SealedStore(settings.path(settings.storage.sealed), persons, None if persons else _agency(app))


def _agency(app: App) -> Recipient | None:
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        key = app.key if app.has_key else None
    except ConfigurationError:
        return None  # a key that does not open must not keep a secret from being closed
    private = getattr(key, "private_key", None)
    return Recipient(key.certificate.public_bytes(Encoding.DER), private) if key is not None and private else None


def put_away(app: App, item: str, raw_sha256: str) -> None:
    """The encrypted copy, durable before anything says that the mail is sealed."""
    store = store_of(app)
    if not store.holds(item):
        store.put(item, app.blobs.stream(raw_sha256))


def shred(app: App, row: Row[Any], attachments: Sequence[str] = ()) -> None:
    """After the seal is committed: the readable copies leave the blob store, unless another mail still needs them."""
    with app.database.write() as connection:
        others = connection.execute(
            select(message.c.id).where(
                message.c.raw_sha256 == row.raw_sha256, message.c.id != row.id, message.c.state != "sealed"
            )
        ).first()
        if others is None and store_of(app).holds(row.id):
            app.blobs.delete(row.raw_sha256)
            blob_rows.forget(connection, row.raw_sha256)
        kept = blob_rows.recorded(connection, list(attachments)) if attachments else set()
        for digest in attachments:
            if digest not in kept:  # a file that stands in a register of ours is there by another's decision
                app.blobs.delete(digest)


def silence(connection: Connection, app: App, row: Row[Any]) -> None:
    """What was written of the mail while it still waited openly: a clerk's corrections, answers that quote it.

    What has left has left; what has not never leaves, and no row keeps its words.
    """
    joined.free(connection, app, row)
    arrangement.forget(connection, row.id)
    mine = outbox.c.message_row_id == row.id
    connection.execute(
        update(outbox).where(mine, outbox.c.state.in_(_NOT_LEFT)).values(state="cancelled", done_at=app.clock())
    )
    connection.execute(update(outbox).where(mine).values(content=None))


def finish_shredding(app: App, limit: int = 100) -> int:
    """What a crash between seal and shredding left readable; returns how many mails were put right."""
    with app.database.read() as connection:
        rows = connection.execute(
            select(message)
            .join(blob, blob.c.sha256 == message.c.raw_sha256)
            .where(message.c.state == "sealed")
            .limit(limit)
        ).all()
    for row in rows:
        put_away(app, row.id, row.raw_sha256)
        shred(app, row)
    return len(rows)


def released(connection: Connection, item: str) -> bool:
    """Whether two named people found the marking of this mail to be a false alarm."""
    record = connection.execute(_RECORD, {"named": _NAME + item}).scalar_one_or_none()
    return isinstance(record, dict) and record.get("act") == "unseal"


def record_of(app: App, item: str) -> dict[str, Any] | None:
    """The record of what was done with a sealed mail; None where it is still closed."""
    with app.database.read() as connection:
        found: dict[str, Any] | None = connection.execute(
            select(setting.c.value).where(setting.c.name == _NAME + item)
        ).scalar_one_or_none()
    return found


def unseal(
    app: App, item: str, first: Person, second: Person, *, reason: str, keys: Sequence[Recipient] = ()
) -> dict[str, Any]:
    """A false alarm: the mail goes back to be judged, and then waits for a clerk. Returns the record.

    Raises InputError where two different people and a reason are not named, RefusedError where it is not sealed,
    UnreadableError where the persons' keys do not open it.
    """
    row = _sealed(app, item, first, second, reason)
    stored = app.blobs.put_stream(store_of(app).open(row.id, keys))
    if stored.sha256 != row.raw_sha256:
        raise ConflictError("Nội dung sau khi mở niêm phong không khớp mã băm đã ghi khi thư đến")
    record = _record(app, "unseal", row, first, second, reason)
    with app.database.write() as connection:
        at = app.clock()
        blob_rows.record(connection, stored.sha256, stored.size, at)
        _move(connection, row, {"state": "stored", "next_try_at": at, "tries": 0, "decision": "unsealed"})
        _keep(connection, app, row, record, "message.unsealed")
    store_of(app).destroy(row.id)
    return record


def destroy(app: App, item: str, first: Person, second: Person, *, reason: str) -> dict[str, Any]:
    """The content is destroyed, the row and the record stay. Returns the record; raises as :func:`unseal`."""
    row = _sealed(app, item, first, second, reason)
    record = _record(app, "destroy", row, first, second, reason)
    with app.database.write() as connection:
        values = {"state": "ignored", "decision": "destroyed", "decided_at": app.clock(), "next_try_at": None}
        _move(connection, row, values | {"decided_by": clean(f"{first.name}; {second.name}", 200)})
        _keep(connection, app, row, record, "message.destroyed")
    shred(app, row)
    store_of(app).destroy(row.id)
    return record


def record_text(record: dict[str, Any]) -> str:
    """The record to be printed and signed. It names no content."""
    title = "BIÊN BẢN MỞ NIÊM PHONG" if record["act"] == "unseal" else "BIÊN BẢN TIÊU HỦY"
    result = (
        "Thư được mở niêm phong do xác định không chứa bí mật nhà nước và được chuyển lại để kiểm tra."
        if record["act"] == "unseal"
        else "Nội dung thư đã được tiêu hủy khỏi kho niêm phong và kho tệp; không còn bản nào trong hệ thống."
    )
    people = [
        f"{n}. {p['name']}" + (f", {p['position']}" if p["position"] else "")
        for n, p in enumerate((record["first"], record["second"]), 1)
    ]
    lines = [
        title,
        f"Mã thư: {record['item']}; đến lúc {record['received_at']}; mã băm SHA-256: {record['sha256']}",
        f"Thời điểm thực hiện: {record['at']}",
        "Người thực hiện:",
        *people,
        f"Lý do: {record['reason']}",
        result,
        "Chữ ký của hai người thực hiện: ........................        ........................",
    ]
    return "\n".join(lines)


def _sealed(app: App, item: str, first: Person, second: Person, reason: str) -> Row[Any]:
    names = {p.name.strip().casefold() for p in (first, second)}
    if len(names) != 2 or "" in names:
        raise InputError("Mở niêm phong hoặc tiêu hủy phải do hai người khác nhau, có họ tên, cùng thực hiện")
    if not reason.strip():
        raise InputError("Mở niêm phong hoặc tiêu hủy phải nêu lý do")
    with app.database.read() as connection:
        row = find_item(connection, item)
    if row.state != "sealed":
        raise RefusedError(f"Thư {row.id} không ở trạng thái niêm phong")
    return row


def _record(app: App, act: str, row: Row[Any], first: Person, second: Person, reason: str) -> dict[str, Any]:
    return {
        "act": act,
        "item": row.id,
        "sha256": row.raw_sha256,
        "received_at": iso_vn(row.received_at),
        "at": iso_vn(app.clock()),
        "first": {"name": first.name, "position": first.position},
        "second": {"name": second.name, "position": second.position},
        "reason": clean(reason, 500),
    }


def _move(connection: Connection, row: Row[Any], values: dict[str, Any]) -> None:
    moved = connection.execute(
        update(message)
        .where(message.c.id == row.id, message.c.state == "sealed")
        .values(**values, version=message.c.version + 1)
    ).rowcount
    if not moved:
        raise ConflictError("Thư này vừa được người khác xử lý")


def _keep(connection: Connection, app: App, row: Row[Any], record: dict[str, Any], kind: str) -> None:
    from congvan_gateway.judgement.acting import tell

    connection.execute(delete(setting).where(setting.c.name == _NAME + row.id))
    connection.execute(insert(setting).values(name=_NAME + row.id, value=record, updated_at=app.clock()))
    data = {k: v for k, v in record.items() if k not in ("act", "item")}
    tell(connection, row, kind, data, app.clock(), actor=f"{record['first']['name']}; {record['second']['name']}")
