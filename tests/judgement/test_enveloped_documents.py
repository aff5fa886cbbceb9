"""Mails that bring a document enveloped by its signature (.p7m, khoản 2 Điều 8), under every type that programs give it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from support_judgement import NAME, Bench, genuine, mail, page, signed
from support_macros import zipped
from support_pki import LivePki


def turned(pdf: bytes) -> bytes:
    """The signed file with its first page turned by a later revision."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    reference, _ = writer.find_page_for_modification(0)
    reference.get_object()[generic.NameObject("/Rotate")] = generic.NumberObject(180)
    writer.mark_update(reference)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def envelope(pki: LivePki, content: bytes) -> bytes:
    key = pki.signing_key("agency-a")
    builder = (
        PKCS7SignatureBuilder().set_data(content).add_signer(key.certificate, pki.key("agency-a"), hashes.SHA256())
    )
    return builder.sign(Encoding.DER, [PKCS7Options.Binary])


@pytest.mark.parametrize(
    "media_type", ["application/pkcs7-mime", "application/x-pkcs7-mime", "application/octet-stream"]
)
@pytest.mark.parametrize("name", [f"{NAME}.p7m", "cong van.p7m"])
def test_it_is_a_document_and_no_envelope_of_the_mail(name: str, media_type: str, judge: Bench, pki: LivePki) -> None:
    found = judge(mail((name, envelope(pki, genuine(pki))), types={name: media_type}))
    assert found["kind"] == "document", found["findings"]
    assert [(a["filename"], a["format"], a["role"]) for a in found["attachments"]] == [(name, "p7m", "main")]
    assert found["verification"] == [{"attachment": name, "outcome": "valid"}]
    assert not found["smime"]["signed"]
    assert "FORMAT-EXTENSION-DIFFERS" not in found.codes


def test_number_and_date_are_read_inside(judge: Bench, pki: LivePki) -> None:
    found = judge(mail((f"{NAME}.p7m", envelope(pki, genuine(pki)))))
    meta = found["metadata"]
    assert (meta["number"], meta["symbol"], meta["date"]) == ("67", "STNA-VP", "2026-08-05")


def test_a_marking_inside_is_sealed(judge: Bench, pki: LivePki) -> None:
    found = judge(mail(("a.pdf.p7m", envelope(pki, signed(pki, page(mark="TỐI MẬT"))))))
    assert any(c.startswith("SECRET-") for c in found.codes), found["findings"]


def test_a_macro_inside_is_named(judge: Bench, pki: LivePki) -> None:
    found = judge(mail(("a.rtf.p7m", envelope(pki, b"{\\rtf1 {\\field{\\*\\fldinst DDEAUTO c:\\\\x.exe}}}"))))
    assert "CONTENT-DDE" in found.codes, found["findings"]


def test_a_forged_document_inside_is_refused(judge: Bench, pki: LivePki) -> None:
    changed = turned(genuine(pki))
    found = judge(mail((f"{NAME}.p7m", envelope(pki, changed))))
    assert found["verification"] == [{"attachment": f"{NAME}.p7m", "outcome": "invalid"}]
    assert "INTEGRITY-CONTENT-CHANGED" in found.codes


def smime_text(der: bytes) -> bytes:
    """What ``openssl smime -sign -nodetach`` writes: header fields, an empty line, base64 in lines."""
    head = (
        b'MIME-Version: 1.0\nContent-Disposition: attachment; filename="smime.p7m"\n'
        b'Content-Type: application/x-pkcs7-mime; smime-type=signed-data; name="smime.p7m"\n'
        b"Content-Transfer-Encoding: base64\n\n"
    )
    return head + base64.encodebytes(der) + b"\n"


def pem(der: bytes) -> bytes:
    return b"-----BEGIN CMS-----\n" + base64.encodebytes(der) + b"-----END CMS-----\n"


