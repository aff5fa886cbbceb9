"""A document sent from the installation under test, without its files: rows as sending makes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from congvan_core.ids import new_id, now
from congvan_core.storage.schema import blob, contact_point, document_file
from congvan_gateway.main import App
from congvan_gateway.storage.schema import outbox, recipient
from support_databases import insert_row
from support_station import A


def sent_document(
    app: App, *, state: str = "queued", mail: str = "queued", sha256: str = "", identifier: str = "", **changes: Any
) -> str:
    """An outgoing document of the own agency to agency A with one mail in the outbox; the recipient's id."""
    wanted, at = new_id(), now()
    with app.database.write() as connection:
        agency = connection.execute(select(contact_point.c.id).where(contact_point.c.own)).scalar_one()
        made = insert_row(connection, agency, "outgoing", identifier=identifier or wanted, main_sha256=sha256 or None)
        if sha256:
            connection.execute(insert(blob).values(sha256=sha256, size=1, stored_at=at))
            connection.execute(
                insert(document_file).values(
                    id=new_id(), document_id=made, ordinal=0, role="main", name="a.pdf", sha256=sha256, size=1
                )
            )
        values = {
            "id": wanted, "agency_id": agency, "document_id": made, "code": A.code, "name": A.name, "address": A.mail,
            "gateway": True, "sending": 1, "message_id": f"{wanted}@b.example.vn", "envid": wanted, "state": state,
            "since": at, "warn_at": at + timedelta(hours=1), "created_at": at,
        }  # fmt: skip
        connection.execute(insert(recipient).values(**(values | changes)))
        connection.execute(
            insert(outbox).values(
                id=new_id(), agency_id=agency, kind="package", recipient_id=wanted, document_id=made,
                mail_from="vanthu@b.example.vn", rcpt_to=A.mail, message_id=f"{wanted}@b.example.vn", state=mail,
                urgency=0, next_attempt_at=at - timedelta(seconds=1), created_at=at,
            )
        )  # fmt: skip
    return wanted
