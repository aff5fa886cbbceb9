"""One signed body for all recipients, read back by openssl, by the standard library and by ourselves."""

from __future__ import annotations

import email
import re
import subprocess
from dataclasses import replace
from datetime import datetime
from email.header import decode_header, make_header
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from congvan_core.documents.model import DocumentMetadata, FileRef, FileRole, Urgency
from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM
from congvan_mailbox.message import Address, compare_readers, parse_message, write
from congvan_mailbox.package import (
    Cover,
    SignedBody,
    build_package,
    conceal,
    new_message_id,
    outer_headers,
    read_package,
)
from congvan_mailbox.smime import KeySigner, SmimeTrust, open_mail
from congvan_mailbox.smime.decrypt import Recipient
from support_pki import LivePki

DATE = datetime(2026, 8, 5, 10, 42, 7, tzinfo=VIETNAM)
SENDER = Address("Sở Mẫu Thử", "vanthu.smt@example.gov.vn")
COVER = Cover("Sở Mẫu Thử", telephone="0225 3 000 000")
Files = list[tuple[FileRef, bytes]]


def pack(metadata: DocumentMetadata, files: Files, station: KeySigner) -> SignedBody:
    return build_package(
        metadata, files, signer=station, cover=COVER, from_addr=SENDER, date=DATE, disposition_notification_to=SENDER
    )


def mail_to(body: SignedBody, name: str, addr: str) -> bytes:
    head = outer_headers(
        body.data,
        to=[Address(name, addr)],
        message_id=new_message_id(SENDER.domain),
        document=body.metadata.document_id,
        urgency=body.metadata.urgency,
    )
    return head + body.data


@pytest.fixture
def mail(metadata: DocumentMetadata, files: Files, station: KeySigner) -> bytes:
    return mail_to(pack(metadata, files, station), "Ủy ban nhân dân xã Mẫu", "xamau@example.gov.vn")


