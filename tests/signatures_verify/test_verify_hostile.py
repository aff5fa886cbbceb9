"""Whatever the bytes: a report, never an exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents.pdf_audit import audit_pdf
from congvan_core.signatures.pdf_objects import PdfSyntaxError, parse
from congvan_core.signatures.signer_kind import kind_of
from congvan_core.signatures.trust_store import TrustStore
from congvan_core.signatures.verify import verify_file
from support_pki import LivePki
from support_signed import verdict

OUTCOMES = {"valid", "invalid", "indeterminate", "unsigned"}


@given(at=st.integers(0, 40_000), junk=st.binary(min_size=1, max_size=40))
def test_damage_anywhere_never_becomes_valid(two_signed: bytes, trust: TrustStore, at: int, junk: bytes) -> None:
    at %= len(two_signed)
    damaged = two_signed[:at] + junk + two_signed[at + len(junk) :]
    out = verdict(damaged, trust)
    assert out["outcome"] in OUTCOMES
    if damaged != two_signed and len(damaged) == len(two_signed):
        # Only the padding of /Contents may change without harm.
        assert out["outcome"] != "valid" or _in_padding(two_signed, at, len(junk))


def _in_padding(pdf: bytes, at: int, size: int) -> bool:
    start, end = pdf.rfind(b"<", 0, at + size + 1), pdf.find(b">", at)
    return 0 <= start < end and not pdf[start + 1 : end].translate(None, b"0123456789abcdefABCDEF")


@given(cut=st.integers(1, 40_000))
def test_cut_files_are_never_valid(certified: bytes, trust: TrustStore, cut: int) -> None:
    kept = certified[: -(cut % (len(certified) - 1)) - 2]
    assert verdict(kept, trust)["outcome"] != "valid"


@given(st.binary(max_size=400), st.sampled_from(["", "a.pdf", "a.p7m", "a.xml", "a.docx", "a.txt"]))
def test_any_bytes_under_any_name(data: bytes, name: str) -> None:
    for head in (b"", b"%PDF-1.4\n", b"PK\x03\x04", b"0\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", b"<?xml "):
        assert verify_file(head + data, name=name, signature=data).to_json()["outcome"] in OUTCOMES


@given(st.binary(max_size=200))
def test_the_object_reader_ends(data: bytes) -> None:
    try:
        _, end = parse(data, 0)
    except PdfSyntaxError:
        return
    assert end <= len(data) + 1


def test_names_tell_persons_from_agencies(pki: LivePki) -> None:
    kinds = {n: kind_of(pki.asn1(n)).value for n in ("leader", "clerk", "agency-a", "agency-b", "gateway-a")}
    assert kinds == {
        "leader": "person",
        "clerk": "person",
        "agency-a": "organization",
        "agency-b": "organization",
        "gateway-a": "unknown",
    }
    assert kind_of(pki.asn1("gateway-a"), {"Hệ thống gửi nhận A": "organization"}).value == "organization"


@pytest.mark.parametrize("compressed", [False, True])
def test_active_content_is_found(compressed: bool, plain: bytes) -> None:
    import io

    import pikepdf

    modes = pikepdf.ObjectStreamMode
    mode = modes.generate if compressed else modes.disable
    with pikepdf.open(io.BytesIO(plain)) as pdf:
        out = io.BytesIO()
        pdf.save(out, object_stream_mode=mode)
        assert audit_pdf(out.getvalue(), len(out.getvalue()), pdf) == []
        pdf.Root.OpenAction = pdf.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)"))
        pdf.Root.AA = pikepdf.Dictionary(WC=pdf.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.Launch, F="cmd.exe")))
        pdf.attachments["a.exe"] = b"MZ"
        out = io.BytesIO()
        pdf.save(out, object_stream_mode=mode)
    with pikepdf.open(io.BytesIO(out.getvalue())) as pdf:
        found = {f.code for f in audit_pdf(out.getvalue(), len(out.getvalue()), pdf)}
    assert found == {"CONTENT-PDF-SCRIPT", "CONTENT-PDF-LAUNCH", "CONTENT-PDF-EMBEDDED-FILE"}
