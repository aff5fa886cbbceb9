"""What a signature looks like on the page: NĐ 30/2020/NĐ-CP, Phụ lục I, phần chữ ký số (ô số 7c, 8, 14).

A person: the picture of the handwritten signature, blue. An agency: the picture of the seal, red, in real size. An
enclosure in a file of its own and an electronic copy: text in the top right corner of the first page, Times New Roman,
upright, size 10, black. Pictures are transparent PNG.
"""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from congvan_core.errors import InputError
from congvan_core.fonts import missing_letters
from congvan_core.ids import iso_vn

if TYPE_CHECKING:
    from congvan_core.signatures.sign_keys import SigningKey
    from congvan_core.signatures.sign_place import FieldPlace

CopyForm = Literal["SAO Y", "SAO LỤC", "TRÍCH SAO"]

#: A picture of a signature or a seal: at most 4 MB of PNG and 16 million pixels; drawn at 300 dpi or less.
MAX_PNG = 4 << 20
MAX_PIXELS = 16_000_000
MAX_SIDE = 900
#: Phụ lục I: cỡ chữ 10.
TEXT_SIZE = 10.0
LEADING = 12.0


@dataclass(frozen=True, slots=True)
class Appearance:
    """A picture (PNG bytes) or lines of text. ``{time}`` in a line becomes the signing time, ``{signer}`` the holder.

    ``corner`` sends it to the top right of the first page where no place is given.
    """

    image: bytes | None = None
    lines: tuple[str, ...] = ()
    corner: bool = False

    def style(self, place: FieldPlace, key: SigningKey, moment: datetime) -> Any:
        """pyHanko's stamp style for this appearance at that place."""
        from congvan_core.signatures.appearance_stamp import DrawnStyle
        from congvan_core.signatures.sign_keys import common_name

        if place.rect is None:
            raise InputError(f"Ô chữ ký “{place.name}” không có chỗ trên trang: không vẽ được hình chữ ký.")
        values = {"time": iso_vn(moment) or "", "signer": common_name(key.certificate)}
        lines = tuple(_fill(line, values) for line in self.lines)
        picture = None if self.image is None else load_picture(self.image)
        return DrawnStyle(border_width=0, picture=picture, lines=lines)


def person_appearance(png: bytes) -> Appearance:
    """The picture of a person's handwritten signature. Raises InputError where it is no transparent PNG."""
    load_picture(png)
    return Appearance(image=png)


def agency_appearance(png: bytes) -> Appearance:
    """The picture of an agency's seal. Raises InputError where it is no transparent PNG."""
    load_picture(png)
    return Appearance(image=png)


def enclosure_appearance(number_symbol: str) -> Appearance:
    """An enclosure or appendix in a separate file: number and symbol of the main document, time of signing."""
    return Appearance(lines=(_line(number_symbol), "{time}"), corner=True)


def copy_appearance(form: CopyForm, agency: str) -> Appearance:
    """An electronic copy (NĐ 30/2020, Điều 25; ô số 14): its form, the copying agency, time of signing."""
    if form not in get_args(CopyForm):
        raise InputError(f"Hình thức bản sao không đúng: {form!r}. Chỉ có SAO Y, SAO LỤC, TRÍCH SAO.")
    return Appearance(lines=(form, _line(agency), "{time}"), corner=True)


def _line(text: str) -> str:
    clean = unicodedata.normalize("NFC", " ".join(text.split())).replace("{", "(").replace("}", ")")
    if not clean or len(clean) > 200:
        raise InputError("Dòng chữ trong hình chữ ký trống hoặc dài quá 200 ký tự.")
    if missing_letters(clean):
        raise InputError(f"Hình chữ ký không in được ký tự: {missing_letters(clean)[:20]!r}.")
    return clean


def _fill(template: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(time|signer)\}", lambda m: values[m.group(1)], template)


@lru_cache(maxsize=32)
def load_picture(png: bytes) -> Any:
    """A PNG as a PIL image with alpha, reduced to a size fit for print. Raises InputError."""
    from PIL import Image, UnidentifiedImageError

    if len(png) > MAX_PNG:
        raise InputError(f"Hình chữ ký hoặc con dấu lớn hơn {MAX_PNG >> 20} MB.")
    try:
        image = Image.open(io.BytesIO(png), formats=("PNG",))
        if image.width * image.height > MAX_PIXELS:
            raise InputError("Hình chữ ký hoặc con dấu có quá nhiều điểm ảnh.")
        picture = image.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as e:
        raise InputError("Hình chữ ký hoặc con dấu phải là tệp PNG đọc được (NĐ 30/2020, Phụ lục I).") from e
    low: Any = picture.getchannel("A").getextrema()[0]
    if low == 255:
        raise InputError("Hình chữ ký hoặc con dấu phải có nền trong suốt (NĐ 30/2020, Phụ lục I).")
    if max(picture.size) > MAX_SIDE:
        picture.thumbnail((MAX_SIDE, MAX_SIDE))
    return picture


def ink(png: bytes) -> Literal["blue", "red", "other"]:
    """The colour of what is drawn: a person's signature must be blue, a seal red (Phụ lục I)."""
    picture = load_picture(png)
    small = picture.resize((64, 64))
    reds = blues = total = 0
    data = small.tobytes()
    for at in range(0, len(data), 4):
        r, g, b, alpha = data[at : at + 4]
        if alpha < 128 or max(r, g, b) - min(r, g, b) < 40:
            total += alpha >= 128
            continue
        total += 1
        reds += r > b and r > g
        blues += b > r and b >= g
    if total and blues > total / 2:
        return "blue"
    return "red" if total and reds > total / 2 else "other"
