"""Findings of the family REPORT-: what delivery reports, receipts and answers say, and what they leave open."""

from __future__ import annotations

from congvan_core.findings.model import Definition, Severity

_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "REPORT-FAILED",
        _E,
        "Thư gửi tới {address} không đến được: {reason} ({status}).",
        "The mail to {address} was not delivered: {reason} ({status}).",
        "Điều 20.2.b",
        "Đề nghị kiểm tra địa chỉ, gửi lại hoặc gửi theo phương thức khác.",
        "Check the address, then send again or by another way.",
    ),
    Definition(
        "REPORT-DELAYED",
        _I,
        "Thư gửi tới {address} chưa đến, máy chủ vẫn đang thử gửi: {reason}.",
        "The mail to {address} is delayed and still being tried: {reason}.",
        "Điều 20.2.b",
    ),
    Definition(
        "REPORT-RECIPIENT-GUESSED",
        _W,
        "Báo lỗi không nêu địa chỉ nào; coi là nói về {address} vì thư gốc chỉ gửi tới địa chỉ này.",
        "The report names no address; it is taken to concern {address}, the original's only recipient.",
    ),
    Definition(
        "REPORT-RECIPIENT-UNKNOWN",
        _W,
        "Báo lỗi không cho biết thư không đến được địa chỉ nào.",
        "The report does not tell which recipient it concerns.",
        None,
        "Đề nghị đọc báo lỗi và chọn nơi nhận liên quan.",
        "Read the report and choose the recipient concerned.",
    ),
    Definition(
        "REPORT-ORIGINAL-UNKNOWN",
        _W,
        "Báo cáo không cho biết nói về thư nào đã gửi.",
        "The report does not tell which sent mail it concerns.",
        None,
        "Báo cáo chờ người vận hành đối chiếu.",
        "It waits for the operator.",
    ),
    Definition(
        "REPORT-DISPOSITION-UNKNOWN",
        _W,
        "Thông báo đã đọc ghi trạng thái không rõ ({type}); không coi là đã nhận.",
        "The disposition notification has an unknown type ({type}); it does not count as received.",
    ),
    Definition(
        "REPORT-DISPOSITION-ERROR",
        _W,
        "Bên nhận báo lỗi khi xử lý thư ({type}); không coi là đã nhận.",
        "The recipient's system reports an error on the mail ({type}); it does not count as received.",
        "Điều 20.2.b",
    ),
    Definition(
        "REPORT-DISPOSITION-DELETED",
        _W,
        "Thư đã bị xóa ở bên nhận mà có thể chưa được đọc; không coi là đã nhận.",
        "The mail was deleted at the recipient, perhaps unread; it does not count as received.",
        "Điều 20.2.b",
    ),
    Definition(
        "REPORT-FEEDBACK",
        _I,
        "Báo cáo phản hồi về thư rác hoặc xác thực; không phải báo lỗi gửi thư.",
        "A feedback report on spam or authentication; not a delivery failure.",
    ),
    Definition(
        "REPORT-UNMATCHED",
        _W,
        "Báo cáo hoặc thông báo này không khớp với văn bản nào đã gửi.",
        "The report matches nothing that was sent.",
        "điểm b khoản 2 Điều 20",
        "Đề nghị người vận hành đối chiếu; không thay đổi trạng thái nơi nhận nào.",
        "An operator compares; no recipient's state changes.",
    ),
    Definition(
        "REPORT-OTHER-FILES",
        _W,
        "Thông báo {status} từ {address} ghi mã băm khác với tệp đã gửi nên chưa kết thúc theo dõi.",
        "Status {status} from {address} names other files than those sent and closes nothing.",
        "điểm b khoản 2 Điều 20",
        "Đề nghị liên hệ bên nhận để đối chiếu tệp đã nhận.",
        "Ask the addressee which files arrived.",
    ),
    Definition(
        "REPORT-UNPROVED",
        _W,
        "Thông báo {status} từ {address} chưa được chứng thực bằng khóa của bên nhận nên chưa kết thúc theo dõi.",
        "Status {status} from {address} is not proved by the addressee's key and closes nothing.",
        "điểm b khoản 2 Điều 20",
        "Đề nghị xác nhận khóa của bên nhận trong danh bạ, hoặc gọi điện và ghi nhận.",
        "Confirm the addressee's key in the directory, or telephone and record the call.",
    ),
    Definition(
        "REPORT-OPERATOR-ANSWER",
        Severity.INFO,
        "Đơn vị vận hành ({address}) trả lời thư báo sự cố về văn bản này.",
        "The operator ({address}) answers the fault notice about this document.",
        "điểm d khoản 2 Điều 20",
        "Đề nghị đọc rồi kết thúc, hoặc gửi lại văn bản nếu sự cố đã khắc phục.",
        "Read it and close it, or send the document again once the fault is mended.",
    ),
    Definition(
        "REPORT-NOT-ASKED",
        Severity.WARNING,
        "Nhận trả lời {code} về văn bản {document}, nhưng đơn vị chưa yêu cầu lấy lại, thu hồi, cập nhật hay thay thế "
        "văn bản này.",
        "An answer {code} about {document} came, but nothing was asked.",
        "khoản 4 Điều 18 Nghị định 30/2020/NĐ-CP",
    ),
)
