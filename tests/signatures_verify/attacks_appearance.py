"""Later signatures and time stamps that say something on the page, in places and at times where a checker may not look
(after Rohlmann et al., "Breaking the Specification: PDF Certification", 2021, section 5)."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from attacks import N, form_xobject, increment, numbers
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps

from congvan_core.signatures.sign_signer import KeySigner

#: Over "Dieu 1. Phe duyet kinh phi 1.000.000 dong", and a blank place of the same size.
TEXT = (55.0, 690.0, 420.0, 720.0)
BLANK = (55.0, 400.0, 420.0, 430.0)


class Careless(signers.PdfSigner):  # type: ignore[misc]
    """An attacker's tool asks no DocMDP."""

    def _enforce_certification_constraints(self, reader: object) -> None:
        """Asks nobody."""


def widget(
    writer: Any, rect: tuple[float, ...], *, page: int = 0, stated: int | None = None, **entries: Any
) -> tuple[Any, Any]:
    """A signature field drawing an opaque box with text, listed by ``page`` and stating another page where asked."""
    width, height = rect[2] - rect[0], rect[3] - rect[1]
    look = form_xobject(
        writer,
        b"1 1 1 rg 0 0 %d %d re f 0 g BT /F 13 Tf 10 10 Td (9.999.999.999 dong) Tj ET" % (width, height),
        width,
        height,
    )
    place = writer.find_page_for_modification(page)[0]
    shape = {
        "/Type": N("/Annot"),
        "/Subtype": N("/Widget"),
        "/FT": N("/Sig"),
        "/T": generic.pdf_string("Len"),
        "/Rect": numbers(*rect),
        "/F": generic.NumberObject(132),
        "/P": place if stated is None else writer.find_page_for_modification(stated)[0],
        "/AP": generic.DictionaryObject({N("/N"): look}),
    } | entries
    field = writer.add_object(generic.DictionaryObject({N(k): v for k, v in shape.items()}))
    opened = place.get_object()
    listed = opened["/Annots"] if "/Annots" in opened else generic.ArrayObject()
    opened[N("/Annots")] = generic.ArrayObject([*listed, field])
    writer.update_container(opened)
    form = writer.root["/AcroForm"]
    form["/Fields"].append(field)
    writer.update_container(form["/Fields"])
    return field, opened


def sneaky(pdf: bytes, key: Any, rect: tuple[float, ...] = TEXT, **given: Any) -> bytes:
    """A sound signature in a field of the attacker's making."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    widget(writer, rect, **given)
    tool = Careless(signers.PdfSignatureMetadata(field_name="Len", md_algorithm="sha256"), signer=KeySigner(key))
    return bytes(tool.sign_pdf(writer, existing_fields_only=True).getvalue())


def stated_on_another_page(pdf: bytes, key: Any) -> bytes:
    return sneaky(pdf, key, stated=1)


def not_on_the_screen(pdf: bytes, key: Any) -> bytes:
    """Printed, never shown (flags Print and NoView)."""
    return sneaky(pdf, key, **{"/F": generic.NumberObject(4 | 32)})


def in_a_layer(pdf: bytes, key: Any) -> bytes:
    """Belongs to a layer that is off until somebody switches it on."""
    layer = generic.DictionaryObject({N("/Type"): N("/OCG"), N("/Name"): generic.pdf_string("L")})
    return sneaky(pdf, key, **{"/OC": layer})


def yellow_on_white(pdf: bytes, key: Any) -> bytes:
    return sneaky(pdf, key)


def beside_a_direct_widget(pdf: bytes, key: Any) -> bytes:
    """The field has a child without a number, and the page lists a box of that kind over the text."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    kid = generic.DictionaryObject(
        {N("/Type"): N("/Annot"), N("/Subtype"): N("/Widget"), N("/Rect"): numbers(0, 0, 0, 0)}
    )
    _, page = widget(writer, (0, 0, 0, 0), **{"/Kids": generic.ArrayObject([kid])})
    width, height = TEXT[2] - TEXT[0], TEXT[3] - TEXT[1]
    box = form_xobject(writer, b"1 1 1 rg 0 0 %d %d re f" % (width, height), width, height)
    shape = {"/Subtype": N("/Widget"), "/Rect": numbers(*TEXT), "/F": generic.NumberObject(4)}
    shape["/AP"] = generic.DictionaryObject({N("/N"): box})
    page["/Annots"].append(generic.DictionaryObject({N(k): v for k, v in shape.items()}))
    tool = Careless(signers.PdfSignatureMetadata(field_name="Len", md_algorithm="sha256"), signer=KeySigner(key))
    return bytes(tool.sign_pdf(writer, existing_fields_only=True).getvalue())


SNEAKY: dict[str, Callable[[bytes, Any], bytes]] = {
    "covers": sneaky,
    "stated-on-another-page": stated_on_another_page,
    "not-on-the-screen": not_on_the_screen,
    "in-a-layer": in_a_layer,
    "beside-a-direct-widget": beside_a_direct_widget,
}


def speaking_time_stamp(pdf: bytes, url: str, rect: tuple[float, ...] = BLANK) -> bytes:
    """A document time stamp, which anyone can have made, whose picture adds a sentence to the page."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    widget(writer, rect)
    stamper = signers.PdfTimeStamper(timestamps.HTTPTimeStamper(url), field_name="Len")
    return bytes(stamper.timestamp_pdf(writer, "sha256").getvalue())


def unsigned_field(pdf: bytes, rect: tuple[float, ...] = TEXT) -> bytes:
    """A signature field nobody has signed, whose background readers paint by themselves."""

    def change(writer: Any) -> None:
        white = generic.DictionaryObject({N("/BG"): numbers(1, 1, 1)})
        field, _ = widget(writer, rect, **{"/MK": white})
        del field.get_object()["/AP"]

    return increment(pdf, change)


def reserve(pdf: bytes) -> bytes:
    """What an honest tool leaves for the next signer: an empty field without any look."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    fields.append_signature_field(writer, fields.SigFieldSpec("Sau", on_page=0, box=(400, 100, 500, 200)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
