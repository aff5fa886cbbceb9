"""Extensions that few speak: asked for only where the next hop offers them, each seen in the dialog itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from congvan_core.documents.model import Urgency
from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_mailbox.smtp.extensions import mail_parameters, session_limit
from congvan_mailbox.smtp.outcome import Accepted, Deferred, OutgoingMail, Refused
from support_routing import WARD, open_installation, put_table, send_to
from support_routing import Scripted as Remembering
from support_smtp_dialog import RAW, dialog, mail_line


@pytest.mark.parametrize(
    ("offered", "wishes", "words"),
    [
        ("MT-PRIORITY", {"priority": 6}, "MT-PRIORITY=6"),
        ("MT-PRIORITY", {"priority": 40}, "MT-PRIORITY=9"),
        ("DELIVERBY", {"deliver_by": 3600}, "BY=3600;N"),
        ("DELIVERBY 1200", {"deliver_by": 1200}, "BY=1200;N"),
        ("FUTURERELEASE 86400 2030-01-01T00:00:00Z", {"hold_for": 3600}, "HOLDFOR=3600"),
    ],
)
async def test_what_is_offered_is_used(offered: str, wishes: dict[str, Any], words: str) -> None:
    (outcome,), server = await dialog(offered, **wishes)
    assert isinstance(outcome, Accepted) and mail_line(server).endswith(f" {words}")


@pytest.mark.parametrize(
    ("offered", "wishes"),
    [
        ("SIZE 100000", {"priority": 6, "deliver_by": 3600}),
        ("MT-PRIORITY", {"priority": 0}),
        ("DELIVERBY 7200", {"deliver_by": 3600}),  # below the server's minimum: refused if asked (RFC 2852 4.1.4)
        ("DELIVERBY", {"deliver_by": 10_000_000_000}),
    ],
)
async def test_what_is_not_offered_is_not_asked(offered: str, wishes: dict[str, Any]) -> None:
    (outcome,), server = await dialog(offered, **wishes)
    assert isinstance(outcome, Accepted)
    assert "PRIORITY" not in mail_line(server) and "BY=" not in mail_line(server)


async def test_encryption_onward_is_promised_or_the_mail_waits() -> None:
    (outcome,), server = await dialog("SIZE 100000", require_tls_onward=True)
    assert isinstance(outcome, Deferred) and outcome.operator and outcome.enhanced == "5.7.30"
    assert not any(line.upper().startswith("MAIL") for line in server.commands), "nothing of the mail was shown"
    (outcome,), server = await dialog("REQUIRETLS", require_tls_onward=True)
    assert isinstance(outcome, Accepted) and mail_line(server).endswith(" REQUIRETLS")


async def test_a_session_ends_after_the_mails_that_the_server_takes() -> None:
    outcomes, server = await dialog("LIMITS MAILMAX=2 RCPTMAX=100", mails=4)
    assert all(isinstance(o, Accepted) for o in outcomes)
    assert server.connections == 2
    _, server = await dialog("LIMITS MAILMAX=x", mails=4)
    assert server.connections == 1


@pytest.mark.parametrize("text", ["", "MAILMAX", "MAILMAX=", "MAILMAX=-1", "MAILMAX=0", "MAILMAX=9999999", "RCPTMAX=5"])
def test_limits_that_say_nothing(text: str) -> None:
    assert session_limit({"LIMITS": text}, "MAILMAX") is None


async def test_chunks_where_they_are_offered_with_the_right_size() -> None:
    for raw in (RAW, RAW * 30_000):
        (outcome,), server = await dialog("CHUNKING", raw=raw)
        assert isinstance(outcome, Accepted) and server.mails == [raw]
        assert f"BDAT {len(raw)} LAST" in server.commands and "DATA" not in server.commands
    for offered, bdat in (("CHUNKING", False), ("8BITMIME", True)):
        (outcome,), server = await dialog(offered, bdat=bdat)
        assert isinstance(outcome, Accepted) and "DATA" in server.commands


@pytest.mark.parametrize("raw", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n\r", RAW * 30_000 + b"\n"])
async def test_bare_line_ends_travel_as_binary_only(raw: bytes) -> None:
    for offered, body in (("CHUNKING", "7BIT"), ("CHUNKING|8BITMIME", "8BITMIME"), ("SIZE", "7BIT")):
        (outcome,), server = await dialog(offered, raw=raw, body=body)
        assert isinstance(outcome, Refused) and outcome.enhanced == "5.6.0", offered
        assert server.mails == [], "nothing that the server could take for a whole mail"
    (outcome,), server = await dialog("CHUNKING|BINARYMIME|8BITMIME", raw=raw, body="BINARYMIME")
    assert isinstance(outcome, Accepted) and server.mails == [raw] and "BODY=BINARYMIME" in mail_line(server)
    (outcome,), _ = await dialog("CHUNKING|8BITMIME", raw=raw, body="BINARYMIME")
    assert isinstance(outcome, Refused) and outcome.enhanced == "5.6.3"


@pytest.mark.parametrize("offered", ["SIZE 1000", "FUTURERELEASE 60 2030-01-01T00:00:00Z", "FUTURERELEASE x"])
async def test_a_hop_that_cannot_hold_it_does_not_get_it(offered: str) -> None:
    (outcome,), server = await dialog(offered, hold_for=3600)
    assert isinstance(outcome, Deferred) and not any(c.upper().startswith("MAIL") for c in server.commands)


async def test_the_urgent_leave_first_and_say_so(tmp_path: Path) -> None:
    app, _ = open_installation(tmp_path, delivery={"concurrency": 1})
    try:
        put_table(app, {"routes": [{"name": "tất cả", "transports": ["smtp"], "fail_hours": 2, "require_tls": True}]})
        send_to(app, WARD, number="1")
        send_to(app, WARD, number="2", urgency=Urgency.EXPRESS)
        send_to(app, WARD, number="3", urgency=Urgency.URGENT)
        courier = Remembering()
        dispatcher = Dispatcher(app, courier)
        for _ in range(3):
            await dispatcher.step()
    finally:
        app.close()
    assert [(mail.priority, mail.whole[-1:]) for mail in courier.carried] == [
        (6, b"2"), (2, b"3"), (0, b"1"),
    ]  # fmt: skip
    assert all(mail.require_tls and mail.require_tls_onward and mail.deliver_by == 7200 for mail in courier.carried)


def test_parameters_of_a_plain_mail_are_none() -> None:
    every = {"MT-PRIORITY": "", "REQUIRETLS": "", "DELIVERBY": ""}
    assert mail_parameters(OutgoingMail("a@b.vn", "c@d.vn", RAW), every) == []
