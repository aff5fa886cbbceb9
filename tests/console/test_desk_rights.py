"""Who may do what, enforced by the server: roles, agencies, forged and stale forms, ended sessions."""

from __future__ import annotations

import re

import httpx
import pytest
from sqlalchemy import update

from congvan_core.ids import now
from congvan_core.journal.sealing import seal_all
from congvan_core.journal.verifying import verify_all
from congvan_gateway.console.schema import account, session
from congvan_gateway.console.sessions import COOKIE
from support_desk import HOSTILE, Desk, token_of, version_of

_PAGES = ("/", "/cho-kiem-tra", "/van-ban-den", "/van-ban-di", "/theo-doi")
_ADMIN = ("danh-ba", "khoa", "tin-cay", "nguoi-dung", "chuong-trinh", "chinh-sach", "cai-dat")


def _state(desk: Desk, name: str) -> str:
    from congvan_gateway.quarantine.queue import find_item

    with desk.app.database.read() as connection:
        return str(find_item(connection, desk.items[name]).state)


def test_nothing_is_shown_without_a_session(desk: Desk) -> None:
    with desk.visitor() as visitor:
        for path in (*_PAGES, f"/cho-kiem-tra/{desk.items['good-67']}", *(f"/quan-tri/{p}" for p in _ADMIN)):
            answer = visitor.get(path)
            assert answer.status_code == 303 and answer.headers["location"].startswith("/dang-nhap?tiep=")
        assert visitor.post(f"/cho-kiem-tra/{desk.items['good-67']}", data={"act": "release"}).status_code == 401


def test_a_read_only_account_sees_everything_and_changes_nothing(desk: Desk) -> None:
    with desk.enter("kiemtra") as auditor:
        token = token_of(auditor)
        for path in (*_PAGES, "/quan-tri/nhat-ky", "/quan-tri/hang-doi", f"/cho-kiem-tra/{desk.items['good-67']}"):
            assert auditor.get(path).status_code == 200, path
        for path in (*(f"/quan-tri/{p}" for p in _ADMIN), "/gui", "/nhap-van-ban"):
            assert auditor.get(path).status_code == 403, path
        card = auditor.get(f"/cho-kiem-tra/{desk.items['good-67']}").text
        assert 'value="release"' not in card
        for path, act in ((f"/cho-kiem-tra/{desk.items['good-67']}", "release"), ("/cho-kiem-tra", "discard"),
                          ("/gui", "send"), ("/quan-tri/nguoi-dung", "add"), ("/quan-tri/chinh-sach", "save")):  # fmt: skip
            answer = auditor.post(
                path, data={"token": token, "act": act, "version": "2", "item": desk.items["good-67"]}
            )
            assert answer.status_code == 403, path
    assert _state(desk, "good-67") == "held"


@pytest.mark.parametrize("login", ["quantri", "lanhdao"])
def test_other_roles_keep_to_their_own(desk: Desk, login: str) -> None:
    with desk.enter(login) as person:
        assert person.get("/gui").status_code == 403
        assert person.get("/quan-tri/nguoi-dung").status_code == (200 if login == "quantri" else 403)


def test_an_account_of_another_agency_sees_no_row(desk: Desk) -> None:
    with desk.app.database.write() as connection:
        connection.execute(update(account).where(account.c.login == "vanthu").values(agencies=["0" * 32]))
    with desk.enter("vanthu") as stranger:
        assert "Không có văn bản nào chờ kiểm tra" in stranger.get("/cho-kiem-tra").text
        item = desk.items["good-67"]
        assert stranger.get(f"/cho-kiem-tra/{item}").status_code == 404
        answer = stranger.post(
            f"/cho-kiem-tra/{item}", data={"token": token_of(stranger), "act": "release", "version": "2"}
        )
        assert answer.status_code == 404
    assert _state(desk, "good-67") == "held"


def test_requests_from_elsewhere_and_stale_forms_do_nothing(desk: Desk) -> None:
    item = desk.items["good-67"]
    with desk.enter("vanthu") as clerk:
        version, token = version_of(clerk.get(f"/cho-kiem-tra/{item}").text), token_of(clerk)
        data = {"token": token, "act": "release", "version": version}
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}):
            assert clerk.post(f"/cho-kiem-tra/{item}", data=data, headers=headers).status_code == 403
        bare = httpx.Client(base_url=desk.base, cookies=clerk.cookies)
        assert bare.post(f"/cho-kiem-tra/{item}", data=data).status_code == 403
        assert bare.post(f"/cho-kiem-tra/{item}", data=data, headers={"Origin": "http://evil.test"}).status_code == 403
        bare.close()
        for wrong in ({**data, "token": "x"}, {k: v for k, v in data.items() if k != "token"}):
            answer = clerk.post(f"/cho-kiem-tra/{item}", data=wrong)
            assert answer.status_code == 403 and "Biểu mẫu đã cũ" in answer.text
        answer = clerk.post(f"/cho-kiem-tra/{item}", data={**data, "version": "999"})
        assert answer.status_code == 409 and "đã thay đổi" in answer.text
    assert _state(desk, "good-67") == "held"


