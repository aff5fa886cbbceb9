"""`congvan intake` beside a running server: whoever judges, the answer is the verdict."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import select

from congvan_gateway.intake.files import judge_now
from congvan_gateway.intake.recording import insert_rows
from congvan_gateway.judgement.judging import Judge
from congvan_gateway.storage.schema import message
from congvan_mailbox.smtp.envelope import Envelope, Recipient
from support_pki import LivePki
from support_station import A, B, make_station


def test_a_mail_that_the_server_is_judging_is_waited_for(tmp_path: Path, pki: LivePki) -> None:
    station = make_station(tmp_path, B, A, pki, relay_port=9)
    raw = b"From: <ai@c.example.vn>\r\nTo: vanthu@b.example.vn\r\nSubject: thu\r\nMessage-ID: <1@c.example.vn>\r\n\r\nKinh gui\r\n"
    with station.app() as app, station.app() as server:
        blob = app.blobs.put_bytes(raw)
        envelope = Envelope("e1", "ai@c.example.vn", (Recipient("vanthu@b.example.vn"),), app.clock(), "file")
        (row_id,) = insert_rows(app, envelope, "file:e1", 0, blob.sha256, len(raw))
        judge = Judge(server)
        claimed = judge._claim(row_id)
        assert claimed is not None
        beside = threading.Timer(0.5, judge._judge, (claimed,))
        beside.start()
        judge_now(app, row_id)
        with app.database.read() as connection:
            state, tries = connection.execute(select(message.c.state, message.c.tries)).one()
        assert state in ("held", "ignored")
        assert tries == 1  # one judge did it, the other one waited
        beside.join()
