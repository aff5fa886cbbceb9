"""Findings of the family FILE-: names of files (Điều 8.3). A wrong name is a note; it never holds a document."""

from __future__ import annotations

from congvan_core.findings.model import Definition, Severity

_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR

_CLAUSE = "Điều 8.3"
_OFFER_VI = "Tên tệp nhận được vẫn được giữ nguyên; tên đúng quy định: {proposed}"
_OFFER_EN = "The received name is kept; the name by the regulation is {proposed}"

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "FILE-NAME-FREE",
        _I,
        "Tên tệp “{file}” không đặt theo quy định (số, ký hiệu_ngày tháng năm_trích yếu).",
        "The file name “{file}” is not of the form number-symbol_ddmmyyyy_abstract.",
        _CLAUSE,
        _OFFER_VI,
        _OFFER_EN,
    ),
    Definition(
        "FILE-NAME-PARTS",
        _I,
        "Tên tệp “{file}” thiếu phần trích yếu: quy định có ba phần nối bằng dấu gạch dưới.",
        "The file name “{file}” lacks its third part, the abstract.",
        _CLAUSE,
        _OFFER_VI,
        _OFFER_EN,
    ),
    Definition(
        "FILE-NAME-NUMBER",
        _I,
        "Phần đầu của tên tệp “{file}” không đọc được thành số, ký hiệu văn bản: {value}.",
        "The first part of the file name “{file}” is no number and symbol: {value}.",
        "Điều 8.3.a",
        _OFFER_VI,
        _OFFER_EN,
    ),
    Definition(
        "FILE-NAME-DATE-FORM",
        _I,
        "Phần ngày trong tên tệp “{file}” không gồm 8 chữ số viết liền (ngày, tháng, năm): {value}.",
        "The date in the file name “{file}” is not eight digits ddmmyyyy: {value}.",
        "Điều 8.3.b",
        _OFFER_VI,
        _OFFER_EN,
    ),
    Definition(
        "FILE-NAME-DATE-IMPOSSIBLE",
        _I,
        "Tên tệp “{file}” ghi một ngày không có trong lịch: {value}.",
        "The file name “{file}” holds a date that does not exist: {value}.",
        "Điều 8.3.b",
        _OFFER_VI,
        _OFFER_EN,
    ),
    Definition(
        "FILE-NAME-CHARACTERS",
        _I,
        "Tên tệp “{file}” còn dấu tiếng Việt hoặc ký tự không được dùng: {value}.",
        "The file name “{file}” has accents or characters that are not allowed: {value}.",
        "Điều 8.3",
        _OFFER_VI,
        _OFFER_EN,
    ),
    Definition(
        "FILE-NAME-INVISIBLE",
        _W,
        "Tên tệp có ký tự ẩn hoặc ký tự đảo chiều chữ ({value}), có thể che phần đuôi thật của tệp.",
        "The file name holds invisible or direction-changing characters ({value}) that may hide its real extension.",
        _CLAUSE,
        "Đề nghị xem định dạng thật của tệp trước khi mở.",
        "Look at the file's real format before opening it.",
    ),
    Definition(
        "FILE-NAME-TOO-LONG",
        _I,
        "Tên tệp dài {length} ký tự; một số hệ thống không nhận tên dài như vậy.",
        "The file name has {length} characters; some systems do not take such names.",
        _CLAUSE,
    ),
    Definition(
        "FILE-NAME-MISSING",
        _I,
        "Một tệp đính kèm không có tên.",
        "An attached file has no name.",
        _CLAUSE,
    ),
    Definition(
        "FILE-UNREADABLE",
        _E,
        "Không đọc được tệp {file}: {reason}.",
        "The file {file} cannot be read: {reason}.",
    ),
)
