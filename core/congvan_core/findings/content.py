"""Findings of the family CONTENT-."""

from __future__ import annotations

from congvan_core.findings.model import Definition, Severity

_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "CONTENT-PDF-SCRIPT", _E,
        "Tệp PDF chứa mã lệnh tự chạy ({detail}).",
        "The PDF contains script ({detail}).",
        "Điều 7",
    ),
    Definition(
        "CONTENT-PDF-LAUNCH", _E,
        "Tệp PDF chứa lệnh mở chương trình hoặc gửi dữ liệu ra ngoài ({detail}).",
        "The PDF contains an action that starts a program or sends data out ({detail}).",
        "Điều 7",
    ),
    Definition(
        "CONTENT-PDF-EMBEDDED-FILE", _W,
        "Tệp PDF có tệp khác nhúng bên trong: {names}.",
        "The PDF has other files embedded: {names}.",
        "Điều 8.2",
    ),
    Definition(
        "CONTENT-PDF-RICH-MEDIA", _W,
        "Tệp PDF chứa nội dung động ({detail}).",
        "The PDF contains active media ({detail}).",
        "Điều 8.2",
    ),
    Definition(
        "CONTENT-PDF-XFA", _W,
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
)
