"""Where the next hop knows no DSN the sender's address names the sending, and the bounce finds it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message, recipient
from congvan_mailbox.smtp.outcome import Accepted, DsnRequest
from congvan_mailbox.smtp.verp import split, tagged
from support_routing import COMMUNE, due_now, send_to
from support_routing import Scripted as Accepting
from support_smtp_dialog import dialog, mail_line

TAG = "0123456789abcdef0123456789abcdef"


@given(st.from_regex(r"[a-z0-9.+-]{1,28}", fullmatch=True), st.binary(min_size=16, max_size=16))
def test_there_and_back(local: str, octets: bytes) -> None:
    address = f"{local}@a.gov.vn"
    assert split(tagged(address, octets.hex())) == (address, octets.hex())
    assert split(address) == (address, None) or "+cv-" in address


@pytest.mark.parametrize("sender", ["", "a" * 40 + "@b.vn", '"a b"@c.vn', "khong-co-mien"])
def test_what_cannot_carry_it_stays(sender: str) -> None:
    assert tagged(sender, TAG) == sender
    assert tagged("a@b.vn", "ngan") == "a@b.vn"


@pytest.mark.parametrize(
    ("offered", "sender"), [("SIZE 1000", f"<vanthu+cv-{TAG}@us.test>"), ("DSN", "<vanthu@us.test>")]
)
async def test_only_where_the_hop_has_no_dsn(offered: str, sender: str) -> None:
    (outcome,), server = await dialog(offered, sender="vanthu@us.test", verp=TAG, dsn=DsnRequest(envid=TAG))
    assert isinstance(outcome, Accepted) and sender in mail_line(server)


async def test_a_hop_that_refuses_the_parameters_gets_the_address_instead() -> None:
    (_,), server = await dialog(
        "DSN", sender="vanthu@us.test", verp=TAG, dsn=DsnRequest(envid=TAG), script={"mail": ["555 5.5.4 no", "250 ok"]}
    )
    assert sum("+cv-" in line for line in server.commands) == 1


async def test_the_bounce_to_such_an_address_is_about_that_sending(app: App, tmp_path: Path) -> None:
    document_id = send_to(app, COMMUNE)
    due_now(app)
    assert await Dispatcher(app, Accepting()).step() == 1
    with app.database.read() as connection:
        row = connection.execute(select(recipient).where(recipient.c.document_id == document_id)).one()
    # A bounce of an old server: free words, no report part, nothing of our mail returned.
    raw = (
        b"From: MAILER-DAEMON@relay.example.vn\r\nTo: vanthu@own.example.vn\r\nSubject: Undelivered Mail Returned\r\n"
        b"Message-ID: <b1@relay.example.vn>\r\nAuto-Submitted: auto-replied\r\n\r\n"
        b"I could not deliver your message.\r\n<vanthu@commune.example.vn>: 550 5.1.1 user unknown\r\n"
    )
    path = tmp_path / "b.eml"
    path.write_bytes(raw)
    taken = await asyncio.to_thread(
        take_in_file, app, path, sender="", recipients=[tagged("vanthu@own.example.vn", row.envid)]
    )
    assert taken["state"] == "ignored", taken
    with app.database.read() as connection:
        after = connection.execute(select(recipient).where(recipient.c.id == row.id)).one()
        arrived = connection.execute(select(message)).one()
    assert after.state == "failed" and arrived.rcpt_to == "vanthu@own.example.vn" and arrived.agency_id
