"""Marks are taken off exactly as the Unicode database names them, whichever way is the quick one."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents.text import letters, unaccent


def _slowly(text: str) -> str:
    plain = letters(text).replace("đ", "d").replace("Đ", "D")
    decomposed = unicodedata.normalize("NFD", plain)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


@given(st.text())
def test_any_text_loses_its_combining_characters(text: str) -> None:
    assert unaccent(text) == _slowly(text)


def test_every_combining_character_goes() -> None:
    combining = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code))]
    assert len(combining) > 800
    assert [c for c in combining if unaccent(f"a{c}b") != _slowly(f"a{c}b")] == []
    assert unaccent("Đặng Văn Ánh — Cẩm Giàng") == "Dang Van Anh — Cam Giang"
