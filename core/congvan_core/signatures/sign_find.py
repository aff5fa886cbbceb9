"""Find where a person signs: the space between title and printed name (NĐ 30/2020, Phụ lục I, ô số 7c)."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

from congvan_core.documents.text import nfc, squeeze
from congvan_core.errors import InputError, NotFoundError, UnreadableError

#: Width of the box for a signature, and its height where no title stands above the name.
BOX_WIDTH, BOX_HEIGHT = 130.0, 75.0
#: No more than this lies between a title and a name on the same page (two thirds of a page would be something else).
MAX_GAP = 260.0
MAX_SEARCHED = 200
_MARGIN = 3.0


@dataclass(frozen=True, slots=True)
class SignaturePlace:
    """0-based page and rectangle in points; ``titled`` whether the office title was found above the name."""

    page: int
    rect: tuple[float, float, float, float]
    titled: bool


def find_signature_place(pdf: bytes, full_name: str, position: str = "") -> SignaturePlace:
    """The box between title and name, from the text layer; the last occurrence of the name counts.

    Raises NotFoundError where the name is not in the text (a scan has none: the place must be given), UnreadableError.
    """
    import pypdfium2

    name, title = squeeze(nfc(full_name)), squeeze(nfc(position))
    if not name:
        raise InputError("Cần họ tên người ký để tìm chỗ ký.")
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as e:
        raise UnreadableError(f"Không đọc được tệp PDF để tìm chỗ ký ({e}).") from e
    with closing(document):
        for page in range(len(document) - 1, max(-1, len(document) - 1 - MAX_SEARCHED), -1):
            found = _on_page(document, page, name, title)
            if found is not None:
                return found
    raise NotFoundError(f"Không thấy “{name}” trong phần chữ của văn bản: cần chỉ rõ vị trí chữ ký.")


def _on_page(document: Any, number: int, name: str, title: str) -> SignaturePlace | None:
    import pypdfium2

    try:
        with closing(document[number]) as page, closing(page.get_textpage()) as text:
            names = _boxes(text, name)
            if not names:
                return None
            box = min(names, key=lambda b: b[1])  # the lowest on the page
            middle = (box[0] + box[2]) / 2
            above = [t for t in _boxes(text, title) if box[3] < t[1] < box[3] + MAX_GAP and t[0] < middle < t[2] + 60]
    except pypdfium2.PdfiumError:
        return None
    titled = bool(above)
    top = min(t[1] for t in above) - _MARGIN if titled else box[3] + _MARGIN + BOX_HEIGHT
    bottom = box[3] + _MARGIN
    if top - bottom < 12:
        return None
    rect = (round(middle - BOX_WIDTH / 2, 2), round(bottom, 2), round(middle + BOX_WIDTH / 2, 2), round(top, 2))
    return SignaturePlace(number, rect, titled)


def _boxes(text: Any, wanted: str) -> list[tuple[float, float, float, float]]:
    """(left, bottom, right, top) of every occurrence on the page, in any case of letters."""
    if not wanted:
        return []
    out: list[tuple[float, float, float, float]] = []
    searcher = text.search(wanted, match_case=False)
    with closing(searcher):
        while (hit := searcher.get_next()) is not None and len(out) < 100:
            start, count = hit
            boxes = [text.get_charbox(i) for i in range(start, start + count)]
            solid = [b for b in boxes if b[2] > b[0]]
            if solid:
                lefts, bottoms, rights, tops = zip(*solid, strict=True)
                out.append((min(lefts), min(bottoms), max(rights), max(tops)))
    return out
