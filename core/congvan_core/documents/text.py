"""Vietnamese text: Unicode by TCVN 6909:2001 (Điều 9), folding for search, and what older encodings meant."""

from __future__ import annotations

import re
import unicodedata

#: Letters that look like đ/Đ in most fonts and are typed for it: Eth and African D.
_D_LOOKALIKES = str.maketrans({"Ð": "Đ", "Ɖ": "Đ", "ð": "đ", "ɖ": "đ"})
#: Characters without a width, and controls, that a reader never sees but a comparison does.
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
#: The marks of Latin letters, taken away in one pass in C; and where other combining characters are to be looked for.
_MARKS = re.compile("[\u0300-\u034e\u0350-\u036f]+")  # U+034F has no combining class
_ELSEWHERE = re.compile("[\u0483-\u1fff\u20d0-\u20ff\u2c00-\uffff\U00010000-\U0010ffff]")
_SPACES = re.compile(r"\s+")
_HYPHENS = re.compile(r"[\u2010-\u2015\u2212\u00ad\ufe58\ufe63\uff0d]")


def nfc(text: str) -> str:
    """Precomposed Unicode (NFC), the form that Điều 9 and TCVN 6909:2001 ask for."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def squeeze(text: str) -> str:
    """NFC with every run of white space as one blank, none at the ends, and no invisible characters."""
    return _SPACES.sub(" ", _INVISIBLE.sub("", nfc(text))).strip()


def hyphens(text: str) -> str:
    """Every dash and minus sign as the plain hyphen."""
    return _HYPHENS.sub("-", text)


def letters(text: str) -> str:
    """NFC with look-alikes of đ/Đ (Eth, African D) replaced by the Vietnamese letters."""
    return nfc(text).translate(_D_LOOKALIKES)


def unaccent(text: str) -> str:
    """The same text without Vietnamese marks, case kept: ``Đặng`` -> ``Dang``. Lossy: never a key (Cẩm Giàng!)."""
    if text.isascii():
        return text
    plain = letters(text).replace("đ", "d").replace("Đ", "D")
    decomposed = unicodedata.normalize("NFD", plain)
    plain = _MARKS.sub("", decomposed)
    if _ELSEWHERE.search(plain):
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", plain)


def fold(text: str) -> str:
    """For search and loose comparison: lower case, no marks, single blanks. ``hòa`` and ``hoà`` fold alike."""
    return squeeze(unaccent(squeeze(text))).casefold()


def same_words(a: str, b: str) -> bool:
    """Whether two texts say the same letters and digits, whatever their accents, case, blanks and punctuation."""
    return _words(a) == _words(b)


def _words(text: str) -> str:
    return "".join(c for c in fold(text) if c.isalnum())


def find_invisible(text: str) -> list[str]:
    """The invisible or direction-changing characters in ``text``, as ``U+202E``, each once."""
    return sorted({f"U+{ord(c):04X}" for c in _INVISIBLE.findall(text)})
