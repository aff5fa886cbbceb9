"""What an administrator does at the desk: routes tried and switched on, hours, books, queues, trust, shared desks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from congvan_core.agencies.lookup import contact_point_by_id
from congvan_core.calendar import DEFAULT_HOURS
from congvan_core.ids import new_id, now
from congvan_core.registers.books import BookKey, find
from congvan_core.registers.numbering import vietnam_year
from congvan_core.storage.schema import event, mailbox
from congvan_gateway.console.mailbox_probing import probe
from congvan_gateway.dispatch.outbox import claim
from congvan_gateway.routing import keeping
from congvan_gateway.routing.office import office_calendar
from congvan_gateway.storage.schema import outbox
from support_admin import OWN, Office, office
from support_desk import token_of


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        yield made


def _kinds(there: Office) -> list[str]:
    with there.app.database.read() as connection:
        return list(connection.execute(select(event.c.kind).order_by(event.c.id)).scalars())


def _form(page: str) -> dict[str, str]:
    """The editor's fields as a browser would send them back."""
    found = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*?value="([^"]*)"', page.split('<form method="post">')[-1]))
    found |= {n: v for n, v in re.findall(r'<textarea name="(\w+)"[^>]*>([^<]*)</textarea>', page)}
    return {k: v for k, v in found.items() if not k.endswith(".gone")}


def test_a_route_is_edited_tried_kept_switched_on_and_rolled_back(there: Office) -> None:
    with there.enter("quantri") as admin:
        page = admin.get("/quan-tri/tuyen/sua").text
        form = _form(page) | {"token": token_of(admin)}
        added = admin.post("/quan-tri/tuyen/sua", data={**form, "act": "add"}).text
        form = _form(added) | {"token": form["token"]}
        assert form["count"] == "2" and form["r1.name"] == "mọi nơi nhận"
        form |= {"r0.name": "trường học", "r0.match.prefixes": "H24.11", "r0.transports": "nowhere, smtp"}
        wrong = admin.post("/quan-tri/tuyen/sua", data={**form, "act": "draft"})
        assert (
            wrong.status_code == 422 and "nowhere" in wrong.text and "trường học" in wrong.text
        )  # nothing typed is lost
        form |= {
            "r0.transports": "giay, smtp",
            "ways": '[transports.giay]\nkind = "folder"\nout = "giay"',
            "r0.encryption": "if_key",
        }
        tried = admin.post("/quan-tri/tuyen/sua", data={**form, "act": "try"})
        assert tried.status_code == 200 and "Kết quả thử" in tried.text
        for broken in (
            {"ways": "[x"},
            {"ways": "[groups]\na = 1"},
            {"groups": "không có dấu hai chấm"},
            {"r0.match.days": "9"},
        ):
            assert admin.post("/quan-tri/tuyen/sua", data={**form, **broken, "act": "draft"}).status_code == 400, broken
        kept = admin.post("/quan-tri/tuyen/sua", data={**form, "note": "thử", "act": "draft"})
        assert kept.headers["location"] == "/quan-tri/tuyen/1"
        shown = admin.get("/quan-tri/tuyen/1").text
        assert "Bật bảng này" in shown and "không thư nào đi khác" in shown
        token = form["token"]
        stale = admin.post("/quan-tri/tuyen/1", data={"token": token, "act": "activate", "before": "7"})
        assert stale.status_code == 422 and "đã đổi" in stale.text
        assert (
            admin.post("/quan-tri/tuyen/1", data={"token": token, "act": "activate", "before": "0"}).status_code == 303
        )
        told = admin.get("/quan-tri/tuyen", params={"ma": "H24.11", "khan": "khẩn"}).text
        assert "giay → smtp" in told and "tiền tố H24.11" in told
        assert "smtp</strong>" in admin.get("/quan-tri/tuyen", params={"ma": "H24.12"}).text
        assert 'role="alert"' in admin.get("/quan-tri/tuyen", params={"ma": "H99"}).text
        toml = admin.get("/quan-tri/tuyen/1/toml")
        assert b"[transports.giay]" in toml.content and admin.get("/quan-tri/tuyen/1/xlsx").content[:2] == b"PK"
        assert (
            admin.get("/quan-tri/tuyen/1/exe").status_code == 404 and admin.get("/quan-tri/tuyen/9").status_code == 404
        )
        again = admin.post(
            "/quan-tri/tuyen", data={"token": token, "act": "import"}, files={"file": ("t.toml", toml.content)}
        )
        assert again.headers["location"] == "/quan-tri/tuyen/1"  # the same content is the same version
        assert admin.post("/quan-tri/tuyen", data={"token": token, "act": "rollback"}).status_code == 303
    with there.app.database.read() as connection:
        assert keeping.active(connection).version == 0
    assert [k for k in _kinds(there) if k.startswith("route.")] == [
        "route.drafted",
        "route.activated",
        "route.rolled_back",
    ]


