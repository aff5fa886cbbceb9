"""Findings of the family CONTENT-."""

from __future__ import annotations

from congvan_core.findings.model import Definition, Severity

_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "CONTENT-PDF-SCRIPT",
        _E,
        "Tệp PDF chứa mã lệnh tự chạy ({detail}).",
        "The PDF contains script ({detail}).",
        "Điều 7",
    ),
    Definition(
        "CONTENT-PDF-LAUNCH",
        _E,
        "Tệp PDF chứa lệnh mở chương trình hoặc gửi dữ liệu ra ngoài ({detail}).",
        "The PDF contains an action that starts a program or sends data out ({detail}).",
        "Điều 7",
    ),
    Definition(
        "CONTENT-PDF-EMBEDDED-FILE",
        _W,
        "Tệp PDF có tệp khác nhúng bên trong: {names}.",
        "The PDF has other files embedded: {names}.",
        "Điều 8.2",
    ),
    Definition(
        "CONTENT-PDF-RICH-MEDIA",
        _W,
        "Tệp PDF chứa nội dung động ({detail}).",
        "The PDF contains active media ({detail}).",
        "Điều 8.2",
    ),
    Definition(
        "CONTENT-PDF-XFA",
        _W,
        "Tệp PDF dùng biểu mẫu XFA, nội dung hiển thị có thể khác nhau tùy phần mềm.",
        "The PDF uses XFA forms, which may show differently in different software.",
        "Điều 8.2",
    ),
    Definition(
        "CONTENT-SEVERAL-DOCUMENTS",
        _E,
        "Thư có nhiều văn bản ({numbers}); mỗi văn bản cần một số đến. Đề nghị văn thư tách trước khi vào sổ.",
        "The mail carries several documents ({numbers}); each needs a number of its own.",
        "khoản 3 Điều 17",
    ),
    Definition(
        "CONTENT-MALWARE",
        _E,
        "Phần mềm chống mã độc phát hiện {name}.",
        "The malware scanner found {name}.",
        "Điều 7",
        "Không mở tệp; báo cho người phụ trách an toàn thông tin và bên gửi qua điện thoại.",
        "Do not open the file; tell the security officer and the sender by telephone.",
    ),
    Definition(
        "CONTENT-NOT-SCANNED",
        _I,
        "Chưa quét được mã độc ({reason}); không được coi là đã quét và sạch.",
        "Not scanned for malware ({reason}); this does not mean that it is clean.",
        "Điều 7",
    ),
    Definition(
        "CONTENT-MACRO",
        _W,
        "Tệp “{file}” có chứa macro ({keywords}).",
        "The file “{file}” holds macros ({keywords}).",
        "Điều 7",
        "Không bật macro; đề nghị bên gửi gửi bản không có macro.",
        "Do not enable macros; ask the sender for a copy without them.",
    ),
    Definition(
        "CONTENT-ARCHIVE-LISTED",
        _I,
        "Tệp nén “{file}” có {count} tệp: {names}.",
        "The archive “{file}” holds {count} files: {names}.",
        "Điều 8.2",
    ),
    Definition(
        "CONTENT-ARCHIVE-DOCUMENT",
        _W,
        "Trong tệp nén “{archive}” có văn bản đã ký số “{file}” (kết quả kiểm tra: {outcome}).",
        "The archive “{archive}” holds the signed document “{file}” (verification: {outcome}).",
        "Điều 8.2",
        "Văn thư có thể tiếp nhận văn bản này; tệp nén không thuộc các định dạng của khoản 2 Điều 8.",
        "A clerk may register this document; the archive itself is no format of Điều 8.2.",
    ),
)
