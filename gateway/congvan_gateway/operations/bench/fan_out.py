"""One document to 114 agencies: signed once, stored once, one mail each; what is urgent leaves first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select

from congvan_core.agencies.model import ContactPoint, Mailbox
from congvan_core.agencies.recipients import RecipientAgency
from congvan_core.documents.model import FileRole, LegalValue, Urgency
from congvan_core.documents.store import StoredFile, insert_document
from congvan_core.ids import VIETNAM, new_id, now
from congvan_core.storage import blobs as blob_rows
from congvan_core.storage.schema import contact_point
from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_gateway.dispatch.issuing import add_recipient
from congvan_gateway.dispatch.sealing import seal_packages
from congvan_gateway.main import App
from congvan_gateway.operations.bench import material
from congvan_gateway.operations.bench.table import Row, Setting, seconds
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.smtp.outcome import Accepted, Outcome, OutgoingMail, Stage

AGENCIES = 114


class AcceptsAll:
    """Never fails, remembers the order of recipients."""

    def __init__(self) -> None:
        self.order: list[str] = []

    async def deliver(self, mail: OutgoingMail) -> Outcome:
        self.order.append(mail.recipient)
        return Accepted(stage=Stage.FINAL, code=250, enhanced="2.0.0", text="ok")

    async def close(self) -> None:
        return None


def measure(setting: Setting) -> Iterator[Row]:
    """Sealing and carrying a document of 1 MB to all, then an urgent one that was issued last."""
    keys = material.pki()
    station = material.station(setting.folder / "fan-out", keys, own=material.SENDER)
    app = station.app()
    try:
        issue(app, material.signed(keys, material.page(1, 1_000_000), signatures=1), 1)
        before = _stored(Path(app.blobs.root))
        took = seconds(lambda: seal_packages(app))
        grown = _stored(Path(app.blobs.root)) - before
        with app.database.read() as connection:
            bodies = connection.execute(select(func.count(outbox.c.body_sha256.distinct()))).scalar_one()
        yield Row("fan-out", f"seal 1 MB for {AGENCIES} agencies", "1 signature", f"{bodies} in {1e3 * took:.0f} ms",
                  float(bodies), "<= 1.0", "a row and its headers per recipient")  # fmt: skip
        yield Row(
            "fan-out", "stored for all of them", "1 body of 1.4 MB", f"{grown / 1e6:.1f} MB", grown / 1.5e6, "<= 1.0"
        )
        issue(
            app, material.signed(keys, material.page(2, 100_000), signatures=1), 2, urgency=Urgency.EXPRESS, agencies=3
        )
        seal_packages(app)
        courier = AcceptsAll()
        dispatcher = Dispatcher(app, courier)
        took = seconds(lambda: asyncio.run(_carry(dispatcher)))
        late = max(courier.order.index(address) for address in addresses(2, 3))
        yield Row("fan-out", f"{AGENCIES + 3} attempts with their states", "", f"{(AGENCIES + 3) / took:.0f}/s", None, "",
                  "some twenty statements an attempt")  # fmt: skip
        yield Row(
            "fan-out", "place of the last urgent mail, issued last", "3rd", f"{late + 1}", (late + 1) / 3, "<= 1.0"
        )
    finally:
        app.close()


def addresses(number: int, agencies: int = AGENCIES) -> list[str]:
    """Where document ``number`` goes."""
    return [f"vanthu{place}@don-vi-{number}.test" for place in range(agencies)]


def issue(app: App, pdf: bytes, number: int, *, urgency: Urgency = Urgency.NORMAL, agencies: int = AGENCIES) -> str:
    """A document with its recipients, as ``send`` leaves them: waiting for the seal."""
    at = now()
    stored = app.blobs.put_bytes(pdf)
    meta = material.metadata(number, at.astimezone(VIETNAM).date())
    file = StoredFile("quyet-dinh.pdf", stored.sha256, stored.size, FileRole.MAIN, "application/pdf", "pdf")
    with app.database.write() as connection:
        agency = connection.execute(select(contact_point.c.id).where(contact_point.c.own)).scalar_one()
        blob_rows.record(connection, stored.sha256, stored.size, at)
        document = insert_document(
            connection, agency_id=agency, direction="outgoing", metadata=meta, files=[file],
            legal_value=LegalValue.PENDING_REGISTRATION, channel="email", state="issued", at=at,
        )  # fmt: skip
        for place, address in enumerate(addresses(number, agencies)):
            point = ContactPoint(
                new_id(), f"H24.{number}.{place}", f"H24.{number}.{place}", f"Đơn vị {place}", "state", False, None, None,
                "gateway", None, None, None, None, None, None, at,
            )  # fmt: skip
            box = Mailbox(new_id(), point.id, address, address, "official", False, "main", None, None, None, None)
            to = RecipientAgency(point, None, box)
            add_recipient(connection, app, agency_id=agency, document_id=document, to=to, urgency=urgency, at=at)
    return document


async def _carry(dispatcher: Dispatcher) -> None:
    while await dispatcher.step():
        pass


def _stored(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
