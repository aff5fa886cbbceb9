"""Attacks written with cross-reference streams and object streams (ISO 32000-2 7.5.7-7.5.8) instead of tables, and what is
changed above and beside the pages: the page tree, masks, layers, states, object slots.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pikepdf
from attacks_roles import EVIL, N, stream_of, update
from hostile import raw_pdf

from congvan_core.signatures.pdf_xref import XrefReader

Row = tuple[int, int, int]
_TREE = b"<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>>>>>"


def text(value: Any) -> bytes:
    if isinstance(value, pikepdf.Object):
        return bytes(value.unparse())
    return str(value).lower().encode() if isinstance(value, bool) else str(value).encode()


def streamed(
    pdf: bytes,
    objects: dict[int, bytes] | None = None,
    packed: dict[int, bytes] | None = None,
    *,
    rows: dict[int, Row] | None = None,
    root: int = 0,
    previous: bytes | None = None,
) -> bytes:
    """An update with a cross-reference stream; ``packed`` goes into an object stream, ``rows`` straight into the table.

    ``previous``: another /Prev than the file's last, empty for none.
    """
    with pikepdf.open(io.BytesIO(pdf)) as found:
        top, root = int(found.trailer.Size), root or found.Root.objgen[0]
    objects, table = dict(objects or {}), dict(rows or {})
    top = max([top, *(n + 1 for n in (*objects, *(packed or {})))])
    if packed:
        index, bodies = b"", b""
        for place, (number, body) in enumerate(packed.items()):
            index += b"%d %d " % (number, len(bodies))
            bodies += body + b" "
            table[number] = (2, top, place)
        entries = b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(packed), len(index))
        objects[top] = stream_of(zlib.compress(index + bodies), entries)
        top += 1
    out = pdf + b"\n"
    for number, body in objects.items():
        table[number] = (1, len(out), 0)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table[top] = (1, len(out), 0)
    listed = b" ".join(b"%d 1" % n for n in sorted(table))
    last = previous if previous is not None else re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    entries = b"/Type/XRef/W[1 4 2]/Filter/FlateDecode/Index[%s]/Size %d/Root %d 0 R" % (listed, top + 1, root)
    entries += b"/Prev " + last if last else b""
    body = zlib.compress(b"".join(struct.pack(">BIH", *table[n]) for n in sorted(table)))
    start = len(out)
    return out + b"%d 0 obj\n" % top + stream_of(body, entries) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % start


def page_tree_pdf() -> bytes:
    """One page that has everything but its content from the page tree."""
    return raw_pdf(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: _TREE,
            3: b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>",
            4: stream_of(b"BT /F 20 Tf 60 700 Td (Ung ho 100 dong) Tj ET"),
            5: b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>",
        }
    )


#: The page tree written anew: turned, cut, enlarged, with another font, without fonts.
PAGE_TREES = {
    "turned": _TREE[:-2] + b"/Rotate 180>>",
    "cut": _TREE[:-2] + b"/CropBox[0 0 100 100]>>",
    "smaller": _TREE.replace(b"842", b"300"),
    "font": _TREE.replace(b"5 0 R", b"<</Type/Font/Subtype/Type1/BaseFont/Symbol>>"),
    "no-font": _TREE.replace(b"5 0 R", b"null"),
    "twice": _TREE.replace(b"Count 1/Kids[3 0 R]", b"Count 2/Kids[3 0 R 3 0 R]"),
}


def prepared(*, packed: bool = True) -> bytes:
    """What an attacker prepares before anybody signs: overlays of three kinds, a spare page, fields shown and hidden."""
    pdf = pikepdf.new()
    page: Any = pdf.add_blank_page(page_size=(595, 842)).obj
    font = pdf.make_indirect(pikepdf.Dictionary(Type=N("Font"), Subtype=N("Type1"), BaseFont=N("Times-Roman")))
    mask, cover = (pdf.make_stream(b"\xff" * 64) for _ in range(2))
    for picture in (mask, cover):
        picture.Type, picture.Subtype, picture.Width, picture.Height = N("XObject"), N("Image"), 8, 8
        picture.ColorSpace, picture.BitsPerComponent = N("DeviceGray"), 8
    cover.SMask = mask
    state = pdf.make_indirect(pikepdf.Dictionary(Type=N("ExtGState"), ca=1))
    layer = pdf.make_indirect(pikepdf.Dictionary(Type=N("OCG"), Name="L"))
    order = pdf.make_indirect(pikepdf.Dictionary(ON=pikepdf.Array([layer])))
    pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=pikepdf.Array([layer]), D=order)
    page.Resources = pikepdf.Dictionary(
        Font=pikepdf.Dictionary(F=font),
        XObject=pikepdf.Dictionary(I=cover),
        ExtGState=pikepdf.Dictionary(G=state),
        Properties=pikepdf.Dictionary(L=layer),
    )
    page.Contents = pdf.make_stream(
        b"BT /F 20 Tf 60 700 Td (999 dong) Tj 0 -100 Td (998 dong) Tj 0 -100 Td (997 dong) Tj ET"
        b" q 500 0 0 60 40 690 cm /I Do Q q /G gs 1 1 1 rg 40 590 500 60 re f Q /OC /L BDC 1 1 1 rg 40 490 500 60 re f EMC"
        b" BT /F 20 Tf 60 400 Td (Ung ho 100 dong) Tj ET"
    )
    spare = pdf.make_stream(b"BT /F 20 Tf 60 700 Td (Ung ho 999.999.999 dong) Tj ET")
    other = pikepdf.Dictionary(
        Type=N("Page"), MediaBox=[0, 0, 595, 842], Resources=page.Resources, Contents=spare, Parent=pdf.Root.Pages
    )
    pdf.Root.Spare = pdf.make_indirect(other)
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([]))
    page.Annots = pikepdf.Array([])
    for name, flags, height in (("so", 4, 300), ("an", 2, 200)):
        look = pdf.make_stream(b"BT /F 16 Tf 2 8 Td (100 dong) Tj ET")
        look.Type, look.Subtype, look.BBox = N("XObject"), N("Form"), pikepdf.Array([0, 0, 240, 30])
        look.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        field = pikepdf.Dictionary(
            Type=N("Annot"), Subtype=N("Widget"), FT=N("Tx"), T=name, V="100 dong", DA="/F 16 Tf 0 g", F=flags,
            Rect=[60, height, 300, height + 30], AP=pikepdf.Dictionary(N=look),
        )  # fmt: skip
        page.Annots.append(pdf.make_indirect(field))
        pdf.Root.AcroForm.Fields.append(page.Annots[-1])
    out = io.BytesIO()
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    pdf.save(out, object_stream_mode=mode)
    return out.getvalue()


class Prepared:
    """A signed file of :func:`prepared` with its numbers."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pdf = pikepdf.open(io.BytesIO(data))
        self.root: Any = self.pdf.Root
        self.page: Any = self.pdf.pages[0].obj
        self.fresh = int(self.pdf.trailer.Size)
        self.content = int(self.page.Contents.objgen[0])

    def entry(self, number: int) -> Row:
        """The signed revision's own row of this object."""
        kind, second, third = XrefReader(self.data).revision(len(self.data)).entries[number]
        return {"n": 1, "c": 2, "f": 0}[kind], second, third

    def like(self, node: Any, **more: bytes) -> bytes:
        """The dictionary with these entries put in place of its own."""
        kept = b" ".join(b"%s %s" % (k.encode(), text(v)) for k, v in node.items() if k[1:] not in more)
        return b"<<" + kept + b" ".join(b"/%s %s" % (k.encode(), v) for k, v in more.items()) + b">>"


