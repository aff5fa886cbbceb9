"""Whole jobs in a real browser: the drafter's, the leader's with a key on their own machine, the clerk's; axe on each page."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from congvan_core.documents.text import fold
from congvan_gateway.drafting.bridge import serve_bridge
from support_databases import add_document
from support_desk import PASSWORD
from support_office import SUBJECT, StaffedDesk, draft_docx
from support_pki import PASSWORD as KEY_PASSWORD
from support_pki import LivePki

pytestmark = pytest.mark.real("chromium")
AXE = Path(__file__).parent.parent / "console" / "vendor" / "axe.min.js"


async def as_person(page: Any, desk: StaffedDesk, login: str) -> None:
    """Log out whoever is here and log in."""
    page.set_default_timeout(60_000)
    await page.context.clear_cookies()
    await page.goto(f"{desk.base}/dang-nhap")
    await page.get_by_label("Tên đăng nhập").fill(login)
    await page.get_by_label("Mật khẩu").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Đăng xuất").wait_for()


async def looked_over(page: Any) -> None:
    """WCAG 2.2 AA as far as axe sees it, and no sideways scrolling at 320 CSS pixels."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate(
        "() => axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']})"
        ".then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', ')))"
    )
    assert found == [], f"{page.url}: {found}"
    await page.set_viewport_size({"width": 320, "height": 700})
    wide = await page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 320, f"{page.url}: {wide} px"
    await page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.real("libreoffice")
