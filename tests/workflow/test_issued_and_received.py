"""What the chain issued is registered by the receiver by itself: number and date are read from the fields on the page."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from test_desk_drafts import AGENCY_KEY, LEADER_KEY, begin, do, row, said, signed_up

from congvan_gateway.console.pictures import page_says
from congvan_gateway.dispatch.sealing import seal_packages
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.storage.schema import message, outbox
from support_office import StaffedDesk, draft_pdf
from support_pki import LivePki
from support_station import A, B, make_station


def test_registered_by_the_receiver(office_desk: StaffedDesk, pki: LivePki, tmp_path: Path) -> None:
    desk = office_desk
    with desk.enter("soan") as client:
        made = begin(desk, client, name="a.pdf", data=draft_pdf())
    signed_up(desk, made)
    for login, act, more in (
        ("anh", "sign", LEADER_KEY), ("thu", "number", {}), ("thu", "seal", AGENCY_KEY), ("thu", "issue", {}),
    ):  # fmt: skip
        answer = do(desk, login, made, act, **more)
        assert answer.status_code == 303, said(answer)
    blobs = desk.app.settings.path(desk.app.settings.storage.blobs)
    told = page_says(str(blobs), row(desk, made).file_sha256)
    assert told["number"] == "01/QĐ-STNA" and told["date"]
    seal_packages(desk.app)
    with desk.app.database.read() as connection:
        mail = connection.execute(select(outbox).where(outbox.c.document_id == row(desk, made).document_id)).one()
    raw = tmp_path / "thu.eml"
    raw.write_bytes(mail.headers.encode() + desk.app.blobs.read(mail.body_sha256))
    station = make_station(tmp_path / "b", B, A, pki, relay_port=9, own_sections={"verification": {"workers": 0}})
    with station.app() as app:
        answered = take_in_file(app, raw, sender=None, recipients=[B.mail])
        with app.database.read() as connection:
            there = connection.execute(select(message).where(message.c.id == answered["message"])).one()
    held = [
        f"{f['code']} {f.get('evidence')}" for f in (there.report or {}).get("findings", []) if f["severity"] != "info"
    ]
    assert there.state == "registered", held
