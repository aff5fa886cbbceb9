"""Recognising a marking in one line of a page and in one short text (subject, file name), and nothing else in them.

``mật`` is part of many ordinary words (bảo mật, mật khẩu, mật ong, bí mật kinh doanh), so a marking is only what
stands as a stamp stands: alone on its line, in capitals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from congvan_core.documents.text import letters, squeeze, unaccent


class Mark(str, Enum):
    """The markings that matter."""

    CONFIDENTIAL = "MẬT"
    SECRET = "TỐI MẬT"  # noqa: S105 - a marking, no password
    TOP_SECRET = "TUYỆT MẬT"  # noqa: S105
    RECALLED_MATERIAL = "TÀI LIỆU THU HỒI"
    NUMBERED_COPY = "BẢN SAO SỐ"
    NAMED_PERSON_ONLY = "CHỈ NGƯỜI CÓ TÊN MỚI ĐƯỢC BÓC BÌ"
    DECLASSIFIED = "GIẢI MẬT"
    INTERNAL = "LƯU HÀNH NỘI BỘ"


#: No stamp stands beyond this many characters of a line; it bounds the work that a hostile line can cause.
_MAX_LINE = 1_000

LEVELS = (Mark.CONFIDENTIAL, Mark.SECRET, Mark.TOP_SECRET)
_EXACT_LEVELS = frozenset(m.value for m in LEVELS)
HANDLING = (Mark.RECALLED_MATERIAL, Mark.NUMBERED_COPY, Mark.NAMED_PERSON_ONLY)


@dataclass(frozen=True, slots=True)
class Sighting:
    """``exact`` where every mark of the letters is right; otherwise OCR or an unaccented text may have misled."""

    mark: Mark
    exact: bool


#: Bare capitals of a stamp line -> its mark. The first three also with letters lost by OCR.
_BARE: dict[str, Mark] = {
    "MAT": Mark.CONFIDENTIAL,
    "TOIMAT": Mark.SECRET,
    "TUYETMAT": Mark.TOP_SECRET,
    "TAILIEUTHUHOI": Mark.RECALLED_MATERIAL,
    "CHINGUOICOTENMOIDUOCBOCBI": Mark.NAMED_PERSON_ONLY,
    "GIAIMAT": Mark.DECLASSIFIED,
    "DAGIAIMAT": Mark.DECLASSIFIED,
    "LUUHANHNOIBO": Mark.INTERNAL,
}
_EXACT: dict[str, Mark] = {m.value.replace(" ", ""): m for m in Mark}
#: Words that differ from MẬT by their marks alone; a text layer means them, a scan may have misread MẬT.
_OTHER_WORDS = frozenset({"MẤT", "MẶT", "MẮT", "MÁT"})
#: What one lost letter may still mean: never GIẢI MẬT, whose neighbour is GIẢM MẬT (still secret).
_FORGIVEN = tuple((bare, mark) for bare, mark in _BARE.items() if len(bare) >= 6 and mark is not Mark.DECLASSIFIED)
_COPY = re.compile(r"^BANSAOSO[\d./:…-]*$")
_FRAME = re.compile(r"^[\s|\[\](){}<>«»“”\"'*_.,:;=~–—\-/\\!¦]+|[\s|\[\](){}<>«»“”\"'*_.,:;=~–—\-/\\!¦]+$")
#: A drawn frame read as a letter: "I MẬT I", "L TỐI MẬT J".
_FRAME_LETTERS = frozenset("ILJ1")
_COLUMNS = re.compile(r"\s{3,}|\t+|\s*\|\s*")
#: Left and right column of the head on one line: the stamp and then the national motto, or the place and date.
_THEN_RIGHT = re.compile(
    r"^(TUYỆT MẬT|TỐI MẬT|MẬT)\s+(?=(?:Độc lập|CỘNG H[OÒÀ]A|CỘNG HOÀ|[A-ZĐÂ][^,]{1,40},\s*ngày\b))"
)
_AFTER_NUMBER = re.compile(r"^(?:Số|SỐ|Sô|So)\s*[:.].{0,60}?\s(TUYỆT MẬT|TỐI MẬT|MẬT)$")
#: "Độ mật: Tối mật" as a field of its own, not a sentence about levels.
_FIELD = re.compile(
    r"(?:^|[\[(;|])\s*(?:mức\s+)?độ\s+mật\s*[:=]\s*[\[(\"“]?\s*(tuyệt mật|tối mật|mật)\s*(?=$|[\])\"”;|.]\s*$|[\])])",
    re.IGNORECASE,
)
_NAMED_ONLY = re.compile(r"chỉ người có tên mới được bóc bì", re.IGNORECASE)
_SPACED = re.compile(r"(?<!\w)(?:\w\s){2,}\w(?!\w)")


def _tidy(line: str) -> str:
    text = squeeze(letters(line[:_MAX_LINE]))
    previous = None
    while previous != text:
        previous, text = text, _FRAME.sub("", text)
    return text


def _is_capital(text: str) -> bool:
    """Whether the letters are capitals; one small letter is forgiven, since OCR makes ậ of Ậ."""
    cased = small = 0
    for letter in text:
        if letter.isalpha():
            cased += 1
            if letter.islower():
                small += 1
                if small > 1:  # nearly every line of a page ends here, at its first word
                    return False
    return cased > 2 or (cased > 0 and not small)


def _bare(text: str) -> str:
    return re.sub(r"[^A-Z0-9./:…-]", "", unaccent(text).upper().translate(str.maketrans("0", "O")))


def _lone(text: str, *, scanned: bool) -> Sighting | None:
    """A marking that is the whole of ``text``."""
    if not text or len(text) > 80 or not _is_capital(text):
        return None
    joined = _SPACED.sub(lambda m: m[0].replace(" ", ""), text)  # "M Ậ T" -> "MẬT"
    tokens = joined.split()
    if scanned and len(tokens) > 1:
        while len(tokens) > 1 and tokens[0] in _FRAME_LETTERS:
            tokens.pop(0)
        while len(tokens) > 1 and tokens[-1] in _FRAME_LETTERS:
            tokens.pop()
    joined = " ".join(tokens)
    exact = _EXACT.get(joined.upper().replace(" ", "").removeprefix("ĐÃ"))
    if exact is not None:
        return Sighting(exact, True)
    bare = re.sub(r"[^A-Z]", "", _bare(joined))
    mark = None if not scanned and joined in _OTHER_WORDS else _BARE.get(bare)
    if mark is None and scanned:
        mark = next((m for b, m in _FORGIVEN if _one_letter_off(b, bare)), None)
    if mark is not None:
        return Sighting(mark, False)
    numbered = unaccent(joined).upper().replace(" ", "")
    return Sighting(Mark.NUMBERED_COPY, "BẢN SAO SỐ" in joined.upper()) if _COPY.match(numbered) else None


def _one_letter_off(a: str, b: str) -> bool:
    """One letter replaced, lost or added."""
    if abs(len(a) - len(b)) > 1:
        return False
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True)) == 1
    short, long = sorted((a, b), key=len)
    return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


#: "BẢO" / "MẬT" on two lines of a heading is the word bảo mật; "TỐI" / "MẬT" is the marking.
_BEFORE = frozenset({"bảo", "bí", "cơ", "thân", "giải", "giảm", "tăng", "độ", "nội", "bao", "bi", "thông", "chi"})
_AFTER = frozenset(
    {"khẩu", "mã", "ong", "độ", "thiết", "vụ", "danh", "thư", "đàm", "báo", "hiệu", "nghị", "gấu", "mía", "nhà"}
    | {"khau", "ma", "do", "thiet", "bang", "tran", "hang", "vu", "dat", "hieu", "tien", "nhan", "tich", "cat"}
)


def in_line(line: str, before: str = "", after: str = "", *, scanned: bool = False) -> Sighting | None:
    """The marking that ``line`` of a page bears as a stamp; ``before`` and ``after`` are its neighbour lines."""
    text = _tidy(line)
    if not text:
        return None
    field = _FIELD.search(text)
    if field:
        return Sighting(Mark(field[1].upper()), True)
    if _NAMED_ONLY.search(text):
        return Sighting(Mark.NAMED_PERSON_ONLY, True)
    beside = _THEN_RIGHT.match(text) or _AFTER_NUMBER.match(text)
    if beside:
        return Sighting(Mark(beside[1]), True)
    columns = _COLUMNS.split(letters(line[:_MAX_LINE]))
    for segment in [text, *map(_tidy, columns)] if len(columns) > 1 else [text]:
        found = _lone(segment, scanned=scanned)
        if found is not None:
            return _with_neighbours(found, segment, before, after)
    return None


def _with_neighbours(found: Sighting, text: str, before: str, after: str) -> Sighting | None:
    if found.mark is not Mark.CONFIDENTIAL:
        return found
    last = _tidy(before).split()[-1:]
    first = _tidy(after).split()[:1]
    previous = last[0] if last else ""
    if previous.isupper() and unaccent(previous).upper() in ("TOI", "TUYET") and len(_tidy(before).split()) == 1:
        whole = Mark.SECRET if unaccent(previous).upper() == "TOI" else Mark.TOP_SECRET
        return Sighting(whole, found.exact)
    if previous.lower() in _BEFORE or (first and first[0].isupper() and first[0].lower() in _AFTER):
        return None
    return found


_CAPITAL_PHRASE = re.compile(r"(?<!\w)(TUYỆT MẬT|TỐI MẬT|TUYET MAT)(?!\w)")
_WORDS_IN_NAME = re.compile(r"(?<!\w)(tuyệt mật|tối mật|tuyet mat)(?!\w)", re.IGNORECASE)
_SET_OFF = re.compile(
    r"(?:^|[\[\](){}_|]\s*|[:;]\s+)(TUYỆT MẬT|TỐI MẬT|MẬT|TUYET MAT|TOI MAT|MAT)(?=\s*(?:$|[\[\](){}_|:;.-]))"
)
_AT_START = re.compile(r"^(MẬT)(?=\s*[-–:.|]|\s+(?:V/v|Về việc|\d))")
_KIND_THEN = re.compile(
    r"(?<!\w)(?:tài liệu|văn bản|công văn|hồ sơ|báo cáo|cv|vb|qđ|dấu|độ)\s+(mật)(?=\s*(?:$|[\d_(\[\-.]))", re.IGNORECASE
)
_KIND_THEN_PLAIN = re.compile(
    r"(?<!\w)(?:tai lieu|van ban|cong van|ho so|cv|vb|do|dau)\s+(mat)(?=\s*(?:$|\d))|(?<!\w)(toi mat)(?!\w)",
    re.IGNORECASE,
)
_INTERNAL = re.compile(r"(?<!\w)(?:LƯU HÀNH NỘI BỘ|lưu hành nội bộ)(?!\w)")


def in_subject(text: str) -> Sighting | None:
    """The marking in a subject or abstract: in capitals, set off at the start or in brackets, or as a field.

    An abstract that speaks *of* secrets ("V/v rà soát tài liệu mật, tối mật") is no marking.
    """
    line = squeeze(letters(text[:2000]))
    field = _FIELD.search(line)
    if field:
        return Sighting(Mark(field[1].upper()), True)
    if _NAMED_ONLY.search(line):
        return Sighting(Mark.NAMED_PERSON_ONLY, True)
    if line != line.upper():
        phrase = _CAPITAL_PHRASE.search(line)
        if phrase:
            return Sighting(_level(phrase[1]), True)
    found = _SET_OFF.search(line) or _AT_START.search(line)
    if found:
        return Sighting(_level(found[1]), found[1] in _EXACT_LEVELS)
    lone = _lone(_tidy(line), scanned=False) or _capital_word(line)
    if lone is None and _INTERNAL.search(line):
        return Sighting(Mark.INTERNAL, True)
    return lone


def _capital_word(line: str) -> Sighting | None:
    """MẬT in capitals inside a text that is not: certain after the word for a document, else for a clerk to see."""
    if line == line.upper():
        return None
    for match in re.finditer(r"(?:(?P<before>\w+)\s+)?(?<!\w)MẬT(?!\w)(?:\s+(?P<after>\w+))?", line):
        before, after = match["before"] or "", match["after"] or ""
        if before.lower() in _BEFORE or (after.isupper() and after.lower() in _AFTER):
            continue
        return Sighting(Mark.CONFIDENTIAL, before.lower() in ("liệu", "bản", "văn", "sơ", "cáo", "dấu", "độ"))
    return None


def in_file_name(name: str) -> Sighting | None:
    """The marking in a file's name; unaccented names only resemble one (``mat`` is also mặt, mất, mắt)."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,10}$", "", squeeze(letters(name[:1000])))
    set_off = _SET_OFF.search(stem)
    words = re.sub(r"[\s_\-.+,]+", " ", stem)
    phrase = _WORDS_IN_NAME.search(words)
    if phrase:
        # In the middle of a name in small letters it may be an abstract that speaks of secrets.
        at_edge = words.startswith(phrase[1]) or words.endswith(phrase[1])
        set_apart = set_off is not None or phrase[1].isupper() or (at_edge and not phrase[1].isascii())
        return Sighting(_level(phrase[1]), set_apart)
    if set_off:
        return Sighting(_level(set_off[1]), set_off[1] != "MAT" or "[MAT]" in stem or "(MAT)" in stem)
    if re.match(r"MẬT(?!\w)", words) and not _joined(words):
        return Sighting(Mark.CONFIDENTIAL, True)
    kind = _KIND_THEN.search(words)
    if kind:
        return Sighting(Mark.CONFIDENTIAL, True)
    capital = _capital_word(words)
    if capital is not None:
        return capital
    plain = _KIND_THEN_PLAIN.search(words)
    if plain:
        return Sighting(Mark.SECRET if plain[2] else Mark.CONFIDENTIAL, False)
    if re.search(r"(?<!\w)(?:lưu hành nội bộ|luu hanh noi bo)(?!\w)", words, re.IGNORECASE):
        return Sighting(Mark.INTERNAL, True)
    return None


def _joined(words: str) -> bool:
    following = words.split()[1:2]
    return bool(following) and following[0].lower() in _AFTER


def _level(phrase: str) -> Mark:
    bare = unaccent(phrase).upper()
    return Mark.SECRET if bare.startswith("TOI") else Mark.TOP_SECRET if bare.startswith("TUYET") else Mark.CONFIDENTIAL
