"""Pictures for demonstrations and tests: a signature in blue ink and a red round seal, both marked THỬ NGHIỆM.

They look like nothing that any real agency uses and say so in the picture itself.
"""

from __future__ import annotations

import io
import itertools
import math
import random
from functools import lru_cache
from typing import Any

from congvan_core.fonts import font_path

MARK = "THỬ NGHIỆM"
_BLUE = (24, 52, 168, 255)
_RED = (206, 24, 30, 255)
_OVER = 3  # drawn larger, then reduced: smooth edges


@lru_cache(maxsize=64)
def demo_signature(name: str, *, width: int = 480, height: int = 200) -> bytes:
    """A handwritten-looking flourish (PNG, transparent), another for each name, always the same for one."""
    from PIL import Image, ImageDraw

    # the shape follows from the name alone; nothing secret is made here
    dice = random.Random(name)  # noqa: S311
    w, h = width * _OVER, height * _OVER
    image = Image.new("RGBA", (w, h), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    knots = 6 + len(name) % 3
    points = []
    for i in range(knots * 24 + 1):
        t = i / 24
        swing = 0.30 * h * (0.55 + 0.45 * math.cos(t * 0.6)) * dice.uniform(0.97, 1.03)
        x = w * (0.10 + 0.62 * t / knots) + 0.05 * w * math.sin(t * 5.1 + len(name))
        points.append((x, h * 0.45 + swing * math.sin(t * 4.2 + dice.random() * 0.02)))
    _stroke(pen, points, h)
    tail = [(w * (0.66 + 0.28 * i / 40), h * (0.46 + 0.10 * math.sin(i / 6)) - h * 0.004 * i) for i in range(41)]
    _stroke(pen, tail, h)
    pen.line([(w * 0.12, h * 0.80), (w * 0.88, h * 0.72)], fill=_BLUE, width=h // 60)
    face = _face(int(h * 0.13), "Italic")
    pen.text((w * 0.5, h * 0.99), MARK, font=face, fill=_BLUE, anchor="mb")
    return _png(image, width, height)


def _stroke(pen: Any, points: list[tuple[float, float]], h: int) -> None:
    for i, (a, b) in enumerate(itertools.pairwise(points)):
        thick = h / 48 * (1 + 0.8 * math.sin(i / 7))
        pen.line([a, b], fill=_BLUE, width=max(2, round(thick)))
        pen.ellipse([b[0] - thick / 2, b[1] - thick / 2, b[0] + thick / 2, b[1] + thick / 2], fill=_BLUE)


@lru_cache(maxsize=64)
def demo_seal(agency: str, *, size: int = 420) -> bytes:
    """A round red seal with the agency's name around a star (PNG, transparent). 36 mm at 296 dpi."""
    from PIL import Image, ImageDraw

    side = size * _OVER
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    middle = side / 2
    for radius, thick in ((0.495, 0.016), (0.455, 0.006), (0.285, 0.006)):
        r = side * radius
        pen.ellipse([middle - r, middle - r, middle + r, middle + r], outline=_RED, width=round(side * thick))
    star = []
    for i in range(10):
        r = side * (0.15 if i % 2 == 0 else 0.062)
        angle = math.pi * i / 5 - math.pi / 2
        star.append((middle + r * math.cos(angle), middle + r * math.sin(angle)))
    pen.polygon(star, fill=_RED)
    pen.text((middle, side * 0.70), MARK, font=_face(round(side * 0.052), "Bold"), fill=_RED, anchor="mm")
    _around(image, agency.upper(), side * 0.370, round(side * 0.075))
    return _png(image, size, size)


def _around(image: Any, text: str, radius: float, height: int) -> None:
    """Letters along the upper arc, reduced until they fit in 300 degrees."""
    from PIL import Image, ImageDraw

    side = image.width
    face = _face(height, "Bold")
    gap = height * 0.12
    while height > 12 and (sum(face.getlength(c) + gap for c in text) / radius) > math.radians(300):
        height -= 2
        face, gap = _face(height, "Bold"), height * 0.08
    total = sum(face.getlength(c) + gap for c in text) / radius
    angle = -total / 2
    for letter in text:
        wide = face.getlength(letter) + gap
        angle += wide / radius / 2
        tile = Image.new("RGBA", (height * 3, height * 3), (0, 0, 0, 0))
        ImageDraw.Draw(tile).text((height * 1.5, height * 1.5), letter, font=face, fill=_RED, anchor="mm")
        turned = tile.rotate(-math.degrees(angle), resample=Image.Resampling.BICUBIC)
        x = side / 2 + radius * math.sin(angle) - turned.width / 2
        y = side / 2 - radius * math.cos(angle) - turned.height / 2
        image.alpha_composite(turned, (round(x), round(y)))
        angle += wide / radius / 2


def _face(size: int, style: Any) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(font_path(style)), size)


def _png(image: Any, width: int, height: int) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    image.resize((width, height), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()
