"""An office with a desk: drafter, unit head, leader, clerk with their accounts and keys, the console in front."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from congvan_core.agencies.lookup import own_agencies
from congvan_core.ids import now
from congvan_core.workflow.draft_template import fill_template, standard_template
from congvan_core.workflow.organisation import Actor
from congvan_gateway.console.accounts import add_account
from congvan_gateway.drafting.people import named_actor
from congvan_gateway.main import open_app
from congvan_gateway.settings import load
from support_desk import PASSWORD, Desk, served
from support_pdf import make_blank
from support_pki import LivePki
from support_station import A, B, make_station

#: login -> name, role, position
STAFF = {
    "soan": ("Trần Thị Soạn", "officer", "CHUYÊN VIÊN"),
    "phong": ("Lê Văn Phòng", "unit_head", "TRƯỞNG PHÒNG"),
    "anh": ("Nguyễn Văn Ánh", "leader", "GIÁM ĐỐC"),
    "duc": ("Lê Hữu Đức", "leader", "PHÓ GIÁM ĐỐC"),
    "thu": ("Đỗ Văn Thư", "clerk", "VĂN THƯ"),
    "xem": ("Hoàng Thị Xem", "auditor", "THANH TRA"),
    "quan": ("Phạm Quản Trị", "administrator", ""),
}
SUBJECT = "Phê duyệt Kế hoạch rà soát hộp thư công vụ"


@dataclass
class StaffedDesk(Desk):
    """The desk of agency A and its folder; whoever has entered stays logged in."""

    folder: Path
    agency_id: str
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def actor(self, login: str) -> Actor:
        return named_actor(self.app, login)

    @contextmanager
    def enter(self, login: str) -> Iterator[httpx.Client]:
        """This person's browser, logged in once."""
        if login not in self.clients:
            client = self.visitor()
            answer = client.post("/dang-nhap", data={"login": login, "password": PASSWORD, "target": "/"})
            assert answer.status_code == 303, answer.text[:500]
            self.clients[login] = client
        yield self.clients[login]


def build_office(root: Path, pki: LivePki) -> Path:
    """Agency A's folder with its people; the keys of leader, deputy and agency lie in it (password of the test PKI)."""
    station = make_station(root, A, B, pki, relay_port=9, own_sections={
        "verification": {"workers": 0},
        "signing": {"keys_folder": "signers", "watched": "da-ky", "bridge": "http://127.0.0.1:8489"},
        "operations": {"timestamp_url": pki.tsa_url},
    })  # fmt: skip
    keys = station.folder / "signers"
    keys.mkdir()
    for name in ("leader", "leader-b", "agency-a"):
        (keys / f"{name}.p12").write_bytes(pki.p12(name))
    (station.folder / "da-ky").mkdir()
    with station.app() as app, app.database.write() as connection:
        for login, (name, role, position) in STAFF.items():
            add_account(
                connection, login=login, name=name, password=PASSWORD, roles=(role,), position=position, actor="test",
                at=now(), must_change=False,
            )  # fmt: skip
    return station.folder


@contextmanager
def opened_desk(made: Path, root: Path) -> Iterator[StaffedDesk]:
    """A copy of the office with the console in front of it."""
    folder = root / "office"
    shutil.copytree(made, folder)
    app = open_app(load(folder / "congvan.toml"))
    try:
        with app.database.read() as connection:
            agency_id = own_agencies(connection)[0].id
        with served(app) as base:
            desk = StaffedDesk(base, app, {}, folder, agency_id)
            try:
                yield desk
            finally:
                for client in desk.clients.values():
                    client.close()
    finally:
        app.close()


def draft_pdf(**more: Any) -> bytes:
    """A draft as a drafter exports it: number and date left blank."""
    return make_blank(**more).pdf


def draft_docx(**values: str) -> bytes:
    """A draft as a drafter writes it in Word, from the standard form."""
    said = {
        "co_quan": A.name.upper(), "ky_hieu": "QĐ-STNA", "dia_danh": "Hải Phòng", "nam": str(now().year),
        "ten_loai": "QUYẾT ĐỊNH", "trich_yeu": SUBJECT, "noi_dung": "Điều 1. Phê duyệt Kế hoạch.\nĐiều 2. Tổ chức thực hiện.",
        "noi_nhan": "- Như Điều 2;\n- Lưu: VT.", "chuc_vu": "GIÁM ĐỐC", "nguoi_ky": "Nguyễn Văn Ánh", **values,
    }  # fmt: skip
    return fill_template(standard_template(letter=False), said)
