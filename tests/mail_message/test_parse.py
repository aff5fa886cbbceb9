"""The byte-exact reader: offsets, contents and limits, beside the standard library's reader."""

from __future__ import annotations

import base64
import binascii
import email
import hashlib
import os
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from congvan_mailbox.message import Limits, compare_readers, parse_message, write


def sample() -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "vt@a.example.gov.vn"
    mail["Subject"] = "x"
    mail.set_content("Kính gửi: Sở Nội vụ\n", cte="base64")
    mail.add_alternative("<p>Kính gửi</p>", subtype="html")
    mail.add_attachment(os.urandom(5000), maintype="application", subtype="pdf", filename="Công văn 12.pdf")
    inner = EmailMessage(policy=SMTP)
    inner["Subject"] = "bên trong"
    inner.set_content("trong\n", cte="8bit")
    inner.add_attachment(b"PK..", maintype="application", subtype="zip", filename="a.zip")
    mail.add_attachment(inner)
    return mail


def codes(raw: bytes, limits: Limits | None = None) -> set[str]:
    return {f.code for f in parse_message(raw, limits or Limits()).findings}


def test_parts_offsets_and_contents() -> None:
    raw = sample().as_bytes()
    message = parse_message(raw)
    assert message.findings == ()
    assert [(p.path, p.media_type) for p in message.walk()] == [
        ("1", "multipart/mixed"),
        ("1.1", "multipart/alternative"),
        ("1.1.1", "text/plain"),
        ("1.1.2", "text/html"),
        ("1.2", "application/pdf"),
        ("1.3", "message/rfc822"),
        ("1.3.1", "multipart/mixed"),
        ("1.3.1.1", "text/plain"),
        ("1.3.1.2", "application/zip"),
    ]
    for part in message.walk():
        assert part.raw == raw[part.start : part.end]
        assert raw[part.start : part.body_start].endswith(b"\r\n\r\n")
    standard = [p for p in email.message_from_bytes(raw).walk() if not p.is_multipart()]
    for mine, theirs in zip(message.leaves(), standard, strict=True):
        content = theirs.get_payload(decode=True)
        assert mine.decode() == content
        assert mine.digest() == (hashlib.sha256(content).hexdigest(), len(content))
    assert [p.filename for p in message.attachments()] == ["Công văn 12.pdf", "a.zip"]
    assert message.body_text() == "Kính gửi: Sở Nội vụ\n"
    assert compare_readers(raw) == []


def test_bare_line_feeds_are_read_alike() -> None:
    raw = sample().as_bytes().replace(b"\r\n", b"\n")
    assert [p.media_type for p in parse_message(raw).walk()] == [
        p.media_type for p in parse_message(sample().as_bytes()).walk()
    ]
    assert compare_readers(raw) == []


boundaries = st.sampled_from(["a", "b", "ab", "=_x", "a b"])
lines = st.sampled_from(
    [
        b"--a",
        b"--a--",
        b"--ab",
        b"--ab--",
        b"--b",
        b"--=_x",
        b"--a b",
        b"",
        b" ",
        b"x",
        b"--",
        b"Content-Type: text/plain",
        b"Content-Type: multipart/mixed; boundary=a",
        b"Content-Type: multipart/mixed; boundary=ab",
        b"Content-Type: multipart/alternative; boundary=b",
        b"Content-Type: message/rfc822",
        b"--a ",
        b"Content-Disposition: attachment; filename=a.pdf",
        b"Content-Transfer-Encoding: base64",
        b"QUJD",
        b"Q=UJ",
        b"Content-Type: application/pdf; name=b.exe",
        b"begin 644 a.txt",
        b"end",
        b"From x",
    ]
)


@settings(max_examples=300)
@given(boundaries, st.lists(lines, max_size=30), st.sampled_from([b"\r\n", b"\n"]))
def test_any_structure_is_read_and_slices_stay_inside(boundary: str, body: list[bytes], end: bytes) -> None:
    raw = end.join([b"From: a@b.vn", f'Content-Type: multipart/mixed; boundary="{boundary}"'.encode(), b"", *body])
    message = parse_message(raw)
    for part in message.walk():
        if part.source == "mime" and part.buffer is message.raw:
            assert 0 <= part.start <= part.body_start <= part.end <= len(raw)
        part.decode()
        assert "/" not in part.filename
    compare_readers(raw, message)


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes_are_read(raw: bytes) -> None:
    message = parse_message(raw)
    for part in message.leaves():
        part.decode()
        part.text()
    compare_readers(raw, message)


def test_ten_thousand_parts_are_answered_calmly() -> None:
    raw = b"From: a@b.vn\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    raw += b"".join(b"--b\r\nContent-Type: text/x; name=%d\r\n\r\nx\r\n" % i for i in range(10_000)) + b"--b--\r\n"
    message = parse_message(raw)
    assert [f.code for f in message.findings] == ["MIME-TOO-MANY-PARTS"]
    assert sum(1 for _ in message.walk()) == 2_000
    assert [f.code for f in compare_readers(raw)] == ["MIME-NOT-COMPARED"]
    full = parse_message(raw, Limits(parts=20_000))
    assert full.findings == ()
    assert sum(1 for _ in full.walk()) == 10_001


