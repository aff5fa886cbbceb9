"""What the desk does with an arrival reaches the sender as signed states, once each."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from congvan_core.ids import now
from congvan_core.storage.schema import event
from congvan_core.workflow import handling
from congvan_core.workflow.handling import Assignment
from congvan_gateway.dispatch.sealing_receipts import seal_receipts
from congvan_gateway.receipts.from_handling import tell_handled
from congvan_gateway.storage.schema import recipient
from support_databases import add_document
from support_exchange import carry, exchange
from support_pki import LivePki
from support_workflow import build


def test_assigned_and_finished_reach_the_sender(tmp_path: Path, pki: LivePki) -> None:
    made = exchange(tmp_path, pki)
    with made.a.app() as app_a, made.b.app() as app_b:
        with app_b.database.read() as connection:
            agency_id = handling.get_document(connection, made.received_id).agency_id
        office = build(app_b.database, app_b.blobs, agency_id)
        on_paper = add_document(app_b.database, agency_id, channel="paper")
        with app_b.database.write() as connection:
            for document_id in (made.received_id, on_paper):
                wanted = Assignment(office.unit_id)
                handling.assign(connection, document_id, wanted, by=office.actor("leader"), at=now())
            handling.finish(connection, made.received_id, "Đã trả lời", by=office.actor("drafter"), at=now())
        assert tell_handled(app_b) == 3
        assert tell_handled(app_b) == 0
        seal_receipts(app_b)
        for kind, expected in (("receipt_04", "04"), ("receipt_06", "06")):
            carry(tmp_path, app_b, app_a, kind)
            with app_a.database.read() as connection:
                found = connection.execute(
                    select(recipient.c.work_state, recipient.c.state).where(
                        recipient.c.document_id == made.sent.document_id
                    )
                ).one()
            assert tuple(found) == (expected, "received")
        with app_b.database.read() as connection:
            told = (
                connection.execute(select(event.c.subject).where(event.c.kind == "handling.not_told")).scalars().all()
            )
        assert told == [f"document:{on_paper}"], "nobody to tell of a paper arrival, and it says so"
