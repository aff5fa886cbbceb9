"""Which row, why, and what would happen next: a pure function of the table, the recipient and the mail."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from congvan_core.documents.agency_code import canonical
from congvan_core.documents.model import Urgency
from congvan_core.ids import VIETNAM
from congvan_gateway.routing.model import BUILT_IN, Match, Row, Table
from congvan_gateway.routing.validating import Selectors, selectors, under

_KINDS = {"state": "cơ quan nhà nước", "organisation": "tổ chức", "citizen": "công dân"}
_TLS = {
    "none": "không mã hóa", "opportunistic": "mã hóa khi máy chủ nhận có", "require": "phải mã hóa",
    "verify": "phải mã hóa, chứng thư máy chủ nhận phải đúng tên", "pin": "chỉ máy chủ nhận có chứng thư đã ghim",
    "dane": "máy chủ nhận phải khớp DANE",
}  # fmt: skip
_CHANNELS = {"qlvbdh": "QLVBĐH", "gateway": "cổng văn bản", "plain": "hộp thư thường", "paper": "văn bản giấy"}


@dataclass(frozen=True, slots=True)
class Case:
    """One mail to one recipient. ``codes``: the recipient's code and that of its contact point; ``size`` in octets of
    the finished mail, None where it is not known yet; ``at`` aware.
    """

    codes: tuple[str, ...]
    kind: str = "state"
    channel: str = "gateway"
    urgency: Urgency = Urgency.NORMAL
    size: int | None = None
    at: datetime = field(default_factory=lambda: datetime.now(VIETNAM))
    has_key: bool = False  # the directory holds a certificate that mail can be encrypted for


@dataclass(frozen=True, slots=True)
class Terms:
    """What a route asks. Seconds for ``retry``; ``tls`` None leaves the transport's own policy."""

    transports: tuple[str, ...]
    retry: tuple[float, ...] | None
    switch_after: int
    warn_minutes: float
    fail_hours: float
    tls: str | None = None
    require_tls: bool = False
    encryption: str = "never"
    pace_per_hour: int | None = None

    def to_json(self) -> dict[str, Any]:
        out = asdict(self)
        out["transports"] = list(self.transports)
        out["retry"] = None if self.retry is None else list(self.retry)
        return out

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Terms:
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        known["transports"] = tuple(known["transports"])
        if known.get("retry") is not None:
            known["retry"] = tuple(known["retry"])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Decision:
    """``skipped`` names every row before it with the reason why it does not match."""

    row: str
    table_version: int
    terms: Terms
    because: str
    skipped: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The public form of ``route explain --json``, with what follows beside it."""
        return {
            "row": self.row,
            "table_version": self.table_version,
            "transports": list(self.terms.transports),
            "because": self.because,
            "skipped": [{"row": row, "because": why} for row, why in self.skipped],
            "terms": self.terms.to_json(),
            "next": next_steps(self.terms),
        }


#: The row that stands where the administrator set no table.
DEFAULT_ROW = "mặc định theo cấu hình"


def decide(table: Table | None, version: int, case: Case, usual: Terms) -> Decision:
    """The first row that matches; ``usual`` are the settings' terms, and the whole answer without a table."""
    if table is None:
        because = "Chưa có bảng định tuyến nào được bật; dùng mục [delivery] của cấu hình"
        return Decision(DEFAULT_ROW, 0, usual, because)
    skipped: list[tuple[str, str]] = []
    for row in table.routes:
        opened = selectors(table, row.match)
        against = _against(row.match, opened, case)
        if against is None:
            terms = terms_of(table, row, usual)
            return Decision(row.name, version, terms, _because(row, table, opened, case), tuple(skipped))
        skipped.append((row.name, against))
    # Not reached with a table that passed its checks; a mail must go somewhere all the same.
    return Decision(DEFAULT_ROW, version, usual, "Không dòng nào của bảng khớp; dùng cấu hình", tuple(skipped))


def _against(match: Match, opened: Selectors, case: Case) -> str | None:
    """Why the row does not match, None where it does."""
    codes = [canonical(code) for code in case.codes if code]
    if not opened.anyone and not any(opened.takes(code) for code in codes):
        return f"mã {', '.join(case.codes) or '(không rõ)'} không thuộc các mã, tiền tố, nhóm của dòng"
    if match.kinds and case.kind not in match.kinds:
        return f"loại nơi nhận '{kind_vi(case.kind)}' không thuộc {', '.join(map(kind_vi, match.kinds))}"
    if match.channels and case.channel not in match.channels:
        return f"kênh '{channel_vi(case.channel)}' không thuộc kênh của dòng"
    if case.urgency < match.urgency_from:
        return f"độ khẩn '{case.urgency.vi}' thấp hơn '{Urgency(match.urgency_from).vi}'"
    size = case.size or 0
    if match.size_from is not None and size < match.size_from:
        return f"{_size_vi(case)} nhỏ hơn {match.size_from}"
    if match.size_to is not None and size > match.size_to:
        return f"{_size_vi(case)} lớn hơn {match.size_to}"
    local = case.at.astimezone(VIETNAM)
    if match.days and local.isoweekday() not in match.days:
        return "khác ngày trong tuần"
    if match.minutes is not None and not within(match.minutes, local.hour * 60 + local.minute):
        return f"lúc {local:%H:%M} ngoài khoảng {match.hours}"
    return None


