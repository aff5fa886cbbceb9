"""Attacks by cross-reference streams, by the page tree and by fields that look other than they are."""

from __future__ import annotations

import io
import re

import pytest
from attacks import write_number
from attacks_streams import PAGE_TREES, STREAMED, Prepared, page_tree_pdf, prepared, streamed
from pikepdf import Array, Object
from pikepdf import open as open_pdf
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.stamp import TextStampStyle

from congvan_core.signatures.sign_signer import KeySigner
from congvan_core.signatures.signing import sign_pdf
from congvan_core.signatures.trust_store import TrustStore
from support_pki import LivePki
from support_signed import codes, page_pdf, seal, verdict

LEVELS = (None, 2, 3)


@pytest.fixture(scope="module")
def bases(pki: LivePki, trust: TrustStore) -> dict[int | None, bytes]:
    key = pki.signing_key("leader")
    made = {v: sign_pdf(prepared(), key, certify=v is not None, docmdp=v or 2) for v in LEVELS}
    for one in made.values():
        assert verdict(one, trust)["outcome"] == "valid"
    return made


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", list(STREAMED))
def test_streamed_attacks(name: str, level: int | None, bases: dict[int | None, bytes], trust: TrustStore) -> None:
    attack, word = STREAMED[name]
    out = verdict(attack(Prepared(bases[level])), trust)
    assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]
    assert any(re.search(f"INTEGRITY-.*({word})", c) for c in codes(out)), codes(out)


@pytest.mark.parametrize("level", [None, 2])
@pytest.mark.parametrize("name", list(PAGE_TREES))
def test_what_pages_inherit_is_signed_too(name: str, level: int | None, pki: LivePki, trust: TrustStore) -> None:
    once = sign_pdf(page_tree_pdf(), pki.signing_key("leader"), certify=level is not None, docmdp=level or 2)
    assert verdict(once, trust)["outcome"] == "valid"
    tree = {2: PAGE_TREES[name]}
    for evil in (streamed(once, tree), streamed(once, packed=tree)):
        out = verdict(evil, trust)
        assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]


def stamped(pdf: bytes, pki: LivePki, name: str, box: tuple[int, int, int, int]) -> bytes:
    tool = signers.PdfSigner(
        signers.PdfSignatureMetadata(field_name=name, md_algorithm="sha256"),
        signer=KeySigner(pki.signing_key(name)),
        stamp_style=TextStampStyle(stamp_text="Ký bởi %(signer)s"),
        new_field_spec=fields.SigFieldSpec(name, on_page=0, box=box),
    )
    return bytes(tool.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)).getvalue())


def test_a_second_signature_where_pages_inherit_their_box(pki: LivePki, trust: TrustStore) -> None:
    twice = stamped(stamped(page_tree_pdf(), pki, "leader", (370, 220, 490, 320)), pki, "agency-a", (60, 100, 160, 200))
    out = verdict(twice, trust)
    assert (out["outcome"], out["integrity"]) == ("valid", "intact"), out["findings"]
    over = stamped(stamped(page_tree_pdf(), pki, "leader", (370, 220, 490, 320)), pki, "agency-a", (50, 690, 300, 730))
    out = verdict(over, trust)
    assert "INTEGRITY-SIGNATURE-COVERS-CONTENT" in codes(out), out["findings"]


def test_a_number_where_pages_inherit_their_box(pki: LivePki, trust: TrustStore) -> None:
    with open_pdf(io.BytesIO(page_pdf())) as pdf:
        page: Object = pdf.pages[0].obj
        pdf.Root.Pages.MediaBox = page.MediaBox
        del page["/MediaBox"]
        out = io.BytesIO()
        pdf.save(out)
    once = sign_pdf(out.getvalue(), pki.signing_key("leader"), certify=False)
    report = verdict(seal(pki, write_number(once)), trust)
    assert (report["outcome"], report["integrity"]) == ("indeterminate", "intact"), report["findings"]
    assert "SIG-NUMBER-AFTER-SIGNATURE" in codes(report)


@pytest.mark.parametrize("level", [2, 3])
def test_a_field_filled_in_by_an_object_stream(level: int, bases: dict[int | None, bytes], trust: TrustStore) -> None:
    one = Prepared(bases[level])
    field = one.page.Annots[0]
    resources = Array([field.AP.N.Resources]).unparse()[1:-1]
    look = b"<</Type/XObject/Subtype/Form/BBox[0 0 240 30]/Resources %s/Length 40>>\nstream\n" % resources
    look += b"BT /F 16 Tf 2 8 Td (250 dong) Tj ET".ljust(40) + b"\nendstream"
    filled = {field.objgen[0]: one.like(field, V=b"(250 dong)", AP=b"<</N %d 0 R>>" % one.fresh)}
    out = verdict(streamed(one.data, {one.fresh: look}, filled), trust)
    assert (out["outcome"], out["integrity"]) == ("valid", "intact"), out["findings"]
    assert "SIG-FORM-FILLED" in codes(out)
