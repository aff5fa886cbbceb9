"""Number and date after the leader's signature: fields that it permits to be filled (Điều 19.3, 20.1.b).

The order of an office is: the leader signs, the clerk gives number and date, the agency signs. So the file gets two
text fields before the leader signs; his signature certifies it (DocMDP 2) and locks every field but these and the
agency's (FieldMDP); filling them later is a change that he permitted, and every reader says so.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from typing import Any

from congvan_core.documents.sample_pdf import date_words
from congvan_core.documents.text import nfc
from congvan_core.errors import InputError, RefusedError
from congvan_core.fonts import Style, missing_letters
from congvan_core.signatures.sign_place import normal, page_box, page_count, refuse_encrypted
from congvan_core.signatures.sign_signer import our_errors

Rect = tuple[float, float, float, float]

NUMBER_FIELD = "so"
DATE_FIELD = "ngay"
#: Where the page prints "ngày    tháng    năm 2026" itself, only the day, and the month where it is blank too.
DAY_FIELD = "ngay_so"
MONTH_FIELD = "thang_so"
#: What a leader's signature leaves open.
NUMBERING_FIELDS = (NUMBER_FIELD, DATE_FIELD, DAY_FIELD, MONTH_FIELD)
#: Phụ lục I, ô số 3 and 4: size 13, number upright, date in italics.
FIELD_SIZE = 13.0
_STYLES: dict[str, Style] = {
    NUMBER_FIELD: "Regular", DATE_FIELD: "Italic", DAY_FIELD: "Italic", MONTH_FIELD: "Italic",
}  # fmt: skip
_LABELS = {
    NUMBER_FIELD: "Số văn bản",
    DATE_FIELD: "Ngày, tháng, năm ban hành",
    DAY_FIELD: "Ngày ban hành",
    MONTH_FIELD: "Tháng ban hành",
}
MAX_TEXT = 60


def prepare_number_fields(pdf: bytes, number_rect: Rect, date_rect: Rect, *, page: int = 0) -> bytes:
    """The file with two empty text fields ``so`` and ``ngay``, before anyone has signed. Raises as ``lay_fields``."""
    return lay_fields(pdf, {NUMBER_FIELD: number_rect, DATE_FIELD: date_rect}, page=page)


def lay_fields(pdf: bytes, places: Mapping[str, Rect], *, page: int = 0) -> bytes:
    """The file with an empty text field at each place; the names are those of ``NUMBERING_FIELDS``.

    Rectangles in points on the 0-based ``page``. Raises RefusedError where the file is signed already or has such
    fields, InputError for a place off the page, UnreadableError for a damaged or encrypted file.
    """
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    with our_errors("đặt ô số và ngày"):
        writer: Any = IncrementalPdfFileWriter(io.BytesIO(pdf))
        refuse_encrypted(writer.prev)
        if list(writer.prev.embedded_signatures):
            raise RefusedError("Văn bản đã có chữ ký số: ô số và ngày phải được đặt trước chữ ký đầu tiên.")
        if not 0 <= page < page_count(writer.prev):
            raise InputError(f"Không có trang {page}.")
        box = page_box(writer.prev, page)
        page_ref = writer.find_page_for_modification(page)[0]
        fields = _form(writer, generic)
        if any(f.get_object().get("/T") in _STYLES for f in fields):
            raise RefusedError("Văn bản đã có ô số hoặc ô ngày.")
        for name, rect in ((each, normal(place)) for each, place in places.items()):
            if not (box[0] <= rect[0] < rect[2] <= box[2] and box[1] <= rect[1] < rect[3] <= box[3]):
                raise InputError(f"Ô “{name}” nằm ngoài trang.")
            shape = _widget(generic, name, rect, page_ref)
            _appearance(writer, shape, name, "")
            widget = writer.add_object(shape)
            writer.register_annotation(page_ref, widget)
            fields.append(widget)
        writer.update_container(fields)
        return _written(writer)


def _form(writer: Any, generic: Any) -> Any:
    """The AcroForm's field array, made where there is none; a standard serif as default font for other programs."""
    name = generic.NameObject
    root = writer.root
    if "/AcroForm" not in root:
        font = generic.DictionaryObject(
            {name("/Type"): name("/Font"), name("/Subtype"): name("/Type1"), name("/BaseFont"): name("/Times-Roman")}
        )
        fonts = generic.DictionaryObject({name("/TiRo"): writer.add_object(font)})
        form = generic.DictionaryObject(
            {
                name("/Fields"): generic.ArrayObject(),
                name("/DA"): generic.TextStringObject(f"/TiRo {FIELD_SIZE:g} Tf 0 g"),
                name("/DR"): generic.DictionaryObject({name("/Font"): fonts}),
            }
        )
        root[name("/AcroForm")] = writer.add_object(form)
        writer.update_root()
        return form["/Fields"]
    form = root["/AcroForm"]
    if "/Fields" not in form:
        form[name("/Fields")] = generic.ArrayObject()
        writer.update_container(form)
    return form["/Fields"]


