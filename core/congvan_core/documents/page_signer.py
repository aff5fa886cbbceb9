"""Signer and recipients from the foot of a document (NĐ 30/2020 Phụ lục I, cells 7, 9a and 9b)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from congvan_core.documents.model import SignerInfo
from congvan_core.documents.page_lines import clean_lines, folded

_COMPETENCE = re.compile(r"(?:^|\s)(TM|KT|TL|TUQ|Q)\s*\.\s*(?=[^\W\d_])")
_POSITIONS = (
    "phó chủ tịch", "chủ tịch", "phó thủ tướng", "thủ tướng", "thứ trưởng", "bộ trưởng", "phó giám đốc", "giám đốc",
    "phó chánh văn phòng", "chánh văn phòng", "phó cục trưởng", "cục trưởng", "phó trưởng ban", "trưởng ban",
    "phó trưởng phòng", "trưởng phòng", "chánh thanh tra", "phó chánh thanh tra", "hiệu trưởng", "phó hiệu trưởng",
    "viện trưởng", "tổng cục trưởng", "chi cục trưởng", "phó bí thư", "bí thư", "phó tổng cục trưởng", "chánh án",
)  # fmt: skip
_UPPER = "A-ZĐÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴ"
_NAME = re.compile(rf"(?:^|\s)((?:[{_UPPER}][^\W\d_{_UPPER}]+)(?:\s[{_UPPER}][^\W\d_{_UPPER}]*){{1,5}})\s*[.,]?$")


def signer(pages: Sequence[str]) -> SignerInfo | None:
    """The competent person: prefix (TM., KT. …), position, full name; from the last page given that shows one."""
    for page in pages:
        lines = clean_lines(page)
        for index in range(len(lines) - 1, -1, -1):
            position = _position(lines[index])
            if position is None:
                continue
            name = _name_below(lines[index + 1 : index + 14])
            if name:
                competence = _competence(lines[max(0, index - 3) : index + 1])
                return SignerInfo(competence, position, name)
    return None


def _position(line: str) -> str | None:
    low = line.lower()
    for words in _POSITIONS:
        at = low.rfind(words)
        found = line[at : at + len(words)]
        if at >= 0 and found.isupper() and not low[at + len(words) :].strip(" .,|"):
            return found.capitalize() if " " not in words else found.lower().capitalize()
    return None


def _competence(lines: Sequence[str]) -> str:
    for line in reversed(lines):
        match = _COMPETENCE.search(line)
        if match:
            return f"{match[1]}."
    return ""


def _name_below(lines: Sequence[str]) -> str | None:
    for line in lines:
        if line.lstrip().startswith(("-", "+", "•")) and "  " not in line:
            continue
        match = _NAME.search(line)
        if match and not folded(line).startswith(("noi nhan", "luu", "nguoi ky", "ky boi", "email", "thoi gian")):
            return match[1].strip()
    return None


def recipients(first: str, rest: Sequence[str] = ()) -> tuple[str, ...]:
    """The bodies of "Kính gửi" and "Nơi nhận" as printed, at most a hundred; "Như trên" and "Lưu" left out."""
    found: list[str] = []
    for page in (first, *rest):
        lines = clean_lines(page)
        for index, line in enumerate(lines):
            low = folded(line)
            if low.startswith(("kinh gui", "noi nhan")):
                own = re.sub(r"^[^:]{0,20}:\s*", "", line) if ":" in line else ""
                found.extend(_items(own, lines[index + 1 : index + 40], address=low.startswith("kinh gui")))
    unique = dict.fromkeys(found)
    return tuple(unique)[:100]


def _items(own: str, following: Sequence[str], *, address: bool) -> list[str]:
    out = [own.strip(" .;-")] if own.strip(" .;-") else []
    for line in following:
        if not line.startswith(("-", "+")):
            if address or out:
                break
            continue
        item = line.strip(" -+.;,")
        low = folded(item)
        if low.startswith("luu"):
            break
        if item and not low.startswith("nhu tren"):
            out.append(item[:200])
    return out
