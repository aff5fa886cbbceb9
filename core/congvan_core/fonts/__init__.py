"""The typefaces of official documents: Liberation Serif 2, as wide as Times New Roman (NĐ 30/2020, Phụ lục I), OFL.

Every one of the 134 accented Vietnamese letters is in each of them (a test reads the character maps). ``stamp=True``
gives the copy of 1000 units per em that pyHanko needs for text in stamps.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Literal

Style = Literal["Regular", "Bold", "Italic", "BoldItalic"]
STYLES: tuple[Style, ...] = ("Regular", "Bold", "Italic", "BoldItalic")

_HERE = Path(__file__).parent
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_VOWELS = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
#: The letters of Vietnamese beyond a-z (TCVN 6909:2001, precomposed): 134 of them.
VIETNAMESE_LETTERS = "".join(
    sorted(set("ăâđêôơưĂÂĐÊÔƠƯ") | {unicodedata.normalize("NFC", v + t) for v in _VOWELS for t in _TONES})
)


def font_path(style: Style = "Regular", *, stamp: bool = False) -> Path:
    return _HERE / f"{'CongVanSerif' if stamp else 'LiberationSerif'}-{style}.ttf"


@cache
def reportlab_font(style: Style = "Regular") -> str:
    """The name under which reportlab knows the face, registered at first use (family and all four styles)."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    names: dict[Style, str] = {s: f"CongVan-{s}" for s in STYLES}
    for each, name in names.items():
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(font_path(each))))
    pdfmetrics.registerFontFamily(names["Regular"], *(names[s] for s in STYLES))
    return names[style]


@cache
def _characters(style: Style) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(font_path(style, stamp=True), lazy=True) as font:
        return frozenset(font.getBestCmap())


def missing_letters(text: str, style: Style = "Regular") -> str:
    """The characters of ``text`` that the stamp face lacks, each once."""
    have = _characters(style)
    return "".join(dict.fromkeys(c for c in text if ord(c) not in have))
