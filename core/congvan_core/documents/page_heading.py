"""Author, type and abstract from the head of a page (NĐ 30/2020 Phụ lục I, cells 2, 5a and 5b)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from congvan_core.documents import types
from congvan_core.documents.page_lines import folded
from congvan_core.documents.text import fold, unaccent

_NUMBER = re.compile(r"(?:^|[\s|_.,;'`-])[s5][o0]\s*[:;.]\s*[0-9oil|.]{0,8}[a-z]?\s*[/-]")
_DATE = re.compile(r",?\s*ngay[\s.…_\d]*thang[\s.…_\d]*nam")
_ABOUT = re.compile(r"^[\W_]*(?:v\s*/\s*v|ve viec)\b\s*[:.]?\s*")
#: Lines between head and text that belong to neither: rules, stamps of arrival, what OCR makes of seals.
_NOISE = re.compile(r"^[\W\d_]*$|^\W*(?:den|gio|ngay)\b[\s:.]*[\d.…/]*$")

#: First words of an issuing body; a new one in the heading starts a new body, the last is the author.
_BODIES = (
    "uy ban", "ubnd", "hoi dong", "so ", "bo ", "van phong", "ban ", "cuc ", "chi cuc", "truong ", "trung tam",
    "phong ", "thanh tra", "cong an", "toa an", "vien ", "tong cuc", "thu tuong", "chinh phu", "quoc hoi", "chu tich",
    "cong ty", "tap doan", "ngan hang", "kho bac", "bao hiem", "benh vien", "dai hoc", "hoc vien", "lien doan", "hoi ",
    "dang uy", "thanh uy", "tinh uy", "mat tran", "doan ", "quan khu", "bo chi huy", "bo tu lenh", "to ", "kiem toan",
)  # fmt: skip
_PLACES = ("tinh ", "thanh pho ", "tp ", "tp. ", "phuong ", "xa ", "dac khu ", "huyen ", "quan ", "thi xa ")


def _capitals(line: str) -> bool:
    letters = [c for c in line if c.isalpha()]
    return len(letters) >= 2 and sum(c.isupper() for c in letters) >= 0.85 * len(letters)


def author(lines: Sequence[str]) -> tuple[str | None, str | None]:
    """The issuing body in capitals above the number, and the body above it; None where the head shows none."""
    heading: list[str] = []
    for line in lines[:14]:
        low = folded(line)
        if _NUMBER.search(low) or _ABOUT.match(low) or _DATE.search(low):
            break
        plain = line.strip(" -_*.|`'‘’—–")
        # A short line in capitals is noise of a seal, unless it ends the name that the line before began.
        if _capitals(plain) and (len(plain) > 5 or heading) and not types.by_name(plain) and not _stamp(plain):
            heading.append(plain)
    bodies: list[str] = []
    for line in heading[:6]:
        low = fold(line) + " "
        if not bodies or (low.startswith(_BODIES) and not low.startswith(_PLACES)):
            bodies.append(line)
        else:
            bodies[-1] = f"{bodies[-1]} {line}"
    if not bodies:
        return None, None
    return bodies[-1][:200], bodies[-2][:200] if len(bodies) > 1 else None


def _stamp(line: str) -> bool:
    bare = re.sub(r"[^A-Z]", "", unaccent(line).upper())
    return bare in {
        "HOATOC", "KHAN", "THUONGKHAN", "MAT", "TOIMAT", "TUYETMAT", "DEN", "HOATOCHENGIO", "DUTHAO", "BANSAO",
        "LUUHANHNOIBO", "XEMXONGTRALAI", "SAOY", "SAOLUC", "TRICHSAO",
    }  # fmt: skip


#: Công văn prints no name of its type.
_TYPE_NAMES = {fold(t.name): t.name for t in types.ALL if t is not types.CONG_VAN}


def type_line(lines: Sequence[str]) -> tuple[str, str] | None:
    """The type printed in capitals on a line of its own, and that line; Công văn where V/v stands under the number."""
    for line in lines:
        plain = line.strip(" -_*.|`'‘’—–:")
        low = fold(plain)
        if _capitals(plain) and low in _TYPE_NAMES:
            return _TYPE_NAMES[low], line
        words = low.split()
        # What OCR reads of a seal or a stain before the word: "a QUYÉT ĐỊNH".
        for size in (2, 3):
            tail = " ".join(words[-size:])
            if len(words) <= size + 5 and tail in _TYPE_NAMES and _capitals(" ".join(plain.split()[-size:])):
                return _TYPE_NAMES[tail], line
    for index, line in enumerate(lines):
        numbered = any(_NUMBER.search(folded(above)) for above in lines[:index])
        if numbered and re.match(r"^[\W_]*v\s*/\s*v\b", folded(line)):
            return "Công văn", line
    return None


def subject(lines: Sequence[str], kind: tuple[str, str] | None) -> str | None:
    """The abstract without its "Về việc" or "V/v": under the type's name, or under the number of a công văn."""
    from congvan_core.documents.filename import drop_about

    start = _start(lines, kind)
    if start is None:
        return None
    taken: list[str] = []
    for line in lines[start : start + 8]:
        low = folded(line)
        plain = line.strip(" -_*|`'‘’—–¬=<>{}[]«»")
        ends = low.lstrip(" -_.`'|").startswith(("can cu", "kinh gui", "theo de nghi", "dieu 1"))
        if ends or (taken and _capitals(plain) and len(plain) > 8):
            break
        if _NOISE.match(low) or not _speaks(plain) or _DATE.search(low):
            if taken and (re.match(r"^[\W_]{3,}$", line) or _DATE.search(low)):
                break
            continue
        taken.append(plain)
        if sum(map(len, taken)) > 500:
            break
    joined = " ".join(taken).strip(" ._-")
    about = re.search(r"\bVề việc\b", joined)
    if about and about.start() <= 12:  # noise of a seal before it
        joined = joined[about.start() :]
    return drop_about(joined)[:500] or None


def _speaks(line: str) -> bool:
    """Whether a line holds words: not what OCR makes of stains and seals ("ca a' S 2 ra x +")."""
    words = [re.sub(r"[^\w]", "", word) for word in line.split()]
    return any(len(word) >= 3 and word.isalpha() for word in words) and sum(map(len, words)) >= 5


def _start(lines: Sequence[str], kind: tuple[str, str] | None) -> int | None:
    if kind is None:
        return None
    index = list(lines).index(kind[1])
    return index if kind[0] == "Công văn" else index + 1
