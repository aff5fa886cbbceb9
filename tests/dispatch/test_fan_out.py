"""One document to 114 agencies is signed once and stored once, and what is urgent leaves before it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import func, select

from congvan_core.documents.model import Urgency
from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_gateway.dispatch.sealing import seal_packages
from congvan_gateway.operations.bench import fan_out, material
from congvan_gateway.storage.schema import outbox


def test_signed_once_stored_once_urgent_first(tmp_path: Path) -> None:
    keys = material.pki()
    app = material.station(tmp_path, keys, own=material.SENDER).app()
    try:
        plain = fan_out.issue(app, material.page(1, 50_000), 1)
        urgent = fan_out.issue(app, material.page(2, 50_000), 2, urgency=Urgency.EXPRESS, agencies=3)
        while seal_packages(app):
            pass
        with app.database.read() as connection:
            for document, mails in ((plain, fan_out.AGENCIES), (urgent, 3)):
                row = connection.execute(
                    select(
                        func.count(),
                        func.count(outbox.c.body_sha256.distinct()),
                        func.count(outbox.c.message_id.distinct()),
                    ).where(outbox.c.document_id == document, outbox.c.state == "queued")
                ).one()
                assert tuple(row) == (mails, 1, mails)
        courier = fan_out.AcceptsAll()
        dispatcher = Dispatcher(app, courier)

        async def carry() -> None:
            while await dispatcher.step():
                pass

        asyncio.run(carry())
        assert len(courier.order) == len(set(courier.order)) == fan_out.AGENCIES + 3
        first = courier.order[: app.settings.delivery.concurrency]
        assert set(fan_out.addresses(2, 3)) <= set(first), "the urgent go with the first batch"
        with app.database.read() as connection:
            states = connection.execute(select(outbox.c.state).distinct()).scalars().all()
        assert states == ["accepted"]
    finally:
        app.close()
