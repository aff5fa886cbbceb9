"""The guide inside an evidence file: what happened, what each file is, and the commands that check it, in Vietnamese."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from congvan_core.evidence.contents import EvidenceContents
from congvan_core.evidence.steps import SCRIPT, Steps

_FOLDERS = (
    ("van-ban/", "các tệp của văn bản, đúng từng byte như đã gửi hoặc nhận"),
    ("thu-gui/, thu-nhan/", "thư điện tử đã gửi và đã nhận, nguyên bản (mở được bằng phần mềm thư)"),
    ("chu-ky/", "chữ ký số và dấu thời gian tách ra từ các tệp PDF"),
    ("luu-tru/", "bản gia hạn: tệp đã ký cùng dữ liệu kiểm tra và dấu thời gian lưu trữ thêm về sau (nếu có)"),
    ("bao-cao/", "kết quả kiểm tra chữ ký số, tính toàn vẹn và xác nhận nhận, lưu từ thời điểm xử lý"),
    ("nhat-ky/", "các mục nhật ký về văn bản, đoạn chuỗi băm nối tới đầu nhật ký đã ký"),
    ("chung-thu/", "chứng thư số: goc.pem là chứng thư gốc mà cơ quan lập hồ sơ tin cậy"),
    ("ho-so.json", "toàn bộ dữ liệu ở dạng máy đọc được"),
)


def guide(
    contents: EvidenceContents,
    files: Sequence[dict[str, Any]],
    mails: Sequence[dict[str, Any]],
    steps: Steps,
    fingerprints: Sequence[str],
) -> bytes:
    """UTF-8 text with Unix line ends."""
    lines = ["HỒ SƠ CHỨNG CỨ GỬI, NHẬN VĂN BẢN ĐIỆN TỬ", ""]
    width = max((len(label) for label, _ in contents.facts), default=0)
    lines += [f"{label:<{width}} : {value}" for label, value in contents.facts]
    lines += ["", "1. CÁC TỆP CỦA VĂN BẢN", ""]
    for file in files:
        lines += [f"  {file['path']}", f"    tên gốc: {file['name']}", f"    SHA-256: {file['sha256']}"]
        if file.get("outcome"):
            lines.append(f"    kết quả kiểm tra chữ ký số: {_OUTCOMES.get(file['outcome'], file['outcome'])}")
    lines += ["", "2. THƯ ĐÃ GỬI VÀ ĐÃ NHẬN", ""]
    for mail in mails:
        told = "; ".join(str(mail[key]) for key in ("what", "at", "from", "to", "outcome") if mail.get(key))
        lines.append(f"  {mail['path']}  {told}")
    if not mails:
        lines.append("  (không có thư nào)")
    if contents.journal is not None and contents.journal.story:
        lines += ["", "3. DIỄN BIẾN (theo nhật ký; bản đầy đủ ở nhat-ky/dien-bien.txt)", ""]
        lines += [f"  {entry[:160]}" for entry in contents.journal.story[:200]]
    lines += ["", "4. TRONG HỒ SƠ NÀY CÓ GÌ", ""]
    lines += [f"  {folder:<20} {what}" for folder, what in _FOLDERS]
    lines += ["", "5. TỰ KIỂM TRA", ""]
    lines += [
        "  Không cần tin phần mềm đã lập hồ sơ này. Giải nén, mở cửa sổ lệnh tại thư mục vừa giải nén",
        "  (Linux, macOS, hoặc Git Bash trên Windows; cần openssl từ bản 1.1.1) rồi chạy:",
        "",
        f"      sh {SCRIPT}",
        "",
        "  hoặc chạy từng lệnh dưới đây, sau khi đặt TAM=$(mktemp -d); export TAM. Người có phần mềm",
        "  Công Văn có thể dùng: congvan evidence verify TỆP.zip",
        "",
        "  Bước kiểm tra chữ ký cho biết dữ liệu còn nguyên như khi được ký bằng khóa của chứng thư kèm theo.",
        "  Chứng thư đó có đáng tin hay không phải đối chiếu với nguồn độc lập: dấu vân tay (SHA-256) của",
        "  chứng thư gốc do cơ quan cấp chứng thư số công bố, và của khóa cổng văn bản trong danh bạ.",
    ]
    lines += [f"      chứng thư gốc: {value}" for value in fingerprints]
    lines.append("")
    for number, step in enumerate(steps.every, 1):
        lines += [f"  {number}. {step.says}:", f"      {step.command}", ""]
    return ("\n".join(lines) + "\n").encode()


_OUTCOMES = {
    "valid": "hợp lệ",
    "invalid": "không hợp lệ",
    "indeterminate": "chưa kết luận",
    "unsigned": "không có chữ ký số",
}
