"""The directory answers for a day: mergers, old codes, personal mailboxes, look-alikes (Điều 5, 13.4).

Quy chế Điều 1.1; Điều 2; Điều 13.4.
"""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from congvan_core.agencies.editing import abolish, add_body, add_contact_point, add_mailbox, update_entry
from congvan_core.agencies.lookup import (
    bodies_of,
    by_address,
    by_code,
    by_name,
    main_mailbox,
    names_like,
    own_agencies,
    own_mailbox,
)
from congvan_core.agencies.recipients import resolve_recipient
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from congvan_core.storage.database import Database
from congvan_core.storage.schema import event

TODAY = date(2026, 11, 22)
OLD = date(2025, 6, 28)


@pytest.fixture
def city(database: Database) -> Database:
    """Two look-alike communes, a ward's office for two bodies, a district abolished on 01/7/2025."""
    with database.write() as connection:
        for code, name in (("H24.55", "Xã Cẩm Giàng"), ("H24.56", "Xã Cẩm Giang")):
            point = add_contact_point(connection, code, f"Ủy ban nhân dân {name}", actor="a")
            add_body(connection, point.id, code, f"Ủy ban nhân dân {name}", actor="a")
            add_mailbox(
                connection,
                point.id,
                f"{'g' if 'à' in name else 'o'}@camgiang.test",
                actor="a",
                test_environment=True,
                gateway=True,
            )
        office = add_contact_point(connection, "H24.90", "Văn phòng HĐND và UBND phường Thí Điểm", actor="a", own=True)
        add_body(connection, office.id, "H24.90.01", "Hội đồng nhân dân phường Thí Điểm", actor="a")
        add_body(connection, office.id, "H24.90.02", "Ủy ban nhân dân phường Thí Điểm", actor="a")
        for address, kind, role in (
            ("vanthu@thidiem.test", "official", "main"),
            ("nguyenvana@gmail.com", "personal", "main"),
            ("kiemtra@thidiem.test", "official", "check"),
        ):
            add_mailbox(connection, office.id, address, actor="a", test_environment=True, kind=kind, role=role)
        district = add_contact_point(connection, "000.05.17.H24", "Ủy ban nhân dân huyện X", actor="a")
        add_body(connection, district.id, "000.05.17.H24", "Ủy ban nhân dân huyện X", actor="a")
        add_mailbox(connection, district.id, "huyenx@haiphong.test", actor="a", test_environment=True)
        abolish(connection, "H24.17.05", last_day=date(2025, 6, 30), successor_code="H24.90.02", actor="a")
    return database


def test_codes_in_both_forms_are_one(city: Database) -> None:
    with city.read() as connection:
        for code in ("000.05.17.H24", "H24.17.05", " h24.17.05 "):
            found = by_code(connection, code, OLD)
            assert found is not None and found.in_force
            assert found.body is not None and found.body.raw_code == "000.05.17.H24"
        assert by_code(connection, "H24.999", TODAY) is None
        assert by_code(connection, "", TODAY) is None


def test_an_abolished_body_keeps_its_entry_and_names_its_successor(city: Database) -> None:
    with city.read() as connection:
        gone = by_code(connection, "H24.17.05", TODAY)
        assert gone is not None and not gone.in_force
        assert gone.name == "Ủy ban nhân dân huyện X"
        with pytest.raises(RefusedError, match="phường Thí Điểm") as refusal:
            resolve_recipient(connection, "000.05.17.H24", TODAY)
        assert refusal.value.details["successor"] == "H24.90.02"
        with pytest.raises(RefusedError, match="30/06/2025"):
            resolve_recipient(connection, "huyenx@haiphong.test", TODAY)
        assert resolve_recipient(connection, "000.05.17.H24", OLD).address == "huyenx@haiphong.test"
        heir = by_code(connection, "H24.90.02", TODAY)
        assert heir is not None and heir.body is not None and heir.body.predecessor_code == "H24.17.05"


def test_one_contact_point_serves_two_bodies(city: Database) -> None:
    with city.read() as connection:
        council = resolve_recipient(connection, "H24.90.01", TODAY)
        committee = resolve_recipient(connection, "H24.90.02", TODAY)
        office = resolve_recipient(connection, "H24.90", TODAY)
        assert {council.address, committee.address, office.address} == {"vanthu@thidiem.test"}
        assert council.contact_point.id == committee.contact_point.id == office.contact_point.id
        assert (council.name, council.code) == ("Hội đồng nhân dân phường Thí Điểm", "H24.90.01")
        assert office.body is None
        assert [body.code for body in bodies_of(connection, office.contact_point.id, TODAY)] == [
            "H24.90.01",
            "H24.90.02",
        ]


def test_a_personal_mailbox_is_refused_with_the_right_one_offered(city: Database) -> None:
    with city.read() as connection:
        with pytest.raises(RefusedError, match=r"hộp thư cá nhân.*vanthu@thidiem.test"):
            resolve_recipient(connection, "NguyenVanA@gmail.com", TODAY)
        with pytest.raises(RefusedError, match="hộp thư kiểm tra"):
            resolve_recipient(connection, "kiemtra@thidiem.test", TODAY)
        with pytest.raises(NotFoundError, match="không có hộp thư"):
            resolve_recipient(connection, "ai@gmail.com", TODAY)
        found = resolve_recipient(connection, "VANTHU@THIDIEM.TEST", TODAY)
        assert found.address == "vanthu@thidiem.test"


