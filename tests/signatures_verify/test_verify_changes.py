"""Everything else that a later revision may do to a signed file, on files with one signature and certified ones."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from typing import Any

import attacks
import pytest
from attacks_roles import EVIL, Opened, original, stream_of, update
from pikepdf import Dictionary, ObjectStreamMode
from pikepdf import open as open_pdf
from pyhanko.pdf_utils import generic

from congvan_core.signatures.signing import sign_pdf
from congvan_core.signatures.trust_store import TrustStore
from support_pki import LivePki
from support_signed import codes, page_pdf, verdict

#: Every type of annotation (ISO 32000-2 table 171) that could hide, add or lead somewhere.
ANNOTATIONS = (
    "/Text", "/Link", "/FreeText", "/Line", "/Square", "/Circle", "/Polygon", "/PolyLine", "/Highlight", "/Underline",
    "/Squiggly", "/StrikeOut", "/Caret", "/Stamp", "/Ink", "/Popup", "/FileAttachment", "/Redact", "/Watermark",
    "/Screen", "/Movie", "/Sound", "/3D", "/RichMedia", "/Projection", "/PrinterMark", "/TrapNet", "/Widget",
)  # fmt: skip


@pytest.fixture(scope="module")
def bases(pki: LivePki) -> dict[int | None, bytes]:
    made: dict[int | None, bytes] = {}
    for level in (None, 1, 2, 3):
        key = pki.signing_key("leader")
        data = original(kind="layers")
        made[level] = sign_pdf(data, key, certify=level is not None, docmdp=level or 2)
    return made


def refused(out: dict[str, Any]) -> None:
    assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]
    assert any(c.startswith("INTEGRITY-") for c in codes(out)), codes(out)


@pytest.mark.parametrize("subtype", ANNOTATIONS)
def test_no_annotation_hides_text_whatever_is_permitted(
    subtype: str, bases: dict[int | None, bytes], trust: TrustStore
) -> None:
    for base in bases.values():
        refused(verdict(attacks.evil_annotation(base, subtype, (55, 695, 400, 720)), trust))


def catalog(**more: bytes) -> Callable[[Opened], dict[int, bytes]]:
    return lambda one: one.catalog(**more)


def script(one: Opened) -> dict[int, bytes]:
    return {one.fresh: b"<</S/JavaScript/JS(app.alert\\(1\\))>>", **one.catalog(OpenAction=b"%d 0 R" % one.fresh)}


def layers(one: Opened) -> dict[int, bytes]:
    """The layer that was off is on."""
    properties: Any = one.pdf.Root.OCProperties
    layer = b"%d 0 R" % properties.OCGs[0].objgen[0]
    return {int(properties.objgen[0]): b"<</OCGs[%s]/D<</ON[%s]>>>>" % (layer, layer)}


def page_with(entries: bytes) -> Callable[[Opened], dict[int, bytes]]:
    def change(one: Opened) -> dict[int, bytes]:
        words = b" ".join(b"%s %s" % (k.encode(), v.unparse()) for k, v in one.page.items())
        return {int(one.page.objgen[0]): b"<<%s %s>>" % (words, entries)}

    return change


def font_with_other_widths(one: Opened) -> dict[int, bytes]:
    number = one.number("/Resources", "/Font", "/F")
    widths = b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding<</Differences[49/nine]>>>>"
    return {number: widths}


def picture(one: Opened) -> dict[int, bytes]:
    entries = b"/Type/XObject/Subtype/Image/Width 8/Height 8/ColorSpace/DeviceGray/BitsPerComponent 8"
    return {one.number("/Resources", "/XObject", "/P"): stream_of(bytes(64), entries)}


def colour_intent(one: Opened) -> dict[int, bytes]:
    intent = b"[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(x)>>]"
    return one.catalog(OutputIntents=intent)


def form_as_xml(one: Opened) -> dict[int, bytes]:
    form: Any = one.pdf.Root.AcroForm
    fields = b" ".join(b"%d 0 R" % f.objgen[0] for f in form.Fields)
    return one.catalog(AcroForm=b"<</Fields[%s]/SigFlags 3/XFA(x)>>" % fields)


CHANGES: dict[str, Callable[[Opened], dict[int, bytes]]] = {
    "script": script,
    "names": catalog(Names=b"<</JavaScript<</Names[]>>>>"),
    "additional-actions": catalog(AA=b"<</WC<</S/JavaScript/JS(x)>>>>"),
    "page-actions": page_with(b"/AA<</O<</S/JavaScript/JS(x)>>>>"),
    "page-turned": page_with(b"/Rotate 180"),
    "page-unit": page_with(b"/UserUnit 10"),
    "page-media": page_with(b"/CropBox[0 0 100 100]"),
    "layers": layers,
    "layer-removed": catalog(OCProperties=b"<</OCGs[]/D<<>>>>"),
    "glyphs": font_with_other_widths,
    "picture": picture,
    "colour-intent": colour_intent,
    "form-as-xml": form_as_xml,
    "viewer": catalog(ViewerPreferences=b"<</HideToolbar true>>"),
    "labels": catalog(PageLabels=b"<</Nums[0<</S/D/St 9>>]>>"),
    "structure": catalog(StructTreeRoot=b"<</Type/StructTreeRoot>>", MarkInfo=b"<</Marked true>>"),
    "attached-files": catalog(AF=b"[]"),
    "threads": catalog(Threads=b"[]"),
    "page-tree": catalog(Pages=b"99 0 R"),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_nothing_else_may_change(name: str, bases: dict[int | None, bytes], trust: TrustStore) -> None:
    for level in (None, 2):
        refused(verdict(update(bases[level], CHANGES[name](Opened(bases[level]))), trust))


def test_content_replaced_through_an_object_stream(bases: dict[int | None, bytes], trust: TrustStore) -> None:
    """The page's list of contents becomes a compressed object of a new stream, named by a compressed table."""
    one = Opened(bases[None])
    number, new = one.number("/Contents"), one.fresh
    inner = b"[%d 0 R]" % (new + 1)
    head = b"%d 0 " % number
    packed = zlib.compress(head + inner)
    entries = b"/Type/ObjStm/N 1/First %d/Filter/FlateDecode" % len(head)
    data = one.data + b"\n"
    places = {}
    for at, text in ((new, stream_of(packed, entries)), (new + 1, stream_of(EVIL))):
        places[at] = len(data)
        data += b"%d 0 obj\n" % at + text + b"\nendobj\n"
    start = len(data)
    rows = b"\x02" + new.to_bytes(4, "big") + b"\0"
    rows += b"".join(b"\x01" + p.to_bytes(4, "big") + b"\0" for p in (places[new], places[new + 1], start))
    previous = one.data.rsplit(b"startxref\n", 1)[1].split()[0]
    table = b"/Type/XRef/W[1 4 1]/Index[%d 1 %d 3]/Size %d/Root %d 0 R/Prev %s/Filter/FlateDecode" % (
        number, new, new + 3, one.pdf.Root.objgen[0], previous,
    )  # fmt: skip
    data += b"%d 0 obj\n" % (new + 2) + stream_of(zlib.compress(rows), table) + b"\nendobj\n"
    out = verdict(data + b"startxref\n%d\n%%%%EOF\n" % start, trust)
    refused(out)
    assert "INTEGRITY-CONTENT-CHANGED" in codes(out)


