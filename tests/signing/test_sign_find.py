"""The place of a signature found in the text: between title and name (Phụ lục I, ô số 7c)."""

from __future__ import annotations

import pytest

from congvan_core.errors import InputError, NotFoundError, UnreadableError
from congvan_core.signatures.appearance import person_appearance
from congvan_core.signatures.appearance_art import demo_signature
from congvan_core.signatures.sign_find import find_signature_place
from congvan_core.signatures.signing import sign_pdf
from support_pdf import document, make_pdf, make_scan
from support_pki import LivePki
from support_verdicts import verdicts


def test_between_title_and_name(pki: LivePki) -> None:
    made = document()
    found = find_signature_place(made.pdf, "Nguyễn Văn Ánh", "Giám đốc")
    assert found.titled
    assert found.page == made.signature_page
    assert found.rect == pytest.approx(made.signature_rect, abs=14)
    appearance = person_appearance(demo_signature("Nguyễn Văn Ánh"))
    signed = sign_pdf(made.pdf, pki.signing_key("leader"), page=found.page, rect=found.rect, appearance=appearance)
    assert verdicts(signed, pki) == [("NguoiKy", True, True)]


def test_the_last_page_counts_and_a_missing_title_is_said() -> None:
    pdf = make_pdf(pages=3)
    found = find_signature_place(pdf, "nguyễn văn ánh", "CHỦ TỊCH")
    assert (found.page, found.titled) == (2, False)
    assert found.rect[3] > found.rect[1]


def test_a_deputy_for_the_head() -> None:
    pdf = make_pdf(competence="KT. GIÁM ĐỐC", position="PHÓ GIÁM ĐỐC", full_name="Lê Hữu Đức")
    found = find_signature_place(pdf, "Lê Hữu Đức", "PHÓ GIÁM ĐỐC")
    assert found.titled


def test_what_cannot_be_found_is_said() -> None:
    with pytest.raises(NotFoundError, match="Trần"):
        find_signature_place(make_pdf(), "Trần Không Có")
    with pytest.raises(NotFoundError):
        find_signature_place(make_scan(), "Nguyễn Văn Ánh")
    with pytest.raises(InputError):
        find_signature_place(make_pdf(), "  ")
    with pytest.raises(UnreadableError):
        find_signature_place(b"x", "Nguyễn Văn Ánh")
