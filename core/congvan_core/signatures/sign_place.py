"""Where a signature goes: existing fields, new fields, the seal beside the person's (NĐ 30/2020, Phụ lục I)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from congvan_core.errors import InputError, RefusedError, UnreadableError

if TYPE_CHECKING:
    from congvan_core.signatures.signing import Rect, SignOptions

#: No document of an office is larger; protects the walk over pages.
MAX_PAGES = 20_000
#: A round seal of an agency is 36 mm wide or less; the picture stands in real size (Phụ lục I, ô số 8).
SEAL_SIZE = 36 / 25.4 * 72


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """A field to sign: ``new`` is pyHanko's SigFieldSpec or None where the field exists; ``rect`` None if invisible."""

    name: str
    page: int
    rect: Rect | None
    new: Any = None


def refuse_encrypted(reader: Any) -> None:
    if reader.encrypted:
        raise UnreadableError("Tệp PDF đã được mã hóa (đặt mật khẩu): không ký số được. Hãy dùng bản không mã hóa.")


def page_count(reader: Any) -> int:
    count = int(reader.root["/Pages"]["/Count"])
    if not 0 < count <= MAX_PAGES:
        raise UnreadableError(f"Tệp PDF khai {count} trang: không ký số được.")
    return count


def page_box(reader: Any, page: int) -> Rect:
    """The media box (left, bottom, right, top) of a 0-based page."""
    values = reader.find_page_for_modification(page)[0].get_object()
    for _ in range(64):
        if "/MediaBox" in values:
            return normal(values["/MediaBox"])
        if "/Parent" not in values:
            break
        values = values["/Parent"]
    return (0.0, 0.0, 595.28, 841.89)


def normal(values: Any) -> Rect:
    a, b, c, d = (float(v) for v in values)
    return (min(a, c), min(b, d), max(a, c), max(b, d))


def signature_widgets(reader: Any) -> list[FieldPlace]:
    """The signed, visible signatures in order of signing."""
    pages = {}
    for number in range(page_count(reader)):
        ref = reader.find_page_for_modification(number)[0]
        pages[(ref.idnum, ref.generation)] = number
    out = []
    for signature in reader.embedded_regular_signatures:
        widget = signature.sig_field
        if "/Rect" not in widget and "/Kids" in widget:
            widget = widget["/Kids"][0]
        if "/Rect" not in widget:
            continue
        rect = normal(widget["/Rect"])
        if rect[2] - rect[0] < 1 or rect[3] - rect[1] < 1:
            continue
        page = 0
        if "/P" in widget:
            ref = widget.raw_get("/P")
            page = pages.get((ref.idnum, ref.generation), 0)
        out.append(FieldPlace(signature.field_name, page, rect))
    return out


def seal_rect(person: Rect, size: float = SEAL_SIZE) -> Rect:
    """The seal over the left third of the person's signature, on the same middle line (Phụ lục I, ô số 8)."""
    left, bottom, right, top = person
    edge = left + (right - left) / 3
    middle = (bottom + top) / 2
    return (edge - size, middle - size / 2, edge, middle + size / 2)


def top_right(box: Rect, width: float = 200.0, height: float = 38.0) -> Rect:
    """The corner of the first page for enclosures and copies (ô số 14): 15 mm from the right, within the top margin."""
    right, top = box[2] - 42.5, box[3] - 12.0
    return (right - width, top - height, right, top)


def field_spec(writer: Any, opts: SignOptions) -> tuple[str, FieldPlace]:
    """The name and place of the field to sign, new or existing. Raises InputError, RefusedError."""
    from pyhanko.sign.fields import enumerate_sig_fields

    from congvan_core.signatures.signing import AGENCY_FIELD, PERSON_FIELD

    reader = writer.prev
    pages = page_count(reader)
    known: dict[str, tuple[bool, Any]] = {
        name: (value is not None, ref) for name, value, ref in enumerate_sig_fields(reader)
    }
    default = AGENCY_FIELD if opts.kind == "agency" else PERSON_FIELD
    name = opts.field_name or _free(default, known)
    if name in known:
        filled, ref = known[name]
        if filled:
            raise RefusedError(f"Ô chữ ký “{name}” đã được ký.")
        return name, _existing(reader, name, ref)
    if "." in name or len(name) > 120:
        raise InputError(f"Tên ô chữ ký không hợp lệ: {name!r}.")
    page, rect = _place(reader, opts, pages)
    place = FieldPlace(name, page, rect)
    return name, replace(place, new=_spec(place, opts.kind, _lock(opts)))


