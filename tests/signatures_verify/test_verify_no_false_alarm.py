"""What ordinary signing programs do beside signing: each stays intact, and the same liberty misused does not."""

from __future__ import annotations

import io
from typing import Any

import pikepdf
import pytest
from attacks_roles import EVIL, N, Opened, original, stream_of, update
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers

from congvan_core.signatures.sign_signer import KeySigner
from congvan_core.signatures.signing import sign_pdf
from congvan_core.signatures.trust_store import TrustStore
from support_pki import LivePki
from support_signed import codes, page_pdf, verdict


def sign_in(writer: Any, key: Any, name: str, *, existing: bool = True) -> bytes:
    """Sign in the same update as what the writer changed already, as signing programs do."""
    tool = signers.PdfSigner(
        signers.PdfSignatureMetadata(field_name=name, md_algorithm="sha256"), signer=KeySigner(key)
    )
    return bytes(tool.sign_pdf(writer, existing_fields_only=existing).getvalue())


def tagged() -> bytes:
    """One page with a tagged paragraph."""
    with pikepdf.open(io.BytesIO(page_pdf())) as pdf:
        page = pdf.pages[0].obj
        page.StructParents = 0
        root = pdf.make_indirect(pikepdf.Dictionary(Type=N("StructTreeRoot")))
        document = pdf.make_indirect(pikepdf.Dictionary(Type=N("StructElem"), S=N("Document"), P=root))
        paragraph = pdf.make_indirect(
            pikepdf.Dictionary(Type=N("StructElem"), S=N("P"), P=document, Pg=page, K=0, ActualText="1.000.000 dong")
        )
        document.K = pikepdf.Array([paragraph])
        root.K = document
        marks = pdf.make_indirect(pikepdf.Array([paragraph]))
        root.ParentTree = pdf.make_indirect(pikepdf.Dictionary(Nums=pikepdf.Array([0, marks])))
        root.ParentTreeNextKey = 1
        pdf.Root.StructTreeRoot = root
        pdf.Root.MarkInfo = pikepdf.Dictionary(Marked=True)
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def field_in(writer: Any, name: str, **more: Any) -> Any:
    """An invisible signature field on the first page."""
    page = writer.find_page_for_modification(0)[0]
    shape = {"/Type": N2("/Annot"), "/Subtype": N2("/Widget"), "/FT": N2("/Sig"), "/T": generic.pdf_string(name)}
    shape |= {"/Rect": generic.ArrayObject([generic.NumberObject(0)] * 4), "/F": generic.NumberObject(132), "/P": page}
    field = writer.add_object(generic.DictionaryObject({N2(k): v for k, v in (shape | more).items()}))
    opened = page.get_object()
    listed = opened["/Annots"] if "/Annots" in opened else generic.ArrayObject()
    opened[N2("/Annots")] = generic.ArrayObject([*listed, field])
    writer.update_container(opened)
    form = writer.root["/AcroForm"]
    form["/Fields"].append(field)
    writer.update_container(form["/Fields"])
    return field


def N2(name: str) -> Any:
    return generic.NameObject(name)


