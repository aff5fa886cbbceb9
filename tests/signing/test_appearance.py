"""What signatures look like on the page: NĐ 30/2020 Phụ lục I, ô số 7c, 8, 14.

NĐ 30 Điều 25-27.
"""

from __future__ import annotations

import io
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM
from congvan_core.signatures.appearance import (
    agency_appearance,
    copy_appearance,
    enclosure_appearance,
    ink,
    person_appearance,
)
from congvan_core.signatures.appearance_art import demo_seal, demo_signature
from congvan_core.signatures.sign_place import SEAL_SIZE, seal_rect
from congvan_core.signatures.signing import sign_pdf
from support_pdf import document, make_blank, make_pdf, render
from support_pki import LivePki
from support_verdicts import verdicts

SIGNATURE, SEAL = demo_signature("Nguyễn Văn Ánh"), demo_seal("SỞ THỬ NGHIỆM A")
AT = datetime(2026, 11, 22, 7, 5, 9, tzinfo=UTC)


def _both(pki: LivePki) -> bytes:
    made = document()
    once = sign_pdf(
        made.pdf, pki.signing_key("leader"), appearance=person_appearance(SIGNATURE),
        page=made.signature_page, rect=made.signature_rect,
    )  # fmt: skip
    return sign_pdf(once, pki.signing_key("agency-a"), kind="agency", appearance=agency_appearance(SEAL))


def _ink_box(image: Any, colour: str) -> tuple[int, int, int, int]:
    """The box of all clearly blue or red points."""
    pixels = image.load()
    hits = []
    for y in range(image.height):
        for x in range(image.width):
            r, g, b = pixels[x, y]
            if (colour == "blue" and b > r + 60 and b > g + 40) or (colour == "red" and r > b + 80 and r > g + 80):
                hits.append((x, y))
    assert hits, f"nothing {colour} on the page"
    xs, ys = [h[0] for h in hits], [h[1] for h in hits]
    return min(xs), min(ys), max(xs), max(ys)


def test_the_person_is_blue_and_the_seal_red_a_third_over_it_on_its_left(pki: LivePki, tmp_path: Path) -> None:
    signed = _both(pki)
    assert verdicts(signed, pki) == [("NguoiKy", True, True), ("CoQuan", True, True)]
    image = Image.open(render(signed, tmp_path, dpi=72)[0]).convert("RGB")
    left, bottom, right, top = document().signature_rect
    blue, red = _ink_box(image, "blue"), _ink_box(image, "red")
    height = image.height
    # the person's picture lies within its box between title and name
    assert left - 1 <= blue[0]
    assert blue[2] <= right + 1
    assert height - top - 1 <= blue[1]
    assert blue[3] <= height - bottom + 1
    # the seal: 36 mm, its right edge a third into the person's box, on the same middle line
    assert abs((red[2] - red[0]) - SEAL_SIZE) < 4
    assert abs(red[2] - (left + (right - left) / 3)) < 3
    assert abs((red[1] + red[3]) / 2 - (height - (top + bottom) / 2)) < 3
    assert red[0] < blue[0] < red[2] < blue[2]


def test_place_of_the_seal() -> None:
    assert seal_rect((300, 100, 390, 140), 60) == (270, 90, 330, 150)


def _corner_words(pdf: bytes, tmp_path: Path) -> list[tuple[str, float, float, float]]:
    """(word, xMin, xMax, yMax) of the first page by poppler."""
    (tmp_path / "c.pdf").write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "-bbox", "-l", "1", str(tmp_path / "c.pdf"), "-"], capture_output=True, text=True
    )
    found = re.findall(r'xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)<', done.stdout)
    return [(word, float(a), float(b), float(c)) for a, b, c, word in found]


@pytest.mark.parametrize(
    ("appearance", "lines"),
    [
        (enclosure_appearance("07/QĐ-STNA"), ["07/QĐ-STNA"]),
        (
            copy_appearance("SAO Y", "Ủy ban nhân dân phường Thử Nghiệm B"),
            ["SAO Y", "Ủy ban nhân dân phường Thử Nghiệm B"],
        ),
        (copy_appearance("SAO LỤC", "Sở Thử nghiệm A"), ["SAO LỤC", "Sở Thử nghiệm A"]),
        (copy_appearance("TRÍCH SAO", "Sở Thử nghiệm A"), ["TRÍCH SAO", "Sở Thử nghiệm A"]),
    ],
)
def test_enclosures_and_copies_say_it_in_the_corner(
    pki: LivePki, tmp_path: Path, appearance: Any, lines: list[str]
) -> None:
    key = pki.signing_key("agency-b")
    signed = sign_pdf(make_pdf(pages=2), key, kind="agency", appearance=appearance, signing_time=AT)
    assert verdicts(signed, pki) == [("CoQuan", True, True)]
    top = [w for w in _corner_words(signed, tmp_path) if w[3] < 56]
    text = " ".join(w[0] for w in top)
    assert text == " ".join([*lines, "2026-11-22T14:05:09+07:00"])
    assert all(w[1] > 595 / 2 for w in top)
    assert max(w[2] for w in top) == pytest.approx(595.28 - 42.5, abs=2)
    _assert_face(signed)


