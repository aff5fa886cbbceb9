"""Document page, registers, following and sending, as forms make them; what is wrong is said and nothing is half done."""

from __future__ import annotations

import email
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from congvan_core.agencies.editing import add_contact_point, add_mailbox
from congvan_core.documents.model import FileRole
from congvan_core.ids import new_id
from congvan_core.registers.entries import entries_of
from congvan_core.storage.schema import book, document, entry
from congvan_gateway.console import registry
from congvan_gateway.console.cursor import Cursor, Page
from congvan_gateway.console.desk_schema import saved_view
from congvan_gateway.demonstration import agencies as cast
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.recipient_groups import ALL
from congvan_gateway.dispatch.request import OutgoingFile, SendRequest
from congvan_gateway.intake.imap_schema import imap_hand_sent
from congvan_gateway.quarantine import acts
from congvan_gateway.quarantine.person import Person
from congvan_gateway.recall.schema import document_change
from congvan_gateway.routing import keeping
from congvan_gateway.routing.model import Table
from congvan_gateway.storage.schema import message, outbox, recipient
from support_desk import Desk, file_name, token_of

_NAME = file_name("71", "V/v cu can bo du hop")


@pytest.fixture
def signed_file(morning: Any) -> bytes:
    """A document that is signed as it should be."""
    raw = (morning.folder / "webmail.eml").read_bytes()
    part = next(p for p in email.message_from_bytes(raw).walk() if p.get_filename())
    return bytes(part.get_payload(decode=True))


@pytest.fixture
def sent(desk: Desk, signed_file: bytes) -> Iterator[str]:
    """A document on its way to the sender of the morning's mails."""
    files = (OutgoingFile(_NAME, signed_file, FileRole.MAIN),)
    yield send(desk.app, SendRequest(files=files, to=(cast.SENDER.code,))).document_id


def _one(desk: Desk, statement: Any) -> Any:
    with desk.app.database.read() as connection:
        return connection.execute(statement).one()


def test_what_has_not_left_is_taken_back_and_stays_so(desk: Desk, sent: str) -> None:
    with desk.enter("vanthu") as clerk:
        token = token_of(clerk)
        assert clerk.post(f"/van-ban/{sent}", data={"token": token, "act": "take_back"}).status_code == 400
        done = clerk.post(f"/van-ban/{sent}", data={"token": token, "act": "take_back", "reason": "nhầm phụ lục"})
        assert done.status_code == 303
        page = clerk.get(f"/van-ban/{sent}").text
        assert "Đã thu hồi" in page and "nhầm phụ lục" in page and 'value="take_back"' not in page
        again = clerk.post(f"/van-ban/{sent}", data={"token": token, "act": "resend", "reason": "gửi lại"})
        assert again.status_code == 422 and "không gửi lại được" in again.text
    assert _one(desk, select(document.c.state).where(document.c.id == sent)).state == "recalled"


def test_a_document_is_recalled_only_by_a_signed_one(desk: Desk, sent: str) -> None:
    with desk.enter("vanthu") as clerk:
        token = token_of(clerk)
        for data, files in (
            ({"reason": "sai số liệu"}, {}),
            ({"reason": "sai số liệu"}, {"main": ("thu-hoi.txt", b"thu hoi", "text/plain")}),
            ({"reason": "sai số liệu", "symbol": "72/SMT-VP", "date": "2026-11-23", "subject": "thu hồi"},
             {"main": ("thu-hoi.pdf", b"%PDF-1.4 hong", "application/pdf")}),
            ({"reason": "sai"}, {"main": ("rong.pdf", b"", "application/pdf")}),
        ):  # fmt: skip
            answer = clerk.post(f"/van-ban/{sent}", data={"token": token, "act": "recall", **data}, files=files or None)
            assert answer.status_code in (400, 422), answer.text[:200]
            assert 'role="alert"' in answer.text
    assert _one(desk, select(func.count()).select_from(document).where(document.c.direction == "outgoing"))[0] == 1


