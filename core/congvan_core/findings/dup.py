"""Findings of the family DUP-: has this document, or another one with its number, been here before?"""

from __future__ import annotations

from congvan_core.findings.model import Definition, Severity

_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "DUP-SAME-DOCUMENT",
        _I,
        "Văn bản đã được tiếp nhận trước đó với số đến {register_number}; lần gửi này được ghi nhận và không vào sổ "
        "lần thứ hai.",
        "The document was registered before under number {register_number}; this arrival is recorded and takes no "
        "second number.",
        "điểm c khoản 2 Điều 20",
    ),
    Definition(
        "DUP-CONTENT-DIFFERS",
        _E,
        "Đã có văn bản {number_symbol} của cùng tác giả với nội dung tệp khác (số đến {register_number}). Đề nghị đối "
        "chiếu hai bản trước khi vào sổ.",
        "A document {number_symbol} of the same author is registered with a different file (number {register_number}).",
        "điểm c khoản 2 Điều 20; khoản 1 Điều 15",
    ),
    Definition(
        "DUP-POSSIBLE",
        _W,
        "Có thể trùng với văn bản đã vào sổ số đến {register_number} ({reason}); chưa xác định được tác giả hoặc nguồn "
        "gửi. Đề nghị văn thư đối chiếu.",
        "Possibly the same as the document registered under {register_number} ({reason}); author or origin is not "
        "established.",
        "điểm c khoản 2 Điều 20",
    ),
    Definition(
        "DUP-MESSAGE-ID",
        _W,
        "Mã thư trùng với thư đã nhận trước đó nhưng nội dung khác; mã thư không chứng minh được gì và văn bản được "
        "xét riêng.",
        "The Message-ID equals an earlier mail's but the content differs; the document is judged on its own.",
        "điểm c khoản 2 Điều 20",
    ),
    Definition(
        "DUP-ATTACHED",
        _W,
        "Văn thư đã đối chiếu và gắn thư này với văn bản {number_symbol} đã vào sổ; tệp của thư khác tệp đã vào sổ.",
        "A clerk compared and attached this mail to the registered document {number_symbol}; its file differs.",
        "khoản 3 Điều 17",
    ),
    Definition(
        "DUP-NUMBER-TAKEN",
        _E,
        "Số {number_symbol} đã có trong sổ văn bản đi năm {year}; mỗi số chỉ dùng một lần trong năm.",
        "Number {number_symbol} is already taken in the outgoing register of {year}.",
        "khoản 2 Điều 4; Điều 15 NĐ 30/2020/NĐ-CP",
    ),
)
