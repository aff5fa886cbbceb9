"""A desk for tests: a station whose clerk has a morning's mail before her, and the console in front of it."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy import select

from congvan_core.agencies.lookup import own_agencies
from congvan_core.documents.filename import build
from congvan_core.documents.model import FileRole
from congvan_core.documents.number import from_parts
from congvan_core.documents.sample_pdf import SampleSpec, make
from congvan_core.ids import VIETNAM, now
from congvan_core.registers.instructions import end_instruction, instructions_of
from congvan_core.signatures.demo_pki import DemoPki
from congvan_core.signatures.signing import sign_pdf
from congvan_gateway.console.accounts import add_account
from congvan_gateway.console.serving import make_application
from congvan_gateway.demonstration import agencies as cast
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import OutgoingFile, SendRequest
from congvan_gateway.dispatch.sealing import seal_packages
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App, open_app
from congvan_gateway.settings import load
from congvan_gateway.storage.schema import outbox

PASSWORD = "bình minh trên sông Cấm"
#: A name that would be markup anywhere it is not escaped.
HOSTILE = "<img src=x onerror=alert(1)>\"'></textarea><script>alert(2)</script>"
PEOPLE = {
    "vanthu": ("Nguyễn Thị Văn Thư", ("clerk",)),
    "vanthu2": ("Lê Thị Thư Ký", ("clerk",)),
    "quantri": ("Phạm Quản Trị", ("administrator",)),
    "lanhdao": ("Trần Lãnh Đạo", ("leader",)),
    "kiemtra": ("Đỗ Kiểm Tra", ("auditor",)),
}


@dataclass
class DeskStation:
    """The station's folder and what waits there: name of the mail -> its item."""

    folder: Path
    items: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / cast.RECEIVER.key / "congvan.toml"

    @contextmanager
    def app(self) -> Iterator[App]:
        app = open_app(load(self.config))
        try:
            yield app
        finally:
            app.close()


def signed(
    pki: DemoPki, number: str, subject: str, *, symbol: str = "SMT-VP", agency: bool = True, **more: Any
) -> bytes:
    """A công văn of the sender with its seal (and without the leader's signature, to be quick)."""
    today = now().astimezone(VIETNAM).date()
    sample = make(
        SampleSpec(
            author=cast.SENDER.title, symbol=symbol, number=number, issued_on=today, subject=subject, type_name="Công văn",
            addressees=(cast.RECEIVER.title,), full_name=cast.SIGNER, **more,
        )
    )  # fmt: skip
    if not agency:
        return sample.pdf
    return sign_pdf(sample.pdf, pki.holders[cast.SENDER.key], kind="agency", timestamper=pki.timestamper(),
                    revocation=pki.revocation(), rect=(360, 120, 460, 220), page=0)  # fmt: skip


def plain_mail(subject: str, text: str, files: list[tuple[str, bytes]], *, sender: str = cast.SENDER.address,
               html: str = "") -> bytes:  # fmt: skip
    """A mail as a webmail writes it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, cast.RECEIVER.address, subject
    mail["Message-ID"] = f"<{abs(hash((subject, text, sender))):x}@webmail.test>"
    mail["Date"] = "Mon, 23 Nov 2026 08:00:00 +0700"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for name, data in files:
        mail.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def package(app: App, data: bytes, name: str, number: str, subject: str) -> bytes:
    """The mail by which the sender's gateway carries a signed document."""
    files = (OutgoingFile(name, data, FileRole.MAIN),)
    sent = send(app, SendRequest(files=files, to=(cast.RECEIVER.code,), symbol=f"{number}/SMT-VP", subject=subject))
    seal_packages(app)
    with app.database.read() as connection:
        row = connection.execute(select(outbox).where(outbox.c.document_id == sent.document_id)).one()
    return row.headers.encode() + app.blobs.read(row.body_sha256)


def file_name(number: str, subject: str, on: date | None = None, symbol: str = "SMT-VP") -> str:
    return build(from_parts(symbol, number), on or now().astimezone(VIETNAM).date(), subject, "pdf")


