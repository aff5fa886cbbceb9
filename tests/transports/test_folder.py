"""Folders: placed whole or not at all, read when they rest, one document however it is carried."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from congvan_core.documents.store import arrivals_of
from congvan_core.storage.schema import document
from congvan_gateway.dispatch.arriving import read_folder
from congvan_gateway.dispatch.courier_folder import FolderCourier, folder_name, safe_name
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Refused
from support_exchange import carry
from support_pki import LivePki
from support_station import A, B, Station, make_station
from support_transports import INSIDE, issue, judge_all, sealed


@pytest.fixture
def stations(tmp_path: Path, pki: LivePki) -> tuple[Station, Station]:
    return (
        make_station(tmp_path, A, B, pki, relay_port=9, own_sections=INSIDE),
        make_station(tmp_path, B, A, pki, relay_port=9, own_sections=INSIDE),
    )


def rest(folder: Path) -> None:
    """As if everything had been copied a while ago."""
    then = time.time() - 60
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (then, then))


def states(app: App) -> list[str]:
    with app.database.read() as connection:
        return [r.state for r in connection.execute(select(message).order_by(message.c.received_at))]


@pytest.mark.parametrize("contents", ["all", "mail"])
async def test_by_stick_and_by_mail_is_one_document(
    tmp_path: Path, pki: LivePki, stations: tuple[Station, Station], contents: str
) -> None:
    a, b = stations
    stick = tmp_path / "usb"
    with a.app() as app_a, b.app() as app_b:
        issue(app_a, pki, tmp_path)
        (mail,) = sealed(app_a)
        courier = FolderCourier(stick, contents)
        assert isinstance(await courier.deliver(mail), Accepted)
        assert isinstance(await courier.deliver(mail), Accepted)
        (placed,) = stick.iterdir()
        names = {p.name for p in placed.iterdir()}
        assert "thu.eml" in names and ("goi.edxml" in names) is (contents == "all")
        assert read_folder(app_b, "usb", stick) == 0, "freshly written: whoever copies may not be done"
        rest(stick)
        assert read_folder(app_b, "usb", stick) == 1
        assert read_folder(app_b, "usb", stick) == 0 and (stick / ".da-nhan" / placed.name).is_dir()
        judge_all(app_b)
        assert states(app_b) == ["registered"], "the signed mail proves its origin on a stick too"
        carry(tmp_path, app_a, app_b, "package")
        with app_b.database.read() as connection:
            (kept,) = connection.execute(select(document)).all()
            assert [x["channel"] for x in arrivals_of(connection, kept.id)] == ["usb", "email"]


async def test_files_alone_wait_for_a_clerk(tmp_path: Path, pki: LivePki, stations: tuple[Station, Station]) -> None:
    a, b = stations
    stick = tmp_path / "usb"
    with a.app() as app_a, b.app() as app_b:
        issue(app_a, pki, tmp_path)
        (mail,) = sealed(app_a)
        assert isinstance(await FolderCourier(stick, "files").deliver(mail), Accepted)
        rest(stick)
        assert read_folder(app_b, "usb", stick) == 1
        judge_all(app_b)
        with app_b.database.read() as connection:
            row = connection.execute(select(message)).one()
        assert (row.state, row.kind, row.number) == ("held", "package", "12"), row.codes


async def test_what_cannot_be_read_is_set_aside_and_strangers_names_stay_inside(
    tmp_path: Path, stations: tuple[Station, Station]
) -> None:
    _, b = stations
    inbox = tmp_path / "den"
    (inbox / "rong").mkdir(parents=True)
    (inbox / "rong" / "anh.jpg").write_bytes(b"x")
    (inbox / "hong.edxml").write_bytes(b"<!DOCTYPE x [<!ENTITY e 'x'>]><x/>")
    (inbox / "dang-chep.part").write_bytes(b"x")
    (inbox / "ghi-chu.txt").write_bytes(b"x")
    (inbox / "link.eml").symlink_to("/etc/passwd")
    (inbox / "thu.eml").write_bytes(b"From: a@x.vn\nTo: vanthu@b.example.vn\nSubject: chao\n\nthan\n")
    rest(inbox)
    with b.app() as app:
        assert read_folder(app, "usb", inbox) == 3
        assert sorted(p.name for p in (inbox / ".giu-lai").iterdir()) == ["hong.edxml", "rong"]
        assert (inbox / "link.eml").is_symlink() and (inbox / "dang-chep.part").exists()
        judge_all(app)
        assert len(states(app)) == 1
        assert read_folder(app, "usb", tmp_path / "khong-co") == 0


async def test_a_place_that_is_away_is_not_the_mails_fault(
    tmp_path: Path, pki: LivePki, stations: tuple[Station, Station]
) -> None:
    a, _ = stations
    blocked = tmp_path / "tep"
    blocked.write_bytes(b"a file, not a folder")
    with a.app() as app_a:
        issue(app_a, pki, tmp_path)
        (mail,) = sealed(app_a)
        outcome = await FolderCourier(blocked).deliver(mail)
        assert isinstance(outcome, Deferred) and outcome.operator
    from congvan_mailbox.smtp.outcome import OutgoingMail

    letter = OutgoingMail("a@x.vn", "b@y.vn", b"Subject: thu\r\n\r\nchao\r\n")
    assert isinstance(await FolderCourier(tmp_path / "ra", "files").deliver(letter), Refused)
    assert not (tmp_path / "ra").exists()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\x.pdf", "a/b.pdf", "", "...", "con\x00.pdf", "x" * 400 + ".pdf"]
)
def test_names_cannot_leave_their_folder(name: str) -> None:
    made = safe_name(name, {})
    assert made and "/" not in made and "\\" not in made and not made.startswith(".") and len(made) <= 200
    assert safe_name(name, {made: b""}) != made
    assert "/" not in folder_name(f"<{name}@x>", name)
