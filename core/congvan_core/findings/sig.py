"""Findings of the family SIG-."""

from __future__ import annotations

from congvan_core.findings.model import Definition, Severity

_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "SIG-ISSUER-MISSING", _W,
        "Chưa kiểm tra được chuỗi chứng thư của {signer}: thiếu chứng thư cấp trên “{missing_issuer}”.",
        "The certificate chain of {signer} cannot be built: the issuing certificate “{missing_issuer}” is "
        "missing.",
        "Điều 15.2.đ",
        "Quản trị viên bổ sung chứng thư “{missing_issuer}” (congvan trust add); văn bản sẽ được kiểm tra "
        "lại.",
        "Have the administrator add the certificate “{missing_issuer}” (congvan trust add); the document is "
        "then checked again.",
    ),
    Definition(
        "SIG-ROOT-NOT-TRUSTED", _E,
        "Chuỗi chứng thư kết thúc ở “{root}”, không phải gốc được tin cậy.",
        "The certificate chain ends in “{root}”, which is not a trusted root.",
        "Điều 3.4",
    ),
    Definition(
        "SIG-CERTIFICATE-FORGED", _E,
        "Chứng thư ghi do “{issuer}” cấp, nhưng không phải do khóa của tổ chức đó ký.",
        "The certificate claims to be issued by “{issuer}”, but its key did not sign it.",
        "Điều 3.4",
    ),
    Definition(
        "SIG-ANCHOR-PURPOSE", _E,
        "Gốc chứng thực “{root}” không được dùng cho loại chữ ký này.",
        "The root “{root}” does not count for this kind of signature.",
        "Điều 3.4",
    ),
    Definition(
        "SIG-CERTIFICATE-EXPIRED", _E,
        "Tại thời điểm ký, chứng thư không còn hoặc chưa có hiệu lực: {certificates}.",
        "At signing time a certificate was not in effect: {certificates}.",
        "Điều 11.2",
    ),
    Definition(
        "SIG-CERTIFICATE-UNFIT", _E,
        "Chứng thư hoặc khóa không dùng được để ký văn bản: {faults}.",
        "A certificate or key is unfit for signing documents: {faults}.",
        "Điều 11.2",
    ),
    Definition(
        "SIG-CERTIFICATE-ABSENT", _E,
        "Chữ ký {field} không kèm chứng thư của người ký nên không kiểm tra được.",
        "The signature {field} does not carry its signer’s certificate and cannot be checked.",
        "Điều 11.2",
    ),
    Definition(
        "SIG-REVOKED", _E,
        "Chứng thư {certificate} đã bị thu hồi lúc {revoked_at}, trước thời điểm ký.",
        "The certificate {certificate} was revoked at {revoked_at}, before signing.",
        "Điều 11.2",
    ),
    Definition(
        "SIG-REVOKED-LATER", _I,
        "Chứng thư {certificate} bị thu hồi lúc {revoked_at}, sau thời điểm ký đã được chứng thực; chữ ký còn "
        "giá trị tại thời điểm ký.",
        "The certificate {certificate} was revoked at {revoked_at}, after the proven signing time; the "
        "signature was good when made.",
        "Điều 11.2",
    ),
    Definition(
        "SIG-REVOKED-TIME-UNPROVED", _W,
        "Chứng thư {certificate} bị thu hồi lúc {revoked_at}; không có dấu thời gian tin cậy nên không biết "
        "chữ ký có trước hay sau.",
        "The certificate {certificate} was revoked at {revoked_at}; without a trusted time stamp it cannot be "
        "told whether the signature came before.",
        "Điều 11.2",
        "Đề nghị bên gửi xác nhận, hoặc gửi bản có dấu thời gian.",
        "Ask the sender to confirm, or for a copy with a time stamp.",
    ),
    Definition(
        "SIG-REVOCATION-UNKNOWN", _W,
        "Chưa có trả lời về thu hồi (CRL hoặc OCSP) của chứng thư {certificate}.",
        "There is no revocation answer (CRL or OCSP) for the certificate {certificate}.",
        "Điều 11.2",
        "Cung cấp CRL, hoặc kiểm tra trực tuyến (--online).",
        "Provide a CRL, or check online (--online).",
    ),
    Definition(
        "SIG-REVOCATION-UNKNOWN-CA", _I,
        "Chưa có trả lời về thu hồi của chứng thư cấp trên {certificate}.",
        "There is no revocation answer for the intermediate certificate {certificate}.",
        "Điều 11.2",
    ),
    Definition(
        "SIG-DIGEST-MISMATCH", _E,
        "Nội dung không khớp với chữ ký {field}: tệp đã bị thay đổi sau khi ký.",
        "The content does not match the signature {field}: the file was changed after signing.",
        "Điều 15.1",
    ),
    Definition(
        "SIG-BROKEN", _E,
        "Chữ ký {field} không kiểm tra được: {reason}.",
        "The signature {field} does not verify: {reason}.",
        "Điều 15.2.đ",
    ),
    Definition(
        "SIG-ALGORITHM-UNFIT", _E,
        "Chữ ký {field} dùng thuật toán không an toàn hoặc không rõ ({algorithm}: {reason}).",
        "The signature {field} uses an unsafe or unknown algorithm ({algorithm}: {reason}).",
        "Điều 11.2",
    ),
    Definition(
        "SIG-WEAK-DIGEST", _E,
        "Chữ ký {field} dùng hàm băm {algorithm} đã không còn an toàn.",
        "The signature {field} uses the digest {algorithm}, which is no longer safe.",
        "Điều 11.2",
    ),
    Definition(
        "SIG-SHA1-FORMAT", _W,
        "Chữ ký {field} ở định dạng cũ adbe.pkcs7.sha1.",
        "The signature {field} is in the old format adbe.pkcs7.sha1.",
        "Điều 11.2",
    ),
    Definition(
        "SIG-NO-TIMESTAMP", _W,
        "Chữ ký {field} không có dấu thời gian tin cậy; thời điểm ký là do người ký khai.",
        "The signature {field} has no trusted time stamp; its time is the signer’s claim.",
        "Điều 11.1.b",
    ),
    Definition(
        "SIG-TIMESTAMP-BROKEN", _W,
        "Dấu thời gian của {field} không kiểm tra được ({reason}) nên không được tính.",
        "The time stamp of {field} does not verify ({reason}) and does not count.",
        "Điều 11.1.b",
    ),
    Definition(
        "SIG-TIMESTAMP-UNTRUSTED", _W,
        "Dấu thời gian của {authority} chưa dẫn tới gốc được tin cậy.",
        "The time stamp of {authority} does not lead to a trusted root.",
        "Điều 11.1.b",
    ),
    Definition(
        "SIG-TIMESTAMP-REVOCATION-UNKNOWN", _I,
        "Chưa có trả lời về thu hồi của máy chủ dấu thời gian {authority}.",
        "There is no revocation answer for the time-stamp authority {authority}.",
        "Điều 11.1.b",
    ),
    Definition(
        "SIG-TIMESTAMP-SHA1", _W,
        "Dấu thời gian của {authority} dùng hàm băm SHA-1.",
        "The time stamp of {authority} has a SHA-1 imprint.",
        "Điều 11.1.b",
    ),
    Definition(
        "SIG-TIME-LOCAL-AS-UTC", _W,
        "Giờ ký {raw} là giờ Việt Nam ghi nhầm thành giờ quốc tế; đọc là {read_as}.",
        "The signing time {raw} is local time written as UTC; read as {read_as}.",
        "Điều 14.1.a",
    ),
    Definition(
        "SIG-TIME-DIFFERS", _W,
        "Giờ ký khai báo {claimed} lệch {seconds} giây so với dấu thời gian {timestamp}.",
        "The claimed signing time {claimed} differs by {seconds} seconds from the time stamp {timestamp}.",
        "Điều 14.1.a",
    ),
    Definition(
        "SIG-TIME-IN-FUTURE", _W,
        "Giờ ký khai báo {claimed} ở tương lai.",
        "The claimed signing time {claimed} lies in the future.",
        "Điều 14.1.a",
    ),
    Definition(
        "SIG-TIME-ORDER", _W,
        "Thứ tự giờ ký không theo thứ tự các chữ ký trong tệp: {fields}.",
        "The signing times do not follow the order of the signatures in the file: {fields}.",
        "Điều 14.1.a",
    ),
    Definition(
        "SIG-NUMBER-AFTER-SIGNATURE", _W,
        "Số và ngày được ghi sau chữ ký của người có thẩm quyền và trước chữ ký của cơ quan: {added}.",
        "Number and date were written after the competent person’s signature and before the agency’s: "
        "{added}.",
        "Điều 20.1.b",
        "Văn thư đối chiếu phần được thêm (hình kèm theo) rồi quyết định.",
        "A clerk compares what was added (picture enclosed) and decides.",
    ),
    Definition(
        "SIG-FORM-FILLED", _I,
        "Ô “{name}” được điền sau khi ký, đúng phạm vi người ký cho phép: {after}.",
        "The field “{name}” was filled after signing, as the signature permits: {after}.",
        "Điều 11.2",
    ),
    Definition(
        "SIG-ANNOTATED", _W,
        "Trang {page} có ghi chú thêm sau khi ký, trong phạm vi người ký cho phép.",
        "Page {page} has a note added after signing, as the signature permits.",
        "Điều 11.2",
    ),
    Definition(
        "SIG-SUBFILTER-UNSUPPORTED", _E,
        "Chữ ký {field} ở định dạng {subfilter} mà chương trình không kiểm tra được.",
        "The signature {field} is in the format {subfilter}, which cannot be checked.",
        "Điều 11.2",
    ),
    Definition(
        "SIG-NONE", _W,
        "Tệp không có chữ ký số nào.",
        "The file carries no digital signature.",
        "Điều 11.1",
    ),
    Definition(
        "SIG-DETACHED-MISMATCH", _E,
        "Tệp chữ ký rời không phải của tệp này, hoặc tệp đã bị thay đổi.",
        "The detached signature does not belong to this file, or the file was changed.",
        "Điều 15.2.đ",
    ),
    Definition(
        "SIG-PARTIAL-COVER", _E,
        "Chữ ký {field} không bao trùm toàn bộ gói tệp; phần không được ký: {parts}.",
        "The signature {field} does not cover the whole package; parts not covered: {parts}.",
        "Điều 15.1",
    ),
)
