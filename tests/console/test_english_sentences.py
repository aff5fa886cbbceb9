"""What the program composes for the desk (notices, errors, advice) is English on an English page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from congvan_gateway.console.english import CATALOGUES, say
from support_desk import Desk, token_of, version_of
from support_sentences import raised, sentences

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = ROOT / "gateway/congvan_gateway/console"
#: Whose errors a page can show, beside the console's own.
SHARED = [
    *(f"gateway/congvan_gateway/{name}" for name in ("quarantine", "dispatch", "drafting", "recall", "receipts", "notices",
                                                     "routing", "judgement", "evidence")),
    *(f"core/congvan_core/{name}" for name in ("agencies", "registers", "dossiers", "workflow", "documents", "statistics",
                                               "calendar", "signatures")),
]  # fmt: skip
#: What stays Vietnamese on purpose: file of the console -> the sentences.
#: Words of letters to the sender, of registers, prints and the journal's records; names of norms; what forms hand in.
KEPT: dict[str, re.Pattern[str]] = {
    "audit_period.py": re.compile(r"Văn bản \{0\} \{1\}, .*"),  # a line of the exported file
    "calendar_form.py": re.compile("ngày làm việc hoán đổi"),  # kept as the reason of a changed day
    "card.py": re.compile(r"văn bản không thuộc.*|nội dung tệp đã.*|số, ký hiệu trong.*|tệp văn bản không.*"),  # 02
    "guard.py": re.compile("Nội dung gửi lên quá lớn.*", re.DOTALL),  # before any language is known
    "serving.py": re.compile(".*"),  # the command's own
    "event_words.py": re.compile("Dự thảo: .*"),
    "words.py": re.compile("phút|giờ|ngày"),
    "pages/admin_routing.py": re.compile("thường"),
    "pages/after_issue.py": re.compile("SAO LỤC|TRÍCH SAO"),  # printed on the copy
    "hand_entries.py": re.compile("thường"),
    "pages/deciding.py": re.compile(r"\{0\} \(người xác nhận: \{1\}\)|văn thư đã đối chiếu.*"),  # in the register
    "pages/drafts.py": re.compile(r"Đã ký \{0\}/\{1\} văn bản\. "),
    "pages/finding.py": re.compile("KẾT QUẢ.*|Tên loại và.*|Tổng số: .*|Mọi văn bản"),  # the print
    "pages/review.py": re.compile("tệp văn bản không.*|thư thiếu.*|số, ký hiệu hoặc.*"),  # the letter to the sender
    "pages/sending.py": re.compile("--to .*"),
    "pages/tracking.py": re.compile(r"Người báo: .*|\(chưa ghi\)"),  # the letter to the operator
}


def test_every_sentence_of_the_desk_has_its_english() -> None:
    known = {vi for name in CATALOGUES for vi in json.loads((CONSOLE / name).read_text(encoding="utf-8"))}
    missing: list[str] = []
    said = 0
    for path in sorted(CONSOLE.rglob("*.py")):
        name = path.relative_to(CONSOLE).as_posix()
        kept = KEPT.get(name)
        if name.startswith("api/"):  # answers to programs are Vietnamese, their codes are English
            continue
        said += sum(1 for _ in sentences(path))
        missing += [f"{name}:{line}: {text}" for line, text in sentences(path)
                    if text not in known and not (kept and kept.fullmatch(text))]  # fmt: skip
    for folder in SHARED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            missing += [f"{path.relative_to(ROOT)}:{line}: {text}" for line, text in raised(path) if text not in known]
    # What is being made elsewhere may be a few sentences ahead of its English.
    assert len(missing) <= 0.03 * said, missing


def test_nothing_is_kept_vietnamese_that_is_no_longer_said() -> None:
    for name, kept in KEPT.items():
        assert any(kept.fullmatch(text) for _, text in sentences(CONSOLE / name)), name


@pytest.mark.parametrize(
    ("vi", "en"),
    [
        ("Đã hủy số 12; số này không dùng lại", "Number 12 is struck; it is not used again"),
        ("Đã tiếp nhận và vào sổ, số đến 7", "Accepted and registered, arrival number 7"),
        (
            "Đã tiếp nhận 2 thư, số đến 3 đến 4. Không làm được 1 thư: 7/SMT-VP: Thư này vừa được người khác xử lý",
            "2 mails accepted, arrival numbers 3 to 4. 1 mails were not done: 7/SMT-VP: "
            "Somebody else has just dealt with this mail",
        ),
        ("Một câu của người nào đó", "Một câu của người nào đó"),
        ("Đã thêm <b>{0}</b> {x}", "<b>{0}</b> {x} was added"),
    ],
)
def test_sentences_with_blanks_are_said(vi: str, en: str) -> None:
    assert say(vi) == en


def test_notices_errors_and_advice_are_english_on_an_english_page(desk: Desk) -> None:
    item = desk.items["good-67"]
    with desk.enter("vanthu") as clerk:
        clerk.cookies.set("lang", "en")
        page = clerk.get(f"/cho-kiem-tra/{item}").text
        assert "Every check passed; look at the first page, then accept." in page and "due " in page
        act = {"token": token_of(clerk), "version": version_of(page)}
        wrong = clerk.post(f"/cho-kiem-tra/{item}", data={**act, "act": "discard"})
        assert wrong.status_code == 400 and "Discarding needs a reason" in wrong.text
        missing = clerk.get("/van-ban/khong-co")
        assert missing.status_code == 404 and "There is no such document" in missing.text
        done = clerk.post(f"/cho-kiem-tra/{item}", data={**act, "act": "release"}, follow_redirects=True)
        assert "Accepted and registered, arrival number 1" in done.text
        health = clerk.get("/").text
        assert "GB left" in health and "agrees with the database" in health
