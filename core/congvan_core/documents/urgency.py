"""Urgency (mức độ khẩn) from any spelling: NĐ 30/2020's words, a packet's digit, English, a subject's prefix."""

from __future__ import annotations

import re

from congvan_core.documents.model import Urgency
from congvan_core.documents.text import fold
from congvan_core.errors import InputError

_WORDS: dict[str, Urgency] = {
    "": Urgency.NORMAL,
    "thuong": Urgency.NORMAL,
    "binh thuong": Urgency.NORMAL,
    "khong khan": Urgency.NORMAL,
    "khong": Urgency.NORMAL,
    "normal": Urgency.NORMAL,
    "routine": Urgency.NORMAL,
    "none": Urgency.NORMAL,
    "non urgent": Urgency.NORMAL,
    "khan": Urgency.URGENT,
    "urgent": Urgency.URGENT,
    "thuong khan": Urgency.VERY_URGENT,
    "very urgent": Urgency.VERY_URGENT,
    "hoa toc": Urgency.EXPRESS,
    "express": Urgency.EXPRESS,
    "most urgent": Urgency.EXPRESS,
    "hoa toc hen gio": Urgency.EXPRESS_TIMED,
    "hoa toc hen": Urgency.EXPRESS_TIMED,
    "express timed": Urgency.EXPRESS_TIMED,
    "timed express": Urgency.EXPRESS_TIMED,
}
_WORDS |= {str(level.value): level for level in Urgency}
_SUBJECT = re.compile(r"^\s*(?:(?:re|fwd?|tl|ct)\s*:\s*)*\[([^\]]{3,40})\]", re.IGNORECASE)
#: A stamp stands on a line of its own, in capitals: HỎA TỐC, THƯỢNG KHẨN, KHẨN, with the hour for a timed one.
_STAMP = re.compile(r"^[\W_]*(HOA TOC HEN GIO|HOA TOC|THUONG KHAN|KHAN)\b[\W\d_]*$")
_TIMED = re.compile(r"^hoa toc hen(?: gio)?\b")


def read(value: object) -> Urgency | None:
    """The level that ``value`` (text, digit, :class:`Urgency`) names; None where it names none. Empty is NORMAL."""
    if isinstance(value, Urgency):
        return value
    if value is None:
        return Urgency.NORMAL
    if isinstance(value, int):
        return Urgency(value) if 0 <= value <= Urgency.EXPRESS_TIMED else None
    text = fold(str(value)[:200])
    if re.fullmatch(r"[-+.]\d+", text):
        return None
    key = re.sub(r"[\W_]+", " ", text).strip()
    key = key.removeprefix("do khan ").removeprefix("muc do khan ").removeprefix("muc do ").strip()
    if _TIMED.match(key):
        return Urgency.EXPRESS_TIMED
    return _WORDS.get(key)


def parse(value: object) -> Urgency:
    """As :func:`read`; raises :class:`InputError` where the level is unknown."""
    found = read(value)
    if found is None:
        raise InputError(f"Mức độ khẩn “{str(value)[:40]}” không có; dùng: thường, khẩn, thượng khẩn, hỏa tốc.")
    return found


def from_subject(subject: str) -> Urgency:
    """The level in a mail subject's leading brackets (``[HỎA TỐC] 12/…``); NORMAL where there is none."""
    match = _SUBJECT.match(subject[:500])
    return (read(match[1]) if match else None) or Urgency.NORMAL


def from_page(text: str) -> Urgency | None:
    """The stamp on a first page (NĐ 30/2020 Phụ lục I, cell 10b): a line of its own in capitals; None without one."""
    from congvan_core.documents.text import unaccent

    levels = []
    for line in text.splitlines()[:60]:
        if line.strip() and line == line.upper():
            match = _STAMP.match(unaccent(line.strip()))
            if match:
                levels.append(read(match[1]) or Urgency.NORMAL)
    return max(levels) if levels else None
