"""Receipts rendered, sealed, verified by openssl, read by the standard library and by ourselves."""

from __future__ import annotations

import email
import json
import re
import subprocess
from dataclasses import replace
from datetime import date, datetime
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from congvan_core.documents.model import DocumentLink, Party, StatusReport
from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM
from congvan_mailbox.message import Address, compare_readers, parse_message, write
from congvan_mailbox.package import new_message_id, write_status
from congvan_mailbox.receipts import Exchange, ReceiptContent, Times, read_receipt, receipt_mail, render, seal, wording
from congvan_mailbox.receipts.disposition import Disposition, read_block, write_fields
from congvan_mailbox.smime import KeySigner, SmimeTrust
from support_pki import LivePki

AT = datetime(2026, 8, 5, 10, 42, 7, tzinfo=VIETNAM)
IN_BOOK = datetime(2026, 8, 5, 10, 44, 30, tzinfo=VIETNAM)
CLOCK = datetime(2026, 8, 5, 10, 42, 7, tzinfo=VIETNAM)
ORIGINAL = "<0123456789abcdef0123456789abcdef@smt.example.gov.vn>"
OURS = "Ủy ban nhân dân phường Thí Điểm"
EXCHANGE = Exchange("Sở Mẫu Thử", OURS, "67/SMT-VP", date(2026, 8, 5), "V/v rà soát hộp thư công vụ")
TIMES = Times(AT, IN_BOOK, CLOCK)
DIGESTS = (
    ("67-SMT-VP_05082026_Ra-soat-hop-thu-cong-vu.pdf", "ab" * 32),
    ("Phụ lục – danh sách.pdf", "cd" * 32),
    ("67-SMT-VP_05082026_Ra-soat-hop-thu-cong-vu.edxml", "ef" * 32),
)


def content(code: str = "03") -> ReceiptContent:
    letter = {
        "01": wording.held(EXCHANGE, TIMES),
        "02": wording.refused(
            EXCHANGE,
            "tệp đã thay đổi sau khi được ký số",
            "điểm đ khoản 2 Điều 15",
            officer="Lê Thị Sổ",
            position="văn thư",
            telephone="0225 3 111 111",
        ),
        "03": wording.registered(EXCHANGE, TIMES, "412", automatic_since=date(2026, 8, 1)),
    }[code]
    status = StatusReport(
        code,
        Party("H24.91.07", OURS, "vanthu@a.example.vn"),
        DocumentLink("H24.90", "67/SMT-VP", "H24.90,2026/08/05,67/SMT-VP", date(2026, 8, 5)),
        "Đã vào sổ văn bản đến, số đến 412",
        IN_BOOK,
        "Văn thư",
        "Lê Thị Sổ",
        register_number="412" if code == "03" else "",
        arrived_at=AT,
        registered_at=IN_BOOK if code == "03" else None,
        clock_starts_at=CLOCK,
        journal_head="12" * 32,
        addressee="H24.91.07",
        digests=DIGESTS,
        legal_value="pending_registration",
        to=Party("H24.90", "Sở Mẫu Thử", "vanthu@smt.example.gov.vn"),
    )
    return ReceiptContent(
        status,
        letter,
        Address(OURS, "vanthu@a.example.vn"),
        Address("Sở Mẫu Thử", "vanthu@smt.example.gov.vn"),
        IN_BOOK,
        "vanthu@a.example.vn",
        ORIGINAL,
        "vanthu-cu@a.example.vn",
        "tệp đã thay đổi sau khi được ký số" if code == "02" else "",
    )


@pytest.fixture
def station(pki: LivePki) -> KeySigner:
    return KeySigner(pki.signing_key("gateway-a"))


@pytest.fixture
def known(pki: LivePki) -> SmimeTrust:
    return SmimeTrust(pinned=frozenset({pki.cert("gateway-a").fingerprint(hashes.SHA256()).hex()}))


def mail(station: KeySigner, code: str = "03") -> bytes:
    return receipt_mail(content(code), station, new_message_id("a.example.vn"))


