"""Findings of the family SECRET-: markings of state secrets. No sentence may quote abstract, file name or text."""

from __future__ import annotations

from congvan_core.findings.model import Definition, Severity

_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR

_CLAUSE = "Điều 1.2, Điều 7.4"
_SEAL_VI = (
    "Đề nghị báo cáo ngay người đứng đầu cơ quan. Văn bản có nội dung bí mật nhà nước không được gửi, nhận qua "
    "thư điện tử (khoản 2 Điều 1, khoản 4 Điều 7)."
)
_SEAL_EN = "Tell the head of the agency now. State secrets may not travel by mail."

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "SECRET-MARKING",
        _E,
        "Văn bản có thể mang dấu chỉ độ mật nên đã được niêm phong: không xem trước, không chuyển tiếp, "
        "không lưu thêm bản nào.",
        "The document may bear a secrecy marking and was sealed: no preview, no forwarding, no further copy.",
        _CLAUSE,
        _SEAL_VI,
        _SEAL_EN,
    ),
    Definition(
        "SECRET-HANDLING-MARK",
        _E,
        "Văn bản mang dấu chỉ dẫn của tài liệu bí mật nhà nước nên đã được niêm phong.",
        "The document bears a handling mark of state secrets and was sealed.",
        _CLAUSE,
        _SEAL_VI,
        _SEAL_EN,
    ),
    Definition(
        "SECRET-MARKING-POSSIBLE",
        _W,
        "Có dòng chữ giống dấu chỉ độ mật nhưng chưa chắc chắn; văn thư cần xem dấu trên văn bản trước khi tiếp nhận.",
        "A line resembles a secrecy marking without being certain; a clerk must look before registering.",
        _CLAUSE,
        "Nếu đúng là dấu chỉ độ mật, đề nghị niêm phong và báo cáo ngay người đứng đầu cơ quan.",
        "If it is a secrecy marking, seal the item and tell the head of the agency.",
    ),
    Definition(
        "SECRET-DECLASSIFIED",
        _W,
        "Văn bản có dấu GIẢI MẬT nên không còn được coi là bí mật nhà nước; văn thư cần xác nhận dấu này.",
        "The document bears the stamp GIẢI MẬT (declassified); a clerk must confirm the stamp.",
        _CLAUSE,
    ),
    Definition(
        "SECRET-INTERNAL-CIRCULATION",
        _W,
        "Văn bản ghi LƯU HÀNH NỘI BỘ: không phải bí mật nhà nước, nhưng không gửi ra ngoài cơ quan nhà nước "
        "và không đăng tải.",
        "The document is marked LƯU HÀNH NỘI BỘ (internal): not secret, but not for recipients outside state agencies.",
        "NĐ 30/2020, Phụ lục I",
    ),
    Definition(
        "SECRET-NOT-CHECKED",
        _W,
        "Trang ảnh quét chưa được nhận dạng chữ nên chưa kiểm tra được dấu chỉ độ mật trên trang.",
        "The scanned page could not be read by OCR, so that its secrecy stamp was not checked.",
        _CLAUSE,
        "Văn thư xem trang đầu của văn bản trước khi tiếp nhận.",
        "A clerk looks at the first page before registering.",
    ),
)
