"""Mails on the desk of agency B: taken in as from the intake door, looked at as the database has them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from congvan_core.registers.instructions import end_instruction, instructions_of
from congvan_core.storage.schema import contact_point
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App
from congvan_gateway.quarantine.person import Person
from congvan_gateway.storage.schema import message, outbox

CLERK = Person("Nguyễn Thị Văn Thư", "Văn thư", "0225 3000 001")
SENDER, RECEIVER = "vanthu@a.example.vn", "vanthu@b.example.vn"
#: A test that runs on both databases through the fixture ``app`` of tests/quarantine.
BOTH = pytest.mark.parametrize(
    "app", ["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))], indirect=True
)
_counter = itertools.count()


def arrive(app: App, folder: Path, raw: bytes, sender: str = SENDER) -> dict[str, Any]:
    """One mail through the door of files, judged; what ``congvan intake`` says."""
    path = folder / f"thu-{next(_counter)}.eml"
    path.write_bytes(raw)
    return take_in_file(app, path, sender=sender, recipients=[RECEIVER])


def row_of(app: App, item: str) -> Any:
    with app.database.read() as connection:
        return connection.execute(select(message).where(message.c.id == item)).one()


def answers(app: App, item: str) -> list[Any]:
    """What the installation answers to this mail, oldest first."""
    with app.database.read() as connection:
        return list(
            connection.execute(select(outbox).where(outbox.c.message_row_id == item).order_by(outbox.c.created_at))
        )


def codes(result: dict[str, Any]) -> set[str]:
    return {f["code"] for f in result["findings"]}


def by_hand_only(app: App) -> None:
    """From now on every document waits for a clerk, as at a new agency."""
    with app.database.write() as connection:
        own = connection.execute(select(contact_point.c.id).where(contact_point.c.own)).scalar_one()
        for given in instructions_of(connection, own):
            if given.ended_at is None:
                end_instruction(connection, given.id, actor="test", at=app.clock())
