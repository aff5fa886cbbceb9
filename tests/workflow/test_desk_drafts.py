"""From the drafter to the recipients over the desk's pages; both signatures stand in our verifier and in pdfsig."""

from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from congvan_core.ids import now
from congvan_core.storage.schema import document, entry
from congvan_core.workflow import drafts
from congvan_core.workflow.schema import unit
from congvan_gateway.storage.schema import recipient
from support.programs import require
from support_desk import token_of
from support_office import SUBJECT, StaffedDesk, draft_docx, draft_pdf
from support_pki import PASSWORD, LivePki
from support_station import B_CODE, A


def person(desk: StaffedDesk, login: str) -> str:
    return desk.actor(login).id


def begin(desk: StaffedDesk, client: httpx.Client, *, name: str, data: bytes, **more: str) -> str:
    """The form of a new draft, filled in; the draft's id."""
    desk.actor("soan"), desk.actor("anh")
    with desk.app.database.read() as connection:
        unit_id = connection.execute(select(unit.c.id)).scalars().first()
    form = {
        "token": token_of(client), "type": "Quyết định", "symbol": "QĐ-STNA", "subject": SUBJECT, "body": A.code,
        "unit": str(unit_id), "to": B_CODE, "signer1": person(desk, "anh"), "urgency": "thường", **more,
    }  # fmt: skip
    answer = client.post("/du-thao/moi", data=form, files={"file": (name, data)} if data else None)
    assert answer.status_code == 303, said(answer)
    return answer.headers["location"].rpartition("/")[2]


def said(answer: httpx.Response) -> str:
    found = re.search(r'class="wrong"[^>]*>(.*?)</div>', answer.text, re.S)
    return re.sub(r"<[^>]+>", " ", found[1]).strip() if found else answer.text[:300]


def row(desk: StaffedDesk, draft_id: str) -> Any:
    with desk.app.database.read() as connection:
        return drafts.get(connection, draft_id)


def do(
    desk: StaffedDesk, login: str, draft_id: str, act: str, *, upload: bytes | None = None, **more: str
) -> httpx.Response:
    """One act of one person on the draft's page, as their browser sends it."""
    with desk.enter(login) as client:
        form = {"token": token_of(client), "act": act, "file": row(desk, draft_id).file_sha256 or "", **more}
        files = {"upload": ("da-ky.pdf", upload)} if upload is not None else None
        return client.post(f"/du-thao/{draft_id}", data=form, files=files)


def signed_up(desk: StaffedDesk, draft_id: str) -> None:
    """Trình and Duyệt."""
    for login, act in (("soan", "submit"), ("phong", "approve")):
        answer = do(desk, login, draft_id, act, text="Kính trình")
        assert answer.status_code == 303, said(answer)


def file(desk: StaffedDesk, draft_id: str) -> bytes:
    return desk.app.blobs.read(row(desk, draft_id).file_sha256)


LEADER_KEY = {"key": "file:leader.p12", "pin": PASSWORD}
AGENCY_KEY = {"key": "file:agency-a.p12", "pin": PASSWORD}