def test_deep_nesting_stops() -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(500))
    assert "MIME-TOO-DEEP" in codes(raw)
    assert "MIME-TOO-DEEP" in codes(b"Content-Type: message/rfc822\r\n\r\n" * 500)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"Content-Type: multipart/mixed\r\n\r\nx", "MIME-NO-BOUNDARY"),
        (b"Content-Type: multipart/mixed; boundary=a\r\n\r\nx", "MIME-BOUNDARY-NOT-FOUND"),
        (b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx", "MIME-UNCLOSED"),
        (b"A: b\r\nContent-Transfer-Encoding: rot13\r\n\r\nx", "MIME-ENCODING-UNKNOWN"),
        (b"A: b\r\n\r\nx\ry\r\n", "MIME-BARE-CR"),
        (b"A: b\r\n\r\nx\ny\r\n", "MIME-MIXED-LINE-ENDS"),
        (b"", "MIME-NO-HEADERS"),
        (b"A: b\r\nSubject: 1\r\nSubject: 2\r\n\r\n", "MIME-HEADER-TWICE"),
        ('Content-Type: a/b; name="a\u202efdp.exe"\r\n\r\nx'.encode(), "MIME-NAME-DECEPTIVE"),
        (b"Content-Type: a/b\r\nContent-Disposition: a; filename=a; filename=b\r\n\r\n", "MIME-PARAMETER-TWICE"),
        (b"Content-Type: a/b; name=a.pdf\r\nContent-Disposition: a; filename=b.exe\r\n\r\n", "MIME-PARAMETER-TWICE"),
        (b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nxxxx", "MIME-TNEF-UNREADABLE"),
        (b"A" * 300_000 + b": b\r\n\r\n", "MIME-HEADER-DAMAGED"),
    ],
)
def test_oddities_are_named(raw: bytes, code: str) -> None:
    assert code in codes(raw)


def test_readers_that_differ_are_reported() -> None:
    """A name that one reader takes for a PDF and another for a program; base64 with content after its end."""
    name = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf; filename=b.exe\r\n\r\nx"
    assert "MIME-PARAMETER-TWICE" in codes(name)
    broken = b"A: b\r\nnot a header\r\nContent-Type: application/pdf; name=x.pdf\r\n\r\nx"
    assert {f.code for f in compare_readers(broken)} == {"MIME-READERS-DISAGREE"}


def test_damaged_content_is_named() -> None:
    raw = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD!QUJD"
    assert "MIME-CONTENT-DAMAGED" in {f.code for f in compare_readers(raw)}


def uu(name: str, data: bytes) -> bytes:
    body = b"".join(binascii.b2a_uu(data[i : i + 45]) for i in range(0, len(data), 45)).replace(b"\n", b"\r\n")
    return f"begin 644 {name}\r\n".encode() + body + b"`\r\nend\r\n"


def test_uuencoded_files_come_out() -> None:
    data = os.urandom(1000)
    raw = b"From: a@b.vn\r\n\r\nKinh gui\r\n" + uu("Công văn.pdf", data) + b"tran trong\r\n" + uu("b.doc", b"x" * 46)
    files = parse_message(raw).attachments()
    assert [(f.filename, f.decode(), f.source) for f in files] == [
        ("Công văn.pdf", data, "uuencode"),
        ("b.doc", b"x" * 46, "uuencode"),
    ]


def tnef_stream(name: bytes, data: bytes) -> bytes:
    def attribute(level: int, kind: int, body: bytes) -> bytes:
        return (
            bytes([level])
            + kind.to_bytes(4, "little")
            + len(body).to_bytes(4, "little")
            + body
            + (sum(body) & 0xFFFF).to_bytes(2, "little")
        )

    return (
        b"\x78\x9f\x3e\x22\x01\x00"
        + attribute(1, 0x00089006, b"\x00\x00\x01\x00")
        + attribute(2, 0x00069002, b"\x01\x00" + b"\x00" * 12)
        + attribute(2, 0x00018010, name + b"\x00")
        + attribute(2, 0x0006800F, data)
    )


def test_winmail_dat_is_opened() -> None:
    data = os.urandom(500)
    raw = b"From: a@b.vn\r\n" + write.file_part(tnef_stream(b"12-QD.pdf", data), "application/ms-tnef", "winmail.dat")
    files = parse_message(raw).attachments()
    assert [(f.filename, f.source) for f in files] == [("winmail.dat", "mime"), ("12-QD.pdf", "tnef")]
    assert files[1].decode() == data


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_any_tnef_is_survived(tail: bytes) -> None:
    whole = tnef_stream(b"a.pdf", b"content")
    for data in (b"\x78\x9f\x3e\x22" + tail, whole[: len(tail)], whole[:40] + tail):
        parse_message(b"From: a@b.vn\r\n" + write.file_part(data, "application/ms-tnef", "winmail.dat"))


@given(st.binary(max_size=3000), st.integers(0, 3000), st.sampled_from([b"", b"!", b"\xff", b"=", b" "]))
def test_base64_with_rubbish_in_it(data: bytes, at: int, rubbish: bytes) -> None:
    encoded = base64.b64encode(data)
    damaged = encoded[:at] + rubbish + encoded[at:]
    raw = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + damaged
    content = parse_message(raw).root.decode()
    if rubbish in (b"", b" "):
        assert content == data
    elif b"=" not in damaged:
        assert content == data or at < len(encoded)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1_572_863, 1_572_864, 3_000_001])
def test_big_base64_in_pieces(size: int) -> None:
    data = os.urandom(size)
    raw = b"From: a@b.vn\r\n" + write.file_part(data, "application/pdf", "a.pdf")
    part = parse_message(raw).root
    pieces: list[bytes] = []
    assert part.decode_into(pieces.append)
    assert b"".join(pieces) == data
    assert all(len(p) <= 1 << 20 for p in pieces)


def test_encoded_attached_mail_is_read() -> None:
    inner = b"Subject: trong\r\n\r\nxin\r\n"
    raw = (
        b"From: a@b.vn\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(inner)
    )
    message = parse_message(raw)
    assert message.root.children[0].headers.text("Subject") == "trong"
    assert "MIME-MESSAGE-ENCODED" in {f.code for f in message.findings}