def test_every_row_of_a_table_comes_back_from_the_form_as_it_was(there: Office) -> None:
    from congvan_gateway.console import route_form
    from congvan_gateway.routing.model import Table

    table = Table.from_json({
        "groups": {"tỉnh": ["H24.10", "H24.11.*", "@khác"], "khác": ["H24.15"]},
        "transports": {"truc": {"kind": "axis", "url": "https://truc.example.vn", "system_id": "a"}},
        "routes": [
            {"name": "một", "match": {"codes": ["H24.10"], "groups": ["tỉnh"], "days": [1, 2], "hours": "22:00-05:00",
             "urgency_from": 2, "size_to": 1000, "kinds": ["state"], "channels": ["gateway", "plain"]},
             "transports": ["truc", "smtp"], "retry": [60.0, 0.5 * 600], "warn_minutes": 1.5, "tls": "verify",
             "require_tls": True, "pace_per_hour": 10, "note": "ghi chú, có dấu phẩy"},
            {"name": "mọi nơi", "like": "một", "transports": ["smtp"]},
        ],
    })  # fmt: skip
    assert route_form.read(route_form.shown(table)) == table


def test_office_hours_and_swapped_days_show_what_they_move_first(there: Office) -> None:
    agency = there.ids[OWN[0][0]]
    saturday = date(2026, 11, 28)
    with there.enter("quantri") as admin:
        token = token_of(admin)
        day = {"token": token, "agency": agency, "act": "day", "day": saturday.isoformat(), "working": "1",
               "reason": "hoán đổi ngày làm việc", "source": "TB 12"}  # fmt: skip
        looked = admin.post("/quan-tri/gio-lam-viec", data={**day, "look": "1"})
        assert "Chưa có gì được ghi" in looked.text
        assert admin.post("/quan-tri/gio-lam-viec", data=day).status_code == 303
        for wrong in ({"day": "28/11"}, {"reason": ""}, {"hours": "7-x"}):
            assert admin.post("/quan-tri/gio-lam-viec", data={**day, **wrong}).status_code == 400, wrong
        hours = {"token": token, "agency": agency, "act": "hours", "periods": "07:00-11:00, 13:30-16:30",
                 "weekdays": ["0", "1", "2", "3", "4", "5"], "season_from": "05-15", "season_to": "09-15"}  # fmt: skip
        assert admin.post("/quan-tri/gio-lam-viec", data=hours).status_code == 303
        assert admin.post("/quan-tri/gio-lam-viec", data={**hours, "periods": "11:00-07:00"}).status_code == 400
        assert "TB 12" in admin.get("/quan-tri/gio-lam-viec").text
        other = {**day, "agency": there.ids["H24.10"]}
        assert admin.post("/quan-tri/gio-lam-viec", data=other).status_code == 404
    with there.app.database.read() as connection:
        calendar = office_calendar(contact_point_by_id(connection, agency).settings)
    assert calendar.is_working_day(saturday) and calendar.changes[saturday].changed_by.startswith("Phạm Quản Trị")
    assert calendar.hours[0].season is not None and calendar.hours[-1] == DEFAULT_HOURS
    with there.enter("quantri") as admin:
        data = {"token": token_of(admin), "agency": agency, "act": "drop_day", "day": saturday.isoformat()}
        assert admin.post("/quan-tri/gio-lam-viec", data=data).status_code == 303
        data |= {"act": "drop_hours", "index": "0"}
        assert admin.post("/quan-tri/gio-lam-viec", data=data).status_code == 303
        assert admin.post("/quan-tri/gio-lam-viec", data=data).status_code == 400