@pytest.mark.parametrize("written", [bytes, smime_text, pem, base64.encodebytes])
@pytest.mark.parametrize("name", [f"{NAME}.p7m", "smime.p7m"])
@pytest.mark.parametrize("media_type", ["application/pkcs7-mime", "application/octet-stream"])
def test_it_is_a_document_however_it_is_written(
    media_type: str, name: str, written: Callable[[bytes], bytes], judge: Bench, pki: LivePki
) -> None:
    found = judge(mail((name, written(envelope(pki, genuine(pki)))), types={name: media_type}))
    assert [(a["filename"], a["format"], a["role"]) for a in found["attachments"]] == [(name, "p7m", "main")]
    assert found["verification"] == [{"attachment": name, "outcome": "valid"}], found["findings"]
    assert (found["metadata"]["number"], found["metadata"]["symbol"]) == ("67", "STNA-VP")
    assert not found["smime"]["signed"]


@pytest.mark.parametrize("damaged", [b"-----BEGIN PKCS7-----\nabcde\n-----END PKCS7-----\n", smime_text(b"")])
def test_a_damaged_text_ends_in_an_answer(damaged: bytes, judge: Bench) -> None:
    found = judge(mail((f"{NAME}.p7m", damaged)))
    assert found["decision"] != "accept"


def test_an_envelope_too_large_to_be_read_is_told(judge: Bench, pki: LivePki, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its signature counts, but nobody looked for a marking: a person must."""
    data = envelope(pki, signed(pki, page(mark="TỐI MẬT")))
    monkeypatch.setattr("congvan_core.signatures.enveloped.MAX_TAKEN", len(data) - 1)
    found = judge(mail((f"{NAME}.p7m", data)))
    assert "CONTENT-NOT-READ" in found.codes
    assert found["decision"] == "quarantine"
    monkeypatch.setattr("congvan_core.signatures.enveloped.MAX_TAKEN", len(data))
    assert "CONTENT-NOT-READ" not in judge(mail((f"{NAME}.p7m", data))).codes


def test_envelopes_within_envelopes_are_opened_or_told(judge: Bench, pki: LivePki) -> None:
    data = signed(pki, page(mark="TỐI MẬT"))
    for depth in range(1, 5):
        data = envelope(pki, data)
        found = judge(mail((f"{NAME}.p7m", data)))
        sealed = any(c.startswith("SECRET-MARKING") for c in found.codes)
        assert (sealed, "CONTENT-NOT-READ" in found.codes) == (depth <= 3, depth > 3), found["findings"]
        assert found["decision"] != "accept"


def test_an_envelope_in_an_archive_is_opened(judge: Bench, pki: LivePki) -> None:
    data = envelope(pki, signed(pki, page(mark="TỐI MẬT")))
    found = judge(mail(("a.zip", zipped({"a.pdf.p7m": data}))))
    assert any(c.startswith("SECRET-MARKING") for c in found.codes), found["findings"]
    data = envelope(pki, b"{\\rtf1 {\\field{\\*\\fldinst DDEAUTO c:\\\\x.exe}}}")
    assert "CONTENT-DDE" in judge(mail(("a.zip", zipped({"a.rtf.p7m": data})))).codes


def test_an_archive_in_an_envelope_is_told(judge: Bench, pki: LivePki) -> None:
    found = judge(mail(("a.zip.p7m", envelope(pki, zipped({"a.pdf": page(mark="TỐI MẬT")})))))
    assert "FORMAT-ARCHIVE-UNOPENED" in found.codes
    assert found["decision"] == "quarantine"


def test_what_is_beyond_a_count_is_told(judge: Bench, pki: LivePki) -> None:
    many = judge(mail(("a.zip", zipped({f"{n}.txt": f"văn bản {n}".encode() for n in range(21)}))))
    assert "CONTENT-NOT-READ" in many.codes
    files = judge(mail((NAME, genuine(pki)), *((f"{n}.txt", f"văn bản {n}".encode()) for n in range(40))))
    assert "CONTENT-NOT-READ" in files.codes
    assert (many["decision"], files["decision"]) == ("quarantine", "quarantine")
    archives = judge(mail(*((f"{n}.zip", zipped({"a.txt": b"%d" % n})) for n in range(11))))
    assert "FORMAT-ARCHIVE-LIMIT" in archives.codes
