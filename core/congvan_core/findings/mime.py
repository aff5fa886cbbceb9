"""Findings of the family MIME-: the form of a mail, its packet, and the signature over the mail."""

from __future__ import annotations

from congvan_core.findings.model import Definition, Severity

_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR
_DATA = "điểm d khoản 2 Điều 15"
_ORIGIN = "khoản 1 Điều 17"
_CHECK = "khoản 2 Điều 17"


def _form(code: str, severity: Severity, vi: str, en: str) -> Definition:
    return Definition(code, severity, vi, en, _DATA)


DEFINITIONS: tuple[Definition, ...] = (
    # --- form of the mail
    _form(
        "MIME-READERS-DISAGREE",
        _E,
        "Hai cách đọc cho hai kết quả khác nhau về thư này ({what}): phần mềm khác có thể thấy nội dung khác.",
        "Two readers see different things in this mail ({what}): other software may show other content.",
    ),
    _form(
        "MIME-NOT-COMPARED",
        _I,
        "Thư quá lớn hoặc quá nhiều phần nên chưa đối chiếu bằng cách đọc thứ hai.",
        "The mail is too large or has too many parts; it was not compared with a second reader.",
    ),
    _form(
        "MIME-NO-HEADERS",
        _E,
        "Dữ liệu không có phần tiêu đề thư, không phải là thư điện tử.",
        "The data has no header section; it is not a mail.",
    ),
    _form(
        "MIME-SEVERAL-FROM",
        _E,
        "Thư có {count} dòng người gửi (From); không xác định được nơi gửi.",
        "The mail has {count} From headers; the sender cannot be established.",
    ),
    _form(
        "MIME-HEADER-TWICE",
        _W,
        "Tiêu đề {header} xuất hiện {count} lần trong thư.",
        "The header {header} occurs {count} times.",
    ),
    _form(
        "MIME-HEADER-DAMAGED",
        _W,
        "Phần tiêu đề có dòng không đúng quy cách ({defect}).",
        "The header section has a malformed line ({defect}).",
    ),
    _form(
        "MIME-BARE-CR",
        _W,
        "Thư có {count} ký tự xuống dòng không đúng quy cách (CR đơn).",
        "The mail has {count} bare carriage returns.",
    ),
    _form("MIME-MIXED-LINE-ENDS", _I, "Thư trộn lẫn hai kiểu xuống dòng.", "The mail mixes two kinds of line ends."),
    _form(
        "MIME-ENCODING-UNKNOWN",
        _W,
        "Phần {part} dùng kiểu mã hóa truyền không rõ: {encoding}.",
        "Part {part} uses an unknown transfer encoding: {encoding}.",
    ),
    _form(
        "MIME-CONTENT-DAMAGED",
        _W,
        "Nội dung phần {part} bị hỏng khi truyền, chỉ đọc được một phần.",
        "The content of part {part} was damaged in transport and is readable only in part.",
    ),
    _form(
        "MIME-PARAMETER-TWICE",
        _W,
        "Phần {part} khai hai giá trị khác nhau cho cùng một thông tin (tên tệp).",
        "Part {part} gives two different values for one parameter (a file name).",
    ),
    _form(
        "MIME-NAME-DECEPTIVE",
        _E,
        "Tên tệp {name} chứa ký tự ẩn làm đảo cách hiển thị.",
        "The file name {name} contains invisible characters that change how it is displayed.",
    ),
    _form(
        "MIME-NO-BOUNDARY",
        _W,
        "Phần {part} khai có nhiều phần nhưng không có dấu phân cách.",
        "Part {part} claims several parts but names no boundary.",
    ),
    _form(
        "MIME-BOUNDARY-NOT-FOUND",
        _W,
        "Phần {part} khai có nhiều phần nhưng không tìm thấy dấu phân cách.",
        "Part {part} claims several parts but its boundary never occurs.",
    ),
    _form(
        "MIME-UNCLOSED",
        _W,
        "Phần {part} chưa kết thúc: thư có thể bị cắt cụt khi truyền.",
        "Part {part} has no end: the mail may have been cut off.",
    ),
    _form(
        "MIME-MULTIPART-ENCODED",
        _W,
        "Phần {part} gồm nhiều phần lại bị mã hóa truyền ({encoding}).",
        "The multipart {part} carries a transfer encoding ({encoding}).",
    ),
    _form(
        "MIME-MESSAGE-ENCODED",
        _I,
        "Thư đính kèm ở phần {part} được mã hóa truyền ({encoding}).",
        "The attached mail in part {part} carries a transfer encoding ({encoding}).",
    ),
    _form(
        "MIME-TOO-MANY-PARTS",
        _E,
        "Thư có quá nhiều phần (trên {limit}); phần còn lại được giữ nguyên, không đọc.",
        "The mail has too many parts (over {limit}); the rest is kept but not read.",
    ),
    _form(
        "MIME-TOO-DEEP",
        _E,
        "Thư lồng quá sâu (trên {limit} lớp); phần bên trong được giữ nguyên, không đọc.",
        "The mail is nested too deeply (over {limit} levels); what is inside is kept but not read.",
    ),
    _form("MIME-TNEF-UNREADABLE", _W, "Không mở được tệp winmail.dat.", "winmail.dat could not be opened."),
    # --- the packet and the parts it names
    _form(
        "MIME-PACKET-UNREADABLE",
        _E,
        "Không đọc được gói dữ liệu kèm theo văn bản (.edxml): {reason}.",
        "The packet that accompanies the document (.edxml) cannot be read: {reason}.",
    ),
    _form(
        "MIME-PACKET-SEVERAL",
        _E,
        "Thư có {count} gói dữ liệu .edxml; không xác định được gói đúng.",
        "The mail holds {count} packets; which one counts cannot be established.",
    ),
    _form(
        "MIME-PACKET-FIELD",
        _W,
        "Trường {field} trong gói dữ liệu không đúng quy cách: {value}.",
        "The packet's field {field} is malformed: {value}.",
    ),
    _form(
        "MIME-PACKET-FIELD-TWICE",
        _W,
        "Trường {field} xuất hiện nhiều lần trong gói dữ liệu.",
        "The packet's field {field} occurs more than once.",
    ),
    _form(
        "MIME-PART-MISSING",
        _E,
        "Gói dữ liệu nêu tệp {name} nhưng thư không có tệp này.",
        "The packet names the file {name}, which the mail does not hold.",
    ),
    _form(
        "MIME-PART-AWAITED",
        _W,
        "Tệp {name} đi riêng vì dung lượng lớn ({way}) và chưa tới; tự tiếp tục khi tới đủ.",
        "The file {name} travels apart because of its size ({way}) and has not come yet.",
    ),
    _form(
        "MIME-PART-NOT-COME",
        _E,
        "Tệp {name} đi riêng vì dung lượng lớn, đã chờ từ {since} mà không tới: {reason}.",
        "The file {name} travels apart because of its size and did not come since {since}: {reason}.",
    ),
    _form(
        "MIME-PIECE-ALONE",
        _W,
        "Thư mang tệp kèm theo của văn bản {document} nhưng thư chính chưa tới.",
        "The mail carries files of the document {document}, whose own mail has not come.",
    ),
    _form(
        "MIME-PIECE-DIFFERS",
        _E,
        "Thư mang tệp đi riêng không khớp với kê khai đã ký của nó ({name}).",
        "The mail with files that travel apart does not match its own signed list ({name}).",
    ),
    _form(
        "MIME-PART-EXTRA",
        _E,
        "Thư có tệp {name} không được nêu trong gói dữ liệu.",
        "The mail holds the file {name}, which the packet does not name.",
    ),
    _form(
        "MIME-PART-DIFFERS",
        _E,
        "Nội dung tệp {name} khác với mã băm hoặc kích thước ghi trong gói dữ liệu.",
        "The content of {name} differs from the digest or size in the packet.",
    ),
    _form(
        "MIME-PART-UNSIGNED",
        _W,
        "Tệp {name} nằm ngoài phần thư được ký số.",
        "The file {name} lies outside the signed part of the mail.",
    ),
    _form(
        "MIME-HINT-DIFFERS",
        _W,
        "Tiêu đề thư {header} ghi khác với nội dung được ký số bên trong.",
        "The outer header {header} differs from what is signed inside.",
    ),
    _form(
        "MIME-RECEIPT-DISAGREES",
        _W,
        "Gói trạng thái ghi {packet} nhưng thông báo kèm theo ghi {notification}.",
        "The status packet says {packet}, the notification beside it {notification}.",
    ),
    # --- S/MIME
    Definition(
        "MIME-SIGNATURE-BROKEN",
        _E,
        "Chữ ký số trên thư không đúng: nội dung thư đã thay đổi sau khi ký.",
        "The signature over the mail does not verify: the content was changed after signing.",
        _CHECK,
    ),
    Definition(
        "MIME-SIGNATURE-UNREADABLE",
        _E,
        "Không đọc được chữ ký số trên thư: {reason}.",
        "The signature over the mail cannot be read: {reason}.",
        _CHECK,
    ),
    Definition(
        "MIME-SIGNATURE-PARTIAL",
        _W,
        "Chữ ký số chỉ bao một phần của thư.",
        "The signature covers only a part of the mail.",
        _CHECK,
    ),
    Definition(
        "MIME-SIGNATURE-CANONICAL",
        _I,
        "Chữ ký số đúng sau khi khôi phục kiểu xuống dòng bị đổi khi truyền.",
        "The signature verifies after restoring line ends that were changed in transport.",
        _CHECK,
    ),
    Definition(
        "MIME-SIGNATURE-WEAK",
        _W,
        "Chữ ký số trên thư dùng thuật toán yếu ({algorithm}).",
        "The signature over the mail uses a weak algorithm ({algorithm}).",
        _CHECK,
    ),
    Definition(
        "MIME-SIGNER-UNKNOWN",
        _W,
        "Chữ ký số trên thư còn nguyên vẹn nhưng chưa xác nhận được khóa của {signer}.",
        "The signature over the mail is intact, but the key of {signer} is not confirmed yet.",
        _ORIGIN,
    ),
    Definition(
        "MIME-SIGNER-REVOKED",
        _E,
        "Chứng thư số ký thư của {signer} đã bị thu hồi.",
        "The certificate of {signer} that signed the mail has been revoked.",
        _CHECK,
    ),
    Definition(
        "MIME-SIGNER-EXPIRED",
        _E,
        "Chứng thư số ký thư của {signer} không còn hiệu lực tại thời điểm kiểm tra.",
        "The certificate of {signer} that signed the mail is not valid at this time.",
        _CHECK,
    ),
    Definition(
        "MIME-SIGNER-UNFIT",
        _E,
        "Chứng thư số ký thư của {signer} không được dùng để ký.",
        "The certificate of {signer} may not be used for signing.",
        _CHECK,
    ),
    Definition(
        "MIME-SIGNER-NOT-FROM",
        _W,
        "Người ký thư ({signer}) khác địa chỉ người gửi ({sender}).",
        "The signer of the mail ({signer}) is not its sender ({sender}).",
        _ORIGIN,
    ),
    Definition(
        "MIME-REVOCATION-UNKNOWN",
        _W,
        "Chưa có trả lời về việc thu hồi chứng thư số ký thư.",
        "There is no revocation answer for the certificate that signed the mail.",
        _CHECK,
    ),
    Definition("MIME-ENCRYPTED", _I, "Thư được mã hóa.", "The mail is encrypted.", None),
    Definition(
        "MIME-NOT-DECRYPTED",
        _E,
        "Thư được mã hóa và không mở được bằng khóa của cơ quan: {reason}.",
        "The mail is encrypted and cannot be opened with the agency's key: {reason}.",
        _CHECK,
    ),
    Definition(
        "MIME-NOT-COMPLETED",
        _E,
        "Chưa kiểm tra xong thư này: {reason}. Thư được giữ nguyên để người vận hành xem.",
        "The mail could not be examined within its limits: {reason}. It is kept as it came.",
        "khoản 2 Điều 17",
    ),
)