def test_openssl_verifies_what_was_signed(mail: bytes, station: KeySigner, tmp_path: Path) -> None:
    (tmp_path / "mail.eml").write_bytes(mail)
    (tmp_path / "ca.pem").write_bytes(station.key.certificate.public_bytes(Encoding.PEM))
    for tool in ("cms", "smime"):
        done = subprocess.run(
            [
                "openssl",
                tool,
                "-verify",
                "-in",
                "mail.eml",
                "-CAfile",
                "ca.pem",
                "-out",
                f"{tool}.out",
                "-purpose",
                "any",
            ],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        entity = parse_message(mail).root.children[0].raw
        assert (tmp_path / f"{tool}.out").read_bytes() == entity
    (tmp_path / "mail.eml").write_bytes(mail.replace(b"Sender", b"Sender").replace(b"JVBERi", b"JVBERj", 1))
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-in", "mail.eml", "-CAfile", "ca.pem", "-purpose", "any"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0


def test_every_line_passes_every_server(mail: bytes) -> None:
    write.require_portable(mail)


def test_an_ordinary_reader_sees_the_document(mail: bytes, files: Files) -> None:
    read = email.message_from_bytes(mail)
    assert read.get_content_type() == "multipart/signed"
    assert str(make_header(decode_header(read["Subject"]))) == (
        "[KHẨN] 67/SMT-VP ngày 05/8/2026: V/v rà soát hộp thư công vụ"
    )
    kinds = [p.get_content_type() for p in read.walk()]
    assert kinds == [
        "multipart/signed",
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/xml",
        "application/pdf",
        "application/pdf",
        "application/pkcs7-signature",
    ]
    attached = [p for p in read.walk() if p.get_content_type() == "application/pdf"]
    assert [(p.get_filename(), p.get_payload(decode=True)) for p in attached] == [(f.name, c) for f, c in files]
    assert compare_readers(mail) == []


def test_the_cover_is_the_model_text(mail: bytes) -> None:
    assert parse_message(mail).body_text() == (
        "Kính gửi:\n- Ủy ban nhân dân phường Thí Điểm;\n- Ủy ban nhân dân xã Mẫu.\n\n"
        "Sở Mẫu Thử gửi quý cơ quan văn bản điện tử đã ký số: 67-SMT-VP_05082026_Ra-soat-hop-thu-cong-vu.pdf "
        "(02 trang, 01 phụ lục kèm theo).\nTệp kèm theo:\n- Phụ lục 1 – danh sách hộp thư.pdf\n\n"
        "Mức độ khẩn: khẩn.\n\nHạn trả lời: 12/8/2026.\n\n"
        "Văn bản được gửi qua thư điện tử công vụ theo khoản 4 Điều 13 Quy chế.\n\n"
        "Để kiểm tra chữ ký số, đề nghị tải tệp về máy và mở bằng phần mềm kiểm tra chữ ký số; không in lại hoặc xuất "
        "lại tệp vì sẽ làm mất chữ ký số. Các tệp có đuôi .edxml và .p7s dành cho phần mềm, quý cơ quan không cần "
        "mở.\n\n"
        "Đề nghị quý cơ quan xác nhận bằng cách trả lời thư này: 'Đã nhận, số đến ...'.\n\n"
        "Đầu mối: văn thư Sở Mẫu Thử, điện thoại 0225 3 000 000.\n\nTrân trọng./.\n"
    )


def test_one_body_for_all_recipients_and_hidden_identity(
    metadata: DocumentMetadata, files: Files, station: KeySigner
) -> None:
    body = pack(metadata, files, station)
    first, second = (mail_to(body, n, a) for n, a in (("A", "a@example.gov.vn"), ("B", "b@example.gov.vn")))
    assert first.endswith(body.data)
    assert second.endswith(body.data)
    one, two = parse_message(first), parse_message(second)
    assert one.message_id != two.message_id
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.gov\.vn>", one.message_id)
    assert unquote(one.headers.text("Congvan-Document-ID")) == "H24.90,2026/08/05,67/SMT-VP"
    assert one.headers.text("Congvan-Sending") == "1"
    inside = one.root.children[0]
    assert inside.params.params["hp"] == "clear"
    for name in ("From", "Date", "Subject", "Disposition-Notification-To"):
        assert inside.headers.raw(name) == one.headers.raw(name)
    assert inside.headers.count("To") == inside.headers.count("Message-ID") == 0
    assert one.headers.text("Priority") == "urgent"


def test_reading_gives_back_what_was_packed(mail: bytes, metadata: DocumentMetadata, files: Files) -> None:
    contents = read_package(parse_message(mail))
    assert contents is not None
    assert contents.findings == ()
    assert contents.metadata is not None
    read = replace(contents.metadata, files=(), document_id="", business=metadata.business, traces=())
    assert read == metadata
    assert contents.metadata.traces == (("H24.90", DATE),)
    assert [f.content() for f in contents.files] == [c for _, c in files]
    assert [f.ref.role for f in contents.files] == [FileRole.MAIN, FileRole.ENCLOSURE]
    assert all(f.sha256 == f.ref.sha256 and f.size == f.ref.size for f in contents.files)


def unsigned(metadata: DocumentMetadata, files: Files, station: KeySigner) -> list[bytes]:
    return [p.raw for p in parse_message(pack(metadata, files, station).data).root.children[0].children]


def codes(parts: list[bytes], head: bytes = b"From: a@b.vn\r\n") -> list[str]:
    contents = read_package(parse_message(head + write.multipart("mixed", parts)))
    assert contents is not None
    return sorted(f.code for f in contents.findings)


def test_differences_between_packet_and_parts(metadata: DocumentMetadata, files: Files, station: KeySigner) -> None:
    parts = unsigned(metadata, files, station)
    assert codes(parts) == []
    assert codes(parts[:-1]) == ["MIME-PART-MISSING"]
    assert codes([*parts, write.file_part(b"x", "application/pdf", "la.pdf")]) == ["MIME-PART-EXTRA"]
    changed = parts[3].replace(b"JVBERi0xLjcg", b"JVBERi0xLjQg")
    assert codes([*parts[:3], changed]) == ["MIME-PART-DIFFERS"]
    assert codes([parts[1], *parts]) == ["MIME-PACKET-SEVERAL"]
    assert codes([*parts[:1], *parts[:0:-1]]) == []
    assert codes(parts, b"From: a@b.vn\r\nCongvan-Document-ID: other\r\n") == ["MIME-HINT-DIFFERS"]
    broken = write.file_part(b"<edXML", "application/xml", "x.edxml")
    assert codes([parts[0], broken, *parts[2:]]) == ["MIME-PACKET-UNREADABLE"]


def test_what_is_added_outside_the_signature_does_not_count(mail: bytes) -> None:
    inner = parse_message(mail)
    head, _, body = mail.partition(b"Content-Type: multipart/signed")
    extra = write.file_part(b"x", "application/pdf", "them.pdf")
    fake = write.file_part(b"<edXML/>", "application/xml", "gia.edxml")
    wrapped = head + write.multipart("mixed", [fake, b"Content-Type: multipart/signed" + body, extra])
    contents = read_package(parse_message(wrapped))
    assert contents is not None
    assert contents.metadata is not None
    assert {f.code for f in contents.findings} == {"MIME-PART-UNSIGNED"}
    assert inner.root.children[0].raw in wrapped


def test_outer_headers_that_lie_are_named(mail: bytes) -> None:
    lying = mail.replace(b"From: ", b"From: x@evil.example\r\nX-From: ", 1)
    contents = read_package(parse_message(lying))
    assert contents is not None
    assert [f.evidence["header"] for f in contents.findings if f.code == "MIME-HINT-DIFFERS"] == ["From"]


def test_a_plain_mail_is_no_package() -> None:
    assert read_package(parse_message(b"From: a@b.vn\r\n\r\nx")) is None


def test_html_is_escaped_and_subject_kept_on_one_line(
    metadata: DocumentMetadata, files: Files, station: KeySigner
) -> None:
    nasty = replace(metadata, subject="V/v <script>alert(1)</script>\r\nBcc: x@y.vn", urgency=Urgency.EXPRESS)
    body = build_package(nasty, files, signer=station, cover=Cover("A & <B>"), from_addr=SENDER, date=DATE)
    message = parse_message(mail_to(body, "x", "x@y.vn"))
    assert message.headers.count("Bcc") == 0
    assert message.headers.text("Subject").startswith("[HỎA TỐC] 67/SMT-VP ngày 05/8/2026: V/v <script>")
    html = next(p for p in message.leaves() if p.media_type == "text/html").decode().decode()
    assert "A &amp; &lt;B&gt;" in html
    assert "<script" not in html


@pytest.mark.parametrize("name", ["a/b.pdf", "a\r\nb.pdf", "", " a.pdf", "a\\b.pdf"])
def test_names_that_cannot_travel_are_refused(name: str, metadata: DocumentMetadata, station: KeySigner) -> None:
    with pytest.raises(InputError):
        pack(metadata, [(FileRef(name), b"x")], station)


def test_two_files_of_one_name_are_refused(metadata: DocumentMetadata, files: Files, station: KeySigner) -> None:
    with pytest.raises(InputError):
        pack(metadata, [files[0], files[0]], station)
    with pytest.raises(InputError):
        pack(metadata, [], station)
    with pytest.raises(InputError):
        pack(metadata, [(FileRef("a.pdf", "application/ố"), b"x")], station)


def test_a_bad_identifier_never_reaches_a_header(metadata: DocumentMetadata, files: Files, station: KeySigner) -> None:
    body = pack(metadata, files, station)
    for bad in ("x@y", "<x@y>\r\nBcc: a@b.vn", "<x y@z>", ""):
        with pytest.raises(InputError):
            outer_headers(body.data, to=[Address("", "a@b.vn")], message_id=bad)


def test_an_encrypted_package_shows_nothing_outside(
    metadata: DocumentMetadata, files: Files, station: KeySigner, pki: LivePki
) -> None:
    body = build_package(
        metadata,
        files,
        signer=station,
        cover=COVER,
        from_addr=SENDER,
        date=DATE,
        hidden=True,
        disposition_notification_to=SENDER,
    )
    sealed = conceal(body, [pki.der("gateway-b")])
    head = outer_headers(
        sealed,
        to=[Address("", "vanthu@b.example.vn")],
        message_id=new_message_id(SENDER.domain),
        document="",
        urgency=metadata.urgency,
        protected=body.outer,
    )
    mail = head + sealed
    write.require_portable(mail)
    assert parse_message(mail).headers.text("Subject") == "[KHẨN] [...]"
    assert b"67" not in head.split(b"Message-ID")[0].split(b"Subject")[1]
    opened = open_mail(
        mail,
        SmimeTrust(pinned=frozenset({station.fingerprint})),
        [Recipient(pki.der("gateway-b"), pki.key("gateway-b"))],
    )
    assert (opened.report.encrypted, opened.report.outcome, opened.report.covers) == (True, "valid", "whole")
    assert opened.report.signer_matches_from
    contents = read_package(opened.message)
    assert contents is not None
    assert contents.findings == ()
    assert [f.content() for f in contents.files] == [c for _, c in files]
    inside = opened.message.root.children[0]
    assert inside.params.params["hp"] == "cipher"
    assert inside.headers.text("Subject") == "[KHẨN] 67/SMT-VP ngày 05/8/2026: V/v rà soát hộp thư công vụ"
    assert [f.name for f in inside.headers.all("HP-Outer")] == ["HP-Outer"] * 3