def test_who_numbers_a_book_is_said_at_the_desk(there: Office) -> None:
    code, agency, year = OWN[0][0], there.ids[OWN[0][0]], vietnam_year(now())
    with there.enter("quantri") as admin:
        data = {"token": token_of(admin), "act": "authority", "agency": agency, "body": code, "direction": "incoming",
                "series": "", "year": str(year), "authority": "external"}  # fmt: skip
        assert admin.post("/quan-tri/so", data=data).status_code == 303
        assert (
            admin.post(
                "/quan-tri/so", data={**data, "direction": "outgoing", "act": "start", "first": "413"}
            ).status_code
            == 303
        )
        for wrong in ({"authority": "nobody"}, {"year": "1999"}, {"body": "H24.10"}, {"act": "x"}):
            assert admin.post("/quan-tri/so", data={**data, **wrong}).status_code == 400, wrong
        assert "413" not in admin.get("/quan-tri/so").text.split("<details>")[0].split("QLVBĐH")[0]
    with there.app.database.read() as connection:
        incoming, outgoing = (find(connection, BookKey(agency, code, d), year) for d in ("incoming", "outgoing"))
    assert incoming is not None and incoming.authority == "external"
    assert outgoing is not None and outgoing.next_number == 413


def _mail(there: Office, state: str) -> str:
    made = new_id()
    with there.app.database.write() as connection:
        connection.execute(
            insert(outbox).values(id=made, agency_id=there.ids[OWN[0][0]], kind="notice", mail_from="a@example.vn",
                                  rcpt_to="b@example.vn", message_id=made, state=state, next_attempt_at=now(), created_at=now())
        )  # fmt: skip
    return made


def _claimed(there: Office) -> list[str]:
    with there.app.database.write() as connection:
        ids = [held.row.id for held in claim(connection, limit=10, lease=timedelta(seconds=60))]
        connection.execute(outbox.update().values(state="deferred", lease_token=None, lease_until=None))
    return ids


def test_sending_is_stopped_and_one_mail_held(there: Office) -> None:
    one, two = _mail(there, "deferred"), _mail(there, "queued")
    with there.enter("quantri") as admin:
        base = {"token": token_of(admin)}
        path = "/quan-tri/hang-doi"
        assert admin.post(path, data={**base, "act": "pause"}).status_code == 400  # a reason is asked for
        assert admin.post(path, data={**base, "act": "pause", "reason": "chuyển máy chủ"}).status_code == 303
        assert "chuyển máy chủ" in admin.get(path).text and _claimed(there) == []
        assert admin.post(path, data={**base, "act": "resume"}).status_code == 303
        assert admin.post(path, data={**base, "act": "hold", "item": one, "reason": "xem lại"}).status_code == 303
        assert "Đang giữ" in admin.get(path).text and _claimed(there) == [two]
        assert admin.post(path, data={**base, "act": "release", "item": two}).status_code == 422
        assert admin.post(path, data={**base, "act": "release", "item": one}).status_code == 303
        assert sorted(_claimed(there)) == sorted([one, two])
        assert admin.post(path, data={**base, "act": "retry", "item": "0" * 32}).status_code == 404
        assert admin.post(path, data={**base, "act": "retry", "item": _mail(there, "failed")}).status_code == 422
    told = [k for k in _kinds(there) if k.startswith("outbox.")]
    assert told == ["outbox.paused", "outbox.resumed", "outbox.held", "outbox.released"]


