"""Vietnamese wording of dates, times and addresses as NĐ 30/2020 and office letters write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from congvan_core.documents.text import squeeze
from congvan_core.ids import VIETNAM


def _local(moment: datetime) -> datetime:
    """In Vietnam's zone (Điều 14.1.a); a naive time is taken as Vietnam's already."""
    return moment.astimezone(VIETNAM) if moment.tzinfo else moment


def _day(day: date | datetime) -> date:
    return _local(day).date() if isinstance(day, datetime) else day


def _month(month: int) -> str:
    # NĐ 30/2020 Phụ lục I, ô số 4: a zero stands before days under 10 and months 1 and 2 only.
    return f"{month:02d}" if month < 3 else str(month)


def vn_date(day: date | datetime) -> str:
    """``05/8/2026``, ``22/11/2026``, ``05/01/2026``."""
    plain = _day(day)
    return f"{plain.day:02d}/{_month(plain.month)}/{plain.year}"


def vn_date_words(day: date | datetime, place: str = "") -> str:
    """``ngày 05 tháng 8 năm 2026``, with ``Hải Phòng, `` before it where a place is given."""
    plain = _day(day)
    words = f"ngày {plain.day:02d} tháng {_month(plain.month)} năm {plain.year}"
    return f"{place}, {words}" if place else words


def vn_time(moment: datetime, *, seconds: bool = False) -> str:
    """``10 giờ 42 phút``, with seconds ``10 giờ 42 phút 07 giây``, in Vietnam's time."""
    local = _local(moment)
    text = f"{local.hour} giờ {local.minute:02d} phút"
    return f"{text} {local.second:02d} giây" if seconds else text


def vn_moment(moment: datetime, *, seconds: bool = False) -> str:
    """``10 giờ 42 phút ngày 05/8/2026``."""
    return f"{vn_time(moment, seconds=seconds)} ngày {vn_date(moment)}"


def vn_count(count: int) -> str:
    """``02`` for counts of pages and copies below ten, as letters write them; larger ones with dots: ``1.842``."""
    return f"{count:02d}" if 0 <= count < 10 else f"{count:,}".replace(",", ".")


def vn_size(size: int) -> str:
    """Bytes as ``12,5 MB`` (decimal comma)."""
    if size < 1024:
        return f"{size} byte"
    power = 3 if size >= 2**30 else 2 if size >= 2**20 else 1
    value = size / 1024**power
    text = f"{value:.0f}" if value >= 100 else f"{value:.1f}".removesuffix(".0")
    return f"{text.replace('.', ',')} {('KB', 'MB', 'GB')[power - 1]}"


def dear(names: Sequence[str]) -> str:
    """``Kính gửi: Sở Mẫu Thử.`` for one addressee; several stand in lines of their own (NĐ 30/2020 Phụ lục I, ô 9a)."""
    clean = [squeeze(name).rstrip(".;") for name in names if squeeze(name)]
    if not clean:
        return "Kính gửi: quý cơ quan."
    if len(clean) == 1:
        return f"Kính gửi: {clean[0]}."
    lines = [f"- {name}{'.' if at == len(clean) - 1 else ';'}" for at, name in enumerate(clean)]
    return "\n".join(["Kính gửi:", *lines])


def document_words(number_symbol: str, issued_on: date | None, *, kind: str = "Văn bản") -> str:
    """``Văn bản số 67/SMT-VP ngày 05/8/2026``; the parts that are known."""
    text = f"{kind} số {number_symbol}" if number_symbol else kind
    return f"{text} ngày {vn_date(issued_on)}" if issued_on else text


def about(subject: str) -> str:
    """``về việc rà soát hộp thư``: an abstract continued inside a sentence; empty for an empty one."""
    from congvan_core.documents.filename import drop_about

    plain = drop_about(subject).rstrip(".")
    if not plain:
        return ""
    first = plain.split()[0]
    # A word in capitals is a name or an abbreviation and keeps them.
    lowered = plain if len(first) > 1 and first[1:2].isupper() else plain[:1].lower() + plain[1:]
    return f"về việc {lowered}"


def clause_words(clause: str) -> str:
    """``Điều 15.2.đ`` -> ``điểm đ khoản 2 Điều 15 Quy chế``; other citations unchanged."""
    import re

    match = re.fullmatch(r"Điều (\d+)(?:\.(\d+))?(?:\.([a-zđ]))?", clause.strip())
    if match is None:
        return clause
    parts = [f"điểm {match[3]}"] if match[3] else []
    if match[2]:
        parts.append(f"khoản {match[2]}")
    return " ".join([*parts, f"Điều {match[1]}", "Quy chế"])
