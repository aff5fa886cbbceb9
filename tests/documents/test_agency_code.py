"""Mã định danh in both forms, compared through one canonical form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents import agency_code
from congvan_core.documents.agency_code import CodeForm
from congvan_core.errors import InputError


@pytest.mark.parametrize(
    ("code", "canonical", "form", "old"),
    [
        ("000.00.00.H24", "H24", CodeForm.OLD, "000.00.00.H24"),
        ("H24", "H24", CodeForm.NEW, "000.00.00.H24"),
        ("000.00.17.H24", "H24.17", CodeForm.OLD, "000.00.17.H24"),
        ("000.05.17.H24", "H24.17.05", CodeForm.OLD, "000.05.17.H24"),
        ("h24.17.05", "H24.17.05", CodeForm.NEW, "000.05.17.H24"),
        (" H37.02.02 ", "H37.02.02", CodeForm.NEW, "000.02.02.H37"),
        ("H37.DN.001", "H37.DN.001", CodeForm.NEW, None),
        ("28.22.H17", "H17.22.28", CodeForm.MIXED, "000.28.22.H17"),
        ("H24.17.00", "H24.17", CodeForm.NEW, "000.00.17.H24"),
        ("0200123456", "0200123456", CodeForm.ENTERPRISE, None),
        ("0200123456-001", "0200123456-001", CodeForm.ENTERPRISE, None),
        ("0200123456001", "0200123456-001", CodeForm.ENTERPRISE, None),
        ("VN.ABC123", "VN.ABC123", CodeForm.OTHER, None),
    ],
)
def test_forms(code: str, canonical: str, form: CodeForm, old: str | None) -> None:
    found = agency_code.parse(code)
    assert (found.raw, found.canonical, found.form, found.old_form) == (code, canonical, form, old)
    assert agency_code.same(code, canonical)


def test_two_bodies_stay_two() -> None:
    assert not agency_code.same("000.17.00.H24", "000.00.17.H24")
    assert not agency_code.same("", "")


@pytest.mark.parametrize("code", ["", "  ", "H24..17", "H24.Đ1", "H24;17", ".", "H24." + "17." * 20 + "17", "-"])
def test_what_is_no_code(code: str) -> None:
    with pytest.raises(InputError):
        agency_code.parse(code)
    assert agency_code.try_parse(code) is None


def test_thirty_five_characters_are_allowed() -> None:
    assert len("H24.AAA.BBB.CCC.DDD.EEE.FFF.GGG.HHH") == agency_code.MAX_LENGTH
    assert agency_code.parse("H24.AAA.BBB.CCC.DDD.EEE.FFF.GGG.HHH").form is CodeForm.NEW


@given(st.from_regex(r"\A[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}\Z"))
def test_the_old_form_survives_the_canonical_one(code: str) -> None:
    found = agency_code.parse(code)
    assert found.old_form == code
    assert agency_code.parse(found.canonical).canonical == found.canonical


@given(st.text(max_size=60))
def test_canonical_never_fails(text: str) -> None:
    once = agency_code.canonical(text)
    assert agency_code.canonical(once) == once
