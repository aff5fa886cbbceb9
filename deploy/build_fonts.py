"""Make core/congvan_core/fonts from Debian's fonts-liberation2; run once, the result is committed.

    python deploy/build_fonts.py [/usr/share/fonts/truetype/liberation2]

Copies Liberation Serif 2 as it is, and makes "CongVan Serif": the same outlines reduced to Latin with every Vietnamese
letter, scaled to 1000 units per em, for text that pyHanko draws (it writes widths unscaled, so that fonts of 2048 units
come out letter-spaced). The Open Font License asks that a changed font carry another name than Liberation.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem

STYLES = ("Regular", "Bold", "Italic", "BoldItalic")
TARGET = Path(__file__).parent.parent / "core" / "congvan_core" / "fonts"
#: Latin with all extensions that Vietnamese uses, combining marks, punctuation, currency, arrows, boxes to tick.
RANGES = (
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x300, 0x323),
    (0x1E00, 0x1EFF),
    (0x2010, 0x2044),
    (0x20A0, 0x20BF),
    (0x2100, 0x2193),
    (0x25A0, 0x25CF),
)


def scaled(source: Path, target: Path, style: str) -> None:
    font = TTFont(source)
    options = subset.Options()
    options.hinting = False
    options.layout_features = ["kern"]
    options.name_IDs = ["*"]
    options.notdef_outline = True
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[c for low, high in RANGES for c in range(low, high + 1)])
    cutter.subset(font)
    scale_upem(font, 1000)
    for record in font["name"].names:
        if record.nameID in (0, 13, 14):  # copyright and licence stay as they are
            continue
        text = record.toUnicode()
        if record.nameID == 7:  # trademark: the mark stays its owner's
            continue
        record.string = text.replace("Liberation Serif", "CongVan Serif").replace("LiberationSerif", "CongVanSerif")
    font.recalcTimestamp = False
    font.save(target)


def main() -> None:
    source = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/truetype/liberation2")
    TARGET.mkdir(exist_ok=True)
    for style in STYLES:
        original = source / f"LiberationSerif-{style}.ttf"
        shutil.copyfile(original, TARGET / original.name)
        scaled(original, TARGET / f"CongVanSerif-{style}.ttf", style)
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in sorted(TARGET.glob("*.ttf"))]
    (TARGET / "SHA256SUMS").write_text("".join(lines), encoding="ascii")


if __name__ == "__main__":
    main()