async def test_from_the_drafter_to_the_recipients(
    office_desk: StaffedDesk, browser_page: Any, tmp_path: Path, pki: LivePki
) -> None:
    desk, page = office_desk, browser_page
    source = tmp_path / "du-thao.docx"
    source.write_bytes(draft_docx())
    for login in ("phong", "anh"):
        desk.actor(login)
    await as_person(page, desk, "soan")
    await page.keyboard.press("8")
    await page.get_by_role("link", name="Soạn dự thảo mới").first.click()
    await page.get_by_label("Tên loại").select_option("Quyết định")
    await page.get_by_label("Ký hiệu (không có số)").fill("QĐ-STNA")
    await page.get_by_label("Trích yếu").fill(SUBJECT)
    await page.get_by_label("Người ký thứ 1").select_option(label="Nguyễn Văn Ánh, GIÁM ĐỐC")
    await page.locator("input[name=to]").first.check()
    await page.get_by_label("Tệp Word hoặc PDF").set_input_files(source)
    await looked_over(page)
    await page.get_by_role("button", name="Tạo dự thảo").click()
    await page.get_by_role("button", name="Trình lãnh đạo đơn vị").wait_for()
    await looked_over(page)
    address = page.url
    await page.get_by_role("button", name="Trình lãnh đạo đơn vị").click()
    await page.get_by_text("Chờ lãnh đạo đơn vị duyệt").wait_for()
    # The unit's head: not yet; it goes back by itself, is sent up again, and then Duyệt.
    await as_person(page, desk, "phong")
    await page.goto(address)
    await page.get_by_label("Ý kiến; bắt buộc khi không duyệt").fill("Bổ sung căn cứ")
    await page.get_by_role("button", name="Không duyệt").click()
    await page.get_by_text("Đã trả lại người soạn thảo kèm lý do").wait_for()
    await as_person(page, desk, "soan")
    await page.goto(address)
    await page.get_by_text("Bổ sung căn cứ").wait_for()
    await page.get_by_role("button", name="Trình lãnh đạo đơn vị").click()
    await as_person(page, desk, "phong")
    await page.goto(address)
    await page.get_by_role("button", name="Duyệt", exact=True).click()
    await page.get_by_text("Chờ ký duyệt").wait_for()
    # The leader signs on their own machine: the page asks the bridge there.
    port = 8489
    server = serve_bridge(pki.signing_key("leader"), [desk.base], lambda _: True, port=port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        await as_person(page, desk, "anh")
        await page.goto(address)
        await looked_over(page)
        await page.get_by_role("button", name="Ký duyệt trên máy này").click()
        await page.get_by_role("heading", name="Văn bản đã ký duyệt").wait_for()
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
    # The clerk: number, agency's signature with the station's key, issue.
    await as_person(page, desk, "thu")
    await page.goto(f"{desk.base}/du-thao")
    await page.get_by_role("heading", name="Văn bản đã ký duyệt (1)").wait_for()
    await looked_over(page)
    await page.get_by_role("link", name=SUBJECT).click()
    await page.get_by_role("button", name="Cấp số").click()
    await page.get_by_text("Đã cấp số 1/QĐ-STNA").wait_for()
    await page.get_by_label("Khóa ký số tại trạm").select_option("file:agency-a.p12")
    await page.get_by_label("Mã PIN hoặc mật khẩu khóa").fill("sai")
    await page.get_by_role("button", name="Ký số của cơ quan", exact=True).click()
    await page.get_by_role("alert").get_by_text("sai mật khẩu").wait_for()
    await page.get_by_label("Khóa ký số tại trạm").select_option("file:agency-a.p12")
    await page.get_by_label("Mã PIN hoặc mật khẩu khóa").fill(KEY_PASSWORD)
    await page.get_by_role("button", name="Ký số của cơ quan", exact=True).click()
    await page.get_by_role("button", name="Phát hành").click()
    await page.get_by_text("Đã phát hành văn bản").wait_for()
    assert "phuong thu nghiem b" in fold(await page.inner_text("main"))
    await page.get_by_role("link", name="Bản lưu, đăng tải, sao").click()
    await page.get_by_role("button", name="Đã in và lưu").click()
    await page.get_by_text("Đã ghi bản lưu vào sổ").wait_for()
    await looked_over(page)


async def test_from_arrival_to_finish(office_desk: StaffedDesk, browser_page: Any) -> None:
    desk, page = office_desk, browser_page
    asked = add_document(desk.app.database, desk.agency_id)
    for login in ("anh", "soan"):
        desk.actor(login)
    await as_person(page, desk, "thu")
    await page.keyboard.press("9")
    await page.locator(f"a[href='/giai-quyet/{asked}']").click()
    await page.get_by_label("Trình lãnh đạo").select_option(label="Nguyễn Văn Ánh, GIÁM ĐỐC")
    await page.get_by_role("button", name="Trình", exact=True).click()
    await page.get_by_text("Đã trình Nguyễn Văn Ánh").wait_for()
    await as_person(page, desk, "anh")
    await page.goto(f"{desk.base}/giai-quyet")
    await looked_over(page)
    await page.locator(f"a[href='/giai-quyet/{asked}']").click()
    await looked_over(page)
    await page.get_by_label("Người giải quyết").first.select_option(label="Trần Thị Soạn, CHUYÊN VIÊN")
    await page.get_by_label("Ý kiến chỉ đạo").fill("Tham mưu trả lời")
    await page.get_by_role("button", name="Phân công").click()
    await page.get_by_text("Đã phân công; trạng thái 04").wait_for()
    await as_person(page, desk, "soan")
    await page.goto(f"{desk.base}/giai-quyet/{asked}")
    await page.get_by_label("Thêm ý kiến").fill("Đang phối hợp")
    await page.get_by_role("button", name="Ghi ý kiến").click()
    await page.get_by_label("Kết quả").fill("Đã trả lời")
    await page.get_by_role("button", name="Hoàn thành").click()
    await page.get_by_role("alert").get_by_text("chưa được đưa vào hồ sơ").wait_for()
    await page.get_by_label("Kết quả").fill("Đã trả lời")
    await page.get_by_label("Không lập hồ sơ, vẫn hoàn thành").check()
    await page.get_by_role("button", name="Hoàn thành").click()
    await page.get_by_text("Đã hoàn thành; trạng thái 06").wait_for()
    await as_person(page, desk, "xem")
    await expect(page.get_by_role("link", name="Giải quyết")).to_have_count(0)
    answer = await page.goto(f"{desk.base}/giai-quyet/{asked}")
    assert answer is not None and answer.status == 403
    await as_person(page, desk, "quan")
    await page.goto(f"{desk.base}/quan-tri/co-cau")
    await looked_over(page)