def _widget(generic: Any, name: str, rect: Rect, page_ref: Any) -> Any:
    n = generic.NameObject
    return generic.DictionaryObject(
        {
            n("/Type"): n("/Annot"),
            n("/Subtype"): n("/Widget"),
            n("/FT"): n("/Tx"),
            n("/T"): generic.TextStringObject(name),
            n("/TU"): generic.TextStringObject(_LABELS[name]),
            n("/F"): generic.NumberObject(4),  # printed
            n("/Ff"): generic.NumberObject(0),
            n("/MaxLen"): generic.NumberObject(MAX_TEXT),
            n("/DA"): generic.TextStringObject(f"/TiRo {FIELD_SIZE:g} Tf 0 g"),
            n("/P"): page_ref,
            n("/Rect"): generic.ArrayObject(generic.FloatObject(f"{v:.2f}") for v in rect),
            n("/V"): generic.TextStringObject(""),
        }
    )


def fill_number_and_date(pdf: bytes, number: str, issued_on: date | str) -> bytes:
    """Number and date written into the fields, as an incremental update with their appearance in the vendored face.

    ``number`` is printed as given, with a zero before a single digit (Phụ lục I, ô số 3). ``issued_on`` a date becomes
    ``ngày 05 tháng 01 năm 2026``; text is printed as given. Raises RefusedError where the fields are missing, filled
    already or locked by a signature, or the file permits no filling.
    """
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    number = nfc(number.strip())
    if number.isdigit() and len(number) == 1:
        number = f"0{number}"
    words = date_words(issued_on) if isinstance(issued_on, date) else nfc(issued_on.strip())
    for text in (number, words):
        if not text or len(text) > MAX_TEXT or missing_letters(text):
            raise InputError("Số hoặc ngày để ghi vào văn bản trống, quá dài hoặc có ký tự lạ.")
    with our_errors("ghi số và ngày"):
        writer: Any = IncrementalPdfFileWriter(io.BytesIO(pdf))
        refuse_encrypted(writer.prev)
        _permitted(writer.prev)
        found = {str(f.get_object().get("/T", "")): f.get_object() for f in _form_fields(writer.root)}
        for name, text in _values(found, number, words, issued_on):
            if name not in found:
                raise RefusedError("Văn bản không có ô số hoặc ô ngày để ghi.")
            widget = found[name]
            if str(widget.get("/V", "")):
                raise RefusedError(f"Ô “{_LABELS[name]}” đã được ghi “{str(widget['/V'])[:60]}”.")
            widget[generic.NameObject("/V")] = generic.TextStringObject(text)
            _appearance(writer, widget, name, text)
            writer.update_container(widget)
        return _written(writer)


def _form_fields(root: Any) -> Any:
    return root["/AcroForm"]["/Fields"] if "/AcroForm" in root and "/Fields" in root["/AcroForm"] else []


def _values(found: Mapping[str, Any], number: str, words: str, issued_on: date | str) -> list[tuple[str, str]]:
    """What goes into which field: the whole date, or its day and month where the page prints the words itself."""
    if DATE_FIELD in found or DAY_FIELD not in found or not isinstance(issued_on, date):
        return [(NUMBER_FIELD, number), (DATE_FIELD, words)]
    month = [(MONTH_FIELD, words.split(" tháng ")[1].split(" ")[0])] if MONTH_FIELD in found else []
    return [(NUMBER_FIELD, number), (DAY_FIELD, f"{issued_on.day:02d}"), *month]


def _permitted(reader: Any) -> None:
    from pyhanko.sign.fields import MDPPerm

    for signature in reader.embedded_regular_signatures:
        if signature.docmdp_level == MDPPerm.NO_CHANGES:
            raise RefusedError("Chữ ký trước không cho phép thay đổi gì nữa: không ghi được số và ngày.")
        lock = signature.fieldmdp
        if lock is not None and (lock.is_locked(NUMBER_FIELD) or all(map(lock.is_locked, (DATE_FIELD, DAY_FIELD)))):
            raise RefusedError("Ô số và ngày đã bị một chữ ký trước khóa lại.")


def _appearance(writer: Any, widget: Any, name: str, text: str) -> None:
    from pyhanko.pdf_utils import content, generic, layout

    from congvan_core.signatures.appearance_stamp import text_at

    left, bottom, right, top = normal(widget["/Rect"])
    width, height = right - left, top - bottom
    drawn: Any = content.RawContent(b"", box=layout.BoxConstraints(width=width, height=height))
    drawn.set_writer(writer)
    align = "left" if name == DATE_FIELD else "center"
    inner = text_at(drawn, text, width, height, FIELD_SIZE, align, _STYLES[name]) if text else b""
    drawn.data = b"/Tx BMC " + inner + b" EMC"
    stream = writer.add_object(drawn.as_form_xobject())
    pairs: Any = generic
    widget[pairs.NameObject("/AP")] = pairs.DictionaryObject({pairs.NameObject("/N"): stream})


def _written(writer: Any) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
