"""The pages of finding and keeping: search with saved searches, dossiers, figures, warnings; rights enforced; axe clean.

Quy chế Điều 23.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from congvan_core.agencies.lookup import own_agencies
from congvan_core.documents.model import DocumentMetadata, Party
from congvan_core.dossiers import keeping, rights
from congvan_core.ids import now
from congvan_core.registers.other_channels import register_by_hand
from congvan_core.storage.schema import document, event
from congvan_gateway.console.accounts import add_account
from congvan_gateway.operations.indexing import catch_up
from support_desk import PASSWORD, Desk, enter_page, token_of

AXE = Path(__file__).parent / "vendor" / "axe.min.js"


@pytest.fixture
def filled(desk: Desk) -> Desk:
    """One registered document, findable, and a supervisor's account."""
    with desk.app.database.write() as connection:
        own = own_agencies(connection)[0]
        register_by_hand(
            connection, agency_id=own.id, body_code=own.code, channel="paper", arrived_at=now(), actor="test",
            metadata=DocumentMetadata(number="7", symbol="QĐ-SNV", subject="Về việc nâng ngạch công chức",
                                      type_name="Quyết định", author=Party(name="Sở Nội vụ")),
        )  # fmt: skip
        add_account(connection, login="giamsat", name="Vũ Giám Sát", password=PASSWORD, roles=("supervisor",),
                    actor="test", at=now(), must_change=False)  # fmt: skip
    catch_up(desk.app)
    return desk


def test_search_saved_and_exported(filled: Desk) -> None:
    with filled.enter("vanthu") as client:
        page = client.get("/tim-kiem?tim=nang+ngach").text
        assert "7/QĐ-SNV" in page and "Về việc nâng ngạch" in page
        assert "Không có văn bản nào khớp" in client.get("/tim-kiem?tim=nang+ngach&chieu=outgoing").text
        assert client.get("/tim-kiem?tu-ngay=31%2F02%2F2026").status_code == 400
        for form, head in (("pdf", b"%PDF"), ("docx", b"PK"), ("xlsx", b"PK")):
            assert client.get(f"/tim-kiem/xuat/{form}?tim=nang").content.startswith(head)
        assert client.get("/tim-kiem/xuat/exe").status_code == 400
        token = token_of(client)
        saved = client.post(
            "/tim-kiem", data={"token": token, "act": "save", "name": "Ngạch", "query": "?tim=nang+ngach"}
        )
        assert saved.status_code == 303
        page = client.get("/tim-kiem").text
        assert 'href="/tim-kiem?tim=nang+ngach">Ngạch' in page
        view = re.search(r'name="view" value="([0-9a-f]+)"', page)
        assert view is not None
        client.post("/tim-kiem", data={"token": token, "act": "forget", "view": view[1]})
        assert "Ngạch</a>" not in client.get("/tim-kiem").text


def test_a_dossier_from_the_list_to_the_archive(filled: Desk) -> None:
    with filled.app.database.read() as connection:
        agency = own_agencies(connection)[0].id
    with filled.enter("vanthu") as client:
        token = token_of(client)
        data = {
            "token": token,
            "agency": agency,
            "year": "2026",
            "title": "Nâng ngạch 2026",
            "unit": "TCCB",
            "retention": "20",
        }
        assert client.post("/ho-so", data=data).status_code == 303
        assert client.post("/ho-so", data={**data, "act": "approve"}).status_code == 400, "the head approves"
        page = client.get("/ho-so?nam=2026").text
        path = re.search(r'data-row="(/ho-so/[0-9a-f]{32})"', page)
        assert path is not None and "01.TCCB" in page

        def act(expected: int, **fields: str) -> None:
            assert client.post(path[1], data={"token": token, **fields}).status_code == expected, fields

        act(409, act="close")
        act(303, act="put", document="7/QĐ-SNV")
        act(404, act="put", document="99/KHONG-CO")
        act(303, act="freeze", basis="Lệnh 1")
        act(422, act="close")
        act(303, act="lift", basis="Lệnh 2")
        act(303, act="limit", people="lanhdao", basis="QĐ 3")
        act(400, act="khong-co")
        act(303, act="close")
        act(303, act="hand_over", to="Lưu Thị Trữ")
        act(409, act="put", document="7/QĐ-SNV")
        assert "đã nộp lưu" in client.get(path[1]).text
        for form in ("pdf", "docx"):
            assert client.get(f"{path[1]}/muc-luc/{form}").status_code == 200
            assert client.get(f"/ho-so/danh-muc/{agency}/2026/{form}").status_code == 200
        assert client.get(f"{path[1]}/goi").content.startswith(b"PK")
    with filled.enter("vanthu2") as client:
        assert client.get(path[1]).status_code == 422, "limited to two people"
        with filled.app.database.read() as connection:
            held = connection.execute(select(document.c.id).where(document.c.number == "7")).scalar_one()
        assert client.get(f"/van-ban/{held}").status_code == 422
        assert "7/QĐ-SNV" not in client.get("/tim-kiem?tim=nang+ngach").text
    with filled.enter("lanhdao") as client:
        token = token_of(client)
        assert client.get(f"/van-ban/{held}").status_code == 200
        assert client.post(path[1], data={"token": token, "act": "confirm"}).status_code == 303
        assert (
            client.post("/ho-so", data={"token": token, "agency": agency, "year": "2026", "act": "approve"}).status_code
            == 303
        )
    with filled.app.database.read() as connection:
        kinds = set(connection.execute(select(event.c.kind)).scalars())
    assert {
        "dossier.viewed",
        "document.viewed",
        "access.confirmed",
        "dossier_list.approved",
        "dossier.exported",
    } <= kinds


