"""What strangers and broken machines send: each gets a clear answer, nothing is lost, nothing is registered twice.

Quy chế Điều 20.2.a.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from congvan_core.agencies.model import ContactPoint
from congvan_core.storage.schema import book, document
from congvan_gateway.dispatch.states import Strength
from congvan_gateway.main import App
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.quarantine.queue import waiting
from congvan_gateway.storage.schema import message, outbox, proof, recipient
from support_forger import Forger
from support_kill import Pair
from support_pki import LivePki
from support_station import A_MAIL, B_CODE, B_MAIL, B_NAME

pytestmark = pytest.mark.xdist_group("end-to-end")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("bad-input"), pki)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Forger:
    return Forger(pki, tmp_path_factory.mktemp("forged"))


def registered(app: App, number: str) -> int:
    """How often a document of A's with this number stands in the books."""
    with app.database.read() as connection:
        return connection.execute(
            select(func.count()).where(document.c.number == number, document.c.direction == "incoming")
        ).scalar_one()


def answers(app: App, row_id: str) -> list[str]:
    with app.database.read() as connection:
        return sorted(connection.execute(select(outbox.c.kind).where(outbox.c.message_row_id == row_id)).scalars())


def codes(found: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in found["findings"]}


# --- documents that are not what they should be -----------------------------------------------------------------------


def test_damaged_pdf_is_held_and_recommended_for_refusal(pair: Pair, forger: Forger) -> None:
    pdf = bytearray(forger.pdf("101"))
    pdf[len(pdf) // 3] ^= 0x20
    found = forger.hand_in(pair.app_b, forger.package("101", bytes(pdf)), B_MAIL, sender=A_MAIL)
    assert (found["state"], found["recommended"]) == ("held", "refuse"), found
    assert registered(pair.app_b, "101") == 0
    assert answers(pair.app_b, found["message"]) == ["receipt_01"]


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7\nnothing else", b"\0" * 5000, b"%PDF-1.4\n" + b"1 0 obj<</Length 9e9>>stream" * 400]
)
def test_what_is_no_pdf_is_held(pair: Pair, forger: Forger, data: bytes) -> None:
    found = forger.hand_in(pair.app_b, forger.package("102", data), B_MAIL, sender=A_MAIL)
    assert found["state"] == "held" and found["findings"], found
    assert registered(pair.app_b, "102") == 0


def test_document_signed_under_a_foreign_root_is_not_registered(pair: Pair, forger: Forger) -> None:
    found = forger.hand_in(
        pair.app_b,
        forger.package("103", forger.pdf("103", leader="stranger", agency="stranger")),
        B_MAIL,
        sender=A_MAIL,
    )
    assert found["state"] == "held" and found["recommended"] in ("refuse", "quarantine")
    assert registered(pair.app_b, "103") == 0


def test_package_signed_by_a_stranger_is_held_and_never_answered(pair: Pair, forger: Forger) -> None:
    found = forger.hand_in(
        pair.app_b, forger.package("104", forger.pdf("104"), key="stranger-gateway"), B_MAIL, sender=A_MAIL
    )
    assert found["state"] == "held", found
    assert registered(pair.app_b, "104") == 0
    assert answers(pair.app_b, found["message"]) == []  # no backscatter where the origin is not proved


def test_two_from_headers_are_held(pair: Pair, forger: Forger) -> None:
    raw = b"From: Ai do <ai@kia.example>\r\n" + forger.package("105", forger.pdf("105"))
    found = forger.hand_in(pair.app_b, raw, B_MAIL, sender=A_MAIL)
    assert found["state"] == "held", found
    assert registered(pair.app_b, "105") == 0


def test_a_stranger_cannot_swallow_a_document_by_its_message_id(pair: Pair, forger: Forger) -> None:
    identifier = "<0123456789abcdef0123456789abcdef@a.example.vn>"
    forged = forger.package(
        "106", forger.pdf("106", subject="việc khác"), key="stranger-gateway", message_id=identifier
    )
    first = forger.hand_in(pair.app_b, forged, B_MAIL, sender=A_MAIL)
    assert first["state"] == "held"
    genuine = forger.package("106", forger.pdf("106"), message_id=identifier)
    found = forger.hand_in(pair.app_b, genuine, B_MAIL, sender=A_MAIL)
    assert found["state"] == "registered", found
    assert registered(pair.app_b, "106") == 1
    assert answers(pair.app_b, found["message"]) == ["receipt_03"]


