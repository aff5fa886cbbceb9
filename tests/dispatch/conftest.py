"""An outgoing document with recipients, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from congvan_core.ids import new_id, now
from congvan_core.storage.database import Database
from congvan_gateway.storage.schema import outbox, recipient
from support_databases import add_agency, add_document, postgresql_database, sqlite_database

MakeRecipient = Callable[..., str]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        with sqlite_database(tmp_path) as made:
            yield made
    else:
        with postgresql_database(request.getfixturevalue("postgres_cluster")) as made:
            yield made


@pytest.fixture
def make_recipient(database: Database) -> MakeRecipient:
    """One recipient of a new document with one mail waiting in the outbox; gives the recipient's id."""
    agency = add_agency(database)

    def make(*, state: str = "queued", mail: str = "queued", urgency: int = 0) -> str:
        document = add_document(database, agency, "outgoing")
        wanted, at = new_id(), now()
        with database.write() as connection:
            connection.execute(
                insert(recipient).values(
                    id=wanted, agency_id=agency, document_id=document, code="H24.91.07", name="Phường B",
                    address="vt@b.example.vn", gateway=True, sending=1, message_id=f"{wanted}@a.example.vn",
                    envid=wanted, state=state, since=at, warn_at=at + timedelta(hours=1), created_at=at,
                )
            )  # fmt: skip
            connection.execute(
                insert(outbox).values(
                    id=new_id(), agency_id=agency, kind="package", recipient_id=wanted, document_id=document,
                    mail_from="vt@a.example.vn", rcpt_to="vt@b.example.vn", message_id=f"{wanted}@a.example.vn",
                    state=mail, urgency=urgency, next_attempt_at=at - timedelta(seconds=1), created_at=at,
                )
            )  # fmt: skip
        return wanted

    return make
