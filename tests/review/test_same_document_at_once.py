"""The same document in several mails, judged at the same instant: one number. And a judge that cannot judge now."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from congvan_core.documents.model import FileRole
from congvan_core.ids import new_id, now
from congvan_core.storage.schema import document, entry
from congvan_gateway.intake import files
from congvan_gateway.intake.recording import insert_rows
from congvan_gateway.judgement.judging import Judge
from congvan_mailbox.smtp.envelope import Envelope, Recipient
from support_judgement import NAME, metadata, package, page, signed
from support_station import A, B


def stored(desk: Any, raw: bytes) -> str:
    blob = desk.app.blobs.put_bytes(raw)
    envelope = Envelope(id=new_id(), sender=A.mail, recipients=(Recipient(B.mail),), received=now())
    return str(insert_rows(desk.app, envelope, "smtp:" + new_id(), 0, blob.sha256, len(raw))[0])


def test_four_mails_with_one_document_take_one_number(desk: Any) -> None:
    pdf = signed(desk.pki, page(number="81"))
    raw = [
        package(desk.pki, [(NAME.replace("67-", "81-"), pdf, FileRole.MAIN)], meta=metadata(number="81"))
        for _ in range(4)
    ]
    items = [stored(desk, one) for one in raw]
    # Judged up to the conclusion one by one, concluded all at once.
    judge = Judge(desk.app)
    claimed = [judge._claim(item) for item in items]
    seen = [judge._inspect(row) for row in claimed if row is not None]
    barrier, faults = threading.Barrier(4), []

    def conclude(number: int) -> None:
        barrier.wait()
        try:
            judge.conclude(claimed[number], seen[number])
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=conclude, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not faults
    assert sorted(desk.row(item).state for item in items) == ["duplicate", "duplicate", "duplicate", "registered"]
    with desk.app.database.read() as connection:
        numbers = connection.execute(
            select(func.count()).select_from(entry).join(document).where(document.c.number == "81")
        ).scalar_one()
    assert numbers == 1


def test_a_mail_handed_over_while_the_disk_is_full_is_kept_and_said_so(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Judge, row: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Judge, "_inspect", full)
    monkeypatch.setattr(files, "_PATIENCE", 0.3, raising=False)
    done: list[dict[str, Any]] = []
    runner = threading.Thread(target=lambda: done.append(desk.take(b"Subject: x\r\n\r\nx")), daemon=True)
    runner.start()
    runner.join(20)
    ended = not runner.is_alive()
    monkeypatch.undo()
    assert ended and (done[0]["state"], done[0]["exit"]) == ("stored", 3)
