"""Text typed before Unicode: TCVN3 (.VnTime fonts), VNI (VNI- fonts), Windows 1258; turned into NFC (Điều 9)."""

from __future__ import annotations

import re
import unicodedata

#: TCVN 5712:1993 VN3 ("ABC"), as its bytes look in cp1252 -> the letter. Capitals with marks came from .Vn…H fonts.
_TCVN3 = dict(
    zip(
        "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\u00adõøö÷ùúýûüþ¡¢§£¤¥¦",
        "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵĂÂĐÊÔƠƯ",
        strict=True,
    )
)
_TCVN3_TABLE = str.maketrans(_TCVN3)

#: VNI: a base letter and a following mark. Rows: bare vowel + mark letters in cp1252.
_VNI_MARKS = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_VNI_HATS = {
    "â": "\u0302", "á": "\u0302\u0301", "à": "\u0302\u0300",
    "å": "\u0302\u0309", "ã": "\u0302\u0303", "ä": "\u0302\u0323",
    "ê": "\u0306", "é": "\u0306\u0301", "è": "\u0306\u0300",
    "ú": "\u0306\u0309", "ü": "\u0306\u0303", "ë": "\u0306\u0323",
}  # fmt: skip
_VNI_SINGLE = {
    "ô": "ơ", "ö": "ư", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "ñ": "đ", "í": "í", "ì": "ì",
    "Ô": "Ơ", "Ö": "Ư", "Æ": "Ỉ", "Ó": "Ĩ", "Ò": "Ị", "Î": "Ỵ", "Ñ": "Đ", "Í": "Í", "Ì": "Ì",
}  # fmt: skip
_VNI_PAIR = re.compile("([aeouyôöAEOUYÔÖ])([" + "".join(_VNI_MARKS) + "".join(_VNI_HATS) + "ÙØÛÕÏÂÁÀÅÃÄÊÉÈÚÜË])")


def from_tcvn3(text: str, *, capitals: bool = False) -> str:
    """Text of a .Vn font as Unicode; ``capitals`` for fonts that draw small letters as capitals (.VnTimeH)."""
    converted = unicodedata.normalize("NFC", text.translate(_TCVN3_TABLE))
    return converted.upper() if capitals else converted


def to_tcvn3(text: str) -> str:
    """The reverse, for letters that the encoding has; used to make test data and to answer older systems."""
    back: dict[str, str | int | None] = {letter: code for code, letter in _TCVN3.items()}
    return unicodedata.normalize("NFC", text).translate(str.maketrans(back))


def from_vni(text: str) -> str:
    """Text of a VNI- font as Unicode."""

    def pair(match: re.Match[str]) -> str:
        base, mark = match[1], match[2].lower()
        vowel = _VNI_SINGLE.get(base, base)
        hat = _VNI_HATS.get(mark, "")
        if hat and vowel.lower() not in ("a" if hat[0] == "\u0306" else "aeo"):
            return "".join(_VNI_SINGLE.get(c, c) for c in match[0])
        return vowel + (_VNI_MARKS.get(mark) or _VNI_HATS[mark])

    out: list[str] = []
    at = 0
    for match in _VNI_PAIR.finditer(text):
        out.append("".join(_VNI_SINGLE.get(c, c) for c in text[at : match.start()]))
        out.append(pair(match))
        at = match.end()
    out.append("".join(_VNI_SINGLE.get(c, c) for c in text[at:]))
    return unicodedata.normalize("NFC", "".join(out))


def decode_cp1258(data: bytes) -> str:
    """Windows 1258, whose marks are combining characters, as NFC; bytes it does not know become U+FFFD."""
    return unicodedata.normalize("NFC", data.decode("cp1258", "replace"))


def font_encoding(font: str) -> str | None:
    """``tcvn3``, ``tcvn3-capitals`` or ``vni`` by the name of a font; None for Unicode fonts."""
    name = re.sub(r"^[A-Z]{6}\+", "", font.strip().strip("\"'"))  # a PDF's subset prefix
    lowered = name.lower()
    if lowered.startswith((".vn", "vntime", "vnarial")):
        return "tcvn3-capitals" if re.search(r"[a-z]H(?:\b|$|[ ,\-])", name) else "tcvn3"
    return "vni" if lowered.startswith(("vni-", "vni ")) else None


def convert(text: str, encoding: str | None) -> str:
    """Text as its font's encoding (see :func:`font_encoding`) means it; unchanged for None."""
    if encoding == "vni":
        return from_vni(text)
    if encoding in ("tcvn3", "tcvn3-capitals"):
        return from_tcvn3(text, capitals=encoding == "tcvn3-capitals")
    return text
