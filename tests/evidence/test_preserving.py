"""Điểm b khoản 3 Điều 20, điểm h khoản 1 Điều 24: proofs renewed before they end; checks recorded, signed, printed."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from congvan_core.evidence.schema import fixity_record, preserved_file
from congvan_core.ids import now
from congvan_core.signatures.sign_renewal import archive_timestamps
from congvan_gateway.cli import main
from congvan_gateway.operations import preserving
from congvan_gateway.operations.fixity import records, signed_well
from support_exchange import Exchange, exchange
from support_pki import LivePki
from support_verdicts import verdicts


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Exchange:
    """An exchange of this module's own: what is changed here is nobody else's."""
    return exchange(tmp_path_factory.mktemp("preserving"), pki)


def test_renewed_beside_the_file_and_again_before_the_stamp_ends(own: Exchange, pki: LivePki, tmp_path: Path) -> None:
    with own.b.app() as app:
        assert preserving.step(app) == 0, "without a service nothing is begun"
        operations = app.settings.operations.model_copy(update={"timestamp_url": pki.tsa_url})
        app.settings = app.settings.model_copy(update={"operations": operations})
        assert preserving.enlist(app) == 0, "the last hour may still be committing"
        later = now() + timedelta(hours=2)
        app.clock = lambda: later
        assert preserving.enlist(app) >= 1 and preserving.enlist(app) == 0
        assert preserving.renew_due(app) == 1
        with app.database.read() as connection:
            row = connection.execute(select(preserved_file)).one()
        assert row.state == "preserved", row.last_error
        assert row.expires_at > later and row.next_at < row.expires_at
        original = app.blobs.read(row.sha256)
        once = original + app.blobs.read(row.copy_sha256)
        assert len(archive_timestamps(once)) == 1 and verdicts(once, pki)
        assert preserving.renew_due(app) == 0, "not before its time"
        with app.database.write() as connection:
            connection.execute(update(preserved_file).values(next_at=later))
        pki.down = True
        try:
            assert preserving.renew_due(app) == 1
        finally:
            pki.down = False
        with app.database.read() as connection:
            failed = connection.execute(select(preserved_file)).one()
        assert failed.state == "preserved" and failed.tries == 1 and failed.last_error and failed.next_at > later
        with app.database.write() as connection:
            connection.execute(update(preserved_file).values(next_at=later))
        assert preserving.renew_due(app) == 1
        with app.database.read() as connection:
            again = connection.execute(select(preserved_file)).one()
        twice = original + app.blobs.read(again.copy_sha256)
        assert twice.startswith(once) and len(archive_timestamps(twice)) == 2
        assert app.blobs.read(row.sha256) == original, "the received file never changes"
    target = tmp_path / "chung-cu.zip"
    own.b.cli("evidence", own.received_id, "-o", str(target))
    with zipfile.ZipFile(target) as archive:
        (kept,) = [name for name in archive.namelist() if name.startswith("luu-tru/")]
        assert archive.read(kept) == twice


def test_checks_are_recorded_signed_and_printed(
    own: Exchange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ["--config", str(own.a.config)]
    assert main(["audit", "fixity", "--now", "--json", *config]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["signed"] is True and one["checked"] >= 2 and one["faults"] == []
    for form in ("pdf", "docx"):
        assert main(["audit", "fixity", "-o", str(tmp_path / f"bien-ban.{form}"), *config]) == 0
    with own.a.app() as app, app.database.write() as connection:
        connection.execute(update(fixity_record).values(text="congvan-fixity:1\nfaults 0"))
        assert [signed_well(row) for row in records(connection)] == [False], "a changed record is noticed"
    assert main(["audit", "fixity", *config]) == 1
