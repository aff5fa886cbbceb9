"""What revisions show: pages rendered and read by pdfium, compared outside the places where a change is allowed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from congvan_core.signatures.pdf_changes import Placed

MAX_RENDER_BYTES = 512 << 20
DPI = 96
_SCALE = DPI / 72
#: Luminance under which a pixel is ink, over which it is paper; how far a pixel must move to have changed.
_INK, _PAPER, _MOVED = 150, 200, 60
#: A pixel is coloured ink too where one of its channels is below this.
_COLOUR = 110
#: Pixels at 96 dpi: a thin line crossing a seal's edge stays below, a covered character is above.
_COVERED = 40
_STRAY = 12
MAX_PIXELS = 12_000_000

Rect = tuple[float, float, float, float]
#: Left, bottom, right, top in points, and the page's rotation in degrees.
Frame = tuple[float, float, float, float, int]


class NotCompletedError(Exception):
    """Time or size forbids the comparison; the answer is then not known."""


@dataclass(slots=True)
class Budget:
    """A deadline on the monotonic clock, shared by all comparisons of one file."""

    seconds: float
    started: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        return self.seconds - (time.monotonic() - self.started)

    def check(self) -> None:
        if self.left <= 0:
            raise NotCompletedError("time")


class Pages:
    """The pages of one revision. Close it: pdfium's memory is not Python's."""

    def __init__(self, data: Any, end: int, *, flatten: bool = False) -> None:
        import pypdfium2

        from congvan_core.signatures.pdf_revision import Prefix, RevisionFile

        if end > MAX_RENDER_BYTES:
            raise NotCompletedError("size")
        self._file = RevisionFile(data, end)
        try:
            self.document = pypdfium2.PdfDocument(_native(self._file.path) or Prefix(data, end))
            self.document.init_forms()
        except (pypdfium2.PdfiumError, OSError) as error:
            self._file.close()
            raise NotCompletedError("renderer") from error
        self.flatten = flatten
        self._read: tuple[int, Any] | None = None

    def __enter__(self) -> Pages:
        return self

    def __exit__(self, *_: object) -> None:
        self._close_page()
        self.document.close()
        self._file.close()

    def __len__(self) -> int:
        return len(self.document)

    def _page(self, index: int) -> Any:
        """The page, read once for its picture, frame and text. It is this object's to close."""
        if self._read is None or self._read[0] != index:
            self._close_page()
            self._read = (index, self.document[index])
        return self._read[1]

    def _close_page(self) -> None:
        if self._read is not None:
            self._read[1].close()
            self._read = None

    def image(self, index: int, *, annotations: bool = True) -> Any:
        """The page as an RGB picture. Raises NotCompletedError for a page over the limit."""
        return self.bitmap(index, annotations=annotations).convert("RGB")

    def bitmap(self, index: int, *, annotations: bool = True) -> Any:
        """As ``image``, in the renderer's own layout of four octets a pixel (RGBX): nothing is copied."""
        import pypdfium2

        try:
            page = self._page(index)
            width, height = page.get_size()
            if width * height * _SCALE * _SCALE > MAX_PIXELS:
                raise NotCompletedError("page size")
            drawn = page.render(
                scale=_SCALE, may_draw_forms=annotations, draw_annots=annotations, rev_byteorder=True, prefer_bgrx=True
            )
            picture = drawn.to_pil()  # which keeps the memory: it is Python's, not the renderer's
            drawn.close()
        except pypdfium2.PdfiumError as error:
            raise NotCompletedError("renderer") from error
        return picture

    def frame(self, index: int) -> Frame:
        """The visible box of the page in points, its own or inherited, and how far it is turned."""
        page = self._page(index)
        box = page.get_bbox()
        turned = int(page.get_rotation())
        return (float(box[0]), float(box[1]), float(box[2]), float(box[3]), turned)

    def text(self, index: int) -> str:
        reader = self._page(index).get_textpage()
        found = reader.get_text_bounded() or ""
        reader.close()
        return str(found)

    def characters(self, index: int) -> list[tuple[str, Rect]]:
        """Characters with their boxes in points; annotations are flattened into the page first."""
        import pypdfium2.raw as raw

        page = self._page(index)
        if self.flatten:
            raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
            self._close_page()
            page = self._page(index)
        reader = page.get_textpage()
        found = []
        for i in range(min(reader.count_chars(), 50_000)):
            code = raw.FPDFText_GetUnicode(reader, i)
            if code in (0, 13, 10) or raw.FPDFText_IsGenerated(reader, i) == 1:
                continue
            found.append((chr(code), tuple(reader.get_charbox(i))))
        reader.close()
        return found