def test_same_number_with_other_content_is_a_conflict_for_a_clerk(pair: Pair, forger: Forger) -> None:
    first = forger.hand_in(pair.app_b, forger.package("107", forger.pdf("107")), B_MAIL, sender=A_MAIL)
    assert first["state"] == "registered"
    other = forger.package("107", forger.pdf("107", subject="việc khác hẳn"), subject="việc khác hẳn")
    found = forger.hand_in(pair.app_b, other, B_MAIL, sender=A_MAIL)
    assert found["state"] == "conflict" and "DUP-CONTENT-DIFFERS" in codes(found)
    assert registered(pair.app_b, "107") == 1


# --- mails that are hardly mails --------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\r\n\r\n", b"\xff\xfe\0\0" * 100])
def test_empty_mails_are_kept_where_a_person_sees_them(pair: Pair, forger: Forger, raw: bytes) -> None:
    found = forger.hand_in(pair.app_b, raw, B_MAIL, sender="ai@do.example")
    assert found["state"] in ("held", "unreadable"), found
    with pair.app_b.database.read() as connection:
        assert found["message"] in {row.id for row in waiting(connection)}


def test_ten_thousand_parts_are_kept_and_said_so(pair: Pair, forger: Forger) -> None:
    part = b"--x\r\nContent-Type: text/plain\r\n\r\nmot phan\r\n"
    raw = (
        b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        + part * 10_000
        + b"--x--\r\n"
    )
    found = forger.hand_in(pair.app_b, raw, B_MAIL, sender="ai@do.example")
    assert found["state"] in ("held", "unreadable") and codes(found), found


def test_mail_for_nobody_here_is_held(pair: Pair, forger: Forger) -> None:
    found = forger.hand_in(pair.app_b, forger.package("108", forger.pdf("108")), "nguoi@noi.khac", sender=A_MAIL)
    assert (found["state"], found["exit"]) == ("held", 3)
    assert registered(pair.app_b, "108") == 0
    assert answers(pair.app_b, found["message"]) == []


# --- receipts that are not what they claim ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sent(pair: Pair) -> str:
    """The identifier of a document that A sent and nobody answered yet."""
    number, path = pair.issue()
    pair.send(number, path)
    with pair.app_a.database.read() as connection:
        return str(connection.execute(select(document.c.identifier).where(document.c.number == number)).scalar_one())


def standing(app: App, identifier: str) -> tuple[str, str | None]:
    with app.database.read() as connection:
        row = connection.execute(
            select(recipient.c.state, recipient.c.confirmation)
            .join(document, document.c.id == recipient.c.document_id)
            .where(document.c.identifier == identifier)
        ).one()
    return row.state, row.confirmation


def test_receipt_of_a_strangers_key_closes_nothing(pair: Pair, forger: Forger, sent: str) -> None:
    before = standing(pair.app_a, sent)[0]
    found = forger.hand_in(pair.app_a, forger.receipt(sent, key="stranger-gateway"), A_MAIL)
    assert found["state"] == "held" and "REPORT-UNPROVED" in codes(found)
    assert standing(pair.app_a, sent) in ((before, None), (before, Strength.CLAIMED.value))


def test_receipt_of_another_agency_s_key_closes_nothing(pair: Pair, forger: Forger, sent: str, pki: LivePki) -> None:
    """An entitled key speaks for its own agency only, whatever name stands in the packet."""
    found_agency(
        pair.app_a, code="H24.95", name="Sở Thử Nghiệm C", address="vanthu@c.example.vn", own=False,
        certificate=pki.cert("station-ec"),
    )  # fmt: skip
    before = standing(pair.app_a, sent)[0]
    for reporter in (B_CODE, "H24.95"):
        found = forger.hand_in(pair.app_a, forger.receipt(sent, key="station-ec", reporter=reporter), A_MAIL)
        assert found["state"] == "held", found
        assert standing(pair.app_a, sent)[0] == before


