"""Reading scanned pages with Debian's tesseract (``tesseract-ocr``, ``tesseract-ocr-vie``); optional at run time."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from congvan_core.documents.text import nfc, unaccent

#: Dots per inch of the rendering; NĐ 30/2020 asks for scans of at least 200.
DPI = 300
_MAX_PIXELS = 40_000_000
#: Angles (degrees, clockwise) at which a clerk's hand stamps: level, a little askew, and the rising arrow of HỎA TỐC.
_STAMP_ANGLES = (0, 35, 30, 4, -4, 9, -9)
#: Below this confidence, or with fewer letters, a page may lie on its side; it is looked at once more.
_LYING, _FEW = 0.7, 40
#: A picture with a shorter side than this many dots was scanned below 200 dots per inch and reads better enlarged.
_COARSE = 1_500
_WIDTH_INCHES = 8.27
_SECRET = frozenset({"MẬT", "TỐI MẬT", "TUYỆT MẬT", "TÀI LIỆU THU HỒI"})
#: The stamp's place: the left third under number and symbol (NĐ 30/2020 Phụ lục I, cells 10a and 10b).
_STAMP_BOX = (0.0, 0.13, 0.38, 0.38)
#: A level stamp is looked for a little wider: a page that lies askew moves it.
_LEVEL_BOX = (0.0, 0.11, 0.46, 0.39)


@dataclass(frozen=True, slots=True)
class OcrText:
    """What was read on one page. ``confidence`` is 0 to 1 over all words.

    ``again`` are further readings of the first page's head at other settings: what all agree on is sure.

    ``stamps`` are the stamps' words found in their usual place, upright or turned, in capitals.
    """

    text: str
    confidence: float
    again: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()
    complete: bool = True


def available() -> bool:
    """Whether tesseract with Vietnamese data can be run."""
    program = shutil.which("tesseract")
    if program is None:
        return False
    try:
        listed = subprocess.run([program, "--list-langs"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return b"vie" in (listed.stdout + listed.stderr).split()


def render(document: Any, index: int) -> Any:
    """Page ``index`` of a pypdfium2 document as a grey image, smaller where it would exceed 40 million pixels."""
    page = document[index]
    try:
        width, height = page.get_size()
        scale = DPI / 72
        if width * height * scale * scale > _MAX_PIXELS:
            scale = (_MAX_PIXELS / max(width * height, 1.0)) ** 0.5
        return page.render(scale=scale, grayscale=True).to_pil()
    finally:
        page.close()


class Reader:
    """Reads pages until its time is spent. ``seconds`` bounds all calls together; ``clock`` is monotonic seconds."""

    def __init__(
        self, seconds: float = 25.0, *, program: str = "tesseract", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._program = program
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds that remain."""
        return max(0.0, self._end - self._clock())

    def _run(self, image: Any, mode: int, languages: str, kind: str) -> str | None:
        seconds = self.left()
        if seconds <= 0.2:
            return None
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=1)
        command = [self._program, "stdin", "stdout", "-l", languages, "--psm", str(mode), "--dpi", str(DPI)]
        if kind:
            command.append(kind)
        try:
            done = subprocess.run(
                command,
                input=buffer.getvalue(),
                capture_output=True,
                timeout=min(seconds, 60.0),
                check=False,
                env={"PATH": os.environ.get("PATH", ""), "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}
                | {k: v for k, v in os.environ.items() if k == "TESSDATA_PREFIX"},
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return nfc(done.stdout.decode("utf-8", "replace")) if done.returncode == 0 else None

    def page(self, image: Any, *, first: bool) -> OcrText | None:
        """The text of a page; of the first one the stamp's place before anything else, then also a second look at the
        head. A page that lies on its side or upside down is turned, a coarse one enlarged.

        A stamp of secrecy ends the reading: such a page is read no further. None where tesseract is absent, fails or
        has no time left.
        """
        return self._page(_enlarged(image), first=first, turned=False)

    def _page(self, image: Any, *, first: bool, turned: bool) -> OcrText | None:
        stamps: tuple[str, ...] = ()
        complete = True
        if first:  # upright first, which is nearly every stamp; turned ones when the page has been read
            stamps, complete = self._stamps(image, _STAMP_ANGLES[:1])
            if not _SECRET.isdisjoint(stamps):
                return OcrText("", 0.0, (), stamps, complete=False)
        table = self._run(image, 4, "vie+eng", "tsv")
        if table is None:
            return OcrText("", 0.0, (), stamps, complete=False) if stamps else None
        text, confidence = _lines(table)
        if not turned and (confidence < _LYING or sum(c.isalpha() for c in text) < _FEW):
            angle = self._angle(image)
            if angle:
                again = self._page(image.rotate(-angle, expand=True, fillcolor=255), first=first, turned=True)
                if again is not None and (again.stamps or again.confidence > confidence):
                    return again
        if not first:
            return OcrText(text, confidence)
        width, height = image.size
        head = self._run(image.crop((0, 0, width, int(height * 0.3))), 6, "vie+eng", "")
        left = image.crop((0, int(height * 0.03), int(width * 0.5), int(height * 0.28)))
        coarse = self._run(left.resize((left.width * 2 // 3, left.height * 2 // 3)), 6, "vie+eng", "")
        readings = tuple(reading for reading in (head, coarse) if reading)
        if not stamps and complete:
            stamps, complete = self._stamps(image, _STAMP_ANGLES[1:])
        return OcrText(text, confidence, readings, stamps, complete and len(readings) == 2)

    def _angle(self, image: Any) -> int:
        """Degrees clockwise by which the page must be turned to stand upright: 0, 90, 180 or 270."""
        said = self._run(image, 0, "osd", "") or ""
        angle = re.search(r"^Rotate: (90|180|270)$", said, re.MULTILINE)
        return int(angle[1]) if angle else 0

    def _stamps(self, image: Any, angles: Sequence[int]) -> tuple[tuple[str, ...], bool]:
        width, height = image.size
        found: list[str] = []
        for angle in angles:
            left, top, right, bottom = _STAMP_BOX if abs(angle) > 10 else _LEVEL_BOX
            box = image.crop((int(width * left), int(height * top), int(width * right), int(height * bottom)))
            # Turned, the picture grows; two thirds of the size read as well and cost half.
            small = box.resize((box.width * 2 // 3, box.height * 2 // 3))
            turned = box if angle == 0 else small.rotate(-angle, expand=True, fillcolor=255)
            text = self._run(without_frames(turned, width / _WIDTH_INCHES), 6, "vie", "")
            if text is None:
                return tuple(found), False
            for line in text.splitlines():
                stamp = stamp_word(line, turned=abs(angle) > 10)
                if stamp and stamp not in found:
                    found.append(stamp)
            if found:
                break
        return tuple(found), True


def without_frames(image: Any, dpi: float) -> Any:
    """A grey picture without its long straight lines: a framed word is taken for a drawing and not read."""
    across = _strokes_away(image, max(20, int(dpi * 0.3)))
    from PIL import Image

    turned = across.transpose(Image.Transpose.TRANSPOSE)
    return _strokes_away(turned, max(20, int(dpi * 0.22))).transpose(Image.Transpose.TRANSPOSE)


def _strokes_away(image: Any, length: int) -> Any:
    """Dark runs of at least ``length`` dots in one row, made white."""
    from PIL import Image

    data = bytearray(image.tobytes())
    dark = bytes(image.point(lambda value: 1 if value < 200 else 0).tobytes())
    width = image.width
    run = re.compile(rb"\x01{%d,}" % length)
    for row in range(0, len(dark), width):
        for found in run.finditer(dark, row, row + width):
            data[found.start() : found.end()] = b"\xff" * (found.end() - found.start())
    return Image.frombytes("L", image.size, bytes(data))


def _enlarged(image: Any) -> Any:
    """The picture at about the size of 200 dots per inch where it is smaller; at most threefold."""
    short = min(image.size)
    if short >= _COARSE or short < 100:
        return image
    factor = min(3.0, _COARSE / short)
    if image.width * image.height * factor * factor > _MAX_PIXELS:
        return image
    return image.resize((int(image.width * factor), int(image.height * factor)))


#: Bare letters of a stamp -> its words. MẬT alone is too short for a turned picture's noise: only with its mark.
_STAMPS = {
    "HOATOCHENGIO": "HỎA TỐC HẸN GIỜ", "HOATOC": "HỎA TỐC", "THUONGKHAN": "THƯỢNG KHẨN", "TUYETMAT": "TUYỆT MẬT",
    "TOIMAT": "TỐI MẬT", "TAILIEUTHUHOI": "TÀI LIỆU THU HỒI", "GIAIMAT": "GIẢI MẬT",
}  # fmt: skip


def stamp_word(line: str, *, turned: bool = False) -> str | None:
    """The stamp that a line of the stamp's place reads as, noise around it forgiven; None for other lines."""
    bare = re.sub(r"[^A-Z]", "", unaccent(line).upper())
    letters = re.sub(r"[^\w]", "", line)
    if not 2 <= len(bare) <= 20 or sum(c.islower() for c in letters) * 2 > len(letters):
        return None
    for form, words in _STAMPS.items():
        if bare == form or (abs(len(bare) - len(form)) <= 2 and form in bare):
            return words
    if re.fullmatch(r"[\W_]*KH[ẨÂẢA]N[\W_]*", line.strip()):
        return "KHẨN"
    if re.fullmatch(r"[\W_ILJ1]*M[ẬÂẠ]T[\W_ILJ1]*" if not turned else r"[\W_]*MẬT[\W_]*", line.strip()):
        return "MẬT"
    return None


def _lines(table: str) -> tuple[str, float]:
    """Lines and mean confidence from tesseract's table of words (level 5 rows are words)."""
    lines: list[tuple[tuple[str, ...], list[str]]] = []
    total, count = 0.0, 0
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != "5" or not cells[11].strip():
            continue
        key = tuple(cells[1:5])
        if not lines or lines[-1][0] != key:
            lines.append((key, []))
        lines[-1][1].append(cells[11])
        try:
            total += max(float(cells[10]), 0.0)
            count += 1
        except ValueError:
            continue
    return "\n".join(" ".join(words) for _, words in lines), round(total / count / 100, 3) if count else 0.0