def _native(path: str | None) -> Any:
    """The document opened by name in C: the Python layer would resolve the descriptor to a name that is gone."""
    import pypdfium2.raw as raw
    from pypdfium2 import PdfiumError

    if path is None:
        return None
    document = raw.FPDF_LoadDocument(path.encode() + b"\0", None)
    if not document:
        raise PdfiumError("the renderer cannot open the file")
    return document


def to_pixels(rect: Rect, frame: Frame, size: tuple[int, int], grow: int = 2) -> tuple[int, int, int, int]:
    """A rectangle in points as a pixel box of the rendered page (origin upper left, page turned clockwise)."""
    width, height = max(frame[2] - frame[0], 1), max(frame[3] - frame[1], 1)
    corners = [(rect[0] - frame[0], rect[1] - frame[1]), (rect[2] - frame[0], rect[3] - frame[1])]
    turns: dict[int, Callable[[float, float], tuple[float, float]]] = {
        0: lambda u, v: (u / width, 1 - v / height),
        90: lambda u, v: (v / height, u / width),
        180: lambda u, v: (1 - u / width, v / height),
        270: lambda u, v: (1 - v / height, 1 - u / width),
    }
    turn = turns[frame[4] % 360]
    (ax, ay), (bx, by) = (turn(u, v) for u, v in corners)
    left, right = sorted((ax * size[0], bx * size[0]))
    top, bottom = sorted((ay * size[1], by * size[1]))
    return (
        max(0, int(left) - grow),
        max(0, int(top) - grow),
        min(size[0], int(right) + 1 + grow),
        min(size[1], int(bottom) + 1 + grow),
    )


Box = tuple[int, int, int, int]


def grown(box: Box, size: tuple[int, int], by: int = 1) -> Box:
    """The box with ``by`` pixels more on each side, as far as the picture reaches."""
    return max(0, box[0] - by), max(0, box[1] - by), min(size[0], box[2] + by), min(size[1], box[3] + by)


def _placing(frame: Frame, size: tuple[int, int], window: Box) -> Callable[..., Box]:
    """``to_pixels`` within a window of the picture; a box outside of it comes out empty."""

    def place(rect: Rect, grow: int = 2) -> Box:
        left, top, right, bottom = to_pixels(rect, frame, size, grow)
        x, y = window[0], window[1]
        return max(left, x) - x, max(top, y) - y, min(right, window[2]) - x, min(bottom, window[3]) - y

    return place


def moved_mask(before: Any, after: Any, threshold: int = _MOVED) -> Any:
    """A mask (255) of pixels where any colour channel moved by more than the threshold."""
    from PIL import ImageChops

    red, green, blue = ImageChops.difference(before, after).split()
    widest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return widest.point([255 if v > threshold else 0 for v in range(256)])


def ink_mask(picture: Any) -> Any:
    """Dark or strongly coloured: yellow writing is bright, and still writing."""
    from PIL import ImageChops

    dark = picture.convert("L").point([255 if v < _INK else 0 for v in range(256)])
    red, green, blue = picture.split()
    least = ImageChops.darker(ImageChops.darker(red, green), blue)
    return ImageChops.lighter(dark, least.point([255 if v < _COLOUR else 0 for v in range(256)]))


