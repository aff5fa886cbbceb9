"""Documents enveloped by their signature (.p7m): read as what they are, with the signatures of the file inside."""

from __future__ import annotations

import base64
import io
import zipfile
from functools import cache

import attacks
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from congvan_core.documents.formats import sniff
from congvan_core.signatures.enveloped import enveloped, read_enveloping
from congvan_core.signatures.trust_store import TrustStore
from congvan_core.signatures.verify import verify_file
from support_pki import LivePki
from support_signed import codes, page_pdf


@cache
def envelope(pki: LivePki, content: bytes, encoding: Encoding = Encoding.DER) -> bytes:
    key = pki.signing_key("agency-a")
    builder = (
        PKCS7SignatureBuilder().set_data(content).add_signer(key.certificate, pki.key("agency-a"), hashes.SHA256())
    )
    return builder.sign(encoding, [PKCS7Options.Binary])


def word() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
    return out.getvalue()


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", page_pdf()),
        ("a.docx", word()),
        ("a.txt", "Kính gửi: Ủy ban nhân dân".encode()),
        ("a.rtf", b"{\\rtf1 x}"),
        ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(200)),
    ],
)
def test_a_document_in_an_envelope(
    name: str, content: bytes, encoding: Encoding, pki: LivePki, trust: TrustStore
) -> None:
    data = envelope(pki, content, encoding)
    for called in (f"{name}.p7m", "a.p7m", ""):
        out = verify_file(data, name=called, trust=trust).to_json()
        assert (out["format"], out["outcome"], out["integrity"]) == ("p7m", "valid", "intact"), out["findings"]
    assert sniff(data).name == "p7m"
    assert enveloped(data, f"{name}.p7m") == (content, name)


def test_the_signatures_of_the_file_inside_count(pki: LivePki, trust: TrustStore, person_signed: bytes) -> None:
    out = verify_file(envelope(pki, person_signed), name="a.pdf.p7m", trust=trust).to_json()
    assert (out["outcome"], out["pages"], len(out["signatures"])) == ("valid", 1, 2), out["findings"]
    forged = attacks.isa_page_text(person_signed)
    for _ in range(3):
        forged = envelope(pki, forged)
        out = verify_file(forged, name="a.p7m", trust=trust).to_json()
        assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]
        assert "INTEGRITY-CONTENT-CHANGED" in codes(out)


def test_an_envelope_that_a_reader_opens_as_a_pdf(pki: LivePki, trust: TrustStore, person_signed: bytes) -> None:
    """By the name .pdf it is judged as what a PDF reader shows, which the envelope does not bind."""
    data = envelope(pki, person_signed)
    out = verify_file(data, name="a.pdf", trust=trust).to_json()
    assert (out["format"], out["outcome"]) == ("pdf", "invalid"), out["findings"]


def test_an_altered_envelope(pki: LivePki, trust: TrustStore) -> None:
    data = bytearray(envelope(pki, page_pdf()))
    data[data.find(b"stream") + 20] ^= 1
    out = verify_file(bytes(data), name="a.pdf.p7m", trust=trust).to_json()
    assert (out["outcome"], out["integrity"]) == ("invalid", "broken"), out["findings"]


def test_lengths_that_lie(pki: LivePki, trust: TrustStore) -> None:
    """Every truncation and every damaged length of the head ends in an answer."""
    content = b"noi dung" * 40
    data = envelope(pki, content)
    for at in range(70):
        for value in (0x00, 0x80, 0x84, 0xFF):
            bad = data[:at] + bytes([value]) + data[at + 1 :]
            out = verify_file(bad, name="a.p7m", trust=trust).to_json()
            assert out["outcome"] != "valid" or enveloped(bad, "a.p7m") == (content, "a")
        assert verify_file(data[: at + 1], name="a.p7m", trust=trust).to_json()["integrity"] != "intact"


def test_the_content_is_cut_out_without_the_library(pki: LivePki) -> None:
    content = bytes(range(256)) * 300
    data = envelope(pki, content)
    message, inner = read_enveloping(data, len(data))
    assert inner == content
    assert len(message.signers) == 1
    pem = b"-----BEGIN PKCS7-----\n" + base64.encodebytes(data) + b"-----END PKCS7-----\n"
    assert read_enveloping(pem, len(pem))[1] == content


_FIELDS = (
    b"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data;\r\n name=smime.p7m\r\n"
    b"Content-Transfer-Encoding: base64\r\n"
)


@pytest.mark.parametrize("content", [b"%PDF-1.4 short", page_pdf() + b"\n%" + bytes(70_000)])
def test_an_envelope_written_as_text(content: bytes, pki: LivePki, trust: TrustStore) -> None:
    """As ``openssl smime -sign -nodetach`` and ``openssl cms -outform PEM`` write it, short and long."""
    lines = base64.encodebytes(envelope(pki, content))
    for text in (
        _FIELDS + b"\r\n" + lines,
        b"-----BEGIN CMS-----\n" + lines + b"-----END CMS-----\n",
        b"Subject: x\nFrom: a@b.vn\nTo: c@d.vn\n" + _FIELDS.replace(b"\r\n", b"\n") + b"\n" + lines,
    ):
        assert sniff(text).name == "p7m"
        assert enveloped(text, "a.pdf.p7m") == (content, "a.pdf")
        for called in ("a.pdf.p7m", "smime.p7m", ""):
            out = verify_file(text, name=called, trust=trust).to_json()
            assert (out["format"], out["signatures"][0]["intact"]) == ("p7m", True), out["findings"]
    assert enveloped(lines, "a.p7m") == (content, "a")


def test_a_mail_is_no_file_written_as_text(pki: LivePki) -> None:
    mailed = b"Date: Mon, 3 Aug 2026 08:00:00 +0700\r\nFrom: a@b.vn\r\n" + _FIELDS + b"\r\n"
    text = mailed + base64.encodebytes(envelope(pki, page_pdf()))
    assert sniff(text).name == "eml"
    assert enveloped(text, "a.p7m") is None
