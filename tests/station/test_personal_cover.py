"""A plain mailbox's own cover: the link to confirm stands in it, in nobody else's, and only where there is a public address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from congvan_gateway.dispatch import personal_covers
from congvan_gateway.dispatch.issuing import Sent, send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.dispatch.resending import resend
from congvan_gateway.dispatch.sealing import seal_packages
from congvan_gateway.main import App
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.receipts import confirm_links
from congvan_gateway.storage.schema import outbox, recipient
from congvan_mailbox.reports import classify
from support_pki import LivePki
from support_station import B_CODE, A, B, issue_document, make_station

PUBLIC = "https://congvan.so-a.example.vn"
_LINK = re.compile(rf"{PUBLIC}/xac-nhan/[\w-]{{20,100}}")


def issued(folder: Path, pki: LivePki, **console: Any) -> tuple[App, Sent]:
    inside: dict[str, dict[str, object]] = {"verification": {"workers": 0}, "console": {"enabled": True, **console}}
    station = make_station(folder, A, B, pki, relay_port=9, own_sections=inside)
    document = issue_document(pki, folder / "van-ban")
    made = station.app()
    app = made.__enter__()
    for code, mail in (("H24.92", "vt@c.example.vn"), ("H24.93", "vt@d.example.vn")):
        found_agency(app, code=code, name=f"Xã {code}", address=mail, own=False, gateway=False, actor="test")
    files, packet = read_files(document, [])
    sent = send(app, SendRequest(files=files, to=(B_CODE, "H24.92", "H24.93"), actor="Đỗ Văn Thư", packet=packet))
    assert seal_packages(app) == 3
    return app, sent


def mails(app: App) -> dict[str, list[tuple[str, bytes]]]:
    """By recipient's address: the digest of the body and the whole mail, in order of sending."""
    out: dict[str, list[tuple[str, bytes]]] = {}
    with app.database.read() as connection:
        for row in connection.execute(
            select(outbox).where(outbox.c.kind == "package", outbox.c.headers.is_not(None)).order_by(outbox.c.id)
        ):
            raw = row.headers.encode("ascii") + app.blobs.read(row.body_sha256)
            out.setdefault(row.rcpt_to, []).append((row.body_sha256, raw))
    return out


def links(raw: bytes) -> set[str]:
    """Every link in the readable parts, text and HTML alike."""
    letter = message_from_bytes(raw, policy=policy.default)
    return {
        found
        for part in letter.walk()
        if part.get_content_maintype() == "text"
        for found in _LINK.findall(part.get_content())
    }


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Iterator[tuple[App, Sent]]:
    app, sent = issued(tmp_path_factory.mktemp("public"), pki, public_url=PUBLIC)
    yield app, sent
    app.close()


def test_each_plain_mailbox_has_its_own(public: tuple[App, Sent]) -> None:
    app, _ = public
    found = mails(app)
    assert links(found["vanthu@b.example.vn"][0][1]) == set(), "a gateway answers with a signed receipt"
    (one,), (two,) = links(found["vt@c.example.vn"][0][1]), links(found["vt@d.example.vn"][0][1])
    assert one != two and len({found[address][0][0] for address in found}) == 3
    assert confirm_links.confirm(app, one.rpartition("/")[2], name="Trần Thị Lan").address == "vt@c.example.vn"
    with app.database.read() as connection:
        states = {row.address: row.state for row in connection.execute(select(recipient))}
    assert states["vt@c.example.vn"] == "received" and states["vt@d.example.vn"] == "queued"


def test_it_is_signed_and_carries_the_same_files(public: tuple[App, Sent]) -> None:
    app, _ = public
    found = mails(app)

    def files(raw: bytes) -> list[bytes]:
        letter = message_from_bytes(raw, policy=policy.default)
        assert letter.get_content_type() == "multipart/signed"
        return [part.get_content() for part in letter.walk() if part.get_content_type() == "application/pdf"]

    shared = files(found["vanthu@b.example.vn"][0][1])
    for address in ("vt@c.example.vn", "vt@d.example.vn"):
        assert files(found[address][0][1]) == shared and shared
        assert classify(found[address][0][1]).kind.value == "package"


def test_nobody_is_sent_another_ones(public: tuple[App, Sent]) -> None:
    """A resend makes a new own cover, and the shared body stays the one for gateways."""
    app, sent = public
    resend(app, sent.document_id, to=["H24.93", B_CODE], reason="chưa thấy phản hồi", actor="test")
    assert seal_packages(app) == 2
    found = mails(app)
    first, again = found["vt@d.example.vn"]
    assert links(first[1]) != links(again[1]) and len(links(again[1])) == 1
    gateway = found["vanthu@b.example.vn"]
    assert gateway[0][0] == gateway[1][0] and links(gateway[1][1]) == set()


def test_the_store_is_not_filled(tmp_path: Path, pki: LivePki, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where own bodies would take too much room, the rest get the shared one; the reminder brings their link."""
    one = 40 << 10
    monkeypatch.setattr(personal_covers, "MOST", one)
    monkeypatch.setattr(personal_covers, "ENVELOPE", one)
    monkeypatch.setattr(personal_covers, "in_mail", lambda size: 0)
    app, _ = issued(tmp_path, pki, public_url=PUBLIC)
    try:
        assert sorted(len(links(sendings[0][1])) for sendings in mails(app).values()) == [0, 0, 1]
    finally:
        app.close()


def test_without_a_public_address_one_body_serves_all(tmp_path: Path, pki: LivePki) -> None:
    app, _ = issued(tmp_path, pki)
    try:
        found = mails(app)
        assert len({sendings[0][0] for sendings in found.values()}) == 1
        assert all(b"xac-nhan" not in sendings[0][1] for sendings in found.values())
    finally:
        app.close()
