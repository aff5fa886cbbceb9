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
        "CONTENT-PUBLISHED-COPY",
        _I,
        "Bản đăng tải do {portal} ký số; đây không phải là chữ ký số của người có thẩm quyền hay của cơ quan ban hành.",
        "A copy published and signed by {portal}; not the signature of the competent person or of the issuing body.",
        "khoản 3 Điều 13; điểm đ khoản 2 Điều 15",
    ),
    Definition(
        "CONTENT-JOINED-MAIL",
        _I,
        "Văn thư đã gộp các tệp của một thư khác từ {from} vào văn bản này.",
        "A clerk joined the files of another mail from {from} to this document.",
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
        "CONTENT-DDE",
        _W,
        "Tệp “{file}” có lệnh gọi chương trình khác khi mở (DDE: {commands}).",
        "The file “{file}” calls another program when it is opened (DDE: {commands}).",
        "Điều 7",
        "Không cho phép cập nhật liên kết khi mở; đề nghị bên gửi gửi bản không có lệnh này.",
        "Do not let links update; ask the sender for a copy without it.",
    ),
    Definition(
        "CONTENT-OLE-PACKAGE",
        _W,
        "Tệp “{file}” có tệp khác đóng gói bên trong ({names}).",
        "The file “{file}” carries other files packed inside ({names}).",
        "Điều 7",
        "Không bấm mở tệp đóng gói bên trong; đề nghị bên gửi gửi riêng tệp đó.",
        "Do not open the packed file; ask the sender to send it by itself.",
    ),
    Definition(
        "CONTENT-REMOTE-TEMPLATE",
        _W,
        "Tệp “{file}” tải nội dung từ nơi khác khi mở ({targets}).",
        "The file “{file}” fetches content from elsewhere when it is opened ({targets}).",
        "Điều 7; khoản 2 Điều 15",
        "Không mở khi có kết nối mạng; đề nghị bên gửi gửi bản đầy đủ nội dung.",
        "Do not open it online; ask the sender for a complete copy.",
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
