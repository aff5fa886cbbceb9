"""The pictures of docs/images, taken from the running desk over an invented office: ``python tests/support_pictures.py``.

Every picture named here stands in a guide, every picture of a guide is named here (tests/console/test_pictures.py).
"""

from __future__ import annotations

import asyncio
import email
import re
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from support_desk import PASSWORD, Desk, build_station, file_name, served, token_of, version_of

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
#: Picture -> who looks, address ({name}: the mail of that name, {document}: a registered one), what is unfolded, height.
SHOTS: dict[str, tuple[str, str, str, int]] = {
    "tong-quan": ("vanthu", "/", "", 760),
    "cho-kiem-tra": ("vanthu", "/cho-kiem-tra", "", 760),
    "phieu-kiem-tra": ("vanthu", "/cho-kiem-tra/{good-69}", "", 900),
    "phieu-tu-choi": ("vanthu", "/cho-kiem-tra/{broken}", "", 900),
    "van-ban-den": ("vanthu", "/van-ban-den", "", 560),
    "van-ban": ("vanthu", "/van-ban/{document}", "", 900),
    "gui-van-ban": ("vanthu", "/gui", "", 900),
    "theo-doi": ("vanthu", "/theo-doi?loc=all", "", 1180),
    "tai-khoan": ("vanthu", "/tai-khoan", "", 1350),
    "quan-tri-danh-ba": ("quantri", "/quan-tri/danh-ba", "", 800),
    "quan-tri-tuyen": ("quantri", "/quan-tri/tuyen?ma=H24.12", "", 800),
    "quan-tri-tuyen-thu": ("quantri", "/quan-tri/tuyen/2", "", 620),
    "quan-tri-hang-doi": ("quantri", "/quan-tri/hang-doi?loc=deferred", "", 560),
    "quan-tri-tin-cay": ("quantri", "/quan-tri/tin-cay", "", 700),
    "quan-tri-gio-lam": ("quantri", "/quan-tri/gio-lam-viec", "", 640),
    "quan-tri-nguoi-dung": ("quantri", "/quan-tri/nguoi-dung", "", 640),
    "quan-tri-thong-bao": ("quantri", "/quan-tri/thong-bao", "", 640),
    "quan-tri-chinh-sach": ("quantri", "/quan-tri/chinh-sach", "", 560),
    "kiem-tra-theo-ky": ("kiemtra", "/quan-tri/kiem-tra?kiem=1", "", 900),
}
_AGENCIES = (
    ("H24.10", "Văn phòng UBND thành phố (mẫu)"), ("H24.11", "Sở Nội vụ (mẫu)"), ("H24.12", "Sở Tài chính (mẫu)"),
    ("H24.13", "Sở Xây dựng (mẫu)"), ("H24.91.08", "UBND phường Thử Nghiệm"), ("H24.91.09", "UBND xã Mẫu"),
    ("H24.91.10", "UBND đặc khu Thí Dụ"),
)  # fmt: skip
_TABLE = """
[groups]
"xã, phường" = ["H24.91.*"]

[transports.truc]
kind = "folder"
out = "truc"

[[routes]]
name = "hỏa tốc"
transports = ["smtp", "truc"]
warn_minutes = 10
[routes.match]
urgency_from = 3

[[routes]]
name = "xã, phường"
transports = ["{ways}"]
note = "đường mạng hay đứt"
[routes.match]
groups = ["xã, phường"]

[[routes]]
name = "mọi nơi nhận"
transports = ["smtp"]
"""


def prepare(desk: Desk) -> str:
    """An ordinary week in the office: decided mails, entries by hand, sent documents, a route to switch on; a document."""
    _directory(desk)
    with desk.enter("vanthu") as clerk:
        token = token_of(clerk)

        def act(name: str, **data: str) -> None:
            path = f"/cho-kiem-tra/{desk.items[name]}"
            clerk.post(path, data={"token": token, "version": version_of(clerk.get(path).text), **data})

        act("good-67", act="release")
        act("good-68", act="release")
        for number, subject, author in (("412/SNV-CCVC", "V/v rà soát biên chế năm 2026", "Sở Nội vụ (mẫu)"),
                                        ("88/STC-NS", "Hướng dẫn lập dự toán ngân sách năm 2027", "Sở Tài chính (mẫu)")):  # fmt: skip
            clerk.post("/nhap-van-ban", data={"token": token, "channel": "paper", "symbol": number, "date": "2026-11-18",
                                              "author": author, "subject": subject, "urgency": "thường"})  # fmt: skip
        found = re.search(r"/van-ban/(\w{32})", clerk.get("/van-ban-den", params={"tim": "hop thu cong vu"}).text)
    _send(desk)
    assert found is not None
    return found[1]


