"""What the next hop may say to the whole program: temporary answers everywhere, lost replies, mails cut in the middle."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from congvan_gateway.storage.schema import attempt, outbox, recipient
from support_forger import Forger
from support_kill import QUICK
from support_pki import LivePki
from support_postfix import free_port
from support_smtp_server import CUT, HANG, RESET, Scripted
from support_station import A_MAIL, B_CODE, A, B, Station, issue_document, make_station, wait_until

pytestmark = pytest.mark.xdist_group("end-to-end")


@contextmanager
def hop(script: dict[str, str | list[str]]) -> Iterator[Scripted]:
    """A scripted next hop in a thread with a loop of its own."""
    server = Scripted(script)
    ready, loop = threading.Event(), asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with server.running():
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


class Sender:
    """Agency A's whole program in front of a scripted hop; documents leave by ``congvan send``'s own function."""

    def __init__(self, root: Path, pki: LivePki) -> None:
        self.root, self.pki = root, pki
        self.station: Station | None = None

    def against(self, server: Scripted, number: str) -> str:
        from congvan_gateway.dispatch.issuing import send
        from congvan_gateway.dispatch.request import SendRequest, read_files

        self.station = make_station(
            self.root, A, B, self.pki, relay_port=server.port, smtp_port=free_port(), own_sections=QUICK
        )
        path = issue_document(self.pki, self.root / "van-ban", number=number)
        files, packet = read_files(path, [])
        with self.station.app() as app:
            sent = send(
                app,
                SendRequest(
                    files=files, to=(B_CODE,), symbol=f"{number}/QĐ-STNA", subject="phê duyệt Kế hoạch số hóa",
                    packet=packet, actor="test",
                ),
            )  # fmt: skip
        self.station.start()
        return sent.document_id

    def row(self) -> Any:
        assert self.station is not None
        with self.station.app() as app, app.database.read() as connection:
            return connection.execute(
                select(outbox.c.state, outbox.c.attempts, recipient.c.state.label("seen"), recipient.c.message_id).join(
                    recipient, recipient.c.id == outbox.c.recipient_id
                )
            ).one()

    def outcomes(self) -> list[str]:
        assert self.station is not None
        with self.station.app() as app, app.database.read() as connection:
            return list(connection.execute(select(attempt.c.outcome).order_by(attempt.c.at)).scalars())

    def close(self) -> None:
        if self.station is not None:
            self.station.stop()


@pytest.fixture
def sender(tmp_path: Path, pki: LivePki) -> Iterator[Sender]:
    made = Sender(tmp_path, pki)
    try:
        yield made
    finally:
        made.close()


def message_ids(server: Scripted) -> list[bytes]:
    return [line for mail in server.mails for line in mail.splitlines() if line.startswith(b"Message-ID:")]


def test_temporary_answers_at_every_command_are_tried_again(sender: Sender) -> None:
    """Each attempt fails at another place; the last one is taken. One mail, one Message-ID."""
    busy = "421 4.3.2 busy"
    script: dict[str, str | list[str]] = {
        "greeting": ["421 4.3.2 not now", RESET, "220 fake ESMTP"],
        "ehlo": [busy, "250-fake\r\n250 ENHANCEDSTATUSCODES"],
        "mail": ["452 4.3.1 no room", busy, "250 2.1.0 ok"],
        "rcpt": ["452 4.2.2 mailbox full", busy, "250 2.1.5 ok"],
        "data": ["451 4.3.0 later", busy, "354 go"],
        "final": ["451 4.3.0 later", "452 4.3.1 disk full", "250 2.0.0 queued"],
    }
    with hop(script) as server:
        sender.against(server, "1")
        wait_until(lambda: sender.row().seen == "accepted", "the hop to take the mail")
        assert sender.row().state == "accepted"
        seen = sender.outcomes()
        assert seen[-1] == "accepted" and set(seen[:-1]) == {"deferred"} and len(seen) >= 8, seen
        assert len(set(message_ids(server))) == 1
        sender.close()
        assert len(server.mails) == 3  # twice refused after the dot, once taken; never again


@pytest.mark.parametrize("lost", [CUT, RESET, HANG])
def test_reply_lost_after_the_final_dot_is_unknown_then_repeated_the_same(sender: Sender, lost: str) -> None:
    with hop({"final": [lost, "250 2.0.0 queued"]}) as server:
        sender.against(server, "1")
        wait_until(lambda: sender.row().seen == "accepted", "the repeated mail to be taken")
        assert sender.outcomes() == ["unknown", "accepted"]
        assert len(server.mails) == 2 and server.mails[0] == server.mails[1]


def test_unknown_is_settled_by_the_receipt_and_not_sent_again(sender: Sender, tmp_path: Path, pki: LivePki) -> None:
    """The hop took the mail and its reply was lost; the receipt comes while the outcome is unknown."""
    import smtplib

    waits = {"CONGVAN_DELIVERY__UNKNOWN_WAIT_SECONDS": "600"}
    with hop({"final": CUT}) as server:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in waits.items():
                patch.setenv(name, value)
            document_id = sender.against(server, "1")
        wait_until(lambda: sender.row().state == "unknown", "the outcome to be unknown")
        assert sender.row().seen == "unknown"
        assert sender.station is not None
        with sender.station.app() as app, app.database.read() as connection:
            from congvan_core.documents.finding_again import resolve_document

            identifier = resolve_document(connection, document_id).identifier
        raw = Forger(pki, tmp_path / "forged").receipt(str(identifier))
        with smtplib.SMTP("127.0.0.1", sender.station.smtp_port, timeout=30) as client:
            client.sendmail("", [A_MAIL], raw)
        wait_until(lambda: sender.row().seen == "received", "the receipt")
        assert sender.row().state == "cancelled"
        assert len(server.mails) == 1


def test_refusal_for_good_ends_it(sender: Sender) -> None:
    with hop({"rcpt": "550 5.1.1 no such user"}) as server:
        sender.against(server, "1")
        wait_until(lambda: sender.row().seen == "failed", "the failure")
        assert sender.outcomes() == ["failed"]
        assert server.mails in ([], [b""])  # after a pipelined DATA an empty message ends it (RFC 2920 3.1)


def test_ordered_stop_during_a_delivery_leaves_nothing_in_doubt_that_is_not(sender: Sender) -> None:
    """SIGTERM while the hop thinks about the mail: the attempt ends, its outcome is written, the program goes."""
    with hop({"final": [HANG, "250 2.0.0 queued"]}) as server:
        sender.against(server, "1")
        wait_until(lambda: server.mails, "the mail to be handed over")
        station = sender.station
        assert station is not None
        (process,) = station.processes
        process.terminate()
        assert process.wait(60) == 0
        station.processes.clear()
        assert sender.row().state == "unknown" and sender.row().seen == "unknown"
        station.start()
        wait_until(lambda: sender.row().seen == "accepted", "the repeated mail to be taken")
        assert server.mails[0] == server.mails[1]