def test_legal_value_is_chosen_with_a_reason_and_paper_is_no_choice(desk: Desk) -> None:
    done = acts.release(desk.app, desk.items["good-67"], Person("Văn Thư"))
    path = f"/van-ban/{done.document_id}"
    with desk.enter("vanthu") as clerk:
        token = token_of(clerk)
        for wrong in (
            {"value": "equivalent_to_paper", "reason": "x"},
            {"value": "for_information"},
            {"value": "x", "reason": "x"},
        ):
            assert clerk.post(path, data={"token": token, "act": "value", **wrong}).status_code == 400
        clerk.post(path, data={"token": token, "act": "value", "value": "for_information", "reason": "bản sao"})
        assert "bản sao" in clerk.get(path).text
        clerk.post(path, data={"token": token, "act": "value", "value": "pending_registration", "reason": "đã rõ"})
        future = clerk.post(path, data={"token": token, "act": "registered", "when": "2199-01-01T08:00"})
        assert future.status_code == 400 and "tương lai" in future.text
        assert clerk.post(path, data={"token": token, "act": "registered", "number": "912"}).status_code == 303
        assert "912" in clerk.get(path).text
    row = _one(desk, select(document).where(document.c.id == done.document_id))
    assert (row.legal_value, row.qlvbdh_number) == ("equivalent_to_paper", "912")


def test_evidence_is_one_file_for_whoever_may_see_the_document(desk: Desk, sent: str) -> None:
    with desk.enter("kiemtra") as auditor:
        answer = auditor.get(f"/van-ban/{sent}/chung-cu")
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
        names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        assert "SHA256SUMS" in names and len(names) > 5
        assert auditor.get(f"/van-ban/{'0' * 32}/chung-cu").status_code == 404
        for act in ("take_back", "value", "registered", "resend"):
            refused = auditor.post(f"/van-ban/{sent}", data={"token": token_of(auditor), "act": act, "reason": "x"})
            assert refused.status_code == 403
        page = auditor.get(f"/van-ban/{sent}").text
        assert 'name="act"' not in page.replace('action="/ngon-ngu"', "")