_READABLE = {"person": "Chữ ký số của người có thẩm quyền", "agency": "Chữ ký số của cơ quan, tổ chức"}


def _free(base: str, known: dict[str, tuple[bool, Any]]) -> str:
    """``base`` where it is free or empty, else base2, base3 …"""
    name, number = base, 1
    while name in known and known[name][0]:
        number += 1
        name = f"{base}{number}"
    return name


def _lock(opts: SignOptions) -> Any:
    from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec

    if opts.open_fields is None:
        return None
    return (
        FieldMDPSpec(FieldMDPAction.EXCLUDE, list(opts.open_fields))
        if opts.open_fields
        else FieldMDPSpec(FieldMDPAction.ALL)
    )


def _existing(reader: Any, name: str, ref: Any) -> FieldPlace:
    widget = ref.get_object()
    if "/Rect" not in widget and "/Kids" in widget:
        widget = widget["/Kids"][0]
    rect = normal(widget["/Rect"]) if "/Rect" in widget else None
    if rect is not None and (rect[2] - rect[0] < 1 or rect[3] - rect[1] < 1):
        rect = None
    return FieldPlace(name, 0, rect)


def _place(reader: Any, opts: SignOptions, pages: int) -> tuple[int, Rect | None]:
    page = opts.page
    if page is not None and not -pages <= page < pages:
        raise InputError(f"Tệp có {pages} trang, không có trang {page}.")
    if opts.appearance is None and opts.rect is None:
        return 0, None
    if opts.rect is not None:
        at = (page if page is not None else -1) % pages
        rect = normal(opts.rect)
        box = page_box(reader, at)
        inside = rect[0] < box[2] and rect[2] > box[0] and rect[1] < box[3] and rect[3] > box[1]
        if rect[2] - rect[0] < 1 or rect[3] - rect[1] < 1 or not inside:
            raise InputError("Vị trí chữ ký nằm ngoài trang hoặc quá nhỏ.")
        return at, rect
    corner = opts.appearance is not None and opts.appearance.corner
    if corner:
        return 0, top_right(page_box(reader, 0))
    if opts.kind == "agency":
        persons = signature_widgets(reader)
        if persons:
            return persons[-1].page, seal_rect(persons[-1].rect or (0, 0, 0, 0))
        raise InputError("Không thấy chữ ký của người có thẩm quyền trên trang để đặt dấu bên cạnh: cần chỉ rõ vị trí.")
    raise InputError("Cần chỉ rõ vị trí (trang và khung) của chữ ký.")


def is_certification(signature: Any) -> bool:
    """Whether a signature certifies the file: its reference names the DocMDP method (ISO 32000-2 12.8.2.2)."""
    references = signature.sig_object.get("/Reference", ())
    return any(r.get_object().get("/TransformMethod") == "/DocMDP" for r in references)


def reserve_fields(
    writer: Any, person: FieldPlace, others: Sequence[tuple[str, int, Rect]], agency: str | None
) -> FieldPlace:
    """Lay empty fields for further persons and for the agency's seal, in the revision that the first person signs.

    Signing later then only fills a field that was there, which every reader takes for permitted. Returns the first
    person's place, now an existing field.
    """
    from pyhanko.sign.fields import append_signature_field, enumerate_sig_fields

    known = {each for each, _, _ in enumerate_sig_fields(writer.prev)}
    pages = page_count(writer.prev)
    if person.new is not None:  # first, so that readers list the signatures in the order of signing
        append_signature_field(writer, person.new)
    places = [FieldPlace(name, page, normal(rect)) for name, page, rect in others]
    for place in places:
        if not 0 <= place.page < pages or place.name in known or place.name == person.name:
            raise InputError(f"Không đặt được chỗ cho chữ ký “{place.name}”: trùng tên hoặc không có trang.")
        append_signature_field(writer, _spec(place, "person"))
    if agency is not None and agency not in known:
        last = places[-1] if places else person
        rect = None if last.rect is None else seal_rect(last.rect)
        append_signature_field(writer, _spec(FieldPlace(agency, last.page, rect), "agency"))
    return replace(person, new=None)


def _spec(place: FieldPlace, kind: str, lock: Any = None) -> Any:
    from pyhanko.sign.fields import SigFieldSpec

    box: Any = None if place.rect is None else tuple(round(v, 2) for v in place.rect)  # points, not only whole ones
    return SigFieldSpec(place.name, place.page, box, field_mdp_spec=lock, readable_field_name=_READABLE[kind])
