"""A real Postfix hands one mail for several mailboxes to our LMTP door: each has its own answer (RFC 2033 4.2)."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Iterator

import pytest

from congvan_mailbox.reports import classify
from congvan_mailbox.smtp.door import DoorServer, Endpoint
from congvan_mailbox.smtp.policy import DoorPolicy
from support_door import OursIsOursVn, RemembersEverything
from support_postfix import PostfixInstance, free_port

pytestmark = pytest.mark.real("postfix")

SENDER = "a@boxes.test"
MAIL = b"From: a@boxes.test\r\nSubject: thu\r\nMessage-ID: <mot@boxes.test>\r\n\r\nKinh gui\r\n"


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def postfix(port: int) -> Iterator[PostfixInstance]:
    routes = {
        "boxes.test": "maildir",
        "ours.test": f"lmtp:inet:127.0.0.1:{port}",
        "other.test": f"lmtp:inet:127.0.0.1:{port}",
    }
    with PostfixInstance(routes=routes, mailboxes=[SENDER]) as instance:
        yield instance


def hand_in(postfix: PostfixInstance, recipients: list[str]) -> None:
    """One transaction, with the wishes of RFC 3461 for everybody."""
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as client:
        client.ehlo("us.test")
        client.mail(SENDER, ["RET=HDRS", "ENVID=thu-1"])
        for address in recipients:
            code, text = client.rcpt(address, ["NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{address}"])
            assert code == 250, text
        assert client.data(MAIL)[0] == 250


async def test_each_recipient_has_its_own_answer(postfix: PostfixInstance, port: int) -> None:
    store = RemembersEverything()
    policy = DoorPolicy(hostname="mx.ours.test", dsn=True, chunking=True)
    server = DoorServer(OursIsOursVn(), store, policy, [Endpoint(port=port)], lmtp=True)
    await server.start()
    try:
        wanted = ["mot@ours.test", "hai@ours.test", "slow@ours.test", "khong@other.test"]
        await asyncio.to_thread(hand_in, postfix, wanted)
        (bounce,) = await asyncio.to_thread(postfix.wait_for_mails, SENDER, 1)
        for _ in range(200):
            if store.mails:
                break
            await asyncio.sleep(0.05)
    finally:
        await server.close(1)

    # The unknown mailbox alone failed; the report names it and nobody else.
    read = classify(bounce)
    assert read.kind.value == "bounce" and read.report is not None
    assert [(r.address, r.action.value, r.status) for r in read.report.recipients] == [
        ("khong@other.test", "failed", "5.1.1")
    ]
    assert read.report.original_envelope_id == "thu-1" and read.report.original_message_id == "<mot@boxes.test>"

    # The two good ones are kept once, with what was asked of us (DSN as a server).
    kept = [(r.address, r.notify, r.orcpt) for envelope, _ in store.mails for r in envelope.recipients]
    assert sorted(kept) == [(name, "SUCCESS,FAILURE", f"rfc822;{name}") for name in ("hai@ours.test", "mot@ours.test")]
    assert {envelope.envid for envelope, _ in store.mails} == {"thu-1"}
    # The one that hesitates waits in the queue, neither lost nor failed.
    assert len(postfix.queue()) == 1
    assert len(postfix.mails(SENDER)) == 1
