"""The stamp on a scan, read by the real tesseract: upright, lying, upside down, coarse, askew; and none where none is."""

from __future__ import annotations

from typing import Any

import pytest

from congvan_core.documents.ocr import Reader
from congvan_core.secrecy import scan
from support_judgement import page

pytestmark = pytest.mark.real("tesseract")


def scanned(mark: str | None, dpi: int = 200, *, turn: int = 0, skew: float = 0.0, quality: int = 0) -> Any:
    """The head of a page as a scanner sees it (the rest is white, to be quick)."""
    import io

    import pypdfium2
    from PIL import Image

    image = pypdfium2.PdfDocument(page(mark=mark))[0].render(scale=dpi / 72, grayscale=True).to_pil()
    image.paste(255, (0, image.height * 2 // 5, image.width, image.height))
    if skew:
        image = image.rotate(skew, fillcolor=255)
    if turn:
        image = image.rotate(-turn, expand=True)
    if quality:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        image = Image.open(buffer).convert("L")
    return image


def read(image: Any) -> Any:
    found = Reader(120.0).page(image, first=True)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("mark", "how"),
    [
        ("MẬT", {}),
        ("TỐI MẬT", {"dpi": 100}),
        ("TUYỆT MẬT", {"quality": 25, "skew": 2.0}),
        ("TỐI MẬT", {"skew": -3.0}),
        ("TỐI MẬT", {"turn": 90}),
        ("TUYỆT MẬT", {"turn": 180}),
    ],
)
def test_a_stamp_is_read(mark: str, how: dict[str, Any]) -> None:
    found = read(scanned(mark, **how))
    result = scan({"ocr": "\n".join([*found.stamps, found.text])})
    assert result.sealed, (found.stamps, found.text[:300])
    assert result.level.vi.upper() == mark


def test_the_stamp_s_place_is_read_first_and_ends_the_reading() -> None:
    calls: list[int] = []

    class Counting(Reader):
        def _run(self, image: Any, mode: int, languages: str, kind: str) -> str | None:
            calls.append(image.width)
            return super()._run(image, mode, languages, kind)

    found = Counting(120.0).page(scanned("MẬT"), first=True)
    assert found is not None
    assert (found.stamps, found.text) == (("MẬT",), "")
    assert len(calls) == 1
    assert calls[0] < scanned(None).width / 2


def test_an_ordinary_scan_bears_none() -> None:
    found = read(scanned(None, 150))
    assert found.stamps == ()
    assert scan({"ocr": found.text}).findings == ()
    assert "67/STNA-VP" in found.text
