"""Was only a number, a date and signature or seal pictures added? (Điều 19.3, 20.1.b: signed, numbered, then sealed)

The usual signing tools write number and date into the page after the competent person has signed. Such a file is not
called forged; whatever else was added is an alteration.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from typing import Any

from congvan_core.signatures.pdf_pages import (
    Budget,
    Frame,
    NotCompletedError,
    Pages,
    Rect,
    blank_out,
    count,
    ink_mask,
    moved_mask,
    paper_mask,
    to_pixels,
)

#: Cells 3 and 4 of NĐ 30/2020 Phụ lục I stand in the upper third of the first page.
_UPPER = 0.35
_MAX_CHARACTERS = 120
_NUMBER = re.compile(
    r"^(?:số|so)?\s*[:.]*\s*\d{1,6}[a-zđ]?\s*(?:/\s*(?:\d{4}\s*/\s*)?[\wđ]{1,12}(?:[-–.&][\wđ.&]{1,12})*)?$", re.I
)
_DATE = re.compile(
    r"^(?:[^\d]{2,40},\s*)?(?:ngày\s*)?\d{1,2}(?:\s*tháng\s*|\s*[/.-]\s*|\s+)\d{1,2}(?:\s*năm\s*|\s*[/.-]\s*|\s+)\d{4}$",
    re.I,
)
_PART = re.compile(r"^[\d\s]{1,12}$")
_LABEL = re.compile(r"^\s*(?:số|so)\s*[:.]|ngày.{0,14}tháng.{0,14}năm|năm\s*\d{0,4}", re.I)


@dataclass(frozen=True, slots=True)
class Added:
    """What was added: the lines in reading order, and a PNG of the page with everything else paled (base64)."""

    lines: tuple[str, ...]
    picture: str


def number_added(
    data: Any, old_end: int, new_end: int, signatures: list[Rect], earlier: list[Rect], budget: Budget
) -> Added | None:
    """The addition on the first page, or None where anything else was added. Raises NotCompletedError.

    ``signatures``: widgets of the later signature on this page; ``earlier``: those that stood there before.
    """
    budget.check()
    with Pages(data, old_end) as before, Pages(data, new_end) as after:
        if len(before) != len(after):
            return None
        for index in range(1, min(len(before), 50)):
            if before.text(index) != after.text(index):
                return None
        frame = after.frame(0)
        a, b = before.image(0), after.image(0)
    if a.size != b.size:
        return None
    if frame[4]:
        raise NotCompletedError("rotated page")
    budget.check()
    with Pages(data, old_end, flatten=True) as before, Pages(data, new_end, flatten=True) as after:
        old, new = before.characters(0), after.characters(0)
    regions = [*signatures, *earlier]
    old = [c for c in old if not _inside(c[1], regions)]
    new = [c for c in new if not _inside(c[1], regions)]
    old_keys, new_keys = {_key(c) for c in old}, {_key(c) for c in new}
    if old_keys - new_keys:
        return None
    added = [c for c in new if _key(c) not in old_keys]
    if not added or len(added) > _MAX_CHARACTERS:
        return None
    lines = _lines(added)
    labels = [(text, box) for text, box in _lines(old) if len(text) < 80 and _LABEL.search(text)]
    limit = frame[3] - (frame[3] - frame[1]) * _UPPER
    for text, box in lines:
        if box[1] < limit or not _permitted(text, box, labels, bool(old)):
            return None
    if not _pictures_only(a, b, frame, [box for _, box in lines], signatures, earlier):
        return None
    return Added(tuple(t for t, _ in lines), _highlight(a, b))


def _key(character: tuple[str, Rect]) -> tuple[str, int, int]:
    return character[0], round(character[1][0]), round(character[1][1])


def _inside(box: Rect, regions: list[Rect]) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(r[0] - 1 <= x <= r[2] + 1 and r[1] - 1 <= y <= r[3] + 1 for r in regions)


def _lines(characters: list[tuple[str, Rect]]) -> list[tuple[str, Rect]]:
    """Characters grouped to lines by their height on the page; wide gaps begin a new group."""
    rows: list[list[tuple[str, Rect]]] = []
    for character in sorted(characters, key=lambda c: (-round(c[1][1] / 4), c[1][0])):
        for row in rows:
            last = row[-1][1]
            middle = (character[1][1] + character[1][3]) / 2
            if last[1] - 4 <= middle <= last[3] + 4 and -2 <= character[1][0] - last[2] < 30:
                row.append(character)
                break
        else:
            rows.append([character])
    found = []
    for row in rows:
        text, end = "", None
        for letter, box in row:
            if end is not None and box[0] - end > max(2.0, 0.3 * (box[3] - box[1])) and not text.endswith(" "):
                text += " "
            text += letter
            end = box[2]
        boxes = [box for _, box in row]
        union = (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
        if text.strip():
            found.append((" ".join(text.split()), union))
    return found


def _permitted(text: str, box: Rect, labels: list[tuple[str, Rect]], has_text: bool) -> bool:
    """A number or a date in its place: beside its label, or bringing the label along; bare digits on a scan."""
    if not (_NUMBER.match(text) or _DATE.match(text) or _PART.match(text)):
        return False
    carries = bool(re.search(r"số|ngày|tháng|/", text, re.I)) and not re.search(r"\d[.,]\d{3}", text)
    beside = any(label[1] - 6 <= (box[1] + box[3]) / 2 <= label[3] + 6 for _, label in labels)
    return beside or carries or not has_text


def _pictures_only(
    a: Any, b: Any, frame: Frame, texts: list[Rect], signatures: list[Rect], earlier: list[Rect]
) -> bool:
    """Outside text and signatures: only red or blue pictures of limited size, and no drawn content hidden."""
    from PIL import ImageChops

    moved = moved_mask(a, b)
    ink = ink_mask(a)
    marked = [to_pixels(r, frame, a.size) for r in earlier]
    erased = blank_out(ImageChops.multiply(ImageChops.multiply(moved, ink), paper_mask(b)), marked)
    if count(erased) > 12:
        return False
    open_boxes = [to_pixels(r, frame, a.size, 3) for r in texts]
    hidden = blank_out(ImageChops.multiply(moved, ink), [*marked, *open_boxes])
    if count(hidden) > 40:
        return False
    rest = blank_out(moved.copy(), [*open_boxes, *(to_pixels(r, frame, a.size) for r in signatures)])
    total = count(rest)
    if total > a.size[0] * a.size[1] * 0.08:
        return False
    red, green, blue = b.split()
    redder = ImageChops.subtract(red, ImageChops.lighter(green, blue))
    bluer = ImageChops.subtract(blue, ImageChops.lighter(red, green))
    coloured = ImageChops.lighter(redder, bluer).point([255 if v > 40 else 0 for v in range(256)])
    return total < 30 or count(ImageChops.multiply(rest, coloured)) >= total * 0.85


def _highlight(a: Any, b: Any) -> str:
    from PIL import Image

    moved = moved_mask(a, b, 24)
    paled = Image.blend(b, Image.new("RGB", b.size, "white"), 0.75)
    paled.paste(b, (0, 0), moved)
    box = moved.getbbox() or (0, 0, *b.size)
    picture = paled.crop((0, max(0, box[1] - 30), b.size[0], min(b.size[1], box[3] + 30)))
    if picture.size[0] > 700:
        picture = picture.resize((700, max(1, picture.size[1] * 700 // picture.size[0])))
    out = io.BytesIO()
    picture.quantize(32).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
