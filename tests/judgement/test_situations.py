"""Ordinary days of a Vietnamese office that break a naive program, each as the judgement must take it."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest

from congvan_core.documents.model import FileRole
from support_judgement import NAME, Bench, genuine, mail, metadata, package, page, signed
from support_pki import LivePki

JANUARY = date(2027, 1, 5)


def docx(text: str) -> bytes:
    from docx import Document

    document = Document()
    for line in text.splitlines():
        document.add_paragraph(line)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_a_human_file_name_is_a_note(judge: Bench, pki: LivePki) -> None:
    name = "1. CV rs bien che (ban cuoi) (2).signed.pdf"
    found = judge(mail((name, genuine(pki))))
    assert found.said == ("document", "accept", 0), found["findings"]
    meta = found["metadata"]
    assert (meta["number"], meta["symbol"], meta["type"]) == ("67", "STNA-VP", "Công văn")
    assert meta["sources"]["number"] == "page"
    assert found["attachments"][0]["filename"] == name


def test_an_ambiguous_group_is_settled_by_the_page(judge: Bench, pki: LivePki) -> None:
    pdf = signed(pki, page(number="28", symbol="TTr-STNA", type_name="Tờ trình", subject="về việc cấp kinh phí"))
    meta = judge(mail(("28.pdf", pdf)))["metadata"]
    assert (meta["type"], meta["sources"]["type"]) == ("Tờ trình", "page")


@pytest.mark.parametrize("draft", ["28-BC-UBND du thao cuoi.docx", "28-BC-STNA_05082026_Bao-cao.docx"])
def test_the_draft_beside_a_signed_scan_is_no_second_document(judge: Bench, pki: LivePki, draft: str) -> None:
    scan = signed(pki, page(number="28", symbol="BC-STNA", type_name="Báo cáo", subject="kết quả"), "agency-a")
    blank = docx("Số:      /BC-STNA\nHải Phòng, ngày    tháng    năm 2026\nBÁO CÁO")
    found = judge(mail(("28-BC-STNA_05082026_Bao-cao.signed.pdf", scan), (draft, blank)))
    assert found.said == ("document", "accept", 0), found["findings"]
    roles = {a["filename"]: a["role"] for a in found["attachments"]}
    assert roles == {"28-BC-STNA_05082026_Bao-cao.signed.pdf": "main", draft: "final_draft"}
    assert [v["outcome"] for v in found["verification"]] == ["valid"]
    assert not {"SIG-NONE", "INTEGRITY-NUMBER-DIFFERS", "CONTENT-SEVERAL-DOCUMENTS"} & found.codes


def test_the_draft_that_a_packet_names_is_left_out(judge: Bench, pki: LivePki) -> None:
    files = [(NAME, genuine(pki), FileRole.MAIN), ("du thao.docx", docx("Số:   /STNA-VP"), FileRole.FINAL_DRAFT)]
    found = judge(package(pki, files))
    assert found.said == ("package", "accept", 0), found["findings"]
    assert [v["attachment"] for v in found["verification"]] == [NAME]


def test_a_wrong_year_in_the_file_name_only_is_a_note(judge: Bench, pki: LivePki) -> None:
    pdf = signed(pki, page(number="12", symbol="QĐ-STNA", type_name="Quyết định", issued_on=JANUARY))
    found = judge(mail(("12-QD-STNA_05012026_Phe-duyet.pdf", pdf)))
    assert found["metadata"]["date"] == "2027-01-05"
    assert found["metadata"]["sources"]["date"] == "page"
    (note,) = [f for f in found["findings"] if f["code"] == "INTEGRITY-NAME-DIFFERS"]
    assert note["severity"] == "info"


def test_a_wrong_year_on_the_page_is_held_with_both_values(judge: Bench, pki: LivePki) -> None:
    from datetime import UTC, datetime

    year = datetime.now(UTC).year
    today = datetime.now(UTC).date().replace(day=1)
    slip = page(number="12", symbol="QĐ-STNA", type_name="Quyết định", issued_on=today.replace(year=year - 1))
    found = judge(mail(("12.pdf", signed(pki, slip))))
    assert found.said == ("document", "quarantine", 3)
    (clash,) = [f for f in found["findings"] if f["code"] == "INTEGRITY-YEAR-DIFFERS"]
    assert str(year) in clash["message"]
    assert str(year - 1) in clash["message"]
    assert "đính chính" in clash["advice"]


def test_who_sends_is_not_who_issued(judge: Bench, pki: LivePki) -> None:
    """A packet of A around a document of B that B's own seal proves: passed on, with its true author."""
    theirs = signed(pki, page(author="ỦY BAN NHÂN DÂN PHƯỜNG THỬ NGHIỆM B"), "leader-b", "agency-b")
    found = judge(package(pki, [(NAME, theirs, FileRole.MAIN)]))
    assert "INTEGRITY-FORWARDED" in found.codes
    assert "INTEGRITY-AUTHOR-DIFFERS" not in found.codes
    assert found["decision"] == "accept", found["findings"]


def test_a_page_of_another_author_without_his_seal_is_held(judge: Bench, pki: LivePki) -> None:
    odd = signed(pki, page(author="ỦY BAN NHÂN DÂN PHƯỜNG THỬ NGHIỆM B"), "leader", "agency-a")
    found = judge(package(pki, [(NAME, odd, FileRole.MAIN)]))
    assert "INTEGRITY-AUTHOR-DIFFERS" in found.codes
    assert found["decision"] == "quarantine"


