"""Text of one PDF page by pypdfium2, letters of older fonts (.VnTime, VNI) turned into Unicode run by run."""

from __future__ import annotations

import ctypes
from typing import Any

from congvan_core.documents.legacy_text import convert, font_encoding
from congvan_core.documents.numbering_fields import with_numbering
from congvan_core.documents.text import nfc

_SAMPLE = 4_000


def page_text(document: Any, index: int, room: int) -> tuple[str, list[str]]:
    """At most ``room`` characters of a page, and the names of older fonts in it; empty where the page is unreadable."""
    import pypdfium2 as pdfium

    try:
        page = document[index]
    except (pdfium.PdfiumError, IndexError):
        return "", []
    try:
        textpage = page.get_textpage()
        try:
            count = min(textpage.count_chars(), max(room, 0))
            if count <= 0:
                return "", []
            raw: str = textpage.get_text_range(0, count)
            fonts = _legacy_fonts(textpage, count)
            text = _by_runs(textpage, count) if fonts else raw
            if index == 0:
                text = with_numbering(page, text)
            return nfc(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x02", "-").replace("\f", "\n")), fonts
        finally:
            textpage.close()
    except (pdfium.PdfiumError, UnicodeError):
        return "", []
    finally:
        page.close()


def is_picture(document: Any, index: int) -> bool:
    """Whether one picture covers most of the page: a scan, whatever few words lie over it."""
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    try:
        page = document[index]
    except (pdfium.PdfiumError, IndexError):
        return False
    try:
        width, height = page.get_size()
        for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
            left, bottom, right, top = picture.get_bounds()
            if (right - left) * (top - bottom) > 0.6 * width * height:
                return True
        return False
    except pdfium.PdfiumError:
        return False
    finally:
        page.close()


def _font_name(textpage: Any, at: int) -> str:
    import pypdfium2.raw as raw

    flags = ctypes.c_int()
    buffer = ctypes.create_string_buffer(256)
    length = raw.FPDFText_GetFontInfo(textpage.raw, at, buffer, 256, ctypes.byref(flags))
    return buffer.raw[: max(min(int(length), 256) - 1, 0)].decode("utf-8", "replace")


def _legacy_fonts(textpage: Any, count: int) -> list[str]:
    """Names of older fonts, looked for at some hundred places: a page typed in them is so throughout."""
    step = max(1, min(count, _SAMPLE) // 200)
    names = {_font_name(textpage, at) for at in range(0, min(count, _SAMPLE), step)}
    return sorted(n for n in names if font_encoding(n))


def _by_runs(textpage: Any, count: int) -> str:
    import pypdfium2.raw as raw

    out: list[str] = []
    run: list[str] = []
    current: str | None = None
    for at in range(count):
        code = raw.FPDFText_GetUnicode(textpage.raw, at)
        letter = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
        if letter in (" ", "\r", "\n", ""):  # blanks that the library adds bear no font
            run.append(letter)
            continue
        encoding = font_encoding(_font_name(textpage, at))
        if encoding != current:
            out.append(convert("".join(run), current))
            run, current = [], encoding
        run.append(letter)
    out.append(convert("".join(run), current))
    return "".join(out)
