"""Đăng tải trên cổng thông tin điện tử (khoản 3 Điều 13): exactly the issued bytes, where, when and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, insert, select, update

from congvan_core.documents.store import get_document
from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage.schema import document_file
from congvan_core.workflow.schema import publication


def publish(
    connection: Connection, document_id: str, address: str, published_on: date, *, by: str, at: datetime
) -> str:
    """Mark an issued document as published; the publication's id. Raises InputError, RefusedError, NotFoundError."""
    there = get_document(connection, document_id)
    require_unfrozen(connection, f"document:{document_id}")
    if there.direction != "outgoing" or there.state != "issued":
        raise RefusedError("Chỉ đăng tải văn bản đi đã phát hành và chưa thu hồi.")
    parts = urlsplit(address.strip())
    if parts.scheme not in ("https", "http") or not parts.netloc or len(address) > 500:
        raise InputError("Địa chỉ đăng tải phải là một địa chỉ web (https://…).")
    if published_on > at.astimezone(VIETNAM).date():
        raise InputError("Ngày đăng tải không thể ở tương lai.")
    made = new_id()
    connection.execute(
        insert(publication).values(
            id=made, document_id=document_id, address=address.strip(), published_on=published_on,
            sha256=_main(connection, document_id).sha256, by=clean(by, 200), at=at,
        )
    )  # fmt: skip
    append(
        connection, agency_id=there.agency_id, actor=by, kind="document.published", subject=f"document:{document_id}",
        at=at, data={"address": address.strip(), "on": published_on.isoformat()},
    )  # fmt: skip
    return made


def withdraw_publication(connection: Connection, publication_id: str, *, by: str, at: datetime) -> None:
    """Taken off the portal. Raises NotFoundError, ConflictError where it was already."""
    row = connection.execute(select(publication).where(publication.c.id == publication_id)).one_or_none()
    if row is None:
        raise NotFoundError("Không có lần đăng tải này.")
    require_unfrozen(connection, f"document:{row.document_id}")
    done = connection.execute(
        update(publication)
        .where(publication.c.id == publication_id, publication.c.withdrawn_at.is_(None))
        .values(withdrawn_at=at)
    )
    if done.rowcount != 1:
        raise ConflictError("Lần đăng tải này đã được gỡ.")
    there = get_document(connection, row.document_id)
    append(
        connection, agency_id=there.agency_id, actor=by, kind="document.unpublished", subject=f"document:{there.id}",
        at=at, data={"address": row.address},
    )  # fmt: skip


def publications(connection: Connection, document_id: str) -> Sequence[Row[Any]]:
    """Oldest first."""
    return connection.execute(
        select(publication).where(publication.c.document_id == document_id).order_by(publication.c.at)
    ).all()


def _main(connection: Connection, document_id: str) -> Row[Any]:
    row = connection.execute(
        select(document_file)
        .where(document_file.c.document_id == document_id, document_file.c.role == "main")
        .order_by(document_file.c.ordinal)
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFoundError("Văn bản không có tệp chính.")
    return row