def joins_the_tree(pdf: bytes, key: Any, *, says: str | None = None, claims: bool = False) -> bytes:
    """The second signature's widget joins the tagged structure; ``says``: an old paragraph is read out otherwise;
    ``claims``: the new element claims a mark of the page."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    field = field_in(writer, "Sau", **{"/StructParent": generic.NumberObject(1)})
    root = writer.root["/StructTreeRoot"]
    document = root["/K"]
    kid = generic.DictionaryObject({N2("/Type"): N2("/OBJR"), N2("/Obj"): field})
    element = {"/Type": N2("/StructElem"), "/S": N2("/Form"), "/P": root.raw_get("/K"), "/K": kid}
    if claims:
        element["/K"] = generic.NumberObject(0)
    made = writer.add_object(generic.DictionaryObject({N2(k): v for k, v in element.items()}))
    document["/K"].append(made)
    writer.update_container(document["/K"])
    root["/ParentTree"]["/Nums"] += [generic.NumberObject(1), made]
    writer.update_container(root["/ParentTree"])
    root[N2("/ParentTreeNextKey")] = generic.NumberObject(2)
    writer.update_container(root)
    if says:
        paragraph = document["/K"][0]
        paragraph[N2("/ActualText")] = generic.pdf_string(says)
        writer.update_container(paragraph)
    return sign_in(writer, key, "Sau")


def test_a_signature_joins_the_tagged_structure(pki: LivePki, trust: TrustStore) -> None:
    once = sign_pdf(tagged(), pki.signing_key("leader"), certify=False)
    key = pki.signing_key("agency-a")
    out = verdict(joins_the_tree(once, key), trust)
    assert (out["outcome"], out["integrity"]) == ("valid", "intact"), out["findings"]
    for evil in (joins_the_tree(once, key, says="9.000.000 dong"), joins_the_tree(once, key, claims=True)):
        out = verdict(evil, trust)
        assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]


@pytest.mark.parametrize("level", [None, 1, 2])
def test_information_and_metadata_are_written_anew(level: int | None, pki: LivePki, trust: TrustStore) -> None:
    with pikepdf.open(io.BytesIO(original())) as pdf:
        with pdf.open_metadata() as xmp:
            xmp["dc:title"] = "một"
        out = io.BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    once = sign_pdf(out.getvalue(), pki.signing_key("leader"), certify=level is not None, docmdp=level or 2)
    one = Opened(once)
    info: Any = one.pdf.trailer.Info
    xmp_number = int(one.pdf.Root.Metadata.objgen[0])
    body = stream_of(one.pdf.Root.Metadata.read_bytes().replace("một".encode(), b"hai"), b"/Type/Metadata/Subtype/XML")
    changed = update(
        once,
        {int(info.objgen[0]): b"<</Title(hai)/ModDate(D:20261122080000Z)>>", xmp_number: body},
        Info=b"%d 0 R" % info.objgen[0],
    )
    report = verdict(changed, trust)
    assert (report["outcome"], report["integrity"]) == ("valid", "intact"), report["findings"]
    assert report["signatures"][0]["changed_after"] == "permitted"


def shared_resources() -> bytes:
    """Form and pages share one dictionary of resources, as some office programs write them."""
    with pikepdf.open(io.BytesIO(page_pdf())) as pdf:
        page = pdf.pages[0].obj
        page.Resources = pdf.make_indirect(page.Resources)
        pdf.Root.AcroForm = pdf.make_indirect(pikepdf.Dictionary(Fields=pikepdf.Array([]), DR=page.Resources))
        out = io.BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def test_a_font_more_in_resources_that_pages_share(pki: LivePki, trust: TrustStore) -> None:
    once = sign_pdf(shared_resources(), pki.signing_key("leader"), certify=False)
    one = Opened(once)
    number, new = one.number("/Resources"), one.fresh
    fonts: Any = one.page.Resources.Font
    known = b" ".join(b"%s %s" % (k.encode(), v.unparse()) for k, v in fonts.items())
    others = b" ".join(
        b"%s %s" % (k.encode(), v.unparse(resolved=False)) for k, v in one.page.Resources.items() if k != "/Font"
    )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    more = update(once, {number: b"<<%s/Font<<%s/Helv %d 0 R>>>>" % (others, known, new), new: font})
    again = sign_pdf(more, pki.signing_key("agency-a"), kind="agency")
    out = verdict(again, trust)
    assert (out["outcome"], out["integrity"]) == ("valid", "intact"), out["findings"]
    less = update(once, {number: b"<<%s/Font<</Helv %d 0 R>>>>" % (others, new), new: font})
    out = verdict(less, trust)
    assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]


def test_a_name_supplied_later_that_the_content_already_used(pki: LivePki, trust: TrustStore) -> None:
    """Additions to shared resources are harmless only while no page shows them."""
    with pikepdf.open(io.BytesIO(shared_resources())) as pdf:
        pdf.pages[0].contents_add(b"q /Over Do Q")
        out = io.BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    once = sign_pdf(out.getvalue(), pki.signing_key("leader"), certify=False)
    assert verdict(once, trust)["outcome"] == "valid"
    one = Opened(once)
    number, new = one.number("/Resources"), one.fresh
    entries = b" ".join(b"%s %s" % (k.encode(), v.unparse()) for k, v in one.page.Resources.items() if k != "/XObject")
    form = stream_of(EVIL.replace(b"700", b"300"), b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]")
    evil = update(once, {number: b"<<%s/XObject<</Over %d 0 R>>>>" % (entries, new), new: form})
    report = verdict(evil, trust)
    assert (report["outcome"], report["integrity"]) == ("invalid", "modified"), report["findings"]


@pytest.mark.parametrize("shape", ["linearized", "object-streams", "hybrid", "reused-number"])
def test_shapes_that_a_second_signature_meets(shape: str, pki: LivePki, trust: TrustStore) -> None:
    modes = pikepdf.ObjectStreamMode
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(page_pdf(pages=3))) as pdf:
        pdf.save(
            out,
            linearize=shape == "linearized",
            object_stream_mode=modes.generate if shape in ("linearized", "object-streams") else modes.disable,
        )
    data = out.getvalue()
    if shape == "hybrid":
        data = hybrid(data)
    elif shape == "reused-number":
        data = freed(data)
    for name in ("leader", "agency-a"):
        writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
        data = sign_in(writer, pki.signing_key(name), name, existing=False)
    report = verdict(data, trust)
    assert (report["outcome"], report["integrity"]) == ("valid", "intact"), report["findings"]
    assert "INTEGRITY-REPAIRED" not in codes(report)


def hybrid(pdf: bytes) -> bytes:
    """A table, and a stream beside it that repeats the newest objects (ISO 32000-2 7.5.8.4)."""
    one = Opened(pdf)
    number = int(one.pdf.Root.objgen[0])
    base = update(pdf, one.catalog())
    at = base.rfind(b"%d 0 obj" % number)
    row = b"\x01" + at.to_bytes(4, "big") + b"\x00"
    start, new = len(base), one.fresh
    entries = b"/Type/XRef/W[1 4 1]/Index[%d 1]/Size %d" % (number, new + 1)
    table = b"%d 0 obj\n" % new + stream_of(row, entries) + b"\nendobj\n"
    place = len(base) + len(table)
    previous = base.rsplit(b"startxref\n", 1)[1].split()[0]
    trailer = b"<</Size %d/Root %d 0 R/Prev %s/XRefStm %d>>" % (new + 1, number, previous, start)
    return base + table + b"xref\n0 0\ntrailer\n" + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % place


def freed(pdf: bytes) -> bytes:
    """An object was deleted; the catalog still names its old generation; the next writer uses the number again."""
    one = Opened(pdf)
    new = one.fresh
    base = update(pdf, {new: b"<</Type/Nothing>>", **one.catalog(Spare=b"%d 0 R" % new)})
    start = len(base)
    previous = base.rsplit(b"startxref\n", 1)[1].split()[0]
    root = int(one.pdf.Root.objgen[0])
    rows = b"xref\n0 1\n%010d 65535 f \n%d 1\n0000000000 00001 f \n" % (new, new)
    trailer = b"<</Size %d/Root %d 0 R/Prev %s>>" % (new + 1, root, previous)
    return base + rows + b"trailer\n" + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % start