@pytest.mark.parametrize("code", ["01", "02", "03"])
def test_round_trip_and_strength(station: KeySigner, known: SmimeTrust, code: str) -> None:
    raw = mail(station, code)
    write.require_portable(raw, limit=78)
    write.require_portable(parse_message(raw).root.children[0].raw)
    assert compare_readers(raw) == []
    receipt = read_receipt(parse_message(raw), known)
    assert receipt is not None
    assert receipt.findings == ()
    assert receipt.status == content(code).status
    assert receipt.in_signed_part
    assert (receipt.smime.outcome, receipt.smime.pinned, receipt.smime.signer_matches_from) == ("valid", True, True)
    assert receipt.original_message_id == ORIGINAL
    assert receipt.digests == dict(DIGESTS)
    assert receipt.covers(["ab" * 32, "cd" * 32])
    assert not receipt.covers(["00" * 32])
    assert receipt.disposition == Disposition(
        "vanthu@a.example.vn",
        "vanthu-cu@a.example.vn",
        ORIGINAL,
        "automatic-action/mdn-sent-automatically",
        "processed",
        ("error",) if code == "02" else (),
        "tệp đã thay đổi sau khi được ký số" if code == "02" else "",
        DIGESTS,
    )


def test_the_notification_as_it_stands_in_the_mail(station: KeySigner) -> None:
    kind = "message/disposition-notification"
    part = next(p for p in parse_message(mail(station, "03")).walk() if p.media_type == kind)
    lines = part.decode().decode("ascii").split("\r\n")
    assert lines[:4] == [
        "Reporting-UA: a.example.vn; Congvan",
        "Original-Recipient: rfc822;vanthu-cu@a.example.vn",
        "Final-Recipient: rfc822;vanthu@a.example.vn",
        f"Original-Message-ID: {ORIGINAL}",
    ]
    assert "Disposition: automatic-action/MDN-sent-automatically; processed" in lines
    assert not any(line.startswith("Error:") for line in lines)
    unfolded = re.sub(r"\r\n(?=[ ])", "", part.decode().decode("ascii"))
    assert f"X-Congvan-SHA256: {'ab' * 32}; 67-SMT-VP_05082026_Ra-soat-hop-thu-cong-vu.pdf" in unfolded.split("\r\n")


def test_openssl_and_the_standard_library(station: KeySigner, pki: LivePki, tmp_path: Path) -> None:
    raw = mail(station)
    (tmp_path / "mail").write_bytes(raw)
    (tmp_path / "root.pem").write_bytes(pki.pem("root"))
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-in", "mail", "-CAfile", "root.pem", "-out", "out"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out").read_bytes() == render(content())
    read = email.message_from_bytes(raw)
    assert [p.get_content_type() for p in read.walk()] == [
        "multipart/signed",
        "multipart/mixed",
        "multipart/report",
        "text/plain",
        "message/disposition-notification",
        "text/plain",
        "application/xml",
        "application/pkcs7-signature",
    ]
    report = read.get_payload(0).get_payload(0)  # type: ignore[union-attr]
    assert report.get_param("report-type") == "disposition-notification"
    fields = report.get_payload(1).get_payload(0)
    assert fields["Final-Recipient"] == "rfc822;vanthu@a.example.vn"
    assert fields["Original-Message-ID"] == ORIGINAL
    assert str(make_header(decode_header(read["Subject"]))) == (
        "Thông báo đã tiếp nhận: 67/SMT-VP ngày 05/8/2026, số đến 412"
    )
    assert read["Auto-Submitted"] == "auto-replied"
    assert read["In-Reply-To"] == read["References"] == ORIGINAL
    assert read["Disposition-Notification-To"] is None


def test_a_frozen_receipt_is_the_same_later() -> None:
    for code in ("01", "02", "03"):
        frozen = json.loads(json.dumps(content(code).to_json()))
        again = ReceiptContent.from_json(frozen)
        assert again == content(code)
        assert render(again) == render(content(code))


def test_the_journal_head_and_the_three_times_travel(station: KeySigner) -> None:
    receipt = read_receipt(parse_message(mail(station)))
    assert receipt is not None
    status = receipt.status
    assert (status.arrived_at, status.registered_at, status.clock_starts_at) == (AT, IN_BOOK, CLOCK)
    assert (status.register_number, status.journal_head, status.addressee) == ("412", "12" * 32, "H24.91.07")


def test_an_old_reader_sees_an_ordinary_status_packet() -> None:
    """Readers that take only the elements of QCVN 102 find them where they expect them."""
    from xml.etree import ElementTree

    namespace = "{http://www.mic.gov.vn/TBT/QCVN_102_2016}"
    header = ElementTree.fromstring(write_status(content().status)).find(f".//{namespace}MessageHeader")
    assert header is not None
    assert header.findtext(f"{namespace}StatusCode") == "03"
    assert header.findtext(f"{namespace}ResponseFor/{namespace}DocumentId") == "H24.90,2026/08/05,67/SMT-VP"
    assert header.findtext(f"{namespace}Timestamp") == "2026/08/05 10:44:30"
    assert [c.tag for c in header if not c.tag.startswith(namespace)] == ["{urn:congvan:packet:1}Receipt"]


