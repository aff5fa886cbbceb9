"""Files made to exhaust a checker: each small to send and large to read."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable

import pikepdf

MB = 1 << 20


def raw_pdf(objects: dict[int, bytes], size: int | None = None) -> bytes:
    """A file of these objects with a sound table; object 1 is the catalog."""
    out, rows = b"%PDF-1.7\n", b""
    for number, text in sorted(objects.items()):
        rows += b"%d 1\n%010d 00000 n \n" % (number, len(out))
        out += b"%d 0 obj\n" % number + text + b"\nendobj\n"
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\n" % (size or max(objects) + 1)
    return out + b"xref\n0 1\n0000000000 65535 f \n" + rows + trailer + b"startxref\n%d\n%%%%EOF\n" % len(out)


PAGE = {
    1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[9 0 R]>>>>",
    2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
    3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<>>>>",
    4: b"<</Length 0>>\nstream\n\nendstream",
    9: b"<</FT/Sig/T(a)/V 10 0 R>>",
    10: b"<</Type/Sig/SubFilter/adbe.pkcs7.detached/ByteRange[0 9 20 9]/Contents<00>>>",
}


def squeezed(length: int, entries: bytes = b"", *, twice: bool = False) -> bytes:
    """A stream of zeros, a thousandth of its length; ``twice``: squeezed once more."""
    engine = zlib.compressobj(6)
    body = b"".join([*(engine.compress(bytes(MB)) for _ in range(length // MB)), engine.flush()])
    filters = b"/FlateDecode"
    if twice:
        body, filters = zlib.compress(body, 9), b"[/FlateDecode/FlateDecode]"
    return b"<<%s/Filter %s/Length %d>>\nstream\n" % (entries, filters, len(body)) + body + b"\nendstream"


def deep_arrays() -> bytes:
    return raw_pdf(PAGE | {5: b"[" * 200_000 + b"]" * 200_000})


def deep_signature() -> bytes:
    return raw_pdf(PAGE | {10: b"<</Type/Sig/Reference" + b"[" * 100_000 + b"]" * 100_000 + b">>"})


def deep_fields() -> bytes:
    """A field tree that goes down without end, and one in a circle."""
    objects = {n: b"<</T(%d)/FT/Sig/Kids[%d 0 R 9 0 R]>>" % (n, n + 1) for n in range(20, 5000)}
    return raw_pdf(PAGE | objects | {9: b"<</T(a)/Kids[20 0 R 9 0 R]>>"})


def many_fields() -> bytes:
    fields = b" ".join(b"%d 0 R" % n for n in range(20, 10_020))
    objects = {n: b"<</FT/Sig/T(f%d)/V 10 0 R>>" % n for n in range(20, 10_020)}
    return raw_pdf(PAGE | objects | {1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[%s]>>>>" % fields})


def many_pages() -> bytes:
    """A million pages that are one page."""
    kids = b" ".join([b"3 0 R"] * 1000)
    middle = b" ".join([b"6 0 R"] * 1000)
    return raw_pdf(
        PAGE
        | {2: b"<</Type/Pages/Count 1000000/Kids[%s]>>" % middle}
        | {6: b"<</Type/Pages/Parent 2 0 R/Count 1000/Kids[%s]>>" % kids}
    )


def page_circle() -> bytes:
    return raw_pdf(PAGE | {2: b"<</Type/Pages/Count 2/Kids[3 0 R 2 0 R]>>"})


def content_bomb() -> bytes:
    return raw_pdf(PAGE | {4: squeezed(300 * MB)})


def content_bomb_twice() -> bytes:
    return raw_pdf(PAGE | {4: squeezed(400 * MB, twice=True)})


def object_stream_bomb() -> bytes:
    """An object stream of 400 MB, and a table that needs it."""
    stream = squeezed(400 * MB, b"/Type/ObjStm/N 1/First 10")
    data = raw_pdf(PAGE | {30: stream})
    rows = b"\x02" + (30).to_bytes(4, "big") + b"\x00"
    at = len(data)
    entries = b"/Type/XRef/W[1 4 1]/Index[4 1]/Size 40/Root 1 0 R/Prev %s/Length %d" % (
        data.rsplit(b"startxref\n", 1)[1].split()[0],
        len(rows),
    )
    return data + b"31 0 obj\n<<%s>>\nstream\n" % entries + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at


def table_bomb() -> bytes:
    """A cross-reference stream of 400 MB of entries."""
    data = raw_pdf(PAGE)
    at = len(data)
    body = squeezed(400 * MB, b"/Type/XRef/W[1 4 1]/Size 100000000/Root 1 0 R")
    return data + b"31 0 obj\n" + body + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % at


def table_chain() -> bytes:
    """Thousands of tables, each naming the one before, the first naming the last."""
    out = raw_pdf(PAGE)
    previous = int(out.rsplit(b"startxref\n", 1)[1].split()[0])
    for _ in range(3000):
        at = len(out)
        out += b"xref\n0 0\ntrailer\n<</Size 11/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (previous, at)
        previous = at
    return out


def huge_picture() -> bytes:
    """A picture of a hundred thousand by a hundred thousand points in a few kilobytes."""
    entries = b"/Type/XObject/Subtype/Image/Width 100000/Height 100000/ColorSpace/DeviceGray/BitsPerComponent 8"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>"
    draw = b"<</Length 29>>\nstream\nq 500 0 0 500 0 0 cm /I Do Q \nendstream"
    return raw_pdf(PAGE | {3: page, 4: draw, 5: squeezed(20 * MB, entries)})


def byte_ranges() -> bytes:
    """A hundred thousand byte ranges that end anywhere."""
    out = raw_pdf(PAGE)
    return out + b"".join(b"%%/ByteRange [0 10 20 %d]\n" % n for n in range(100_000))


def comments() -> bytes:
    return raw_pdf(PAGE).replace(b"%PDF-1.7\n", b"%PDF-1.7\n" + b"%\n" * 3_000_000)


def document(text: bytes, name: str = "word/document.xml") -> bytes:
    """A package with a signature part, so that it is read."""
    out = io.BytesIO()
    signature = (
        b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/><SignatureValue/>'
        b"<KeyInfo><X509Data/></KeyInfo></Signature>"
    )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("word/document.xml", b"<document/>")
        archive.writestr("_xmlsignatures/sig1.xml", signature)
        if name != "word/document.xml":
            archive.writestr(name, text)
    return out.getvalue()


def xml_entities() -> bytes:
    lines = b'<!ENTITY a0 "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
    )
    return document(b"<!DOCTYPE x [" + lines + b"]><x>&a11;</x>", "_xmlsignatures/sig2.xml")


def xml_deep() -> bytes:
    return document(b"<a>" * 500_000 + b"</a>" * 500_000, "_xmlsignatures/sig2.xml")


def zip_bomb() -> bytes:
    return document(bytes(150 * MB), "_xmlsignatures/sig2.xml")


def zip_many() -> bytes:
    out = io.BytesIO(document(b"<x/>"))
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(20_000):
            archive.writestr(f"word/{number}", b"")
    return out.getvalue()


def repeated_attributes() -> bytes:
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.Root.AcroForm = pikepdf.Dictionary({f"/K{n}": n for n in range(200_000)})
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    f.__name__: (kind, f)
    for kind, group in {
        "pdf": (
            deep_arrays, deep_signature, deep_fields, many_fields, many_pages, page_circle, content_bomb,
            content_bomb_twice, object_stream_bomb, table_bomb, table_chain, huge_picture, byte_ranges, comments,
            repeated_attributes,
        ),
        "docx": (xml_entities, xml_deep, zip_bomb, zip_many),
    }.items()
    for f in group
}  # fmt: skip
