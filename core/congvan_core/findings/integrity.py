"""Findings of the family INTEGRITY-."""

from __future__ import annotations

from congvan_core.findings import integrity_facts
from congvan_core.findings.model import Definition, Severity

_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "INTEGRITY-UNREADABLE",
        _E,
        "Không đọc được tệp: tệp hỏng hoặc không đúng định dạng ({reason}).",
        "The file cannot be read: it is damaged or not of its format ({reason}).",
        "Điều 15.2.d",
    ),
    Definition(
        "INTEGRITY-ENCRYPTED",
        _E,
        "Tệp được đặt mật khẩu nên không đọc và không kiểm tra được.",
        "The file is protected by a password and can be neither read nor checked.",
        "Điều 15.2.d",
        "Đề nghị bên gửi gửi lại bản không đặt mật khẩu.",
        "Ask the sender for a copy without a password.",
    ),
    Definition(
        "INTEGRITY-PERMISSIONS-PASSWORD",
        _I,
        "Tệp được mã hóa với mật khẩu hạn chế quyền; nội dung vẫn đọc được.",
        "The file is encrypted with a permissions password; its content is readable.",
        "Điều 15.2.d",
    ),
    Definition(
        "INTEGRITY-REPAIRED",
        _W,
        "Cấu trúc tệp bị hỏng, phải suy đoán để đọc ({reason}).",
        "The structure of the file is damaged and had to be guessed ({reason}).",
        "Điều 15.2.d",
    ),
    Definition(
        "INTEGRITY-TOO-HARD",
        _E,
        "Không kiểm tra xong trong giới hạn thời gian và bộ nhớ ({reason}).",
        "The check did not finish within its limits of time and memory ({reason}).",
        "Điều 15.2.d",
        "Tệp được giữ lại để người có trách nhiệm xem xét.",
        "The file is kept for a person to look at.",
    ),
    Definition(
        "INTEGRITY-SIGNATURE-WRAPPED",
        _E,
        "Chữ ký {field} bị đặt sai chỗ để bao lấy nội dung khác (giả mạo kiểu bọc chữ ký: {reason}).",
        "The signature {field} was moved to leave room for other content (signature wrapping: {reason}).",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-SIGNATURE-EMPTY",
        _E,
        "Chữ ký {field} rỗng hoặc bị làm hỏng để đánh lừa phần mềm kiểm tra (giả mạo phổ quát: {reason}).",
        "The signature {field} is empty or mutilated to deceive checking software (universal forgery: {reason}).",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-BYTES-NOT-COVERED",
        _E,
        "Có dữ liệu thêm vào sau chữ ký {field} mà cấu trúc tệp không khai báo (tấn công lưu gia tăng: {reason}).",
        "Data was appended after the signature {field} that no table accounts for (incremental saving attack: "
        "{reason}).",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-TRAILING-BYTES",
        _W,
        "Sau phần được ký có {bytes} byte chú thích không ảnh hưởng nội dung.",
        "After what is signed stand {bytes} bytes of comment, without effect on the content.",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-CONTENT-CHANGED",
        _E,
        "Nội dung trang bị thay đổi sau chữ ký {field}: {detail}.",
        "Page content was changed after the signature {field}: {detail}.",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-SHADOW-CONTENT",
        _E,
        "Nội dung ẩn được đưa ra hoặc nội dung đã ký bị giấu, thay sau chữ ký {field} (tấn công bóng: "
        "{reason} {detail}).",
        "Hidden content was brought out, or signed content hidden or replaced, after the signature {field} "
        "(shadow attack: {reason} {detail}).",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-ANNOTATION-ADDED",
        _E,
        "Chú thích được thêm hoặc sửa sau chữ ký {field} (tấn công chú thích): {detail}.",
        "An annotation was added or changed after the signature {field} (evil annotation attack): {detail}.",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-FIELD-CHANGED",
        _E,
        "Ô nhập liệu bị thay đổi ngoài phạm vi chữ ký {field} cho phép: {detail}.",
        "A form field was changed beyond what the signature {field} permits: {detail}.",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-SIGNATURE-REPLACED",
        _E,
        "Chữ ký đã có hoặc hình của nó bị thay sau chữ ký {field}: {detail}.",
        "An existing signature or its appearance was replaced after the signature {field}: {detail}.",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-SIGNATURE-COVERS-CONTENT",
        _E,
        "Hình của {by} che mất nội dung đã có trên trang {page} (tấn công chữ ký lén).",
        "The appearance of {by} covers content drawn on page {page} (sneaky signature attack).",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-LATER-SIGNATURE-INVALID",
        _E,
        "Chữ ký {by} được thêm sau {field} nhưng không hợp lệ.",
        "The signature {by} was added after {field} but is not valid.",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-SIGNATURE-AFTER-LOCK",
        _E,
        "Chữ ký {by} được thêm dù {field} không cho phép thay đổi nào.",
        "The signature {by} was added although {field} permits no change.",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-SIGNATURE-REMOVED",
        _E,
        "Chữ ký {field} còn trong dữ liệu nhưng đã bị gỡ khỏi văn bản.",
        "The signature {field} stands in the bytes but was taken out of the document.",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-PAGES-DIFFER",
        _E,
        "Trang {page} hiển thị khác với lúc ký {field}.",
        "Page {page} shows something else than when {field} was signed.",
        "Điều 15.1",
    ),
    Definition(
        "INTEGRITY-NOT-COMPLETED",
        _W,
        "Chưa so sánh xong các lần thay đổi sau chữ ký {field} ({reason}).",
        "The analysis of changes after the signature {field} was not completed ({reason}).",
        "Điều 15.1",
    ),
)

DEFINITIONS += integrity_facts.DEFINITIONS