def test_a_page_of_the_register_begins_where_the_last_one_ended(desk: Desk) -> None:
    at = desk.app.clock()
    acts.release(desk.app, desk.items["good-67"], Person("Văn Thư"))
    with desk.app.database.write() as connection:
        there = connection.execute(select(entry)).one()
        for number in range(2, 60):
            values = {**there._mapping, "id": new_id(), "number": number, "number_text": str(number)}
            # Several in the same moment, so that the time alone does not part them.
            connection.execute(insert(entry).values(**values | {"registered_at": at - timedelta(minutes=number // 5)}))
    with desk.app.database.read() as connection:
        everything = [r.id for r in registry.entries(connection, None, "incoming", limit=100)]
        seen: list[str] = []
        cursor, pages = None, []
        while True:
            page = Page(
                registry.entries(connection, None, "incoming", limit=8, cursor=cursor), 7, cursor, time="registered_at"
            )
            pages.append([r.id for r in page.rows])
            seen += pages[-1]
            if not page.after:
                break
            last = page.rows[-1]
            cursor = Cursor(last.registered_at, last.id)
        assert seen == everything and len(seen) == 59
        first = registry.entries(connection, None, "incoming", limit=100)[14]
        back = Cursor(first.registered_at, first.id, back=True)
        before = Page(
            registry.entries(connection, None, "incoming", limit=8, cursor=back), 7, back, time="registered_at"
        )
        assert [r.id for r in before.rows] == everything[7:14] and before.before and before.after
    with desk.enter("vanthu") as clerk:
        for made_up in (
            "sau=x",
            "sau=2026-01-01_a",
            "truoc=2026-01-01T00:00:00+07:00_;drop",
            "sau=" + "9" * 300,
            "tu=-1",
        ):
            assert clerk.get(f"/van-ban-den?{made_up}").status_code == 200


def test_a_view_is_kept_for_its_owner(desk: Desk) -> None:
    with desk.enter("vanthu") as clerk, desk.enter("vanthu2") as other:
        token = token_of(clerk)
        for wrong in (
            {"name": "", "query": "tim=khan"},
            {"name": "x", "query": ""},
            {"name": "x", "query": "tim=y", "place": "z"},
        ):
            assert (
                clerk.post("/bo-loc", data={"token": token, "act": "save", "place": "incoming", **wrong}).status_code
                == 400
            )
        data = {"token": token, "act": "save", "place": "incoming", "name": "Khẩn", "query": "loc=urgent&sau=2026_x"}
        assert clerk.post("/bo-loc", data=data).headers["location"] == "/van-ban-den?loc=urgent"
        assert "Khẩn</a>" in clerk.get("/van-ban-den").text and "Khẩn</a>" not in other.get("/van-ban-den").text
        view = _one(desk, select(saved_view.c.id)).id
        foreign = other.post("/bo-loc", data={"token": token_of(other), "act": "remove", "view": view})
        assert foreign.status_code == 400
        assert clerk.post("/bo-loc", data={"token": token, "act": "remove", "view": view}).status_code == 303
        assert "Khẩn</a>" not in clerk.get("/van-ban-den").text


def test_search_finds_with_and_without_accents_by_index_and_before_it(desk: Desk) -> None:
    from congvan_core.documents.search_index import index

    done = acts.release(desk.app, desk.items["good-68"], Person("Văn Thư"))
    assert done.document_id is not None
    with desk.enter("vanthu") as clerk:
        for indexed in (False, True):
            if indexed:
                with desk.app.database.write() as connection:
                    index(connection, [done.document_id], at=desk.app.clock())
            for words in ("tập huấn", "tap huan", "68/SMT-VP", "68", "chu ky so tap"):
                found = clerk.get("/van-ban-den", params={"tim": words}, headers={"X-Fragment": "rows"}).text
                assert "V/v tập huấn chữ ký số" in found, (words, indexed)
            assert "Không có văn bản nào khớp" in clerk.get("/van-ban-den", params={"tim": "kinh phí"}).text


def test_following_reminds_calls_and_sends_again(desk: Desk, sent: str) -> None:
    row = _one(desk, select(recipient))
    with desk.app.database.write() as connection:
        late = desk.app.clock() - timedelta(hours=1)
        connection.execute(update(recipient).values(state="accepted", gateway=False, warn_at=late))
    with desk.enter("vanthu") as clerk:
        token, path = token_of(clerk), f"/theo-doi/{row.id}"
        page = clerk.get("/theo-doi?loc=overdue").text
        assert "quá hạn" in page and "Gửi thư nhắc" in page
        form = {"token": token, "list": "1", "back": "loc=overdue"}
        assert clerk.post(path, data={**form, "act": "remind"}).headers["location"] == "/theo-doi?loc=overdue"
        twice = clerk.post(path, data={**form, "act": "remind"})
        assert twice.status_code == 422 and "chưa đầy một giờ" in twice.text
        for act, why in (("switch", "không còn kênh nào khác"), ("fault", "Chưa cấu hình")):
            answer = clerk.post(path, data={**form, "act": act, "reason": "x"})
            assert why in answer.text and answer.status_code >= 400
        nothing = clerk.post(path, data={**form, "act": "close_fault", "remark": "xong"})
        assert nothing.status_code == 404
        desk.app.settings.operations.__dict__["operator"] = "van.hanh@a.example.vn"
        assert clerk.post(path, data={**form, "act": "fault"}).status_code == 303
        assert "Đóng báo sự cố" in clerk.get("/theo-doi?loc=overdue").text
        unsaid = clerk.post(path, data={**form, "act": "close_fault", "remark": " "})
        assert unsaid.status_code == 400 and "đã xử lý thế nào" in unsaid.text
        closed = clerk.post(path, data={**form, "act": "close_fault", "remark": "máy chủ đã chạy lại"})
        assert closed.status_code == 303
        page = clerk.get("/theo-doi?loc=overdue").text
        assert "máy chủ đã chạy lại" in page and 'value="close_fault"' not in page
        desk.app.settings.operations.__dict__["operator"] = None
        for wrong in ({"whom": "Bà Hoa"}, {"telephone": "1"}, {"whom": "a", "telephone": "1", "when": "hôm qua"},
                      {"whom": "a", "telephone": "1", "when": "2199-01-01T00:00"}):  # fmt: skip
            assert clerk.post(path, data={**form, "act": "call", **wrong}).status_code == 400
        call = {**form, "act": "call", "whom": "Bà Hoa", "telephone": "0225", "said": "arrived"}
        assert clerk.post(path, data=call).status_code == 303
        again = clerk.post(path, data={**form, "act": "resend", "reason": "bên nhận đề nghị"})
        assert again.status_code == 303
        assert clerk.post("/theo-doi/" + "0" * 32, data={**form, "act": "remind"}).status_code == 404
    with desk.app.database.read() as connection:
        states = connection.execute(select(recipient.c.sending, recipient.c.state).order_by(recipient.c.sending)).all()
        letters = connection.execute(select(func.count()).where(outbox.c.kind == "reminder")).scalar_one()
    assert [tuple(s) for s in states] == [(1, "arrived"), (2, "queued")] and letters == 1


def test_a_waiting_mail_goes_the_next_way(desk: Desk, signed_file: bytes) -> None:
    table = Table.from_json({
        "transports": {"chinh": {"kind": "smtp", "host": "127.0.0.1"}, "phu": {"kind": "smtp", "host": "127.0.0.2"}},
        "routes": [{"name": "moi-noi", "transports": ["chinh", "phu"]}],
    })  # fmt: skip
    with desk.app.database.write() as connection:
        version = keeping.draft(connection, desk.app.settings, table, actor="test", at=desk.app.clock())
        keeping.activate(connection, desk.app.settings, version, actor="test", at=desk.app.clock())
    send(desk.app, SendRequest(files=(OutgoingFile(_NAME, signed_file, FileRole.MAIN),), to=(cast.SENDER.code,)))
    row = _one(desk, select(recipient))
    with desk.enter("vanthu") as clerk:
        token, path = token_of(clerk), f"/theo-doi/{row.id}"
        assert "Lý do chuyển sang phu" in clerk.get("/theo-doi").text
        assert clerk.post(path, data={"token": token, "act": "switch"}).status_code == 400
        assert clerk.post(path, data={"token": token, "act": "switch", "reason": "máy chủ chính hỏng"}).is_redirect
        last = clerk.post(path, data={"token": token, "act": "switch", "reason": "x"})
        assert last.status_code == 422 and "không còn kênh" in last.text
        with desk.app.database.write() as connection:
            connection.execute(update(outbox).where(outbox.c.kind == "package").values(state="unknown"))
        assert "có thể đã nhận" in clerk.post(path, data={"token": token, "act": "switch", "reason": "x"}).text


def test_a_group_is_sent_to_and_the_page_fills_the_form(desk: Desk, signed_file: bytes) -> None:
    with desk.app.database.write() as connection:
        for n in range(3):
            point = add_contact_point(connection, f"H24.77.{n}", f"Ủy ban nhân dân xã Số {n}", actor="test")
            add_mailbox(connection, point.id, f"vanthu@xa{n}.example.vn", actor="test")
    with desk.enter("vanthu") as clerk:
        token = token_of(clerk)
        assert ALL in clerk.get("/gui").text
        files = {"main": ("CV cu can bo (ban cuoi).pdf", signed_file, "application/pdf")}
        seen = clerk.post("/gui", data={"token": token, "act": "check", "group": ALL}, files=files)
        assert seen.status_code == 200, seen.text[:300]
        # Neither the form nor the name says it: number, date and abstract are the page's, with their accents.
        assert 'value="71"' in seen.text and "cử cán bộ dự họp" in seen.text and "mỗi thư khoảng" in seen.text
        assert "4 hộp thư nhận" in seen.text and "Dự kiến" in seen.text
        unknown = clerk.post("/gui", data={"token": token, "act": "check", "group": "Nhóm lạ"}, files=files)
        assert unknown.status_code == 400 and "Nhóm lạ" in unknown.text
        for name, data in (
            ("a.exe", b"MZ" + b"\\0" * 500),
            ("a.pdf", b""),
            ("a.edxml", b"<x/>"),
            ("a.pdf", b"%PDF-1.7 x"),
        ):
            wrong = clerk.post("/gui", data={"token": token, "act": "send", "group": ALL, "symbol": "71/SMT-VP",
                                             "date": "2026-11-23", "subject": "x"}, files={"main": (name, data)})  # fmt: skip
            assert wrong.status_code in (400, 422), (name, wrong.status_code)
        assert _one(desk, select(func.count()).select_from(recipient))[0] == 0
        sent = clerk.post("/gui", data={"token": token, "act": "send", "group": ALL}, files=files)
        assert sent.status_code == 303, sent.text[:400]
    assert _one(desk, select(func.count()).select_from(recipient))[0] == 4


def test_what_was_sent_by_hand_is_offered_and_taken(desk: Desk, signed_file: bytes) -> None:
    mail = _one(desk, select(message).where(message.c.id == desk.items["webmail"]))
    item = new_id()
    with desk.app.database.write() as connection:
        connection.execute(
            insert(imap_hand_sent).values(
                id=item, agency_id=mail.agency_id, account="a", raw_sha256=mail.raw_sha256, size=mail.size,
                sent_at=desk.app.clock(), recipients=["ubnd@xa.example.vn"], subject="Cử cán bộ", number="71",
                symbol="SMT-VP", main_name=_NAME, outcome="valid", state="offered",
            )
        )  # fmt: skip
    with desk.enter("vanthu") as clerk, desk.enter("kiemtra") as auditor:
        assert "1 văn bản gửi thủ công" in clerk.get("/van-ban-di").text
        page, path = clerk.get("/van-ban-di/gui-thu-cong").text, "/van-ban-di/gui-thu-cong"
        assert "ubnd@xa.example.vn" in page and 'value="take"' in page
        assert 'value="take"' not in auditor.get(path).text
        token = token_of(clerk)
        assert clerk.post(path, data={"token": token, "item": item, "act": "dismiss"}).status_code == 400
        assert clerk.post(path, data={"token": token, "item": "0" * 32, "act": "take"}).status_code == 404
        assert clerk.post(path, data={"token": token, "item": item, "act": "take"}).status_code == 303
        assert "Không có văn bản gửi thủ công" in clerk.get(path).text
    row = _one(desk, select(document).where(document.c.direction == "outgoing"))
    with desk.app.database.read() as connection:
        assert [e.number_text for e in entries_of(connection, row.id)] == ["71"]


def test_a_number_of_qlvbdh_is_entered_from_the_list(desk: Desk) -> None:
    acts.release(desk.app, desk.items["good-67"], Person("Văn Thư"))
    with desk.app.database.write() as connection:
        connection.execute(update(book).values(authority="external"))
        connection.execute(update(entry).values(state="waiting", number=None, number_text=None))
    there = _one(desk, select(entry))
    with desk.enter("vanthu") as clerk:
        token = token_of(clerk)
        assert "Chờ số đến từ QLVBĐH" in clerk.get("/van-ban-den").text
        assert (
            clerk.post(f"/muc/{there.id}", data={"token": token, "act": "number", "number": "không"}).status_code == 400
        )
        data = {"token": token, "act": "number", "number": "1843", "back": "/van-ban-den"}
        assert clerk.post(f"/muc/{there.id}", data=data).headers["location"] == "/van-ban-den"
        assert clerk.post(f"/muc/{there.id}", data=data).status_code == 409
    assert _one(desk, select(entry.c.number_text)).number_text == "1843"


def test_a_leader_decides_what_is_asked_back(desk: Desk) -> None:
    done = acts.release(desk.app, desk.items["good-67"], Person("Văn Thư"))
    there = _one(desk, select(document).where(document.c.id == done.document_id))
    change = new_id()
    with desk.app.database.write() as connection:
        connection.execute(
            insert(document_change).values(
                id=change, agency_id=there.agency_id, side="receiver", kind="take_back", identifier=there.identifier,
                document_id=there.id, author_code=there.author_code, state="waiting", reason="gửi nhầm phụ lục",
                asked_at=desk.app.clock(), dedupe=f"ask:{change}",
            )
        )  # fmt: skip
    path, data = f"/van-ban/{there.id}/yeu-cau", {"act": "decline", "change": change, "reason": "đang giải quyết"}
    with desk.enter("vanthu") as clerk, desk.enter("lanhdao") as leader:
        assert "gửi nhầm phụ lục" in leader.get("/").text
        assert 'value="agree"' not in clerk.get(f"/van-ban/{there.id}").text
        refused = clerk.post(path, data={"token": token_of(clerk), **data})
        assert refused.status_code == 422 and "lãnh đạo quyết định" in refused.text
        assert 'value="agree"' in leader.get(f"/van-ban/{there.id}").text
        token = token_of(leader)
        assert leader.post(path, data={"token": token, **data, "reason": ""}).status_code == 400
        assert leader.post(path, data={"token": token, **data, "change": "0" * 32}).status_code == 404
        assert leader.post(path, data={"token": token, **data}).status_code == 303
        assert leader.post(path, data={"token": token, **data}).status_code in (409, 422)
    assert _one(desk, select(document_change.c.state)).state == "declined"