def test_a_citizen_may_have_any_mailbox(city: Database) -> None:
    with city.write() as connection:
        citizen = add_contact_point(connection, "0123456789", "Công ty Mẫu", actor="a", kind="organisation")
        add_mailbox(connection, citizen.id, "mau@gmail.com", actor="a")
    with city.read() as connection:
        assert resolve_recipient(connection, "mau@gmail.com", TODAY).name == "Công ty Mẫu"
        assert resolve_recipient(connection, "0123456789", TODAY).address == "mau@gmail.com"


def test_look_alikes_are_never_merged(city: Database) -> None:
    with city.read() as connection:
        one = resolve_recipient(connection, "Ủy ban nhân dân Xã Cẩm Giàng", TODAY)
        other = resolve_recipient(connection, "ủy ban nhân dân xã Cẩm Giang", TODAY)
        assert (one.code, other.code) == ("H24.55", "H24.56")
        assert len(names_like(connection, "cam giang", TODAY)) == 2
        assert by_name(connection, "Uy ban nhan dan xa Cam Giang", TODAY) == []
        with pytest.raises(NotFoundError) as unknown:
            resolve_recipient(connection, "uy ban nhan dan xa cam giang", TODAY)
        assert unknown.value.details["offers"] == ["H24.55", "H24.56"]


def test_own_mailboxes_and_no_others(city: Database) -> None:
    with city.read() as connection:
        assert [point.code for point in own_agencies(connection, TODAY)] == ["H24.90"]
        assert own_mailbox(connection, "VanThu@ThiDiem.test", TODAY) is not None
        assert own_mailbox(connection, "g@camgiang.test", TODAY) is None
        assert own_mailbox(connection, "", TODAY) is None


def test_international_domains_and_odd_addresses(city: Database) -> None:
    with city.write() as connection:
        point = own_agencies(connection)[0]
        box = add_mailbox(connection, point.id, "VanThu@thủnghiệm.vn", actor="a")
        assert box.address.startswith("VanThu@xn--")
        assert by_address(connection, "vanthu@thủnghiệm.vn", TODAY) is not None
        assert by_address(connection, f"<{box.address.upper()}>", TODAY) is not None
        for odd in ("", "@", "a@", "@b", "x" * 999, "a@\udcff.vn", "a@ß..vn", "\x00@b.vn"):
            assert by_address(connection, odd.replace("\x00", "\x01"), TODAY) is None
        for bad in ("", "khong-phai-thu", "a b@x.vn", "a@localhost", "a@x.test", "a@" + "b" * 400 + ".vn"):
            with pytest.raises(InputError):
                add_mailbox(connection, point.id, bad, actor="a")


def test_an_address_belongs_to_one_contact_point_at_a_time(city: Database) -> None:
    with city.write() as connection:
        other = by_code(connection, "H24.55", TODAY)
        assert other is not None
        with pytest.raises(ConflictError):
            add_mailbox(connection, other.contact_point.id, "vanthu@thidiem.test", actor="a", test_environment=True)
        mine = by_address(connection, "vanthu@thidiem.test", TODAY)
        assert mine is not None
        update_entry(connection, "mailbox", mine[0].id, actor="a", valid_to=date(2026, 12, 31))
        add_mailbox(
            connection,
            other.contact_point.id,
            "vanthu@thidiem.test",
            actor="a",
            test_environment=True,
            valid_from=date(2027, 1, 1),
        )
        later = by_address(connection, "vanthu@thidiem.test", date(2027, 2, 1))
        assert later is not None and later[1].code == "H24.55"
        assert main_mailbox(connection, mine[1].id, date(2027, 2, 1)) is None


def test_changes_leave_before_and_after_in_the_journal(city: Database) -> None:
    with city.write() as connection:
        body = bodies_of(connection, own_agencies(connection)[0].id)[1]
        changes = update_entry(connection, "body", body.id, actor="quản trị", name="Ủy ban nhân dân phường Mới")
        assert changes["name"] == ("Ủy ban nhân dân phường Thí Điểm", "Ủy ban nhân dân phường Mới")
        assert update_entry(connection, "body", body.id, actor="quản trị", name="Ủy ban nhân dân phường Mới") == {}
        renamed = bodies_of(connection, own_agencies(connection)[0].id)[1]
        assert renamed.name_on(OLD) == "Ủy ban nhân dân phường Thí Điểm"
        assert renamed.name_on(date(2100, 1, 1)) == "Ủy ban nhân dân phường Mới"
        told = connection.execute(select(event.c.data).where(event.c.kind == "body.changed")).scalars().all()
        assert '"Ủy ban nhân dân phường Thí Điểm","Ủy ban nhân dân phường Mới"' in told[-1]
        for wrong in ({"code": "X"}, {"name": ""}, {"name": "x" * 201}):
            with pytest.raises(InputError):
                update_entry(connection, "body", body.id, actor="a", **wrong)
        with pytest.raises(InputError, match="trước ngày bắt đầu"):
            update_entry(connection, "body", body.id, actor="a", valid_from=TODAY, valid_to=OLD)
        with pytest.raises(NotFoundError):
            update_entry(connection, "body", "0" * 32, actor="a", name="x")


def test_a_code_may_not_be_given_twice_in_the_same_time(city: Database) -> None:
    with city.write() as connection:
        with pytest.raises(ConflictError):
            add_contact_point(connection, "000.00.55.H24", "khác", actor="a")
        with pytest.raises(InputError):
            add_contact_point(connection, "mã sai", "khác", actor="a")
        with pytest.raises(InputError):
            add_contact_point(connection, "H24.77", "khác", actor="a", kind="unknown")