def paper_mask(picture: Any) -> Any:
    return picture.convert("L").point([255 if v > _PAPER else 0 for v in range(256)])


def count(mask: Any) -> int:
    return int(mask.histogram()[255])


def blank_out(mask: Any, boxes: list[tuple[int, int, int, int]]) -> Any:
    for box in boxes:
        if box[2] > box[0] and box[3] > box[1]:
            mask.paste(0, box)
    return mask


@dataclass(slots=True)
class Seen:
    """``covered``: fields whose new appearance hides drawn content; ``stray``: pages that differ elsewhere; ``unlike``:
    fields that look otherwise although they hold the same value."""

    covered: list[tuple[str, int]] = field(default_factory=list)
    stray: list[int] = field(default_factory=list)
    text: list[int] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)


def compare(
    data: Any,
    old_end: int,
    new_end: int,
    placed: list[Placed],
    earlier: dict[int, list[Rect]],
    budget: Budget,
    *,
    quiet: Iterable[int] = (),
) -> Seen:
    """Compare what two revisions show on the pages where something was placed, and the text of all pages.

    ``earlier``: rectangles of signatures of the older revision by page; a later signature may overlap those.
    ``quiet``: pages that are drawn although nothing was placed there. Raises NotCompletedError.
    """
    from PIL import ImageChops, ImageFilter

    seen = Seen()
    with Pages(data, old_end) as before, Pages(data, new_end) as after:
        if len(before) != len(after):
            seen.stray.append(0)
            return seen
        by_page: dict[int, list[Placed]] = {}
        for one in placed:
            by_page.setdefault(one.page, []).append(one)
        for index in quiet:
            by_page.setdefault(index, [])
        for index, ones in sorted(by_page.items()):
            budget.check()
            a, b = before.bitmap(index), after.bitmap(index)
            if a.size != b.size:
                seen.stray.append(index)
                continue
            found = ImageChops.difference(a, b).getbbox(alpha_only=False)
            if found is None:
                continue  # the pictures are equal: nothing hidden, nothing strayed
            # Everything below counts pixels that moved, and looks one pixel around them: the rest need not be looked at.
            window, frame = grown(found, a.size), after.frame(index)
            place = _placing(frame, a.size, window)
            a, b = a.crop(window).convert("RGB"), b.crop(window).convert("RGB")
            moved = moved_mask(a, b)
            ink = ink_mask(a)
            excused = [place(r) for r in earlier.get(index, ())]
            for one in ones:
                box = place(one.rect, 0)
                if box[2] <= box[0] or box[3] <= box[1]:
                    continue
                if one.signature:
                    # Writing over writing hides it too: new ink beside old strokes counts as much as on them.
                    near = blank_out(ink.copy(), excused).crop(box).filter(ImageFilter.MaxFilter(3))
                    hidden = ImageChops.multiply(blank_out(moved.copy(), excused).crop(box), near)
                else:
                    bare = before.bitmap(index, annotations=False).crop(window).convert("RGB")
                    plain = ink_mask(bare).crop(box)
                    gone = ImageChops.invert(ink_mask(b)).crop(box)
                    hidden = ImageChops.multiply(ImageChops.multiply(moved.crop(box), plain), gone)
                if one.same_value and count(moved.crop(box)) > _COVERED:
                    seen.unlike.append(one.field)
                if count(hidden) > _COVERED:
                    seen.covered.append((one.field, index))
            boxes = [place(one.rect) for one in ones]
            if count(blank_out(moved, boxes)) > _STRAY:
                seen.stray.append(index)
        _text(before, after, seen, budget)
    return seen


def _text(before: Pages, after: Pages, seen: Seen, budget: Budget) -> None:
    """A second reader on every page, as far as half the budget reaches: structure has already spoken."""
    for index in range(len(before)):
        if budget.left < budget.seconds / 2 or index > 200:
            return
        if before.text(index) != after.text(index):
            seen.text.append(index)
