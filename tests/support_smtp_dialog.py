"""One courier against a scripted server that offers what the test says: the dialog itself is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from congvan_gateway.dispatch.courier_smtp import Hop, SmtpCourier
from congvan_mailbox.smtp.client_options import ClientOptions, Timeouts
from congvan_mailbox.smtp.outcome import Outcome, OutgoingMail
from congvan_mailbox.smtp.tls_policy import TlsMode, TlsPolicy
from support_smtp_server import Scripted

RAW = b"Subject: 1\r\n\r\nmot\r\n"
_EHLO = "250-fake\r\n250-PIPELINING\r\n250 {}"


async def dialog(
    offered: str,
    mails: int = 1,
    *,
    raw: bytes = RAW,
    sender: str = "a@us.test",
    bdat: bool = True,
    script: Mapping[str, str | list[str]] | None = None,
    **wishes: Any,
) -> tuple[list[Outcome], Scripted]:
    """``offered``: EHLO lines joined by "|"; ``wishes``: fields of OutgoingMail."""
    ehlo = _EHLO.format(offered.replace("|", "\r\n250 ")).replace("\r\n250 ", "\r\n250-", offered.count("|"))
    async with Scripted({"ehlo": ehlo, **(script or {})}).running() as server:
        options = ClientOptions(tls=TlsPolicy(TlsMode.NONE), timeouts=Timeouts().scaled(0.01), prefer_bdat=bdat)
        courier = SmtpCourier(lambda _domain: Hop("127.0.0.1", server.port, options), deadline=20)
        mail = OutgoingMail(sender, "b@them.test", raw, **wishes)
        outcomes = [await courier.deliver(mail) for _ in range(mails)]
        await courier.close()
        return outcomes, server


def mail_line(server: Scripted) -> str:
    return next(line for line in server.commands if line.upper().startswith("MAIL"))
