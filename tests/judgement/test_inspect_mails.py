"""What `congvan inspect` says of every kind of mail: kind, attachments, metadata, decision, exit code.

Quy chế Điều 17.2.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from congvan_core.documents.model import FileRole
from support_judgement import (
    NAME,
    Bench,
    bounce,
    genuine,
    mail,
    metadata,
    package,
    page,
    self_signed,
    signed,
    tampered,
)
from support_pki import LivePki
from support_signed import seal


@pytest.fixture(scope="session")
def packed(pki: LivePki) -> bytes:
    return package(pki, [(NAME, genuine(pki), FileRole.MAIN)])


def test_a_genuine_package_is_accepted(judge: Bench, packed: bytes) -> None:
    found = judge(packed)
    assert found.said == ("package", "accept", 0), found["findings"]
    assert found["smime"]["covers"] == "whole"
    assert found["smime"]["outcome"] == "valid"
    assert found["smime"]["signer_matches_from"] is True
    assert found["verification"] == [{"attachment": NAME, "outcome": "valid"}]
    assert [(a["filename"], a["format"], a["allowed"], a["role"]) for a in found["attachments"]] == [
        (NAME.removesuffix(".pdf") + ".edxml", "edxml", False, "metadata"),
        (NAME, "pdf", True, "main"),
        ("smime.p7s", "p7s", False, "signature"),
    ]
    meta = found["metadata"]
    assert (meta["number"], meta["symbol"], meta["date"]) == ("67", "STNA-VP", "2026-08-05")
    assert meta["sources"]["number"] == "packet"
    assert "ORIGIN-NOT-CHECKED" in found.codes


def test_nothing_trusted_leaves_a_package_undecided(judge: Bench, packed: bytes) -> None:
    found = judge(packed, trust=False)
    assert found.said == ("package", "quarantine", 3)
    assert found["verification"][0]["outcome"] == "indeterminate"
    assert "SIG-ISSUER-MISSING" in found.codes


def test_an_unknown_mail_key_is_not_forged(judge: Bench, pki: LivePki) -> None:
    key = self_signed("Trạm của Sở", "vanthu@a.example.vn")
    found = judge(package(pki, [(NAME, genuine(pki), FileRole.MAIN)], key=key))
    assert found["smime"]["outcome"] == "indeterminate"
    assert found.said == ("package", "accept", 0), "the document proves itself; whose key it is the directory knows"
    assert "MIME-SIGNER-UNKNOWN" in found.codes


def test_a_mail_signed_by_another_than_its_sender_waits(judge: Bench, pki: LivePki) -> None:
    found = judge(package(pki, [(NAME, genuine(pki), FileRole.MAIN)], from_mail="vanthu@c.example.vn"))
    assert found["smime"]["signer_matches_from"] is False
    assert found.said == ("package", "quarantine", 3)


def test_a_package_changed_on_its_way_is_recommended_for_refusal(judge: Bench, packed: bytes) -> None:
    found = judge(tampered(packed))
    assert found.said == ("package", "refuse", 1)
    assert {"MIME-SIGNATURE-BROKEN", "MIME-PART-DIFFERS"} <= found.codes


def test_a_genuine_attachment_is_a_document(judge: Bench, pki: LivePki) -> None:
    found = judge(mail((NAME, genuine(pki))))
    assert found.said == ("document", "accept", 0), found["findings"]
    meta = found["metadata"]
    assert (meta["number"], meta["symbol"], meta["date"], meta["type"]) == ("67", "STNA-VP", "2026-08-05", "Công văn")
    assert meta["sources"]["number"] == "page"
    assert meta["pages"] == 1
    assert meta["files"][0]["name"] == NAME


def test_a_genuine_attachment_without_trust_is_held(judge: Bench, pki: LivePki) -> None:
    found = judge(mail((NAME, genuine(pki))), trust=False)
    assert found.said == ("document", "quarantine", 3)


def test_an_unsigned_pdf_is_offered_for_information(judge: Bench) -> None:
    found = judge(mail((NAME, page())))
    assert found.said == ("document", "quarantine", 3)
    assert found["verification"] == [{"attachment": NAME, "outcome": "unsigned"}]
    assert "SIG-NONE" in found.codes


def test_a_forged_attachment_is_recommended_for_refusal(judge: Bench, pki: LivePki) -> None:
    pdf = genuine(pki)
    at = pdf.rindex(b"/ByteRange")
    broken = pdf[: at // 2] + bytes([pdf[at // 2] ^ 1]) + pdf[at // 2 + 1 :]
    found = judge(mail((NAME, broken)))
    assert found["kind"] == "document"
    assert found["decision"] == "refuse"
    assert found.code == 1


def test_a_later_change_is_recommended_for_refusal(judge: Bench, pki: LivePki) -> None:
    pdf = seal(pki, page(), name="agency-a")
    update = pdf + b"\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
    found = judge(mail((NAME, update)))
    assert found.said == ("document", "refuse", 1)


def test_an_impostor_s_certificate_is_recommended_for_refusal(judge: Bench, pki: LivePki) -> None:
    from congvan_core.signatures.signing import sign_pdf

    found = judge(mail((NAME, sign_pdf(page(), self_signed("SỞ THỬ NGHIỆM A"), kind="agency"))))
    assert found["verification"][0]["outcome"] == "invalid"
    assert found.said == ("document", "refuse", 1)


def test_a_revoked_signer_is_recommended_for_refusal(judge: Bench, pki: LivePki) -> None:
    found = judge(mail((NAME, signed(pki, page(), "revoked"))))
    assert found.said == ("document", "refuse", 1)
    assert "SIG-REVOKED" in found.codes or "SIG-REVOKED-TIME-UNPROVED" in found.codes


def test_reports_replies_and_talk_are_ignored_but_read(judge: Bench) -> None:
    found = judge(bounce())
    assert found.said == ("bounce", "ignore", 0)
    assert found["report"]["recipients"][0]["status"] == "5.1.1"
    vacation = mail(subject="Automatic reply: 67/STNA-VP", extra={"Auto-Submitted": "auto-replied"})
    assert judge(vacation).said == ("auto_reply", "ignore", 0)
    answer = mail(subject="Re: 67/STNA-VP", body="Đã nhận, cảm ơn em.", extra={"In-Reply-To": "<x@b.example.vn>"})
    assert judge(answer).said == ("reply", "ignore", 0)
    assert judge(mail(subject="Mời họp mặt")).said == ("plain", "ignore", 0)


@pytest.mark.parametrize("raw", [b"", b"\0" * 5000, b"%PDF-1.7 khong phai thu", b"\n\nthan thu"])
def test_what_is_no_mail_is_unreadable(judge: Bench, raw: bytes) -> None:
    found = judge(raw)
    assert found["kind"] == "unreadable"
    assert found.code == 4


def test_enclosures_of_others_weigh_less_than_the_document(judge: Bench, pki: LivePki) -> None:
    own = (NAME, genuine(pki), FileRole.MAIN)
    other = signed(pki, page(subject="phụ lục", number="9", symbol="QĐ-KHAC"), "stranger")
    found = judge(package(pki, [own, ("phu-luc.pdf", other, FileRole.ENCLOSURE)]))
    assert {v["attachment"]: v["outcome"] for v in found["verification"]}[NAME] == "valid"
    assert found["decision"] in ("accept", "quarantine"), "an enclosure of another is no forgery"
    plain = judge(package(pki, [own, ("bang.pdf", page(number=None, issued_on=None), FileRole.ENCLOSURE)]))
    assert plain.said == ("package", "accept", 0), plain["findings"]


def test_packet_and_page_must_agree_on_the_number(judge: Bench, pki: LivePki) -> None:
    found = judge(package(pki, [(NAME, genuine(pki), FileRole.MAIN)], meta=metadata(number="76")))
    assert found.said == ("package", "quarantine", 3)
    (clash,) = [f for f in found["findings"] if f["code"] == "INTEGRITY-NUMBER-DIFFERS"]
    assert clash["evidence"]["first"] == "76/STNA-VP"
    assert clash["evidence"]["second"] == "67/STNA-VP"


def test_a_file_that_the_packet_does_not_name_holds(judge: Bench, pki: LivePki, packed: bytes) -> None:
    # wrapped by a stranger: the signed package with a file beside it
    inner = packed[packed.index(b"Content-Type: multipart/signed") :]
    outer = packed[: packed.index(b"Content-Type: multipart/signed")]
    wrapped = (
        outer + b'Content-Type: multipart/mixed; boundary="ngoai"\r\n\r\n--ngoai\r\n' + inner
        + b'\r\n--ngoai\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="them.pdf"\r\n\r\n'
        + page() + b"\r\n--ngoai--\r\n"
    )  # fmt: skip
    found = judge(wrapped)
    assert found["smime"]["covers"] == "part"
    assert found.said == ("package", "quarantine", 3)
    assert "MIME-PART-UNSIGNED" in found.codes


@pytest.mark.parametrize("name", ["1053-ttg.signed.pdf", "985-ttg.signed.pdf", "999-ttg.signed.pdf"])
def test_the_genuine_decisions_are_undecided_and_never_false(judge: Bench, samples: Path, name: str) -> None:
    pdf = (samples / "decisions" / name).read_bytes()
    found = judge(mail((name, pdf)), trust=False)
    assert found.said == ("document", "quarantine", 3)
    assert found["verification"] == [{"attachment": name, "outcome": "indeterminate"}]
    assert {"SIG-ISSUER-MISSING", "CONTENT-PUBLISHED-COPY"} <= found.codes
    assert not [f for f in found["findings"] if f["severity"] == "error"], found["findings"]
