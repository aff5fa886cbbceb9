"""The courier and the door against a real Postfix."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from congvan_gateway.dispatch.courier_smtp import Hop, SmtpCourier
from congvan_mailbox.smtp.client_options import ClientOptions
from congvan_mailbox.smtp.outcome import Accepted, Deferred, DsnRequest, OutgoingMail, Refused, Stage
from support_door import RemembersEverything, open_door
from support_postfix import PostfixInstance, free_port

pytestmark = pytest.mark.real("postfix")


@pytest.fixture(scope="module")
def door_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def postfix(door_port: int) -> Iterator[PostfixInstance]:
    routes = {
        "boxes.test": "maildir",
        "ours.test": f"smtp:[127.0.0.1]:{door_port}",
        "lmtp.test": f"lmtp:inet:127.0.0.1:{door_port}",
        "dead.test": "error:5.1.10 moved",
    }
    mailboxes = ["vt@boxes.test", "a@boxes.test"]
    with PostfixInstance(routes=routes, mailboxes=mailboxes, size_limit=20_000_000) as instance:
        yield instance


def courier(postfix: PostfixInstance, **options: object) -> SmtpCourier:
    hop = Hop("127.0.0.1", postfix.port, ClientOptions(helo="us.test", **options))  # type: ignore[arg-type]
    return SmtpCourier(lambda domain: hop)


def message(size: int, seed: int = 1) -> bytes:
    rng = random.Random(seed)
    lines = [
        b"Subject: thu",
        b"From: a@us.test",
        b"Date: Sun, 22 Nov 2026 08:00:00 +0700",
        b"Message-ID: <%d@us.test>" % seed,
        b"",
    ]
    while size > 0:
        lines.append(rng.choice([b"", b".", b"..", b".x", b"x" * 70, b"From here", b"  "]))
        size -= len(lines[-1]) + 2
    return b"\r\n".join([*lines, b""])


@pytest.mark.parametrize("bdat", [False, True])
async def test_delivered_whole(postfix: PostfixInstance, bdat: bool, tmp_path: Path) -> None:
    sender = courier(postfix, prefer_bdat=bdat)
    raws = [message(size, seed=size) for size in (10, 3_000, 400_000)]
    before = len(postfix.mails("vt@boxes.test"))
    big = tmp_path / "big.eml"
    big.write_bytes(raws[-1])
    for raw in (raws[0], raws[1], big):
        assert isinstance(await sender.deliver(OutgoingMail("a@boxes.test", "vt@boxes.test", raw)), Accepted)
    await sender.close()
    arrived = await asyncio.to_thread(postfix.wait_for_mails, "vt@boxes.test", before + 3)
    bodies = sorted((mail[mail.index(b"Subject: thu") :] for mail in arrived[before:]), key=len)
    for raw, body in zip(raws, bodies, strict=True):
        assert body == raw.replace(b"\r\n", b"\n")


async def test_unknown_mailbox_relay_and_size(postfix: PostfixInstance) -> None:
    sender = courier(postfix)
    outcome = await sender.deliver(OutgoingMail("a@boxes.test", "nobody@boxes.test", message(10)))
    assert isinstance(outcome, Refused) and outcome.enhanced == "5.1.1" and outcome.stage is Stage.RCPT
    outcome = await sender.deliver(OutgoingMail("a@boxes.test", "vt@boxes.test", message(21_000_000)))
    assert isinstance(outcome, Refused) and outcome.enhanced == "5.3.4"
    await sender.close()


async def test_delivery_report_with_our_envid(postfix: PostfixInstance) -> None:
    sender = courier(postfix)
    before = len(postfix.mails("a@boxes.test"))
    dsn = DsnRequest(envid="id+1=x", notify="SUCCESS,FAILURE", orcpt="vt@boxes.test")
    await sender.deliver(OutgoingMail("a@boxes.test", "vt@boxes.test", message(10), dsn=dsn))
    await sender.close()
    report = (await asyncio.to_thread(postfix.wait_for_mails, "a@boxes.test", before + 1))[-1]
    assert b"Original-Envelope-Id: id+1=x" in report or b"Original-Envelope-Id: id+2B1+3Dx" in report
    assert b"Action: delivered" in report


async def test_postfix_away_and_back(postfix: PostfixInstance) -> None:
    sender = courier(postfix)
    mail = OutgoingMail("a@boxes.test", "vt@boxes.test", message(10))
    assert isinstance(await sender.deliver(mail), Accepted)
    await asyncio.to_thread(postfix.halt)
    outcome = await sender.deliver(mail)
    assert isinstance(outcome, Deferred) and outcome.stage is Stage.CONNECT
    await asyncio.to_thread(postfix.resume)
    assert isinstance(await sender.deliver(mail), Accepted)
    await sender.close()


@pytest.mark.parametrize(("domain", "lmtp"), [("ours.test", False), ("lmtp.test", True)])
async def test_postfix_hands_over_to_our_door(
    postfix: PostfixInstance, door_port: int, domain: str, lmtp: bool
) -> None:
    from congvan_mailbox.smtp.door import DoorServer, Endpoint
    from congvan_mailbox.smtp.handler import ACCEPTED, UNKNOWN_MAILBOX, Decision, SessionFacts
    from congvan_mailbox.smtp.policy import DoorPolicy

    class OnlyVt:
        async def rcpt(self, address: str, session: SessionFacts) -> Decision:
            return ACCEPTED if address.startswith("vt") else UNKNOWN_MAILBOX

        async def authenticate(self, user: str, password: str, session: SessionFacts) -> bool:
            return False

    store = RemembersEverything()
    policy = DoorPolicy(hostname="mx.ours.test", chunking=True, dsn=True)
    server = DoorServer(OnlyVt(), store, policy, [Endpoint(port=door_port)], lmtp=lmtp)
    await server.start()
    sender = courier(postfix)
    raws = [message(size, seed=size) for size in (0, 500, 300_000)]
    for raw in raws:
        assert isinstance(await sender.deliver(OutgoingMail("a@boxes.test", f"vt@{domain}", raw)), Accepted)
    before = len(postfix.mails("a@boxes.test"))
    assert isinstance(await sender.deliver(OutgoingMail("a@boxes.test", f"no@{domain}", raws[0])), Accepted)
    bounce = (await asyncio.to_thread(postfix.wait_for_mails, "a@boxes.test", before + 1))[-1]
    assert b"Status: 5.1.1" in bounce
    for _ in range(200):
        if len(store.mails) >= 3:
            break
        await asyncio.sleep(0.05)
    await sender.close()
    await server.close(1)
    bodies = sorted((body[body.index(b"Subject: thu") :] for _, body in store.mails), key=len)
    assert bodies == raws
    assert {envelope.protocol for envelope, _ in store.mails} == {"LMTP" if lmtp else "ESMTP"}


async def test_our_door_takes_what_smtp_source_sends() -> None:
    store = RemembersEverything()
    async with open_door(store) as server:
        process = await asyncio.create_subprocess_exec(
            "smtp-source",
            "-s",
            "5",
            "-m",
            "60",
            "-l",
            "30000",
            "-f",
            "a@x.test",
            "-t",
            "b@ours.test",
            f"127.0.0.1:{server.port}",
        )
        assert await process.wait() == 0
    assert len(store.mails) == 60