def test_a_duplicate_takes_the_original_receipt_along(station: KeySigner, known: SmimeTrust) -> None:
    original = mail(station)
    again = replace(content(), letter=wording.duplicate(EXCHANGE, "412", date(2026, 8, 5)))
    raw = receipt_mail(again, station, new_message_id("a.example.vn"), attached=original)
    message = parse_message(raw)
    inner = next(p for p in message.walk() if p.media_type == "message/rfc822")
    assert inner.children[0].raw == original
    receipt = read_receipt(message, known)
    assert receipt is not None
    assert receipt.findings == ()
    assert receipt.smime.outcome == "valid"
    strange = receipt_mail(again, station, new_message_id("a.example.vn"), attached="Tiêu đề: ố".encode())
    assert parse_message(strange).attachments()[-2].filename == "thong-bao.eml"


def test_forgeries_prove_nothing(station: KeySigner, known: SmimeTrust, pki: LivePki) -> None:
    stranger = read_receipt(parse_message(mail(KeySigner(pki.signing_key("stranger-gateway")))), known)
    assert stranger is not None
    assert stranger.smime.outcome == "indeterminate"
    raw = mail(station)
    packet = next(p for p in parse_message(raw).leaves() if p.filename == "status.edxml")
    outside = b"From: vanthu@a.example.vn\r\n" + write.multipart("mixed", [packet.raw])
    unsigned = read_receipt(parse_message(outside), known)
    assert unsigned is not None
    assert not unsigned.in_signed_part
    assert unsigned.smime.outcome is None
    body = raw[raw.index(b"Content-Type: multipart/signed") :]
    fake = write.file_part(write_status(replace(content().status, code="02")), "application/xml", "status.edxml")
    wrapped = b"From: vanthu@a.example.vn\r\n" + write.multipart("mixed", [fake, body])
    read = read_receipt(parse_message(wrapped), known)
    assert read is not None
    assert read.status.code == "03"
    assert read.smime.covers == "part"


def test_packet_and_notification_that_disagree(station: KeySigner) -> None:
    entity = render(content("03")).replace(b"MDN-sent-automatically; processed", b"MDN-sent-automatically; failed")
    raw = b"From: vanthu@a.example.vn\r\n" + seal(entity, station)
    receipt = read_receipt(parse_message(raw))
    assert receipt is not None
    assert [f.code for f in receipt.findings] == ["MIME-RECEIPT-DISAGREES"]


def test_a_document_mail_or_a_foreign_notification_is_no_receipt_of_ours() -> None:
    assert read_receipt(parse_message("From: a@b.vn\r\n\r\nĐã nhận".encode())) is None
    fields = write_fields(Disposition("a@b.vn", mode="manual-action/MDN-sent-manually", type="displayed"), "b.vn")
    foreign = b"From: a@b.vn\r\n" + write.multipart(
        "report", [write.text_part("x"), write.fields_part("message/disposition-notification", fields)]
    )
    assert read_receipt(parse_message(foreign)) is None


@pytest.mark.parametrize(
    "hostile",
    [
        "<x@y>\r\nBcc: z@w",
        "<" + "a" * 2000 + "@b>",
        "no brackets",
        "<ố@b>",
        "",
    ],
)
def test_a_strangers_message_id_is_repeated_only_if_sound(station: KeySigner, hostile: str) -> None:
    raw = receipt_mail(replace(content(), original_message_id=hostile), station, new_message_id("a.example.vn"))
    message = parse_message(raw)
    assert message.headers.count("In-Reply-To") == message.headers.count("Bcc") == 0


def test_line_breaks_never_reach_the_notification() -> None:
    with pytest.raises(InputError):
        write_fields(Disposition("a@b.vn\r\nX: y", mode="a/b", type="c"), "b.vn")


names = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\u0085"), min_size=1, max_size=120
).filter(lambda t: t == " ".join(t.split()))


@settings(max_examples=100)
@given(st.lists(st.tuples(names, st.binary(min_size=32, max_size=32).map(bytes.hex)), max_size=5))
def test_names_and_digests_survive(digests: list[tuple[str, str]]) -> None:
    import unicodedata

    given_ = tuple((unicodedata.normalize("NFC", n), d) for n, d in digests)
    block = write_fields(Disposition("a@b.vn", mode="a/b", type="c", digests=given_), "b.vn")
    write.require_portable(block)
    assert read_block(block).digests == given_


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_any_notification_is_survived(data: bytes) -> None:
    read_block(data)
    read_receipt(
        parse_message(
            b"From: a@b.vn\r\n" + write.multipart("mixed", [write.file_part(data, "application/xml", "status.edxml")])
        )
    )
