"""Extensions that few speak: asked for only where the next hop offers them, each seen in the dialog itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from congvan_core.documents.model import Urgency
from congvan_gateway.dispatch.courier_smtp import Hop, SmtpCourier
from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_mailbox.smtp.client_options import ClientOptions, Timeouts
from congvan_mailbox.smtp.extensions import mail_parameters, session_limit
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Outcome, OutgoingMail
from congvan_mailbox.smtp.tls_policy import TlsMode, TlsPolicy
from support_routing import WARD, open_installation, put_table, send_to
from support_routing import Scripted as Remembering
from support_smtp_server import Scripted

RAW = b"Subject: 1\r\n\r\nmot\r\n"
EHLO = "250-fake\r\n250-PIPELINING\r\n250 {}"


async def dialog(offered: str, mails: int = 1, *, bdat: bool = False, **wishes: Any) -> tuple[list[Outcome], Scripted]:
    async with Scripted({"ehlo": EHLO.format(offered.replace("|", "\r\n250 "))}).running() as server:
        options = ClientOptions(tls=TlsPolicy(TlsMode.NONE), timeouts=Timeouts().scaled(0.01), prefer_bdat=bdat)
        courier = SmtpCourier(lambda _domain: Hop("127.0.0.1", server.port, options), deadline=20)
        mail = OutgoingMail("a@us.test", "b@them.test", RAW, **wishes)
        outcomes = [await courier.deliver(mail) for _ in range(mails)]
        await courier.close()
        return outcomes, server


def mail_line(server: Scripted) -> str:
    return next(line for line in server.commands if line.upper().startswith("MAIL"))


@pytest.mark.parametrize(
    ("offered", "wishes", "words"),
    [
        ("MT-PRIORITY", {"priority": 6}, "MT-PRIORITY=6"),
        ("MT-PRIORITY", {"priority": 40}, "MT-PRIORITY=9"),
        ("DELIVERBY", {"deliver_by": 3600}, "BY=3600;N"),
        ("DELIVERBY 1200", {"deliver_by": 1200}, "BY=1200;N"),
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


async def test_chunks_where_the_route_wants_them() -> None:
    _, server = await dialog("CHUNKING", bdat=True)
    assert f"BDAT {len(RAW)} LAST" in server.commands and "DATA" not in server.commands
    _, server = await dialog("CHUNKING")
    assert "DATA" in server.commands


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
    assert [(mail.priority, mail.raw[-1:]) for mail in courier.carried if isinstance(mail.raw, bytes)] == [
        (6, b"2"), (2, b"3"), (0, b"1"),
    ]  # fmt: skip
    assert all(mail.require_tls and mail.require_tls_onward and mail.deliver_by == 7200 for mail in courier.carried)


def test_parameters_of_a_plain_mail_are_none() -> None:
    every = {"MT-PRIORITY": "", "REQUIRETLS": "", "DELIVERBY": ""}
    assert mail_parameters(OutgoingMail("a@b.vn", "c@d.vn", RAW), every) == []