def test_an_own_letter_with_enclosures_of_others(judge: Bench, pki: LivePki) -> None:
    other = signed(pki, page(number="9", symbol="QĐ-STNB", type_name="Quyết định"), "leader-b", "agency-b")
    files = ((NAME, genuine(pki)), ("9-QD-STNB_05082026_Quyet-dinh.pdf", other))
    found = judge(mail(*files, subject="67/STNA-VP ngày 05/8/2026: V/v rà soát hộp thư công vụ"))
    assert {a["filename"]: a["role"] for a in found["attachments"]}[NAME] == "main"
    assert found["decision"] == "accept", found["findings"]
    assert [v["outcome"] for v in found["verification"]] == ["valid", "valid"]
    unsaid = judge(mail(*files))
    assert "CONTENT-SEVERAL-DOCUMENTS" in unsaid.codes
    assert unsaid["decision"] == "quarantine", "the clerk parts or joins them before a number is given"


def test_a_signed_document_in_an_archive_is_offered(judge: Bench, pki: LivePki) -> None:
    archive = zipped({"van ban/" + NAME: genuine(pki), "trong.zip": zipped({"b.txt": b"xin chao"})})
    found = judge(mail(("van-ban.zip", archive), types={"van-ban.zip": "application/zip"}))
    assert found.said == ("document", "quarantine", 3)
    assert {"CONTENT-ARCHIVE-LISTED", "CONTENT-ARCHIVE-DOCUMENT"} <= found.codes
    assert "valid" in {v["outcome"] for v in found["verification"]}


def test_winmail_and_attached_mails_are_opened(judge: Bench, pki: LivePki) -> None:
    found = judge(mail(subject="Fwd: 67/STNA-VP", nested=[mail((NAME, genuine(pki)))]))
    assert found.said == ("document", "accept", 0), found["findings"]
    assert found["metadata"]["number"] == "67"


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("page", lambda: mail((NAME, page(mark="MẬT")))),
        ("subject", lambda: mail((NAME, page()), subject="[MẬT] Gửi văn bản")),
        ("file name", lambda: mail(("[MẬT] Cong van.pdf", page()))),
        ("archive", lambda: mail(("a.zip", zipped({"x.pdf": page(mark="TUYỆT MẬT")})))),
        ("archive name", lambda: mail(("a.zip", zipped({"TỐI MẬT.txt": b"x"})))),
        ("attached mail", lambda: mail(nested=[mail((NAME, page(mark="TỐI MẬT")))])),
        ("attached subject", lambda: mail((NAME, page()), nested=[mail(subject="[TUYỆT MẬT] chuyen")])),
        ("office file", lambda: mail(("a.docx", docx("ỦY BAN\nTỐI MẬT\nBáo cáo")))),
        ("plain mail", lambda: mail(subject="TỐI MẬT: lịch họp")),
    ],
)
def test_a_secrecy_marking_seals_wherever_it_stands(judge: Bench, name: str, raw: object) -> None:
    found = judge(raw())  # type: ignore[operator]
    assert "SECRET-MARKING" in found.codes, name
    assert found["decision"] == "quarantine"
    assert found.code == 3


def scanned(pdf: bytes) -> bytes:
    """The first page as a picture; the head is enough to read."""
    import pypdfium2
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen import canvas

    image = pypdfium2.PdfDocument(pdf)[0].render(scale=200 / 72).to_pil()
    image.paste((255, 255, 255), (0, image.height * 2 // 5, image.width, image.height))
    out = io.BytesIO()
    paper = canvas.Canvas(out, pagesize=(595, 842))
    paper.drawImage(ImageReader(image), 0, 0, 595, 842)
    paper.save()
    return out.getvalue()


@pytest.mark.real("tesseract")
def test_a_stamp_on_a_scan_is_read(judge: Bench, pki: LivePki) -> None:
    scan = scanned(page(mark="TỐI MẬT"))
    found = judge(mail((NAME, signed(pki, scan, "agency-a"))), ocr=True, seconds=120.0, ocr_seconds=100.0)
    assert "SECRET-MARKING" in found.codes


@pytest.mark.real("tesseract")
@pytest.mark.parametrize("seconds", [0.0, 0.51])
def test_a_scan_that_the_time_did_not_reach_is_never_clean(judge: Bench, pki: LivePki, seconds: float) -> None:
    """No time left at all, and too little for tesseract to finish: a clerk is told to look, also inside an archive."""
    scan = scanned(page(mark="TỐI MẬT"))
    for files in ((NAME, signed(pki, scan, "agency-a")), ("a.zip", zipped({"a.pdf": scan}))):
        found = judge(mail(files), ocr=True, ocr_seconds=seconds)
        told = {"SECRET-NOT-CHECKED", "SECRET-MARKING"} & found.codes
        assert told == {"SECRET-NOT-CHECKED"} if seconds == 0 else told, found["findings"]


@pytest.mark.parametrize(
    "subject",
    ["Tăng cường bảo mật thông tin", "Đổi mật khẩu hộp thư", "Hội chợ mật ong năm 2026", "Về việc mật độ dân cư"],
)
def test_ordinary_words_are_no_marking(judge: Bench, subject: str) -> None:
    found = judge(mail(("Tang cuong bao mat.pdf", page(subject=subject)), subject=subject, body=subject))
    assert not {c for c in found.codes if c.startswith("SECRET-")}


def test_conflicting_dates_name_their_sources(judge: Bench, pki: LivePki) -> None:
    found = judge(package(pki, [(NAME, genuine(pki), FileRole.MAIN)], meta=metadata(issued_on=date(2026, 8, 6))))
    (clash,) = [f for f in found["findings"] if f["code"] == "INTEGRITY-DATE-DIFFERS"]
    assert "dữ liệu gửi kèm" in clash["message"]
    assert "trang 1" in clash["message"]
    assert found["decision"] == "quarantine"