def _directory(desk: Desk) -> None:
    from congvan_core.agencies.editing import add_body, add_contact_point, add_mailbox
    from congvan_core.agencies.lookup import own_agencies
    from congvan_gateway.console.schema import account
    from congvan_gateway.notices.subscribing import subscribe_desk
    from congvan_gateway.routing import keeping
    from congvan_gateway.routing.forms import from_file

    app = desk.app
    with app.database.write() as connection:
        for code, name in _AGENCIES:
            point = add_contact_point(connection, code, name, actor="Phạm Quản Trị")
            add_body(connection, point.id, code, name, actor="Phạm Quản Trị")
            add_mailbox(
                connection, point.id, f"vanthu@{code.lower().replace('.', '-')}.example.vn", actor="Phạm Quản Trị"
            )
        for ways, note in (("smtp", "bảng đầu tiên"), ('truc", "smtp', "đường mạng tới các xã hay đứt")):
            table = from_file(_TABLE.replace("{ways}", ways).encode(), "tuyen.toml")
            made = keeping.draft(connection, app.settings, table, actor="Phạm Quản Trị", at=app.clock(), note=note)
            if made == 1:
                keeping.activate(connection, app.settings, 1, actor="Phạm Quản Trị", at=app.clock())
        connection.execute(account.update().values(mail=account.c.login + "@thidiem.example.vn"))
        (own,) = own_agencies(connection)
        subscribe_desk(connection, own.id, "phong-vanthu@thidiem.example.vn", kinds=["urgent", "waiting", "failed"],
                       every_minutes=60, actor="Phạm Quản Trị", at=app.clock())  # fmt: skip


def _send(desk: Desk) -> None:
    from congvan_core.documents.model import FileRole
    from congvan_gateway.dispatch.issuing import send
    from congvan_gateway.dispatch.request import OutgoingFile, SendRequest
    from congvan_gateway.storage.schema import outbox, recipient

    mail = email.message_from_bytes((desk.app.settings.base.parent / "webmail.eml").read_bytes())
    data = next(part.get_payload(decode=True) for part in mail.walk() if part.get_filename())
    assert isinstance(data, bytes)
    subject = "V/v cử cán bộ dự họp"
    send(desk.app, SendRequest(files=(OutgoingFile(file_name("71", subject), data, FileRole.MAIN),), symbol="71/SMT-VP",
                               to=tuple(code for code, _ in _AGENCIES), subject=subject, actor="Nguyễn Thị Văn Thư"))  # fmt: skip
    at = desk.app.clock()
    with desk.app.database.write() as connection:
        rows = connection.execute(recipient.select().order_by(recipient.c.code)).all()
        for row, (state, late) in zip(
            rows, (("received", 0), ("arrived", 0), ("accepted", 9), ("deferred", 6), ("accepted", 0)), strict=False
        ):
            values = {"state": state, "since": at - timedelta(hours=late), "warn_at": at + timedelta(hours=4 - late)}
            if state == "received":
                values |= {"confirmation": "proved", "register_number": "1042", "received_at": at}
            connection.execute(recipient.update().where(recipient.c.id == row.id).values(**values))
            connection.execute(outbox.update().where(outbox.c.recipient_id == row.id).values(
                state="deferred" if state == "deferred" else "accepted", attempts=3 if state == "deferred" else 1,
                last_code=421 if state == "deferred" else 250, next_attempt_at=at + timedelta(minutes=12),
                last_text="4.3.2 system busy, try again later" if state == "deferred" else "queued"))  # fmt: skip


async def take(desk: Desk, document: str, wanted: set[str]) -> None:
    from playwright.async_api import async_playwright

    from support.programs import require

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=require("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        for login in sorted({who for who, *_ in SHOTS.values()}):
            page = await browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(90_000)
            await page.goto(f"{desk.base}/dang-nhap")
            await page.get_by_label("Tên đăng nhập").fill(login)
            await page.get_by_label("Mật khẩu").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await page.get_by_role("button", name="Đăng xuất").wait_for()
            for name, (who, path, unfold, height) in SHOTS.items():
                if who == login and (not wanted or name in wanted):
                    await _shot(page, desk, document, name, path, unfold, height)
            await page.close()
        await browser.close()


async def _shot(page: Any, desk: Desk, document: str, name: str, path: str, unfold: str, height: int) -> None:
    for key, item in {**desk.items, "document": document}.items():
        path = path.replace(f"{{{key}}}", item)
    await page.set_viewport_size({"width": 1280, "height": height})
    await page.goto(f"{desk.base}{path}")
    if unfold:
        await page.locator(unfold).click()
    await page.wait_for_load_state("networkidle")
    target = IMAGES / f"{name}.png"
    await page.screenshot(path=target)
    from PIL import Image

    with Image.open(target) as picture:
        small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(target, optimize=True)


def main() -> None:
    """All pictures, or those named on the command line."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        station = build_station(Path(folder) / "desk")
        with station.app() as app, served(app) as base:
            desk = Desk(base, app, station.items)
            asyncio.run(take(desk, prepare(desk), set(sys.argv[1:])))


if __name__ == "__main__":
    main()