def channel_vi(channel: str) -> str:
    """A directory's channel in words."""
    return _CHANNELS.get(channel, channel)


def kind_vi(kind: str) -> str:
    """A recipient's kind in words."""
    return _KINDS.get(kind, kind)


def _size_vi(case: Case) -> str:
    return "cỡ chưa biết (tính là 0 byte)" if case.size is None else f"cỡ {case.size} byte"


def within(hours: tuple[int, int], minute: int) -> bool:
    """Whether a minute of the day lies in the hours; they may go over midnight."""
    begin, end = hours
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def _because(row: Row, table: Table, opened: Selectors, case: Case) -> str:
    match, why = row.match, []
    codes = [canonical(code) for code in case.codes if code]
    exact = next((c for c in codes if c in opened.codes), None)
    prefix = next((p for c in codes for p in sorted(opened.prefixes, key=len, reverse=True) if under(c, p)), None)
    if exact is not None:
        why.append(f"mã {exact}" + _from_group(match, exact, match.codes))
    elif prefix is not None:
        why.append(f"tiền tố {prefix}" + _from_group(match, prefix, match.prefixes))
    if match.kinds:
        why.append(f"loại nơi nhận {kind_vi(case.kind)}")
    if match.channels:
        why.append(f"kênh {channel_vi(case.channel)}")
    if match.urgency_from:
        why.append(f"độ khẩn {case.urgency.vi}")
    if match.size_from is not None or match.size_to is not None:
        why.append(_size_vi(case))
    if match.days or match.hours:
        why.append(f"thời điểm {case.at.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}")
    return f"Khớp dòng '{row.name}': " + ("; ".join(why) if why else "dòng cuối, khớp mọi nơi nhận")


def _from_group(match: Match, what: str, own: tuple[str, ...]) -> str:
    return "" if what in own or not match.groups else f" (nhóm {', '.join(match.groups)})"


def terms_of(table: Table, row: Row, usual: Terms) -> Terms:
    """A row's terms with what it takes from its model row and from the settings."""
    rows = {r.name: r for r in table.routes}
    chain, seen = [row], {row.name}
    while (name := chain[-1].like) is not None and name in rows and name not in seen:
        chain.append(rows[name])
        seen.add(name)

    def first(name: str, default: Any) -> Any:
        return next((value for r in chain if (value := getattr(r, name)) is not None), default)

    return replace(usual, **{name: first(name, getattr(usual, name)) for name in Terms.__dataclass_fields__})


def next_steps(terms: Terms) -> list[str]:
    """What will happen, in sentences for a person."""
    first, *others = terms.transports or (BUILT_IN,)
    out = [f"Gửi qua '{first}'" + (f", tối đa {terms.pace_per_hour} thư mỗi giờ" if terms.pace_per_hour else "")]
    if terms.retry:
        out.append("Chưa gửi được thì thử lại sau " + ", ".join(_span(step) for step in terms.retry))
    for name in others:
        out.append(
            f"Hỏng {terms.switch_after} lần liên tiếp, bị từ chối hoặc đường gửi đang hỏng: chuyển sang '{name}'"
        )
    if others:
        out.append(f"Khi '{first}' hoạt động lại (một thư thăm dò thành công): trở về '{first}'")
    if terms.tls is not None:
        out.append(f"TLS theo tuyến: {_TLS.get(terms.tls, terms.tls)}")
    if terms.encryption != "never":
        word = "bắt buộc, không có chứng thư thì chờ" if terms.encryption == "require" else "khi danh bạ có chứng thư"
        out.append(f"Mã hóa cho bên nhận: {word}")
    if terms.require_tls:
        out.append("Chỉ đi qua các chặng có mã hóa TLS đã kiểm chứng (REQUIRETLS)")
    out.append(
        f"Sau {_span(terms.warn_minutes * 60)} chưa có xác nhận thì nhắc; sau {_span(terms.fail_hours * 3600)} thì báo không gửi được"
    )
    return out


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:g} giây"
    if seconds < 3600:
        return f"{seconds / 60:g} phút"
    return f"{seconds / 3600:g} giờ"
