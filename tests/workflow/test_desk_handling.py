"""Incoming over the desk: Trình, phân công, ý kiến, trả lời, hoàn thành; bản lưu, đăng tải, sao; the people behind it.

Quy chế Điều 4.3; Điều 13.3.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pypdfium2
from sqlalchemy import select
from test_desk_drafts import AGENCY_KEY, LEADER_KEY, begin, do, file, row, said, signed_up

from congvan_core.ids import VIETNAM, now
from congvan_core.storage.schema import document, entry, event
from congvan_core.workflow.schema import publication, work_state
from support_databases import add_document
from support_desk import token_of
from support_office import StaffedDesk, draft_pdf
from support_pdf import make_scan
from support_station import B_CODE, A


def handle(desk: StaffedDesk, login: str, document_id: str, act: str, **more: Any) -> httpx.Response:
    """One act on the handling page, with the state that the person saw."""
    with desk.enter(login) as client:
        page = client.get(f"/giai-quyet/{document_id}").text
        found = re.search(r'name="state" value="(\w+)"', page)
        seen = found[1] if found else "done"
        form = {"token": token_of(client), "act": act, "state": seen, **more}
        return client.post(f"/giai-quyet/{document_id}", data=form)


def states(desk: StaffedDesk, document_id: str) -> list[str]:
    with desk.app.database.read() as connection:
        return list(
            connection.execute(
                select(work_state.c.code).where(work_state.c.document_id == document_id).order_by(work_state.c.code)
            ).scalars()
        )


def test_from_the_register_to_done_with_an_answer(office_desk: StaffedDesk) -> None:
    desk = office_desk
    officer, leader = desk.actor("soan"), desk.actor("anh")
    unit_id = officer.positions[0][1]
    asked = add_document(desk.app.database, desk.agency_id)
    with desk.enter("thu") as client:
        assert f"/giai-quyet/{asked}" in client.get("/giai-quyet").text, "the clerk's: waits to be presented"
    assert handle(desk, "soan", asked, "present", leader=leader.id).status_code == 422
    assert handle(desk, "thu", asked, "present", leader=leader.id, text="Kính trình").status_code == 303
    with desk.enter("anh") as client:
        assert f"/giai-quyet/{asked}" in client.get("/giai-quyet").text, "the leader's: waits to be assigned"
    due = (now() + timedelta(days=3)).astimezone(VIETNAM).strftime("%Y-%m-%dT17:00")
    late = handle(desk, "anh", asked, "assign", unit=unit_id, due="2020-01-01T08:00")
    assert late.status_code == 400 and "phải sau thời điểm phân công" in said(late)
    done = handle(desk, "anh", asked, "assign", unit=unit_id, person=officer.id, due=due, text="Tham mưu trả lời")
    assert done.status_code == 303 and states(desk, asked) == ["04"]
    with desk.enter("soan") as client:
        assert f"/giai-quyet/{asked}" in client.get("/giai-quyet").text
        assert "Tham mưu trả lời" in client.get(f"/giai-quyet/{asked}").text
    assert handle(desk, "soan", asked, "opinion", text="Đã xin ý kiến Sở Tài chính").status_code == 303
    assert states(desk, asked) == ["04", "05"]
    with desk.enter("soan") as client:
        made = begin(desk, client, name="a.pdf", data=draft_pdf(), answers=asked)
    signed_up(desk, made)
    assert do(desk, "anh", made, "sign", **LEADER_KEY).status_code == 303
    for act, more in (("number", {}), ("seal", AGENCY_KEY), ("issue", {})):
        answer = do(desk, "thu", made, act, **more)
        assert answer.status_code == 303, said(answer)
    warned = handle(desk, "soan", asked, "finish", text="Đã trả lời")
    assert warned.status_code == 400 and "chưa được đưa vào hồ sơ" in said(warned)
    assert handle(desk, "duc", asked, "forward", unit=unit_id).status_code == 303
    filed = handle(desk, "soan", asked, "finish", text="Đã trả lời", new_dossier="Trả lời kiến nghị", retention="10")
    assert filed.status_code == 303 and "hồ sơ" not in filed.headers["location"]
    assert states(desk, asked) == ["04", "05", "06"]
    with desk.enter("soan") as client:
        page = client.get(f"/giai-quyet/{asked}").text
        assert f"/van-ban/{row(desk, made).document_id}" in page, "the answer is linked to the question"
        (held,) = re.findall(r"/ho-so/([0-9a-f]{32})", page)
        inside = client.get(f"/ho-so/{held}").text
        assert "Trả lời kiến nghị" in inside and f"/van-ban/{asked}" in inside
        assert f"/van-ban/{row(desk, made).document_id}" in inside, "the answer lies in the same dossier"
        for path, words in (("phieu", "PHIẾU GIẢI QUYẾT VĂN BẢN ĐẾN"), ("dau-den", "ĐẾN")):
            answer = client.get(f"/giai-quyet/{asked}/{path}")
            assert answer.headers["content-type"] == "application/pdf"
            assert words in text_of(answer.content)
    assert handle(desk, "soan", asked, "finish", text="lần nữa", dossier="01.VP").status_code == 409


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        page = document[0]
        reader = page.get_textpage()
        try:
            return " ".join(str(reader.get_text_range()).split())
        finally:
            reader.close()
            page.close()
    finally:
        document.close()


def test_two_people_on_one_arrival_and_a_reader(office_desk: StaffedDesk) -> None:
    desk = office_desk
    asked, unit_id = add_document(desk.app.database, desk.agency_id), desk.actor("soan").positions[0][1]
    with desk.enter("duc") as client:
        token = token_of(client)
        client.get(f"/giai-quyet/{asked}")
        assert handle(desk, "anh", asked, "assign", unit=unit_id).status_code == 303
        second = client.post(
            f"/giai-quyet/{asked}", data={"token": token, "act": "assign", "state": "registered", "unit": unit_id}
        )
        assert second.status_code == 409 and "sau khi bạn mở trang" in said(second)
        foreign = client.post(
            f"/giai-quyet/{asked}", data={"token": token, "act": "forward", "state": "assigned", "unit": "khong-co"}
        )
        assert foreign.status_code == 400
    with desk.enter("xem") as client:
        assert client.get(f"/giai-quyet/{asked}").status_code == 403
    with desk.enter("soan") as client:
        assert client.get("/giai-quyet/khong-co").status_code == 404


def issued(desk: StaffedDesk) -> str:
    with desk.enter("soan") as client:
        made = begin(desk, client, name="a.pdf", data=draft_pdf())
    signed_up(desk, made)
    for login, act, more in (
        ("anh", "sign", LEADER_KEY),
        ("thu", "number", {}),
        ("thu", "seal", AGENCY_KEY),
        ("thu", "issue", {}),
    ):
        answer = do(desk, login, made, act, **more)
        assert answer.status_code == 303, said(answer)
    return str(row(desk, made).document_id)


def test_kept_published_and_copied(office_desk: StaffedDesk, pki: Any) -> None:
    """In bản lưu in the register; exactly the issued bytes; a copy with its own series, form and place of signature."""
    desk, document_id = office_desk, issued(office_desk)
    with desk.enter("thu") as client:
        own = {"token": token_of(client)}
        path = f"/van-ban/{document_id}/viec"
        assert client.post(path, data={**own, "act": "keep", "holder": "Văn thư"}).status_code == 303
        assert client.post(path, data={**own, "act": "publish", "address": "javascript:alert(1)"}).status_code == 400
        address = "https://haiphong.example.vn/van-ban/1"
        assert client.post(path, data={**own, "act": "publish", "address": address}).status_code == 303
        page = client.get(path).text
        assert address in page and "Văn thư" in page
        exported = client.get(f"/van-ban/{document_id}/ban-phat-hanh").content
        form = {**own, "act": "copy", "form": "SAO Y", "allowed": "Nguyễn Văn Ánh", "short": "STNA", "to": B_CODE}
        missing = client.post(path, data=form)
        assert missing.status_code == 400 and "bản quét" in said(missing)
        scan = make_scan(number="1")
        made = client.post(path, data=form, files={"scan": ("sao.pdf", scan)})
        assert made.status_code == 303, said(made)
        copy = made.headers["location"].rpartition("/")[2]
    with desk.app.database.read() as connection:
        main = connection.execute(select(document.c.main_sha256).where(document.c.id == document_id)).scalar_one()
        kept = connection.execute(select(publication)).one()
        assert exported == desk.app.blobs.read(main) and kept.sha256 == main and kept.address == address
        assert (
            connection.execute(select(entry.c.copy_holder).where(entry.c.document_id == document_id)).scalar_one()
            == "Văn thư"
        )
    for act, more in (("number", {}), ("seal", AGENCY_KEY), ("issue", {})):
        answer = do(desk, "thu", copy, act, **more)
        assert answer.status_code == 303, (act, said(answer))
    sealed = file(desk, copy)
    from support_verdicts import verdicts

    assert verdicts(sealed, pki) == [("CoQuan", True, True)]
    flat = pypdfium2.PdfDocument(sealed)
    assert len(flat) == len(pypdfium2.PdfDocument(scan))
    flat.close()
    with desk.app.database.read() as connection:
        there = connection.execute(
            select(document.c.symbol, document.c.number, document.c.type_name).where(
                document.c.id == row(desk, copy).document_id
            )
        ).one()
    assert tuple(there) == ("SY-STNA", "1", "Bản sao y")


def test_paper_is_digitised_with_the_agencys_signature(office_desk: StaffedDesk, pki: Any) -> None:
    """The scan is signed by the agency, its bytes at the front; what came by mail is not signed again."""
    from support_verdicts import verdicts

    desk = office_desk
    paper = add_document(desk.app.database, desk.agency_id, channel="paper")
    by_mail = add_document(desk.app.database, desk.agency_id)
    scan = make_scan(number="7")
    with desk.enter("thu") as client:
        own = {"token": token_of(client), "act": "digitise", "state": "registered"}
        for form, words in (({**LEADER_KEY}, "không phải của cơ quan"), ({**AGENCY_KEY, "pin": "sai"}, "sai mật khẩu")):
            wrong = client.post(f"/giai-quyet/{paper}", data={**own, **form}, files={"scan": ("a.pdf", scan)})
            assert wrong.status_code == 422 and words in said(wrong)
        mail = client.post(f"/giai-quyet/{by_mail}", data={**own, **AGENCY_KEY}, files={"scan": ("a.pdf", scan)})
        assert mail.status_code == 422 and "nhận trực tiếp" in said(mail)
        done = client.post(f"/giai-quyet/{paper}", data={**own, **AGENCY_KEY}, files={"scan": ("a.pdf", scan)})
        assert done.status_code == 303, said(done)
        again = client.post(f"/giai-quyet/{paper}", data={**own, **AGENCY_KEY})
        assert again.status_code == 422 and "đã có chữ ký số" in said(again)
    with desk.app.database.read() as connection:
        main = connection.execute(select(document.c.main_sha256).where(document.c.id == paper)).scalar_one()
    signed = desk.app.blobs.read(main)
    assert signed.startswith(scan) and verdicts(signed, pki) == [("CoQuan", True, True)]


def test_units_people_delegation_and_lists(office_desk: StaffedDesk) -> None:
    """The administrator's page; an appointment replaces what the account said; every change is in the journal."""
    from congvan_core.workflow.document_lists import listed

    desk = office_desk
    deputy, leader = desk.actor("duc").id, desk.actor("anh").id
    with desk.enter("quan") as client:
        own = {"token": token_of(client), "agency": desk.agency_id}
        path = "/quan-tri/co-cau"
        for form in (
            {"act": "unit", "code": "KT", "name": "Phòng Kinh tế"},
            {
                "act": "appoint",
                "person": deputy,
                "position": "PHÓ GIÁM ĐỐC THƯỜNG TRỰC",
                "role": ["leader", "unit_head"],
            },
            {"act": "delegate", "giver": leader, "taker": deputy, "form": "KT", "basis": "5/QĐ-STNA"},
            {"act": "list", "kind": "scan", "what": "Quyết định", "basis": "9/QĐ-STNA"},
        ):
            answer = client.post(path, data={**own, **form})
            assert answer.status_code == 303, said(answer)
        bad = client.post(path, data={**own, "act": "delegate", "giver": leader, "taker": leader, "form": "KT"})
        assert bad.status_code == 400
        png = client.post(
            path, data={**own, "act": "picture", "person": leader}, files={"picture": ("a.png", b"khong")}
        )
        assert png.status_code == 400
        assert "Phòng Kinh tế" in client.get(path).text
    with desk.enter("thu") as client:
        assert client.get("/quan-tri/co-cau").status_code == 403
        assert "Văn bản giấy đến phải số hóa" in client.get("/nhap-van-ban").text
        entered = {
            "token": token_of(client), "channel": "paper", "symbol": "31/QĐ-BNV", "date": "2026-11-02",
            "author": "Bộ Nội vụ", "subject": "Về việc tuyển dụng",
        }  # fmt: skip
        told = client.post("/nhap-van-ban", data=entered, follow_redirects=True)
        assert told.status_code == 200 and "Thuộc danh mục phải số hóa" in told.text, "listed, and no scan came with it"
    assert desk.actor("duc").positions == (("PHÓ GIÁM ĐỐC THƯỜNG TRỰC", None),)
    assert desk.actor("duc").roles == {"leader", "unit_head"}
    with desk.app.database.read() as connection:
        today = now().astimezone(VIETNAM).date()
        assert listed(connection, desk.agency_id, type_name="quyết định", subject="", on=today) == {
            "scan": "Quyết định"
        }
        kinds = set(connection.execute(select(event.c.kind)).scalars())
    assert {"unit.added", "person.appointed", "delegation.given", "list.added"} <= kinds
    assert A.code
