"""Findings of the family ORIGIN-: who sent this, and is it proved?"""

from __future__ import annotations

from congvan_core.findings.model import Definition, Severity

_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR
_STEP1 = "khoản 1 Điều 17"

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "ORIGIN-NOT-CHECKED",
        _I,
        "Chưa đối chiếu nơi gửi với danh bạ cơ quan (kiểm tra riêng tệp thư).",
        "The sender was not compared with a directory (the file alone was examined).",
        _STEP1,
    ),
    Definition(
        "ORIGIN-PROVED",
        _I,
        "Nguồn gửi đã được xác thực: {agency} ({how}).",
        "Origin is proved: {agency} ({how}).",
        _STEP1,
    ),
    Definition(
        "ORIGIN-UNKNOWN-SENDER",
        _W,
        "Địa chỉ gửi {address} không có trong danh bạ cơ quan.",
        "The sending address {address} is not in the directory.",
        "khoản 1 Điều 17; Điều 5",
        "Đề nghị đối chiếu với cơ quan gửi qua kênh khác, rồi thêm hộp thư vào danh bạ hoặc trả lại.",
    ),
    Definition(
        "ORIGIN-NOT-AUTHENTICATED",
        _W,
        "Chưa xác thực được nguồn gửi: thư ghi từ {address} nhưng không có chữ ký của khóa đã đăng ký và không có kết "
        "quả DKIM/DMARC tin cậy.",
        "Origin is not authenticated: From says {address}, but no enrolled key signed the mail and no trusted "
        "DKIM/DMARC result is at hand.",
        _STEP1,
    ),
    Definition(
        "ORIGIN-FROM-MULTIPLE",
        _E,
        "Thư có {count} dòng From; không xác định được người gửi.",
        "The mail has {count} From fields.",
        "khoản 1 Điều 17; RFC 5322 3.6",
    ),
    Definition(
        "ORIGIN-FROM-MISSING",
        _W,
        "Thư không có dòng From đọc được; không xác định được người gửi.",
        "The mail has no readable From field.",
        "khoản 1 Điều 17; RFC 5322 3.6",
    ),
    Definition(
        "ORIGIN-ENVELOPE-DIFFERS",
        _I,
        "Địa chỉ trên phong bì thư ({envelope}) khác địa chỉ From ({header}).",
        "The envelope sender ({envelope}) differs from From ({header}).",
        _STEP1,
    ),
    Definition(
        "ORIGIN-KEY-UNKNOWN",
        _W,
        "Thư được ký bằng khóa chưa đăng ký cho {agency} (dấu vân tay {fingerprint}). Đề nghị văn thư xác nhận một lần.",
        "The mail is signed by a key not enrolled for {agency} (fingerprint {fingerprint}).",
        _STEP1,
        "So dấu vân tay với cơ quan gửi qua điện thoại, rồi xác nhận khóa trong danh bạ.",
    ),
    Definition(
        "ORIGIN-KEY-NOT-ENTITLED",
        _E,
        "Khóa ký thư (dấu vân tay {fingerprint}) được đăng ký cho {owner}, không phải cho {agency}.",
        "The signing key (fingerprint {fingerprint}) is enrolled for {owner}, not for {agency}.",
        _STEP1,
    ),
    Definition(
        "ORIGIN-KEY-REVOKED",
        _E,
        "Khóa ký thư của {agency} (dấu vân tay {fingerprint}) đã bị thu hồi hoặc hết hạn đăng ký.",
        "The signing key of {agency} (fingerprint {fingerprint}) is revoked or no longer enrolled.",
        _STEP1,
    ),
    Definition(
        "ORIGIN-SIGNER-NOT-FROM",
        _W,
        "Chứng thư ký thư ghi địa chỉ {certificate}, khác địa chỉ From {header}.",
        "The mail signer's certificate names {certificate}, From says {header}.",
        "khoản 1 Điều 17; RFC 8551",
    ),
    Definition(
        "ORIGIN-MAIL-SIGNATURE-INVALID",
        _E,
        "Chữ ký của thư không còn đúng: nội dung thư đã thay đổi sau khi ký.",
        "The mail's signature does not verify: the mail was changed after signing.",
        "khoản 1 Điều 17; điểm d khoản 2 Điều 15",
    ),
    Definition(
        "ORIGIN-SIGNED-IN-PART",
        _W,
        "Chữ ký của thư chỉ phủ một phần thư; phần còn lại không được chứng minh.",
        "The mail's signature covers only a part of the mail.",
        "khoản 1 Điều 17; RFC 8551",
    ),
    Definition(
        "ORIGIN-PACKET-SENDER",
        _E,
        "Dữ liệu gửi kèm ghi bên gửi {packet}, nhưng thư đến từ {mailbox}.",
        "The packet names {packet} as sender, the mail comes from {mailbox}.",
        "điểm b khoản 2 Điều 15; khoản 1 Điều 17",
    ),
    Definition(
        "ORIGIN-NOT-ADDRESSED",
        _E,
        "Danh sách nơi nhận trong dữ liệu gửi kèm không có {agency}; có thể thư được chuyển tiếp hoặc gửi lại bởi "
        "người khác.",
        "The packet's recipients do not include {agency}; the mail may have been re-sent by someone else.",
        "điểm b khoản 2 Điều 15",
    ),
    Definition(
        "ORIGIN-PERSONAL-MAILBOX",
        _W,
        "Thư đến từ hộp thư cá nhân {address}, không phải hộp thư công vụ của đầu mối. Thông báo tiếp nhận chỉ gửi về "
        "hộp thư công vụ của cơ quan.",
        "The mail comes from the personal mailbox {address}, not from the contact point's official mailbox.",
        "Điều 5; khoản 4 Điều 13",
    ),
    Definition(
        "ORIGIN-FORWARDED",
        _I,
        "Thư được chuyển tiếp bởi hộp thư đã biết {address}.",
        "Forwarded by the known mailbox {address}.",
        _STEP1,
    ),
    Definition(
        "ORIGIN-AGENCY-ENDED",
        _W,
        "{agency} không còn hoạt động từ {ended}; việc trả lời chuyển tới {successor}.",
        "{agency} ended on {ended}; answers go to {successor}.",
        _STEP1,
    ),
    Definition(
        "ORIGIN-AUTHOR-IS-OTHER",
        _I,
        "Tác giả văn bản là {author}, bên gửi là {sender}: văn bản do {sender} chuyển tiếp.",
        "The author is {author}, the sender is {sender}: a forwarded document.",
        "điểm b khoản 2 Điều 15",
    ),
    Definition(
        "ORIGIN-AUTHOR-UNKNOWN",
        _W,
        "Chưa xác định được tác giả văn bản.",
        "The author of the document is not established.",
        "điểm b khoản 2 Điều 15",
    ),
    Definition(
        "ORIGIN-CERTIFICATE-NEW",
        _W,
        "Chứng thư số của cơ quan {agency} trên văn bản chưa có trong danh bạ (dấu vân tay {fingerprint}); cần xác "
        "nhận một lần.",
        "The agency certificate of {agency} on the document is not yet in the directory (fingerprint {fingerprint}).",
        "khoản 2 Điều 17",
        "So dấu vân tay với cơ quan gửi, rồi chọn 'Tin cậy chứng thư này cho cơ quan'.",
    ),
    Definition(
        "ORIGIN-SIGNER-OTHER-AGENCY",
        _E,
        "Văn bản của {agency} nhưng chữ ký số thuộc về {signer}.",
        "The document is {agency}'s, but the signature belongs to {signer}.",
        "điểm đ khoản 2 Điều 15; khoản 2 Điều 17",
    ),
    Definition(
        "ORIGIN-NO-MAILBOX",
        _W,
        "Thư không ghi hộp thư nào của cơ quan trong hệ thống; không biết chuyển cho ai.",
        "No mailbox of this installation is named in the mail.",
        "Điều 5",
    ),
    Definition(
        "ORIGIN-LOOP",
        _I,
        "Thư do chính hệ thống này tạo ra và quay trở lại.",
        "The mail was made by this very system and came back.",
        "RFC 3834",
    ),
    Definition(
        "ORIGIN-AUTOMATIC-OFF",
        _I,
        "Chưa có chỉ đạo cho phép tự động vào sổ với nơi gửi và loại văn bản này; văn thư xác nhận.",
        "No standing instruction allows automatic registration for this sender and type; a clerk confirms.",
        "khoản 3 Điều 17",
    ),
)
