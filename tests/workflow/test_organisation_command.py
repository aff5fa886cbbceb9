"""`congvan organisation`: units, people, positions and delegation in time (NĐ 30/2020 Điều 13), each change in the journal."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from congvan_core.documents.text import squeeze
from congvan_core.ids import VIETNAM, now
from congvan_core.storage.schema import event
from congvan_core.workflow.authority import signing_block
from congvan_core.workflow.organisation import acting
from congvan_gateway.cli import main
from congvan_gateway.main import open_configured

FINGERPRINT = "ab" * 32


@pytest.fixture
def config(tmp_path: Path) -> list[str]:
    folder = tmp_path / "data"
    assert (
        main(["init", str(folder), "--agency", "H24.15", "--name", "UBND phường Thí Điểm", "--address", "vt@x.vn"]) == 0
    )
    return ["--config", str(folder / "congvan.toml")]


def office(capsys: pytest.CaptureFixture[str], config: list[str], *more: str) -> Any:
    """The answer of a command that must do what it is asked, as JSON."""
    capsys.readouterr()
    assert main(["organisation", *more, "--json", *config]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], config: list[str], *more: str) -> str:
    """The one sentence of a command that must not."""
    capsys.readouterr()
    assert main(["organisation", *more, *config]) in (1, 2)
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and "Traceback" not in said.err
    return said.err


def test_an_office_from_the_first_unit_to_the_last_day(config: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    office(capsys, config, "unit", "VP", "Văn phòng")
    office(capsys, config, "unit", "TD", "Tổ tiếp dân", "--parent", "VP")
    assert main(["account", "add", "binh", "--name", "Trần Thử Bình", "--role", "officer", *config]) == 0
    chair = office(capsys, config, "person", "Nguyễn Mẫu An", "--certificate", FINGERPRINT)["id"]
    office(capsys, config, "person", "Trần Thử Bình", "--account", "binh")
    office(capsys, config, "appoint", "Nguyễn Mẫu An", "CHỦ TỊCH", "--role", "leader")
    deputy = office(capsys, config, "appoint", "binh", "PHÓ CHỦ TỊCH", "--role", "leader", "--role", "unit_head",
                    "--unit", "VP", "--from", "2020-01-01")  # fmt: skip
    given = office(capsys, config, "delegate", "Nguyễn Mẫu An", "Trần Thử Bình", "--form", "KT.", "--basis", "QĐ 5/QĐ-UBND",
                   "--by", "quản trị")  # fmt: skip

    seen = office(capsys, config, "show")
    assert [(one["code"], one["parent"]) for one in seen["units"]] == [("TD", "VP"), ("VP", None)]
    people = {one["name"]: one for one in seen["people"]}
    assert people["Nguyễn Mẫu An"]["certificates"] == [FINGERPRINT]
    assert people["Trần Thử Bình"]["account"] == "binh"
    assert [(p["position"], p["unit"], p["now"]) for p in people["Trần Thử Bình"]["positions"]] == [
        ("PHÓ CHỦ TỊCH", "VP", True)
    ]
    assert [(d["giver"], d["taker"], d["form"]) for d in seen["delegations"]] == [
        ("Nguyễn Mẫu An", "Trần Thử Bình", "KT")
    ]
    before = office(capsys, config, "show", "--on", "2019-12-31")
    assert not any(p["now"] for one in before["people"] for p in one["positions"] if p["id"] == deputy["id"])

    app = open_configured(config[1])
    try:
        with app.database.read() as connection:
            block = signing_block(connection, people["Trần Thử Bình"]["id"], "KT", body_name="", at=now())
            kinds = {(one.kind, one.actor) for one in connection.execute(select(event.c.kind, event.c.actor))}
        assert block.lines == ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH", "Trần Thử Bình")
        assert ("delegation.given", "quản trị") in kinds
        assert {"unit.added", "person.added", "person.appointed"} <= {kind for kind, _ in kinds}
    finally:
        app.close()

    office(capsys, config, "end-delegation", given["id"])
    assert "hết hiệu lực" in refused(capsys, config, "end-delegation", given["id"])
    office(capsys, config, "end-position", deputy["id"], "--last-day", "2020-02-01")
    office(capsys, config, "certificates", "Nguyễn Mẫu An", "--certificate", "CD:" * 31 + "CD")
    office(capsys, config, "leave", "Nguyễn Mẫu An")
    seen = office(capsys, config, "show")
    people = {one["name"]: one for one in seen["people"]}
    assert people["Nguyễn Mẫu An"]["active"] is False and people["Nguyễn Mẫu An"]["certificates"] == ["cd" * 32]
    assert not [p for p in people["Trần Thử Bình"]["positions"] if p["now"]]
    assert "Nguyễn Mẫu An: " in _words(capsys, config) and "đã thôi làm việc" in _words(capsys, config)
    app = open_configured(config[1])
    try:
        with app.database.read() as connection, pytest.raises(Exception, match="không còn làm việc"):
            acting(connection, chair, now())
    finally:
        app.close()


def _words(capsys: pytest.CaptureFixture[str], config: list[str]) -> str:
    capsys.readouterr()
    assert main(["organisation", "show", *config]) == 0
    return squeeze(capsys.readouterr().out)


def test_what_does_not_fit_is_one_sentence(config: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    office(capsys, config, "unit", "VP", "Văn phòng")
    office(capsys, config, "person", "Nguyễn Mẫu An")
    office(capsys, config, "person", "Lê Ví Dụ")
    office(capsys, config, "person", "Lê Ví Dụ")
    tomorrow = (datetime.now(VIETNAM) + timedelta(days=1)).date().isoformat()
    for asked, told in (
        (("unit", "VP", "Văn phòng khác"), "đã có đơn vị mã VP"),
        (("unit", "X", " "), "mã và tên"),
        (("unit", "X", "Tổ", "--parent", "KHONG"), "Không có đơn vị mã KHONG"),
        (("person", "Ai Đó", "--account", "khongco"), "Không có tài khoản"),
        (("person", "Ai Đó", "--certificate", "12"), "64 chữ số"),
        (("appoint", "Nguyễn Mẫu An", "CHỦ TỊCH", "--role", "vua"), "vai trò"),
        (("appoint", "Không Có", "CHỦ TỊCH", "--role", "leader"), "không có người"),
        (("appoint", "Lê Ví Dụ", "CHỦ TỊCH", "--role", "leader"), "2 người"),
        (("appoint", "Nguyễn Mẫu An", "CT", "--role", "leader", "--from", "2026-02-30"), "không phải ngày"),
        (("appoint", "Nguyễn Mẫu An", "CT", "--role", "leader", "--from", tomorrow, "--to", "2020-01-01"), "trước ngày"),
        (("delegate", "Nguyễn Mẫu An", "Nguyễn Mẫu An", "--form", "KT"), "không hợp lệ"),
        (("delegate", "Nguyễn Mẫu An", "Không Có", "--form", "KT"), "không có người"),
        (("end-position", "khong-co"), "Không có chức vụ"),
        (("show", "--agency", "KHAC"), "--agency"),
    ):  # fmt: skip
        assert told in refused(capsys, config, *asked), asked
    assert office(capsys, config, "show")["delegations"] == []