def test_an_ended_session_is_told_and_nothing_is_done(desk: Desk) -> None:
    item = desk.items["good-67"]
    with desk.enter("vanthu") as clerk:
        token = token_of(clerk)
        with desk.app.database.write() as connection:
            connection.execute(update(session).values(revoked_at=now()))
        answer = clerk.post(f"/cho-kiem-tra/{item}", data={"token": token, "act": "release", "version": "2"})
        assert answer.status_code == 401 and "Phiên làm việc đã kết thúc" in answer.text
        assert clerk.get("/").status_code == 303
    assert _state(desk, "good-67") == "held"


def test_cookies_and_headers_are_strict(desk: Desk) -> None:
    with desk.visitor() as visitor:
        answer = visitor.get("/dang-nhap")
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<script(?! src=)|<style|\son\w+=|style=", answer.text)
    with desk.enter("vanthu") as clerk:
        jar = [c for c in clerk.cookies.jar if c.name == COOKIE]
        assert jar[0].has_nonstandard_attr("HttpOnly") and jar[0].get_nonstandard_attr("SameSite") == "lax"


def test_the_log_in_form_goes_nowhere_else(desk: Desk) -> None:
    with desk.visitor() as visitor:
        for target in ("//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)"):
            page = visitor.get("/dang-nhap", params={"tiep": target}).text
            assert 'name="target" value="/"' in page


def test_hostile_words_stay_words(desk: Desk) -> None:
    with desk.enter("vanthu") as clerk:
        for path in (
            "/cho-kiem-tra",
            f"/cho-kiem-tra/{desk.items['stranger']}",
            f"/cho-kiem-tra/{desk.items['stranger']}/doc",
        ):
            page = clerk.get(path).text
            assert "<script>alert" not in page and "<img src=x" not in page and HOSTILE not in page
        found = clerk.get("/cho-kiem-tra", params={"tim": HOSTILE}).text
        assert "<script>alert" not in found


def test_a_sealed_mail_shows_nothing_of_itself(desk: Desk) -> None:
    item = desk.items["secret"]
    with desk.enter("vanthu") as clerk:
        card = clerk.get(f"/cho-kiem-tra/{item}")
        assert card.status_code == 200 and "niêm phong" in card.text
        everything = card.text + clerk.get("/cho-kiem-tra").text
        assert "76-SMT-VP" not in everything and "không được lộ" not in everything
        assert clerk.get(f"/cho-kiem-tra/{item}/doc").status_code == 404
        assert clerk.get(f"/cho-kiem-tra/{item}/trang/{'0' * 64}/0").status_code == 404
        answer = clerk.post(f"/cho-kiem-tra/{item}", data={"token": token_of(clerk), "act": "release", "version": "1"})
        assert answer.status_code in (409, 422)
    assert _state(desk, "secret") == "sealed"


def test_what_people_do_is_in_the_journal_and_it_verifies(desk: Desk) -> None:
    with desk.enter("vanthu") as clerk:
        clerk.get(f"/cho-kiem-tra/{desk.items['good-67']}")
    with desk.enter("kiemtra") as auditor:
        seal_all(desk.app.database)
        page = auditor.get("/quan-tri/nhat-ky").text
        assert "Mở xem" in page and "Đăng nhập" in page
        answer = auditor.post("/quan-tri/nhat-ky", data={"token": token_of(auditor)})
        assert "Nhật ký nguyên vẹn" in answer.text
    with desk.app.database.read() as connection:
        assert all(result.intact for result in verify_all(connection, now=now()))


def test_wrong_addresses_and_bodies_are_pages(desk: Desk) -> None:
    with desk.enter("vanthu") as clerk:
        for path in ("/khong-co", "/van-ban/0123", "/static/../desk.py", "/static/%2e%2e/desk.py", "/cho-kiem-tra/zz"):
            answer = clerk.get(path)
            assert answer.status_code == 404, path
        assert "Không tìm thấy" in clerk.get("/van-ban/0123").text
        answer = clerk.post("/gui", content=b"{}", headers={"Content-Type": "application/json"})
        assert answer.status_code == 400 and "biểu mẫu" in answer.text
        assert "Traceback" not in answer.text