def test_who_supervises_sees_figures_and_no_contents(filled: Desk) -> None:
    with filled.enter("giamsat") as client:
        assert client.get("/").headers["location"] == "/thong-ke"
        page = client.get("/thong-ke")
        assert page.status_code == 200 and "<svg" in page.text and "nâng ngạch" not in page.text
        for form in ("pdf", "docx", "xlsx"):
            assert client.get(f"/thong-ke/xuat/{form}?quy=4").status_code == 200
        for path in ("/tim-kiem", "/ho-so", "/nhac-han", "/van-ban-den", "/bao-cao/theo-doi/pdf"):
            assert client.get(path).status_code == 403, path
    with filled.enter("kiemtra") as client:
        assert client.get("/bao-cao/theo-doi/pdf").content.startswith(b"%PDF")
        assert client.get("/bao-cao/khong-co/pdf").status_code == 400
        assert client.post("/ho-so", data={"token": token_of(client), "title": "x"}).status_code == 403


def test_warnings_are_taken_note_of(filled: Desk) -> None:
    with filled.app.database.write() as connection:
        own = own_agencies(connection)[0]
        held = connection.execute(select(document.c.id).where(document.c.number == "7")).scalar_one()
        made = keeping.list_dossier(connection, own.id, 2024, "VP", "Cũ", keeper="Lan", retention_years=10, actor="t",
                                    at=now().replace(year=2024))  # fmt: skip
        keeping.put_in(connection, made, held, actor="t", at=now())
        keeping.close(connection, made, actor="t", at=now().replace(year=2024))
        assert rights.may_open(connection, "dossier", made, "vanthu")
    from congvan_gateway.operations.deadlines import warn

    assert warn(filled.app, at_once=True) >= 1
    assert warn(filled.app) == 0
    with filled.enter("vanthu") as client:
        page = client.get("/nhac-han").text
        notice = re.search(r'name="notice" value="([0-9a-f]+)"', page)
        assert "Nộp lưu hồ sơ 01.VP" in page and notice is not None
        assert client.post("/nhac-han", data={"token": token_of(client), "notice": notice[1]}).status_code == 303
        assert "01.VP" not in client.get("/nhac-han").text


async def test_pages_are_accessible_and_fit(filled: Desk, browser_page: Any) -> None:
    """WCAG 2.2 AA as far as axe sees it, and no sideways scrolling at 320 CSS pixels (1.4.10)."""
    with filled.app.database.write() as connection:
        own = own_agencies(connection)[0]
        made = keeping.list_dossier(connection, own.id, now().year, "VP", "Hồ sơ họp", keeper="Lan", retention_years=10,
                                    actor="t", at=now())  # fmt: skip
        held = connection.execute(select(document.c.id).where(document.c.number == "7")).scalar_one()
        keeping.put_in(connection, made, held, actor="t", at=now())
    page, faults = browser_page, []
    await enter_page(page, filled.base, "vanthu")
    script = AXE.read_text(encoding="utf-8")
    for path in ("/tim-kiem?tim=nang", "/ho-so", f"/ho-so/{made}", "/thong-ke", "/nhac-han"):
        await page.goto(filled.base + path)
        await page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true; })")
        await page.evaluate(script)
        found = await page.evaluate(
            "() => axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']})"
            ".then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 150)).join(' | ')))"
        )
        faults += [f"{path}: {fault}" for fault in found]
        await page.set_viewport_size({"width": 320, "height": 640})
        wide = await page.evaluate("() => document.documentElement.scrollWidth")
        if wide > 322:
            faults.append(f"{path}: {wide} px wide on a screen of 320")
        await page.set_viewport_size({"width": 1366, "height": 768})
    assert faults == []