def test_an_anchor_is_added_only_with_a_compared_fingerprint(there: Office) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    data = _root().public_bytes(Encoding.PEM)
    with there.enter("quantri") as admin:
        base, path = {"token": token_of(admin)}, "/quan-tri/tin-cay"

        def send(act: str, expected: str = "", content: bytes = data) -> Any:
            form = {**base, "act": act, "expected": expected}
            return admin.post(path, data=form, files={"file": ("goc.pem", content)})

        looked = send("look").text
        (fingerprint,) = set(re.findall(r"[0-9a-f]{64}", looked))
        assert "Chưa có gì được ghi" in looked and send("add").status_code == 400
        assert send("add", "00" * 32).status_code == 400 and not list(there.app.trust_folder.glob("*"))
        assert send("look", content=b"nothing").status_code == 400
        assert send("add", fingerprint.upper()).status_code == 303
        assert fingerprint in admin.get(path).text
        gone = {**base, "act": "remove", "sha256": fingerprint}
        assert admin.post(path, data=gone).status_code == 400
        assert admin.post(path, data={**gone, "reason": "thử"}).status_code == 303
        assert fingerprint not in admin.get(path).text
    assert [k for k in _kinds(there) if k.startswith("trust.")] == ["trust.added", "trust.removed"]


def _root() -> Any:
    """A self-signed certificate of an authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Gốc THỬ NGHIỆM")])
    at = now()
    return (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(at).not_valid_after(at + timedelta(days=9))
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip


class Names:
    """A DNS that knows one domain."""

    def __init__(self, **known: list[str]) -> None:
        self.known = known

    def lookup(self, name: str, kind: str, timeout: float) -> list[str]:
        return self.known.get(kind, []) if name == "example.vn" else []


def test_mailboxes_of_the_directory_are_probed(there: Office) -> None:
    assert probe(there.app.database, Names(MX=["10 mx.example.vn."]), now()) == (8, 0)
    assert probe(there.app.database, Names(MX=["0 ."]), now()) == (8, 8)
    assert probe(there.app.database, Names(), now(), contact_point_id=there.ids["H24.10"]) == (1, 1)
    with there.app.database.read() as connection:
        results = set(connection.execute(select(mailbox.c.probe_result)).scalars())
    assert any("RFC 7505" in r for r in results) and any("không tồn tại" in r for r in results)
    with there.enter("quantri") as admin:
        assert "RFC 7505" in admin.get(f"/quan-tri/danh-ba/{there.ids['H24.11']}").text
        assert admin.get("/quan-tri/hop-thu").status_code == 200


def test_programs_are_told_what_was_ended(there: Office) -> None:
    with there.enter("quantri") as admin:
        base, path = {"token": token_of(admin)}, "/quan-tri/chuong-trinh"
        admin.post(path, data={**base, "act": "token", "name": "QLVB", "scopes": "read"})
        admin.post(path, data={**base, "act": "hook", "url": "https://example.vn/hook"})
        page = admin.get(path).text
        (token,), (hook,) = (
            re.findall(r'name="token_id" value="(\w+)"', page),
            re.findall(r'name="hook" value="(\w+)"', page),
        )
        admin.post(path, data={**base, "act": "revoke", "token_id": token})
        assert "Đã thu hồi mã truy cập" in admin.get(path).text
        admin.post(path, data={**base, "act": "unhook", "hook": hook})
        assert "Đã ngừng báo sự kiện" in admin.get(path).text


def test_people_have_addresses_and_their_sessions_are_ended(there: Office) -> None:
    with there.enter("quantri") as admin, there.enter("vanthu") as clerk:
        page = admin.get("/quan-tri/nguoi-dung").text
        assert "vanthu@example.vn" in page
        (target,) = re.findall(r"<code>vanthu</code>.*?name=\"account\" value=\"(\w+)\"", page, re.DOTALL)[:1]
        base = {"token": token_of(admin), "account": target}
        assert admin.post("/quan-tri/nguoi-dung", data={**base, "act": "sessions"}).status_code == 303
        assert clerk.get("/").status_code == 303
        change = {**base, "act": "change", "name": "Văn Thư", "roles": "clerk", "active": "1", "mail": "sai địa chỉ"}
        assert admin.post("/quan-tri/nguoi-dung", data=change).status_code == 400
        assert admin.post("/quan-tri/nguoi-dung", data={**change, "mail": "Moi@Example.vn"}).status_code == 303
        assert "moi@example.vn" in admin.get("/quan-tri/nguoi-dung").text
