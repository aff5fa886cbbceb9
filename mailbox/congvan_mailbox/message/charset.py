"""Bytes to text when the sender does not say, or says it wrongly, in which encoding they are."""

from __future__ import annotations

import codecs
import re
import unicodedata

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
    """Text of undeclared bytes: UTF-8, else windows-1258 (old Vietnamese Windows), else Latin-1. NFC."""
    for codec in ("utf-8", "cp1258"):
        try:
            return unicodedata.normalize("NFC", data.decode(codec))
        except UnicodeDecodeError:
            continue
    return unicodedata.normalize("NFC", data.decode("latin-1"))


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