@pytest.mark.real("poppler")
@pytest.mark.real("libreoffice")
def test_the_whole_chain(office_desk: StaffedDesk, pki: LivePki, tmp_path: Path) -> None:
    """Draft, Duyệt, Ký duyệt, number and date, agency's signature, check of Điều 15, issued to the recipient."""
    desk = office_desk
    with desk.enter("soan") as client:
        made = begin(desk, client, name="du-thao.docx", data=draft_docx())
        page = client.get(f"/du-thao/{made}")
        assert page.status_code == 200 and "Trình lãnh đạo đơn vị" in page.text
    signed_up(desk, made)
    with desk.enter("anh") as client:
        assert "Chờ tôi (1)" in client.get("/du-thao").text
    answer = do(desk, "anh", made, "sign", **LEADER_KEY)
    assert answer.status_code == 303, said(answer)
    with desk.enter("thu") as client:
        assert "Văn bản đã ký duyệt (1)" in client.get("/du-thao").text
    for act, more in (("number", {}), ("seal", AGENCY_KEY), ("issue", {})):
        answer = do(desk, "thu", made, act, **more)
        assert answer.status_code == 303, (act, said(answer))
    assert answer.headers["location"].startswith("/van-ban/")
    final = tmp_path / "van-ban.pdf"
    final.write_bytes(file(desk, made))
    from support_verdicts import verdicts

    assert verdicts(final.read_bytes(), pki) == [("NguoiKy", True, True), ("CoQuan", True, True)]
    from congvan_core.signatures.verify import verify_file

    report = verify_file(final.read_bytes(), name="van-ban.pdf").to_json()
    assert report["integrity"] == "intact" and len(report["signatures"]) == 2
    assert {s["changed_after"] for s in report["signatures"]} <= {"none", "permitted"}
    told = subprocess.run(
        [require("pdfsig"), "-nocert", str(final)], capture_output=True, text=True, check=False
    ).stdout
    assert told.count("Signature is Valid.") == 2, told
    with desk.app.database.read() as connection:
        there = connection.execute(select(document).where(document.c.id == row(desk, made).document_id)).one()
        assert (there.number, there.symbol, there.state, there.subject) == ("1", "QĐ-STNA", "issued", SUBJECT)
        assert there.signer_name == "Nguyễn Văn Ánh" and there.signer_position == "GIÁM ĐỐC"
        line = connection.execute(select(entry).where(entry.c.document_id == there.id)).one()
        assert line.number == 1
        to = connection.execute(select(recipient.c.code).where(recipient.c.document_id == there.id)).scalars().all()
        assert to == [B_CODE]


def test_not_approved_goes_back_by_itself_with_the_reason(office_desk: StaffedDesk) -> None:
    desk = office_desk
    with desk.enter("soan") as client:
        made = begin(desk, client, name="a.pdf", data=draft_pdf())
    assert do(desk, "soan", made, "submit").status_code == 303
    refused = do(desk, "phong", made, "refuse")
    assert refused.status_code == 400 and "phải có lý do" in said(refused)
    assert do(desk, "phong", made, "refuse", text="Thiếu căn cứ pháp lý").status_code == 303
    assert row(desk, made).state == "draft"
    with desk.enter("soan") as client:
        page = client.get(f"/du-thao/{made}").text
        assert "Thiếu căn cứ pháp lý" in page and "Không duyệt, trả lại" in page
        assert "Chờ tôi (1)" in client.get("/du-thao").text


def test_clear_answers_and_nothing_half_done(office_desk: StaffedDesk, pki: LivePki) -> None:
    """Wrong PIN, another person's key, a page seen before a change, a file that is not the one approved, two clerks."""
    from congvan_core.signatures.signing import sign_pdf

    desk = office_desk
    with desk.enter("soan") as client:
        made = begin(desk, client, name="a.pdf", data=draft_pdf())
    signed_up(desk, made)
    before = row(desk, made).file_sha256
    for more, words in (
        ({"key": "file:leader.p12", "pin": "sai"}, "sai mật khẩu"),
        ({"key": "file:leader-b.p12", "pin": PASSWORD}, "khoản 3 Điều 7"),
        ({"key": "file:../gateway.p12", "pin": PASSWORD}, "Không thấy khóa"),
        ({**LEADER_KEY, "file": "0" * 64}, "đã thay đổi sau khi bạn mở trang"),
    ):
        answer = do(desk, "anh", made, "sign", **more)
        assert answer.status_code in (404, 409, 422) and words in answer.text, (words, said(answer))
    other = sign_pdf(draft_pdf(), pki.signing_key("leader"))
    answer = do(desk, "anh", made, "sign", upload=other)
    assert answer.status_code == 422 and "không phải đúng văn bản đã duyệt" in said(answer)
    assert do(desk, "thu", made, "number").status_code == 422
    assert (row(desk, made).file_sha256, row(desk, made).state) == (before, "leader_review")
    assert do(desk, "anh", made, "sign", **LEADER_KEY).status_code == 303
    assert do(desk, "thu", made, "number").status_code == 303
    again = do(desk, "thu", made, "number")
    assert again.status_code == 409 and "đã được cấp số 1" in said(again)
    person_key = do(desk, "thu", made, "seal", **LEADER_KEY)
    assert person_key.status_code == 422 and "không phải của cơ quan" in said(person_key)
    assert row(desk, made).state == "numbered"


