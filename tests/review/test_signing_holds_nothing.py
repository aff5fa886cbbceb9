"""A slow token or time-stamp service never holds the database: everybody else keeps writing meanwhile."""

from __future__ import annotations

from typing import Any

from congvan_core.ids import now
from congvan_core.journal.sealing import head, seal_all, sign_head_apart
from congvan_core.journal.writing import append


def test_others_write_while_the_head_is_signed(desk: Any) -> None:
    def write(kind: str) -> None:
        with desk.app.database.write() as connection:
            append(connection, agency_id="", actor="a", kind=kind, subject="x:1")

    def slow(text: bytes) -> bytes:
        write("other.work")  # would wait for ever (SQLite) if the signer held a writing transaction
        seal_all(desk.app.database)
        return b"proof"

    write("first.work")
    seal_all(desk.app.database)
    signed = sign_head_apart(desk.app.database, "", slow, at=now())
    with desk.app.database.read() as connection:
        assert head(connection, "").index > signed.index > 0
