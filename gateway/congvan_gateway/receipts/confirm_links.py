"""The one-time link by which a correspondent without a gateway confirms: signed, expiring, and never moved by being fetched.

It is sent only where a public HTTPS address is configured. Fetching it (as scanners of mail do) shows a page with a
button; only what the button sends confirms (RFC 9110 9.2.1: GET is safe).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.agencies.lookup import contact_point_by_id
from congvan_core.errors import InputError, NotFoundError, RefusedError
from congvan_core.storage.schema import document, setting
from congvan_gateway.dispatch.states import Event, Strength
from congvan_gateway.dispatch.tracking import Evidence, apply
from congvan_gateway.main import App
from congvan_gateway.settings import Settings
from congvan_gateway.storage.schema import recipient

#: Where the page stands under the public address.
PATH = "/xac-nhan"
#: A link counts so long; afterwards a reply or a telephone call does.
LIFE = timedelta(days=30)
_KEY = "confirm.key"
_SIGNATURE = 16
_ANSWERED = ("received", "refused", "recalled", "failed")
_NUMBER = re.compile(r"\d{1,10}(/[\w.-]{1,20})?\Z")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link asks about. ``done``: it is answered already, by this link or otherwise."""

    recipient_id: str
    agency: str
    telephone: str
    number_symbol: str
    issued_on: str
    to_name: str
    address: str
    done: bool


def base_address(settings: Settings) -> str | None:
    """The public HTTPS address of the console, None where links may not be sent."""
    console = settings.console
    address = (console.public_url or "").rstrip("/")
    return address if console.enabled and address.startswith("https://") else None


def link(connection: Connection, app: App, recipient_id: str, at: datetime) -> str | None:
    """The link for one recipient of one sending; None where none may be sent."""
    base = base_address(app.settings)
    if base is None:
        return None
    payload = bytes.fromhex(recipient_id) + int((at + LIFE).timestamp()).to_bytes(5, "big")
    signed = payload + _signature(_key(connection, at), payload)
    return f"{base}{PATH}/{base64.urlsafe_b64encode(signed).decode().rstrip('=')}"


def asked(connection: Connection, token: str, at: datetime) -> Asked:
    """What the link asks; nothing is changed. Raises NotFoundError for a link that is none, RefusedError once it expired."""
    recipient_id = _read(connection, token, at)
    row = connection.execute(
        select(recipient, document.c.number, document.c.symbol, document.c.issued_on)
        .join(document, document.c.id == recipient.c.document_id)
        .where(recipient.c.id == recipient_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("Đường xác nhận này không có")
    agency = contact_point_by_id(connection, row.agency_id)
    issued = f"{row.issued_on:%d/%m/%Y}" if row.issued_on else ""
    return Asked(
        row.id, agency.name, agency.telephone or "", f"{row.number}/{row.symbol}".strip("/"), issued, row.name or "",
        row.address, row.state in _ANSWERED,
    )  # fmt: skip


def confirm(app: App, token: str, *, name: str, register_number: str = "") -> Asked:
    """The button was pressed: the recipient has received, with strength ``recorded``, for a link can be passed on.

    A second press changes nothing. Raises InputError without a name, and as :func:`asked`.
    """
    said, number = " ".join(name.split())[:120], register_number.strip()
    if len(said) < 2:
        raise InputError("Đề nghị ghi họ tên người xác nhận")
    if number and not _NUMBER.match(number):
        raise InputError("Số đến chỉ gồm chữ số, có thể kèm phần sau dấu gạch chéo")
    at = app.clock()
    with app.database.write() as connection:
        about = asked(connection, token, at)
        if not about.done:
            evidence = Evidence(
                Event.RECEIVED, "link", at, hashlib.sha256(token.encode()).hexdigest(), strength=Strength.RECORDED,
                actor=f"{said} (đường xác nhận)", reason=f"{said} xác nhận bằng đường xác nhận gửi tới {about.address}",
                received_at=at, register_number=number or None, data={"name": said, "address": about.address},
            )  # fmt: skip
            apply(connection, about.recipient_id, evidence)
        return about


def _read(connection: Connection, token: str, at: datetime) -> str:
    missing = NotFoundError("Đường xác nhận này không có; có thể thư đã bị cắt dòng, hãy mở lại từ thư")
    if not re.fullmatch(r"[A-Za-z0-9_-]{20,100}", token):
        raise missing
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise missing from None
    payload, given = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    key = connection.execute(select(setting.c.value).where(setting.c.name == _KEY)).scalar_one_or_none()
    if len(payload) != 21 or not key or not hmac.compare_digest(_signature(bytes.fromhex(key), payload), given):
        raise missing
    until = datetime.fromtimestamp(int.from_bytes(payload[16:], "big"), UTC)
    if at > until:
        raise RefusedError("Đường xác nhận đã hết hạn; đề nghị trả lời thư hoặc gọi điện cho văn thư bên gửi")
    return payload[:16].hex()


def _key(connection: Connection, at: datetime) -> bytes:
    """The installation's own key for links; made once."""
    insert = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        insert(setting)
        .values(name=_KEY, value=secrets.token_hex(32), updated_at=at)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    return bytes.fromhex(connection.execute(select(setting.c.value).where(setting.c.name == _KEY)).scalar_one())


def _signature(key: bytes, payload: bytes) -> bytes:
    return hmac.new(key, b"confirm:1:" + payload, hashlib.sha256).digest()[:_SIGNATURE]
