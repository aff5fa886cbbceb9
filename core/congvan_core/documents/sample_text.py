"""Paragraphs for invented documents: the language of offices about nothing in particular."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from congvan_core.documents.text import nfc

_SENTENCES = (
    "Căn cứ Luật Tổ chức chính quyền địa phương và chức năng, nhiệm vụ, quyền hạn được giao; theo đề nghị của "
    "các đơn vị có liên quan về việc {subject};",
    "Thủ trưởng các phòng, đơn vị trực thuộc chịu trách nhiệm tổ chức triển khai thực hiện các nội dung nêu "
    "trên, bảo đảm đúng tiến độ, chất lượng và hiệu quả.",
    "Giao Văn phòng theo dõi, đôn đốc việc thực hiện; tổng hợp kết quả, báo cáo trước ngày 15 hằng tháng.",
    "Trong quá trình thực hiện, nếu có khó khăn, vướng mắc, đề nghị các cơ quan, đơn vị kịp thời phản ánh bằng"
    " văn bản để được hướng dẫn, giải quyết.",
    "Kinh phí thực hiện được bố trí từ dự toán chi ngân sách nhà nước giao hằng năm theo quy định của Luật "
    "Ngân sách nhà nước và các nguồn kinh phí hợp pháp khác.",
    "Các cơ quan, đơn vị rà soát, cập nhật dữ liệu trên hệ thống quản lý văn bản và điều hành; thực hiện "
    "nghiêm việc gửi, nhận văn bản điện tử có chữ ký số.",
    "Đẩy mạnh tuyên truyền, phổ biến để cán bộ, công chức, viên chức và người lao động nắm rõ, thống nhất nhận"
    " thức và hành động.",
    "Kết quả thực hiện là một trong những căn cứ đánh giá mức độ hoàn thành nhiệm vụ của người đứng đầu cơ "
    "quan, đơn vị.",
    "Văn bản này có hiệu lực kể từ ngày ký; những quy định trước đây trái với nội dung văn bản này đều bãi bỏ.",
)


class Paragraphs:
    """Paragraphs without end, or the given ones once; escaped for reportlab's markup."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._next: str | None = next(source, "")

    def peek(self) -> str:
        return self._next or ""

    def take(self) -> bool:
        """Go on; False where nothing more comes."""
        self._next = next(self._source, None)
        return self._next is not None


def paragraphs(subject: str, body: tuple[str, ...] = ()) -> Paragraphs:
    if body:
        return Paragraphs(escape(nfc(text)) for text in body)
    topic = nfc(re.sub(r"^(về việc|v/v)\s+", "", nfc(subject), flags=re.IGNORECASE))
    first = _SENTENCES[0].format(subject=topic[:1].lower() + topic[1:])
    endless = itertools.chain([first], itertools.cycle(_SENTENCES[1:]))
    return Paragraphs(escape(nfc(text)) for text in endless)
