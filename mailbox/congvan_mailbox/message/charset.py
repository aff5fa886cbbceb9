"""Bytes to text when the sender does not say, or says it wrongly, in which encoding they are."""

from __future__ import annotations

import codecs
import re
import unicodedata

from congvan_core.documents.legacy_text import from_tcvn3, from_vni

#: Characters by which an encoding is told.
_SAMPLE = 2_000
_WORD = re.compile(r"[^\W\d_]+")
_SYLLABLE = re.compile(
    r"(?:b|c|ch|d|g|gh|gi|h|k|kh|l|m|n|nh|ng|ngh|p|ph|qu|r|s|t|th|tr|v|x)?[aeiouy]{1,3}(?:c|ch|m|n|ng|nh|p|t)?"
)
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
#: What letters of TCVN3 become when they are read as Windows-1258, and what no mail says otherwise.
_SIGNS = re.compile("[\u0080-\u00bf\u00d7\u00f7\ufffd]")
#: Names that occur in mail for what Python calls otherwise.
_ALIASES = {
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "cp-1258": "cp1258",
    "x-windows-1258": "cp1258",
    "windows-1258": "cp1258",
    "unicode": "utf-16",
    "default": "us-ascii",
    "ansi_x3.4-1968": "us-ascii",
}
#: Codecs that are not text encodings, or that grow: never applied to a stranger's bytes.
_TEXT_CODECS = re.compile(r"^(utf|iso|latin|ascii|cp|koi|windows|mac|gb|big5|euc|shift|hz|tis|ptcp|johab|kz|hp)")
_MOJIBAKE = re.compile("[\u00c2-\u00c6\u00e1\u00e2][\u0080-\u00bf\u0152-\u0178\u0192-\u02dc\u2013-\u2122]")
_VIETNAMESE = re.compile(
    "[ăâđêôơưĂÂĐÊÔƠƯ\u00c0-\u00c3\u00c8-\u00ca\u00cc\u00cd\u00d2-\u00d5\u00d9\u00da\u00dd"
    "\u00e0-\u00e3\u00e8-\u00ea\u00ec\u00ed\u00f2-\u00f5\u00f9\u00fa\u00fd\u1ea0-\u1ef9]"
)


def codec_for(charset: str) -> str | None:
    """Python's name of a text encoding, or None where it is unknown or no text encoding."""
    name = charset.strip().strip("'\"").lower().partition("*")[0]
    name = _ALIASES.get(name, name)
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return found if _TEXT_CODECS.match(found) else None


def guess(data: bytes) -> str:
    """Text of undeclared bytes: UTF-8, else the old Vietnamese encoding in which it reads as Vietnamese (windows-1258,
    TCVN3, VNI), else Latin-1. NFC."""
    try:
        return unicodedata.normalize("NFC", data.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    plain = data.decode("latin-1")
    try:
        windows = data.decode("cp1258")
    except UnicodeDecodeError:
        windows = plain
    head = plain[:_SAMPLE]
    tcvn3, vni = likeness(from_tcvn3(head)), likeness(from_vni(head))
    if max(tcvn3, vni) > max(0, likeness(windows[:_SAMPLE])):
        return from_tcvn3(plain) if tcvn3 >= vni else from_vni(plain)
    return unicodedata.normalize("NFC", windows)


def likeness(text: str) -> int:
    """How much a text reads as Vietnamese: its words with marks that are syllables, less those that are none and less
    the signs that a wrong reading makes of letters."""
    score = 0
    composed = unicodedata.normalize("NFC", text).lower()
    for word in _WORD.findall(composed):
        if not word.isascii():
            marks = unicodedata.normalize("NFD", word)
            bare = "".join(c for c in marks if not unicodedata.combining(c)).replace("đ", "d")
            tones = sum(c in _TONES for c in marks)
            score += 1 if tones <= 1 and _SYLLABLE.fullmatch(bare) else -1
    return score - len(_SIGNS.findall(composed))


def decode(data: bytes, charset: str) -> str:
    """Text of bytes declared as ``charset``; a wrong or unknown declaration falls back to :func:`guess`."""
    codec = codec_for(charset)
    if codec is not None:
        try:
            return unicodedata.normalize("NFC", data.decode(codec))
        except (UnicodeDecodeError, ValueError):
            pass
    return guess(data)


def repair(text: str) -> str:
    """Undo one wrong decoding: UTF-8 that a mailer took for Latin-1 or windows-1252 (``CÃ´ng vÄƒn``).

    Only where the result is well-formed UTF-8 with Vietnamese letters; any other text comes back unchanged.
    """
    if not _MOJIBAKE.search(text):
        return text
    for codec in ("cp1252", "latin-1"):
        try:
            better = text.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
        if _VIETNAMESE.search(better):
            return unicodedata.normalize("NFC", better)
    return text