def test_receipt_for_an_unknown_document_is_a_person_s(pair: Pair, forger: Forger, sent: str) -> None:
    found = forger.hand_in(pair.app_a, forger.receipt("H24.90,2020/01/01,1/KHONG-CO"), A_MAIL)
    assert found["state"] == "held" and "REPORT-UNMATCHED" in codes(found)


def test_genuine_receipt_counts_once_however_often_it_comes(pair: Pair, forger: Forger, sent: str) -> None:
    raw = forger.receipt(sent)
    assert forger.hand_in(pair.app_a, raw, A_MAIL)["state"] == "ignored"
    assert standing(pair.app_a, sent) == ("received", "proved")
    assert forger.hand_in(pair.app_a, raw, A_MAIL)["state"] == "ignored"
    with pair.app_a.database.read() as connection:
        proofs = connection.execute(
            select(func.count()).where(
                proof.c.recipient_id == recipient.c.id, proof.c.kind == "receipt_03", proof.c.strength == "proved"
            )
        ).scalar_one()
    assert proofs == 1
    # What was proved is not undone by a stranger's refusal.
    forger.hand_in(pair.app_a, forger.receipt(sent, key="stranger-gateway", code="02"), A_MAIL)
    assert standing(pair.app_a, sent) == ("received", "proved")


# --- the clock --------------------------------------------------------------------------------------------------------


def test_clock_behind_the_last_entry_stops_numbering_and_loses_nothing(pair: Pair, forger: Forger) -> None:
    from datetime import timedelta

    first = forger.hand_in(pair.app_b, forger.package("109", forger.pdf("109")), B_MAIL, sender=A_MAIL)
    assert first["state"] == "registered"
    with pair.app_b.database.write() as connection:
        was = connection.execute(select(book.c.last_time).where(book.c.direction == "incoming")).scalar_one()
        connection.execute(
            update(book).where(book.c.direction == "incoming").values(last_time=was + timedelta(hours=1))
        )
    found = forger.hand_in(pair.app_b, forger.package("110", forger.pdf("110")), B_MAIL, sender=A_MAIL)
    assert found["state"] == "stored", found  # waits until somebody mends the clock
    assert registered(pair.app_b, "110") == 0
    with pair.app_b.database.write() as connection:
        reason = connection.execute(select(message.c.last_error).where(message.c.id == found["message"])).scalar_one()
        assert "ồng hồ" in reason
        connection.execute(update(book).where(book.c.direction == "incoming").values(last_time=was))
    from congvan_gateway.judgement.judging import Judge

    assert Judge(pair.app_b).step_one(found["message"]) == 1
    assert registered(pair.app_b, "110") == 1


# --- one hub, two agencies --------------------------------------------------------------------------------------------


def test_one_mail_to_two_agencies_of_a_hub_registers_in_both(pair: Pair, forger: Forger) -> None:
    from congvan_core.ids import now
    from congvan_core.registers.instructions import give_instruction
    from congvan_gateway.intake.files import take_in_file

    second: ContactPoint = found_agency(
        pair.app_b, code="H24.91.08", name="Ủy ban nhân dân phường Thử Nghiệm D", address="vanthu@d.example.vn"
    )
    with pair.app_b.database.write() as connection:
        give_instruction(connection, second.id, given_by="Chủ tịch", at=now())
    to = ((B_CODE, B_NAME, B_MAIL), ("H24.91.08", second.name, "vanthu@d.example.vn"))
    path = forger.folder / "hub.eml"
    path.write_bytes(forger.package("111", forger.pdf("111"), to=to))
    take_in_file(pair.app_b, path, sender=A_MAIL, recipients=[B_MAIL, "vanthu@d.example.vn", B_MAIL])
    assert registered(pair.app_b, "111") == 2
    with pair.app_b.database.read() as connection:
        rows = connection.execute(select(message.c.id, message.c.state).where(message.c.number == "111")).all()
    assert [row.state for row in rows] == ["registered", "registered"]
    assert [answers(pair.app_b, row.id) for row in rows] == [["receipt_03"], ["receipt_03"]]


