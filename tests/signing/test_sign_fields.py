"""Number and date after the leader's signature, permitted by it (Điều 19.3, 20.1.b)."""

from __future__ import annotations

import io
import subprocess
from datetime import date
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from congvan_core.errors import InputError, RefusedError, UnreadableError
from congvan_core.signatures.appearance import agency_appearance, person_appearance
from congvan_core.signatures.appearance_art import demo_seal, demo_signature
from congvan_core.signatures.sign_fields import fill_number_and_date, prepare_number_fields
from congvan_core.signatures.signing import sign_pdf
from support_pdf import make_blank, make_pdf
from support_pki import LivePki
from support_verdicts import signatures, statuses, verdicts


def _prepared() -> bytes:
    blank = make_blank()
    return prepare_number_fields(blank.pdf, blank.number_rect, blank.date_rect)


def _leader(pki: LivePki, **options: object) -> bytes:
    blank = make_blank()
    values: dict[str, object] = {
        "appearance": person_appearance(demo_signature("Nguyễn Văn Ánh")),
        "page": blank.signature_page,
        "rect": blank.signature_rect,
        "open_fields": ["so", "ngay"],
        "reserve_agency": True,
    }
    return sign_pdf(_prepared(), pki.signing_key("leader"), **{**values, **options})


def _text(pdf: bytes, tmp_path: Path) -> str:
    (tmp_path / "t.pdf").write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", str(tmp_path / "t.pdf"), "-"], capture_output=True, text=True)
    return " ".join(done.stdout.split())


def test_leader_signs_clerk_numbers_agency_seals(pki: LivePki, tmp_path: Path) -> None:
    signed = _leader(pki)
    numbered = fill_number_and_date(signed, "7", date(2026, 1, 5))
    assert numbered.startswith(signed)
    sealed = sign_pdf(
        numbered, pki.signing_key("agency-a"), kind="agency", appearance=agency_appearance(demo_seal("SỞ THỬ NGHIỆM A"))
    )
    assert verdicts(sealed, pki) == [("NguoiKy", True, True), ("CoQuan", True, True)]
    person, agency = statuses(sealed, pki)
    assert person.docmdp_ok
    assert person.modification_level.name == "FORM_FILLING"
    assert agency.modification_level.name == "NONE"
    text = _text(sealed, tmp_path)
    assert "07" in text
    assert "Hải Phòng, ngày 05 tháng 01 năm 2026" in text
    with pikepdf.open(io.BytesIO(sealed)) as pdf:
        values = {str(f.T): str(f.get("/V", "")) for f in pdf.Root.AcroForm.Fields if f.get("/FT") == "/Tx"}
        assert values == {"so": "07", "ngay": "ngày 05 tháng 01 năm 2026"}
        assert "/NeedAppearances" not in pdf.Root.AcroForm


def test_only_number_and_date_may_be_filled(pki: LivePki) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(_prepared())) as pdf:  # a third field that the signature locks
        extra = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T="khac",
                Rect=[10, 10, 90, 30], P=pdf.pages[0].obj, V="",
            )
        )  # fmt: skip
        pdf.Root.AcroForm.Fields.append(extra)
        pdf.pages[0].Annots.append(extra)
        pdf.save(out)
    signed = sign_pdf(out.getvalue(), pki.signing_key("leader"), open_fields=["so", "ngay"], reserve_agency=True)
    assert statuses(fill_number_and_date(signed, "12", date(2026, 11, 22)), pki)[0].bottom_line

    from pyhanko.pdf_utils.generic import NameObject, TextStringObject
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object().get("/T") == "khac":
            field.get_object()[NameObject("/V")] = TextStringObject("thêm")
            writer.update_container(field.get_object())
    changed = io.BytesIO()
    writer.write(changed)
    assert not statuses(changed.getvalue(), pki)[0].bottom_line


def test_a_filled_number_is_not_overwritten_and_the_seal_closes(pki: LivePki) -> None:
    numbered = fill_number_and_date(_leader(pki), "7", date(2026, 11, 22))
    with pytest.raises(RefusedError, match="đã được ghi “07”"):
        fill_number_and_date(numbered, "8", date(2026, 11, 22))


def test_what_locks_or_lacks_the_fields_is_named(pki: LivePki) -> None:
    day = date(2026, 11, 22)
    with pytest.raises(RefusedError, match="không có ô"):
        fill_number_and_date(make_pdf(), "7", day)
    with pytest.raises(RefusedError, match="không cho phép"):
        fill_number_and_date(sign_pdf(_prepared(), pki.signing_key("leader"), docmdp=1, certify=True), "7", day)
    with pytest.raises(RefusedError, match="khóa"):
        fill_number_and_date(sign_pdf(_prepared(), pki.signing_key("leader"), open_fields=["ngay"]), "7", day)
    with pytest.raises(RefusedError, match="trước chữ ký"):
        blank = make_blank()
        prepare_number_fields(sign_pdf(blank.pdf, pki.signing_key("leader")), blank.number_rect, blank.date_rect)
    with pytest.raises(RefusedError, match="đã có ô"):
        prepare_number_fields(_prepared(), (10, 10, 50, 30), (60, 10, 90, 30))
    with pytest.raises(InputError, match="ngoài trang"):
        prepare_number_fields(make_pdf(), (10, 10, 50, 30), (600, 10, 900, 30))
    with pytest.raises(InputError, match="trang 4"):
        prepare_number_fields(make_pdf(), (10, 10, 50, 30), (60, 10, 90, 30), page=4)
    with pytest.raises(UnreadableError):
        prepare_number_fields(b"no pdf", (10, 10, 50, 30), (60, 10, 90, 30))


def test_the_seal_has_its_place_before_the_leader_signs(pki: LivePki) -> None:
    signed = _leader(pki)
    assert [s.field_name for s in signatures(signed)] == ["NguoiKy"]
    with pytest.raises(InputError, match="đầu tiên"):
        sign_pdf(signed, pki.signing_key("clerk"), reserve_agency=True)


@settings(max_examples=25)
@given(number=st.text(max_size=80), words=st.text(max_size=80))
def test_any_text_is_filled_or_refused(number: str, words: str) -> None:
    try:
        filled = fill_number_and_date(_prepared(), number, words)
    except InputError:
        return
    assert len(filled) > len(_prepared())
