"""Who works in the demonstration's desk, and the mail that waits for them this morning."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from congvan_core.documents.sample_pdf import SampleSpec, make
from congvan_core.ids import VIETNAM
from congvan_gateway.console.accounts import add_account
from congvan_gateway.console.passwords import random_password
from congvan_gateway.demonstration.city import agencies
from congvan_gateway.demonstration.filling import OWN
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App

_PEOPLE = (
    ("vanthu", "Nguyễn Thị Văn Thư", ("clerk",), "Văn thư"), ("lanhdao", "Trần Lãnh Đạo", ("leader",), "Chánh Văn phòng"),
    ("quantri", "Phạm Quản Trị", ("administrator",), "Quản trị"), ("giamsat", "Vũ Giám Sát", ("supervisor",), "Thanh tra"),
)  # fmt: skip


def people(app: App) -> str:
    """The accounts of the desk; their one password."""
    password = random_password()
    with app.database.write() as connection:
        for login, name, roles, position in _PEOPLE:
            add_account(connection, login=login, name=name, password=password, roles=roles, position=position,
                        telephone="0225 3000 001", actor="congvan demo-data", at=app.clock(), must_change=False)  # fmt: skip
    return password


def waiting_mail(app: App, folder: Path) -> int:
    """Five mails, each with another reason to wait: unsigned, an unknown sender, urgent, no document, a bare letter."""
    city = {one.code: one for one in agencies()}
    own, senders = city[OWN[0]], [city[f"H24.91.{number:03d}"] for number in (4, 11, 38, 70)]
    today = app.clock().astimezone(VIETNAM).date()
    letters = [
        (senders[0].address, senders[0].name, "131/BC-UBND", "Báo cáo", "kết quả cải cách hành chính quý này", ""),
        (senders[1].address, senders[1].name, "77/UBND-VP", "Công văn", "V/v đề nghị phối hợp giải tỏa vỉa hè", "KHẨN"),
        ("vanphong.phuong@thutinh.test", senders[2].name, "15/TTr-UBND", "Tờ trình", "đề nghị bổ sung kinh phí", ""),
        (senders[3].address, senders[3].name, "", "", "Hỏi lại thời gian họp giao ban tháng", ""),
        (senders[0].address, senders[0].name, "132/GM-UBND", "Giấy mời", "dự lễ khởi công trường mầm non", ""),
    ]
    for place, (address, name, number, type_name, subject, mark) in enumerate(letters):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Date"] = address, own.address, format_datetime(app.clock())
        mail["Subject"] = f"{f'[{mark}] ' if mark else ''}{number + ': ' if number else ''}{subject}"
        mail["Message-ID"] = f"<demo-{place}@demo.test>"
        mail.set_content(f"Kính gửi {own.name}.\n\n{name} gửi quý cơ quan văn bản kèm theo.\n\nTrân trọng./.\n")
        if number:
            bare, _, symbol = number.partition("/")
            made = make(SampleSpec(author=name, symbol=symbol, number=bare, issued_on=today, subject=subject,
                                   type_name=type_name, addressees=(own.name,), mark=mark))  # fmt: skip
            mail.add_attachment(made.pdf, maintype="application", subtype="pdf", filename=f"{bare}-{symbol}.pdf")
        path = folder / "var" / f"thu-{place}.eml"
        path.write_bytes(mail.as_bytes())
        take_in_file(app, path, sender=address, recipients=[own.address])
        path.unlink()
    return len(letters)