# --- through the door -------------------------------------------------------------------------------------------------


def test_the_door_says_no_clearly_and_lives_on(pair: Pair, forger: Forger) -> None:
    """Not ours, too large with and without SIZE, an empty body: and the next mail is taken."""
    process = pair.b.start()
    try:
        with smtplib.SMTP("127.0.0.1", pair.b.smtp_port, timeout=120) as client:
            client.ehlo("thu.example")
            client.mail("ai@do.example")
            assert client.rcpt("nguoi@noi.khac")[0] == 550
            client.rset()
            assert client.docmd("MAIL", f"FROM:<ai@do.example> SIZE={200 << 20}")[0] == 552
            client.rset()
            # 200 MB without saying so before: the door's memory stays flat while it reads it away.
            flat = _peak(process.pid)
            client.mail("ai@do.example")
            assert client.rcpt(B_MAIL)[0] == 250
            assert client.docmd("DATA")[0] == 354
            line = b"0123456789abcdef" * 4 + b"\r\n"
            block = line * 16_000
            client.send(b"Subject: to\r\n\r\n")
            for _ in range((200 << 20) // len(block) + 1):
                client.send(block)
            client.send(b".\r\n")
            assert client.getreply()[0] == 552
            assert _peak(process.pid) - flat < 64 << 10
            # As large as is allowed, nearly: taken, again without growing.
            client.mail("ai@do.example")
            client.rcpt(B_MAIL)
            client.docmd("DATA")
            client.send(b"Subject: gan bang muc cho phep\r\n\r\n")
            for _ in range((120 << 20) // len(block)):
                client.send(block)
            client.send(b".\r\n")
            assert client.getreply()[0] == 250
            assert _peak(process.pid) - flat < 64 << 10
            client.mail("ai@do.example")
            client.rcpt(B_MAIL)
            client.docmd("DATA")
            client.send(b".\r\n")
            assert client.getreply()[0] == 250
            client.mail(A_MAIL)
            client.rcpt(B_MAIL)
            assert client.data(forger.package("112", forger.pdf("112")))[0] == 250
        pair.settle_one(pair.app_b)
        assert registered(pair.app_b, "112") == 1
        with pair.app_b.database.read() as connection:
            large = connection.execute(select(message.c.state).where(message.c.size > 100 << 20)).scalar_one()
        assert large == "ignored"  # a plain text, read within the limits however long; its octets are kept
        assert process.poll() is None
    finally:
        pair.b.stop()


def _peak(pid: int) -> int:
    """The process's largest resident memory so far, KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise AssertionError("no VmHWM")


# --- the same instant -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def test_the_same_document_at_the_same_instant_is_registered_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, pki: LivePki, forger: Forger
) -> None:
    """Four judges, eight arrivals of three documents: three numbers, the rest are duplicates of them."""
    databases: tuple[str | None, str | None] = (None, None)
    if kind == "postgresql":
        cluster = request.getfixturevalue("postgres_cluster")
        databases = (cluster.empty_database(), cluster.empty_database())
    made = Pair(tmp_path, pki, databases)
    try:
        mails = [forger.package(n, pdf) for n, pdf in ((n, forger.pdf(n)) for n in ("1", "2", "3"))]

        def deliver(raw: bytes) -> int:
            with smtplib.SMTP("127.0.0.1", made.b.smtp_port, timeout=60) as client:
                client.ehlo("thu.example")
                client.mail(A_MAIL)
                client.rcpt(B_MAIL)
                return client.data(raw)[0]

        made.b.start(environment={"CONGVAN_VERIFICATION__WORKERS": "4"})
        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(deliver, [*mails, *mails, *mails[:2]])) == {250}
        made.settle_one(made.app_b)
        with made.app_b.database.read() as connection:
            states = sorted(connection.execute(select(message.c.state)).scalars())
        assert states == ["duplicate"] * 5 + ["registered"] * 3
        assert [registered(made.app_b, n) for n in ("1", "2", "3")] == [1, 1, 1]
        assert made.numbers_of(made.app_b, "incoming") == [1, 2, 3]
    finally:
        made.close()
        if kind == "postgresql":
            for url in databases:
                cluster.drop(url)
