"""Khoản 5 Điều 21, điểm k khoản 1 Điều 24: figures from registers and proofs; heads proved daily; bytes read again.

Quy chế Điều 21.5; Điều 24.1.h; Điều 24.1.k.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM, now
from congvan_core.journal.proof_check import check_proof
from congvan_core.journal.verifying import verify_all
from congvan_core.statistics.period import period
from congvan_core.storage.schema import event, journal_head
from congvan_gateway.cli import main
from congvan_gateway.operations.daily import check_some, last_fixity, prove_heads, step
from support_exchange import exchange
from support_pki import LivePki


def test_periods() -> None:
    last = period(2026, 4)
    assert (last.start, last.end) == (datetime(2026, 10, 1, tzinfo=VIETNAM), datetime(2027, 1, 1, tzinfo=VIETNAM))
    assert last.vi == "Quý IV năm 2026" and last.report_due is None
    whole = period(2026)
    assert whole.start.month == 1 and whole.end.year == 2027 and str(whole.report_due) == "2026-12-14"
    for wrong in ((1999, None), (2026, 5), (2026, 0)):
        with pytest.raises(InputError):
            period(*wrong)


def test_figures_heads_and_fixity_of_an_exchange(
    tmp_path: Path, pki: LivePki, capsys: pytest.CaptureFixture[str]
) -> None:
    made = exchange(tmp_path, pki)
    year = str(now().astimezone(VIETNAM).year)
    config = ["--config", str(made.a.config)]
    assert main(["stats", "--year", year, "--json", "--xlsx", str(tmp_path / "so-lieu.xlsx"), *config]) == 0
    (a,) = json.loads(capsys.readouterr().out)["agencies"]
    assert a["outgoing"]["registered"] == 1 and a["outgoing"]["timeliness"] == {"on_time": 1}
    assert a["outgoing"]["by_type"] == {"Quyết định": 1}
    assert a["recipients"]["by_state"] == {"received": 1} and a["recipients"]["by_confirmation"] == {"proved": 1}
    sheet = load_workbook(tmp_path / "so-lieu.xlsx").active
    assert any(row[2] == "đã vào sổ" and row[3] == 1 for row in sheet.iter_rows(values_only=True))
    assert main(["stats", "--year", year, *config, "--xlsx", str(tmp_path / "so-lieu.xlsx")]) == 1
    capsys.readouterr()
    assert main(["stats", "--year", "1990", *config]) == 2
    assert main(["stats", "--agency", "H24.77", *config]) == 2
    capsys.readouterr()
    assert main(["stats", "--year", year, "--config", str(made.b.config)]) == 0
    assert "Văn bản đến" in capsys.readouterr().out

    with made.a.app() as app:
        assert prove_heads(app) >= 1
        assert prove_heads(app) == 0, "once a day"
        with app.database.read() as connection:
            heads = connection.execute(select(journal_head)).all()
            assert all(result.intact for result in verify_all(connection, now=now(), check_proof=check_proof))
        assert heads
        assert check_some(app, batch=1) == 1
        while check_some(app):
            pass
        with app.database.read() as connection:
            done = last_fixity(connection)
        assert done["finished_at"] and done["faults"] == [] and done["checked"] >= 2
        assert step(app) == 0, "rest until the next round"

        victim = next(iter(app.blobs.digests()))
        path = app.blobs.path(victim)
        path.chmod(0o600)
        path.write_bytes(b"changed on the disk")
        later = now() + timedelta(days=8)
        app.clock = lambda: later
        while check_some(app):
            pass
        with app.database.read() as connection:
            assert last_fixity(connection)["faults"] == [victim]
            told = connection.execute(select(event.c.subject).where(event.c.kind == "blob.damaged")).scalars().all()
        assert told == [f"blob:{victim}"]


def test_a_head_is_time_stamped_where_a_service_is_there(tmp_path: Path, pki: LivePki) -> None:
    from congvan_gateway.operations.daily import fetch_stamp

    text = b"congvan-journal:1:x:1:" + b"0" * 64
    token = fetch_stamp(pki.tsa_url, text)
    assert check_proof(text, token, "timestamp")
    assert not check_proof(text + b"0", token, "timestamp")
    broken = bytearray(token)
    broken[-20] ^= 1
    assert not check_proof(text, bytes(broken), "timestamp"), "the token's own signature counts, not only its digest"