def test_who_may_not_is_refused(office_desk: StaffedDesk) -> None:
    desk = office_desk
    with desk.enter("soan") as client:
        made = begin(desk, client, name="a.pdf", data=draft_pdf())
    with desk.enter("xem") as client:
        assert client.get("/du-thao").status_code == 403
        assert client.post(f"/du-thao/{made}", data={"token": token_of(client), "act": "approve"}).status_code == 403
    with desk.enter("thu") as client:
        assert client.get(f"/du-thao/{made}").status_code == 422, "a clerk reads a draft once it is signed"
    assert do(desk, "duc", made, "version", upload=draft_pdf()).status_code == 422
    assert do(desk, "soan", made, "approve").status_code in (409, 422)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"chu", "phải là tệp PDF"),
        ("a.pdf", b"%PDF-1.7 hong", "không"),
        ("a.docx", b"khong phai zip", "Không chuyển được"),
    ],
)
def test_a_bad_file_says_what_to_do(office_desk: StaffedDesk, name: str, data: bytes, words: str) -> None:
    desk = office_desk
    with desk.enter("soan") as client:
        made = begin(desk, client, name="", data=b"")
        answer = client.post(
            f"/du-thao/{made}", data={"token": token_of(client), "act": "version"}, files={"upload": (name, data)}
        )
    assert answer.status_code in (400, 415, 422) and words in answer.text
    assert row(desk, made).version == 0


def test_several_documents_with_one_pin(office_desk: StaffedDesk) -> None:
    desk = office_desk
    made = []
    with desk.enter("soan") as client:
        made = [begin(desk, client, name="a.pdf", data=draft_pdf(subject=f"Việc {n}")) for n in range(3)]
    for one in made:
        signed_up(desk, one)
    with desk.enter("anh") as client:
        answer = client.post("/du-thao", data={"token": token_of(client), "item": made, **LEADER_KEY})
        assert answer.status_code == 303, said(answer)
    assert {row(desk, one).state for one in made} == {"signed"}


def test_late_issuing_asks_for_the_reason(office_desk: StaffedDesk) -> None:
    """Điểm a khoản 1 Điều 6: the deadline stands on the page; past it the reason is asked for and kept."""
    desk = office_desk
    with desk.enter("soan") as client:
        made = begin(desk, client, name="a.pdf", data=draft_pdf(), urgency="khẩn")
    signed_up(desk, made)
    for login, act, more in (("anh", "sign", LEADER_KEY), ("thu", "number", {}), ("thu", "seal", AGENCY_KEY)):
        answer = do(desk, login, made, act, **more)
        assert answer.status_code == 303, said(answer)
    with desk.enter("thu") as client:
        page = client.get(f"/du-thao/{made}").text
        assert "gửi ngay" in page and "Lý do gửi muộn" not in page, "at once leaves half an hour"
        desk.app.clock = lambda: now() + timedelta(minutes=31)
        assert "Lý do gửi muộn" in client.get(f"/du-thao/{made}").text
    answer = do(desk, "thu", made, "issue", late_reason="Mất điện")
    assert answer.status_code == 303, said(answer)
    with desk.app.database.read() as connection:
        there = connection.execute(select(document.c.late_reason).where(document.c.id == row(desk, made).document_id))
        assert there.scalar_one() == "Mất điện"
