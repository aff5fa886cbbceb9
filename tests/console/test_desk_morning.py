"""A clerk's morning with twenty held mails, by keyboard alone; her pages at 200 % and on a narrow screen, seen by axe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from congvan_core.storage.schema import document, entry
from congvan_gateway.demonstration import agencies as cast
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import OutgoingFile, SendRequest
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.storage.schema import message
from support_desk import Desk, enter_page, plain_mail, signed

pytestmark = pytest.mark.real("chromium")
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
_WIDTHS = (1366, 683, 320)  # as it is, at 200 %, and the narrowest of WCAG 1.4.10


def _fill(desk: Desk, folder: Path, until: int) -> None:
    """Unsigned invitations of a known agency, each its own, until so many mails wait."""
    pki = cast.make_pki(folder / "pki")
    for number in range(until - len(desk.items)):
        pdf = signed(pki, str(100 + number), f"V/v mời họp lần {number}", agency=False)
        path = folder / "thu.eml"
        path.write_bytes(
            plain_mail(f"Giấy mời số {number}", "Kính mời.", [(f"{100 + number}-SMT-VP_23112026_Moi.pdf", pdf)])
        )
        take_in_file(desk.app, path, sender=None, recipients=[cast.RECEIVER.address])


async def test_twenty_mails_by_keyboard(desk: Desk, browser_page: Any, tmp_path: Path) -> None:
    """The usual case takes two keys, a refusal three; each act brings the next mail, the urgent one first."""
    _fill(desk, tmp_path, 20)
    page = browser_page
    await enter_page(page, desk.base, "vanthu")
    await page.keyboard.press("2")
    await page.get_by_role("heading", name="Văn bản chờ kiểm tra").wait_for()
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    keys = 0
    for turn in range(19):  # the sealed one is not hers to decide
        await page.locator("section.advice").wait_for()
        here = page.url
        if turn == 0:
            assert "74/SMT-VP" in await page.locator("h1").inner_text()
        advised = await page.locator("section.advice .main").count()
        if advised:
            key = (await page.locator("section.advice .main kbd").first.inner_text()).strip()
            pressed = [key, "Enter"]
        else:
            pressed = ["c", "Tab", "Enter"]
        for one in pressed:
            await page.keyboard.press(one)
        keys += len(pressed)
        await page.wait_for_url(lambda url, here=here: url != here, timeout=90_000)
    await page.get_by_role("heading", name="Văn bản chờ kiểm tra").wait_for()
    assert keys == 2 * 18 + 3
    with desk.app.database.read() as connection:
        states = dict(connection.execute(select(message.c.state, func.count()).group_by(message.c.state)).all())
        numbers = sorted(connection.execute(select(entry.c.number)).scalars())
    assert states == {"registered": 18, "refused": 1, "sealed": 1}
    assert numbers == list(range(1, 19))


async def test_documents_and_following_are_accessible_and_fit(desk: Desk, browser_page: Any, morning: Any) -> None:
    import email

    from congvan_gateway.quarantine import acts
    from congvan_gateway.quarantine.person import Person

    arrived = acts.release(desk.app, desk.items["good-67"], Person("Văn Thư")).document_id
    raw = (morning.folder / "webmail.eml").read_bytes()
    part = next(p for p in email.message_from_bytes(raw).walk() if p.get_filename())
    from congvan_core.documents.model import FileRole

    file = OutgoingFile("71-SMT-VP_23112026_Cu-can-bo.pdf", part.get_payload(decode=True), FileRole.MAIN)
    sent = send(desk.app, SendRequest(files=(file,), to=(cast.SENDER.code,))).document_id
    await enter_page(browser_page, desk.base, "vanthu")
    script = AXE.read_text(encoding="utf-8")
    faults: list[str] = []
    for path in (f"/van-ban/{arrived}", f"/van-ban/{sent}", "/theo-doi?loc=all", "/van-ban-di", "/van-ban-di/gui-thu-cong",
                 f"/cho-kiem-tra/{desk.items['webmail']}", "/cho-kiem-tra?loc=late", "/"):  # fmt: skip
        await browser_page.goto(f"{desk.base}{path}")
        await browser_page.evaluate(
            "() => document.querySelectorAll('main details').forEach((d) => { d.open = true; })"
        )
        await browser_page.evaluate(script)
        for width in _WIDTHS:
            await browser_page.set_viewport_size({"width": width, "height": 768})
            wide = await browser_page.evaluate("() => document.documentElement.scrollWidth")
            if wide > width + 2:
                faults.append(f"{path}: {wide} px wide on a screen of {width}")
            if width == 320:
                continue
            found = await browser_page.evaluate(
                "() => axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']})"
                ".then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 150)).join(' | ')))"
            )
            faults += [f"{path} at {width}: {fault}" for fault in found]
    assert faults == []
    with desk.app.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(document)).scalar_one() == 2
