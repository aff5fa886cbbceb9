"""Words for invented documents: subjects by type, persons, and the text of a page."""

from __future__ import annotations

from random import Random

_TOPICS = (
    "chuyển đổi số năm {y}", "cải cách hành chính năm {y}", "phòng, chống bão số {n}", "công tác dân vận chính quyền",
    "phòng cháy, chữa cháy và cứu nạn, cứu hộ", "giải phóng mặt bằng dự án tuyến đường {r}", "vệ sinh an toàn thực phẩm",
    "bảo đảm an toàn giao thông dịp Tết Nguyên đán", "tuyển dụng viên chức sự nghiệp giáo dục năm {y}",
    "tổng điều tra kinh tế năm {y}", "tiêm chủng vắc xin đợt {n}", "quản lý trật tự xây dựng đô thị",
    "thu gom, xử lý chất thải rắn sinh hoạt", "hỗ trợ hộ nghèo, hộ cận nghèo sửa chữa nhà ở", "dạy thêm, học thêm",
    "sắp xếp tổ chức bộ máy sau sáp nhập", "số hóa hồ sơ, tài liệu lưu trữ", "kiểm tra công vụ quý {q} năm {y}",
    "tiếp công dân, giải quyết khiếu nại, tố cáo", "lấy ý kiến dự thảo quy chế làm việc",
    "kiểm kê đất đai, lập bản đồ hiện trạng", "xét tặng danh hiệu thi đua", "quyết toán ngân sách năm {y}",
    "nghiệm thu tuyến đê biển đoạn {r}", "duy tu, sửa chữa hệ thống chiếu sáng công cộng", "đón tiếp đoàn công tác",
    "tập huấn sử dụng chữ ký số chuyên dùng công vụ", "rà soát hộp thư công vụ", "phòng, chống dịch bệnh trên đàn gia súc",
)  # fmt: skip
_ROADS = ("Cầu Rào - Đình Vũ", "Tràng Cát", "Lạch Tray", "Hồ Sen", "quốc lộ 37", "Bùi Viện", "Nguyễn Trãi", "Cát Bà")
_LEADS = {
    "Quyết định": "Về việc phê duyệt kế hoạch", "Chỉ thị": "Về việc tăng cường", "Thông báo": "Kết luận cuộc họp về",
    "Hướng dẫn": "Thực hiện", "Kế hoạch": "Triển khai", "Báo cáo": "Kết quả", "Tờ trình": "Về việc đề nghị phê duyệt",
    "Giấy mời": "Họp bàn về", "Công điện": "Về việc tập trung", "Công văn": "V/v", "Nghị quyết": "Về",
    "Hợp đồng": "Cung cấp dịch vụ phục vụ", "Giấy nghỉ phép": "Nghỉ phép năm của cán bộ phụ trách",
}  # fmt: skip
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Đào", "Lương")
_MIDDLE = ("Thị", "Văn", "Đức", "Minh", "Thanh", "Hữu", "Ngọc", "Quang", "Thu", "Xuân")
_GIVEN = ("Anh", "Bình", "Chung", "Dũng", "Giang", "Hà", "Hòa", "Khánh", "Lan", "Mai", "Nam", "Oanh", "Phương",
          "Quân", "Sơn", "Thảo", "Tuấn", "Uyên", "Vinh", "Yến")  # fmt: skip
_SENTENCES = (
    "Căn cứ Luật Tổ chức chính quyền địa phương và chức năng, nhiệm vụ được giao về {topic};",
    "Thủ trưởng các phòng, đơn vị chịu trách nhiệm tổ chức thực hiện {topic}, bảo đảm đúng tiến độ, chất lượng.",
    "Giao Văn phòng theo dõi, đôn đốc; tổng hợp kết quả, báo cáo trước ngày {d} hằng tháng.",
    "Trong quá trình thực hiện, nếu có khó khăn, vướng mắc, đề nghị kịp thời phản ánh bằng văn bản để được hướng dẫn.",
    "Kinh phí thực hiện được bố trí từ dự toán chi ngân sách nhà nước giao năm {y} theo quy định.",
    "Các cơ quan, đơn vị cập nhật dữ liệu trên hệ thống quản lý văn bản và điều hành, gửi nhận văn bản có chữ ký số.",
    "Đẩy mạnh tuyên truyền để cán bộ, công chức, viên chức và người lao động thống nhất nhận thức và hành động.",
    "Kết quả thực hiện là một trong những căn cứ đánh giá mức độ hoàn thành nhiệm vụ của người đứng đầu.",
    "Thời gian hoàn thành trước ngày {d} tháng {m} năm {y}; quá thời hạn phải báo cáo rõ nguyên nhân.",
)


def person(rng: Random) -> str:
    return f"{rng.choice(_FAMILY)} {rng.choice(_MIDDLE)} {rng.choice(_GIVEN)}"


def subject(rng: Random, type_name: str, year: int) -> tuple[str, str]:
    """(the subject, the topic in it)."""
    topic = rng.choice(_TOPICS).format(y=year, n=rng.randint(1, 9), q=rng.randint(1, 4), r=rng.choice(_ROADS))
    lead = _LEADS.get(type_name, "Về việc")
    return f"{lead} {topic}", topic


def page(rng: Random, topic: str, year: int) -> list[str]:
    """Four to seven paragraphs."""
    chosen = [_SENTENCES[0], *rng.sample(_SENTENCES[1:], rng.randint(3, 6))]
    return [one.format(topic=topic, d=rng.randint(1, 28), m=rng.randint(1, 12), y=year) for one in chosen]
