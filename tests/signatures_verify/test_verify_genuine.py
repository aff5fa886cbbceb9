"""Ordinary signed files are intact: no false alarm on what is genuine.

Quy chế Điều 3.4-3.5.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
from pathlib import Path

import attacks
import pikepdf
import pytest

from congvan_core.signatures.sign_signer import KeySigner
from congvan_core.signatures.signing import HttpTimeStamper, sign_pdf, source
from congvan_core.signatures.trust_store import TrustStore
from congvan_core.signatures.verify import verify_file
from support.samples import folder
from support_pdf import make_pdf, make_scan
from support_pki import LivePki
from support_signed import codes, seal, store, verdict

DECISIONS = {
    "1053": ("2024-10-01T16:02:40+07:00", "2024-10-01T16:02:43+07:00", 1),
    "985": ("2024-09-16T16:29:32+07:00", "2024-09-16T16:18:12+07:00", 2),
    "999": ("2024-09-19T10:54:26+07:00", "2024-09-19T10:54:26+07:00", 3),
}


@pytest.mark.parametrize("number", list(DECISIONS))
def test_the_published_decisions_are_intact_and_undecided(number: str) -> None:
    claimed, stamped, pages = DECISIONS[number]
    samples = folder()
    path = samples / "decisions" / f"{number}-ttg.signed.pdf"
    report = verify_file(path, trust=TrustStore.load([samples.parent / "trust"]))
    out = report.to_json()
    assert (out["outcome"], out["integrity"], out["trust"]) == ("indeterminate", "intact", "undecided")
    assert (out["pages"], out["format"], report.exit_code) == (pages, "pdf", 3)
    (one,) = out["signatures"]
    assert one["subfilter"] == "adbe.pkcs7.detached"
    assert one["covers_whole_file"]
    assert one["intact"]
    assert (one["changed_after"], one["docmdp"], one["kind"]) == ("none", 2, "organization")
    assert one["signer"]["name"] == "CỔNG THÔNG TIN ĐIỆN TỬ CHÍNH PHỦ"
    assert "CONTENT-PUBLISHED-COPY" in codes(out)
    assert one["signer"]["organization"] == "VĂN PHÒNG CHÍNH PHỦ"
    assert one["claimed_time"] == claimed
    assert one["timestamp"]["time"] == stamped
    assert one["timestamp"]["intact"]
    assert one["timestamp"]["trusted"]
    assert one["timestamp"]["revocation"] == "unknown"
    found = {f["code"]: f for f in out["findings"]}
    missing = found["SIG-ISSUER-MISSING"]["evidence"]
    assert missing["missing_issuer"] == "CA phục vụ các cơ quan Nhà nước G2"
    assert missing["sha256"].startswith("d8cab7a4")
    assert found["SIG-TIME-LOCAL-AS-UTC"]["evidence"]["raw"].endswith("Z")
    assert "SIG-TIMESTAMP-SHA1" in found
    assert all(f["severity"] != "error" for f in out["findings"])


def test_without_trust_the_answer_is_at_most_undecided() -> None:
    path = folder() / "decisions" / "1053-ttg.signed.pdf"
    out = verify_file(path).to_json()
    assert (out["outcome"], out["trust"]) == ("indeterminate", "undecided")
    assert not out["signatures"][0]["timestamp"]["trusted"]


def test_a_person_then_the_seal_over_a_third_of_it(two_signed: bytes, trust: TrustStore) -> None:
    out = verdict(two_signed, trust)
    assert (out["outcome"], out["integrity"], out["trust"]) == ("valid", "intact", "trusted"), out["findings"]
    person, agency = out["signatures"]
    assert (person["kind"], person["changed_after"], person["covers_whole_file"]) == ("person", "permitted", False)
    assert (agency["kind"], agency["changed_after"], agency["covers_whole_file"]) == ("organization", "none", True)


@pytest.mark.parametrize("make", [make_pdf, make_scan])
def test_documents_as_the_program_makes_them(pki: LivePki, trust: TrustStore, make: object) -> None:
    once = sign_pdf(make(), pki.signing_key("leader"))  # type: ignore[operator]
    twice = sign_pdf(once, pki.signing_key("agency-a"), kind="agency")
    out = verdict(twice, trust)
    assert (out["outcome"], out["integrity"]) == ("valid", "intact"), out["findings"]


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA", "B-LTA twice"])
def test_levels_with_time_stamps_and_revocation_data(pki: LivePki, plain: bytes, level: str) -> None:
    options: dict[str, object] = {"timestamper": HttpTimeStamper(pki.tsa_url)}
    if level != "B-T":
        options["revocation"] = source(
            [pki.cert("root")], [pki.cert("state-ca")], [pki.crl("root"), pki.crl("state-ca")]
        )
        options["archive"] = "LTA" in level
    signed = sign_pdf(plain, pki.signing_key("leader"), **options)
    if level.endswith("twice"):
        signed = sign_pdf(signed, pki.signing_key("agency-a"), kind="agency", **options)
    trust = store(pki, crls=level == "B-T", intermediate=False)
    out = verdict(signed, trust)
    assert (out["outcome"], out["integrity"], out["trust"]) == ("valid", "intact", "trusted"), out["findings"]
    assert all(s["timestamp"]["trusted"] for s in out["signatures"])
    assert len(out["document_timestamps"]) == {"B-LTA": 1, "B-LTA twice": 2}.get(level, 0)


@pytest.mark.parametrize("shape", ["xref-stream", "linearized", "tail", "hybrid-free"])
def test_shapes_of_files(pki: LivePki, plain: bytes, trust: TrustStore, shape: str) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(plain)) as pdf:
        modes = pikepdf.ObjectStreamMode
        pdf.save(
            out,
            linearize=shape == "linearized",
            object_stream_mode=modes.generate if shape in ("xref-stream", "linearized") else modes.disable,
        )
    once = sign_pdf(out.getvalue(), pki.signing_key("leader"), certify=False)
    twice = sign_pdf(once, pki.signing_key("agency-a"), kind="agency")
    if shape == "tail":
        twice += b"\r\n \n\0"
    report = verdict(twice, trust)
    assert (report["outcome"], report["integrity"]) == ("valid", "intact"), report["findings"]


def test_ten_signatures(pki: LivePki, plain: bytes, trust: TrustStore) -> None:
    signed = plain
    for index in range(10):
        signed = sign_pdf(signed, pki.signing_key("leader"), certify=False, field_name=f"N{index}")
    out = verdict(signed, trust)
    assert (out["outcome"], len(out["signatures"])) == ("valid", 10), out["findings"]


def test_number_and_date_in_fields_that_the_signature_permits(pki: LivePki, trust: TrustStore) -> None:
    from congvan_core.signatures.sign_fields import fill_number_and_date, prepare_number_fields
    from support_pdf import make_blank

    blank = make_blank()
    ready = prepare_number_fields(blank.pdf, blank.number_rect, blank.date_rect)
    signed = sign_pdf(ready, pki.signing_key("leader"), open_fields=("so", "ngay"), reserve_agency=True)
    numbered = fill_number_and_date(signed, "12", "ngày 22 tháng 11 năm 2026")
    sealed = sign_pdf(numbered, pki.signing_key("agency-a"), kind="agency")
    out = verdict(sealed, trust)
    assert (out["outcome"], out["integrity"]) == ("valid", "intact"), out["findings"]
    assert "SIG-FORM-FILLED" in codes(out)
    assert out["signatures"][0]["changed_after"] == "permitted"


def test_number_written_between_person_and_agency_is_its_own_finding(
    pki: LivePki, person_signed: bytes, trust: TrustStore
) -> None:
    out = verdict(seal(pki, attacks.write_number(person_signed)), trust)
    assert (out["outcome"], out["integrity"]) == ("indeterminate", "intact"), out["findings"]
    assert "SIG-NUMBER-AFTER-SIGNATURE" in codes(out)
    finding = next(f for f in out["findings"] if f["code"] == "SIG-NUMBER-AFTER-SIGNATURE")
    assert "12" in finding["evidence"]["added"]
    assert finding["evidence"]["picture_png"]


def test_unsigned_and_unreadable_files(tmp_path: Path, plain: bytes) -> None:
    out = verdict(plain, TrustStore())
    assert (out["outcome"], out["integrity"], out["trust"]) == ("unsigned", "unsigned", "none")
    assert out["legal_value"]["value"] == "for_information"
    for junk in (b"", b"%PDF-1.4\nrubbish", b"\0\1\2\3" * 50):
        report = verify_file(junk, name="x.pdf")
        assert (report.to_json()["integrity"], report.exit_code) == ("unreadable", 4)
    locked = io.BytesIO()
    with pikepdf.open(io.BytesIO(plain)) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="o", user="u"))
    report = verify_file(locked.getvalue(), name="x.pdf")
    assert codes(report.to_json()) == {"INTEGRITY-ENCRYPTED"}
    assert report.exit_code == 4


@pytest.mark.parametrize("inside", ["right", "wrong"])
def test_the_old_format_that_envelops_a_sha1_digest(
    inside: str, pki: LivePki, certified: bytes, trust: TrustStore
) -> None:
    from asn1crypto import cms

    old, new = b"/SubFilter /ETSI.CAdES.detached", b"/SubFilter /adbe.pkcs7.sha1"
    assert old in certified
    pdf = certified.replace(old, new.ljust(len(old)))
    a, b, c, d = (int(v) for v in re.findall(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)", pdf)[-1])
    digest = hashlib.sha1(pdf[a : a + b] + pdf[c : c + d]).digest() if inside == "right" else b"\0" * 20
    content = cms.ContentInfo({"content_type": "data", "content": digest})
    signer = KeySigner(pki.signing_key("leader"))
    info = asyncio.run(signer.async_sign_general_data(content, "sha256", detached=False))
    value = info.dump().hex().encode()
    pdf = pdf[: b + 1] + value.ljust(c - b - 2, b"0") + pdf[c - 1 :]
    out = verdict(pdf, trust)
    assert out["signatures"][0]["subfilter"] == "adbe.pkcs7.sha1"
    if inside == "wrong":
        assert (out["outcome"], out["integrity"]) == ("invalid", "broken")
    else:
        assert (out["outcome"], out["integrity"]) == ("valid", "intact"), out["findings"]
        assert "SIG-SHA1-FORMAT" in codes(out)


def test_number_written_as_a_stamp_annotation(pki: LivePki, person_signed: bytes, trust: TrustStore) -> None:
    stamped = attacks.number_stamp(person_signed, b"12", (85, 752, 110, 772))
    out = verdict(seal(pki, stamped), trust)
    assert (out["outcome"], out["integrity"]) == ("indeterminate", "intact"), out["findings"]
    assert "SIG-NUMBER-AFTER-SIGNATURE" in codes(out)
    other = attacks.number_stamp(person_signed, b"Dieu 3. Them", (60, 600, 200, 620))
    assert verdict(seal(pki, other), trust)["integrity"] == "modified"


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_turned_pages(turned: int, pki: LivePki, plain: bytes, trust: TrustStore) -> None:
    """The seal beside text is fine, the seal on text is not, whichever way the page is turned."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(plain)) as pdf:
        pdf.pages[0].Rotate = turned
        pdf.save(out)
    once = sign_pdf(out.getvalue(), pki.signing_key("leader"), certify=False)
    report = verdict(seal(pki, once, rect=(60, 400, 160, 500)), trust)
    assert (report["outcome"], report["integrity"]) == ("valid", "intact"), report["findings"]
    report = verdict(seal(pki, once, rect=(60, 690, 160, 790)), trust)
    assert "INTEGRITY-SIGNATURE-COVERS-CONTENT" in codes(report)
