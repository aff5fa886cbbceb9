"""Agency identifiers (mã định danh cơ quan), in the form of QCVN 102:2016 and in that of QĐ 20/2020/QĐ-TTg."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from congvan_core.errors import InputError

#: QĐ 20/2020/QĐ-TTg Điều 4: at most 35 characters.
MAX_LENGTH = 35

_OLD = re.compile(r"^\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}$")
_NEW = re.compile(r"^[A-Z]\d{2}(?:\.[0-9A-Z]{2,3}){0,8}$")
#: Level 1 last, but not all four groups: `28.22.H17` occurs in the wild.
_LEFTOVER = re.compile(r"^(?:[0-9A-Z]{2,3}\.){1,8}[A-Z]\d{2}$")
_ENTERPRISE = re.compile(r"^\d{10}(?:-?\d{3})?$")
_OTHER = re.compile(r"^[0-9A-Z]+(?:[.\-][0-9A-Z]+)*$")
_LEVEL_1 = re.compile(r"^[A-Z]\d{2}$")


class CodeForm(str, Enum):
    """Which rule a code follows."""

    OLD = "old"
    NEW = "new"
    MIXED = "mixed"
    ENTERPRISE = "enterprise"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AgencyCode:
    """``raw`` as received, ``canonical`` for comparison: level 1 first, filling zero groups dropped."""

    raw: str
    canonical: str
    form: CodeForm

    @property
    def level_1(self) -> str:
        """``H24`` of ``H24.17.05``: the ministry or province; empty for enterprises and other schemes."""
        head = self.canonical.partition(".")[0]
        return head if self.form in (CodeForm.OLD, CodeForm.NEW, CodeForm.MIXED) else ""

    @property
    def old_form(self) -> str | None:
        """``000.05.17.H24``, the 13 characters of QCVN 102:2016; None where the code does not fit them."""
        groups = self.canonical.split(".")
        if not self.level_1 or len(groups) > 4 or not all(g.isdigit() for g in groups[1:]):
            return None
        padded = groups[1:] + ["0"] * (4 - len(groups))
        widths = (2, 2, 3)
        if any(len(g.lstrip("0")) > w for g, w in zip(padded, widths, strict=True)):
            return None
        filled = [g.zfill(w)[-w:] for g, w in zip(padded, widths, strict=True)]
        return ".".join([*reversed(filled), groups[0]])

    def same_as(self, other: AgencyCode) -> bool:
        """Whether both name the same agency, whichever form they are written in."""
        return self.canonical == other.canonical


def _top_down(groups: list[str]) -> str:
    # Only the filling groups at the bottom are dropped. A zero group between two others stays, or
    # 000.17.00.H24 and 000.00.17.H24, two bodies, would become one.
    while len(groups) > 1 and not groups[-1].strip("0"):
        groups.pop()
    return ".".join(groups)


def parse(code: str) -> AgencyCode:
    """Either form, in any case and with stray blanks. Raises :class:`InputError` for what cannot be a code."""
    text = re.sub(r"\s+", "", code).upper()
    if not text:
        raise InputError("Thiếu mã định danh cơ quan.")
    if len(text) > MAX_LENGTH:
        raise InputError(f"Mã định danh “{text[:40]}…” dài quá {MAX_LENGTH} ký tự (Quyết định 20/2020/QĐ-TTg).")
    if not text.isascii() or not _OTHER.match(text):
        raise InputError(
            f"Mã định danh “{code[:40]}” chỉ được gồm chữ A-Z, chữ số và dấu chấm; ví dụ: H24.17 hoặc 000.00.17.H24."
        )
    groups = text.split(".")
    if _NEW.match(text):
        return AgencyCode(code, _top_down(groups), CodeForm.NEW)
    if _OLD.match(text):
        return AgencyCode(code, _top_down(groups[::-1]), CodeForm.OLD)
    if _LEFTOVER.match(text) and not _LEVEL_1.match(groups[0]):
        return AgencyCode(code, _top_down(groups[::-1]), CodeForm.MIXED)
    if _ENTERPRISE.match(text):
        digits = text.replace("-", "")
        return AgencyCode(code, digits if len(digits) == 10 else f"{digits[:10]}-{digits[10:]}", CodeForm.ENTERPRISE)
    return AgencyCode(code, text, CodeForm.OTHER)


def try_parse(code: str) -> AgencyCode | None:
    """As :func:`parse`, None for what cannot be a code."""
    try:
        return parse(code)
    except InputError:
        return None


def canonical(code: str) -> str:
    """The form for comparison; a text that is no code comes back stripped and in capitals, so that it equals itself."""
    found = try_parse(code)
    return found.canonical if found else re.sub(r"\s+", "", code).upper()


def same(a: str, b: str) -> bool:
    """Whether two codes name the same agency."""
    return bool(a.strip()) and canonical(a) == canonical(b)
