"""The vendored typefaces: every Vietnamese letter, the widths of Times New Roman, 1000 units for stamps, checksums."""

from __future__ import annotations

import hashlib

import pytest
from fontTools.ttLib import TTFont
from reportlab.pdfbase.pdfmetrics import stringWidth

from congvan_core.fonts import STYLES, VIETNAMESE_LETTERS, Style, font_path, reportlab_font


def test_there_are_134_letters() -> None:
    assert len(VIETNAMESE_LETTERS) == 134
    assert {"ặ", "Ỹ", "đ", "Ư", "ợ"} <= set(VIETNAMESE_LETTERS)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("stamp", [False, True])
def test_every_letter_is_in_every_face(style: Style, stamp: bool) -> None:
    with TTFont(font_path(style, stamp=stamp)) as font:
        names = font.getBestCmap()
        glyphs = font.getGlyphSet()
        wanted = VIETNAMESE_LETTERS + "".join(chr(c) for c in range(0x20, 0x7F)) + "–—“”‘’…§₫"
        assert [c for c in wanted if ord(c) not in names] == []
        assert all(glyphs[names[ord(c)]].width > 0 for c in VIETNAMESE_LETTERS)
        assert ".notdef" not in {names[ord(c)] for c in VIETNAMESE_LETTERS}


@pytest.mark.parametrize("stamp", [False, True])
@pytest.mark.parametrize(
    ("style", "times"),
    [
        ("Regular", "Times-Roman"),
        ("Bold", "Times-Bold"),
        ("Italic", "Times-Italic"),
        ("BoldItalic", "Times-BoldItalic"),
    ],
)
def test_letters_are_as_wide_as_times(style: Style, times: str, stamp: bool) -> None:
    with TTFont(font_path(style, stamp=stamp)) as font:
        names, widths, units = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
        for code in range(0x20, 0x7F):
            ours = widths[names[code]][0] * 1000 / units
            assert abs(ours - stringWidth(chr(code), times, 1000)) < 1.01, chr(code)


@pytest.mark.parametrize("style", STYLES)
def test_stamps_get_1000_units_and_another_name(style: Style) -> None:
    with TTFont(font_path(style, stamp=True)) as font:
        assert font["head"].unitsPerEm == 1000
        names = " ".join(font["name"].getDebugName(i) or "" for i in (1, 3, 4, 6, 16))
        assert "Liberation" not in names  # a reserved name (OFL 1.1, 3)
        assert "CongVan" in names


def test_checksums_and_licence_lie_beside_the_files() -> None:
    folder = font_path().parent
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    found = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.glob("*.ttf")}
    assert found == sums
    assert "SIL OPEN FONT LICENSE Version 1.1" in (folder / "OFL.txt").read_text()


def test_reportlab_knows_the_faces_once() -> None:
    assert {reportlab_font(s) for s in STYLES} == {f"CongVan-{s}" for s in STYLES}
    assert stringWidth("Số: 12/QĐ-UBND", reportlab_font(), 10) > 50