def page_in_an_object_stream(one: Prepared) -> bytes:
    page = {one.page.objgen[0]: one.like(one.page, Contents=b"%d 0 R" % one.fresh)}
    return streamed(one.data, {one.fresh: stream_of(EVIL)}, page)


def another_catalog(one: Prepared) -> bytes:
    new = one.fresh
    tree = b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (new + 2)
    page = one.like(one.page, Parent=b"%d 0 R" % (new + 1), Contents=b"%d 0 R" % (new + 3))
    objects = {new: one.like(one.root, Pages=b"%d 0 R" % (new + 1)), new + 1: tree, new + 2: page}
    return streamed(one.data, {**objects, new + 3: stream_of(EVIL)}, root=new)


def hybrid_defines_what_the_table_hides(one: Prepared) -> bytes:
    """Old readers see the signed content, new ones the stream's (7.5.8.4)."""
    evil = len(one.data) + 1
    body = one.data + b"\n%d 0 obj\n" % one.content + stream_of(EVIL) + b"\nendobj\n"
    entries = b"/Type/XRef/W[1 4 2]/Index[%d 1]/Size %d" % (one.content, one.fresh + 1)
    at = len(body)
    body += b"%d 0 obj\n" % one.fresh + stream_of(struct.pack(">BIH", 1, evil, 0), entries) + b"\nendobj\n"
    previous = re.findall(rb"startxref\s+(\d+)", one.data)[-1]
    rows = b"xref\n%d 1\n%010d 00000 n \n" % (one.fresh, at)
    trailer = b"<</Size %d/Root %d 0 R/Prev %s/XRefStm %d>>" % (one.fresh + 1, one.root.objgen[0], previous, at)
    return body + rows + b"trailer\n" + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % len(body)