def test_an_object_stream_of_the_signed_revision_is_exchanged(pki: LivePki, trust: TrustStore) -> None:
    """All objects in it change without a single entry of theirs in a table."""
    out = io.BytesIO()
    with open_pdf(io.BytesIO(page_pdf())) as pdf:
        pdf.Root.Spare = pdf.make_indirect(Dictionary(A=1))
        pdf.save(out, object_stream_mode=ObjectStreamMode.generate)
    once = sign_pdf(out.getvalue(), pki.signing_key("leader"), certify=False)
    number = _object_stream(once)
    refused(verdict(update(once, {number: stream_of(b"", b"/Type/ObjStm/N 0/First 0")}), trust))


def _object_stream(data: bytes) -> int:
    found = re.search(rb"(\d+) 0 obj\s*<<[^>]*/ObjStm", data)
    assert found
    return int(found.group(1))


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_field_moved_renamed_or_given_another_look(level: int, pki: LivePki, trust: TrustStore) -> None:
    once = sign_pdf(attacks.shadow_original("form"), pki.signing_key("leader"), certify=True, docmdp=level)

    def change(key: str, value: Any) -> Callable[[Any], None]:
        def apply(writer: Any) -> None:
            field = writer.root["/AcroForm"]["/Fields"][0]
            field[attacks.N(key)] = value
            writer.update_container(field)

        return apply

    for key, value in (
        ("/Rect", attacks.numbers(60, 300, 300, 330)),
        ("/FT", attacks.N("/Btn")),
        ("/T", generic.pdf_string("khac")),
        ("/A", generic.DictionaryObject({attacks.N("/S"): attacks.N("/JavaScript")})),
        ("/Ff", generic.NumberObject(1)),
    ):
        refused(verdict(attacks.increment(once, change(key, value)), trust))
    filled = verdict(attacks.shadow_replace_value(once), trust)
    if level == 1:
        refused(filled)
    else:
        assert (filled["outcome"], filled["integrity"]) == ("valid", "intact"), filled["findings"]
        said = next(f["evidence"] for f in filled["findings"] if f["code"] == "SIG-FORM-FILLED")
        assert (said["before"], said["after"]) == ("100 dong", "999.999 dong")
