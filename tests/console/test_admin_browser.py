"""Whole jobs of an administrator and an auditor in a real browser, and every page of theirs read by axe and on a narrow screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from congvan_gateway.console.admin_tabs import TABS
from congvan_gateway.routing import keeping
from support_admin import Office, office
from support_desk import Desk, enter_page, token_of, version_of

pytestmark = pytest.mark.real("chromium")
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
_RULES = "() => axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']}).then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 150)).join(' | ')))"  # fmt: skip


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        yield made


async def test_an_administrator_changes_a_route(there: Office, browser_page: Any) -> None:
    """Asked why, edited in place, tried, kept as a version, switched on, asked again, rolled back: without a command line."""
    page = browser_page
    await enter_page(page, there.base, "quantri")
    page.set_default_timeout(60_000)
    await page.keyboard.press("7")
    await page.get_by_role("link", name="Tuyến gửi").click()
    await page.get_by_label("Mã, tên hoặc hộp thư").fill("H24.11")
    await page.keyboard.press("Enter")
    await page.get_by_text("Chưa có bảng định tuyến nào được bật").wait_for()
    await page.get_by_role("link", name="Sửa bảng").click()
    await page.get_by_role("button", name="Thêm dòng").click()
    first = page.locator("details.route").first
    await first.get_by_label("Tên dòng").fill("sở ở xa")
    await first.get_by_label("Mã", exact=True).fill("H24.11, H24.12")
    await first.get_by_label("Đường gửi", exact=True).fill("giay, smtp")
    await page.get_by_role("button", name="Thử trên thư đã gửi").click()
    await expect(page.get_by_role("alert")).to_contain_text("giay")  # a way that nobody described
    assert await page.locator("details.route").first.get_by_label("Tên dòng").input_value() == "sở ở xa"
    await page.get_by_label("TOML; đường smtp").fill('[transports.giay]\nkind = "folder"\nout = "giay"')
    await page.get_by_role("button", name="Thử trên thư đã gửi").click()
    await page.get_by_role("heading", name="Kết quả thử").wait_for()
    await page.get_by_label("Vì sao sửa").fill("đường mạng hay đứt")
    await page.get_by_role("button", name="Lưu thành phiên bản mới").click()
    await page.get_by_text("Nếu bật bảng này").wait_for()
    await page.get_by_role("button", name="Bật bảng này").click()
    await page.get_by_text("Đã bật bảng phiên bản 1").wait_for()
    await page.get_by_label("Mã, tên hoặc hộp thư").fill("H24.12")
    await page.get_by_role("button", name="Giải thích").click()
    await page.get_by_text("giay → smtp").first.wait_for()
    with there.app.database.read() as connection:
        assert keeping.active(connection).version == 1
    await page.get_by_role("button", name="Quay lại bảng trước").click()
    await page.get_by_text("Không còn bảng nào được bật").wait_for()
    with there.app.database.read() as connection:
        assert keeping.active(connection).version == 0


async def test_an_auditor_checks_a_period(desk: Desk, browser_page: Any, tmp_path: Path) -> None:
    """What was decided against the advice, struck and refused, by whom; who looked; the journal whole; one file to take away."""
    with desk.enter("vanthu") as clerk:
        token = token_of(clerk)

        def act(name: str, **data: str) -> int:
            path = f"/cho-kiem-tra/{desk.items[name]}"
            return clerk.post(
                path, data={"token": token, "version": version_of(clerk.get(path).text), **data}
            ).status_code

        assert act("good-67", act="release") == 303
        assert act("unsigned", act="information", reason="giấy mời") == 303
        assert act("broken", act="refuse", reason="Nội dung đã bị thay đổi sau khi ký") == 303
    with desk.app.database.read() as connection:
        from sqlalchemy import select

        from congvan_core.storage.schema import entry

        number = connection.execute(select(entry.c.id).order_by(entry.c.number)).scalars().first()
    with desk.enter("vanthu") as clerk:
        done = clerk.post(f"/muc/{number}", data={"token": token_of(clerk), "act": "strike", "reason": "vào sổ nhầm"})
        assert done.status_code == 303
    page = browser_page
    await enter_page(page, desk.base, "kiemtra")
    await page.keyboard.press("7")
    await page.get_by_role("link", name="Kiểm tra theo kỳ").click()
    await page.get_by_label("kiểm tra cả nhật ký").check()
    await page.get_by_role("button", name="Xem", exact=True).click()
    await page.get_by_text("Nhật ký nguyên vẹn").first.wait_for()
    struck, refused = page.locator("section#struck"), page.locator("section#refused")
    await expect(struck).to_contain_text("vào sổ nhầm")
    await expect(refused).to_contain_text("Nguyễn Thị Văn Thư")
    await expect(page.locator("section#warned")).to_contain_text("giấy mời")
    await expect(page.locator("section#views")).to_contain_text("Nguyễn Thị Văn Thư")
    assert await page.locator("main form[method=post]").count() == 0  # an auditor changes nothing
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Xuất một tệp").click()
    target = tmp_path / "ky.json"
    await (await waiting.value).save_as(target)
    value = json.loads(target.read_text(encoding="utf-8"))
    assert value["counts"]["struck"] == 1 and all(j["intact"] for j in value["journal"]) and value["viewers"]
    # As it is printed: the period and the agency at the head, no navigation.
    await page.goto(f"{desk.base}/quan-tri/kiem-tra")
    await page.emulate_media(media="print")
    await expect(page.locator(".printed")).to_be_visible()
    await expect(page.locator("nav.side")).to_be_hidden()


async def test_the_pages_of_the_administration_are_accessible_and_fit(there: Office, browser_page: Any) -> None:
    """WCAG 2.2 AA as far as axe sees it, no sideways scrolling at 320 CSS pixels (1.4.10), everything reached by keyboard."""
    paths = [f"/quan-tri/{path}" for _, pages in TABS for path, _, _ in pages]
    paths += [
        "/quan-tri/tuyen/sua",
        f"/quan-tri/danh-ba/{there.ids['H24.91.07']}",
        "/tai-khoan",
        "/quan-tri/kiem-tra?kiem=1",
    ]
    page = browser_page
    await enter_page(page, there.base, "quantri")
    script, faults = AXE.read_text(encoding="utf-8"), []
    for path in paths:
        await page.goto(f"{there.base}{path}")
        await page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true; })")
        await page.evaluate(script)
        faults += [f"{path}: {fault}" for fault in await page.evaluate(_RULES)]
        await page.set_viewport_size({"width": 320, "height": 640})
        wide = await page.evaluate("() => document.documentElement.scrollWidth")
        if wide > 322:
            faults.append(f"{path}: {wide} px wide on a screen of 320")
        await page.set_viewport_size({"width": 1366, "height": 768})
    assert faults == []
    await page.goto(f"{there.base}/quan-tri/thong-bao")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")  # past the menus, to the content
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("() => document.activeElement.value") == "add":
            break
    assert await page.evaluate("() => document.activeElement.value") == "add"
