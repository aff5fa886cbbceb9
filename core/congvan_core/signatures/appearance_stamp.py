"""Drawing an appearance as a pyHanko stamp: one picture kept in proportion, or lines of text set from the right."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import Any

from pyhanko.pdf_utils import content, layout
from pyhanko.pdf_utils.content import ResourceType
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.stamp import BaseStamp, BaseStampStyle

from congvan_core.fonts import Style, font_path
from congvan_core.signatures.appearance import LEADING, TEXT_SIZE


@dataclass(frozen=True)
class DrawnStyle(BaseStampStyle):
    """``picture`` (a PIL image) fills the box in proportion, centred; ``lines`` are set right-aligned from the top."""

    picture: Any = None
    lines: tuple[str, ...] = ()

    def create_stamp(
        self, writer: BasePdfFileWriter, box: layout.BoxConstraints, text_params: dict[str, Any]
    ) -> DrawnStamp:
        return DrawnStamp(writer, self, box)


class DrawnStamp(BaseStamp):
    def _render_inner_content(self) -> list[bytes]:
        width, height = float(self.box.width), float(self.box.height)
        out: list[bytes] = []
        if self.style.picture is not None:
            out.append(self._picture(width, height))
        if self.style.lines:
            out.append(text_block(self, self.style.lines, width, height))
        return out

    def _picture(self, width: float, height: float) -> bytes:
        image = self.style.picture
        scale = min(width / image.width, height / image.height)
        wide, high = image.width * scale, image.height * scale
        drawn = PdfImage(image, writer=self.writer)
        name = pdf_name("/Picture")
        self.set_resource(ResourceType.XOBJECT, name, drawn.image_ref)
        at = ((width - wide) / 2, (height - high) / 2)
        return b"q %g 0 0 %g %g %g cm /Picture Do Q" % (wide, high, *at)


def _engine(holder: content.PdfContent, style: Style) -> GlyphAccumulator:
    # from memory: pyHanko's own factory leaves the font file open
    return GlyphAccumulator(holder._ensure_writer, io.BytesIO(_font_bytes(style)), font_size=TEXT_SIZE)


@cache
def _font_bytes(style: Style) -> bytes:
    return font_path(style, stamp=True).read_bytes()


def text_block(
    holder: content.PdfContent,
    lines: tuple[str, ...],
    width: float,
    height: float,
    *,
    size: float = TEXT_SIZE,
    align: str = "right",
    style: Style = "Regular",
) -> bytes:
    """Operators that set lines from the top of a box, in the vendored face, black. Too wide a line is set smaller."""
    engine = _engine(holder, style)
    holder.set_resource(ResourceType.FONT, pdf_name("/F0"), engine.as_resource())
    out = [b"q 0 g BT"]
    y = height
    for line in lines:
        shaped = engine.shape(line)
        long = float(shaped.x_advance)  # in em
        at = min(size, (width - 1) / long) if long else size
        y -= LEADING * at / TEXT_SIZE if line is not lines[0] else at * 0.891  # ascender of the face
        x = {"right": width - long * at, "center": (width - long * at) / 2}.get(align, 0.0)
        out.append(b"/F0 %g Tf 1 0 0 1 %g %g Tm %s" % (at, x, y, shaped.graphics_ops))
    out.append(b"ET Q")
    return b" ".join(out)


def text_at(
    holder: content.PdfContent, text: str, width: float, height: float, size: float, align: str, style: Style
) -> bytes:
    """Operators that set one line in the middle of the height (cap height 0.66 em), smaller where it is too wide."""
    engine = _engine(holder, style)
    holder.set_resource(ResourceType.FONT, pdf_name("/F0"), engine.as_resource())
    shaped = engine.shape(text)
    long = float(shaped.x_advance)
    at = min(size, width / long) if long else size
    x = (width - long * at) / 2 if align == "center" else 0.0
    return b"q 0 g BT /F0 %g Tf 1 0 0 1 %g %g Tm %s ET Q" % (at, x, (height - 0.66 * at) / 2, shaped.graphics_ops)
