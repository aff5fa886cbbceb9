"""Invented official documents as PDF, laid out by NĐ 30/2020 Phụ lục I: for the demonstration, trials and tests.

Every page says "VĂN BẢN THỬ NGHIỆM" in small letters at its foot unless told otherwise. The places of number, date and
signature are returned in points, so that fields and appearances can be put exactly there.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from typing import Any

from congvan_core.documents.sample_text import paragraphs
from congvan_core.documents.text import nfc
from congvan_core.errors import InputError
from congvan_core.fonts import reportlab_font

Rect = tuple[float, float, float, float]

MM = 72 / 25.4
WIDTH, HEIGHT = 595.28, 841.89
#: Phụ lục I: lề trên, dưới 20-25 mm; lề trái 30-35 mm; lề phải 15-20 mm.
LEFT, RIGHT, TOP, BOTTOM = 30 * MM, WIDTH - 18 * MM, HEIGHT - 20 * MM, 20 * MM
#: The space between title and name (ô số 7c): a seal of 36 mm fits in it without covering either.
SIGNATURE_BOX = (46 * MM, 37 * MM)
MAX_PAGES = 500


@dataclass(frozen=True, slots=True)
class SampleSpec:
    """What to print. ``number`` or ``issued_on`` None leaves a blank to be filled after signing (Điều 19.3, 20.1.b).

    ``author`` is printed in capitals as the issuing body, ``parent`` above it; ``mark`` is a stamp such as HỎA TỐC;
    ``body`` replaces the invented paragraphs; ``addressees`` ("Kính gửi") for a công văn, tờ trình, báo cáo;
    ``receivers`` the lines of Nơi nhận.
    """

    author: str
    symbol: str
    subject: str
    number: str | None = None
    issued_on: date | None = None
    type_name: str = "Quyết định"
    parent: str = ""
    place: str = "Hải Phòng"
    addressees: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ("Như trên", "Lưu: VT")
    competence: str = ""
    position: str = "GIÁM ĐỐC"
    full_name: str = "Nguyễn Văn Ánh"
    mark: str = ""
    body: tuple[str, ...] = ()
    pages: int = 1
    footer: str = "VĂN BẢN THỬ NGHIỆM - không có giá trị pháp lý"


@dataclass(frozen=True, slots=True)
class SampleDocument:
    """The file and where things stand in it; rectangles in points on 0-based pages."""

    pdf: bytes
    pages: int
    number_rect: Rect
    date_rect: Rect
    signature_page: int
    signature_rect: Rect


def date_words(day: date, place: str = "") -> str:
    """``Hải Phòng, ngày 05 tháng 01 năm 2026``: a zero before days under 10 and months 1, 2 (Phụ lục I, ô số 4)."""
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    words = f"ngày {day.day:02d} tháng {month} năm {day.year}"
    return f"{place}, {words}" if place else words


def make(spec: SampleSpec) -> SampleDocument:
    """Print one document of exactly ``spec.pages`` pages. Raises InputError where the count is not 1 to 500."""
    if not 1 <= spec.pages <= MAX_PAGES:
        raise InputError(f"Số trang phải từ 1 đến {MAX_PAGES}, không phải {spec.pages}.")
    return _Printer(spec).run()


class _Printer:
    def __init__(self, spec: SampleSpec) -> None:
        from reportlab.pdfgen import canvas

        self.spec = spec
        self.faces = {s: reportlab_font(s) for s in ("Regular", "Bold", "Italic", "BoldItalic")}
        self.file = io.BytesIO()
        # invariant: the same spec gives the same bytes, today and tomorrow
        self.canvas: Any = canvas.Canvas(self.file, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1)
        self.canvas.setTitle(nfc(spec.subject))
        self.canvas.setAuthor(nfc(spec.author))
        self.page = 0

    def run(self) -> SampleDocument:
        y = self._head()
        texts = paragraphs(self.spec.subject, self.spec.body)
        for page in range(self.spec.pages):
            last = page == self.spec.pages - 1
            if page:
                self._next_page()
                y = TOP
            floor = BOTTOM + (66 * MM if last else 0)
            y = self._fill(texts, y, floor, one_screen=last and page > 0)
        rect = self._close(y)
        self._foot()
        self.canvas.save()
        return SampleDocument(self.file.getvalue(), self.spec.pages, self.number_rect, self.date_rect, self.page, rect)

    def _text(self, x: float, y: float, text: str, size: float, style: Any = "Regular", align: str = "left") -> float:
        from reportlab.pdfbase.pdfmetrics import stringWidth

        text = nfc(text)
        face = self.faces[style]
        wide = float(stringWidth(text, face, size))
        left = {"left": x, "center": x - wide / 2, "right": x - wide}[align]
        self.canvas.setFont(face, size)
        self.canvas.drawString(left, y, text)
        return wide

    def _block(self, x: float, y: float, text: str, size: float, style: Any, width: float) -> float:
        """Centred lines, wrapped; returns the next baseline."""
        from reportlab.lib.utils import simpleSplit

        for line in simpleSplit(nfc(text), self.faces[style], size, width):
            self._text(x, y, line, size, style, "center")
            y -= size * 1.22
        return y

    def _rule(self, x: float, y: float, length: float) -> None:
        self.canvas.setLineWidth(0.6)
        self.canvas.line(x - length / 2, y, x + length / 2, y)

    def _head(self) -> float:
        spec, first, second = self.spec, LEFT + 36 * MM, RIGHT - 45 * MM
        y = TOP - 10
        if spec.parent:
            left = self._block(first, y, spec.parent.upper(), 12, "Regular", 72 * MM)
        else:
            left = y
        left = self._block(first, left, spec.author.upper(), 12.5, "Bold", 72 * MM)
        self._rule(first, left + 9, 22 * MM)
        self._text(second, y, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 12, "Bold", "center")
        wide = self._text(second, y - 16, "Độc lập - Tự do - Hạnh phúc", 13, "Bold", "center")
        self._rule(second, y - 21, wide)
        y = min(left - 8, y - 40)
        self._number_line(first, y)
        self._date_line(second, y)
        y -= 18
        if self._is_letter:
            said = spec.subject if spec.subject[:3].casefold() == "v/v" else "V/v " + spec.subject
            y = self._block(first, y, said, 12, "Regular", 66 * MM) - 10
        if spec.mark:
            y = self._mark(first, y)
        y -= 14
        if not self._is_letter:
            y = self._block(WIDTH / 2 + 6 * MM, y, spec.type_name.upper(), 14, "Bold", 150 * MM)
            y = self._block(WIDTH / 2 + 6 * MM, y - 1, spec.subject, 14, "Bold", 140 * MM)
            self._rule(WIDTH / 2 + 6 * MM, y + 9, 40 * MM)
            y -= 12
        return self._addressees(y)

    @property
    def _is_letter(self) -> bool:
        return self.spec.type_name.lower() == "công văn"

    def _number_line(self, x: float, y: float) -> None:
        """``Số: 15/QĐ-SNV``; a blank of 11 mm where the number comes later (ô số 3)."""
        from reportlab.pdfbase.pdfmetrics import stringWidth

        spec, size = self.spec, 13
        number = "" if spec.number is None else nfc(spec.number)
        if number.isdigit() and int(number) < 10:
            number = f"{int(number):02d}"
        gap = 11 * MM if spec.number is None else float(stringWidth(number, self.faces["Regular"], size))
        before, after = "Số: ", "/" + nfc(spec.symbol)
        wide = [float(stringWidth(t, self.faces["Regular"], size)) for t in (before, after)]
        at = x - (wide[0] + gap + wide[1]) / 2
        self._text(at, y, before, size)
        self._text(at + wide[0], y, number, size)
        self._text(at + wide[0] + gap, y, after, size)
        self.number_rect = (at + wide[0] + 1, y - 3.5, at + wide[0] + gap - 1, y + 12)

    def _date_line(self, x: float, y: float) -> None:
        """Place and date in italics; a blank for the whole date where it comes later (ô số 4)."""
        from reportlab.pdfbase.pdfmetrics import stringWidth

        spec, size = self.spec, 13
        words = "" if spec.issued_on is None else date_words(spec.issued_on)
        before = nfc(spec.place) + ", "
        lead = float(stringWidth(before, self.faces["Italic"], size))
        widest = "ngày 00 tháng 00 năm 0000" if spec.issued_on is None else words
        gap = float(stringWidth(widest, self.faces["Italic"], size)) + 4
        at = x - (lead + gap) / 2
        self._text(at, y, before, size, "Italic")
        self._text(at + lead, y, words, size, "Italic")
        self.date_rect = (at + lead, y - 3.5, at + lead + gap, y + 12)

    def _mark(self, x: float, y: float) -> float:
        """A stamp of urgency: capitals, bold, bright red, framed (ô số 10b)."""
        self.canvas.setFillColorRGB(0.9, 0, 0)
        self.canvas.setStrokeColorRGB(0.9, 0, 0)
        wide = self._text(x, y - 10, self.spec.mark.upper(), 13, "Bold", "center")
        self.canvas.rect(x - wide / 2 - 8, y - 15, wide + 16, 20)
        self.canvas.setFillColorRGB(0, 0, 0)
        self.canvas.setStrokeColorRGB(0, 0, 0)
        return y - 24

    def _addressees(self, y: float) -> float:
        names = self.spec.addressees
        if not names:
            return y
        if len(names) == 1:
            return self._block(WIDTH / 2 + 6 * MM, y, f"Kính gửi: {names[0]}.", 14, "Regular", 150 * MM) - 8
        self._text(LEFT + 30 * MM, y, "Kính gửi:", 14)
        for i, name in enumerate(names[:12]):
            y -= 17
            self._text(LEFT + 48 * MM, y, f"- {name}{'.' if i == len(names) - 1 else ';'}", 14)
        return y - 20

    def _fill(self, texts: Any, y: float, floor: float, *, one_screen: bool) -> float:
        from reportlab.lib.enums import TA_JUSTIFY
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        style = ParagraphStyle(
            "body", fontName=self.faces["Regular"], fontSize=14, leading=19, alignment=TA_JUSTIFY,
            firstLineIndent=10 * MM, spaceAfter=5,
        )  # fmt: skip
        width = RIGHT - LEFT
        drawn = 0
        while texts.peek() and drawn < (3 if one_screen else 10_000):
            item = Paragraph(texts.peek(), style)
            _, high = item.wrap(width, HEIGHT)
            if y - high < floor:
                break
            item.drawOn(self.canvas, LEFT, y - high)
            y -= high + 5
            drawn += 1
            if not texts.take():
                break
        return y

    def _close(self, y: float) -> Rect:
        """Nơi nhận on the left, the signer on the right; returns the box of the signature (ô số 7, 9b)."""
        spec, right = self.spec, RIGHT - 40 * MM
        top = y - 14
        self._text(LEFT, top, "Nơi nhận:", 12, "BoldItalic")
        for i, line in enumerate(spec.receivers[:12]):
            end = "." if i == len(spec.receivers) - 1 else ";"
            self._text(LEFT, top - 13 * (i + 1), f"- {line}{end}", 11)
        at = top
        if spec.competence:
            at = self._block(right, at, spec.competence, 13.5, "Bold", 78 * MM)
        at = self._block(right, at, spec.position.upper(), 13.5, "Bold", 78 * MM)
        wide, high = SIGNATURE_BOX
        box_top = at + 10
        rect = (right - wide / 2, box_top - high, right + wide / 2, box_top)
        self._text(right, box_top - high - 11, spec.full_name, 14, "Bold", "center")
        return tuple(round(v, 2) for v in rect)  # type: ignore[return-value]

    def _next_page(self) -> None:
        self._foot()
        self.canvas.showPage()
        self.page += 1
        # page numbers from page 2, centred in the top margin
        self._text(WIDTH / 2, HEIGHT - 12 * MM, str(self.page + 1), 13, "Regular", "center")

    def _foot(self) -> None:
        if self.spec.footer:
            self.canvas.setFillColorRGB(0.45, 0.45, 0.45)
            self._text(WIDTH / 2, 9 * MM, self.spec.footer, 8, "Italic", "center")
            self.canvas.setFillColorRGB(0, 0, 0)


def scan(pdf: bytes, *, dpi: int = 200, quality: int = 75) -> bytes:
    """The pages as pictures only: what a scanner makes of the printed paper (no text layer).

    NĐ 30/2020 Phụ lục I asks for colour, 200 dpi at least and scale 100 %; tests may take less.
    """
    import pypdfium2
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    paper: Any = canvas.Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)
    source = pypdfium2.PdfDocument(pdf)
    try:
        for page in source:
            bitmap = page.render(scale=dpi / 72)
            jpeg = io.BytesIO()
            bitmap.to_pil().convert("RGB").save(jpeg, "JPEG", quality=quality)
            bitmap.close()
            page.close()
            jpeg.seek(0)
            paper.drawImage(ImageReader(jpeg), 0, 0, WIDTH, HEIGHT)
            paper.showPage()
    finally:
        source.close()
    paper.save()
    return out.getvalue()