def _assert_face(pdf: bytes) -> None:
    """Times-wide face, upright, size 10, black, and no spacing between letters."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        widget = next(f for f in opened.Root.AcroForm.Fields if f.get("/FT") == "/Sig")
        form = widget.AP.N
        assert "CongVanSerif" in str(form.Resources.Font.F0.BaseFont)
        content = form.read_bytes()
        assert b"/F0 10 Tf" in content
        assert content.startswith(b"q") and b"0 g" in content
        widths = form.Resources.Font.F0.DescendantFonts[0].W
        flat = [int(w) for part in widths if isinstance(part, pikepdf.Array) for w in part]
        assert flat and max(flat) <= 1000  # per mille of the em: unscaled they would be 2048ths


def test_letters_stand_as_close_as_in_the_page_itself(pki: LivePki, tmp_path: Path) -> None:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    from congvan_core.fonts import reportlab_font

    words = "Ủy-ban-nhân-dân-phường-Thử-Nghiệm-B"
    signed = sign_pdf(
        make_pdf(), pki.signing_key("agency-b"), kind="agency", appearance=copy_appearance("SAO Y", words)
    )
    found = next(w for w in _corner_words(signed, tmp_path) if w[0] == words)
    assert found[2] - found[1] == pytest.approx(stringWidth(words, reportlab_font(), 10), rel=0.02)


def test_too_long_a_line_is_set_smaller_not_cut(pki: LivePki, tmp_path: Path) -> None:
    name = "Văn phòng Hội đồng nhân dân và Ủy ban nhân dân phường Nguyễn Bỉnh Khiêm mở rộng"
    signed = sign_pdf(make_pdf(), pki.signing_key("agency-b"), kind="agency", appearance=copy_appearance("SAO Y", name))
    assert name in " ".join(w[0] for w in _corner_words(signed, tmp_path))


def test_pictures_must_be_transparent_png_of_reasonable_size() -> None:
    solid, jpeg = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (20, 20), "white").save(solid, "PNG")
    Image.new("RGB", (20, 20), "white").save(jpeg, "JPEG")
    for data in (solid.getvalue(), jpeg.getvalue(), b"", SEAL[:400], bytes(5 << 20)):
        with pytest.raises(InputError):
            agency_appearance(data)
    bomb = io.BytesIO()
    Image.new("RGBA", (5000, 5000)).save(bomb, "PNG")
    with pytest.raises(InputError, match="điểm ảnh"):
        person_appearance(bomb.getvalue())


def test_ink_is_told_apart() -> None:
    black = io.BytesIO()
    picture = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    picture.paste((10, 10, 10, 255), (10, 10, 40, 40))
    picture.save(black, "PNG")
    assert (ink(SIGNATURE), ink(SEAL), ink(black.getvalue())) == ("blue", "red", "other")


def test_without_a_place_or_a_person_the_error_says_so(pki: LivePki) -> None:
    with pytest.raises(InputError, match="vị trí"):
        sign_pdf(make_pdf(), pki.signing_key("leader"), appearance=person_appearance(SIGNATURE))
    with pytest.raises(InputError, match="đặt dấu"):
        sign_pdf(make_pdf(), pki.signing_key("agency-a"), kind="agency", appearance=agency_appearance(SEAL))
    invisible = sign_pdf(make_pdf(), pki.signing_key("leader"), reserve_agency=True)
    with pytest.raises(InputError, match="không có chỗ"):
        sign_pdf(invisible, pki.signing_key("agency-a"), kind="agency", appearance=agency_appearance(SEAL))


@pytest.mark.parametrize("text", ["", "x" * 201, "  ", "07/QĐ-公文", "07\0"])
def test_lines_are_bounded(text: str) -> None:
    with pytest.raises(InputError):
        enclosure_appearance(text)


def test_the_time_is_vietnams(pki: LivePki, tmp_path: Path) -> None:
    blank = make_blank()
    now = datetime.now(UTC)
    signed = sign_pdf(blank.pdf, pki.signing_key("agency-a"), kind="agency", appearance=enclosure_appearance("07/QĐ-X"))
    shown = next(w[0] for w in _corner_words(signed, tmp_path) if w[0].endswith("+07:00"))
    assert abs((datetime.fromisoformat(shown) - now.astimezone(VIETNAM)).total_seconds()) < 60
