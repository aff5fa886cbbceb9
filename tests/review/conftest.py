"""One station of agency B on both databases, judged in this process: mails in, rows and answers out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from congvan_core.documents.model import FileRole
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message, outbox
from support_judgement import NAME, genuine, package
from support_pki import LivePki
from support_station import A, B, make_station


@dataclass
class Desk:
    """Agency B's installation with agency A in its directory."""

    app: App
    folder: Path
    pki: LivePki
    config: Path

    def take(self, raw: bytes, *, sender: str | None = A.mail, to: str = B.mail) -> dict[str, Any]:
        """A mail as it arrives, judged at once."""
        path = self.folder / "thu.eml"
        path.write_bytes(raw)
        return take_in_file(self.app, path, sender=sender, recipients=[to])

    def document(self, **changes: Any) -> bytes:
        """The package of 67/STNA-VP from agency A."""
        return package(self.pki, [(NAME, genuine(self.pki), FileRole.MAIN)], **changes)

    def mails(self, *kinds: str) -> list[Row[Any]]:
        """What waits to be sent, of these kinds."""
        with self.app.database.read() as connection:
            rows = connection.execute(select(outbox).order_by(outbox.c.created_at)).all()
        return [row for row in rows if not kinds or row.kind in kinds]

    def row(self, item: str) -> Row[Any]:
        with self.app.database.read() as connection:
            return connection.execute(select(message).where(message.c.id == item)).one()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Iterator[Desk]:
    tmp_path, url = tmp_path_factory.mktemp("ban"), None
    if request.param == "postgresql":
        cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.empty_database()
    station = make_station(tmp_path, B, A, pki, relay_port=9, database=url)
    with station.app() as app:
        yield Desk(app, tmp_path, pki, station.config)
    if url is not None:
        cluster.drop(url)