def signed_table_skipped(one: Prepared) -> bytes:
    """/Prev leads past the signed revision, whose objects are listed again."""
    xref = XrefReader(one.data).revision(len(one.data))
    rows = {n: one.entry(n) for n, e in xref.entries.items() if e[0] != "f" and n != one.content}
    first = re.findall(rb"startxref\s+(\d+)", one.data)[0]
    return streamed(one.data, {one.content: stream_of(EVIL)}, rows=rows, previous=first)


def no_previous_table(one: Prepared) -> bytes:
    xref = XrefReader(one.data).revision(len(one.data))
    rows = {n: one.entry(n) for n, e in xref.entries.items() if e[0] != "f" and n != one.content}
    return streamed(one.data, {one.content: stream_of(EVIL)}, rows=rows, previous=b"")


def object_within_a_stream(one: Prepared) -> bytes:
    """The new content stands inside the bytes of an innocent stream."""
    inner = b"%d 0 obj\n" % one.content + stream_of(EVIL) + b"\nendobj\n"
    out = update(one.data, {one.fresh: stream_of(inner)})
    at = out.find(b"%d 0 obj" % one.content, len(one.data))
    return streamed(out, rows={one.content: (1, at, 0)})


def slot_of_the_spare_page(one: Prepared) -> bytes:
    """The page's number now means the spare page of the signed object stream: nothing but a row is new."""
    return streamed(one.data, rows={one.page.objgen[0]: one.entry(one.root.Spare.objgen[0])})


def place_of_the_spare_content(one: Prepared) -> bytes:
    return streamed(one.data, rows={one.content: one.entry(one.root.Spare.Contents.objgen[0])})


def page_list_names_the_spare(one: Prepared) -> bytes:
    kids = b"[%d 0 R]" % one.root.Spare.objgen[0]
    return streamed(one.data, packed={one.root.Pages.objgen[0]: one.like(one.root.Pages, Kids=kids)})


def mask_opened(one: Prepared) -> bytes:
    entries = b"/Type/XObject/Subtype/Image/Width 8/Height 8/ColorSpace/DeviceGray/BitsPerComponent 8"
    return streamed(one.data, {one.page.Resources.XObject.I.SMask.objgen[0]: stream_of(bytes(64), entries)})


def cover_freed(one: Prepared) -> bytes:
    return streamed(one.data, rows={one.page.Resources.XObject.I.objgen[0]: (0, 0, 1)})


def state_transparent(one: Prepared) -> bytes:
    return streamed(one.data, packed={one.page.Resources.ExtGState.G.objgen[0]: b"<</Type/ExtGState/ca 0>>"})


def layer_off(one: Prepared) -> bytes:
    properties = one.root.OCProperties
    return streamed(one.data, packed={properties.D.objgen[0]: b"<</OFF[%d 0 R]>>" % properties.OCGs[0].objgen[0]})


def field_says_more(one: Prepared) -> bytes:
    """Another appearance, the same value: nobody filled anything in."""
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 240 30]/Resources %s" % text(one.page.Annots[0].AP.N.Resources)
    look = stream_of(b"BT /F 16 Tf 2 8 Td (999.999.999 dong) Tj ET", entries)
    return streamed(one.data, {one.page.Annots[0].AP.N.objgen[0]: look})


def field_appears(one: Prepared) -> bytes:
    return streamed(one.data, packed={one.page.Annots[1].objgen[0]: one.like(one.page.Annots[1], F=b"4")})


def field_vanishes(one: Prepared) -> bytes:
    return streamed(one.data, packed={one.page.Annots[0].objgen[0]: one.like(one.page.Annots[0], F=b"2")})


#: Each with a part of what the finding is called.
STREAMED: dict[str, tuple[Callable[[Prepared], bytes], str]] = {
    f.__name__: (f, word)
    for f, word in (
        (page_in_an_object_stream, "CONTENT-CHANGED"),
        (another_catalog, "SHADOW|CONTENT-CHANGED"),
        (hybrid_defines_what_the_table_hides, "CONTENT-CHANGED|BYTES"),
        (signed_table_skipped, "CONTENT-CHANGED|SHADOW"),
        (no_previous_table, "CONTENT-CHANGED|SHADOW"),
        (object_within_a_stream, "CONTENT-CHANGED|BYTES"),
        (slot_of_the_spare_page, "SHADOW|CONTENT-CHANGED"),
        (place_of_the_spare_content, "SHADOW|CONTENT-CHANGED"),
        (page_list_names_the_spare, "SHADOW|CONTENT-CHANGED"),
        (mask_opened, "CONTENT-CHANGED"),
        (cover_freed, "SHADOW"),
        (state_transparent, "CONTENT-CHANGED|SHADOW"),
        (layer_off, "CONTENT-CHANGED|SHADOW"),
        (field_says_more, "FIELD-CHANGED"),
        (field_appears, "FIELD-CHANGED"),
        (field_vanishes, "FIELD-CHANGED"),
    )
}
