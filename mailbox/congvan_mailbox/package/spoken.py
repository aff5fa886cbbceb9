"""Dates, times and counts as a Vietnamese office writes them (NĐ 30/2020 Phụ lục I)."""

from __future__ import annotations

from datetime import date, datetime

from congvan_core.ids import VIETNAM


def day(value: date) -> str:
    """``05/8/2026``: a leading zero for days under 10 and for January and February only."""
    if isinstance(value, datetime):
        value = value.astimezone(VIETNAM).date()
    month = f"{value.month:02d}" if value.month < 3 else str(value.month)
    return f"{value.day:02d}/{month}/{value.year}"


def clock(moment: datetime, *, seconds: bool = False) -> str:
    """``10 giờ 42 phút``, with ``07 giây`` on request; Vietnam time (Điều 14.1.a)."""
    local = moment.astimezone(VIETNAM)
    text = f"{local.hour} giờ {local.minute:02d} phút"
    return f"{text} {local.second:02d} giây" if seconds else text


def moment(value: datetime, *, seconds: bool = False) -> str:
    """``10 giờ 42 phút ngày 05/8/2026``."""
    return f"{clock(value, seconds=seconds)} ngày {day(value)}"


def count(number: int) -> str:
    """``02``, ``15``: small counts in documents have two digits."""
    return f"{number:02d}"


def document(number_symbol: str, issued_on: date | None, type_name: str = "") -> str:
    """``văn bản số 67/SMT-VP ngày 05/8/2026`` without its first word: ``số 67/SMT-VP ngày 05/8/2026``."""
    text = f"số {number_symbol}" if number_symbol else "không số"
    return f"{text} ngày {day(issued_on)}" if issued_on else text
