"""Databases for tests: the same test on SQLite and PostgreSQL, each with all tables and one agency in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, insert

import congvan_core.documents.search_schema  # noqa: F401  # and the search index's
import congvan_gateway.storage.schema  # noqa: F401  # the gateway's tables hang on the same metadata
from congvan_core.ids import new_id, now
from congvan_core.storage.database import Database
from congvan_core.storage.schema import contact_point, document, issuing_body, metadata
from support_postgres import PostgresCluster


@contextmanager
def sqlite_database(folder: Path) -> Iterator[Database]:
    """An SQLite file with every table."""
    database = Database(f"sqlite:///{folder / (new_id() + '.db')}")
    metadata.create_all(database.engine)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def postgresql_database(cluster: PostgresCluster) -> Iterator[Database]:
    """A fresh PostgreSQL database with every table."""
    url = cluster.fresh_database()
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
        cluster.drop(url)


def add_agency(database: Database, code: str = "H24.15", name: str = "Ủy ban nhân dân phường Thí Điểm") -> str:
    """One own contact point with one issuing body of the same code; the contact point's id."""
    agency_id = new_id()
    with database.write() as connection:
        connection.execute(
            insert(contact_point).values(
                id=agency_id, code=code, raw_code=code, name=name, kind="state", own=True, updated_at=now()
            )
        )
        connection.execute(
            insert(issuing_body).values(id=new_id(), contact_point_id=agency_id, code=code, raw_code=code, name=name)
        )
    return agency_id


def add_document(database: Database, agency_id: str, direction: str = "incoming", **values: object) -> str:
    """A bare document row; its id."""
    with database.write() as connection:
        return insert_row(connection, agency_id, direction, **values)


def insert_row(connection: Connection, agency_id: str, direction: str = "incoming", **values: object) -> str:
    """As ``add_document``, within a transaction."""
    document_id = new_id()
    row = {
        "id": document_id,
        "agency_id": agency_id,
        "direction": direction,
        "legal_value": "undecided",
        "channel": "email",
        "state": "registered",
        "created_at": now(),
    }
    connection.execute(insert(document).values(**{**row, **values}))
    return document_id
