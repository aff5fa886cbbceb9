"""Tables in force: drafted, tried on past traffic, switched on, rolled back; the command line's public answers."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from congvan_core.agencies.editing import update_entry
from congvan_core.documents.model import Urgency
from congvan_core.errors import InputError, RefusedError
from congvan_core.ids import new_id
from congvan_gateway import cli
from congvan_gateway.main import App
from congvan_gateway.routing import asking, keeping
from congvan_gateway.routing.forms import to_toml, to_xlsx
from congvan_gateway.routing.model import Table
from congvan_gateway.settings import commented
from support_routing import COMMUNE, FIRM, WARD, SetClock, events, open_installation, put_table, send_to

ALL = {"name": "tất cả", "transports": ["smtp"]}
USB: dict[str, Any] = {"transports": {"usb": {"kind": "folder", "out": "usb"}}}


def by_usb(note: str) -> dict[str, Any]:
    return {
        **USB,
        "routes": [{"name": "phường", "match": {"prefixes": ["H24.91"]}, "transports": ["usb"], "note": note}, ALL],
    }


def test_versions_come_and_go_and_the_journal_tells(app: App, clock: SetClock) -> None:
    first = put_table(app, by_usb("một"))
    clock.forward(minutes=1)
    second = put_table(app, by_usb("hai"))
    assert (first, second) == (1, 2)
    with app.database.write() as connection:
        assert keeping.draft(connection, app.settings, Table.from_json(by_usb("hai")), actor="x", at=clock()) == 2
        assert keeping.roll_back(connection, app.settings, actor="x", at=clock()).version == 1
        assert keeping.roll_back(connection, app.settings, actor="x", at=clock()) == keeping.Kept(0, None)
        with pytest.raises(InputError):
            keeping.roll_back(connection, app.settings, actor="x", at=clock())
        assert keeping.activate(connection, app.settings, 2, actor="x", at=clock()).version == 2
        assert [(v["version"], v["state"]) for v in keeping.versions(connection)] == [(2, "active"), (1, "draft")]
    assert [e["before"] for e in events(app, "route.activated")] == [0, 1, 0]
    assert [e["to"] for e in events(app, "route.rolled_back")] == [1, 0]


def test_a_faulty_table_is_never_kept(app: App, clock: SetClock) -> None:
    faulty = Table.from_json({"routes": [{"name": "a", "match": {"codes": ["H1"]}, "transports": ["fax"]}]})
    with app.database.write() as connection:
        with pytest.raises(RefusedError) as error:
            keeping.draft(connection, app.settings, faulty, actor="x", at=clock())
        assert keeping.active(connection).version == 0
    faults: Any = error.value.details["faults"]
    assert {f["code"] for f in faults} == {"TRANSPORT-UNKNOWN", "DEFAULT-MISSING"}


def test_issuing_takes_deadlines_and_transport_from_the_row(app: App, clock: SetClock) -> None:
    from sqlalchemy import select

    from congvan_gateway.storage.schema import outbox, recipient

    table = by_usb("")
    table["routes"][0] |= {"warn_minutes": 10, "fail_hours": 2}
    put_table(app, table)
    send_to(app, WARD, COMMUNE)
    with app.database.read() as connection:
        rows = {r.code: r for r in connection.execute(select(recipient))}
        give_up = {to: at for to, at in connection.execute(select(outbox.c.rcpt_to, outbox.c.give_up_at))}
    ward, commune = rows[WARD], rows[COMMUNE]
    assert (ward.transport, commune.transport) == ("usb", "smtp")
    assert (ward.warn_at - clock()).total_seconds() == 600
    assert (ward.fail_at - clock()).total_seconds() == 7200 == (give_up[ward.address] - clock()).total_seconds()
    assert (commune.warn_at - clock()).total_seconds() == app.settings.delivery.warn_hours * 3600
    told = events(app, "route.decided")
    assert [(e["to"], e["row"], e["transports"], e["table_version"]) for e in told] == [
        (WARD, "phường", ["usb"], 1),
        (COMMUNE, "tất cả", ["smtp"], 1),
    ]
    assert all(e["because"] for e in told)


def test_past_traffic_shows_what_a_table_would_change(app: App) -> None:
    send_to(app, WARD, COMMUNE, number="1")
    send_to(app, WARD, number="2", urgency=Urgency.EXPRESS)
    with app.database.read() as connection:
        trial = asking.try_on_past(connection, app, Table.from_json(by_usb("")), days=7)
        none = asking.try_on_past(connection, app, Table.from_json(by_usb("")), days=0)
    assert (trial.mails, trial.changed, dict(trial.by_row)) == (3, 2, {"phường": 2, "tất cả": 1})
    assert trial.changes[0]["before"]["transports"] == ["smtp"] and trial.changes[0]["after"]["transports"] == ["usb"]
    assert none.mails <= 3


def test_explain_names_channel_reason_and_review(app: App, clock: SetClock) -> None:
    from congvan_core.agencies.lookup import by_code

    with app.database.write() as connection:
        found = by_code(connection, WARD, clock().date())
        assert found is not None
        update_entry(
            connection, "contact_point", found.contact_point.id, actor="x", at=clock(),
            channel="plain", channel_reason="bên nhận chưa kết nối QLVBĐH", channel_review_on=clock().date(),
        )  # fmt: skip
    put_table(
        app, {**USB, "routes": [{"name": "thường", "match": {"channels": ["plain"]}, "transports": ["usb"]}, ALL]}
    )
    with app.database.read() as connection:
        told = asking.explain(connection, app, WARD, urgency=Urgency.NORMAL, size=None)
        firm = asking.explain(connection, app, FIRM, urgency=Urgency.NORMAL, size=None)
    assert told["row"] == "thường" and firm["row"] == "tất cả"
    assert told["channel"] == {
        "channel": "plain", "reason": "bên nhận chưa kết nối QLVBĐH",
        "review_on": clock().date().isoformat(), "review_due": True,
    }  # fmt: skip


def test_explain_asks_about_another_hour_and_a_size(app: App, clock: SetClock) -> None:
    """Every kind of row in words of the office: hours, urgency, size, group, kind; and what follows a size or a policy."""
    put_table(
        app,
        {
            "groups": {"phuong": ["H24.91.*"]},
            "transports": {"gui": {"kind": "smtp", "host": "smtp.example.vn", "max_size": 1_000_000}},
            "routes": [
                {"name": "đêm", "match": {"hours": "22:00-05:00"}, "transports": ["smtp"]},
                {"name": "khẩn", "match": {"urgency_from": 2}, "transports": ["gui"], "tls": "verify"},
                {
                    "name": "nhóm",
                    "match": {"groups": ["phuong"], "size_from": 2_000_000},
                    "transports": ["gui", "smtp"],
                },
                {"name": "công ty", "match": {"kinds": ["organisation"]}, "transports": ["smtp"]},
                ALL,
            ],
        },
    )

    def ask(code: str, urgency: Urgency = Urgency.NORMAL, **more: Any) -> dict[str, Any]:
        with app.database.read() as connection:
            return asking.explain(connection, app, code, urgency=urgency, size=more.get("size"), at=more.get("at"))

    night = ask(WARD, at=clock() + timedelta(hours=14))
    assert night["row"] == "đêm" and night["at"] == "2026-11-23T23:30:00+07:00"
    assert night["because"] == "Khớp dòng 'đêm': thời điểm 23:30 ngày 23/11/2026"
    urgent = ask(WARD, Urgency.VERY_URGENT)
    assert urgent["row"] == "khẩn" and any("đúng tên" in step for step in urgent["next"])
    large = ask(WARD, size=3_000_000)
    assert large["because"] == "Khớp dòng 'nhóm': tiền tố H24.91 (nhóm phuong); cỡ 3000000 byte"
    assert large["next"][-1] == "Thư lớn hơn 1000000 byte mà 'gui' nhận: chia tệp thành nhiều thư, vẫn là một văn bản"
    unknown = ask(WARD)
    assert unknown["row"] == "tất cả" and ask(FIRM)["because"] == "Khớp dòng 'công ty': loại nơi nhận tổ chức"
    assert {item["row"]: item["because"] for item in unknown["skipped"]} == {
        "đêm": "lúc 09:30 ngoài khoảng 22:00-05:00",
        "khẩn": "độ khẩn 'thường' thấp hơn 'thượng khẩn'",
        "nhóm": "cỡ chưa biết (tính là 0 byte) nhỏ hơn 2000000",
        "công ty": "loại nơi nhận 'cơ quan nhà nước' không thuộc tổ chức",
    }


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "congvan.toml").write_text(commented(), encoding="utf-8")
    open_installation(folder)[0].close()
    config = ("--config", str(folder / "congvan.toml"))

    def run(*arguments: str, code: int = 0) -> Any:
        assert cli.main([*arguments, *config]) == code
        out = capsys.readouterr().out
        return json.loads(out) if out.startswith(("{", "[")) else out

    before = run("route", "explain", WARD, "--json")
    assert {"row", "table_version", "transports", "because"} <= before.keys()
    assert (before["table_version"], before["transports"]) == (0, ["smtp"])
    toml = tmp_path / "bang.toml"
    toml.write_bytes(to_toml(Table.from_json(by_usb("từ tệp"))))
    tried = run("route", "test", str(toml), "--json")
    assert (tried["mails"], tried["faults"]) == (0, [])
    assert run("route", "import", str(toml), "--json") == {"table_version": 1, "active": False, "rows": 2}
    assert run("route", "explain", WARD, "--json")["table_version"] == 0
    assert run("route", "activate", "1", "--json") == {"table_version": 1}
    assert run("route", "explain", WARD, "--json")["transports"] == ["usb"]
    assert run("route", "list", "--json")["rows"][0]["name"] == "phường"
    assert "'phường'" in run("route", "explain", WARD)
    assert run("route", "export").encode() == toml.read_bytes()
    sheet = tmp_path / "bang.xlsx"
    run("route", "export", "--format", "xlsx", "-o", str(sheet))
    sheet.write_bytes(to_xlsx(Table.from_json({"routes": [ALL]})))
    assert run("route", "import", str(sheet), "--activate", "--json")["table_version"] == 2
    assert run("route", "explain", WARD, "--json")["transports"] == ["smtp"]
    assert run("route", "rollback", "--json") == {"table_version": 1}
    faulty = tmp_path / "sai.toml"
    faulty.write_text('[[routes]]\nname = "a"\ntransports = ["fax"]\n')
    assert run("route", "test", str(faulty), "--json", code=1)["faults"][0]["code"] == "TRANSPORT-UNKNOWN"
    assert run("route", "explain", WARD, "--at", "2026-11-22T23:00", "--json")["at"] == "2026-11-22T23:00:00+07:00"
    run("route", "explain", WARD, "--at", "đêm", code=2)
    run("route", "explain", "H99.1", code=1)
    run("route", "explain", WARD, "--urgency", "vội", code=2)
    assert new_id()
