"""A one-page document as PDF in well under a millisecond: one subset face shared by all, its text selectable.

``sample_pdf`` lays pages out by NĐ 30/2020 Phụ lục I to the millimetre and takes fifty times as long; this is for
filling a demonstration with tens of thousands of files.
"""

from __future__ import annotations

import io
import textwrap
import zlib
from collections.abc import Sequence

from congvan_core.fonts import VIETNAMESE_LETTERS, font_path

_ASCII = "".join(chr(code) for code in range(32, 127))
_MORE = "–…“”"


class QuickPdf:
    """The face and what every file shares; ``make`` prints one."""

    def __init__(self) -> None:
        from fontTools import subset
        from fontTools.ttLib import TTFont

        letters = _ASCII + VIETNAMESE_LETTERS + _MORE
        options = subset.Options(
            hinting=False,
            layout_features=[],
            notdef_outline=True,
            name_IDs=[],
            drop_tables=["GSUB", "GPOS", "GDEF", "kern", "DSIG", "FFTM"],
        )
        font = TTFont(font_path("Regular"), recalcTimestamp=False)
        cutter = subset.Subsetter(options)
        cutter.populate(text=letters)
        cutter.subset(font)
        out = io.BytesIO()
        font.save(out)
        glyphs, widths = font.getBestCmap(), font["hmtx"]
        order = {name: number for number, name in enumerate(font.getGlyphOrder())}
        scale = 1000 / font["head"].unitsPerEm
        self._code = {chr(code): order[name] for code, name in glyphs.items()}
        self._wide = {chr(code): widths[name][0] * scale for code, name in glyphs.items()}
        shown = sorted((gid, letter) for letter, gid in self._code.items())
        mapping = "\n".join(f"<{gid:04x}> <{letter.encode('utf-16-be').hex()}>" for gid, letter in shown)
        cmap = (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /V def /CMapType 2 def\n"
            "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
            + "".join(
                f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n"
                for part in _hundreds(mapping.split("\n"))
            )
            + "endcmap CMapName currentdict /CMap defineresource pop end end"
        ).encode()
        wide = " ".join(f"{gid} [{self._wide[letter]:.0f}]" for gid, letter in shown)
        self._shared = [
            b"<</Type/Catalog/Pages 2 0 R/Lang(vi)>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 4 0 R>>>>/Contents 9 0 R>>",
            b"<</Type/Font/Subtype/Type0/BaseFont/CVDemo+Serif/Encoding/Identity-H/DescendantFonts[5 0 R]/ToUnicode 7 0 R>>",
            b"<</Type/Font/Subtype/CIDFontType2/BaseFont/CVDemo+Serif/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
            b"/Supplement 0>>/FontDescriptor 6 0 R/CIDToGIDMap/Identity/DW 500/W[" + wide.encode() + b"]>>",
            b"<</Type/FontDescriptor/FontName/CVDemo+Serif/Flags 4/FontBBox[-200 -250 1200 1000]/ItalicAngle 0/Ascent 891"
            b"/Descent -216/CapHeight 650/StemV 80/FontFile2 8 0 R>>",
            _stream(cmap),
            _stream(out.getvalue(), f"/Length1 {len(out.getvalue())}"),
        ]

    def make(self, author: str, number: str, date: str, title: str, paragraphs: Sequence[str], signer: tuple[str, str],
             receivers: Sequence[str]) -> bytes:  # fmt: skip
        """One page: head, number and date, title, paragraphs, receivers and signer."""
        out: list[str] = ["BT"]
        self._line(out, 150, 780, 12, author.upper()[:60], centre=True)
        self._line(out, 430, 780, 12, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", centre=True)
        self._line(out, 430, 764, 13, "Độc lập - Tự do - Hạnh phúc", centre=True)
        self._line(out, 150, 742, 13, f"Số: {number}", centre=True)
        self._line(out, 430, 742, 13, date, centre=True)
        y = 700.0
        for part in textwrap.wrap(title, 62)[:4]:
            self._line(out, 310, y, 14, part, centre=True)
            y -= 18
        y -= 8
        for paragraph in paragraphs:
            for place, part in enumerate(textwrap.wrap(paragraph, 84)):
                self._line(out, 85 + (24 if not place else 0), y, 13, part)
                y -= 18
            y -= 4
        y -= 14
        self._line(out, 430, y, 13, signer[0], centre=True)
        self._line(out, 430, y - 90, 14, signer[1], centre=True)
        self._line(out, 85, y, 12, "Nơi nhận:")
        for place, one in enumerate(receivers[:8], 1):
            self._line(out, 85, y - 14 * place, 11, f"- {one[:48]};")
        self._line(out, 297, 26, 8, "DỮ LIỆU TRÌNH DIỄN - không có giá trị pháp lý", centre=True)
        out.append("ET")
        return _file([*self._shared, _stream("\n".join(out).encode())])

    def _line(self, out: list[str], x: float, y: float, size: float, text: str, *, centre: bool = False) -> None:
        shown = [c for c in text if c in self._code]
        if centre:
            x -= sum(self._wide[c] for c in shown) * size / 2000
        codes = "".join(f"{self._code[c]:04x}" for c in shown)
        out.append(f"/F1 {size} Tf 1 0 0 1 {x:.1f} {y:.1f} Tm <{codes}> Tj")


def _hundreds(lines: list[str]) -> list[list[str]]:
    return [lines[start : start + 100] for start in range(0, len(lines), 100)]


def _stream(data: bytes, more: str = "") -> bytes:
    packed = zlib.compress(data, 6)
    return f"<</Filter/FlateDecode/Length {len(packed)}{more}>>\nstream\n".encode() + packed + b"\nendstream"


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{place:010d} 00000 n \n" for place in places).encode()
    out += f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
