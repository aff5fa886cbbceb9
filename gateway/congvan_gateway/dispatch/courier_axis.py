"""The courier that hands documents and their statuses to the interconnection axis as edXML."""

from __future__ import annotations

import asyncio

from congvan_core.errors import ConfigurationError, CongvanError
from congvan_gateway.dispatch.axis_client import AxisClient
from congvan_gateway.dispatch.loose_packet import LoosePacket, loosen, with_files_inside
from congvan_gateway.main import App
from congvan_gateway.routing.model import Transport
from congvan_mailbox.smtp.outcome import Deferred, Outcome, OutgoingMail, Refused, Stage


class AxisCourier:
    """Takes the sealed mail apart and sends its packet; the mail's Message-ID is the message's identity there too."""

    def __init__(self, client: AxisClient, *, deadline: float = 240.0) -> None:
        self._client = client
        self._deadline = deadline

    async def deliver(self, mail: OutgoingMail) -> Outcome:
        try:
            packet, data, identity = await asyncio.to_thread(self._prepare, mail)
        except CongvanError as error:
            return Refused(stage=Stage.LOCAL, code=554, text=error.message, operator=True)
        if not packet.receiver:
            text = "gói dữ liệu không nêu mã định danh của nơi nhận này"
            return Refused(stage=Stage.LOCAL, code=550, text=text, operator=True)
        try:
            async with asyncio.timeout(self._deadline):
                return await self._client.send(identity, packet.kind, packet.sender, packet.receiver, data)
        except TimeoutError:
            return Deferred(stage=Stage.CONNECT, text=f"trục không trả lời trong {self._deadline:g} giây")

    @staticmethod
    def _prepare(mail: OutgoingMail) -> tuple[LoosePacket, bytes, str]:
        from congvan_mailbox.message import parse_message

        raw = mail.whole
        packet = loosen(raw, mail.recipient)
        return packet, with_files_inside(packet), parse_message(raw).message_id.strip("<>")

    async def close(self) -> None:
        await self._client.close()


def axis_client(app: App, name: str, transport: Transport) -> AxisClient:
    """Raises ConfigurationError where the secret is missing."""
    secret = app.settings.secret(transport.secret_file)
    if secret is None:
        raise ConfigurationError(f"transports.{name} cần secret_file (mật khẩu hệ thống trên trục)")
    ca = str(app.settings.path(transport.tls_ca)) if transport.tls_ca else None
    seconds = min(60.0, app.settings.delivery.attempt_seconds)
    return AxisClient(transport.url, transport.system_id, secret, ca_file=ca, seconds=seconds)


def axis_courier(app: App, name: str, transport: Transport) -> AxisCourier:
    """The courier of a routing table's axis. Raises ConfigurationError."""
    return AxisCourier(axis_client(app, name, transport), deadline=app.settings.delivery.attempt_seconds)
