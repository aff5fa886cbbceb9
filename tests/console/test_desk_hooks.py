"""Webhooks: signed, queued once per event, tried again, given up in the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from congvan_core.ids import new_id, now
from congvan_core.journal.writing import append
from congvan_gateway.console.hooks import PAUSES, sign, step
from congvan_gateway.console.schema import webhook, webhook_delivery
from congvan_gateway.main import App, open_app
from congvan_gateway.settings import Settings


class Listener:
    """Answers as told, remembers everything."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.heard = list(statuses), []

    def __call__(self, url: str, headers: dict[str, str], body: bytes) -> int:
        self.heard.append((url, headers, body))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            raise OSError("no answer")
        return status


@pytest.fixture
def app(tmp_path: Path) -> App:
    made = open_app(Settings(base=tmp_path))
    with made.database.write() as connection:
        connection.execute(
            insert(webhook).values(id=new_id(), url="https://example.vn/hook", secret="s", kinds=["message.registered"],
                                   created_by="t", created_at=now(), last_event=0)
        )  # fmt: skip
        for kind in ("message.registered", "message.held"):
            append(connection, agency_id="a", actor="An", kind=kind, subject="message:1", data={"subject": "kín"})
    return made


def test_events_are_told_once_and_signed(app: App) -> None:
    listener = Listener()
    step(app, listener)
    step(app, listener)
    ((url, headers, body),) = listener.heard
    stamp = int(headers["Congvan-Signature"].split(",")[0].removeprefix("t="))
    assert url == "https://example.vn/hook" and headers["Congvan-Signature"] == sign("s", stamp, body)
    assert b"message.registered" in body and "kín".encode() not in body


def test_no_answer_is_tried_again_and_given_up_in_the_end(app: App) -> None:
    listener, at = Listener(*([0, 500] * 10)), now()
    app.clock = lambda: at
    for _ in range(len(PAUSES) + 3):
        step(app, listener)
        at: datetime = at + timedelta(days=1)
    with app.database.read() as connection:
        row = connection.execute(select(webhook_delivery)).one()
    assert (row.state, row.attempts, len(listener.heard)) == ("failed", len(PAUSES) + 1, len(PAUSES) + 1)