def build_station(root: Path) -> DeskStation:
    """Both sides' folders; the receiver's queue holds one mail of each kind."""
    pki = cast.make_pki(root / "pki")
    sender = cast.make_station(root, pki, cast.SENDER, smtp_port=1, peer_port=1)
    cast.make_station(root, pki, cast.RECEIVER, smtp_port=2, peer_port=2)
    station = DeskStation(root)
    mails: dict[str, bytes] = {}
    app_a = open_app(load(sender))
    try:
        for number, subject in (("67", "V/v rà soát hộp thư công vụ"), ("68", "V/v tập huấn chữ ký số")):
            mails[f"good-{number}"] = package(
                app_a, signed(pki, number, subject), file_name(number, subject), number, subject
            )
        twice = signed(pki, "69", "V/v báo cáo định kỳ")
        mails["good-69"] = package(app_a, twice, file_name("69", "V/v báo cáo định kỳ"), "69", "V/v báo cáo định kỳ")
    finally:
        app_a.close()
    mails["webmail"] = plain_mail("71/SMT-VP: V/v cử cán bộ dự họp", "Kính gửi quý cơ quan.",
                                  [(file_name("71", "V/v cu can bo du hop"), signed(pki, "71", "V/v cử cán bộ dự họp"))])  # fmt: skip
    mails["unsigned"] = plain_mail("Giấy mời họp", "Kính mời dự họp.",
                                   [("72-SMT-VP_23112026_Giay-moi.pdf", signed(pki, "72", "V/v mời họp", agency=False))])  # fmt: skip
    broken = bytearray(signed(pki, "73", "V/v chuyển kinh phí"))
    spot = broken.find(b"stream") + 40
    broken[spot] ^= 1
    mails["broken"] = plain_mail("73/SMT-VP: V/v chuyển kinh phí", "Đề nghị xử lý.",
                                 [(file_name("73", "V/v chuyen kinh phi"), bytes(broken))])  # fmt: skip
    mails["urgent"] = plain_mail("[HỎA TỐC] 74/SMT-VP: V/v ứng phó bão số 9", "Gấp.",
                                 [(file_name("74", "V/v ung pho bao so 9"), signed(pki, "74", "V/v ứng phó bão số 9", mark="HỎA TỐC"))])  # fmt: skip
    mails["stranger"] = plain_mail(
        f"75/XX-VP: {HOSTILE}", f"{HOSTILE}\nhttp://evil.test/", [("75.pdf", signed(pki, "75", "V/v khuyến mại", agency=False))],
        sender="ai-do@la.test", html='<form action="http://evil.test"><img src="http://evil.test/x.png"><script>alert(3)</script></form>',
    )  # fmt: skip
    mails["secret"] = plain_mail("Gửi văn bản", "Kèm theo.",
                                 [("76-SMT-VP_23112026_Van-ban.pdf", signed(pki, "76", "V/v nội dung không được lộ", mark="MẬT", agency=False))])  # fmt: skip
    with station.app() as app:
        with app.database.write() as connection:
            (own,) = own_agencies(connection)
            for given in instructions_of(connection, own.id):
                end_instruction(connection, given.id, actor="test", at=now())
            for login, (name, roles) in PEOPLE.items():
                add_account(connection, login=login, name=name, password=PASSWORD, roles=roles, position="Văn thư",
                            telephone="0225 3000 001", actor="test", at=now(), must_change=False)  # fmt: skip
        for key, raw in mails.items():
            path = root / f"{key}.eml"
            path.write_bytes(raw)
            station.items[key] = take_in_file(app, path, sender=None, recipients=[cast.RECEIVER.address])["message"]
    return station


def copy_station(made: DeskStation, root: Path) -> DeskStation:
    shutil.copytree(made.folder, root)
    return DeskStation(root, dict(made.items))


@contextmanager
def served(app: App) -> Iterator[str]:
    """The console on a port of its own, in a thread; its address."""
    config = uvicorn.Config(make_application(app), host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    config.load()
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    import socket
    import time

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()


@dataclass
class Desk:
    """A running console: ``base`` address, the station's app, what waits by name."""

    base: str
    app: App
    items: dict[str, str]

    def visitor(self) -> httpx.Client:
        """A browser without a session, as far as its headers go."""
        return httpx.Client(base_url=self.base, headers={"Sec-Fetch-Site": "same-origin"}, timeout=120)

    @contextmanager
    def enter(self, login: str) -> Iterator[httpx.Client]:
        """A browser in which this person has logged in."""
        with self.visitor() as client:
            answer = client.post("/dang-nhap", data={"login": login, "password": PASSWORD, "target": "/"})
            assert answer.status_code == 303, answer.text[:500]
            yield client


def token_of(client: httpx.Client, path: str = "/tai-khoan") -> str:
    """The form token of this session."""
    found = re.search(r'name="token" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def version_of(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


async def enter_page(page: Any, base: str, login: str) -> None:
    page.set_default_timeout(90_000)
    await page.goto(f"{base}/dang-nhap")
    await page.get_by_label("Tên đăng nhập").fill(login)
    await page.get_by_label("Mật khẩu").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Đăng xuất").wait_for()
